//! Members whose changes are worked out and told, and not made, for as long as an annotation of the
//! Ingress or of its class says so.
//!
//! What stands of such a member stays, as of one that has turned bad, also where it is deleted or
//! goes to another group or class; who has nothing gets nothing. What it would come to without the
//! annotation is found out by building its group once more with it among those that are free.

use std::collections::BTreeSet;

use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::seen::Ingress;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;

use super::classes::is_only_planned;
use super::groups::Members;
use super::moves::Departures;
use super::nginx::canary;

/// Whether nothing is written of what a member asks for: it says so, or a canary does that takes a
/// share of its requests.
pub(super) fn holds(
    snapshot: &Snapshot,
    group: &Group,
    key: &ObjectKey,
    ingress: &Ingress,
) -> bool {
    let says = |key: &ObjectKey, ingress: &Ingress| says(snapshot, key, ingress);
    says(key, ingress) || canary::any_of(snapshot, group, (key, ingress), says)
}

fn says(snapshot: &Snapshot, key: &ObjectKey, ingress: &Ingress) -> bool {
    !snapshot.freed.contains(&Source::ingress(key.clone()))
        && is_only_planned(&snapshot.objects, ingress)
}

/// Those of some members that say so themselves.
pub(super) fn among(snapshot: &Snapshot, members: &[Source]) -> BTreeSet<Source> {
    let asks = |source: &&Source| {
        let found = snapshot.objects.ingresses.get(&source.key);
        found.is_some_and(|ingress| says(snapshot, &source.key, ingress))
    };
    members.iter().filter(asks).cloned().collect()
}

/// Keeps those where they are who would leave: they are deleted, or go to another class. Whoever
/// has to go because it may not stay goes all the same.
pub(super) fn stay(snapshot: &Snapshot, members: &mut Members<'_>, departures: &mut Departures) {
    let kept: BTreeSet<Source> = among(snapshot, &members.leaving);
    let Members { leaving, evicted, .. } = members;
    leaving.retain(|source| {
        let stays = kept.contains(source) && !evicted.iter().any(|(other, _)| other == source);
        if stays {
            departures.staying.insert(source.clone());
        }
        !stays
    });
}
