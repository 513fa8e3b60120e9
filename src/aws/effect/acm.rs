//! Certificates.

use crate::aws::answer::Answer;
use crate::aws::belief::{Belief, Stamp};
use crate::aws::part::{AcmPart, Part};
use crate::model::action::AcmAction;
use crate::model::certificate::Certificate;
use crate::model::id::AwsId;
use crate::model::known::Known;

/// Believes that a write was done and answered so.
pub(super) fn apply(belief: &mut Belief, action: &AcmAction, answer: &Answer, at: Stamp) {
    match action {
        AcmAction::ImportCertificate { spec, .. } => import(belief, spec, answer, at),
        AcmAction::ReimportCertificate { id, spec } => {
            reimport(belief, id, spec, at);
        }
        AcmAction::DeleteCertificate { id } => delete(belief, id),
    }
}

/// The parts that a write changes.
pub(super) fn touched(action: &AcmAction) -> Vec<Part> {
    match action {
        AcmAction::ImportCertificate { .. } => vec![Part::Acm(AcmPart::Certificates)],
        AcmAction::ReimportCertificate { id, .. } => {
            vec![Part::Acm(AcmPart::Certificate(id.clone()))]
        }
        AcmAction::DeleteCertificate { id } => {
            vec![Part::Acm(AcmPart::Certificates), Part::Acm(AcmPart::Certificate(id.clone()))]
        }
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
    belief.acm.certificate_facts.insert(id.clone(), Known::Is(spec.facts.clone(), at.date));
    belief.acm.imported.insert(id.clone(), spec.fingerprint());
}

fn delete(belief: &mut Belief, id: &AwsId) {
    if let Known::Is(ids, _) = &mut belief.acm.certificates {
        ids.remove(id);
    }
    belief.forget(&Part::Acm(AcmPart::Certificate(id.clone())));
    belief.acm.imported.remove(id);
    belief.tags.remove(id);
    belief.doubtful_tags.remove(id);
}
