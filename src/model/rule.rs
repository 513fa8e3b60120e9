//! A rule of a listener: conditions, and what happens to a request that meets them.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub use action::{GroupStickiness, Redirect, RuleAction, Weighted, actions_satisfy};
pub use authentication::{Claim, Cognito, Jwt, Oidc, Session};
pub use by_host::RulesByHost;
pub use condition::{Condition, QueryValue};
pub use precedence::{Openness, Precedence};
pub use router::{Fit, Request, Routed, route};
pub use transform::{Rewrite, Transform};

mod action;
mod authentication;
mod by_host;
mod condition;
mod overlap;
mod pattern;
mod precedence;
mod router;
mod split;
mod transform;

/// A rule without its priority: what makes it the same rule wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What a request must be like: all of them.
    pub conditions: Vec<Condition>,
    /// What happens to it.
    pub actions: Vec<RuleAction>,
    /// What is made of it before a target gets it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transforms: Vec<Transform>,
}

impl Rule {
    /// Whether a standing rule does what this wish says.
    #[must_use]
    pub fn is_satisfied_by(&self, live: &Self) -> bool {
        self.is_for_what(live)
            && actions_satisfy(&live.actions, &self.actions)
            && self.rewrites_as(live)
    }

    /// Whether another rule rewrites requests in the same way.
    #[must_use]
    pub fn rewrites_as(&self, other: &Self) -> bool {
        condition::are_same(&self.transforms, &other.transforms)
    }

    /// Whether another rule asks for the same of a request, in whatever order.
    #[must_use]
    pub fn is_for_what(&self, other: &Self) -> bool {
        let has = |all: &[Condition], one: &Condition| all.iter().any(|other| one.is_same(other));
        let (ours, theirs) = (&self.conditions, &other.conditions);
        ours.len() == theirs.len()
            && ours.iter().all(|one| has(theirs, one))
            && theirs.iter().all(|one| has(ours, one))
    }

    /// The host values, if the rule asks for a host.
    #[must_use]
    pub fn hosts(&self) -> Option<&[SmolStr]> {
        self.conditions.iter().find_map(|condition| match condition {
            Condition::Host(values) => Some(values.as_slice()),
            _ => None,
        })
    }

    /// The path values, if the rule asks for a path.
    #[must_use]
    pub fn paths(&self) -> Option<&[SmolStr]> {
        self.conditions.iter().find_map(|condition| match condition {
            Condition::Path(values) => Some(values.as_slice()),
            _ => None,
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let conditions: Vec<String> = self.conditions.iter().map(ToString::to_string).collect();
        write!(f, "{} ->", conditions.join(" "))?;
        for transform in &self.transforms {
            write!(f, " {transform} ->")?;
        }
        self.actions.iter().try_for_each(|action| write!(f, " {action}"))
    }
}
