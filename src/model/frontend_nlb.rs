//! The network load balancer in front of a group's load balancer ("frontend NLB"): what members
//! want of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::AwsId;
use super::listener::Protocol;
use super::load_balancer::{Attributes, Scheme};
use super::marks::Tags;
use super::target_group::HealthCheck;

/// The port of health checks where they go to the port that connections go to.
pub const TRAFFIC_PORT: &str = "traffic-port";

/// What a member of a group wants of the network load balancer in front of its load balancer, or
/// what all members together do; what nobody mentions is unset. As parts are remembered, fields
/// keep their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrontendNlbWish {
    /// Whether there is one.
    pub enabled: Option<bool>,
    /// The scheme.
    pub scheme: Option<Scheme>,
    /// The subnets.
    pub subnets: Option<Vec<AwsId>>,
    /// The security groups; else those of the load balancer behind it.
    pub security_groups: Option<Vec<AwsId>>,
    /// The Elastic IP addresses, by allocation.
    pub allocations: Option<Vec<AwsId>>,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its tags, instead of those of the load balancer behind it.
    pub tags: Option<Tags>,
    /// Its ports, each with the one of the load balancer that connections go on to; else each port
    /// of the member's goes to itself. Every member has ports of its own.
    pub ports: BTreeMap<u16, u16>,
    /// How it is checked whether those ports of the member's are well.
    pub health_check: HealthCheckWish,
}

impl FrontendNlbWish {
    /// Whether nobody asks for anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What a member says of health checks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthCheckWish {
    /// The port, or [`TRAFFIC_PORT`].
    pub port: Option<SmolStr>,
    /// What the check speaks.
    pub protocol: Option<Protocol>,
    /// The path it asks for.
    pub path: Option<SmolStr>,
    /// The status codes that mean "well".
    pub success_codes: Option<SmolStr>,
    /// Seconds from one check to the next.
    pub interval_seconds: Option<i32>,
    /// Seconds until a check counts as failed.
    pub timeout_seconds: Option<i32>,
    /// Good checks in a row that make a target healthy.
    pub healthy_threshold: Option<i32>,
    /// Failed checks in a row that make a target unhealthy.
    pub unhealthy_threshold: Option<i32>,
}

impl HealthCheckWish {
    /// The health check, with what LBC does where nobody says anything (its code; its page says 3
    /// for both thresholds).
    #[must_use]
    pub fn complete(&self) -> HealthCheck {
        let text = |said: &Option<SmolStr>, default| {
            said.clone().unwrap_or_else(|| SmolStr::new_static(default))
        };
        HealthCheck {
            port: text(&self.port, TRAFFIC_PORT),
            protocol: self.protocol.unwrap_or(Protocol::Http),
            path: text(&self.path, "/"),
            success_codes: text(&self.success_codes, "200"),
            interval_seconds: self.interval_seconds.unwrap_or(15),
            timeout_seconds: self.timeout_seconds.unwrap_or(5),
            healthy_threshold: self.healthy_threshold.unwrap_or(2),
            unhealthy_threshold: self.unhealthy_threshold.unwrap_or(2),
        }
    }
}
