//! The network load balancer in front of a group's load balancer ("frontend NLB"): what members
//! want of it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

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
    /// The wish, kept once for all who ask for nothing: nearly everybody.
    #[must_use]
    pub fn shared(self) -> Arc<Self> {
        static NOTHING: LazyLock<Arc<FrontendNlbWish>> = LazyLock::new(Arc::default);
        if self.is_empty() { Arc::clone(&NOTHING) } else { Arc::new(self) }
    }

    /// Whether nobody asks for anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
