//! From a group's members to what its load balancer should be.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::fact::Names;
use crate::model::group::Group;
use crate::model::memory::Memory;
use crate::model::part::Part;
use crate::model::problem::{Code, Problem};
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::stack::BalancerStack;

use super::groups::{Member, holds, members};
use super::{member, merge, names};

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
    pub good: BTreeMap<Source, Arc<Part>>,
}

/// Builds a group: each member alone, then all of them together.
///
/// A bad member contributes its last good part where one is remembered, and otherwise nothing.
#[must_use]
pub fn build(snapshot: &Snapshot, group: &Group) -> Built {
    let members = members(snapshot, group);
    let finalizer = group.finalizer();
    let mut problems = Vec::new();
    let mut good = BTreeMap::new();
    let mut places = Vec::new();
    for member in &members.active {
        let (part, mut found) = member::build(snapshot, group, member);
        problems.append(&mut found);
        // A bad member keeps the place of the part that stands for it.
        let source = member.source();
        let held = snapshot.memory.held.get(&source);
        let order =
            part.as_ref().or(held.map(AsRef::as_ref)).map_or(member.order, |part| part.order);
        if let Some(part) = part {
            good.insert(source.clone(), Arc::new(part));
        }
        places.push((order, source.to_string(), source));
    }
    places.sort();
    let active: Vec<Source> = places.into_iter().map(|(_, _, source)| source).collect();
    let mut merged = merge::merge(snapshot, group, &active, &mut good);
    let unclaimed = members.active.iter().filter(|member| {
        merged.contributing.contains(&member.source()) && !holds(member.ingress, &finalizer)
    });
    let unclaimed = unclaimed.map(Member::source).collect();
    let claimed = members.active.iter().filter(|member| holds(member.ingress, &finalizer));
    let claimed = claimed.map(Member::source).collect();
    // A bad member that never had anything explains nothing that stands. Of one whose class or
    // group cannot be used not even that is known.
    let may_have = |member: &Member<'_>| {
        let of_class =
            |problem: &Problem| matches!(problem.code, Code::InvalidClass | Code::InvalidGroup);
        holds(member.ingress, &finalizer) || member.problems.iter().any(of_class)
    };
    merged.unexplained.retain(|source| {
        members.active.iter().any(|member| member.source() == *source && may_have(member))
    });
    problems.append(&mut merged.problems);
    // Whoever is perhaps ours may have had something once.
    merged.unexplained.extend(members.unknown.iter().map(|(source, _)| source.clone()));
    problems.extend(members.unknown.into_iter().map(|(_, problem)| problem));
    let parts = active.iter().filter(|source| merged.contributing.contains(*source));
    let parts =
        parts.filter_map(|source| good.get(source).or_else(|| snapshot.memory.held.get(source)));
    let (names, mut found) =
        names::of_group(snapshot, group, parts.map(AsRef::as_ref), &members.leaving);
    problems.append(&mut found);
    problems.sort();
    problems.dedup();
    // Parts that a bad member relies on, or may come to rely on once its siblings change. Whether
    // one that cannot be seen from here is still bad is not known.
    let is_needed = |source: &Source| {
        let is_bad = active.contains(source) && !good.contains_key(source);
        is_bad || !snapshot.extent.shows(source.namespace())
    };
    let held = snapshot.memory.held.iter().filter(|(source, _)| is_needed(source));
    let held = held.map(|(source, part)| (source.clone(), Arc::clone(part)));
    let memory = Memory { held: held.collect(), leftovers: snapshot.memory.leftovers.clone() };
    // Who may not look at zones holds up nobody who never asked for a name.
    let all = active.iter().chain(&members.leaving);
    let is_unnamed = snapshot.zones_refused && !names::may_stand(snapshot, all);
    let named = snapshot.facts.leading().or_else(|| is_unnamed.then(Arc::default));
    let stack = BalancerStack {
        group: group.clone(),
        front: merged.front,
        target_groups: merged.target_groups,
        active,
        unclaimed,
        claimed,
        leaving: members.leaving,
        unexplained: merged.unexplained,
        memory,
        named,
    };
    Built { stack, problems, names, good }
}
