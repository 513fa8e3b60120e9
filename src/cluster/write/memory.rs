//! What is remembered of groups, in ConfigMaps of a namespace that holds nothing else: who may
//! write there may write nothing of anybody's.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use super::super::error::{ClusterError, Kind};
use super::super::memory::{self, Mark, Recalled, STARTED};
use super::{WRITER, answer, in_tenure, unless_gone};
use crate::model::group::Group;
use crate::model::memory::{Entry, Memory};
use crate::model::names;
use crate::model::settings::Scope;

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

/// Where something is remembered.
pub(super) struct Store<'a> {
    /// The ConfigMaps of the namespace.
    pub api: Api<ConfigMap>,
    /// Those of the namespace where versions before kept theirs, if it is another one.
    pub before: Option<Api<ConfigMap>>,
    /// Whose classes are answered: each has a mark of its own.
    pub scope: Scope,
    /// What a newer version wrote.
    pub newer: &'a Newer,
}

impl Store<'_> {
    /// Remembers an entry; nothing to remember removes what was.
    pub(super) async fn remember(
        &self,
        group: &Group,
        (entry, memory): (&Entry, &Memory),
    ) -> Result<(), ClusterError> {
        let name = names::memory(group, entry);
        let operation = format!("memory of {group}");
        if self.newer.contains(&name) {
            let text = format!(
                "a newer version of this program wrote ConfigMap {name}; whoever no longer needs \
                 it may delete it"
            );
            return Err(ClusterError::refused(operation, text));
        }
        if memory.is_empty() {
            return remove(&self.api, &operation, &name).await;
        }
        let data =
            memory::write(group, memory).map_err(|why| ClusterError::refused(&operation, why))?;
        self.put(&operation, &name, LABEL_BALANCER, &json!(data)).await
    }

    /// Leaves the mark of having been looked after.
    pub(super) async fn mark(&self) -> Result<(), ClusterError> {
        let data = json!(memory::mark(Mark::LookedAfter));
        self.put("the cluster's mark", names::mark(self.scope), LABEL_MARK, &data).await
    }

    /// Leaves the mark of a start that was let begin, unless there is one that says so or more.
    pub(super) async fn begin(&self) -> Result<(), ClusterError> {
        let data = json!(memory::mark(Mark::Begun));
        let mark = manifest(names::mark(self.scope), LABEL_MARK, &data);
        let mark: ConfigMap = serde_json::from_value(mark).unwrap_or_default();
        let params = PostParams { field_manager: Some(WRITER.to_owned()), ..Default::default() };
        match answer("the cluster's mark", self.api.create(&params, &mark)).await {
            // Another replica was faster.
            Err(ClusterError { kind: Kind::Conflict, .. }) => Ok(()),
            made => at_home(made),
        }
    }

    /// All that is remembered.
    pub(super) async fn recall(&self) -> Result<Recalled, ClusterError> {
        let mut maps = answer("memories", self.api.list(&all())).await?.items;
        let mark = names::mark(self.scope);
        let is_marked = maps.iter().any(|map| map.metadata.name.as_deref() == Some(mark));
        let left = if is_marked { None } else { self.left().await? };
        let is_elsewhere = left.is_some();
        let known: BTreeSet<String> = maps.iter().map(ConfigMap::name_any).collect();
        let left = left.into_iter().flatten();
        maps.extend(left.filter(|map| !known.contains(&map.name_any())));
        let recalled = Recalled { is_elsewhere, ..memory::read(maps, self.scope) };
        self.newer.are(recalled.newer.clone());
        Ok(recalled)
    }

    /// Brings here what an older version left where it kept it. The mark comes last, and what is
    /// not needed there any more goes before that mark's own: so whoever is interrupted begins
    /// anew.
    pub(super) async fn move_in(&self) -> Result<(), ClusterError> {
        let (Some(before), Some(left)) = (&self.before, self.left().await?) else {
            return Ok(());
        };
        let marks = self.marks_before();
        let (marks, memories): (Vec<_>, Vec<_>) =
            left.iter().partition(|map| marks.contains(&map.name_any().as_str()));
        for map in &memories {
            let operation = format!("ConfigMap {}", map.name_any());
            let (name, data) = (map.name_any(), json!(map.data));
            let put = self.put(&operation, &name, LABEL_BALANCER, &data);
            in_tenure(|| operation.clone(), put).await?;
        }
        let is_known = marks.iter().any(|mark| mark.name_any() != STARTED);
        let operation = || "the cluster's mark".to_owned();
        if is_known {
            in_tenure(operation, self.mark()).await?;
        } else {
            in_tenure(operation, self.begin()).await?;
        }
        for map in memories.iter().chain(&marks) {
            let name = map.name_any();
            let operation = format!("ConfigMap {name}");
            in_tenure(|| operation.clone(), remove(before, &operation, &name)).await?;
        }
        Ok(())
    }

    /// The marks that may stand where versions before kept theirs: older ones had one for all
    /// classes.
    fn marks_before(&self) -> BTreeSet<&'static str> {
        [names::mark(Scope::All), names::mark(self.scope), STARTED].into()
    }

    /// What an older version left, with its marks; none where there is no mark of any.
    async fn left(&self) -> Result<Option<Vec<ConfigMap>>, ClusterError> {
        let Some(before) = &self.before else { return Ok(None) };
        let mut marks = Vec::new();
        for name in self.marks_before() {
            let found = answer(&format!("ConfigMap {name}"), before.get_opt(name)).await;
            marks.extend(found?);
        }
        if marks.is_empty() {
            return Ok(None);
        }
        let of_groups = ListParams::default().labels(&format!("{LABEL}={LABEL_BALANCER}"));
        let operation =
            "memories of an older version, which deploy/upgrade.yaml lets this one move";
        let mut left = answer(operation, before.list(&of_groups)).await?.items;
        left.extend(marks);
        Ok(Some(left))
    }

    async fn put(
        &self,
        operation: &str,
        name: &str,
        kind: &str,
        data: &Value,
    ) -> Result<(), ClusterError> {
        let patch = Patch::Apply(manifest(name, kind, data));
        let params = PatchParams::apply(WRITER).force();
        at_home(answer(operation, self.api.patch(name, &params, &patch)).await)
    }
}

/// What came of a write, with what to do where the namespace is not there.
fn at_home(written: Result<ConfigMap, ClusterError>) -> Result<(), ClusterError> {
    written.map(drop).map_err(|mut error| {
        if error.kind == Kind::NotFound {
            error.message += "; deploy/rbac.yaml makes the namespace";
        }
        error
    })
}

async fn remove(api: &Api<ConfigMap>, operation: &str, name: &str) -> Result<(), ClusterError> {
    unless_gone(answer(operation, api.delete(name, &DeleteParams::default())).await.map(drop))
}

fn all() -> ListParams {
    ListParams::default().labels(&format!("{LABEL} in ({LABEL_BALANCER},{LABEL_MARK})"))
}

fn manifest(name: &str, kind: &str, data: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {LABEL: kind}},
        "data": data,
    })
}

#[cfg(test)]
mod tests;
