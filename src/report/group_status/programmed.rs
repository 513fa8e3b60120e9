//! Whether a group's load balancer is set up as its members ask for.

use super::{GroupLook, Said, current, is_read, told, unread};
use crate::model::ingress_group::Truth;
use crate::model::inventory::BalancerInventory;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::problem::{Kind, Severity};
use crate::model::subject::SubjectKind;
use crate::report::topology::Remainder;
use crate::report::{Hold, PendingStep};

/// The sign of a step that removes something.
const REMOVES: char = '-';

fn is_of_balancer(one: &Remainder) -> bool {
    one.subject.kind() == SubjectKind::Balancer
}

pub(super) fn said(look: &GroupLook, inventory: &BalancerInventory) -> Said {
    if let Some(error) = unread(look, is_of_balancer) {
        return Said::unread("AWS", error);
    }
    if !is_read(inventory) {
        return Said::early("the load balancer");
    }
    let errors = || {
        let all = look.complaints.iter();
        all.filter(|one| one.object.kind == Kind::Ingress && one.said.severity == Severity::Error)
    };
    if let Some(first) = errors().next() {
        let count = errors().count();
        let message = match count {
            1 => told(first),
            _ => format!("{}; and {} more that `status.problems` lists", told(first), count - 1),
        };
        return Said::new(Truth::False, first.said.reason.clone(), message);
    }
    let Some(current) = current(inventory) else {
        let message = "no load balancer stands; `status.problems` and the Events of the Ingresses \
                       say what is missing";
        return Said::new(Truth::False, "NoLoadBalancer", message);
    };
    let name = &current.live.spec.name;
    match current.state {
        LoadBalancerState::Provisioning => {
            let message = format!("{name} is being set up by AWS, which takes a few minutes");
            return Said::new(Truth::False, "Provisioning", message);
        }
        LoadBalancerState::Failed => {
            let message = format!(
                "AWS could not set up {name}: look at its state in the console of EC2; often a \
                 subnet has no free addresses"
            );
            return Said::new(Truth::False, "Failed", message);
        }
        LoadBalancerState::Active => {}
    }
    let left = look.remainders.iter().filter(|one| is_of_balancer(one));
    let (steps, count) = left.fold((Vec::new(), 0), |(mut steps, count), one| {
        steps.extend(&one.left.steps);
        (steps, count + one.left.count)
    });
    let failed = steps.iter().find(|step| matches!(step.hold, Hold::Failed(_)));
    let awaited = steps.iter().find(|step| step.sign != REMOVES);
    match failed.or(awaited) {
        Some(step) => {
            let is_failed = failed.is_some();
            let reason = if is_failed { "StepFailed" } else { "StepsLeft" };
            let message = format!("{count} steps are left, among them {}", of_step(step));
            Said::new(Truth::False, reason, message)
        }
        None if count > 0 => {
            let message = format!(
                "everything that is asked for is set up; {count} removals wait until nobody needs \
                 what they remove"
            );
            Said::new(Truth::True, "RemovalsLeft", message)
        }
        None => Said::new(Truth::True, "Programmed", "everything that is asked for is set up"),
    }
}

fn of_step(step: &PendingStep) -> String {
    let PendingStep { sign, what, hold, .. } = step;
    match hold {
        Hold::Waits(gate) => format!("{sign} {what}, which waits for {gate}"),
        Hold::Failed(answer) => format!("{sign} {what}, which failed: {answer}"),
        Hold::Held => format!("{sign} {what}, which comes after others"),
    }
}
