//! What is remembered of groups, in ConfigMaps in this program's own namespace.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use serde_json::json;

use super::super::error::ClusterError;
use super::super::memory::{self, Recalled};
use super::{WRITER, answer, unless_gone};
use crate::model::group::Group;
use crate::model::memory::{Entry, Memory};
use crate::model::names;

/// The label by which the ConfigMaps are found.
const LABEL: &str = "alb.ingress.k8s.aws/memory";
/// Its value: of an Ingress group.
const LABEL_BALANCER: &str = "balancer";
/// Its value: of the cluster.
const LABEL_MARK: &str = "mark";

/// The ConfigMaps that a newer version wrote, as far as they were seen: only one process writes at
/// a time, and looks at all of them before it does. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Newer(Arc<Mutex<BTreeSet<String>>>);

impl Newer {
    fn contains(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    fn are(&self, names: BTreeSet<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }
}

/// Remembers an entry; nothing to remember removes what was.
pub(super) async fn remember(
    api: &Api<ConfigMap>,
    newer: &Newer,
    group: &Group,
    (entry, memory): (&Entry, &Memory),
) -> Result<(), ClusterError> {
    let name = names::memory(group, entry);
    let operation = format!("memory of {group}");
    if newer.contains(&name) {
        let text = format!(
            "a newer version of this program wrote ConfigMap {name}; whoever no longer needs it \
             may delete it"
        );
        return Err(ClusterError::refused(operation, text));
    }
    if memory.is_empty() {
        let deleted = answer(&operation, api.delete(&name, &DeleteParams::default())).await;
        return unless_gone(deleted.map(drop));
    }
    let data =
        memory::write(group, memory).map_err(|why| ClusterError::refused(&operation, why))?;
    let patch = Patch::Apply(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {LABEL: LABEL_BALANCER}},
        "data": data,
    }));
    let params = PatchParams::apply(WRITER).force();
    answer(&operation, api.patch(&name, &params, &patch)).await.map(drop)
}

/// Leaves the mark of having been looked after.
pub(super) async fn mark(api: &Api<ConfigMap>) -> Result<(), ClusterError> {
    let patch = Patch::Apply(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": names::MARK, "labels": {LABEL: LABEL_MARK}},
    }));
    let params = PatchParams::apply(WRITER).force();
    answer("the cluster's mark", api.patch(names::MARK, &params, &patch)).await.map(drop)
}

/// All that is remembered.
pub(super) async fn recall(api: &Api<ConfigMap>, newer: &Newer) -> Result<Recalled, ClusterError> {
    let labels = format!("{LABEL} in ({LABEL_BALANCER},{LABEL_MARK})");
    let params = ListParams::default().labels(&labels);
    let recalled = memory::read(answer("memories", api.list(&params)).await?);
    newer.are(recalled.newer.clone());
    Ok(recalled)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use kube::Client;
    use kube::client::Body;

    use super::*;
    use crate::cluster::error::Kind;
    use crate::model::id::AwsId;

    #[tokio::test]
    async fn what_a_newer_version_wrote_is_not_written_over() {
        let service = tower::service_fn(|_| async {
            Ok::<_, Infallible>(
                hyper::Response::builder().status(500).body(Body::empty()).expect("it is one"),
            )
        });
        let api = Api::namespaced(Client::new(service, "default"), "kube-system");
        let (group, newer) = (Group::Explicit("edge".into()), Newer::default());
        newer.are([names::memory(&group, &Entry::Leftovers)].into());
        let leftovers = [AwsId::new("sg-1")].into();
        for memory in [Memory::default(), Memory { leftovers, ..Memory::default() }] {
            let entry = (&Entry::Leftovers, &memory);
            let error = remember(&api, &newer, &group, entry).await.expect_err("it is refused");
            assert_eq!(error.kind, Kind::Refused);
            newer.are(BTreeSet::new());
            let error = remember(&api, &newer, &group, entry).await.expect_err("it is out");
            assert_eq!(error.kind, Kind::Transient);
            newer.are([names::memory(&group, &Entry::Leftovers)].into());
        }
    }
}
