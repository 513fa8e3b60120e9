//! Security groups.

use std::collections::BTreeSet;

use crate::aws::ReadSecurityGroup;
use crate::aws::answer::Answer;
use crate::aws::belief::Belief;
use crate::aws::groups::Groups;
use crate::aws::part::{Ec2Part, Part};
use crate::model::action::Ec2Action;
use crate::model::id::{AwsId, Id};
use crate::model::known::{Known, Live};
use crate::model::marks::{DESCRIPTION_OWN_RULE, DESCRIPTION_SHARED_RULE, Tags};
use crate::model::security::{IngressRule, SecurityGroup};

/// Believes that a write was done and answered so.
pub(super) fn apply(belief: &mut Belief, action: &Ec2Action, answer: &Answer) {
    match action {
        Ec2Action::CreateSecurityGroup { spec, .. } => {
            create(belief, spec, answer);
        }
        Ec2Action::DeleteSecurityGroup { id } => delete(belief, id),
        Ec2Action::AuthorizeIngress { group, rules, description } => {
            authorize(belief, group, rules, description);
        }
        Ec2Action::RevokeIngress { group, rules, .. } => {
            revoke(belief, group, rules);
        }
        Ec2Action::TagSecurityGroup { id, tags } => tag(belief, id, tags),
        Ec2Action::UntagSecurityGroup { id, tags } => untag(belief, id, tags),
    }
}

/// The parts that a write changes.
pub(super) fn touched(action: &Ec2Action) -> Vec<Part> {
    match action {
        Ec2Action::CreateSecurityGroup { .. }
        | Ec2Action::DeleteSecurityGroup { .. }
        | Ec2Action::AuthorizeIngress { .. }
        | Ec2Action::RevokeIngress { .. }
        | Ec2Action::TagSecurityGroup { .. }
        | Ec2Action::UntagSecurityGroup { .. } => vec![Part::Ec2(Ec2Part::SecurityGroups)],
    }
}

fn create(belief: &mut Belief, spec: &SecurityGroup, answer: &Answer) {
    let Answer::SecurityGroup(id) = answer else {
        return belief.forget(&Part::Ec2(Ec2Part::SecurityGroups));
    };
    let made = ReadSecurityGroup {
        live: Live {
            id: id.clone(),
            // It is made without rules: those come with a write of their own.
            spec: SecurityGroup { ingress: BTreeSet::new(), ..spec.clone() },
        },
        shared: BTreeSet::new(),
    };
    change_all(belief, |groups| {
        groups.add(made);
        Some(())
    });
}

fn delete(belief: &mut Belief, id: &AwsId) {
    change_all(belief, |groups| {
        groups.remove(id);
        Some(())
    });
}

fn authorize(belief: &mut Belief, id: &Id, rules: &BTreeSet<IngressRule>, description: &str) {
    change(belief, id.given(), |group| {
        group.live.spec.ingress.extend(rules.iter().cloned());
        if [DESCRIPTION_SHARED_RULE, DESCRIPTION_OWN_RULE].contains(&description) {
            group.shared.extend(rules.iter().cloned());
        }
    });
}

fn revoke(belief: &mut Belief, id: &Id, rules: &BTreeSet<IngressRule>) {
    change(belief, id.given(), |group| {
        group.live.spec.ingress.retain(|rule| !rules.contains(rule));
        group.shared.retain(|rule| !rules.contains(rule));
    });
}

fn tag(belief: &mut Belief, id: &AwsId, tags: &Tags) {
    change(belief, Some(id), |group| {
        group.live.spec.tags.extend(tags.clone());
    });
}

fn untag(belief: &mut Belief, id: &AwsId, tags: &Tags) {
    change(belief, Some(id), |group| {
        group.live.spec.tags.retain(|key, _| !tags.contains_key(key));
    });
}

fn change(belief: &mut Belief, id: Option<&AwsId>, change: impl FnOnce(&mut ReadSecurityGroup)) {
    change_all(belief, |groups| groups.change(id?, change));
}

fn change_all(belief: &mut Belief, change: impl FnOnce(&mut Groups) -> Option<()>) {
    if let Known::Is(groups, _) = &mut belief.ec2.security_groups
        && change(groups).is_none()
    {
        belief.forget(&Part::Ec2(Ec2Part::SecurityGroups));
    }
}
