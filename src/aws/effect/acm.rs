//! Certificates.

use crate::aws::answer::Answer;
use crate::aws::belief::{Belief, Stamp};
use crate::aws::part::{AcmPart, Part};
use crate::model::action::AcmAction;
use crate::model::certificate::Certificate;
use crate::model::id::AwsId;
use crate::model::known::Known;
use crate::model::request::CertificateRequest;

/// Believes that a write was done and answered so.
pub(super) fn apply(belief: &mut Belief, action: &AcmAction, answer: &Answer, at: Stamp) {
    match action {
        AcmAction::ImportCertificate { spec, .. } => import(belief, spec, answer, at),
        AcmAction::ReimportCertificate { id, spec } => {
            reimport(belief, id, spec, at);
        }
        AcmAction::RequestCertificate { spec, .. } => request(belief, spec, answer),
        AcmAction::TagCertificate { id, tags } => {
            // Whose tags are not known is read with its part.
            let _unknown = belief.tags.change(id, |known| known.extend(tags.clone()));
        }
        AcmAction::DeleteCertificate { id } => delete(belief, id),
    }
}

/// Whose tags, believed apart from its part, a write changes.
pub(super) fn retagged(action: &AcmAction) -> Option<&AwsId> {
    match action {
        AcmAction::TagCertificate { id, .. } => Some(id),
        AcmAction::ImportCertificate { .. }
        | AcmAction::ReimportCertificate { .. }
        | AcmAction::RequestCertificate { .. }
        | AcmAction::DeleteCertificate { .. } => None,
    }
}

/// The parts that a write changes.
pub(super) fn touched(action: &AcmAction) -> Vec<Part> {
    match action {
        AcmAction::ImportCertificate { .. } => vec![Part::Acm(AcmPart::Certificates)],
        AcmAction::ReimportCertificate { id, .. } => {
            vec![Part::Acm(AcmPart::Certificate(id.clone()))]
        }
        AcmAction::RequestCertificate { .. } => vec![Part::Acm(AcmPart::Requested)],
        AcmAction::TagCertificate { .. } => {
            [AcmPart::Certificates, AcmPart::Requested].map(Part::Acm).to_vec()
        }
        AcmAction::DeleteCertificate { id } => [
            AcmPart::Certificates,
            AcmPart::Certificate(id.clone()),
            AcmPart::Requested,
            AcmPart::Request(id.clone()),
        ]
        .map(Part::Acm)
        .to_vec(),
    }
}

fn import(belief: &mut Belief, spec: &Certificate, answer: &Answer, at: Stamp) {
    let Answer::Certificate(made) = answer else {
        belief.forget(&Part::Acm(AcmPart::Certificates));
        return;
    };
    if let Known::Is(ids, _) = &mut belief.acm.certificates {
        ids.insert(made.id.clone());
        belief.tags.insert(made.id.clone(), spec.tags.clone());
        stands(belief, &made.id, spec, at);
    }
}

fn reimport(belief: &mut Belief, id: &AwsId, spec: &Certificate, at: Stamp) {
    stands(belief, id, spec, at);
}

fn stands(belief: &mut Belief, id: &AwsId, spec: &Certificate, at: Stamp) {
    belief.acm.listed.remove(id);
    belief.acm.certificate_facts.insert(id.clone(), Known::Is(spec.facts.clone(), at.date));
    belief.acm.imported.insert(id.clone(), spec.fingerprint());
}

/// ACM tells some seconds later what proves the names.
fn request(belief: &mut Belief, spec: &CertificateRequest, answer: &Answer) {
    let Answer::Requested(id) = answer else {
        belief.forget(&Part::Acm(AcmPart::Requested));
        return;
    };
    if let Known::Is(ids, _) = &mut belief.acm.requested {
        ids.insert(id.clone());
        belief.tags.insert(id.clone(), spec.tags.clone());
        belief.forget(&Part::Acm(AcmPart::Request(id.clone())));
    }
}

fn delete(belief: &mut Belief, id: &AwsId) {
    let acm = &mut belief.acm;
    for ids in [&mut acm.certificates, &mut acm.requested] {
        if let Known::Is(ids, _) = ids {
            ids.remove(id);
        }
    }
    belief.forget(&Part::Acm(AcmPart::Certificate(id.clone())));
    belief.forget(&Part::Acm(AcmPart::Request(id.clone())));
    belief.acm.imported.remove(id);
    belief.tags.remove(id);
    belief.doubtful_tags.remove(id);
}
