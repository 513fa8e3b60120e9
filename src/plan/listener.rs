//! Steps for listeners and their certificates.

use std::collections::BTreeMap;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::id::{Handle, Id, Slot};
use crate::model::inventory::{LiveListener, LiveLoadBalancer};
use crate::model::listener::{Listener, Protocol};
use crate::model::plan::{Reason, StepId};
use crate::model::rule::{RuleAction, actions_satisfy};
use crate::model::settings::Settings;
use crate::model::stack::{BalancerStack, Front, WishedListener};

use super::check;
use super::draft::Draft;
use super::kept::Owners;
use super::load_balancer::push_tags;
use super::replacement::{Interim, Replacement};
use super::rule;
use super::security_group::Surplus;
use super::settle::load_balancer_handle;
use super::tags::{Legacy, difference};

/// The steps for listeners that others come after.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Those that move traffic: what they lead away from may only go after them.
    pub traffic: Vec<StepId>,
    /// Those that remove a listener, by its port.
    pub removed: BTreeMap<u16, StepId>,
}

/// Brings the listeners of a load balancer into line, and the rules of each. A listener goes after
/// those that take its requests.
pub fn plan(
    draft: &mut Draft,
    settings: &Settings,
    front: &Front,
    replacement: &Replacement<'_, '_>,
    surplus: Surplus,
) -> Listeners {
    let Replacement { stack, settled, extent, .. } = *replacement;
    let live_listeners: Vec<&LiveListener> =
        settled.load_balancer.iter().flat_map(|live| live.listeners.iter()).collect();
    let mut traffic = Vec::new();
    for (port, wished) in &front.listeners {
        let wished = resolved(wished, replacement);
        match live_listeners.iter().find(|live| live.port == *port) {
            None => create(draft, settings, stack, settled.load_balancer, *port, &wished),
            Some(live) => {
                update(draft, settings, live, &wished, surplus, &mut traffic);
                let room = room(settled.load_balancer);
                let owners = Owners { stack, settled, extent };
                let rules = rule::Rules { settings, stack, port: *port, surplus, room, owners };
                traffic.extend(rules.update(draft, live, &wished.rules));
            }
        }
    }
    let mut removed = BTreeMap::new();
    if surplus == Surplus::Remove {
        for live in live_listeners {
            if !front.listeners.contains_key(&live.port) {
                let takers = check::takers_of_listener(draft.steps(), live);
                let action = Action::Aws(AwsAction::Elb(ElbAction::DeleteListener {
                    id: live.live.id.clone(),
                }));
                let step = draft.remove_after(action, Reason::Unwanted, &takers);
                removed.insert(live.port, step);
                traffic.push(step);
            }
        }
    }
    Listeners { traffic, removed }
}

/// The most rules of a load balancer, default rules not counted (AWS quota).
const RULES_MAX: usize = 100;

/// How many more rules a load balancer may get before AWS refuses them.
fn room(live: Option<&LiveLoadBalancer>) -> usize {
    let listeners = live.iter().flat_map(|live| live.listeners.iter());
    RULES_MAX.saturating_sub(listeners.map(|listener| listener.rules.len()).sum())
}

/// A listener as wished for, in which things that stand have their identifiers.
struct Wished {
    listener: Listener,
    /// What its default actions should be until then.
    interim: Option<Interim>,
    rules: Vec<rule::Wished>,
}

fn resolved(wished: &WishedListener, replacement: &Replacement<'_, '_>) -> Wished {
    let resolve = |actions: &mut Vec<RuleAction>| {
        for action in actions.iter_mut() {
            action.visit_ids(&mut |id| replacement.settled.resolve(id));
        }
        replacement.interim(actions)
    };
    let mut listener = wished.listener.clone();
    let interim = resolve(&mut listener.default_actions);
    let rules = wished.rules.iter().map(|(rule, tags)| {
        let (mut rule, tags) = (rule.clone(), tags.clone());
        let interim = resolve(&mut rule.actions);
        rule::Wished { rule, tags, interim }
    });
    Wished { listener, interim, rules: rules.collect() }
}

fn create(
    draft: &mut Draft,
    settings: &Settings,
    stack: &BalancerStack,
    live: Option<&LiveLoadBalancer>,
    port: u16,
    wished: &Wished,
) {
    let handle = Handle::Listener(stack.group.clone(), Slot::default(), port);
    let load_balancer = match live {
        Some(live) => Id::Is(live.live.id.clone()),
        None => Id::Of(load_balancer_handle(&stack.group)),
    };
    let spec = wished.listener.clone();
    let action = AwsAction::Elb(ElbAction::CreateListener {
        handle: handle.clone(),
        load_balancer,
        port,
        spec,
    });
    draft.push(Action::Aws(action), Reason::Missing, &[]);
    for certificate in &wished.listener.certificates {
        let listener = Id::Of(handle.clone());
        let certificate = certificate.clone();
        let action = AwsAction::Elb(ElbAction::AddListenerCertificate { listener, certificate });
        draft.push(Action::Aws(action), Reason::Missing, &[]);
    }
    rule::create_all(draft, settings, stack, port, &wished.rules);
}

fn update(
    draft: &mut Draft,
    settings: &Settings,
    live: &LiveListener,
    wished: &Wished,
    surplus: Surplus,
    traffic: &mut Vec<StepId>,
) {
    let id = &live.live.id;
    let wish = &wished.listener;
    // While somebody's wishes are unknown, what stands may be what they wish for.
    let changed = match surplus {
        Surplus::Remove => modify(draft, live, wished, traffic),
        Surplus::Keep => None,
    };
    if wish.protocol == Protocol::Https {
        certificates(draft, live, wish, surplus, changed);
    }
    let mut tags = difference(settings, Legacy::Unknown, &live.live.spec.tags, &wish.tags);
    if surplus == Surplus::Keep {
        tags.remove.clear();
    }
    push_tags(draft, id, tags, &[]);
}

/// Makes a listener what is wished for; where its default actions have to wait, all but these
/// first. Answers with the step that changes all but these.
fn modify(
    draft: &mut Draft,
    live: &LiveListener,
    wished: &Wished,
    traffic: &mut Vec<StepId>,
) -> Option<StepId> {
    let (id, port) = (&live.live.id, live.port);
    let reason =
        |fields: Vec<&str>| Reason::Differs(fields.into_iter().map(str::to_owned).collect());
    let done = &live.live.spec.default_actions;
    let wish = &wished.listener;
    let waiting = wished.interim.as_ref().filter(|_| !actions_satisfy(done, &wish.default_actions));
    let mut now = wish.clone();
    if let Some(interim) = waiting {
        now.default_actions.clone_from(&interim.actions);
    }
    let fields = now.differences(&live.live.spec);
    let changed = (!fields.is_empty()).then(|| {
        let action =
            AwsAction::Elb(ElbAction::ModifyListener { id: id.clone(), port, spec: now.clone() });
        draft.push(Action::Aws(action), reason(fields), &[])
    });
    traffic.extend(changed);
    if let Some(interim) = waiting {
        let action =
            AwsAction::Elb(ElbAction::ModifyListener { id: id.clone(), port, spec: wish.clone() });
        let (after, gate) = (traffic.clone(), Some(interim.gate.clone()));
        let reason = reason(wish.differences(&now));
        traffic.push(draft.push_gated(Action::Aws(action), reason, &after, gate));
    }
    changed
}

/// Certificates go once the new ones are there and the default one is what it should be.
fn certificates(
    draft: &mut Draft,
    live: &LiveListener,
    wish: &Listener,
    surplus: Surplus,
    changed: Option<StepId>,
) {
    let standing = &live.live.spec.certificates;
    let mut added: Vec<StepId> = changed.into_iter().collect();
    for certificate in wish.certificates.difference(standing) {
        let action = AwsAction::Elb(ElbAction::AddListenerCertificate {
            listener: Id::Is(live.live.id.clone()),
            certificate: certificate.clone(),
        });
        added.push(draft.push(Action::Aws(action), Reason::Missing, &[]));
    }
    if surplus == Surplus::Keep {
        return;
    }
    for certificate in standing.difference(&wish.certificates) {
        let Some(certificate) = certificate.given().cloned() else { continue };
        let listener = live.live.id.clone();
        let action = AwsAction::Elb(ElbAction::RemoveListenerCertificate { listener, certificate });
        draft.remove_after(Action::Aws(action), Reason::Unwanted, &added);
    }
}
