//! Which sets of names share a certificate where a load balancer comes close to as many as AWS
//! gives it.
//!
//! Nothing is remembered: who has asked for longest keeps a certificate of its own, as long as
//! there is room, and where the names of the others belong is told by what the names are. So
//! whoever comes or goes changes one certificate or two, and all who look at the same members see
//! the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use smol_str::SmolStr;

use crate::model::account_limits::Limit;
use crate::model::id::ObjectKey;
use crate::model::request::{NAMES_MAX, RequestKey};

/// What part of the certificates that AWS gives a load balancer a group may have before names are
/// packed, in percent: what comes is there before what it replaces goes, and needs room.
const PACKED_FROM: usize = 80;
/// The most names of a set that others are packed with: with more, there is little to win.
const PACKABLE_MAX: usize = NAMES_MAX / 2;

/// What a member of a group has ACM asked for by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Since when it stands.
    pub since: Option<Timestamp>,
    /// The sets of names.
    pub sets: BTreeSet<Arc<RequestKey>>,
    /// Whether its names may share a certificate with others': LBC makes one for each Ingress.
    pub may_share: bool,
}

/// What members ask for instead, where they ask for something else: the sets of a group, by member.
/// `others` is how many more certificates the group has. ACM is not asked for sets that are not
/// provable: they take no place, and nobody waits for their sake.
#[must_use]
pub fn pack(
    members: &BTreeMap<&ObjectKey, &Asked>,
    others: usize,
    is_provable: impl Fn(&RequestKey) -> bool,
) -> BTreeMap<ObjectKey, BTreeSet<Arc<RequestKey>>> {
    let room = Limit::Certificates.default() * PACKED_FROM / 100;
    let all = members.values().flat_map(|one| &one.sets);
    let all: BTreeSet<&Arc<RequestKey>> = all.filter(|set| is_provable(set)).collect();
    if all.len() + others <= room {
        return BTreeMap::new();
    }
    let mut oldest: BTreeMap<&Arc<RequestKey>, (Option<Timestamp>, &ObjectKey)> = BTreeMap::new();
    let mut alone: BTreeSet<&Arc<RequestKey>> = BTreeSet::new();
    for (key, one) in members {
        for set in one.sets.iter().filter(|set| all.contains(set)) {
            let asker = (one.since, *key);
            let first = oldest.entry(set).or_insert(asker);
            *first = (*first).min(asker);
            if !one.may_share || set.names.len() > PACKABLE_MAX {
                alone.insert(set);
            }
        }
    }
    let mut packable: Vec<&Arc<RequestKey>> =
        all.iter().copied().filter(|set| !alone.contains(set)).collect();
    packable.sort_by_key(|set| (oldest.get(set).copied(), *set));
    let fixed = all.len() - packable.len() + others;
    let placed: Vec<Placed<'_>> = packable.iter().map(|set| Placed::new(set)).collect();
    let own = most_alone(&placed, room.saturating_sub(fixed));
    let mut shared = BTreeMap::new();
    for leaf in leaves(&placed[own..]) {
        let [first, _, ..] = leaf.as_slice() else { continue };
        let names: BTreeSet<SmolStr> =
            leaf.iter().flat_map(|one| one.set.names.iter().cloned()).collect();
        let authority = first.set.authority.clone();
        let packed = Arc::new(RequestKey { names, authority });
        shared.extend(leaf.iter().map(|one| (one.set, Arc::clone(&packed))));
    }
    let each = members.iter().filter_map(|(key, one)| {
        let packed = one.sets.iter().map(|set| shared.get(set).unwrap_or(set).clone());
        let packed: BTreeSet<Arc<RequestKey>> = packed.collect();
        (packed != one.sets).then(|| ((*key).clone(), packed))
    });
    each.collect()
}

/// A set of names, and where it belongs among others.
#[derive(Clone, Copy, Debug)]
struct Placed<'a> {
    set: &'a Arc<RequestKey>,
    place: u64,
}

impl<'a> Placed<'a> {
    /// The place is the beginning of what stands for the names in a tag.
    fn new(set: &'a Arc<RequestKey>) -> Self {
        let token = set.token();
        let place = token.get(..16).and_then(|start| u64::from_str_radix(start, 16).ok());
        Self { set, place: place.unwrap_or_default() }
    }
}

/// How many sets, those first that are first, can have a certificate of their own for all to have
/// room; none where there is too little room at any rate.
fn most_alone(placed: &[Placed<'_>], room: usize) -> usize {
    let fits = |own: &usize| own + leaves(&placed[*own..]).len() <= room;
    (0..=placed.len().min(room)).rev().find(fits).unwrap_or_default()
}

/// Sets that share a certificate: by who issues it, and then by halves of where they belong, until
/// the names of each are few enough.
fn leaves<'p>(placed: &[Placed<'p>]) -> Vec<Vec<Placed<'p>>> {
    let mut sorted = placed.to_vec();
    sorted.sort_by_key(|one| (&one.set.authority, one.place));
    let mut found = Vec::new();
    for of_authority in sorted.chunk_by(|one, next| one.set.authority == next.set.authority) {
        halve(of_authority, 0, &mut found);
    }
    found
}

fn halve<'p>(sorted: &[Placed<'p>], depth: u32, found: &mut Vec<Vec<Placed<'p>>>) {
    let names: usize = sorted.iter().map(|one| one.set.names.len()).sum();
    if names <= NAMES_MAX || depth >= u64::BITS {
        found.extend((!sorted.is_empty()).then(|| sorted.to_vec()));
        return;
    }
    let is_low = |one: &Placed<'_>| one.place.rotate_left(depth + 1) & 1 == 0;
    let (low, high) = sorted.split_at(sorted.partition_point(is_low));
    halve(low, depth + 1, found);
    halve(high, depth + 1, found);
}
