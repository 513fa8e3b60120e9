//! The parts of ACM: certificates.

use super::{About, Belonging, Lane, Part};
use crate::aws::arn;
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;
use crate::model::request::{Decision, RequestFacts};
use crate::model::surroundings::{IssuedCertificate, IssuedDetail};

/// A part of ACM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AcmPart {
    /// The imported certificates of the region, whatever their keys, without tags.
    Certificates,
    /// What makes a certificate this one.
    Certificate(AwsId),
    /// The certificates of the region that listeners may have, issued or imported, without tags.
    Issued,
    /// What the list of those does not say of one.
    IssuedDetail(AwsId),
    /// The certificates of the region that ACM was asked for, each with whether it has decided, and
    /// without tags.
    Requested,
    /// What has become of one of those.
    Request(AwsId),
}

impl AcmPart {
    /// What there is to say of it.
    pub(super) fn about(&self) -> About {
        let belonging = match self {
            Self::Certificates | Self::Requested => Belonging::Shared(Some(arn::CERTIFICATE)),
            Self::Certificate(_) => Belonging::OwnOf(Box::new(Part::Acm(Self::Certificates))),
            Self::Issued => Belonging::Shared(None),
            Self::Request(_) => Belonging::OwnOf(Box::new(Part::Acm(Self::Requested))),
            Self::IssuedDetail(_) => Belonging::OwnOf(Box::new(Part::Acm(Self::Issued))),
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
    /// Those that listeners may have.
    Issued(Vec<IssuedCertificate>),
    /// What the list of those does not say of one.
    IssuedDetail(AwsId, IssuedDetail),
    /// Those that ACM was asked for.
    Requested(Vec<(AwsId, Decision)>),
    /// What has become of one of those.
    Request(AwsId, RequestFacts),
}

impl AcmReading {
    /// The things whose tags are believed with this and are not in it.
    pub(super) fn tagged(&self) -> Vec<AwsId> {
        match self {
            Self::Certificates(found) => found.clone(),
            Self::Requested(found) => found.iter().map(|(id, _)| id.clone()).collect(),
            Self::Certificate(..)
            | Self::Issued(_)
            | Self::IssuedDetail(..)
            | Self::Request(..) => Vec::new(),
        }
    }
}
