//! What this program can do in AWS Shield: whether Shield Advanced protects a load balancer.

use serde::{Deserialize, Serialize};

use super::operation::{Operation, Service};
use crate::model::id::{AwsId, Handle, Id};

const SHIELD: Service = Service { name: "shield", iam: "shield" };

/// What the reads of this service have to be allowed.
pub(super) const READS: &[&str] = &["shield:DescribeProtection", "shield:GetSubscriptionState"];

/// One mutating call to AWS Shield.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ShieldAction {
    /// Protects a load balancer.
    CreateProtection {
        /// The load balancer.
        load_balancer: Id,
    },
    /// Protects a load balancer no longer.
    DeleteProtection {
        /// The protection.
        id: AwsId,
        /// The load balancer.
        load_balancer: AwsId,
    },
}

impl ShieldAction {
    /// What there is to say of it.
    pub(super) fn about(&self) -> Operation {
        match self {
            Self::CreateProtection { .. } => {
                SHIELD.adds("CreateProtection").and(&["elasticloadbalancing:DescribeLoadBalancers"])
            }
            Self::DeleteProtection { .. } => SHIELD.removes("DeleteProtection"),
        }
    }

    /// What this makes.
    pub(super) fn makes(&self) -> Option<&Handle> {
        match self {
            Self::CreateProtection { .. } | Self::DeleteProtection { .. } => None,
        }
    }

    /// Calls `visit` with every identifier that may not have been given yet.
    pub(super) fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::CreateProtection { load_balancer } => visit(load_balancer),
            Self::DeleteProtection { .. } => {}
        }
    }
}
