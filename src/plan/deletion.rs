//! Load balancers that are protected against deletion: that is found out before anything of a
//! removal is done, and never changed here.

use crate::model::id::AwsId;
use crate::model::inventory::{BalancerInventory, LiveLoadBalancer};
use crate::model::plan::{Plan, WaitKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::snapshot::Extent;
use crate::model::stack::BalancerStack;

/// The attribute that protects a load balancer against deletion (AWS).
const ATTRIBUTE: &str = "deletion_protection.enabled";

/// Whether a load balancer is protected, or may be.
pub(super) fn is_protected(live: &LiveLoadBalancer) -> bool {
    let attributes = live.attributes.value();
    attributes.is_none_or(|found| found.get(ATTRIBUTE).is_some_and(|value| value == "true"))
}

/// Tells those that a removal is for that the load balancer is protected.
pub(super) fn protected(stack: &BalancerStack, id: &AwsId) -> Vec<Problem> {
    let found = format!("{ATTRIBUTE}=true on {id}, which nobody wants any more");
    let allowed = format!("false, which a person sets in AWS: {ATTRIBUTE} of that load balancer");
    let stays = "it stays as it is, with its rules, targets and names, and so does the Ingress";
    told(stack, Code::DeletionProtected, ["deletion protection", &found, &allowed], [stays, ""])
}

/// Tells them of names that somebody else keeps, or may keep.
pub(super) fn named_by_others(stack: &BalancerStack, name: &AwsId) -> Vec<Problem> {
    let found = format!(
        "some of another owner, or for an Ingress of another controller, that lead to {name}, \
         which nobody wants any more"
    );
    let allowed = "none: whoever keeps them withdraws them; where they were made by this \
                   controller under another owner id, start it with that again";
    let texts = ["records in Route 53", &found, allowed];
    let stays = ["it stays, and so does the Ingress", ", for an hour at most"];
    told(stack, Code::NamedByAnother, texts, stays)
}

/// Tells those that a removal is for what holds it up, and until when: who leaves, with what stays
/// of theirs, or else the first who stays.
fn told(
    stack: &BalancerStack,
    code: Code,
    [field, found, allowed]: [&str; 3],
    [stays, until]: [&str; 2],
) -> Vec<Problem> {
    let (members, stays) = if stack.front.is_none() {
        (&*stack.leaving, stays)
    } else {
        let first = stack.active.get(..1).unwrap_or_default();
        (first, "it stays beside the one that has taken its place")
    };
    let problem = |member| Problem {
        code,
        severity: Severity::Warning,
        object: ObjectRef::of(member),
        field: field.to_owned(),
        found: found.to_owned(),
        allowed: allowed.to_owned(),
        meanwhile: format!("{stays}{until}"),
    };
    members.iter().map(problem).collect()
}

/// The load balancers of a group that nobody wants and of which it has to be known whether they are
/// protected.
#[must_use]
pub fn going(extent: &Extent, stack: &BalancerStack, inventory: &BalancerInventory) -> Vec<AwsId> {
    let settled = super::settle::settled(extent, stack, inventory);
    let all = settled.surplus_load_balancers.iter().chain(&settled.nlb.surplus);
    all.map(|live| live.live.id.clone()).collect()
}

/// Whether a plan leaves a whole group as it is because its load balancer is protected: then its
/// names stay, too.
#[must_use]
pub fn holds_up(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step.gate, Some(WaitKey::Protected(_))))
}
