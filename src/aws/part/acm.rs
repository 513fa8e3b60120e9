//! The parts of ACM: imported certificates.

use super::{About, Belonging, Lane, Part};
use crate::aws::arn;
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;

/// A part of ACM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AcmPart {
    /// The imported certificates of the region, whatever their keys, without tags.
    Certificates,
    /// What makes a certificate this one.
    Certificate(AwsId),
}

impl AcmPart {
    /// What there is to say of it.
    pub(super) fn about(&self) -> About {
        let belonging = match self {
            Self::Certificates => Belonging::Shared(Some(arn::CERTIFICATE)),
            Self::Certificate(_) => Belonging::OwnOf(Box::new(Part::Acm(Self::Certificates))),
        };
        About { lane: Lane::Certificates, belonging }
    }
}

/// What is found on looking at a part of ACM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcmReading {
    /// The certificates.
    Certificates(Vec<AwsId>),
    /// What makes a certificate this one.
    Certificate(AwsId, CertificateFacts),
}

impl AcmReading {
    /// The things whose tags are believed with this and are not in it.
    pub(super) fn tagged(&self) -> Vec<AwsId> {
        match self {
            Self::Certificates(found) => found.clone(),
            Self::Certificate(..) => Vec::new(),
        }
    }
}
