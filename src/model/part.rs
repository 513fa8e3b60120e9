//! What one member contributes to its group, built from it alone. It holds keys and no ARNs of
//! ours, so that it can be remembered and used again when the member turns bad.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::binding::Binding;
use super::flat::FlatMap;
use super::frontend_nlb::FrontendNlbWish;
use super::id::{CertificateKey, Handle, Id, TargetGroupKey};
use super::listener::ListenerWish;
use super::load_balancer::{Attributes, LoadBalancerWish};
use super::naming::MemberNames;
use super::pairs;
use super::rule::{Precedence, Rule, RuleAction};
use super::source::Source;
use super::target_group::{HealthCheckWish, TargetGroup};

/// A target group with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WishedTargetGroup {
    /// The target group.
    pub target_group: TargetGroup,
    /// The attributes that somebody named.
    pub attributes: Attributes,
    /// Its TargetGroupBinding.
    pub binding: Binding,
    /// Where nobody can tell what the health check should be: what is said of it. What stands of
    /// the rest stays; what does not stand yet is made as it is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_of_check: Option<Box<HealthCheckWish>>,
}

/// What becomes, on a listener that speaks HTTP, of what clients have to log in for: AWS asks them
/// over HTTPS only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnHttp {
    /// It is served to everybody (LBC).
    #[default]
    Open,
    /// It is served to nobody: clients are sent to HTTPS, or refused.
    Closed,
    /// Nor is anything else: all clients are sent to HTTPS (ingress-nginx).
    Redirected,
}

impl OnHttp {
    /// Whether it is served to everybody.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

/// What one member contributes to its group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Part {
    /// The member. Ingresses were the only ones once, and what is stored still says so.
    #[serde(rename = "ingress")]
    pub source: Source,
    /// Its place in the group (LBC: -1000 to 1000); ties go by name.
    pub order: i32,
    /// What it wants of the load balancer.
    #[serde(flatten)]
    pub load_balancer: LoadBalancerWish,
    /// What it wants of the network load balancer in front of it.
    #[serde(default, skip_serializing_if = "FrontendNlbWish::is_empty")]
    pub frontend_nlb: Arc<FrontendNlbWish>,
    /// The ports it listens on.
    #[serde(with = "pairs")]
    pub listens: FlatMap<u16, ListenerWish>,
    /// Who may reach its ports, if it says so.
    pub inbound_cidrs: Option<BTreeSet<String>>,
    /// The managed prefix lists whose addresses may reach it, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbound_prefix_lists: Option<BTreeSet<String>>,
    /// Its rules, in their order; the same on every port.
    pub rules: Vec<Rule>,
    /// The rules that answer challenges of ACME, above all others and by HTTP only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub challenges: Vec<Rule>,
    /// What happens to requests that no rule takes, if it says so.
    pub default_actions: Option<Vec<RuleAction>>,
    /// What becomes over HTTP of what it asks clients to log in for.
    #[serde(default, skip_serializing_if = "OnHttp::is_open")]
    pub on_http: OnHttp,
    /// In which order its rules stand among those of others whose members ask for the same.
    #[serde(default, skip_serializing_if = "Precedence::is_by_members")]
    pub precedence: Precedence,
    /// Whether it asks for a web ACL by what is none: it is shown to nobody who does not know it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lacks_web_acl: bool,
    /// Its names. `None` where they are not ours to keep.
    #[serde(default)]
    pub names: Option<MemberNames>,
    /// The target groups that its rules lead to.
    #[serde(with = "pairs")]
    pub target_groups: FlatMap<TargetGroupKey, Arc<WishedTargetGroup>>,
}

impl Part {
    /// The certificates that its listeners use and that are made here.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateKey> {
        let all = self.listens.values().flat_map(|listen| &listen.certificates);
        all.filter_map(|id| match id {
            Id::Of(Handle::Certificate(key)) => Some(key),
            Id::Of(_) | Id::Is(_) => None,
        })
    }

    /// Takes note that its target groups are its member's: as they are written, names that hold
    /// hyphens leave that open.
    fn own(&mut self) {
        let Self { source, rules, challenges, default_actions, target_groups, .. } = self;
        let of_rules = rules.iter_mut().chain(challenges).flat_map(|rule| &mut rule.actions);
        for action in of_rules.chain(default_actions.iter_mut().flatten()) {
            action.visit_ids(&mut |id| id.set_owner(source));
        }
        let owned = std::mem::take(target_groups).into_iter().map(|(mut key, mut wished)| {
            key.set_owner(source);
            Arc::make_mut(&mut wished).binding.visit_ids(&mut |id| id.set_owner(source));
            (key, wished)
        });
        *target_groups = owned.collect();
    }
}

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut part = Self::deserialize(deserializer)?;
        part.own();
        Ok(part)
    }
}
