//! What one subject tells another: a value in the next snapshot, never a call.
//!
//! Facts are kept in a [`FactStore`], where each change has a revision. A visit reads [`Facts`],
//! the slice of them that its subject builds on. Who has not read yet what has changed is found out
//! by comparing revisions, so nobody's waking up is lost when a visit fails half-way.
//!
//! ```
//! use albedo::model::fact::{FactStore, Topic};
//! use albedo::model::id::{AwsId, Handle};
//!
//! let mut store = FactStore::default();
//! let seen = store.revision();
//! store.learn(Handle::BackendSecurityGroup, Some(AwsId::new("sg-1")));
//! assert_eq!(store.changed_since(seen).collect::<Vec<_>>(), [&Topic::Backend]);
//! // What is said again is no change.
//! let seen = store.revision();
//! store.learn(Handle::BackendSecurityGroup, Some(AwsId::new("sg-1")));
//! assert_eq!(store.changed_since(seen).count(), 0);
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::group::Group;
use super::id::{AwsId, CertificateKey, Handle, Id};
use super::naming::Naming;
use super::protection::ProtectionStack;
use super::request::RequestKey;
use super::source::Source;

pub use super::news::Topic;

mod leading;
mod moves;
mod proof;
mod protection;
mod slice;

pub use leading::Leading;
use leading::Led;
pub use slice::{Arrival, Facts};

use proof::Proofs;

/// The number of a change: later changes have higher ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The names that should lead to a group's load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The load balancer.
    pub load_balancer: Id,
    /// Whether it can be reached by IPv6.
    pub has_ipv6: bool,
    /// The names, each with who asks for it: once for each thing that is said of it.
    pub wished: BTreeMap<String, Vec<NameWish>>,
    /// The members whose names are all in `wished`: what else is theirs may be withdrawn.
    pub known: BTreeSet<Source>,
    /// Those who ask and are not served here yet, but by the group that they come from; those that
    /// do not carry the group's finalizer yet; and those of whom nothing counts, so that nobody can
    /// tell what they ask for. Their names stay as they are.
    pub arriving: BTreeSet<Source>,
}

impl Names {
    /// Those of whom nothing counts, so that nobody can tell what they ask for here.
    pub fn silent(&self) -> impl Iterator<Item = &Source> {
        self.arriving.difference(&self.known)
    }

    /// Whether a member asks for a name.
    fn asks(&self, member: &Source) -> bool {
        self.wished
            .values()
            .flatten()
            .any(|wish| wish.source == *member || wish.others.contains(member))
    }
}

/// Who asks for a name, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameWish {
    /// The first member of the group that asks.
    pub source: Source,
    /// The others that ask.
    pub others: BTreeSet<Source>,
    /// What they say of it.
    pub naming: Arc<Naming>,
}

/// Many things, each with how many hold it.
type Counted<K = AwsId> = BTreeMap<K, usize>;

/// All facts, each change with its revision.
#[derive(Clone, Debug, Default)]
pub struct FactStore {
    revision: Revision,
    changes: BTreeMap<Revision, Topic>,
    revisions: BTreeMap<Topic, Revision>,
    /// The identifiers of things that others refer to; `None`: it is known that there is none.
    made: BTreeMap<Handle, Option<AwsId>>,
    /// The certificates that the listeners of each group use.
    listening: BTreeMap<Group, BTreeSet<AwsId>>,
    used: Arc<Counted>,
    names: BTreeMap<Group, Arc<Names>>,
    /// What should protect the load balancers of groups, where somebody asks for anything.
    protections: BTreeMap<Group, Arc<ProtectionStack>>,
    /// What proves the names of certificates that ACM was asked for.
    proofs: BTreeMap<RequestKey, Proofs>,
    /// The groups that there are and whose listeners nobody has looked at.
    unlistened: BTreeSet<Group>,
    /// The groups that have changed since their names were told, and when.
    unnamed: BTreeMap<Group, Revision>,
    /// The groups that have changed since a visit found no binding to be made for them, and when.
    unsettled: BTreeMap<Group, Revision>,
    /// Those whose names were told and are no longer, and since when.
    left: BTreeMap<Source, Revision>,
    /// Where our records of each hosted zone lead to; `None` while nobody knows which zones there
    /// are.
    zones: Option<BTreeMap<AwsId, Zone>>,
    led: Led,
    /// The load balancers of groups for which names that are left of others have to go.
    renounced: BTreeMap<Group, BTreeSet<AwsId>>,
    /// The members that are served by the group that they went to, and since when.
    arrived: BTreeMap<Source, (Group, Revision)>,
}

/// What is known of a hosted zone.
#[derive(Clone, Debug, Default)]
struct Zone {
    /// Where records lead to; `None` while nobody has looked.
    leading: Option<Leading>,
    /// Whether nobody may look.
    is_refused: bool,
    /// Up to which revision names that nobody asks for any more have been withdrawn.
    cleared: Revision,
    /// Up to which revision names have followed who went to another group; and those whose names
    /// have not.
    followed: (Revision, BTreeSet<Source>),
}

fn count<K: Ord + Clone>(counted: &mut Arc<Counted<K>>, old: &BTreeSet<K>, new: &BTreeSet<K>) {
    if old == new {
        return;
    }
    let counted = Arc::make_mut(counted);
    for id in new {
        *counted.entry(id.clone()).or_default() += 1;
    }
    for id in old {
        if let Some(count) = counted.get_mut(id) {
            *count -= 1;
            if *count == 0 {
                counted.remove(id);
            }
        }
    }
}

impl FactStore {
    /// The latest change.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What has changed after a revision, each with when it did last.
    pub fn changed_since(&self, revision: Revision) -> impl Iterator<Item = &Topic> {
        self.changes.range(revision.next()..).map(|(_, topic)| topic)
    }

    /// When a topic changed last; the beginning of all where it never did.
    #[must_use]
    pub fn changed_at(&self, topic: &Topic) -> Revision {
        self.revisions.get(topic).copied().unwrap_or_default()
    }

    /// Says that something about a topic has changed.
    pub fn touch(&mut self, topic: Topic) {
        self.revision = self.revision.next();
        if let Some(before) = self.revisions.insert(topic.clone(), self.revision) {
            self.changes.remove(&before);
        }
        self.changes.insert(self.revision, topic);
    }

    /// Forgets everything that was read from AWS, and every change: somebody else may have written.
    /// `groups` are those that there are.
    pub fn forget<'g>(&mut self, groups: impl IntoIterator<Item = &'g Group>) {
        let groups: BTreeSet<Group> = groups.into_iter().cloned().collect();
        let revision = self.revision.next();
        let changed: BTreeMap<Group, Revision> =
            groups.iter().map(|group| (group.clone(), revision)).collect();
        *self = Self {
            revision,
            unlistened: groups,
            unnamed: changed.clone(),
            unsettled: changed,
            left: std::mem::take(&mut self.left),
            // Whoever is on its way goes on where it was: names do not go to and fro.
            arrived: std::mem::take(&mut self.arrived),
            ..Self::default()
        };
    }

    /// Makes the identifier of a thing known, or that there is none.
    pub fn learn(&mut self, handle: Handle, id: Option<AwsId>) {
        let topic = match &handle {
            Handle::BackendSecurityGroup => Topic::Backend,
            Handle::Certificate(key) => Topic::Certificate(key.clone()),
            Handle::FrontendSecurityGroup(_)
            | Handle::FurtherSecurityGroup(..)
            | Handle::LoadBalancer(..)
            | Handle::Listener(..)
            | Handle::TargetGroup(..)
            | Handle::FrontendNlb(_)
            | Handle::FrontendNlbListener(..)
            | Handle::FrontendNlbTargetGroup(..) => return,
        };
        if self.made.get(&handle) != Some(&id) {
            self.made.insert(handle, id);
            self.touch(topic);
        }
    }

    /// Whether nobody could tell yet whether a thing stands.
    #[must_use]
    pub fn is_unread(&self, handle: &Handle) -> bool {
        !self.made.contains_key(handle)
    }

    /// What is known of a thing: its identifier, or that there is none; nothing where nobody could
    /// tell yet.
    #[must_use]
    pub fn learned(&self, handle: &Handle) -> Option<&Option<AwsId>> {
        self.made.get(handle)
    }

    /// The identifier of a thing that stands, as far as anybody has made it known.
    #[must_use]
    pub fn identifier(&self, handle: &Handle) -> Option<&AwsId> {
        self.made.get(handle)?.as_ref()
    }

    /// Forgets a certificate that nobody uses any more and that is gone.
    pub fn forget_certificate(&mut self, key: &CertificateKey) {
        self.made.remove(&Handle::Certificate(key.clone()));
        self.drop_topic(&Topic::Certificate(key.clone()));
        if let CertificateKey::Request(request) = key {
            self.proofs.remove(request.as_ref());
        }
    }

    /// Forgets the changes after a revision of topics that are told once: whoever has to read them
    /// has been found. Earlier ones are forgotten already, where this is asked after every look.
    pub fn told(&mut self, since: Revision) {
        let once = |topic: &Topic| match topic {
            Topic::Name(_)
            | Topic::Proof(_)
            | Topic::Stray(_)
            | Topic::Protection(_)
            | Topic::Arrived(_)
            | Topic::Followed(_) => true,
            Topic::Backend
            | Topic::Certificate(_)
            | Topic::AllNames
            | Topic::Listening
            | Topic::Leading
            | Topic::Carried
            | Topic::Settled
            | Topic::Zone(_)
            | Topic::Zones
            | Topic::Issued => false,
        };
        let told: Vec<Topic> =
            self.changed_since(since).filter(|topic| once(topic)).cloned().collect();
        told.iter().for_each(|topic| self.drop_topic(topic));
    }

    fn drop_topic(&mut self, topic: &Topic) {
        if let Some(revision) = self.revisions.remove(topic) {
            self.changes.remove(&revision);
        }
    }

    /// Takes note that a group has changed: until it is visited, nobody knows its names, nor which
    /// bindings are about to be made for it.
    pub fn expect(&mut self, group: &Group) {
        self.revision = self.revision.next();
        self.unnamed.insert(group.clone(), self.revision);
        self.unsettled.insert(group.clone(), self.revision);
        if !self.listening.contains_key(group) {
            self.unlistened.insert(group.clone());
        }
    }

    /// Takes note that there is no such group any more.
    pub fn drop_group(&mut self, group: &Group) {
        self.arrived.retain(|_, (to, _)| to != group);
        let was_complete = self.knows_names();
        self.unnamed.remove(group);
        self.settle(group, self.revision);
        self.protects(group, None);
        if self.unlistened.remove(group) && self.unlistened.is_empty() {
            self.touch(Topic::Listening);
        }
        if let Some(used) = self.listening.remove(group) {
            count(&mut self.used, &used, &BTreeSet::new());
            self.touch(Topic::Listening);
        }
        self.renounced.remove(group);
        if let Some(names) = self.names.remove(group) {
            self.leave(names.known.iter().cloned().collect());
            let hosts: BTreeSet<String> = names.wished.keys().cloned().collect();
            self.touch_names(&hosts);
        }
        if !was_complete && self.knows_names() {
            self.touch(Topic::AllNames);
        }
    }

    /// Makes known which certificates a group's listeners use.
    pub fn listens(&mut self, group: &Group, certificates: BTreeSet<AwsId>) {
        let is_first = self.unlistened.remove(group);
        let old = self.listening.insert(group.clone(), certificates).unwrap_or_default();
        let new = &self.listening[group];
        if *new != old || (is_first && self.unlistened.is_empty()) {
            count(&mut self.used, &old, new);
            self.touch(Topic::Listening);
        }
    }

    /// Makes known which names should lead to a group's load balancer, as the group was at a
    /// revision.
    pub fn names_of(&mut self, group: &Group, names: Names, at: Revision) {
        let was_complete = self.knows_names();
        if self.unnamed.get(group).is_some_and(|changed| *changed <= at) {
            self.unnamed.remove(group);
        }
        let old = self.names.get(group).cloned();
        if old.as_deref() != Some(&names) {
            for member in &names.known {
                self.left.remove(member);
            }
            let known = old.iter().flat_map(|old| &old.known);
            let gone = known.filter(|member| !names.known.contains(*member)).cloned();
            self.leave(gone.collect());
            let hosts = names.wished.keys().chain(old.iter().flat_map(|old| old.wished.keys()));
            let hosts: BTreeSet<String> = hosts.cloned().collect();
            let was_known = |member: &Source| {
                old.as_ref().is_none_or(|old| old.known.contains(member) || names.asks(member))
            };
            let is_free = names.known.iter().any(|member| !was_known(member));
            self.names.insert(group.clone(), Arc::new(names));
            self.touch_names(&hosts);
            if is_free {
                // What somebody had who now says that he asks for nothing may lie in any zone.
                self.touch(Topic::AllNames);
            }
        }
        if !was_complete && self.knows_names() {
            // Once everybody's names are known, those that nobody wants may go.
            self.touch(Topic::AllNames);
        }
    }

    /// Takes note that nobody tells the names of some members any more.
    fn leave(&mut self, members: Vec<Source>) {
        let is_anywhere = self.zones.as_ref().is_none_or(|zones| !zones.is_empty());
        if is_anywhere && !members.is_empty() {
            self.revision = self.revision.next();
            let revision = self.revision;
            self.left.extend(members.into_iter().map(|member| (member, revision)));
        }
    }

    /// Takes note that a visit, which saw a group as it was at a revision, found no binding to be
    /// made for it.
    pub fn settle(&mut self, group: &Group, at: Revision) {
        if self.unsettled.get(group).is_some_and(|changed| *changed <= at) {
            self.unsettled.remove(group);
            if self.unsettled.is_empty() {
                self.touch(Topic::Settled);
            }
        }
    }

    /// Whether no group may be about to be given bindings.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.unsettled.is_empty()
    }

    fn touch_names(&mut self, hosts: &BTreeSet<String>) {
        for host in hosts {
            self.touch(Topic::Name(host.clone()));
        }
    }

    /// The names that a group asked for when it was last visited.
    #[must_use]
    pub fn names(&self, group: &Group) -> Option<&Names> {
        self.names.get(group).map(AsRef::as_ref)
    }

    /// The groups whose names are told.
    pub fn named_groups(&self) -> impl Iterator<Item = &Group> {
        self.names.keys()
    }

    /// Whether the names of every group are known as it is now.
    #[must_use]
    pub fn knows_names(&self) -> bool {
        self.unnamed.is_empty()
    }

    /// Makes known which hosted zones there are.
    pub fn zones(&mut self, zones: impl IntoIterator<Item = AwsId>) {
        let mut old = self.zones.take();
        let is_first = old.is_none();
        let mut all = BTreeMap::new();
        for zone in zones {
            let known = old.as_mut().and_then(|old| old.remove(&zone));
            if known.is_none() {
                self.touch(Topic::Zone(zone.clone()));
            }
            all.insert(zone, known.unwrap_or_default());
        }
        for (zone, gone) in old.into_iter().flatten() {
            let gone = gone.leading.unwrap_or_default();
            self.led.count(&gone, &Leading::default());
            self.drop_topic(&Topic::Zone(zone));
            self.touch(Topic::Leading);
        }
        if all.is_empty() {
            self.left.clear();
        }
        self.zones = Some(all);
        self.touch_followed(&BTreeSet::new());
        if is_first {
            self.touch(Topic::Leading);
        }
    }

    /// Whether each of these names is still wished for, and for that load balancer.
    #[must_use]
    pub fn still_wishes(&self, wished: &BTreeSet<(&Id, &str)>) -> bool {
        let mut left = wished.clone();
        for names in self.names.values() {
            let id = &names.load_balancer;
            let same = left.range((id, "")..).take_while(|(other, _)| *other == id);
            let found: Vec<(&Id, &str)> =
                same.filter(|(_, host)| names.wished.contains_key(*host)).copied().collect();
            for name in found {
                left.remove(&name);
            }
        }
        left.is_empty()
    }

    /// What a balancer builds on: who it shares a security group with, its certificates, and which
    /// load balancers have names.
    #[must_use]
    pub fn for_balancer<'k>(
        &self,
        certificates: impl IntoIterator<Item = CertificateKey>,
        members: impl IntoIterator<Item = &'k Source>,
    ) -> Facts {
        let certificates = certificates.into_iter().map(Handle::Certificate);
        let handles = certificates.chain([Handle::BackendSecurityGroup]);
        let made = handles.filter_map(|handle| {
            let (handle, id) = self.made.get_key_value(&handle)?;
            Some((handle.clone(), id.clone()))
        });
        let arrivals = self.arrivals_of(members);
        let (made, leading, refused) = (made.collect(), self.everywhere(), self.refused());
        let led = self.led.clone();
        Facts { made, leading, led, refused, arrivals, ..Facts::default() }
    }

    /// What a certificate builds on: who uses it.
    #[must_use]
    pub fn for_certificate(&self) -> Facts {
        let listening = self.unlistened.is_empty().then(|| Arc::clone(&self.used));
        Facts { listening, ..Facts::default() }
    }

    /// What a zone builds on: everybody's names, and who is in no group any more.
    #[must_use]
    pub fn for_zone(&self, is_out: impl Fn(&Source) -> bool) -> Facts {
        Facts {
            names: self.names.clone(),
            left: self.left.keys().filter(|member| is_out(member)).cloned().collect(),
            knows_names: self.knows_names(),
            proofs: self.all_proofs(),
            arrivals: self.arrivals_of(self.arrived.keys()),
            renounced: self.renounced.values().flatten().cloned().collect(),
            ..Facts::default()
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Facts {
        let made = self.made.clone();
        let listening = self.for_certificate().listening;
        let (leading, refused) = (self.everywhere(), self.refused());
        let led = self.led.clone();
        Facts { made, listening, leading, led, refused, ..self.for_zone(|_| true) }
    }

    /// How many things are kept; to be held against how many stand.
    #[must_use]
    pub fn len(&self) -> usize {
        let told = self.names.len() + self.protections.len() + self.arrived.len();
        let proofs = self.proofs.len();
        self.changes.len() + self.made.len() + told + self.left.len() + proofs
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
