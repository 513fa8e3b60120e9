//! Rules.

use super::listener;
use crate::aws::answer::Answer;
use crate::aws::arn::{self, Named};
use crate::aws::belief::Belief;
use crate::model::id::{AwsId, Id};
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::marks::Tags;

pub(super) fn create(belief: &mut Belief, listener: &Id, tags: &Tags, answer: &Answer) {
    let Some(listener) = listener.given() else { return };
    let made = answered(belief, answer);
    listener::change(belief, listener, |listener| {
        let made = made?;
        if listener.rules.iter().all(|rule| rule.id != made.id) {
            listener.rules.reserve_exact(1);
            listener.rules.push(LiveRule { tags: tags.clone(), ..made });
            sort(listener);
        }
        Some(())
    });
}

pub(super) fn modify(belief: &mut Belief, id: &AwsId, answer: &Answer) {
    let now = answered(belief, answer);
    change(belief, id, |rule| {
        rule.rule = now?.rule;
        Some(())
    });
}

pub(super) fn set_priorities(belief: &mut Belief, priorities: &[(AwsId, u32)]) {
    for (id, priority) in priorities {
        change(belief, id, |rule| {
            rule.priority = *priority;
            Some(())
        });
    }
}

pub(super) fn delete(belief: &mut Belief, id: &AwsId) {
    let Some(Named::Rule { listener, .. }) = arn::named(id) else { return };
    listener::change(belief, &listener, |listener| {
        listener.rules.retain(|rule| rule.id != *id);
        Some(())
    });
}

/// Changes one rule; `None` puts all listeners of its load balancer in doubt.
pub(super) fn change(
    belief: &mut Belief,
    id: &AwsId,
    change: impl FnOnce(&mut LiveRule) -> Option<()>,
) {
    let Some(Named::Rule { listener, .. }) = arn::named(id) else { return };
    listener::change(belief, &listener, |listener| {
        change(listener.rules.iter_mut().find(|rule| rule.id == *id)?)?;
        sort(listener);
        Some(())
    });
}

fn sort(listener: &mut LiveListener) {
    listener.rules.sort_by_key(|rule| rule.priority);
}

/// The one rule that an answer is about.
/// The one rule that was answered, as it is believed.
fn answered(belief: &Belief, answer: &Answer) -> Option<LiveRule> {
    let Answer::Rules(rules) = answer else { return None };
    match rules.as_slice() {
        [only] => {
            let mut only = only.clone();
            belief.elb.share_arns(&mut only.rule.actions);
            Some(only)
        }
        _ => None,
    }
}
