//! Who is deleted while another object is about to serve its hosts: it stays until that one does,
//! its names lead there, and clients have had time to follow, and never for long.
//!
//! So it is where somebody renames an Ingress, or puts it into another namespace: without this its
//! load balancer would be gone before the next one stands.

use std::sync::Arc;

use crate::model::group::Group;
use crate::model::part::Part;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;

use super::classes::{Claim, claim};
use super::groups::{self, Member, Members};
use super::member;
use super::moves::Departures;

/// Finds out who of those that leave stays for now.
pub fn stay(
    snapshot: &Snapshot,
    group: &Group,
    members: &mut Members<'_>,
    departures: &mut Departures,
) {
    members.leaving.retain(|source| {
        let Some(successors) = snapshot.successors.get(source) else { return true };
        if snapshot.let_go.contains(source) {
            // Whatever it has waited for is over for as long as it is here: its names may take more
            // than this visit to go.
            departures.succeeded.insert(source.clone());
            departures.followed.insert(source.clone());
            return true;
        }
        if !snapshot.memory.held.contains_key(source) {
            // Another process may have known what it contributes.
            let Some(part) = part(snapshot, group, source) else { return true };
            departures.rebuilt.insert(source.clone(), Arc::new(part));
        }
        let arrivals = successors.iter().map(|(new, to)| snapshot.facts.arrival(new, to));
        let has_arrived = arrivals.clone().all(|arrival| arrival.is_some());
        if has_arrived {
            departures.arrived.insert(source.clone());
        }
        if arrivals.flatten().filter(|arrival| arrival.is_followed).count() == successors.len() {
            departures.followed.insert(source.clone());
        } else {
            departures.succeeded.insert(source.clone());
        }
        departures.staying.insert(source.clone());
        false
    });
}

/// What an Ingress contributes, as if nobody had deleted it.
fn part(snapshot: &Snapshot, group: &Group, source: &Source) -> Option<Part> {
    let (key, ingress) = snapshot.objects.ingresses.get_key_value(&source.key)?;
    let Claim::Ours(params) = claim(&snapshot.settings, &snapshot.objects, key, ingress) else {
        return None;
    };
    let mut standing = ingress.as_ref().clone();
    standing.metadata.deletion_timestamp = None;
    let ingress = &Arc::new(standing);
    let member = Member { key, ingress, params, order: 0, problems: Vec::new() };
    member::build(snapshot, group, &groups::ordered(member)).0
}
