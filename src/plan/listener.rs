//! Steps for listeners and their certificates.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::action::{Action, AwsAction, ElbAction};
use crate::model::attribute;
use crate::model::id::{Handle, Id, Slot};
use crate::model::inventory::LiveListener;
use crate::model::listener::{Listener, Protocol};
use crate::model::load_balancer::Attributes;
use crate::model::plan::{Reason, StepId};
use crate::model::rule::{Rule, RuleAction, actions_satisfy};
use crate::model::settings::Settings;
use crate::model::stack::{Front, Numbering, WishedListener};

use super::alike::{beside, pieces};
use super::attributes::differing;
use super::client_secret::ClientSecrets;
use super::draft::Draft;
use super::frontend_nlb;
use super::kept::Owners;
use super::replacement::{Interim, Replacement};
use super::room::Room;
use super::rule;
use super::security_group::Surplus;
use super::settle::load_balancer_handle;
use super::switch::Before;
use super::tags::{Legacy, difference, push_tags};
use super::takers;

/// The steps for listeners that others come after.
#[derive(Debug, Default)]
pub struct Listeners {
    /// Those that move traffic: what they lead away from may only go after them.
    pub traffic: Vec<StepId>,
    /// Those that remove a listener, by its port.
    pub removed: BTreeMap<u16, StepId>,
}

/// Brings the listeners of a load balancer into line, and the rules of each. What comes is planned
/// first, on every listener: a rule or a listener goes after those that take its requests.
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
    let live_at = |port: u16| live_listeners.iter().copied().find(|live| live.port == port);
    let secrets = Rc::new(ClientSecrets::of(stack, &replacement.inventory.remembered.memory));
    let resolved = |(port, wished): (&u16, &WishedListener)| {
        let wished = resolved(draft, wished, live_at(*port), replacement, &secrets);
        (*port, live_at(*port), wished)
    };
    let wished: Vec<(u16, Option<&LiveListener>, Wished)> =
        front.listeners.iter().map(resolved).collect();
    let owners = Owners { stack, settled, extent };
    let mut standing: Vec<Standing<'_>> = Vec::new();
    for (_, live, wished) in &wished {
        let Some(live) = *live else { continue };
        let numbering = wished.numbering;
        let rules = rule::Rules { settings, stack, live, numbering, surplus, owners };
        standing.push(Standing { live, wished, pairing: rules.pair(&wished.rules), rules });
    }
    let coming = wished.iter().filter(|(_, live, _)| live.is_none());
    let coming = coming.map(|(_, _, wished)| wished.rules.len());
    let coming = coming.chain(standing.iter().map(|one| one.pairing.missing())).sum();
    let mut room = Room::of(&live_listeners);
    for Standing { live, pairing, .. } in &mut standing {
        let lacking = room.lacking(coming);
        room.make(live, pairing.make_room(lacking));
    }
    let moved = standing.iter().map(|one| rule::Rules::reorder(draft, &one.pairing));
    let moved: Vec<Vec<StepId>> = moved.collect();
    for (port, live, wished) in &wished {
        if live.is_none() {
            create(draft, settings, replacement, (*port, wished), &mut room);
        }
    }
    let mut traffic = Vec::new();
    for (Standing { live, wished, pairing, rules }, moved) in standing.iter().zip(&moved) {
        update(draft, settings, live, wished, surplus, &mut traffic);
        traffic.extend(rules.update(draft, pairing, moved, &mut room));
    }
    traffic.extend(room.made());
    for (Standing { pairing, rules, .. }, moved) in standing.iter().zip(&moved) {
        traffic.extend(rules.remove(draft, pairing, moved));
    }
    for (Standing { pairing, rules, .. }, moved) in standing.iter().zip(&moved) {
        rules.retag(draft, pairing, moved);
    }
    traffic.extend(frontend_nlb::plan(draft, settings, replacement, surplus));
    let unwanted = live_listeners
        .iter()
        .filter(|live| surplus == Surplus::Remove && !front.listeners.contains_key(&live.port));
    let removed: BTreeMap<u16, StepId> =
        unwanted.map(|live| (live.port, remove(draft, replacement, live))).collect();
    traffic.extend(removed.values());
    Listeners { traffic, removed }
}

/// A listener that stands, and what is wished for at its port.
struct Standing<'a> {
    live: &'a LiveListener,
    wished: &'a Wished,
    pairing: rule::Pairing<'a>,
    rules: rule::Rules<'a>,
}

fn remove(draft: &mut Draft, replacement: &Replacement<'_, '_>, live: &LiveListener) -> StepId {
    let mut takers = takers::takers_of_listener(draft.steps(), live);
    let Replacement { inventory, settled, .. } = *replacement;
    let of = settled.load_balancer.map(|load_balancer| &load_balancer.live.id);
    let releasing = |id| frontend_nlb::releasing(draft.steps(), inventory, id, Some(live.port));
    takers.extend(of.map(releasing).into_iter().flatten());
    let action =
        Action::Aws(AwsAction::Elb(ElbAction::DeleteListener { id: live.live.id.clone() }));
    draft.remove_after(action, Reason::Unwanted, &takers)
}

/// A listener as wished for, in which things that stand have their identifiers.
struct Wished {
    listener: Listener,
    attributes: Attributes,
    /// What its default actions should be until then.
    interim: Option<Interim>,
    rules: Vec<rule::Wished>,
    /// Which priorities these have.
    numbering: Numbering,
    /// The secrets with which its default actions log in.
    secrets: Rc<ClientSecrets>,
}

fn resolved(
    draft: &mut Draft,
    wished: &WishedListener,
    live: Option<&LiveListener>,
    replacement: &Replacement<'_, '_>,
    secrets: &Rc<ClientSecrets>,
) -> Wished {
    let mut listener = beside(wished, live);
    listener.default_actions = replacement.resolved(&listener.default_actions);
    let default = live.map(|live| live.live.spec.default_actions.as_slice());
    let default = replacement
        .interim(draft, &listener.default_actions)
        .or_else(|| replacement.switch(draft, default?, &listener.default_actions));
    let wishes = wished.rules.iter().map(|(rule, _)| rule).collect();
    let standing = live.map(|live| live.rules.iter().map(|live| &live.rule).collect());
    let rules = wished.rules.iter().enumerate().flat_map(|(index, (rule, tags))| {
        let actions = replacement.resolved(&rule.actions);
        let standing = live.map(|live| live.rules.as_slice()).unwrap_or_default();
        let rules = pieces(Rule { actions, ..rule.clone() }, standing);
        rules.into_iter().map(move |rule| (rule, index, tags))
    });
    // With room between priorities, what comes above moves nothing.
    let above = match wished.numbering {
        Numbering::Dense => u32::try_from(wished.answers).ok(),
        Numbering::Sparse => Some(0),
    };
    let rules = rules.enumerate().map(|(place, (rule, index, tags))| {
        let interim = replacement.interim(draft, &rule.actions);
        let before = Before { wishes: &wishes, place: index };
        let switch = || replacement.switch_rule(draft, standing.as_ref()?, &rule, before);
        let interim = interim.or_else(switch);
        let below = above.filter(|_| place >= wished.answers);
        rule::Wished { rule, tags: tags.clone(), interim, secrets: Rc::clone(secrets), below }
    });
    let rules = rules.collect();
    let attributes = wished.attributes.values.clone();
    let (numbering, secrets) = (wished.numbering, Rc::clone(secrets));
    Wished { listener, attributes, interim: default, rules, numbering, secrets }
}

fn create(
    draft: &mut Draft,
    settings: &Settings,
    replacement: &Replacement<'_, '_>,
    (port, wished): (u16, &Wished),
    room: &mut Room<'_>,
) {
    let stack = replacement.stack;
    let handle = Handle::Listener(stack.group.clone(), Slot::default(), port);
    let load_balancer = match replacement.settled.load_balancer {
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
    set_attributes(draft, &Id::Of(handle.clone()), port, wished, &wished.attributes);
    for certificate in &wished.listener.certificates {
        let listener = Id::Of(handle.clone());
        let certificate = certificate.clone();
        let action = AwsAction::Elb(ElbAction::AddListenerCertificate { listener, certificate });
        draft.push(Action::Aws(action), Reason::Missing, &[]);
    }
    let new = rule::NewRules { settings, stack, port, numbering: wished.numbering };
    new.create(draft, &wished.rules, room);
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
    if let Some(attributes) = live.attributes.value() {
        let attributes = differing(attributes, &wished.attributes);
        set_attributes(draft, &Id::Is(id.clone()), live.port, wished, &attributes);
    }
    if wish.protocol == Protocol::Https {
        certificates(draft, live, wish, surplus, changed);
    }
    let mut tags = difference(settings, Legacy::Unknown, &live.live.spec.tags, &wish.tags);
    if surplus == Surplus::Keep {
        tags.remove.clear();
    }
    push_tags(draft, id, tags, &[]);
}

fn set_attributes(
    draft: &mut Draft,
    listener: &Id,
    port: u16,
    wished: &Wished,
    attributes: &Attributes,
) {
    let documented = attribute::of_listener(wished.listener.protocol);
    for attributes in attribute::calls(attributes, documented) {
        let reason = Reason::Differs(attributes.keys().map(ToString::to_string).collect());
        let listener = listener.clone();
        let action =
            AwsAction::Elb(ElbAction::ModifyListenerAttributes { listener, port, attributes });
        draft.push(Action::Aws(action), reason, &[]);
    }
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
    let mut fields = now.differences(&live.live.spec);
    if wished.secrets.has_changed(&now.default_actions) {
        fields.push("client secret");
    }
    let mut wish = wish.clone();
    for actions in [&mut now.default_actions, &mut wish.default_actions] {
        wished.secrets.leave_out(actions, done);
    }
    let changed = (!fields.is_empty()).then(|| {
        let sends_away =
            now.default_actions.iter().any(|action| matches!(action, RuleAction::Redirect(_)));
        let before =
            if sends_away { takers::makers_of_listeners(draft.steps()) } else { Vec::new() };
        let action =
            AwsAction::Elb(ElbAction::ModifyListener { id: id.clone(), port, spec: now.clone() });
        draft.push(Action::Aws(action), reason(fields), &before)
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

/// Certificates go once the new ones are there and the default one is what it should be. Whether
/// that one is also among those chosen by host decides nothing where it stays: LBC before 3.4.1
/// left it out, and nobody adds it to what that one made.
fn certificates(
    draft: &mut Draft,
    live: &LiveListener,
    wish: &Listener,
    surplus: Surplus,
    changed: Option<StepId>,
) {
    let standing = &live.live.spec.certificates;
    let mut added: Vec<StepId> = changed.into_iter().collect();
    let default = live.live.spec.default_certificate.as_ref();
    let stays = default.filter(|default| wish.default_certificate.as_ref() == Some(*default));
    let missing = wish.certificates.difference(standing).filter(|one| Some(*one) != stays);
    for certificate in missing {
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
