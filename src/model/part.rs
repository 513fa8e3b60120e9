//! What one Ingress contributes to its group, built from it alone. It holds keys and no ARNs of
//! ours, so that it can be remembered and used again when the Ingress turns bad.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::flat::FlatMap;
use super::id::{ObjectKey, TargetGroupKey};
use super::listener::ListenerWish;
use super::load_balancer::LoadBalancerWish;
use super::pairs;
use super::rule::{Rule, RuleAction};
use super::stack::WishedTargetGroup;

/// What one Ingress contributes to its group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The Ingress.
    pub ingress: ObjectKey,
    /// Its place in the group (LBC: -1000 to 1000); ties go by name.
    pub order: i32,
    /// What it wants of the load balancer.
    #[serde(flatten)]
    pub load_balancer: LoadBalancerWish,
    /// The ports it listens on.
    #[serde(with = "pairs")]
    pub listens: FlatMap<u16, ListenerWish>,
    /// Who may reach its ports, if it says so.
    pub inbound_cidrs: Option<BTreeSet<String>>,
    /// Its rules, in their order; the same on every port.
    pub rules: Vec<Rule>,
    /// What happens to requests that no rule takes, if it says so.
    pub default_actions: Option<Vec<RuleAction>>,
    /// The names that should lead to the load balancer, each with whether Route 53 leaves it out
    /// while it has no healthy target. `None` where they are not ours to keep.
    #[serde(default)]
    pub names: Option<BTreeMap<String, bool>>,
    /// The target groups that its rules lead to.
    #[serde(with = "pairs")]
    pub target_groups: FlatMap<TargetGroupKey, Arc<WishedTargetGroup>>,
}
