//! The parts of Route 53: hosted zones and their records.

use super::{About, Belonging, Lane, Part};
use crate::model::id::AwsId;
use crate::model::record::{HostedZone, Record};

/// A part of Route 53.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route53Part {
    /// The account's hosted zones.
    Zones,
    /// The records of a hosted zone, of the types that are looked at.
    Records(AwsId),
    /// The records of one name of a hosted zone.
    Named(AwsId, String),
    /// How far a batch of changes has come, by the change's id.
    Change(AwsId),
}

impl Route53Part {
    /// What there is to say of it.
    pub(super) fn about(&self) -> About {
        let belonging = match self {
            Self::Zones => Belonging::Shared(None),
            Self::Records(_) | Self::Change(_) => Belonging::Own,
            Self::Named(..) => Belonging::OwnOf(Box::new(Part::Route53(Self::Zones))),
        };
        About { lane: Lane::Names, belonging }
    }
}

/// What is found on looking at a part of Route 53.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route53Reading {
    /// The hosted zones, each with how many records it has.
    Zones(Vec<(HostedZone, usize)>),
    /// The records of a hosted zone.
    Records(AwsId, Vec<Record>),
    /// The records of one name of a hosted zone.
    Named(AwsId, String, Vec<Record>),
    /// Whether all of Route 53's servers answer by a batch of changes.
    Change(AwsId, bool),
}
