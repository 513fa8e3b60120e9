//! The plan of an Ingress group.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::action::{Action, AwsAction, Ec2Action, ElbAction, KubeAction};
use crate::model::binding::Binding;
use crate::model::id::{AwsId, Handle};
use crate::model::inventory::{BalancerInventory, LiveLoadBalancer};
use crate::model::marks::ANNOTATION_ACCEPT_REMOVALS;
use crate::model::memory::{Entry, Memory, Remembered};
use crate::model::plan::{Plan, Reason, StepId, WaitKey};
use crate::model::problem::ObjectRef;
use crate::model::rule::RuleAction;
use crate::model::settings::Settings;
use crate::model::snapshot::Extent;
use crate::model::source::Source;
use crate::model::stack::{BalancerStack, Braked, Front};

use super::brakes;
use super::claims::claim;
use super::client_secret::ClientSecrets;
use super::draft::Draft;
use super::given::Lapsed;
use super::kept::Owners;
use super::replacement::Replacement;
use super::security_group::{self, Surplus};
use super::settle::{Settled, settle, settled, surplus};
use super::{entrance, frontend_nlb, listener, load_balancer, room, spread, takers, target_group};

pub use super::load_balancer::outgoing;

/// How many target groups are looked at in one visit because bindings with the group's labels name
/// them: whoever makes many such bindings holds up nobody for long.
const STRAYS_MAX: usize = 20;

/// Plans a group to its end state.
///
/// First whatever takes nothing away: claims, the security group, target groups with their
/// bindings, the load balancer, listeners and rules. What nobody wants goes when nothing leads to
/// it any more, and last of all leaving members are released.
#[must_use]
pub fn plan(
    settings: &Settings,
    extent: &Extent,
    stack: &BalancerStack,
    inventory: &BalancerInventory,
    over: &BTreeSet<WaitKey>,
) -> Plan {
    let mut draft = Draft::default();
    if !extent.may_show(&stack.group) {
        draft.note("nothing is planned: the group's namespace is not looked at".to_owned());
        return draft.finish();
    }
    let is_read = inventory.load_balancers.is_read()
        && inventory.target_groups.is_read()
        && inventory.security_groups.is_read();
    if !is_read {
        draft.note("nothing is planned: what stands in AWS could not be read".to_owned());
        return draft.finish();
    }
    let surplus = surplus(extent, stack);
    if surplus == Surplus::Keep {
        draft.note(
            "what stands and nobody explains is left alone: not every member of the group is known"
                .to_owned(),
        );
    }
    say_what_is_braked(&mut draft, stack);
    let settled = settle(stack, inventory, surplus);
    let known = &inventory.remembered.memory;
    let lapsed = Lapsed::of(stack, &settled, &known.given, surplus);
    let stack = &*lapsed.over(stack);
    let grace = stack.grace;
    let replacement = Replacement { stack, inventory, settled: &settled, extent, over, grace };
    replacement.held_up().into_iter().for_each(|problem| draft.refuse(problem));
    replacement.expect_replacements(&mut draft);
    replacement.expect_followers(&mut draft);
    replacement.expect_evictions(&mut draft);
    let mut memory = memory(stack, &settled);
    memory.given.clone_from(&lapsed.before);
    let secrets = ClientSecrets::of(stack, known);
    memory.client_secrets = secrets.before(&known.client_secrets, surplus);
    let Noted { leftovers, standing } =
        remember(&mut draft, extent, stack, &inventory.remembered, &memory);
    let mut before = Before::default();
    if let Some(front) = &stack.front {
        let context = Context { settings, extent, replacement, surplus, standing };
        before = context.front(&mut draft, front);
        memory.client_secrets = secrets.after(&known.client_secrets, surplus);
        memory.given.clone_from(&lapsed.after);
        let given = [
            (Entry::ClientSecrets, secrets.givers(draft.steps())),
            (Entry::Given, lapsed.setters(draft.steps())),
        ];
        remember_given(&mut draft, extent, stack, given, &memory);
    }
    if stack.front.is_none() {
        before.traffic.extend(frontend_nlb::plan(&mut draft, settings, &replacement, surplus));
    }
    match (surplus, extent) {
        (Surplus::Remove, _) => remove(&mut draft, &replacement, before),
        (Surplus::Keep, Extent::Cluster | Extent::Namespaces(_)) => {
            retire(&mut draft, &replacement, before.traffic);
        }
        (Surplus::Keep, Extent::Manifests) => {}
    }
    replacement.expect_arrivals(&mut draft);
    release(&mut draft, stack, &memory, leftovers);
    draft.finish()
}

/// Says what stays because nobody has said that its owners are gone: whose it is only to who runs
/// the controller, and not to those who share the group.
fn say_what_is_braked(draft: &mut Draft, stack: &BalancerStack) {
    let Braked { owners, token } = &stack.braked;
    if owners.is_empty() {
        return;
    }
    let found = format!(
        "rules of the group for {} backends of Ingresses that the cluster's lists do not have",
        owners.len()
    );
    draft.note(format!(
        "{found}: {}; they go with the annotation {ANNOTATION_ACCEPT_REMOVALS}: {token} on an \
         IngressClass",
        brakes::list(owners.iter())
    ));
    if let Some(first) = stack.active.iter().chain(&stack.leaving).next() {
        draft.refuse(brakes::problem(ObjectRef::of(first), found, token));
    }
}

/// What the plan of a group is made with.
struct Context<'a> {
    settings: &'a Settings,
    extent: &'a Extent,
    replacement: Replacement<'a, 'a>,
    surplus: Surplus,
    /// The step that remembers who was in first: nobody new comes in before.
    standing: Option<StepId>,
}

/// What comes before anything goes that nobody wants.
#[derive(Debug, Default)]
struct Before {
    /// The steps that move traffic.
    traffic: Vec<StepId>,
    /// The step that changes which security groups the load balancer carries.
    carried: Option<StepId>,
}

impl Context<'_> {
    fn front(&self, draft: &mut Draft, front: &Front) -> Before {
        let Self { settings, extent, replacement, surplus, standing } = self;
        let Replacement { stack, settled, .. } = *replacement;
        if let (None, Some(problem)) = (settled.load_balancer, &front.no_subnets) {
            // Nothing is made for a load balancer that cannot be.
            draft.refuse(problem.clone());
            return Before::default();
        }
        let claims = claim(draft, extent, stack, settled, standing.as_slice());
        let claimed = claims.of_any(stack);
        let mut outgoing = Vec::new();
        for share in &settled.security_groups {
            let Some(wish) = &share.wish else { continue };
            match share.live {
                Some(live) => {
                    let of = (*settings, stack);
                    outgoing.push(security_group::update(draft, of, live, wish, *surplus));
                }
                None => security_group::create(draft, share.handle.clone(), wish, &claimed),
            }
        }
        target_group::plan(draft, settings, extent, stack, settled, &claims);
        let mut carried = None;
        match settled.load_balancer {
            None => load_balancer::create(draft, stack, front, settled, &claimed),
            Some(_) if *surplus == Surplus::Remove => {
                carried = load_balancer::update(draft, settings, stack, front, settled);
            }
            Some(_) => {}
        }
        let listeners = listener::plan(draft, settings, front, replacement, *surplus);
        let moved = spread::moved(draft.steps(), &settled.security_groups);
        for mut outgoing in outgoing {
            outgoing.wait_for(&moved);
            outgoing.revoke_after(draft, &listeners.removed);
        }
        Before { traffic: listeners.traffic, carried }
    }
}

/// Removes what nobody wants: load balancers, then what they led to, then what guarded them.
fn remove(draft: &mut Draft, replacement: &Replacement<'_, '_>, before: Before) {
    let Before { mut traffic, carried } = before;
    let settled = replacement.settled;
    for live in &settled.surplus_load_balancers {
        let id = live.live.id.clone();
        let gate = replacement.gate_of_load_balancer(draft, live);
        if gate.is_some() {
            take_back(draft, replacement, live);
        }
        let inventory = replacement.inventory;
        let releasing = frontend_nlb::releasing(draft.steps(), inventory, &id, None);
        let action = Action::Aws(AwsAction::Elb(ElbAction::DeleteLoadBalancer { id }));
        traffic.push(draft.push_gated(action, Reason::Unwanted, &releasing, gate));
    }
    target_group::remove(draft, replacement, &traffic, &|_| true);
    traffic.extend(carried);
    for live in &settled.surplus_security_groups {
        let action = AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id: live.id.clone() });
        draft.push(Action::Aws(action), Reason::Unwanted, &traffic);
    }
}

/// Takes the rules of members that have lost their rights off a load balancer that goes: however
/// long it stays for names, or for the one that takes its place, nobody answers there who may not
/// any more.
fn take_back(draft: &mut Draft, replacement: &Replacement<'_, '_>, going: &LiveLoadBalancer) {
    for listener in going.listeners.iter() {
        for live in &listener.rules {
            let actions = live.rule.actions.iter();
            let mut led_to = actions.flat_map(RuleAction::target_groups).peekable();
            let leads = led_to.peek().is_some();
            let is_theirs = |id: &AwsId| replacement.is_taken_back(id);
            if leads && led_to.all(|weighted| weighted.group.given().is_some_and(is_theirs)) {
                let takers = takers::takers_of_rule(draft.steps(), listener, live);
                room::remove(draft, live, &takers);
            }
        }
    }
}

/// Removes what nobody wants of a group that others may have a part in of whom nothing is known:
/// what was made for members that are. What the group shares stays, and so does what leads there.
/// On a load balancer that another takes the place of, what is wished for still is answered as
/// before: names may lead there.
fn retire(draft: &mut Draft, replacement: &Replacement<'_, '_>, mut traffic: Vec<StepId>) {
    let Replacement { stack, settled, inventory, extent, .. } = *replacement;
    // Names and statuses move all the same, once they can.
    replacement.gate_of_entrance(draft);
    let owners = Owners { stack, settled, extent };
    let listeners = inventory.load_balancers.iter().flat_map(|live| {
        let is_current = settled.load_balancer.is_some_and(|it| it.live.id == live.live.id);
        live.listeners.iter().map(move |listener| (is_current, listener))
    });
    let is_planned = |port| stack.front.as_ref().is_some_and(|f| f.listeners.contains_key(port));
    let mut staying: Vec<&RuleAction> = Vec::new();
    for (is_current, listener) in listeners {
        staying.extend(&listener.live.spec.default_actions);
        for live in &listener.rules {
            let goes = owners.had_by(&live.rule) && (is_current || !owners.want(&live.rule));
            if !goes {
                staying.extend(&live.rule.actions);
            } else if !(is_current && is_planned(&listener.port)) {
                let takers = takers::takers_of_rule(draft.steps(), listener, live);
                traffic.push(room::remove(draft, live, &takers));
            }
        }
    }
    let led_to: BTreeSet<&AwsId> = staying
        .into_iter()
        .flat_map(RuleAction::target_groups)
        .filter_map(|weighted| weighted.group.given())
        .collect();
    target_group::remove(draft, replacement, &traffic, &|id| {
        owners.had(id) && !led_to.contains(id)
    });
}

/// What has to be remembered: leftovers only as long as they stand.
fn memory(stack: &BalancerStack, settled: &Settled<'_>) -> Memory {
    let mut memory = stack.memory.clone();
    let of_nlb = &settled.nlb.surplus_target_groups;
    let target_groups = settled.surplus_target_groups.iter().chain(of_nlb);
    let target_groups = target_groups.map(|live| &live.live.id);
    let security_groups = settled.surplus_security_groups.iter().map(|live| &live.id);
    let standing: BTreeSet<&AwsId> = target_groups.chain(security_groups).collect();
    memory.leftovers.retain(|id| standing.contains(id));
    memory
}

/// The steps that remember what others build on.
#[derive(Debug, Default)]
struct Noted {
    /// The one that has to be done before anybody is released: what AWS would not let go must not
    /// be forgotten then.
    leftovers: Option<StepId>,
    /// The one that has to be done before anybody new comes in.
    standing: Option<StepId>,
}

/// Brings what the cluster remembers into line, entry by entry.
fn remember(
    draft: &mut Draft,
    extent: &Extent,
    stack: &BalancerStack,
    remembered: &Remembered,
    memory: &Memory,
) -> Noted {
    if *extent == Extent::Manifests {
        return Noted::default();
    }
    let Remembered { memory: known, doubtful, is_undivided } = remembered;
    let entries: BTreeSet<Entry> =
        memory.entries().chain(known.entries()).chain(doubtful.iter().cloned()).collect();
    let (mut held, mut noted) = (Vec::new(), Noted::default());
    for entry in entries {
        let wish = memory.only(&entry);
        if wish == known.only(&entry) && !doubtful.contains(&entry) {
            continue;
        }
        let group = stack.group.clone();
        let action = KubeAction::Remember { group, entry: entry.clone(), memory: wish };
        // What is in one piece goes once each part of it stands by itself.
        let is_last = *is_undivided && entry == Entry::Leftovers;
        let after: &[StepId] = if is_last { &held } else { &[] };
        let step = draft.push(Action::Kube(action), Reason::Remembered, after);
        match entry {
            Entry::Held(_) => held.push(step),
            Entry::Leftovers => noted.leftovers = Some(step),
            Entry::Standing => noted.standing = Some(step),
            Entry::ClientSecrets | Entry::Given => {}
        }
    }
    let is_known = memory.leftovers.is_subset(&known.leftovers)
        && (*is_undivided || !doubtful.contains(&Entry::Leftovers));
    noted.leftovers.take_if(|_| memory.leftovers.is_empty() || is_known);
    noted
}

/// Remembers what AWS was given, once it was: entries, each with the steps that give it.
fn remember_given(
    draft: &mut Draft,
    extent: &Extent,
    stack: &BalancerStack,
    given: [(Entry, Vec<StepId>); 2],
    memory: &Memory,
) {
    if *extent == Extent::Manifests {
        return;
    }
    for (entry, givers) in given.into_iter().filter(|(_, givers)| !givers.is_empty()) {
        let (group, memory) = (stack.group.clone(), memory.only(&entry));
        let action = KubeAction::Remember { group, entry, memory };
        draft.push(Action::Kube(action), Reason::Remembered, &givers);
    }
}

/// Releases leaving members after everything else: what was made for them is gone then, or
/// remembered as something that AWS would not let go yet. The last ones stay while rules of others
/// are held: of a group that nobody is in, nobody could tell later that it is to go.
fn release(draft: &mut Draft, stack: &BalancerStack, memory: &Memory, remembered: Option<StepId>) {
    let mut before = draft.removals_but(&memory.leftovers);
    before.extend(remembered);
    if stack.active.is_empty() && !stack.braked.owners.is_empty() {
        return;
    }
    for member in &stack.leaving {
        let finalizer = stack.finalizer.clone();
        let action = KubeAction::Release { member: member.clone(), finalizer };
        let gate = stack.withdrawing.contains(member).then(|| WaitKey::Withdrawn(member.clone()));
        draft.push_gated(Action::Kube(action), Reason::Released, &before, gate);
    }
}

/// Whether a plan makes bindings.
#[must_use]
pub fn binds(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step.action, Action::Kube(KubeAction::Bind { .. })))
}

/// Whether a plan waits for the backend security group.
#[must_use]
pub fn asks_for_backend(plan: &Plan) -> bool {
    let awaited = Some(WaitKey::Made(Handle::BackendSecurityGroup));
    plan.steps.iter().any(|step| step.gate == awaited)
}

/// Whether a load balancer lets go of security groups in a plan.
#[must_use]
pub fn lets_go(plan: &Plan) -> bool {
    let free = plan.steps.iter().filter(|step| step.gate.is_none());
    free.map(|step| &step.action).any(|action| match action {
        Action::Aws(AwsAction::Elb(
            ElbAction::DeleteLoadBalancer { .. } | ElbAction::SetSecurityGroups { .. },
        )) => true,
        Action::Aws(_) | Action::Kube(_) => false,
    })
}

/// The bindings that a wish asks for and that do not stand, with the identifiers that AWS has given
/// so far.
#[must_use]
pub fn planned_bindings(
    extent: &Extent,
    stack: &BalancerStack,
    inventory: &BalancerInventory,
) -> Vec<Binding> {
    let settled = settled(extent, stack, inventory);
    let missing =
        stack.target_groups.iter().filter(|(key, _)| !settled.bindings.contains_key(*key));
    let resolved = missing.map(|(key, wished)| {
        let mut binding = target_group::named(&settled, key, wished).binding;
        binding.visit_ids(&mut |id| settled.resolve(id));
        binding
    });
    resolved.collect()
}

/// The target groups of which it has to be known what is registered in them, while one takes the
/// place of another.
#[must_use]
pub fn watched(
    extent: &Extent,
    stack: &BalancerStack,
    inventory: &BalancerInventory,
) -> BTreeSet<AwsId> {
    let settled = settled(extent, stack, inventory);
    let mut watched = look(extent, stack, inventory, &settled).watched();
    watched.extend(entrance::watched(inventory));
    watched
}

/// The target groups that are named by bindings with the group's labels and that are not the
/// group's: whether they stand has to be known before anybody takes such a binding away.
#[must_use]
pub fn strays(inventory: &BalancerInventory) -> BTreeSet<AwsId> {
    let standing = inventory.bindings.values().filter(|seen| !seen.leaving);
    let named = standing.filter_map(|seen| seen.spec.target_group_arn.clone());
    let ours: BTreeSet<&AwsId> = inventory.target_groups.iter().map(|live| &live.live.id).collect();
    let strays = named.filter(|id| !ours.contains(id) && !inventory.targets.contains_key(id));
    strays.collect::<BTreeSet<_>>().into_iter().take(STRAYS_MAX).collect()
}

/// The load balancer that names and statuses point to: while one takes the place of another, the
/// old one, until the new one serves as well.
#[must_use]
pub fn current<'i>(
    extent: &Extent,
    stack: &BalancerStack,
    inventory: &'i BalancerInventory,
) -> Option<&'i LiveLoadBalancer> {
    let settled = settled(extent, stack, inventory);
    look(extent, stack, inventory, &settled).current()
}

/// The members that came from another group and that this one serves.
#[must_use]
pub fn arrived(
    extent: &Extent,
    stack: &BalancerStack,
    inventory: &BalancerInventory,
    over: &BTreeSet<WaitKey>,
) -> BTreeSet<Source> {
    let settled = settled(extent, stack, inventory);
    Replacement { over, ..look(extent, stack, inventory, &settled) }.arrived()
}

/// A look at what is being replaced, from which no step is planned.
fn look<'r, 'i>(
    extent: &'r Extent,
    stack: &'r BalancerStack,
    inventory: &'i BalancerInventory,
    settled: &'r Settled<'i>,
) -> Replacement<'r, 'i> {
    static NOTHING: BTreeSet<WaitKey> = BTreeSet::new();
    Replacement { stack, inventory, settled, extent, over: &NOTHING, grace: Duration::ZERO }
}
