//! The network load balancer in front of a group's load balancer ("frontend NLB"): what members
//! want of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::AwsId;
use super::load_balancer::{Attributes, Scheme};
use super::marks::Tags;
use super::target_group::HealthCheckWish;

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
