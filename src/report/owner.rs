//! Whose a step is: what AWS says about it may name things of that member, which are nobody else's
//! business.

use crate::model::action::{Action, AwsAction, ElbAction, KubeAction};
use crate::model::id::{Handle, Id};
use crate::model::memory::Entry;
use crate::model::rule::{Rule, RuleAction};
use crate::model::source::Source;
use crate::model::stack::BalancerStack;

/// The member that a step is for; `None` where it is for all of them, or where that cannot be told.
pub(super) fn owner(stack: &BalancerStack, action: &Action) -> Option<Source> {
    match action {
        Action::Kube(
            KubeAction::Claim { member, .. }
            | KubeAction::Release { member, .. }
            | KubeAction::Remember { entry: Entry::Held(member), .. },
        ) => Some(member.clone()),
        Action::Kube(KubeAction::Bind { binding, .. } | KubeAction::Rebind { binding, .. }) => {
            of_id(&binding.target_group)
        }
        Action::Aws(AwsAction::Elb(ElbAction::CreateTargetGroup { handle, .. })) => {
            of_handle(handle)
        }
        Action::Aws(AwsAction::Elb(
            ElbAction::ModifyTargetGroupAttributes { target_group, .. }
            | ElbAction::RegisterTargets { target_group, .. },
        )) => of_id(target_group),
        Action::Aws(AwsAction::Elb(ElbAction::ModifyLoadBalancerAttributes {
            attributes, ..
        })) => stack.front.as_ref()?.attributes.by_one(attributes).cloned(),
        Action::Aws(AwsAction::Elb(ElbAction::ModifyCapacityReservation { .. })) => {
            stack.front.as_ref()?.capacity.as_ref()?.by.clone()
        }
        Action::Aws(AwsAction::Elb(ElbAction::ModifyListenerAttributes {
            port,
            attributes,
            ..
        })) => stack.front.as_ref()?.listeners.get(port)?.attributes.by_one(attributes).cloned(),
        Action::Aws(AwsAction::Elb(
            ElbAction::CreateRule { spec, .. } | ElbAction::ModifyRule { spec, .. },
        )) => of_rule(stack, spec),
        Action::Aws(_) | Action::Kube(_) => None,
    }
}

/// The one whose target groups a rule leads to. In a plan they may have ARNs already; the same rule
/// among the wishes has their handles.
fn of_rule(stack: &BalancerStack, rule: &Rule) -> Option<Source> {
    let listeners = stack.front.iter().flat_map(|front| front.listeners.values());
    let wished = listeners.flat_map(|listener| &listener.rules).map(|(rule, _)| rule);
    let same = wished.filter(|wished| wished.conditions == rule.conditions);
    let actions = same.chain([rule]).flat_map(|rule| &rule.actions);
    let mut groups = actions.flat_map(RuleAction::target_groups);
    groups.find_map(|weighted| of_id(&weighted.group))
}

fn of_id(id: &Id) -> Option<Source> {
    match id {
        Id::Of(handle) => of_handle(handle),
        Id::Is(_) => None,
    }
}

fn of_handle(handle: &Handle) -> Option<Source> {
    match handle {
        Handle::TargetGroup(_, key) => Some(key.backend.owner().clone()),
        Handle::BackendSecurityGroup
        | Handle::FrontendSecurityGroup(_)
        | Handle::FurtherSecurityGroup(..)
        | Handle::LoadBalancer(..)
        | Handle::Listener(..)
        | Handle::FrontendNlb(_)
        | Handle::FrontendNlbListener(..)
        | Handle::FrontendNlbTargetGroup(..)
        | Handle::Certificate(_) => None,
    }
}

/// What AWS says about a step that is not one member's alone, for any of them: without what names
/// somebody's things.
pub(super) fn without_arns(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(start) = rest.find("arn:") {
        let (before, arn) = rest.split_at(start);
        let is_end = |c: char| c.is_whitespace() || "'\"`,;()[]<>".contains(c);
        let end = arn.find(is_end).unwrap_or(arn.len());
        out.push_str(before);
        out.push_str("(ARN)");
        rest = &arn[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_left_out_wherever_they_stand() {
        let text = "Target group 'arn:aws:x:y:1:targetgroup/k8s-a/1' and arn:aws:z, too";
        assert_eq!(without_arns(text), "Target group '(ARN)' and (ARN), too");
        assert_eq!(without_arns("a warning: no"), "a warning: no");
        assert_eq!(without_arns("nothing of the kind"), "nothing of the kind");
    }
}
