//! Who serves which hosts, and who is about to serve those of whom somebody has deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use smol_str::SmolStr;

use super::{Index, Visits};
use crate::desired::challenge;
use crate::desired::groups;
use crate::desired::links::Links;
use crate::model::group::Group;
use crate::model::seen::Ingress;
use crate::model::settings::Settings;
use crate::model::snapshot::Objects;
use crate::model::source::Source;

/// How long before somebody is deleted another object may have been made to take its place: longer
/// than it takes to apply what a person has renamed, and than AWS needs for a load balancer.
const NEWCOMER: Duration = Duration::from_mins(5);

/// The hosts of members, and who of them is deleted and not gone yet.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    named: Links<Source, SmolStr>,
    leaving: BTreeSet<Source>,
}

impl Hosts {
    /// Takes no more room than the links need.
    pub(super) fn pack(&mut self) {
        self.named.pack();
    }
}

impl Index {
    /// Takes note of the hosts of an Ingress. Where somebody goes who has served one of them, those
    /// are visited who are about to serve it, and where somebody comes, those who wait for that.
    pub(super) fn note_hosts(
        &mut self,
        visits: &mut Visits<'_>,
        source: &Source,
        ingress: Option<&Ingress>,
    ) {
        let hosts = ingress.into_iter().flat_map(served);
        let either = self.hosts.named.set(source, hosts.collect());
        let goes = ingress.is_some_and(|found| found.metadata.deletion_timestamp.is_some());
        let leaving = &mut self.hosts.leaving;
        let was = if goes { !leaving.insert(source.clone()) } else { leaving.remove(source) };
        if leaving.is_empty() && !was {
            return;
        }
        let others = either.iter().flat_map(|host| self.hosts.named.leading_to(host));
        let concerned = others.filter(|other| {
            *other != source && (goes || was || self.hosts.leaving.contains(*other))
        });
        visits.balancers(concerned.flat_map(|other| self.groups.of(other)));
    }

    /// Those who are deleted and share a host with a member.
    fn leaving_beside(&self, member: &Source) -> impl Iterator<Item = &Source> {
        let hosts = self.hosts.named.of(member).filter(|_| !self.hosts.leaving.is_empty());
        let others = hosts.flat_map(|host| self.hosts.named.leading_to(host));
        others.filter(move |other| *other != member && self.hosts.leaving.contains(*other))
    }

    /// The groups of those who wait for a member to serve their hosts.
    pub fn groups_awaiting(&self, member: &Source) -> impl Iterator<Item = &Group> {
        self.leaving_beside(member).flat_map(|other| self.groups.of(other))
    }

    /// The members of a group that are deleted while somebody new is about to serve their hosts in
    /// another group, each with who that is and where.
    #[must_use]
    pub fn successors(
        &self,
        settings: &Settings,
        objects: &Objects,
        group: &Group,
    ) -> BTreeMap<Source, BTreeMap<Source, Group>> {
        let mut found = BTreeMap::new();
        if self.hosts.leaving.is_empty() {
            return found;
        }
        for member in self.members(group).filter(|member| self.hosts.leaving.contains(*member)) {
            // What leads to nothing serves nobody.
            let mut services = self.services(member);
            if !services.any(|service| objects.services.contains_key(service)) {
                continue;
            }
            let hosts = self.hosts.named.of(member);
            let others = hosts.flat_map(|host| self.hosts.named.leading_to(host));
            let others = others.filter(|other| !self.hosts.leaving.contains(*other));
            let new = others.filter(|other| takes_the_place(objects, other, member));
            let elsewhere = new.filter_map(|other| {
                let ingress = objects.ingresses.get(&other.key)?;
                let to = groups::current(settings, objects, &other.key, ingress)?;
                (to != *group && challenge::challenge(ingress).is_none())
                    .then(|| (other.clone(), to))
            });
            let elsewhere: BTreeMap<Source, Group> = elsewhere.collect();
            if !elsewhere.is_empty() {
                found.insert(member.clone(), elsewhere);
            }
        }
        found
    }

    /// The members of a group for whom somebody waits who is deleted and has served a host of
    /// theirs in another group.
    #[must_use]
    pub fn expected(&self, objects: &Objects, group: &Group) -> BTreeSet<Source> {
        if self.hosts.leaving.is_empty() {
            return BTreeSet::new();
        }
        let members = self.members(group).filter(|member| !self.hosts.leaving.contains(*member));
        let expected = members.filter(|member| {
            self.leaving_beside(member).any(|other| {
                let is_elsewhere = self.groups.of(other).any(|of| of != group);
                is_elsewhere && takes_the_place(objects, member, other)
            })
        });
        expected.cloned().collect()
    }
}

/// Whether somebody was made so late that it takes the place of whom somebody has deleted.
fn takes_the_place(objects: &Objects, new: &Source, old: &Source) -> bool {
    let metadata = |source| objects.metadata(source);
    let made = metadata(new).and_then(|found| found.creation_timestamp);
    let deleted = metadata(old).and_then(|found| found.deletion_timestamp);
    made.zip(deleted).is_some_and(|(made, deleted)| {
        deleted.checked_sub(NEWCOMER).is_ok_and(|since| made >= since)
    })
}

/// The hosts that an Ingress serves, as clients ask for them.
fn served(ingress: &Ingress) -> impl Iterator<Item = SmolStr> {
    let rules = ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten());
    let hosts = rules.filter_map(|rule| rule.host.as_deref()).filter(|host| !host.is_empty());
    hosts.map(|host| SmolStr::from(host.to_lowercase()))
}
