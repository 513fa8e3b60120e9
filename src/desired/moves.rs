//! Members on their way from one group to another.
//!
//! The old group keeps a member, with its last good part, until the new one serves it, its names
//! lead there and clients have had time to follow. Only the end of that is remembered: a member
//! that is on its way carries the finalizers of both groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::group::Group;
use crate::model::part::Part;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;

use super::groups::Member;

/// The members of a group that went to others.
#[derive(Debug, Default)]
pub struct Departures {
    /// Those that stay until the other one has served them for long enough.
    pub staying: BTreeSet<Source>,
    /// Those that may leave.
    pub leaving: Vec<Source>,
    /// Those that the other one serves: their names are told there.
    pub arrived: BTreeSet<Source>,
    /// Those of them whose names lead there.
    pub followed: BTreeSet<Source>,
    /// Those who are deleted and stay until somebody else serves their hosts, and clients know.
    pub succeeded: BTreeSet<Source>,
    /// What those of them contribute of whom nobody remembers that.
    pub rebuilt: BTreeMap<Source, Arc<Part>>,
}

/// Finds out how far the members are that went to other groups, each with where it went.
#[must_use]
pub fn departures(snapshot: &Snapshot, moved: Vec<(Source, Group)>) -> Departures {
    let mut departures = Departures::default();
    for (source, to) in moved {
        let arrival = snapshot.facts.arrival(&source, &to);
        let is_followed = arrival.is_some_and(|arrival| arrival.is_followed);
        if arrival.is_some() {
            departures.arrived.insert(source.clone());
        }
        if is_followed {
            departures.followed.insert(source.clone());
        }
        let is_let_go = is_followed && snapshot.let_go.contains(&source);
        if is_let_go || snapshot.memory.let_go.contains(&source) {
            departures.leaving.push(source);
        } else {
            departures.staying.insert(source);
        }
    }
    departures
}

/// The members of a group that come from others, or for whom somebody waits there who is deleted,
/// each with what it contributes here; and those that go again before they were served here, whose
/// names stay where they are until then.
#[must_use]
pub fn arriving(
    snapshot: &Snapshot,
    group: &Group,
    (active, staying): (&[Member<'_>], &BTreeSet<Source>),
    part: impl Fn(&Source) -> Option<Arc<Part>>,
) -> BTreeMap<Source, Arc<Part>> {
    let scope = snapshot.settings.scope;
    let coming = active.iter().filter(|member| {
        let source = member.source();
        let finalizers = member.ingress.metadata.finalizers.iter();
        let mut groups = finalizers.filter_map(|held| Group::of_finalizer(scope, held, &source));
        groups.any(|other| other != *group) || snapshot.expected.contains(&source)
    });
    let passing = staying.iter().filter(|source| snapshot.unarrived.contains(*source));
    let sources = coming.map(Member::source).chain(passing.cloned());
    sources.filter_map(|source| part(&source).map(|part| (source, part))).collect()
}
