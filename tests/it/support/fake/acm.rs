//! Certificates that were imported.

use albedo::aws::{AcmPart, AcmReading, Answer, ReadCertificate};
use albedo::model::certificate::{Certificate as Spec, CertificateFacts};
use albedo::model::id::{AwsId, Id};
use albedo::model::marks::Tags;
use albedo::model::surroundings::{IssuedCertificate, IssuedDetail, Issuer};

use super::{Refusal, State, refuse};

/// A certificate that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub facts: CertificateFacts,
    pub tags: Tags,
}

/// What is sent without a key is no import.
fn has_key(spec: &Spec) -> Result<(), Refusal> {
    match spec.key.given() {
        Some(key) if !key.open().is_empty() => Ok(()),
        _ => refuse("ValidationException", "a private key is missing"),
    }
}

impl State {
    pub(super) fn import_certificate(&mut self, spec: &Spec) -> Result<Answer, Refusal> {
        has_key(spec)?;
        let id = self.new_certificate_id();
        let held = Certificate { facts: spec.facts.clone(), tags: spec.tags.clone() };
        self.certificates.insert(id.clone());
        self.imported.insert(id.clone(), held);
        Ok(Answer::Certificate(ReadCertificate { id, facts: spec.facts.clone() }))
    }

    pub(super) fn reimport_certificate(
        &mut self,
        id: &AwsId,
        spec: &Spec,
    ) -> Result<Answer, Refusal> {
        has_key(spec)?;
        let Some(held) = self.imported.get_mut(id) else { return unknown(id) };
        if held.facts.key_type != spec.facts.key_type {
            return refuse("ValidationException", "the key type cannot be changed");
        }
        held.facts = spec.facts.clone();
        Ok(Answer::Certificate(ReadCertificate { id: id.clone(), facts: spec.facts.clone() }))
    }

    pub(super) fn delete_certificate(&mut self, id: &AwsId) -> Result<Answer, Refusal> {
        if !self.imported.contains_key(id) {
            return unknown(id);
        }
        let used = Id::Is(id.clone());
        let is_used = self.listeners.values().any(|listener| {
            let spec = &listener.spec;
            spec.default_certificate.as_ref() == Some(&used) || spec.certificates.contains(&used)
        });
        if is_used {
            return refuse("ResourceInUseException", format!("{id} is in use"));
        }
        self.imported.remove(id);
        self.certificates.remove(id);
        Ok(Answer::Done)
    }

    /// Lets a certificate be found by these names, without its authority.
    pub fn issue(&mut self, certificate: IssuedCertificate) {
        self.certificates.insert(certificate.id.clone());
        self.issued.insert(certificate.id.clone(), certificate);
    }

    /// What is found on looking at a part.
    pub(super) fn told_of_acm(&self, part: &AcmPart) -> Result<AcmReading, Refusal> {
        Ok(match part {
            AcmPart::Certificates => {
                AcmReading::Certificates(self.imported.keys().cloned().collect())
            }
            AcmPart::Certificate(id) => {
                AcmReading::Certificate(id.clone(), self.imported(id)?.facts.clone())
            }
            AcmPart::Issued => AcmReading::Issued(self.issued_certificates()),
            AcmPart::IssuedDetail(id) => {
                AcmReading::IssuedDetail(id.clone(), self.issued_detail(id)?)
            }
        })
    }

    /// What the list shows, without what it does not say.
    fn issued_certificates(&self) -> Vec<IssuedCertificate> {
        let listed = self.issued.values().cloned().map(|one| match one.issuer {
            Issuer::Public => one,
            Issuer::Private(_) => IssuedCertificate { issuer: Issuer::Private(None), ..one },
        });
        let imported = self.imported.iter().map(|(id, held)| IssuedCertificate {
            id: id.clone(),
            names: held.facts.names.clone(),
            issuer: Issuer::Public,
            key_type: held.facts.key_type.clone(),
            not_before: Some(held.facts.not_before),
            not_after: Some(held.facts.not_after),
            is_whole: true,
        });
        listed.chain(imported).collect()
    }

    fn issued_detail(&self, id: &AwsId) -> Result<IssuedDetail, Refusal> {
        let Some(one) = self.issued.get(id) else { return unknown(id) };
        let authority = match &one.issuer {
            Issuer::Private(authority) => authority.clone(),
            Issuer::Public => None,
        };
        Ok(IssuedDetail { names: one.names.clone(), authority })
    }

    pub(super) fn imported(&self, id: &AwsId) -> Result<&Certificate, Refusal> {
        self.imported.get(id).map_or_else(|| unknown(id), Ok)
    }
}

fn unknown<T>(id: &AwsId) -> Result<T, Refusal> {
    refuse("ResourceNotFoundException", format!("could not find certificate {id}"))
}
