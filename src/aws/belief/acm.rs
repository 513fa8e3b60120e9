//! What is believed of ACM.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{is_read, move_entry};
use crate::aws::part::{AcmPart, AcmReading};
use crate::model::certificate::{CertificateFacts, ListedCertificate};
use crate::model::id::AwsId;
use crate::model::known::Known;
use crate::model::request::{Decision, RequestFacts};
use crate::model::surroundings::{IssuedCertificates, IssuedDetail};

/// The parts of ACM that are believed.
#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct AcmBelief {
    pub(in crate::aws) certificates: Known<BTreeSet<AwsId>>,
    /// What the list of those tells of each. Of what was written since, and of what may have been,
    /// it tells nothing any more.
    pub(in crate::aws) listed: BTreeMap<AwsId, ListedCertificate>,
    /// When each of those was imported last, where the list says it.
    pub(in crate::aws) imported_at: BTreeMap<AwsId, Timestamp>,
    pub(in crate::aws) certificate_facts: BTreeMap<AwsId, Known<CertificateFacts>>,
    /// The fingerprints of what this process imported, by certificate.
    pub(in crate::aws) imported: BTreeMap<AwsId, String>,
    /// The certificates that listeners may have, with the details that are known.
    pub(in crate::aws) issued: Known<Arc<IssuedCertificates>>,
    /// What the list of those does not say.
    pub(in crate::aws) issued_details: BTreeMap<AwsId, Known<IssuedDetail>>,
    /// The certificates that ACM was asked for.
    pub(in crate::aws) requested: Known<BTreeSet<AwsId>>,
    /// Those of them that ACM had decided about when they were listed.
    decided: BTreeSet<AwsId>,
    pub(in crate::aws) request_facts: BTreeMap<AwsId, Known<RequestFacts>>,
}

impl AcmBelief {
    /// A belief in nothing but what was just read.
    pub(super) fn of(reading: AcmReading, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match reading {
            AcmReading::Certificates(found) => {
                let ids = found.iter().map(|one| one.id.clone()).collect();
                belief.certificates = Known::Is(ids, at);
                let times = found.iter().filter_map(|one| Some((one.id.clone(), one.imported_at?)));
                belief.imported_at = times.collect();
                let listed = found.into_iter().filter_map(|one| Some((one.id, one.listed?)));
                belief.listed = listed.collect();
            }
            AcmReading::Certificate(id, facts) => {
                belief.certificate_facts.insert(id, Known::Is(facts, at));
            }
            AcmReading::Issued(found) => {
                belief.issued = Known::Is(Arc::new(found.into_iter().collect()), at);
            }
            AcmReading::IssuedDetail(id, detail) => {
                belief.issued_details.insert(id, Known::Is(detail, at));
            }
            AcmReading::Requested(found) => {
                let decided = found.iter().filter(|one| one.decision == Decision::Made);
                belief.decided = decided.map(|one| one.id.clone()).collect();
                belief.requested = Known::Is(found.into_iter().map(|one| one.id).collect(), at);
            }
            AcmReading::Request(id, facts) => {
                belief.request_facts.insert(id, Known::Is(facts, at));
            }
            // Believed with what they are on.
            AcmReading::Tagged(_) => {}
        }
        belief
    }

    /// Believes a part as another belief has it.
    pub(super) fn adopt(&mut self, part: &AcmPart, mut other: Self) {
        match part {
            AcmPart::Certificates => {
                self.certificates = other.certificates;
                self.imported_at = other.imported_at;
                let known = self.certificates.value();
                let stands = |id: &AwsId| known.is_some_and(|known| known.contains(id));
                let listed = &mut other.listed;
                // Somebody else has given another content to what is not listed as it was known.
                self.certificate_facts.retain(|id, facts| {
                    let is_of = |listed: &ListedCertificate| {
                        facts.value().is_some_and(|facts| listed.is_of(facts))
                    };
                    stands(id) && listed.get(id).is_none_or(is_of)
                });
                listed.retain(|id, _| !self.certificate_facts.contains_key(id));
                self.listed = other.listed;
                self.imported.retain(|id, _| stands(id));
                self.imported.extend(other.imported);
            }
            AcmPart::Certificate(id) => {
                move_entry(id, &mut other.certificate_facts, &mut self.certificate_facts);
                self.listed.remove(id);
                self.imported.extend(other.imported);
            }
            AcmPart::Requested => {
                self.requested = other.requested;
                let known = self.requested.value();
                self.request_facts.retain(|id, facts| {
                    let is_open = facts.value().is_some_and(RequestFacts::await_decision);
                    // What ACM has decided since is asked for anew.
                    let is_news = is_open && other.decided.contains(id);
                    known.is_some_and(|known| known.contains(id)) && !is_news
                });
            }
            AcmPart::Request(id) => {
                move_entry(id, &mut other.request_facts, &mut self.request_facts);
            }
            AcmPart::Issued => self.adopt_issued(other.issued),
            AcmPart::Tagged(_) => {}
            AcmPart::IssuedDetail(id) => {
                move_entry(id, &mut other.issued_details, &mut self.issued_details);
                let detail = self.issued_details.get(id).and_then(Known::value);
                if let (Known::Is(issued, _), Some(detail)) = (&mut self.issued, detail) {
                    Arc::make_mut(issued).describe(id, detail);
                }
            }
        }
    }

    /// Believes a list of what listeners may have. What is known beyond the list is of the
    /// certificate as it was listed before.
    fn adopt_issued(&mut self, mut listed: Known<Arc<IssuedCertificates>>) {
        if let Known::Is(new, _) = &mut listed {
            let before = self.issued.value();
            let is_same = |id: &AwsId| {
                let ends = |all: &IssuedCertificates| all.get(id).map(|one| one.not_after);
                ends(new).is_some() && before.is_some_and(|before| ends(before) == ends(new))
            };
            self.issued_details.retain(|id, _| is_same(id));
            let known = self.issued_details.iter();
            let known = known.filter_map(|(id, detail)| Some((id, detail.value()?)));
            for (id, detail) in known {
                Arc::make_mut(new).describe(id, detail);
            }
        }
        self.issued = listed;
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &AcmPart) {
        match part {
            AcmPart::Certificates => self.certificates = Known::Unread,
            AcmPart::Certificate(id) => {
                self.certificate_facts.remove(id);
                self.listed.remove(id);
            }
            AcmPart::Issued => self.issued = Known::Unread,
            AcmPart::IssuedDetail(id) => drop(self.issued_details.remove(id)),
            AcmPart::Requested => self.requested = Known::Unread,
            AcmPart::Request(id) => drop(self.request_facts.remove(id)),
            AcmPart::Tagged(_) => {}
        }
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &AcmPart) -> bool {
        match part {
            AcmPart::Certificates => self.certificates.is_read(),
            AcmPart::Certificate(id) => is_read(&self.certificate_facts, id),
            AcmPart::Issued => self.issued.is_read(),
            AcmPart::IssuedDetail(id) => is_read(&self.issued_details, id),
            AcmPart::Requested => self.requested.is_read(),
            AcmPart::Request(id) => is_read(&self.request_facts, id),
            AcmPart::Tagged(_) => false,
        }
    }

    /// Whether a thing is among those that a part lists.
    pub(super) fn lists(&self, part: &AcmPart, id: &AwsId) -> bool {
        match part {
            AcmPart::Certificates => {
                self.certificates.value().is_some_and(|known| known.contains(id))
            }
            AcmPart::Issued => self.issued.value().is_some_and(|issued| issued.get(id).is_some()),
            AcmPart::Requested => self.requested.value().is_some_and(|known| known.contains(id)),
            AcmPart::Certificate(_)
            | AcmPart::IssuedDetail(_)
            | AcmPart::Request(_)
            | AcmPart::Tagged(_) => false,
        }
    }

    /// Whether a certificate whose tags are believed is in one of the lists.
    pub(super) fn stands(&self, id: &AwsId) -> bool {
        self.lists(&AcmPart::Certificates, id) || self.lists(&AcmPart::Requested, id)
    }

    /// How many things are believed beside the lists.
    pub(super) fn kept(&self) -> usize {
        let details = self.issued_details.len() + self.request_facts.len() + self.listed.len();
        self.certificate_facts.len() + self.imported.len() + details
    }
}
