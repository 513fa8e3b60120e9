//! Steps for listeners and their certificates.

use crate::model::action::{Action, AwsAction};
use crate::model::id::{Handle, Id, Slot};
use crate::model::inventory::{LiveListener, LiveLoadBalancer};
use crate::model::listener::{Listener, Protocol};
use crate::model::plan::{Reason, StepId};
use crate::model::settings::Settings;
use crate::model::stack::{BalancerStack, Front, WishedListener};

use super::draft::Draft;
use super::kept::Owners;
use super::load_balancer::push_tags;
use super::rule;
use super::security_group::Surplus;
use super::settle::{Settled, load_balancer_handle};
use super::tags::{Legacy, difference};

/// Brings the listeners of a load balancer into line, and the rules of each. Answers with the steps
/// that move traffic: what they lead away from may only go after them.
pub fn plan(
    draft: &mut Draft,
    settings: &Settings,
    stack: &BalancerStack,
    front: &Front,
    settled: &Settled<'_>,
    surplus: Surplus,
) -> Vec<StepId> {
    let live_listeners: Vec<&LiveListener> =
        settled.load_balancer.iter().flat_map(|live| live.listeners.iter()).collect();
    let mut traffic = Vec::new();
    if surplus == Surplus::Remove {
        for live in &live_listeners {
            if !front.listeners.contains_key(&live.port) {
                let action = AwsAction::DeleteListener { id: live.live.id.clone() };
                traffic.push(draft.push(Action::Aws(action), Reason::Unwanted, &[]));
            }
        }
    }
    for (port, wished) in &front.listeners {
        let wished = resolved(wished, settled);
        match live_listeners.iter().find(|live| live.port == *port) {
            None => create(draft, settings, stack, settled.load_balancer, *port, &wished),
            Some(live) => {
                update(draft, settings, live, &wished.listener, surplus, &mut traffic);
                let room = room(settled.load_balancer);
                let owners = Owners { stack, settled };
                let rules = rule::Rules { settings, stack, port: *port, surplus, room, owners };
                traffic.extend(rules.update(draft, live, &wished.rules));
            }
        }
    }
    traffic
}

/// The most rules of a load balancer, default rules not counted (AWS quota).
const RULES_MAX: usize = 100;

/// How many more rules a load balancer may get before AWS refuses them.
fn room(live: Option<&LiveLoadBalancer>) -> usize {
    let listeners = live.iter().flat_map(|live| live.listeners.iter());
    RULES_MAX.saturating_sub(listeners.map(|listener| listener.rules.len()).sum())
}

fn resolved(wished: &WishedListener, settled: &Settled<'_>) -> WishedListener {
    let mut wished = wished.clone();
    let of_listener = wished.listener.default_actions.iter_mut();
    let of_rules = wished.rules.iter_mut().flat_map(|(rule, _)| &mut rule.actions);
    for action in of_listener.chain(of_rules) {
        action.visit_ids(&mut |id| settled.resolve(id));
    }
    wished
}

fn create(
    draft: &mut Draft,
    settings: &Settings,
    stack: &BalancerStack,
    live: Option<&LiveLoadBalancer>,
    port: u16,
    wished: &WishedListener,
) {
    let handle = Handle::Listener(stack.group.clone(), Slot::default(), port);
    let load_balancer = match live {
        Some(live) => Id::Is(live.live.id.clone()),
        None => Id::Of(load_balancer_handle(&stack.group)),
    };
    let spec = wished.listener.clone();
    let action = AwsAction::CreateListener { handle: handle.clone(), load_balancer, port, spec };
    draft.push(Action::Aws(action), Reason::Missing, &[]);
    for certificate in &wished.listener.certificates {
        let listener = Id::Of(handle.clone());
        let certificate = certificate.clone();
        let action = AwsAction::AddListenerCertificate { listener, certificate };
        draft.push(Action::Aws(action), Reason::Missing, &[]);
    }
    rule::create_all(draft, settings, stack, port, &wished.rules);
}

fn update(
    draft: &mut Draft,
    settings: &Settings,
    live: &LiveListener,
    wish: &Listener,
    surplus: Surplus,
    traffic: &mut Vec<StepId>,
) {
    let id = &live.live.id;
    let fields = wish.differences(&live.live.spec);
    // While somebody's wishes are unknown, what stands may be what they wish for.
    if !fields.is_empty() && surplus == Surplus::Remove {
        let reason = Reason::Differs(fields.into_iter().map(str::to_owned).collect());
        let spec = wish.clone();
        let action = AwsAction::ModifyListener { id: id.clone(), port: live.port, spec };
        traffic.push(draft.push(Action::Aws(action), reason, &[]));
    }
    if wish.protocol == Protocol::Https {
        certificates(draft, live, wish, surplus);
    }
    let mut tags = difference(settings, Legacy::Unknown, &live.live.spec.tags, &wish.tags);
    if surplus == Surplus::Keep {
        tags.remove.clear();
    }
    push_tags(draft, id, tags, &[]);
}

fn certificates(draft: &mut Draft, live: &LiveListener, wish: &Listener, surplus: Surplus) {
    let standing = &live.live.spec.certificates;
    let mut added = Vec::new();
    for certificate in wish.certificates.difference(standing) {
        let action = AwsAction::AddListenerCertificate {
            listener: Id::Is(live.live.id.clone()),
            certificate: certificate.clone(),
        };
        added.push(draft.push(Action::Aws(action), Reason::Missing, &[]));
    }
    if surplus == Surplus::Keep {
        return;
    }
    for certificate in standing.difference(&wish.certificates) {
        let Some(certificate) = certificate.given().cloned() else { continue };
        let listener = live.live.id.clone();
        let action = AwsAction::RemoveListenerCertificate { listener, certificate };
        draft.push(Action::Aws(action), Reason::Unwanted, &added);
    }
}
