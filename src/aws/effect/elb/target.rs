//! Targets.

use crate::aws::belief::{Belief, Stamp};
use crate::aws::part::{ElbPart, Part};
use crate::model::id::{AwsId, Id};
use crate::model::known::Known;
use crate::model::target::{LiveTarget, Target, TargetState, Why};

pub(super) fn register(belief: &mut Belief, target_group: &Id, targets: &[Target]) {
    change(belief, target_group.given(), |known| {
        for target in targets {
            match known.iter_mut().find(|live| live.target == *target) {
                // A target that drains and comes back starts anew; registering any other again does
                // nothing.
                Some(live) if live.state == TargetState::Draining => {
                    live.state = TargetState::Initial;
                    live.why = Some(Why::just_registered());
                }
                Some(_) => {}
                None => {
                    let target = target.clone();
                    let why = Some(Why::just_registered());
                    known.push(LiveTarget { target, state: TargetState::Initial, why });
                }
            }
        }
        known.sort_by(|a, b| a.target.cmp(&b.target));
    });
}

pub(super) fn deregister(belief: &mut Belief, target_group: &AwsId, targets: &[Target], at: Stamp) {
    change(belief, Some(target_group), |known| {
        // AWS drops a target that no load balancer uses at once. Believing that it drains is the
        // careful mistake: whoever waits for the end of that has to look.
        for live in known.iter_mut().filter(|live| targets.contains(&live.target)) {
            live.state = TargetState::Draining;
        }
    });
    belief.elb.note_draining(target_group, at.moment);
}

fn change(belief: &mut Belief, id: Option<&AwsId>, change: impl FnOnce(&mut Vec<LiveTarget>)) {
    let Some(id) = id else { return };
    match belief.elb.targets.get_mut(id) {
        Some(Known::Is(known, _)) => {
            change(known);
            known.shrink_to_fit();
        }
        // It was believed to be gone, and is not.
        Some(Known::Absent(_)) => belief.forget(&Part::Elb(ElbPart::Targets(id.clone()))),
        Some(Known::Unread) | None => {}
    }
}
