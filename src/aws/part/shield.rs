//! The parts of AWS Shield.

use super::{About, Belonging, Lane};
use crate::model::id::AwsId;
use crate::model::protection::ShieldProtection;

/// A part of AWS Shield.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShieldPart {
    /// Whether the account is subscribed to Shield Advanced.
    Subscription,
    /// The protection of a load balancer.
    ProtectionOf(AwsId),
}

impl ShieldPart {
    /// What there is to say of it.
    pub(super) fn about(&self) -> About {
        let belonging = match self {
            Self::Subscription => Belonging::Shared(None),
            Self::ProtectionOf(_) => Belonging::Own,
        };
        About { lane: Lane::Protection, belonging }
    }
}

/// What is found on looking at a part of AWS Shield.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShieldReading {
    /// Whether the account is subscribed to Shield Advanced.
    Subscription(bool),
    /// The protection of a load balancer.
    ProtectionOf(AwsId, ShieldProtection),
}
