//! From a group's members to what its load balancer should be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::model::fact::Names;
use crate::model::group::Group;
use crate::model::memory::Memory;
use crate::model::part::Part;
use crate::model::problem::{Code, Problem, Severity};
use crate::model::settings::{DnsPolicy, Settings};
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::stack::{BalancerStack, Braked};

use super::brought::Brought;
use super::classes::{Claim, claim};
use super::given::given;
use super::groups::{GOING, GONE, Member, Members, evicted, holds, is_in_already, members};
use super::moves::Departures;
use super::policy::Verdict;
use super::policy::standing::{Standing, decide};
use super::rule::closed::{self, closed};
use super::{member, merge, moves, names, nginx, plan_only, policy, solver, standing, succession};

/// Parts of members.
type Parts = BTreeMap<Source, Arc<Part>>;

/// What building a group gave.
#[derive(Debug)]
pub struct Built {
    /// The wish.
    pub stack: BalancerStack,
    /// What is wrong with whom.
    pub problems: Vec<Problem>,
    /// The names that should lead to its load balancer.
    pub names: Names,
    /// The parts that members contribute as they are now: to be remembered should a member turn
    /// bad.
    pub good: Parts,
    /// The members that are in, the one that has been for longest first.
    pub standing: Vec<Source>,
}

/// Builds a group: each member alone, then all of them together.
///
/// A bad member contributes its last good part where one is remembered, and otherwise nothing. So
/// does one that went to another group which does not serve it yet.
#[must_use]
pub fn build(snapshot: &Snapshot, group: &Group) -> Built {
    let mut members = members(snapshot, group);
    let mut departures = moves::departures(snapshot, std::mem::take(&mut members.moved));
    plan_only::stay(snapshot, &mut members, &mut departures);
    succession::stay(snapshot, group, &mut members, &mut departures);
    evict(snapshot, group, &mut members, &mut departures);
    members.leaving.extend(departures.leaving.iter().cloned());
    let (mut brought, mut problems) = alone(snapshot, group, &mut members, &departures);
    let mut merged = merge::merge(snapshot, group, &mut brought);
    let Brought { active, good, instead, mut standing, judged, .. } = brought;
    let is_in = |source: &Source| {
        merged.contributing.contains(source) || is_in_already(snapshot, group, source)
    };
    standing.retain(is_in);
    problems.append(&mut merged.problems);
    let scope = snapshot.settings.scope;
    let finalizer = group.finalizer(scope);
    let holding = |member: &&Member<'_>| holds(member.ingress, &finalizer);
    let unclaimed = members.active.iter().filter(|member| !holding(member));
    let unclaimed = unclaimed.map(Member::source);
    let unclaimed = unclaimed.filter(|source| merged.contributing.contains(source)).collect();
    let claimed = members.active.iter().filter(holding).map(Member::source);
    let claimed = claimed.chain(departures.staying.iter().cloned()).collect();
    let unexplained = unexplained(&finalizer, &members, &departures, merged.unexplained);
    let evicted = members.evicted.iter().map(|(source, _)| source.clone()).collect();
    let told = members.unknown.into_iter().chain(members.evicted);
    problems.extend(told.map(|(_, problem)| problem));
    let part = |source: &Source| {
        let is_in = merged.contributing.contains(source);
        good.get(source).or_else(|| instead.get(source)).filter(|_| is_in).cloned()
    };
    let named = active.iter().filter(|source| !departures.arrived.contains(*source));
    let parts: Vec<Arc<Part>> = named.filter_map(part).collect();
    let grace = grace(snapshot, &parts);
    let parts = parts.iter().map(AsRef::as_ref);
    let (mut names, mut found) = names::of_group(snapshot, group, parts, &members.leaving);
    // Nobody can tell which names those want of whom nothing counts.
    let silent = active.iter().filter(|source| part(source).is_none());
    let silent = silent.filter(|source| !departures.staying.contains(*source));
    names.arriving.extend(silent.cloned());
    problems.append(&mut found);
    problems.sort();
    problems.dedup();
    let arriving = moves::arriving(snapshot, group, (&members.active, &departures.staying), part);
    let arrived = arriving.keys().filter(|source| snapshot.facts.arrival(source, group).is_some());
    // Who may not look at zones holds up nobody who never asked for a name.
    let all = active.iter().chain(&members.leaving);
    let is_unnamed = snapshot.zones_refused && !names::may_stand(snapshot, all.clone());
    let named = snapshot.facts.leading().filter(|_| !names::are_unread(snapshot, all));
    let named = named.or_else(|| is_unnamed.then(Arc::default));
    let given = given(snapshot, group, merged.front.as_ref(), &merged.target_groups);
    let withdrawing = members.leaving.iter().filter(|source| is_withdrawing(snapshot, source));
    let withdrawing = withdrawing.cloned().collect();
    let let_go = members.leaving.iter().filter(|source| snapshot.let_go.contains(*source));
    let let_go = let_go.cloned().collect();
    let stack = BalancerStack {
        group: group.clone(),
        finalizer: finalizer.clone(),
        front: merged.front,
        target_groups: merged.target_groups,
        unclaimed,
        claimed,
        leaving: members.leaving,
        staying: departures.staying,
        planned_only: plan_only::among(snapshot, &active),
        withdrawing,
        followed: departures.followed,
        succeeded: departures.succeeded,
        evicted,
        arrived: arrived.cloned().collect(),
        arriving,
        unexplained,
        braked: Braked::default(),
        memory: Memory {
            let_go,
            standing: standing::remembered(snapshot, group, &active, &standing),
            ..memory(snapshot, &active, (&good, &instead), &judged)
        },
        given,
        grace,
        named,
        named_by_others: snapshot.facts.led_by_others(),
        named_for_others: snapshot.facts.left_leading(),
        active,
    };
    Built { stack, problems, names, good, standing }
}

/// Whether a member that goes for good may have names that lead to no load balancer.
fn is_withdrawing(snapshot: &Snapshot, source: &Source) -> bool {
    let found = snapshot.objects.ingresses.get_key_value(&source.key);
    let goes = found.is_some_and(|(key, ingress)| {
        ingress.metadata.deletion_timestamp.is_some()
            || matches!(claim(&snapshot.settings, &snapshot.objects, key, ingress), Claim::Foreign)
    });
    let may_be = || match snapshot.facts.leading() {
        Some(_) => snapshot.facts.is_led_elsewhere(source),
        None => found.is_some_and(|(_, ingress)| names::may_lead_elsewhere(snapshot, ingress)),
    };
    goes && may_be()
}

/// How long what has been replaced stays: longer where names are not all led elsewhere from here.
fn grace(snapshot: &Snapshot, parts: &[Arc<Part>]) -> Duration {
    let Settings { dns, replacement_grace, replacement_grace_elsewhere, .. } = &*snapshot.settings;
    let are_ours = parts.iter().all(|part| part.names.is_some());
    if are_ours && dns.policy != DnsPolicy::CreateOnly {
        *replacement_grace
    } else {
        *replacement_grace_elsewhere
    }
}

/// Who went to another group, or is deleted, stays by that no longer than others where what stands
/// of it is forbidden.
fn evict(
    snapshot: &Snapshot,
    group: &Group,
    members: &mut Members<'_>,
    departures: &mut Departures,
) {
    let Departures { staying, rebuilt, .. } = departures;
    staying.retain(|source| {
        let held = rebuilt.get(source).or_else(|| snapshot.memory.held.get(source));
        let found = snapshot.objects.ingresses.get_key_value(&source.key);
        let Some((key, ingress)) = found else { return true };
        // What its class decides is none of its own choices.
        let Claim::Ours(params) = claim(&snapshot.settings, &snapshot.objects, key, ingress) else {
            return true;
        };
        let member = Member { key, ingress, params, order: 0, problems: Vec::new() };
        let judged = match held {
            Some(held) => policy::part::judge_standing(snapshot, group, &member, (held, None)),
            None => policy::part::judge_forgotten(snapshot, group, &member),
        };
        let Verdict::Forbidden(problems) = judged else { return true };
        let goes = snapshot.let_go.contains(source);
        let meanwhile = if goes { GONE } else { GOING };
        let told = problems.into_iter().map(|problem| evicted(problem, meanwhile));
        members.evicted.extend(told.map(|problem| (source.clone(), problem)));
        members.leaving.extend(goes.then(|| source.clone()));
        !goes
    });
}

/// The members, each looked at alone.
fn alone(
    snapshot: &Snapshot,
    group: &Group,
    members: &mut Members<'_>,
    departures: &Departures,
) -> (Brought, Vec<Problem>) {
    let mut brought = Brought { instead: snapshot.memory.held.clone(), ..Brought::default() };
    let mut problems = Vec::new();
    let mut gone = BTreeSet::new();
    brought.judged = members.unselected(snapshot);
    for member in &members.active {
        let source = member.source();
        let (part, mut found) = member::build(snapshot, group, member);
        let is_planned_only = plan_only::holds(snapshot, group, member.key, member.ingress);
        let part = part.filter(|_| !is_planned_only);
        if let (None, Some(held)) = (&part, brought.instead.get_mut(&source))
            && !is_planned_only
        {
            close(snapshot, member, held, &mut found);
        }
        let held = brought.instead.get(&source).map(AsRef::as_ref);
        let standing = decide(snapshot, group, member, (part.as_ref(), held));
        let is_bad = part.is_none();
        let mut part = part.filter(|_| matches!(standing, Standing::Allowed));
        part.iter_mut().for_each(|part| policy::part::withhold_names(snapshot, part));
        if matches!(standing, Standing::Out(_) | Standing::Gone(_)) {
            brought.instead.remove(&source);
        }
        if matches!(standing, Standing::Gone(_)) {
            gone.insert(source.clone());
            brought.judged.extend(is_bad.then(|| source.clone()));
        }
        match standing {
            Standing::Allowed => {}
            Standing::Refused(mut refused) | Standing::Out(mut refused) => {
                found.append(&mut refused);
            }
            Standing::Going(refused) | Standing::Gone(refused) => {
                members.evicted.extend(refused.into_iter().map(|told| (source.clone(), told)));
            }
        }
        problems.append(&mut found);
        if gone.contains(&source) {
            continue;
        }
        // A bad member keeps the place of the part that stands for it.
        let held = brought.instead.get(&source).map(AsRef::as_ref);
        let order = part.as_ref().or(held).map_or(member.order, |part| part.order);
        brought.good.extend(part.map(|part| (source.clone(), Arc::new(part))));
        brought.orders.insert(source, order);
    }
    for solver in &members.solvers {
        let (part, mut found) = solver::part(snapshot, group, *solver);
        problems.append(&mut found);
        brought.solvers.extend(part.map(Arc::new));
    }
    members.active.retain(|member| !gone.contains(&member.source()));
    members.leaving.extend(gone);
    for source in &departures.staying {
        let rebuilt = departures.rebuilt.get(source);
        brought.instead.extend(rebuilt.map(|part| (source.clone(), Arc::clone(part))));
        let order = brought.instead.get(source).map_or(0, |part| part.order);
        brought.orders.insert(source.clone(), order);
    }
    brought.active = brought.orders.keys().cloned().collect();
    brought.sort();
    brought.standing = standing::order(snapshot, group, &brought.active);
    (brought, problems)
}

/// Closes what stands for a bad member where it lacks a protection that the member asks for. Who
/// has done nothing wrong, of whom something has merely not been looked at yet, stays as it is.
fn close(snapshot: &Snapshot, member: &Member<'_>, held: &mut Arc<Part>, found: &mut [Problem]) {
    let errors = found.iter_mut().filter(|problem| problem.severity == Severity::Error);
    let mut errors = errors.peekable();
    if errors.peek().is_none() {
        return;
    }
    let part = if nginx::is_unguarded(snapshot, member, held) {
        Some(closed::entirely(held))
    } else {
        closed(snapshot, member, held)
    };
    if let Some(part) = part {
        *held = Arc::new(part);
        errors.for_each(|problem| closed::MEANWHILE.clone_into(&mut problem.meanwhile));
    }
}

/// The members whose live rules nobody explains. A bad one that never had anything explains nothing
/// that stands; of one whose class or group cannot be used not even that is known.
fn unexplained(
    finalizer: &str,
    members: &Members<'_>,
    departures: &Departures,
    mut found: Vec<Source>,
) -> Vec<Source> {
    let may_have = |member: &Member<'_>| {
        let of_class =
            |problem: &Problem| matches!(problem.code, Code::InvalidClass | Code::InvalidGroup);
        holds(member.ingress, finalizer) || member.problems.iter().any(of_class)
    };
    found.retain(|source| {
        let mut same = members.active.iter().filter(|member| member.source() == *source);
        departures.staying.contains(source) || same.any(may_have)
    });
    // Whoever is perhaps ours may have had something once.
    found.extend(members.unknown.iter().map(|(source, _)| source.clone()));
    found
}

/// Parts that a bad member relies on, or may come to rely on once its siblings change, and those of
/// members that are served with certificates from before. Whether one that cannot be seen from here
/// is still bad is not known. Who goes because of what is remembered is known by that until all of
/// it is gone.
fn memory(
    snapshot: &Snapshot,
    active: &[Source],
    (good, instead): (&Parts, &Parts),
    judged: &BTreeSet<Source>,
) -> Memory {
    let is_needed = |source: &Source| {
        let is_bad = active.contains(source) && !good.contains_key(source);
        let stands = is_bad && instead.contains_key(source);
        stands || judged.contains(source) || !snapshot.extent.shows(source.namespace())
    };
    let held = snapshot.memory.held.iter().filter(|(source, _)| is_needed(source));
    let relies = |source, part| member::relies_on_before(snapshot, source, part);
    let relying = good.iter().filter(|(source, part)| relies(source, part));
    let held = held.chain(relying).map(|(source, part)| (source.clone(), Arc::clone(part)));
    Memory { held: held.collect(), ..snapshot.memory.clone() }
}
