//! A target: one address and port that a target group sends requests to.

use std::fmt;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::AwsId;
use super::known::Known;

/// A target as registered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// A pod's address, the instance that a node is, or the ARN of a load balancer.
    pub id: SmolStr,
    /// The port.
    pub port: u16,
    /// `all` for an address outside the VPC (AWS asks for it); otherwise unset. In a box: there are
    /// many targets, and next to none has it.
    pub availability_zone: Option<Box<SmolStr>>,
}

impl Target {
    /// A load balancer, as the target of a network load balancer's target group.
    #[must_use]
    pub fn load_balancer(id: &AwsId, port: u16) -> Self {
        Self { id: id.as_str().into(), port, availability_zone: None }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.id, self.port)
    }
}

/// What AWS says of a target's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetState {
    /// Registered, not yet checked often enough.
    Initial,
    /// It takes requests.
    Healthy,
    /// It fails its checks.
    Unhealthy,
    /// Its target group is used by no listener.
    Unused,
    /// Deregistered, open requests may finish.
    Draining,
    /// AWS cannot say.
    Unavailable,
}

/// A target that stands in AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveTarget {
    /// The target.
    pub target: Target,
    /// Its health.
    pub state: TargetState,
    /// Why it takes no requests, where AWS says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<Why>>,
}

/// Why a target takes no requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// AWS's code, such as `Target.FailedHealthChecks`.
    pub code: SmolStr,
    /// AWS's sentence.
    pub description: SmolStr,
}

impl Why {
    /// What AWS says of a target that has just been registered: one for all of them.
    #[must_use]
    pub fn just_registered() -> Arc<Self> {
        static NEW: LazyLock<Arc<Why>> = LazyLock::new(|| {
            Arc::new(Why {
                code: SmolStr::new_static("Elb.RegistrationInProgress"),
                description: SmolStr::new_static("Target registration is in progress"),
            })
        });
        Arc::clone(&NEW)
    }
}

/// How many targets of some target groups are how. What drains is none of them any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TargetCount {
    /// The target groups.
    pub groups: usize,
    /// Those of them that nobody has looked at.
    pub unread: usize,
    /// Those of them that have no target.
    pub empty: usize,
    /// Those of them that have targets of which none takes requests, or is new.
    pub dark: usize,
    /// The targets.
    pub targets: usize,
    /// Those of them that take requests.
    pub healthy: usize,
    /// Those of them that fail their checks, or of which AWS cannot say.
    pub unhealthy: usize,
    /// Those of them that were new when somebody looked last, or have been registered since.
    pub new: usize,
    /// When somebody looked at the one that nobody has looked at for longest.
    pub oldest: Option<Timestamp>,
}

impl TargetCount {
    /// Counts a target group with what is registered in it.
    pub fn add(&mut self, known: Option<&Known<Vec<LiveTarget>>>) {
        self.groups += 1;
        let Some(Known::Is(targets, at)) = known else {
            self.unread += 1;
            return;
        };
        self.oldest = Some(self.oldest.map_or(*at, |oldest| oldest.min(*at)));
        let staying = || targets.iter().filter(|one| one.state != TargetState::Draining);
        let count = |of: &[TargetState]| staying().filter(|one| of.contains(&one.state)).count();
        let healthy = count(&[TargetState::Healthy]);
        let new = count(&[TargetState::Initial]);
        let all = staying().count();
        self.targets += all;
        self.new += new;
        self.healthy += healthy;
        self.unhealthy += count(&[TargetState::Unhealthy, TargetState::Unavailable]);
        match (all, healthy + new) {
            (0, _) => self.empty += 1,
            (_, 0) => self.dark += 1,
            _ => {}
        }
    }

    /// Whether a request may find nobody who answers it, or somebody who fails.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.empty + self.dark + self.unhealthy > 0
    }
}
