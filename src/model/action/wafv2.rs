//! What this program can do in AWS WAF: which web ACL a load balancer has.

use serde::{Deserialize, Serialize};

use super::operation::{Operation, Service};
use crate::model::id::{AwsId, Handle, Id};

const WAFV2: Service = Service { name: "wafv2", iam: "wafv2" };

/// What the reads of this service have to be allowed. `GetWebACLForResource` tells of a web ACL
/// only whom `GetWebACL` would.
pub(super) const READS: &[&str] =
    &["wafv2:GetWebACL", "wafv2:GetWebACLForResource", "wafv2:ListWebACLs"];
/// What changing a load balancer's web ACL takes beside the permission for it: WAF asks ELB in the
/// caller's name.
const FOR_LOAD_BALANCERS: &[&str] = &["elasticloadbalancing:SetWebAcl"];

/// One mutating call to AWS WAF.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wafv2Action {
    /// Gives a load balancer a web ACL, in place of the one that it has.
    AssociateWebAcl {
        /// The load balancer.
        load_balancer: Id,
        /// The web ACL.
        web_acl: AwsId,
    },
    /// Takes a load balancer's web ACL from it.
    DisassociateWebAcl {
        /// The load balancer.
        load_balancer: AwsId,
    },
}

impl Wafv2Action {
    /// What there is to say of it.
    pub(super) fn about(&self) -> Operation {
        match self {
            Self::AssociateWebAcl { .. } => {
                WAFV2.changes("AssociateWebACL").and(FOR_LOAD_BALANCERS)
            }
            Self::DisassociateWebAcl { .. } => {
                WAFV2.removes("DisassociateWebACL").and(FOR_LOAD_BALANCERS)
            }
        }
    }

    /// What this makes.
    pub(super) fn makes(&self) -> Option<&Handle> {
        match self {
            Self::AssociateWebAcl { .. } | Self::DisassociateWebAcl { .. } => None,
        }
    }

    /// Calls `visit` with every identifier that may not have been given yet.
    pub(super) fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::AssociateWebAcl { load_balancer, .. } => visit(load_balancer),
            Self::DisassociateWebAcl { .. } => {}
        }
    }
}
