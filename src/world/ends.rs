//! Until when the certificates hold that listeners use, whoever made them, and those that Secrets
//! hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey, Id, ObjectKey};
use crate::model::part::Part;
use crate::model::problem::Problem;
use crate::model::surroundings::IssuedCertificates;
use crate::report::{Told, ending};

use super::World;

/// How far the time of a Secret's certificate has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Early,
    Holds,
    Over,
}

/// From when until when the certificate of a Secret holds.
#[derive(Clone, Copy, Debug)]
struct Holding {
    from: Timestamp,
    until: Timestamp,
    /// How far it was when its certificate was last visited.
    phase: Phase,
}

impl Holding {
    fn phase(&self, now: Timestamp) -> Phase {
        if now < self.from {
            Phase::Early
        } else if now < self.until {
            Phase::Holds
        } else {
            Phase::Over
        }
    }

    /// When it comes to the next phase.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        [self.from, self.until].into_iter().find(|moment| *moment > now)
    }
}

/// Until when certificates hold, as far as is known.
#[derive(Debug, Default)]
pub struct Ends {
    /// As ACM lists them.
    listed: BTreeMap<AwsId, Timestamp>,
    /// Those of imports, which are known before ACM lists them.
    imported: BTreeMap<AwsId, Timestamp>,
    /// The certificates of the listeners of each group, by port.
    listeners: BTreeMap<Group, BTreeMap<u16, BTreeSet<AwsId>>>,
    secrets: BTreeMap<ObjectKey, Holding>,
    /// The certificates that may be found by host, as the last census has them.
    pub found: Option<Arc<IssuedCertificates>>,
    /// Whether ACM was asked for any since the tenure began.
    pub asked: bool,
    /// Whether what ACM was asked for has been looked at since then.
    pub are_requests_read: bool,
    /// What people have been told about ends already.
    pub told: Told,
}

impl Ends {
    /// Takes note of what a group's listeners use, by port.
    pub fn uses(&mut self, group: &Group, by_port: BTreeMap<u16, BTreeSet<AwsId>>) {
        if by_port.values().all(BTreeSet::is_empty) {
            self.listeners.remove(group);
        } else {
            self.listeners.insert(group.clone(), by_port);
        }
    }

    /// Whether any listener uses a certificate.
    #[must_use]
    pub fn concern_anybody(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// Takes note of ends as ACM lists them.
    pub fn listed(&mut self, ends: impl Iterator<Item = (AwsId, Timestamp)>) {
        let used: BTreeSet<&AwsId> =
            self.listeners.values().flat_map(BTreeMap::values).flatten().collect();
        self.listed = ends.filter(|(id, _)| used.contains(id)).collect();
        self.imported.retain(|id, _| used.contains(id));
    }

    /// Takes note of the end of an import.
    pub fn imported(&mut self, id: &AwsId, until: Timestamp) {
        self.imported.insert(id.clone(), until);
    }

    /// Takes note of a visit to the certificate of a Secret. Says whether its time has come, or is
    /// over, since the last one.
    pub fn visited(
        &mut self,
        secret: &ObjectKey,
        validity: Option<(Timestamp, Timestamp)>,
        now: Timestamp,
    ) -> bool {
        let Some((from, until)) = validity else {
            self.secrets.remove(secret);
            return false;
        };
        let holding = Holding { from, until, phase: Phase::Holds };
        let holding = Holding { phase: holding.phase(now), ..holding };
        let before = self.secrets.insert(secret.clone(), holding);
        before.is_some_and(|before| before.phase != holding.phase)
    }

    /// The certificates of Secrets whose time has come, or is over, since they were visited; and
    /// when that is so of the next one.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> (Vec<CertificateKey>, Option<Timestamp>) {
        let due = self.secrets.iter().filter(|(_, holding)| holding.phase(now) != holding.phase);
        let due = due.map(|(secret, _)| CertificateKey::Secret(secret.clone())).collect();
        (due, self.secrets.values().filter_map(|holding| holding.next(now)).min())
    }

    /// The certificates of listeners whose ends are known: the group, the port, the certificate and
    /// its end.
    pub fn known(&self) -> impl Iterator<Item = (&Group, u16, &AwsId, Timestamp)> {
        let each = self.listeners.iter().flat_map(|(group, ports)| {
            let ids = ports.iter().flat_map(|(port, ids)| ids.iter().map(move |id| (*port, id)));
            ids.map(move |(port, id)| (group, port, id))
        });
        each.filter_map(|(group, port, id)| Some((group, port, id, self.end(id)?)))
    }

    /// The certificates of a group's listeners whose ends are known, each with its end.
    pub fn of(&self, group: &Group) -> impl Iterator<Item = (&AwsId, Timestamp)> {
        let ids = self.listeners.get(group).into_iter().flat_map(BTreeMap::values).flatten();
        ids.filter_map(|id| Some((id, self.end(id)?)))
    }

    fn end(&self, id: &AwsId) -> Option<Timestamp> {
        self.imported.get(id).or_else(|| self.listed.get(id)).copied()
    }

    /// How many things are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.listed.len() + self.imported.len() + self.listeners.len() + self.secrets.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl World {
    /// What members of groups are told of certificates of theirs that end before long.
    #[must_use]
    pub fn ending(&self, now: Timestamp) -> BTreeSet<Problem> {
        let mut problems = BTreeSet::new();
        for (group, port, id, end) in self.ends.known() {
            let Some(days) = ending::days(end, now) else { continue };
            let Some(state) = self.balancers.get(group) else { continue };
            let held = state.stored.memory.held.values().filter(|part| {
                // What a bad member had is what it has.
                !state.good.contains(&part.source)
            });
            let good = state.good.read().map(|(_, part)| part);
            let parts = good.chain(held.cloned()).filter(|part| self.uses(part, port, id));
            problems.extend(parts.map(|part| ending::problem(&part.source, (port, id), end, days)));
        }
        problems
    }

    /// Whether a member has a certificate at a port.
    fn uses(&self, part: &Part, port: u16, certificate: &AwsId) -> bool {
        let of_part = part.listens.get(&port).into_iter().flat_map(|listen| &listen.certificates);
        let mut ids = of_part.filter_map(|id| match id {
            Id::Is(id) => Some(id),
            Id::Of(handle) => self.facts.identifier(handle),
        });
        ids.any(|id| id == certificate)
    }
}
