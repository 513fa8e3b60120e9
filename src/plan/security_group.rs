//! Steps for a security group that is ours.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction, Ec2Action};
use crate::model::id::{Handle, Id};
use crate::model::known::Live;
use crate::model::plan::{Reason, Step, StepId};
use crate::model::security::{IngressRule, SecurityGroup};
use crate::model::settings::Settings;
use crate::model::stack::BalancerStack;

use super::draft::Draft;
pub use super::exchange::{Exchange, Outgoing};
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
    let action = AwsAction::Ec2(Ec2Action::CreateSecurityGroup { handle, spec: wish.clone() });
    draft.push(Action::Aws(action), Reason::Missing, after);
    if !wish.ingress.is_empty() {
        let action = AwsAction::Ec2(Ec2Action::AuthorizeIngress {
            group: id,
            rules: wish.ingress.clone(),
            description: String::new(),
        });
        draft.push(Action::Aws(action), Reason::Missing, &[]);
    }
}

/// The steps so far that let anybody in to some of these security groups: nothing carries one
/// before, or it would let nobody in where AWS does not take the rules.
#[must_use]
pub fn authorizing<'i>(steps: &[Step], groups: impl IntoIterator<Item = &'i Id>) -> Vec<StepId> {
    let groups: BTreeSet<&Id> = groups.into_iter().collect();
    let is_one = |step: &&Step| match &step.action {
        Action::Aws(AwsAction::Ec2(Ec2Action::AuthorizeIngress { group, .. })) => {
            groups.contains(group)
        }
        Action::Aws(_) | Action::Kube(_) => false,
    };
    steps.iter().filter(is_one).map(|step| step.id).collect()
}

/// Brings a security group that stands into line: its rules are exactly those wished for, whoever
/// made others. Answers with those that go once nothing needs them.
///
/// While a member's wishes are unknown, one who knows better than the others may have it let in
/// few: nobody is let in then who is not yet.
pub fn update(
    draft: &mut Draft,
    (settings, stack): (&Settings, &BalancerStack),
    live: &Live<SecurityGroup>,
    wish: &SecurityGroup,
    surplus: Surplus,
) -> Outgoing {
    let differing = || Reason::Differs(vec!["ingress rules".to_owned()]);
    let standing = &live.spec.ingress;
    let wished = if stack.unexplained.is_empty() { &wish.ingress } else { &within(standing, wish) };
    if wished.len() < wish.ingress.len() {
        draft.note("nobody else is let in: not every member of the group is known".to_owned());
    }
    let unwanted = standing.difference(wished);
    let is_known = |rule: &&IngressRule| {
        surplus == Surplus::Remove
            || !stack.unexplained.is_empty() && wished.iter().any(|wish| wish.is_beside(rule))
    };
    let exchange = Exchange {
        group: Id::Is(live.id.clone()),
        standing: standing.clone(),
        missing: wished.difference(standing).cloned().collect(),
        unwanted: unwanted.filter(is_known).cloned().collect(),
        description: "",
        reasons: (differing(), differing()),
    };
    let outgoing = exchange.authorize(draft);
    retag(draft, settings, live, wish, surplus);
    outgoing
}

/// The rules of a wish that let in nobody who is not let in.
fn within(standing: &BTreeSet<IngressRule>, wish: &SecurityGroup) -> BTreeSet<IngressRule> {
    let is_let_in = |rule: &&IngressRule| standing.iter().any(|standing| standing.admits(rule));
    wish.ingress.iter().filter(is_let_in).cloned().collect()
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
        let action = AwsAction::Ec2(Ec2Action::TagSecurityGroup { id: id.clone(), tags: tags.add });
        draft.push(Action::Aws(action), differing(), &[]);
    }
    if surplus == Surplus::Remove && !tags.remove.is_empty() {
        let action = AwsAction::Ec2(Ec2Action::UntagSecurityGroup { id, tags: tags.remove });
        draft.push(Action::Aws(action), differing(), &[]);
    }
}
