//! Certificates.

use crate::aws::answer::Answer;
use crate::aws::belief::{Belief, Stamp};
use crate::aws::part::Part;
use crate::model::certificate::Certificate;
use crate::model::id::AwsId;
use crate::model::known::Known;

pub(super) fn import(belief: &mut Belief, spec: &Certificate, answer: &Answer, at: Stamp) {
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

pub(super) fn reimport(belief: &mut Belief, id: &AwsId, spec: &Certificate, at: Stamp) {
    stands(belief, id, spec, at);
}

fn stands(belief: &mut Belief, id: &AwsId, spec: &Certificate, at: Stamp) {
    belief.certificate_facts.insert(id.clone(), Known::Is(spec.facts.clone(), at.date));
    belief.imported.insert(id.clone(), spec.fingerprint());
}

pub(super) fn delete(belief: &mut Belief, id: &AwsId) {
    if let Known::Is(ids, _) = &mut belief.certificates {
        ids.remove(id);
    }
    belief.forget(&Part::Certificate(id.clone()));
    belief.imported.remove(id);
    belief.tags.remove(id);
    belief.doubtful_tags.remove(id);
}
