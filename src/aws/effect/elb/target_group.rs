//! Target groups.

use crate::aws::answer::Answer;
use crate::aws::belief::{Belief, Stamp};
use crate::aws::part::{ElbPart, Part};
use crate::model::id::AwsId;
use crate::model::known::Known;
use crate::model::target_group::TargetGroup;

pub(super) fn create(belief: &mut Belief, spec: &TargetGroup, answer: &Answer, at: Stamp) {
    let Answer::TargetGroup(made) = answer else {
        return belief.forget(&Part::Elb(ElbPart::TargetGroups));
    };
    let is_certain = belief.is_certain(&Part::Elb(ElbPart::TargetGroups));
    let Known::Is(target_groups, _) = &mut belief.elb.target_groups else { return };
    // AWS answers a repeated creation with what stands already, and that may have targets. Only
    // what was not there before is known to be bare.
    if target_groups.contains_key(&made.id) || !is_certain {
        return;
    }
    let mut made = made.clone();
    if made.spec.vpc == spec.vpc {
        // One text is enough for all of them.
        made.spec.vpc.clone_from(&spec.vpc);
    }
    target_groups.insert(made.id.clone(), made.clone());
    belief.tags.insert(made.id.clone(), spec.tags.clone());
    belief.elb.targets.insert(made.id.clone(), Known::Is(Vec::new(), at.date));
}

pub(super) fn modify(belief: &mut Belief, id: &AwsId, answer: &Answer) {
    let Known::Is(target_groups, _) = &mut belief.elb.target_groups else { return };
    match (target_groups.get_mut(id), answer) {
        (Some(found), Answer::TargetGroup(now)) => found.spec.clone_from(&now.spec),
        _ => belief.forget(&Part::Elb(ElbPart::TargetGroups)),
    }
}

pub(super) fn delete(belief: &mut Belief, id: &AwsId, at: Stamp) {
    if let Known::Is(target_groups, _) = &mut belief.elb.target_groups {
        target_groups.remove(id);
    }
    belief.tags.remove(id);
    belief.doubtful_tags.remove(id);
    belief.forget(&Part::Elb(ElbPart::TargetGroupAttributes(id.clone())));
    belief.target_group_is_gone(id, at.date);
}
