//! The visits that those cause who answer challenges of ACME, and those beside whom they do.

use std::collections::BTreeSet;

use super::{Index, Visits};
use crate::desired::challenge;
use crate::model::id::ObjectKey;
use crate::model::seen::Ingress;
use crate::model::snapshot::Objects;
use crate::model::source::Source;

impl Index {
    /// Takes note of the host that an Ingress answers a challenge for, if it does.
    pub(super) fn note_solver(&mut self, key: &ObjectKey, ingress: Option<&Ingress>) {
        let solved = ingress.and_then(challenge::challenge);
        let place = solved.map(|found| ObjectKey::new(key.namespace.clone(), found.host));
        self.solvers.set(key, place.into_iter().collect());
    }

    /// Those who answer challenges are where their hosts are served.
    pub(super) fn regroup_solvers(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        key: &ObjectKey,
        ingress: &Ingress,
    ) {
        if challenge::challenge(ingress).is_some() {
            return;
        }
        let places =
            challenge::hosts(ingress).map(|host| ObjectKey::new(key.namespace.clone(), host));
        let solvers: BTreeSet<ObjectKey> =
            places.flat_map(|place| self.solvers.leading_to(&place)).cloned().collect();
        for solver in solvers.iter().filter(|solver| *solver != key) {
            let found = objects.ingresses.get(solver).map(AsRef::as_ref);
            self.regroup(visits, objects, solver, found);
        }
    }

    /// Those beside whom a member answers challenges; nobody where it does not.
    pub(super) fn beside_solver(&self, member: &Source) -> impl Iterator<Item = &Source> + Clone {
        let is_one = self.solvers.of(&member.key).next().is_some();
        let groups = self.groups.of(member).filter(move |_| is_one);
        let all = groups.flat_map(|group| self.groups.leading_to(group));
        let namespace = member.key.namespace.clone();
        all.filter(move |other| other.key.namespace == namespace)
    }
}
