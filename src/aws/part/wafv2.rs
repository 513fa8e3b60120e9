//! The parts of AWS WAF.

use super::{About, Belonging, Lane};
use crate::model::id::AwsId;
use crate::model::protection::LiveWebAcl;

/// A part of AWS WAF.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wafv2Part {
    /// The region's web ACLs.
    WebAcls,
    /// The web ACL of a load balancer.
    WebAclOf(AwsId),
}

impl Wafv2Part {
    /// What there is to say of it.
    pub(super) fn about(&self) -> About {
        let belonging = match self {
            Self::WebAcls => Belonging::Shared(None),
            Self::WebAclOf(_) => Belonging::Own,
        };
        About { lane: Lane::Protection, belonging }
    }
}

/// What is found on looking at a part of AWS WAF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wafv2Reading {
    /// The region's web ACLs.
    WebAcls(Vec<LiveWebAcl>),
    /// The web ACL of a load balancer, if it has one.
    WebAclOf(AwsId, Option<AwsId>),
}
