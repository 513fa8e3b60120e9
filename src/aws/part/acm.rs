//! The parts of ACM: certificates.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{About, Belonging, Lane, Part};
use crate::aws::arn;
use crate::model::certificate::{CertificateFacts, ListedCertificate};
use crate::model::id::AwsId;
use crate::model::marks::{TAG_REQUEST, TAG_RESOURCE, TAG_SECRET, Tags};
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
    /// The tags of all certificates of the region that carry a tag with this key, as AWS's tagging
    /// API knows them: late.
    Tagged(&'static str),
}

impl AcmPart {
    /// The tags that certificates of this part are known again by, where it lists any.
    pub(in crate::aws) fn marked_by(&self) -> &'static [&'static str] {
        match self {
            Self::Certificates => &[TAG_SECRET],
            // The other one is LBC's.
            Self::Requested => &[TAG_REQUEST, TAG_RESOURCE],
            Self::Certificate(_)
            | Self::Issued
            | Self::IssuedDetail(_)
            | Self::Request(_)
            | Self::Tagged(_) => &[],
        }
    }

    /// What there is to say of it.
    pub(super) fn about(&self) -> About {
        let belonging = match self {
            Self::Certificates | Self::Requested => Belonging::Shared(Some(arn::CERTIFICATE)),
            Self::Certificate(_) => Belonging::OwnOf(Box::new(Part::Acm(Self::Certificates))),
            Self::Issued => Belonging::Shared(None),
            Self::Request(_) => Belonging::OwnOf(Box::new(Part::Acm(Self::Requested))),
            Self::IssuedDetail(_) => Belonging::OwnOf(Box::new(Part::Acm(Self::Issued))),
            Self::Tagged(_) => Belonging::Beside,
        };
        About { lane: Lane::Certificates, belonging }
    }
}

/// An imported certificate as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedImport {
    /// Its ARN.
    pub id: AwsId,
    /// Since when it stands, where AWS tells.
    pub since: Option<Timestamp>,
    /// When it was imported last, where AWS tells.
    pub imported_at: Option<Timestamp>,
    /// What the list tells of it, where that is all of what it should.
    pub listed: Option<ListedCertificate>,
}

/// A certificate that ACM was asked for as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRequest {
    /// Its ARN.
    pub id: AwsId,
    /// When it was asked for, where AWS tells.
    pub since: Option<Timestamp>,
    /// Whether ACM has decided.
    pub decision: Decision,
}

/// What is found on looking at a part of ACM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcmReading {
    /// The certificates.
    Certificates(Vec<ListedImport>),
    /// What makes a certificate this one.
    Certificate(AwsId, CertificateFacts),
    /// Those that listeners may have.
    Issued(Vec<IssuedCertificate>),
    /// What the list of those does not say of one.
    IssuedDetail(AwsId, IssuedDetail),
    /// Those that ACM was asked for.
    Requested(Vec<ListedRequest>),
    /// What has become of one of those.
    Request(AwsId, RequestFacts),
    /// The tags of those that carry a tag with a key.
    Tagged(Vec<(AwsId, Tags)>),
}

impl AcmReading {
    /// The things whose tags are believed with this and are not in it.
    pub(super) fn tagged(&self) -> Vec<AwsId> {
        match self {
            Self::Certificates(found) => found.iter().map(|one| one.id.clone()).collect(),
            Self::Requested(found) => found.iter().map(|one| one.id.clone()).collect(),
            Self::Certificate(..)
            | Self::Issued(_)
            | Self::IssuedDetail(..)
            | Self::Request(..)
            | Self::Tagged(_) => Vec::new(),
        }
    }

    /// Those of them that stood before then already.
    pub(in crate::aws) fn standing_before(&self, then: Timestamp) -> BTreeSet<&AwsId> {
        let imports = match self {
            Self::Certificates(found) => found.as_slice(),
            _ => &[],
        };
        let requests = match self {
            Self::Requested(found) => found.as_slice(),
            _ => &[],
        };
        let all = imports.iter().map(|one| (&one.id, one.since));
        let all = all.chain(requests.iter().map(|one| (&one.id, one.since)));
        all.filter(|(_, since)| since.is_some_and(|since| since < then)).map(|(id, _)| id).collect()
    }
}
