//! Certificates.

use jiff::Timestamp;

use crate::aws::answer::Answer;
use crate::aws::belief::{Belief, Part};
use crate::model::certificate::Certificate;
use crate::model::id::AwsId;
use crate::model::known::Known;

pub(super) fn import(belief: &mut Belief, spec: &Certificate, answer: &Answer, at: Timestamp) {
    let Answer::Certificate(made) = answer else {
        belief.forget(&Part::Certificates);
        return;
    };
    if let Known::Is(ids, _) = &mut belief.certificates {
        ids.insert(made.id.clone());
        belief.tags.insert(made.id.clone(), spec.tags.clone());
        stands(belief, &made.id, spec, at);
    }
}

pub(super) fn reimport(belief: &mut Belief, id: &AwsId, spec: &Certificate, at: Timestamp) {
    stands(belief, id, spec, at);
}

fn stands(belief: &mut Belief, id: &AwsId, spec: &Certificate, at: Timestamp) {
    belief.certificate_facts.insert(id.clone(), Known::Is(spec.facts.clone(), at));
    belief.imported.insert(id.clone(), spec.fingerprint());
}

pub(super) fn delete(belief: &mut Belief, id: &AwsId) {
    if let Known::Is(ids, _) = &mut belief.certificates {
        ids.remove(id);
    }
    belief.certificate_facts.remove(id);
    belief.imported.remove(id);
    belief.tags.remove(id);
}
