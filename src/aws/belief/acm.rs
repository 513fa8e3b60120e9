//! What is believed of ACM.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{is_read, move_entry};
use crate::aws::part::{AcmPart, AcmReading};
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;
use crate::model::known::Known;

/// The parts of ACM that are believed.
#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct AcmBelief {
    pub(in crate::aws) certificates: Known<BTreeSet<AwsId>>,
    pub(in crate::aws) certificate_facts: BTreeMap<AwsId, Known<CertificateFacts>>,
    /// The fingerprints of what this process imported, by certificate.
    pub(in crate::aws) imported: BTreeMap<AwsId, String>,
}

impl AcmBelief {
    /// A belief in nothing but what was just read.
    pub(super) fn of(reading: AcmReading, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match reading {
            AcmReading::Certificates(found) => {
                belief.certificates = Known::Is(found.into_iter().collect(), at);
            }
            AcmReading::Certificate(id, facts) => {
                belief.certificate_facts.insert(id, Known::Is(facts, at));
            }
        }
        belief
    }

    /// Believes a part as another belief has it.
    pub(super) fn adopt(&mut self, part: &AcmPart, mut other: Self) {
        match part {
            AcmPart::Certificates => {
                self.certificates = other.certificates;
                let known = self.certificates.value();
                let stands = |id: &AwsId| known.is_some_and(|known| known.contains(id));
                self.certificate_facts.retain(|id, _| stands(id));
                self.imported.retain(|id, _| stands(id));
                self.imported.extend(other.imported);
            }
            AcmPart::Certificate(id) => {
                move_entry(id, &mut other.certificate_facts, &mut self.certificate_facts);
                self.imported.extend(other.imported);
            }
        }
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &AcmPart) {
        match part {
            AcmPart::Certificates => self.certificates = Known::Unread,
            AcmPart::Certificate(id) => drop(self.certificate_facts.remove(id)),
        }
    }

    /// Whether a part is believed at all.
    pub(super) fn holds(&self, part: &AcmPart) -> bool {
        match part {
            AcmPart::Certificates => self.certificates.is_read(),
            AcmPart::Certificate(id) => is_read(&self.certificate_facts, id),
        }
    }

    /// Whether a thing is among those that a part lists.
    pub(super) fn lists(&self, part: &AcmPart, id: &AwsId) -> bool {
        match part {
            AcmPart::Certificates => {
                self.certificates.value().is_some_and(|known| known.contains(id))
            }
            AcmPart::Certificate(_) => false,
        }
    }

    /// How many things are believed beside the lists.
    pub(super) fn kept(&self) -> usize {
        self.certificate_facts.len() + self.imported.len()
    }
}
