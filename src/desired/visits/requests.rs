//! What the members of a group have ACM asked for, together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::caused::Visits;
use super::{Index, imported};
use crate::desired::classes::{class_of, is_only_planned, is_own_class};
use crate::desired::packing::{Asked, pack};
use crate::desired::request;
use crate::model::group::Group;
use crate::model::id::{CertificateKey, ObjectKey};
use crate::model::record::HostedZones;
use crate::model::request::RequestKey;
use crate::model::seen::Ingress;
use crate::model::settings::Settings;
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::subject::Subject;

/// What members ask for, and what of it is packed with what others ask for.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// What each asks for by itself.
    asked: BTreeMap<ObjectKey, Asked>,
    /// What those ask for instead whose names are packed.
    packed: BTreeMap<ObjectKey, BTreeSet<Arc<RequestKey>>>,
    /// Those of whom that has changed.
    repacked: BTreeSet<ObjectKey>,
    /// The hosted zones that prove names, as they were when somebody could look; before that, each
    /// name may be proved.
    zones: Option<Arc<HostedZones>>,
}

impl Index {
    /// Takes note of what an Ingress has ACM asked for by itself.
    pub(super) fn asks(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        key: &ObjectKey,
        ingress: Option<&Ingress>,
    ) {
        let own = ingress.map(|ingress| request::own(visits.settings, objects, key, ingress));
        let own = own.unwrap_or_default();
        let asked = ingress.filter(|_| !own.is_empty()).map(|ingress| Asked {
            since: ingress.metadata.creation_timestamp,
            may_share: class_of(objects, ingress).is_some_and(is_own_class),
            sets: own,
        });
        match asked {
            Some(asked) => _ = self.packing.asked.insert(key.clone(), asked),
            None => _ = self.packing.asked.remove(key),
        }
        self.ask(visits, key);
    }

    /// Takes note of whether only the plan of an Ingress is asked for: its certificates are made
    /// once it is not.
    pub(super) fn note_planned_only(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        key: &ObjectKey,
        ingress: Option<&Ingress>,
    ) {
        let is_asked = ingress.is_some_and(|ingress| is_only_planned(objects, ingress));
        let is_news = if is_asked {
            self.planned_only.insert(key.clone())
        } else {
            self.planned_only.remove(key)
        };
        if is_news {
            visits.certificates(self.certificates_of(&Source::ingress(key.clone())));
        }
    }

    /// Takes note of what an Ingress has ACM asked for in the end.
    fn ask(&mut self, visits: &mut Visits<'_>, key: &ObjectKey) {
        let asked = self.packing.asked.get(key).map(|asked| &asked.sets);
        let sets = asked.map(|own| self.packing.packed.get(key).unwrap_or(own));
        let sets = sets.cloned().unwrap_or_default();
        let either = self.requests.set(&Source::ingress(key.clone()), sets);
        visits.certificates(either.into_iter().map(CertificateKey::Request));
    }

    /// Packs what the members of these groups ask for, of which one has come, gone or changed.
    /// Whoever is in two of them is packed in one.
    pub(super) fn repack(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        key: &ObjectKey,
        groups: &BTreeSet<Group>,
    ) {
        let group = self.groups.of(&Source::ingress(key.clone())).next();
        let shares = matches!(group, Some(Group::Explicit(_)));
        if !shares && self.packing.packed.remove(key).is_some() {
            self.ask(visits, key);
            self.packing.repacked.insert(key.clone());
        }
        if self.packing.asked.is_empty() && self.packing.packed.is_empty() {
            return;
        }
        for group in groups {
            self.repack_group(visits, objects, group);
        }
    }

    /// Packs anew what members ask for, now that it is known which zones prove names. Says whom to
    /// visit.
    pub fn zones_are(
        &mut self,
        settings: &Settings,
        objects: &Objects,
        zones: &Arc<HostedZones>,
    ) -> BTreeSet<Subject> {
        let mut visits = Visits { settings, subjects: BTreeSet::new() };
        self.packing.zones = Some(Arc::clone(zones));
        let asking = self.packing.asked.keys().map(|key| Source::ingress(key.clone()));
        let groups: BTreeSet<Group> =
            asking.filter_map(|member| self.groups.of(&member).next().cloned()).collect();
        for group in &groups {
            self.repack_group(&mut visits, objects, group);
        }
        visits.subjects
    }

    /// Whether names are packed though nobody knows which of them can be proved.
    #[must_use]
    pub fn packs_blindly(&self) -> bool {
        self.packing.zones.is_none() && !self.packing.packed.is_empty()
    }

    fn repack_group(&mut self, visits: &mut Visits<'_>, objects: &Objects, group: &Group) {
        if !matches!(group, Group::Explicit(_)) {
            return;
        }
        let mut asking = BTreeMap::new();
        let (mut imports, mut named) = (BTreeSet::new(), BTreeSet::new());
        let mut members: Vec<ObjectKey> = Vec::new();
        for member in self.members(group).filter(|one| self.groups.of(one).next() == Some(group)) {
            imports.extend(self.secrets.of(member).filter_map(imported));
            if let Some(asked) = self.packing.asked.get(&member.key) {
                asking.insert(&member.key, asked);
            } else if let Some(ingress) = objects.ingresses.get(&member.key) {
                named.extend(request::named(visits.settings, objects, &member.key, ingress));
            }
            members.push(member.key.clone());
        }
        let zones = self.packing.zones.as_ref();
        let is_provable = |key: &RequestKey| {
            zones.is_none_or(|zones| request::unproved(visits.settings, zones, key).is_empty())
        };
        let mut packed = pack(&asking, imports.len() + named.len(), is_provable);
        for key in members {
            let (now, before) = (packed.remove(&key), self.packing.packed.get(&key));
            if now.as_ref() == before {
                continue;
            }
            match now {
                Some(now) => _ = self.packing.packed.insert(key.clone(), now),
                None => _ = self.packing.packed.remove(&key),
            }
            self.ask(visits, &key);
            visits.balancers([group]);
            self.packing.repacked.insert(key);
        }
    }

    /// What those ask for instead of whom that has changed since this was asked last, and whose
    /// names are packed with others'.
    pub fn repacked(&mut self) -> Vec<(ObjectKey, Option<BTreeSet<Arc<RequestKey>>>)> {
        let keys = std::mem::take(&mut self.packing.repacked).into_iter();
        keys.map(|key| (key.clone(), self.packing.packed.get(&key).cloned())).collect()
    }
}

/// What Ingresses have ACM asked for instead of what they ask for by themselves, where all of them
/// are looked at once.
#[must_use]
pub fn packed(
    settings: &Settings,
    objects: &Objects,
    zones: Option<&Arc<HostedZones>>,
) -> BTreeMap<ObjectKey, BTreeSet<Arc<RequestKey>>> {
    let mut index = Index::default();
    index.packing.zones = zones.cloned();
    if request::is_on(settings, objects) {
        let mut visits = Visits { settings, subjects: BTreeSet::new() };
        for (key, ingress) in &objects.ingresses {
            index.regroup(&mut visits, objects, key, Some(ingress));
        }
    }
    index.packing.packed
}
