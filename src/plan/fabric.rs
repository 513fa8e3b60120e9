//! The plan of a VPC's shared network.

use std::collections::BTreeSet;

use crate::model::action::{Action, AwsAction};
use crate::model::id::{AwsId, Handle, Id};
use crate::model::inventory::FabricInventory;
use crate::model::known::Known;
use crate::model::marks::DESCRIPTION_SHARED_RULE;
use crate::model::plan::{Plan, Reason, StepId, WaitKey};
use crate::model::security::IngressRule;
use crate::model::settings::Settings;
use crate::model::stack::FabricStack;

use super::draft::Draft;
use super::security_group::{self, Surplus};

/// Plans the shared network to its end state.
#[must_use]
pub fn plan(settings: &Settings, stack: &FabricStack, inventory: &FabricInventory) -> Plan {
    let mut draft = Draft::default();
    let handle = Handle::BackendSecurityGroup;
    let backend = inventory.backend.value();
    match (&stack.backend, &inventory.backend) {
        (Some(wish), Known::Absent(_)) => {
            security_group::create(&mut draft, handle.clone(), wish, &[]);
        }
        (Some(wish), Known::Is(live, _)) => {
            security_group::retag(&mut draft, settings, live, wish, Surplus::Remove);
        }
        (_, Known::Unread) | (None, Known::Absent(_) | Known::Is(..)) => {}
    }
    let mut revoked = Vec::new();
    if inventory.endpoint_rules.is_read() {
        revoked = endpoint_rules(&mut draft, stack, inventory);
    } else {
        draft.note("rules of nodes and pods are left alone: they could not be read".to_owned());
    }
    if let (None, Some(live), true) = (&stack.backend, backend, stack.is_complete) {
        let action = AwsAction::DeleteSecurityGroup { id: live.id.clone() };
        let gate = inventory.is_carried.then(|| WaitKey::Uncarried(live.id.clone()));
        draft.push_gated(Action::Aws(action), Reason::Unwanted, &revoked, gate);
    }
    draft.finish()
}

/// Whether a plan changes what nodes or pods let in.
#[must_use]
pub fn moves_rules(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| match &step.action {
        Action::Aws(AwsAction::AuthorizeIngress { .. } | AwsAction::RevokeIngress { .. }) => true,
        Action::Aws(_) | Action::Kube(_) => false,
    })
}

/// Lets load balancers reach nodes and pods, and no longer where nobody asks for it. Answers with
/// the steps that let less in.
fn endpoint_rules(
    draft: &mut Draft,
    stack: &FabricStack,
    inventory: &FabricInventory,
) -> Vec<StepId> {
    let backend = inventory.backend.value().map(|live| &live.id);
    let nothing = BTreeSet::new();
    let live = inventory.endpoint_rules.value();
    let live_of = |id: &AwsId| live.and_then(|live| live.get(id)).unwrap_or(&nothing);
    for (id, wished) in &stack.endpoint_rules {
        let wished = wished.iter().cloned().map(|mut rule| {
            rule.visit_ids(&mut |id| resolve(id, backend));
            rule
        });
        let missing: BTreeSet<IngressRule> =
            wished.filter(|rule| !live_of(id).contains(rule)).collect();
        if !missing.is_empty() {
            let action = AwsAction::AuthorizeIngress {
                group: Id::Is(id.clone()),
                rules: missing,
                description: DESCRIPTION_SHARED_RULE.to_owned(),
            };
            draft.push(Action::Aws(action), Reason::Missing, &[]);
        }
    }
    let mut steps = Vec::new();
    if !stack.is_complete {
        return steps;
    }
    for (id, live) in live.into_iter().flatten() {
        let mut wished = stack.endpoint_rules.get(id).cloned().unwrap_or_default();
        wished = wished
            .into_iter()
            .map(|mut rule| {
                rule.visit_ids(&mut |id| resolve(id, backend));
                rule
            })
            .collect();
        let surplus: BTreeSet<IngressRule> = live.difference(&wished).cloned().collect();
        if !surplus.is_empty() {
            let action = AwsAction::RevokeIngress {
                group: Id::Is(id.clone()),
                rules: surplus,
                description: DESCRIPTION_SHARED_RULE.to_owned(),
            };
            steps.push(draft.push(Action::Aws(action), Reason::Unwanted, &[]));
        }
    }
    steps
}

fn resolve(id: &mut Id, backend: Option<&AwsId>) {
    if let (Id::Of(Handle::BackendSecurityGroup), Some(given)) = (&*id, backend) {
        *id = Id::Is(given.clone());
    }
}
