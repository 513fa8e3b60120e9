//! Steps for a security group that is ours.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction};
use crate::model::id::{Handle, Id};
use crate::model::known::Live;
use crate::model::plan::{Reason, StepId};
use crate::model::security::{IngressRule, SecurityGroup};
use crate::model::settings::Settings;

use super::draft::Draft;
use super::tags::{Legacy, difference};

/// What is done with rules that stand and that nobody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surplus {
    /// They go.
    Remove,
    /// They stay: somebody may want them who cannot say so now.
    Keep,
}

/// Makes a security group that does not stand: first the group, then its rules.
pub fn create(draft: &mut Draft, handle: Handle, wish: &SecurityGroup, after: &[StepId]) {
    let id = Id::Of(handle.clone());
    let action = AwsAction::CreateSecurityGroup { handle, spec: wish.clone() };
    draft.push(Action::Aws(action), Reason::Missing, after);
    authorize(draft, id, wish.ingress.clone(), Reason::Missing);
}

/// Brings a security group that stands into line: its rules are exactly those wished for, whoever
/// made others.
pub fn update(
    draft: &mut Draft,
    settings: &Settings,
    live: &Live<SecurityGroup>,
    wish: &SecurityGroup,
    surplus: Surplus,
) {
    let differing = || Reason::Differs(vec!["ingress rules".to_owned()]);
    let id = Id::Is(live.id.clone());
    let missing = wish.ingress.difference(&live.spec.ingress).cloned().collect();
    authorize(draft, id.clone(), missing, differing());
    let unwanted: BTreeSet<IngressRule> =
        live.spec.ingress.difference(&wish.ingress).cloned().collect();
    if surplus == Surplus::Remove && !unwanted.is_empty() {
        let description = String::new();
        let action = AwsAction::RevokeIngress { group: id, rules: unwanted, description };
        draft.push(Action::Aws(action), differing(), &[]);
    }
    retag(draft, settings, live, wish, surplus);
}

/// Brings the tags of a security group into line.
pub fn retag(
    draft: &mut Draft,
    settings: &Settings,
    live: &Live<SecurityGroup>,
    wish: &SecurityGroup,
    surplus: Surplus,
) {
    let differing = || Reason::Differs(vec!["tags".to_owned()]);
    let tags = difference(settings, Legacy::Kept, &live.spec.tags, &wish.tags);
    let id = live.id.clone();
    if !tags.add.is_empty() {
        let action = AwsAction::TagSecurityGroup { id: id.clone(), tags: tags.add };
        draft.push(Action::Aws(action), differing(), &[]);
    }
    if surplus == Surplus::Remove && !tags.remove.is_empty() {
        let action = AwsAction::UntagSecurityGroup { id, tags: tags.remove };
        draft.push(Action::Aws(action), differing(), &[]);
    }
}

fn authorize(draft: &mut Draft, group: Id, rules: BTreeSet<IngressRule>, reason: Reason) {
    if !rules.is_empty() {
        let description = String::new();
        let action = AwsAction::AuthorizeIngress { group, rules, description };
        draft.push(Action::Aws(action), reason, &[]);
    }
}
