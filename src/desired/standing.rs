//! Which members of a group have been in for longest: what a group shares is theirs to decide.
//!
//! Who is in comes before who is new, and then the older object. That can be told by looking at
//! the objects, and so another process tells the same. Where it cannot, because an old Ingress
//! came into the group late, or nobody else knows who was let in, it is remembered.

use std::collections::BTreeSet;

use jiff::Timestamp;
use smol_str::SmolStr;

use crate::model::backend::BackendKey;
use crate::model::group::Group;
use crate::model::inventory::BalancerInventory;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::stack::BalancerStack;

use super::groups::{holds, is_in_already};

/// Members in the order in which they are let in.
#[must_use]
pub fn order(snapshot: &Snapshot, group: &Group, active: &[Source]) -> Vec<Source> {
    let standing = &snapshot.memory.standing;
    let by_look = by_look(snapshot, active, |source| is_in_already(snapshot, group, source));
    let (mut first, others): (Vec<Source>, Vec<Source>) =
        by_look.into_iter().partition(|source| standing.contains(source));
    first.sort_by_key(|source| standing.iter().position(|standing| standing == source));
    first.extend(others);
    first
}

/// What has to be remembered of the order of those who are in: nothing where whoever knows nothing
/// of it would tell the same.
#[must_use]
pub fn remembered(
    snapshot: &Snapshot,
    group: &Group,
    active: &[Source],
    standing: &[Source],
) -> Vec<Source> {
    let finalizer = group.finalizer(snapshot.settings.scope);
    let seems_in = |source: &Source| {
        let is_claimed = || {
            let found = snapshot.objects.ingresses.get(&source.key);
            found.is_some_and(|ingress| holds(ingress, &finalizer))
        };
        standing.contains(source) || is_claimed()
    };
    let told = by_look(snapshot, active, seems_in);
    let is_told = told.iter().take(standing.len()).eq(standing);
    if is_told { Vec::new() } else { standing.to_vec() }
}

/// Leaves out of those whose wishes are unknown whoever has nothing in the group: a finalizer
/// alone, which anybody may write, keeps nothing of what others no longer want.
pub fn prove(snapshot: &Snapshot, stack: &mut BalancerStack, inventory: &BalancerInventory) {
    if matches!(stack.group, Group::Implicit(_)) {
        // Whatever stands of it is that Ingress's.
        return;
    }
    let standing = inventory.target_groups.iter();
    let resources: Vec<&SmolStr> =
        standing.filter_map(|live| Group::resource_in(&live.live.spec.tags)).collect();
    let has_something = |source: &Source| {
        let owns = |resource: &&SmolStr| BackendKey::of(source, resource).is_some();
        snapshot.memory.held.contains_key(source)
            || snapshot.memory.standing.contains(source)
            || resources.iter().any(owns)
            || shows(snapshot, source, inventory)
    };
    stack.unexplained.retain(has_something);
}

/// Whether the status of a member, which is not for whoever wrote it to set, shows a load balancer
/// of the group.
fn shows(snapshot: &Snapshot, source: &Source, inventory: &BalancerInventory) -> bool {
    let ingress = snapshot.objects.ingresses.get(&source.key);
    let shown = ingress.into_iter().flat_map(|ingress| &ingress.status);
    let mut names = shown.filter_map(|entry| entry.hostname.as_deref());
    names.any(|name| {
        inventory.load_balancers.iter().any(|live| live.dns_name.eq_ignore_ascii_case(name))
    })
}

/// The order by what can be seen: those who are in, the older object first; ties go by the group's
/// order.
fn by_look(snapshot: &Snapshot, active: &[Source], is_in: impl Fn(&Source) -> bool) -> Vec<Source> {
    let inside: BTreeSet<&Source> = active.iter().filter(|source| is_in(source)).collect();
    let mut all: Vec<&Source> = active.iter().collect();
    all.sort_by_key(|source| (!inside.contains(*source), created(snapshot, source)));
    all.into_iter().cloned().collect()
}

/// When a member was made. One that only a manifest holds is still to be.
fn created(snapshot: &Snapshot, source: &Source) -> Timestamp {
    let metadata = snapshot.objects.metadata(source);
    metadata.and_then(|metadata| metadata.creation_timestamp).unwrap_or(Timestamp::MAX)
}
