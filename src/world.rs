//! The world as this process knows it: the cluster's objects, what refers to what, what visits have
//! told each other, and what each kind of subject keeps from one visit to the next. One value with
//! one owner, behind one lock that nobody holds while waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::desired::discovery::seeking;
use crate::desired::visits::Index;
use crate::desired::{gates, policy};
use crate::model::fact::{FactStore, Revision, Topic};
use crate::model::gate::Waiting;
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey, ObjectKey};
use crate::model::index::{Change, Seen};
use crate::model::memory::Remembered;
use crate::model::pack::pack;
use crate::model::record::HostedZones;
use crate::model::settings::Settings;
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::subject::{Subject, SubjectKind};
use crate::model::surroundings::IssuedCertificates;
use crate::report::Told;

mod contest;
mod ends;
mod group_look;
mod kept;
mod pending;
mod rested;
mod scene;
mod shared;
mod slice;
mod states;
mod subjects;
mod sync;
mod touched;
mod unshown;

pub use ends::Ends;
pub use pending::PendingPlans;
pub use shared::SharedWorld;
pub use states::{
    BalancerState, BindingState, CertificateState, FabricState, Looks, Orphans, RefusedTarget,
    ZoneState,
};
pub use sync::Progress;
pub use unshown::{Unshown, member};

/// The world as this process knows it.
#[derive(Debug)]
pub struct World {
    pub(super) settings: Arc<Settings>,
    /// Whether a tenure has begun.
    leads: bool,
    /// The cluster's objects.
    pub objects: Objects,
    /// What refers to what.
    pub index: Index,
    /// What visits have told each other.
    pub facts: FactStore,
    /// Up to which change each subject has read what concerns it.
    read: BTreeMap<Subject, Revision>,
    /// Up to which change it is known who has to read it.
    woken: Revision,
    zones: Zones,
    /// What groups keep.
    pub balancers: BTreeMap<Group, BalancerState>,
    /// What bindings keep that something is wrong with.
    pub bindings: BTreeMap<ObjectKey, BindingState>,
    /// What certificates keep.
    pub certificates: BTreeMap<CertificateKey, CertificateState>,
    /// Until when certificates hold.
    pub ends: Ends,
    /// What people have been told about what protects the load balancers of groups.
    pub protections: BTreeMap<Group, Told>,
    /// What zones keep.
    pub zone_states: BTreeMap<AwsId, ZoneState>,
    /// What the shared network keeps.
    pub fabric: FabricState,
    /// Whether nothing in the cluster said, when the tenure began, that what AWS holds in its name
    /// was ever made for it.
    pub is_unmarked: bool,
    /// What each subject then found of which nobody in sight was the owner.
    pub inherited: BTreeMap<Subject, BTreeSet<String>>,
    /// The subjects of which something is held because its owners are out of sight.
    pub braked: BTreeSet<Subject>,
    /// What nobody owns.
    pub orphans: Orphans,
    /// What visits have left undone.
    pub pending: PendingPlans,
    /// The groups of which something may be new to whoever looks at their IngressGroups.
    pub unshown: Unshown,
    /// Who waits for listeners or names to let go of something.
    waiting: BTreeSet<Subject>,
    /// Those of them that began to wait when it was known already that something had been let go;
    /// and those of whom zones have told that they want another certificate.
    late: BTreeSet<Subject>,
}

/// The account's hosted zones, as far as somebody could look.
#[derive(Clone, Debug, Default)]
struct Zones {
    found: Option<Arc<HostedZones>>,
    is_refused: bool,
}

impl World {
    fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            leads: false,
            objects: Objects::default(),
            index: Index::default(),
            facts: FactStore::default(),
            read: BTreeMap::new(),
            woken: Revision::default(),
            zones: Zones::default(),
            balancers: BTreeMap::new(),
            bindings: BTreeMap::new(),
            certificates: BTreeMap::new(),
            ends: Ends::default(),
            protections: BTreeMap::new(),
            zone_states: BTreeMap::new(),
            fabric: FabricState::default(),
            is_unmarked: false,
            inherited: BTreeMap::new(),
            braked: BTreeSet::new(),
            orphans: Orphans::default(),
            pending: PendingPlans::default(),
            unshown: Unshown::default(),
            waiting: BTreeSet::new(),
            late: BTreeSet::new(),
        }
    }

    /// Takes in an object as it is now. Answers with whom to visit; with nobody where it is as it
    /// was.
    pub fn take(&mut self, seen: Seen) -> BTreeSet<Subject> {
        match self.objects.take(seen) {
            Some(change) => self.note(&change),
            None => BTreeSet::new(),
        }
    }

    fn note(&mut self, change: &Change) -> BTreeSet<Subject> {
        let subjects = self.index.note(&self.settings, &self.objects, change);
        self.repack();
        if matches!(change, Change::Ingress(turn) if turn.new.is_none()) {
            // Names of an Ingress that is gone may go, whoever made them.
            self.facts.touch(Topic::AllNames);
        }
        // What concerns the targets and nobody who reaches them lets nobody in or out.
        let is_reached = subjects.iter().any(|subject| subject.kind() == SubjectKind::Fabric);
        for subject in &subjects {
            match subject {
                Subject::Balancer(_, group) => {
                    self.fabric.changed_groups.insert(group.clone());
                    if self.index.has_group(group) {
                        self.facts.expect(group);
                    } else {
                        self.facts.drop_group(group);
                    }
                }
                Subject::Targets(_, binding) if is_reached => {
                    self.fabric.changed_bindings.insert(binding.clone());
                }
                Subject::Targets(..)
                | Subject::Fabric(_)
                | Subject::Certificate(..)
                | Subject::Protection(..)
                | Subject::Zone(..)
                | Subject::Census(_) => {}
            }
        }
        subjects
    }

    /// How much is known: what there is most of where there is much.
    #[must_use]
    pub fn size(&self) -> usize {
        self.objects.ingresses.len() + self.objects.bindings.len()
    }

    /// Takes no more room than is needed for what has grown.
    pub fn pack(&mut self) {
        self.objects.pack();
        self.index.pack();
        pack(&mut self.read);
    }

    /// Begins a tenure: what was read from AWS is forgotten, since somebody else may have written,
    /// and what the cluster remembers takes the place of what was remembered here.
    pub fn begin(&mut self, memories: BTreeMap<Group, Remembered>, is_unmarked: bool) {
        self.leads = true;
        self.pack();
        self.is_unmarked = is_unmarked;
        self.inherited.clear();
        self.braked.clear();
        self.zones = Zones::default();
        self.zone_states.clear();
        self.certificates.clear();
        self.ends = Ends::default();
        self.protections.clear();
        self.pending.clear();
        self.unshown.clear();
        for state in self.balancers.values_mut() {
            state.begin();
        }
        // What is remembered of what nobody can see here is somebody else's.
        let extent = &self.settings.extent;
        for (group, memory) in memories.into_iter().filter(|(group, _)| extent.may_show(group)) {
            self.balancers.entry(group).or_default().stored = memory;
        }
        self.forget_gone();
        self.look_again();
    }

    /// Forgets what visits have found out about AWS.
    pub fn look_again(&mut self) {
        self.facts.forget(self.index.groups());
        self.read.clear();
        self.woken = self.facts.revision();
        self.waiting.clear();
        self.late.clear();
        self.fabric = FabricState::default();
        self.fabric.changed_bindings.extend(self.objects.bindings.keys().cloned());
        self.fabric.changed_groups.extend(self.index.groups().cloned());
    }

    /// Ends a tenure: nobody is visited any more.
    pub fn end(&mut self) {
        self.leads = false;
    }

    /// Whether a tenure has begun.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.leads
    }

    /// Forgets what is kept of groups that are gone and that left nothing over.
    fn forget_gone(&mut self) {
        let index = &self.index;
        self.balancers.retain(|group, state| index.has_group(group) || !state.is_empty());
    }

    /// The readiness gates that a visit to a binding has to do with.
    #[must_use]
    pub fn gates(&self, binding: &ObjectKey) -> Vec<Waiting> {
        gates::gather(self.settings.scope, &self.index, &self.objects, binding)
    }

    /// Takes note that a subject builds on what is known now.
    pub fn has_read(&mut self, subject: &Subject) {
        if subject.kind() != SubjectKind::Targets {
            // Targets build on no facts.
            self.read.insert(subject.clone(), self.facts.revision());
        }
    }

    fn state(&self, subject: &Subject) -> Option<&BalancerState> {
        let Subject::Balancer(_, group) = subject else { return None };
        self.balancers.get(group)
    }

    /// Takes note of whether a subject waits for listeners or names to let go of something. That
    /// may have happened since it has read what it builds on, and then nobody has told it, because
    /// it did not wait yet.
    pub fn wait(&mut self, subject: &Subject, is_waiting: bool) {
        if !is_waiting {
            self.waiting.remove(subject);
            return;
        }
        self.waiting.insert(subject.clone());
        let read = self.read.get(subject).copied().unwrap_or_default();
        let releases = [Topic::Listening, Topic::Leading].into_iter();
        let mut releases = releases.filter(|topic| topic.way().to == subject.kind());
        if releases.any(|topic| self.facts.changed_at(&topic) > read) {
            self.late.insert(subject.clone());
        }
    }

    /// Whether a subject waits for something to be let go.
    #[must_use]
    pub fn is_waiting(&self, subject: &Subject) -> bool {
        self.waiting.contains(subject)
    }

    /// Takes note of which hosted zones there are.
    pub fn zones_are(&mut self, found: Option<Arc<HostedZones>>, in_use: BTreeSet<AwsId>) {
        if self.zones.found != found {
            self.facts.touch(Topic::Zones);
            if let Some(zones) = &found {
                self.late.extend(self.index.zones_are(&self.settings, &self.objects, zones));
                self.repack();
            }
        }
        self.zones = Zones { found, is_refused: false };
        self.zone_states.retain(|zone, _| in_use.contains(zone));
        self.facts.zones(in_use);
    }

    /// Takes note of which certificates may be found by host.
    pub fn issued_are(&mut self, found: Option<Arc<IssuedCertificates>>) {
        if self.ends.found != found {
            self.ends.found = found;
            self.facts.touch(Topic::Issued);
        }
    }

    /// Takes note that nobody may look at hosted zones. Which ones there are is as unknown as
    /// before: whoever led before may have made names, and no load balancer goes that one of them
    /// may lead to.
    pub fn zones_refused(&mut self) {
        if !self.zones.is_refused {
            self.zones.is_refused = true;
            self.facts.touch(Topic::Zones);
        }
    }

    /// Whom to visit because of what has changed since this was asked last: whoever reads it and
    /// has not read it yet.
    pub fn wakes(&mut self) -> BTreeSet<Subject> {
        let changed = self.facts.changed_since(self.woken);
        let mut stale = std::mem::take(&mut self.late);
        for topic in changed {
            let at = self.facts.changed_at(topic);
            let readers = self.readers(topic).into_iter();
            stale.extend(
                readers.filter(|reader| self.read.get(reader).is_none_or(|read| *read < at)),
            );
        }
        self.facts.told(self.woken);
        self.woken = self.facts.revision();
        stale
    }

    /// Who reads a topic, by the way that it goes.
    pub(super) fn readers(&self, topic: &Topic) -> Vec<Subject> {
        let place = &self.settings.place;
        let to = topic.way().to;
        match topic {
            Topic::Backend => self.groups().collect(),
            Topic::Certificate(key) => {
                let users = self.index.wanting(key);
                let groups = users.flat_map(|user| self.index.groups_of(user));
                let groups: BTreeSet<&Group> = groups.chain(self.holding(key)).collect();
                let groups = groups.into_iter();
                groups.map(|group| Subject::Balancer(place.clone(), group.clone())).collect()
            }
            Topic::Zones => {
                let named = self.facts.named_groups().filter(|group| {
                    let names = self.facts.names(group);
                    // Names may have been left out because nobody knew where they lie.
                    policy::judge_zones(&self.objects)
                        || names.is_some_and(|names| !names.wished.is_empty())
                });
                named.map(|group| Subject::Balancer(place.clone(), group.clone())).collect()
            }
            Topic::Issued => {
                let members: Vec<Source> = seeking(&self.objects).collect();
                let groups: BTreeSet<&Group> =
                    members.iter().flat_map(|member| self.index.groups_of(member)).collect();
                let groups = groups.into_iter();
                groups.map(|group| Subject::Balancer(place.clone(), group.clone())).collect()
            }
            Topic::Name(host) | Topic::Proof(host) => {
                let holding = self.facts.known_zones().filter(|id| {
                    let zones = self.zones.found.as_ref();
                    zones.and_then(|zones| zones.get(*id)).is_some_and(|zone| zone.holds(host))
                });
                holding.map(|zone| Subject::Zone(place.clone(), zone.clone())).collect()
            }
            Topic::AllNames => {
                let zones = self.facts.known_zones();
                zones.map(|zone| Subject::Zone(place.clone(), zone.clone())).collect()
            }
            Topic::Protection(group) => vec![Subject::Protection(place.clone(), group.clone())],
            Topic::Zone(zone) => vec![Subject::Zone(place.clone(), zone.clone())],
            Topic::Listening | Topic::Leading => {
                let waiting = self.waiting.iter();
                waiting.filter(|subject| subject.kind() == to).cloned().collect()
            }
            Topic::Carried | Topic::Settled => vec![Subject::Fabric(place.clone())],
            Topic::Stray(key) => vec![Subject::Certificate(place.clone(), key.clone())],
            Topic::Arrived(member) | Topic::Followed(member) => {
                let groups = self.index.groups_of(member).chain(self.index.groups_awaiting(member));
                groups.map(|group| Subject::Balancer(place.clone(), group.clone())).collect()
            }
        }
    }

    fn groups(&self) -> impl Iterator<Item = Subject> {
        let place = &self.settings.place;
        self.index.groups().map(|group| Subject::Balancer(place.clone(), group.clone()))
    }
}
