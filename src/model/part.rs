//! What one Ingress contributes to its group, built from it alone. It holds keys and no ARNs of
//! ours, so that it can be remembered and used again when the Ingress turns bad.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::flat::FlatMap;
use super::id::{AwsId, Id, ObjectKey, TargetGroupKey};
use super::listener::Protocol;
use super::load_balancer::{Attributes, IpAddressType, Scheme};
use super::marks::Tags;
use super::pairs;
use super::rule::{Rule, RuleAction};
use super::stack::WishedTargetGroup;

/// What an Ingress wants of one listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenPart {
    /// What it speaks.
    pub protocol: Protocol,
    /// Its certificates; the first may become the default one.
    pub certificates: Vec<Id>,
    /// The TLS policy, if the Ingress names one.
    pub ssl_policy: Option<String>,
}

/// What one Ingress contributes to its group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The Ingress.
    pub ingress: ObjectKey,
    /// Its place in the group (LBC: -1000 to 1000); ties go by name.
    pub order: i32,
    /// The scheme, if it names one.
    pub scheme: Option<Scheme>,
    /// The kinds of addresses, if it names them.
    pub ip_address_type: Option<IpAddressType>,
    /// The load balancer's name, if it names one.
    pub load_balancer_name: Option<String>,
    /// The subnets, if it names any.
    pub subnets: Option<Vec<AwsId>>,
    /// The security groups, if it names any.
    pub security_groups: Option<Vec<AwsId>>,
    /// Attributes of the load balancer.
    pub attributes: Attributes,
    /// Tags of everything it shares or owns, flags and class included.
    pub tags: Tags,
    /// The ports it listens on.
    #[serde(with = "pairs")]
    pub listens: FlatMap<u16, ListenPart>,
    /// Who may reach its ports, if it says so.
    pub inbound_cidrs: Option<BTreeSet<String>>,
    /// The port that HTTP listeners redirect to, if it names one.
    pub ssl_redirect: Option<u16>,
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
