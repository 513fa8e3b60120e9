//! Certificates that were imported, and those that ACM was asked for.

use albedo::aws::{AcmPart, AcmReading, Answer, ListedImport, ListedRequest, ReadCertificate};
use albedo::clock::Clock as _;
use albedo::model::certificate::{Certificate as Spec, CertificateFacts, ListedCertificate};
use albedo::model::id::{AwsId, Id};
use albedo::model::marks::Tags;
use albedo::model::record::{Record, RecordValue};
use albedo::model::request::{
    CertificateRequest, Decision, RequestFacts, RequestKey, RequestState, Validation,
};
use albedo::model::surroundings::{IssuedCertificate, IssuedDetail, Issuer};
use jiff::Timestamp;
use smol_str::SmolStr;

use super::super::clock::VirtualClock;
use super::{Refusal, State, refuse};

/// The call that looks at a part.
pub(super) fn operation(part: &AcmPart) -> &'static str {
    match part {
        AcmPart::Certificates | AcmPart::Issued | AcmPart::Requested => "acm.ListCertificates",
        AcmPart::Certificate(_) | AcmPart::IssuedDetail(_) | AcmPart::Request(_) => {
            "acm.DescribeCertificate"
        }
        AcmPart::Tagged(_) => "tagging.GetResources",
    }
}

/// What ACM makes of names that are proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Issuing {
    #[default]
    AtOnce,
    /// It takes its time.
    Later,
    /// Something forbids it: with which status, and for what reason.
    Failing(&'static str),
}

/// A certificate that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    pub facts: CertificateFacts,
    pub tags: Tags,
}

/// A certificate that ACM was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    pub facts: RequestFacts,
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
        self.imported_at.insert(id.clone(), VirtualClock::new().now());
        Ok(Answer::Certificate(ReadCertificate { id, facts: spec.facts.clone() }))
    }

    pub(super) fn reimport_certificate(
        &mut self,
        id: &AwsId,
        spec: &Spec,
    ) -> Result<Answer, Refusal> {
        has_key(spec)?;
        let Some(held) = self.imported.get_mut(id) else { return unknown(id) };
        if !held.facts.can_become(&spec.facts) {
            return refuse("ValidationException", "the key type and usages cannot be changed");
        }
        held.facts = spec.facts.clone();
        self.imported_at.insert(id.clone(), VirtualClock::new().now());
        Ok(Answer::Certificate(ReadCertificate { id: id.clone(), facts: spec.facts.clone() }))
    }

    pub(super) fn request_certificate(
        &mut self,
        spec: &CertificateRequest,
    ) -> Result<Answer, Refusal> {
        if let Some(code) = self.requests_refused {
            return refuse(code, "ACM takes no more requests");
        }
        let refused = |name: &SmolStr| self.refused_names.contains(name.as_str());
        if let Some(name) = spec.key.names.iter().find(|name| refused(name)) {
            return refuse("InvalidDomainValidationOptionsException", format!("not {name}"));
        }
        let id = self.new_certificate_id();
        let proof = |name: &SmolStr| {
            let base = name.strip_prefix("*.").unwrap_or(name);
            let (record, value) =
                (format!("_proof.{base}"), format!("_{base}.acm-validations.aws"));
            Validation { record, value }
        };
        let RequestKey { names, authority } = spec.key.clone();
        let asked = authority.is_none();
        let validations = names.iter().filter(|_| asked).map(proof).collect();
        let (state, requested_at) = (RequestState::Pending, VirtualClock::new().now());
        let renewal = None;
        let facts = RequestFacts { names, authority, state, requested_at, validations, renewal };
        self.requested.insert(id.clone(), Requested { facts, tags: spec.tags.clone() });
        self.prove();
        Ok(Answer::Requested(id))
    }

    /// Asks for a certificate as somebody else would.
    pub fn ask(&mut self, spec: &CertificateRequest) {
        self.request_certificate(spec).unwrap();
    }

    /// Issues what is proved by records in public zones.
    pub fn prove(&mut self) {
        if self.issuing == Issuing::Later {
            return;
        }
        let public = self.zones.values().filter(|zone| !zone.zone.is_private);
        let records: Vec<Record> = public.flat_map(|zone| zone.records.values()).cloned().collect();
        let stands = |proof: &Validation| {
            records.iter().any(|record| {
                let RecordValue::Values { values, .. } = &record.value else { return false };
                record.key.name == proof.record && values.contains(&proof.value)
            })
        };
        for (id, one) in &mut self.requested {
            let is_pending = one.facts.state == RequestState::Pending;
            if is_pending && one.facts.validations.iter().all(stands) {
                let not_after = Timestamp::from_second(4_000_000_000).unwrap();
                if let Issuing::Failing(why) = self.issuing {
                    one.facts.state = RequestState::Ended { why: why.to_owned() };
                    continue;
                }
                one.facts.state = RequestState::Issued { not_after };
                self.certificates.insert(id.clone());
            }
        }
    }

    /// The tags of a certificate.
    pub(super) fn certificate_tags(&self, id: &AwsId) -> Option<&Tags> {
        let imported = self.imported.get(id).map(|found| &found.tags);
        imported.or_else(|| self.requested.get(id).map(|found| &found.tags))
    }

    pub(super) fn tag_certificate(&mut self, id: &AwsId, tags: &Tags) -> Result<Answer, Refusal> {
        let imported = self.imported.get_mut(id).map(|found| &mut found.tags);
        let known = imported.or_else(|| self.requested.get_mut(id).map(|found| &mut found.tags));
        let Some(known) = known else { return unknown(id) };
        known.extend(tags.clone());
        Ok(Answer::Done)
    }

    pub(super) fn delete_certificate(&mut self, id: &AwsId) -> Result<Answer, Refusal> {
        if !self.imported.contains_key(id) && !self.requested.contains_key(id) {
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
        self.requested.remove(id);
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
                let each = self.imported.iter().map(|(id, held)| ListedImport {
                    id: id.clone(),
                    since: Some(self.since(id)),
                    imported_at: self.imported_at.get(id).copied(),
                    listed: Some(listed(&held.facts)),
                });
                AcmReading::Certificates(each.collect())
            }
            AcmPart::Certificate(id) => {
                AcmReading::Certificate(id.clone(), self.imported(id)?.facts.clone())
            }
            AcmPart::Requested => {
                let decision = |one: &Requested| match one.facts.state {
                    RequestState::Pending => Decision::Open,
                    RequestState::Issued { .. } | RequestState::Ended { .. } => Decision::Made,
                };
                let each = self.requested.iter().map(|(id, one)| ListedRequest {
                    id: id.clone(),
                    since: Some(self.since(id)),
                    decision: decision(one),
                });
                AcmReading::Requested(each.collect())
            }
            AcmPart::Request(id) => {
                let Some(found) = self.requested.get(id) else { return unknown(id) };
                AcmReading::Request(id.clone(), found.facts.clone())
            }
            AcmPart::Issued => AcmReading::Issued(self.issued_certificates()),
            AcmPart::IssuedDetail(id) => {
                AcmReading::IssuedDetail(id.clone(), self.issued_detail(id)?)
            }
            AcmPart::Tagged(key) => {
                let imported = self.imported.iter().map(|(id, held)| (id, &held.tags));
                let requested = self.requested.iter().map(|(id, held)| (id, &held.tags));
                let told = imported.chain(requested).filter(|(id, _)| !self.made_now.contains(*id));
                let told = told.filter(|(_, tags)| tags.contains_key(*key));
                AcmReading::Tagged(told.map(|(id, tags)| (id.clone(), tags.clone())).collect())
            }
        })
    }

    /// Since when a certificate stands: for ever, unless a test says that it was made just now.
    fn since(&self, id: &AwsId) -> Timestamp {
        let now = VirtualClock::new().now();
        if self.made_now.contains(id) { now } else { Timestamp::UNIX_EPOCH }
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

/// What a list tells of an imported certificate.
fn listed(facts: &CertificateFacts) -> ListedCertificate {
    ListedCertificate {
        names: facts.names.clone(),
        not_before: facts.not_before,
        not_after: facts.not_after,
        key_type: facts.key_type.clone(),
    }
}

fn unknown<T>(id: &AwsId) -> Result<T, Refusal> {
    refuse("ResourceNotFoundException", format!("could not find certificate {id}"))
}
