//! The plan of a VPC's shared network.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::action::{Action, AwsAction, Ec2Action};
use crate::model::id::{AwsId, Handle, Id};
use crate::model::inventory::FabricInventory;
use crate::model::known::Known;
use crate::model::plan::{Plan, Reason, StepId, WaitKey};
use crate::model::security::{IngressRule, Peer};
use crate::model::settings::Settings;
use crate::model::stack::FabricStack;

use super::brakes;
use super::draft::Draft;
use super::security_group::{self, Exchange, Outgoing, Surplus};

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
        let description = settings.scope.rule_description();
        revoked = endpoint_rules(&mut draft, description, stack, inventory);
    } else {
        draft.note("rules of nodes and pods are left alone: they could not be read".to_owned());
    }
    if !stack.unbound.is_empty() {
        draft.note(format!(
            "what lets load balancers reach targets that no TargetGroupBinding keeps stays: those \
             of {}",
            brakes::list(stack.unbound.keys().map(ToString::to_string))
        ));
    }
    let may_go = stack.is_complete && stack.kept.is_empty() && stack.unbound.is_empty();
    if let (None, Some(live), true) = (&stack.backend, backend, may_go)
        && !is_asked_for(stack, &live.id)
    {
        let action = AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id: live.id.clone() });
        let gate = inventory.is_carried.then(|| WaitKey::Uncarried(live.id.clone()));
        draft.push_gated(Action::Aws(action), Reason::Unwanted, &revoked, gate);
    }
    draft.finish()
}

/// Whether a binding has nodes or pods let the backend security group in: AWS lets none go that a
/// rule names.
fn is_asked_for(stack: &FabricStack, backend: &AwsId) -> bool {
    let mut sources = stack.endpoint_rules.values().flatten().map(|rule| &rule.source);
    sources.any(|source| match source {
        Peer::Group(Id::Is(id)) => id == backend,
        Peer::Group(Id::Of(handle)) => *handle == Handle::BackendSecurityGroup,
        Peer::Cidr(_) | Peer::Cidr6(_) | Peer::PrefixList(_) => false,
    })
}

/// Whether a plan changes what nodes or pods let in.
#[must_use]
pub fn moves_rules(plan: &Plan) -> bool {
    use Ec2Action::{AuthorizeIngress, RevokeIngress};
    does(plan, |action| matches!(action, AuthorizeIngress { .. } | RevokeIngress { .. }))
}

/// Whether a plan takes away anything of the shared network.
#[must_use]
pub fn lets_less_in(plan: &Plan) -> bool {
    use Ec2Action::{DeleteSecurityGroup, RevokeIngress};
    does(plan, |action| matches!(action, DeleteSecurityGroup { .. } | RevokeIngress { .. }))
}

fn does(plan: &Plan, is_it: impl Fn(&Ec2Action) -> bool) -> bool {
    plan.steps.iter().any(|step| match &step.action {
        Action::Aws(AwsAction::Ec2(action)) => is_it(action),
        Action::Aws(_) | Action::Kube(_) => false,
    })
}

/// Lets load balancers reach nodes and pods, and no longer where nobody asks for it. Answers with
/// the steps that let less in.
fn endpoint_rules(
    draft: &mut Draft,
    description: &'static str,
    stack: &FabricStack,
    inventory: &FabricInventory,
) -> Vec<StepId> {
    let backend = inventory.backend.value().map(|live| &live.id);
    let nothing = BTreeSet::new();
    let live = inventory.endpoint_rules.value();
    let resolved = |rules: &BTreeSet<IngressRule>| {
        let resolved = rules.iter().cloned().map(|mut rule| {
            rule.visit_ids(&mut |id| resolve(id, backend));
            rule
        });
        resolved.collect::<BTreeSet<IngressRule>>()
    };
    let kept = resolved(&stack.kept);
    let stays = |rule: &IngressRule| {
        !stack.is_complete
            || stack.is_outgoing(rule)
            || stack.reaches_unbound(rule)
            || kept.iter().any(|kept| rule.covers(kept))
    };
    let standing = live.into_iter().flat_map(BTreeMap::keys);
    let groups: BTreeSet<&AwsId> = stack.endpoint_rules.keys().chain(standing).collect();
    let outgoing = groups.into_iter().map(|id| {
        let live = live.and_then(|live| live.get(id)).unwrap_or(&nothing);
        let others = inventory.other_rules.get(id).unwrap_or(&nothing);
        let wished = stack.endpoint_rules.get(id).map(resolved).unwrap_or_default();
        let (staying, unwanted): (BTreeSet<_>, BTreeSet<_>) =
            live.difference(&wished).cloned().partition(stays);
        let mut missing: BTreeSet<IngressRule> = wished.difference(live).cloned().collect();
        // A wider rule that stays lets the same in.
        missing.retain(|wish| !staying.iter().any(|standing| standing.covers(wish)));
        let exchange = Exchange {
            group: Id::Is(id.clone()),
            standing: live.union(others).cloned().collect(),
            missing,
            unwanted,
            description,
            reasons: (Reason::Missing, Reason::Unwanted),
        };
        exchange.authorize(draft)
    });
    let outgoing: Vec<Outgoing> = outgoing.collect();
    outgoing.into_iter().flat_map(|outgoing| outgoing.revoke(draft)).collect()
}

fn resolve(id: &mut Id, backend: Option<&AwsId>) {
    if let (Id::Of(Handle::BackendSecurityGroup), Some(given)) = (&*id, backend) {
        *id = Id::Is(given.clone());
    }
}
