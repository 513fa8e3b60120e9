//! Tags that differ: which to send, and which to take away.

use smol_str::SmolStr;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::id::AwsId;
use crate::model::marks::Tags;
use crate::model::plan::{Reason, StepId};
use crate::model::settings::Settings;

use super::draft::Draft;

/// Keys that AWS reserves for itself.
const AWS_PREFIX: &str = "aws:";

/// Tags of older controllers, which LBC leaves where it finds them; `{}` stands for the cluster's
/// name.
const LEGACY: [&str; 6] = [
    "kubernetes.io/cluster-name",
    "kubernetes.io/namespace",
    "kubernetes.io/ingress-name",
    "kubernetes.io/service-name",
    "kubernetes.io/service-port",
    "ingress.k8s.aws/cluster",
];

/// Whether older controllers may have tagged a kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legacy {
    /// Load balancers, target groups, security groups.
    Kept,
    /// Listeners and rules.
    Unknown,
}

/// What differs between the tags of a thing and those it should have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TagDifference {
    /// Tags that are missing or have another value. Only these are sent: the usual IAM policy
    /// refuses a request that mentions the cluster's tag.
    pub add: Tags,
    /// Tags that nobody wants, with their values.
    pub remove: Tags,
}

/// Compares tags. AWS's own, those that somebody else keeps, and those of older controllers are not
/// touched.
#[must_use]
pub fn difference(settings: &Settings, legacy: Legacy, live: &Tags, wish: &Tags) -> TagDifference {
    let is_kept = |key: &str| {
        key.starts_with(AWS_PREFIX)
            || settings.external_managed_tags.iter().any(|external| external == key)
            || (legacy == Legacy::Kept
                && (LEGACY.contains(&key)
                    || key.strip_prefix("kubernetes.io/cluster/")
                        == Some(settings.cluster.as_str())))
    };
    let add = wish.iter().filter(|(key, value)| live.get(*key) != Some(value) && !is_kept(key));
    let remove = live.iter().filter(|(key, _)| !wish.contains_key(*key) && !is_kept(key));
    let owned = |(key, value): (&SmolStr, &SmolStr)| (key.clone(), value.clone());
    TagDifference { add: add.map(owned).collect(), remove: remove.map(owned).collect() }
}

/// Brings the tags of a load balancer, listener, rule or target group into line.
pub fn push_tags(draft: &mut Draft, id: &AwsId, tags: TagDifference, after: &[StepId]) {
    if !tags.add.is_empty() {
        let action = AwsAction::Elb(ElbAction::AddTags { id: id.clone(), tags: tags.add });
        draft.push(Action::Aws(action), differs(), after);
    }
    if !tags.remove.is_empty() {
        let keys = tags.remove.into_keys().map(Into::into).collect();
        let action = AwsAction::Elb(ElbAction::RemoveTags { id: id.clone(), keys });
        draft.push(Action::Aws(action), differs(), after);
    }
}

fn differs() -> Reason {
    Reason::Differs(vec!["tags".to_owned()])
}
