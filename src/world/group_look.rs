//! What is known of one group, taken while nobody else may look: it costs what the group is, and
//! not what the cluster is.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::desired::zone::{self, Choice};
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey, Handle, ObjectKey};
use crate::model::naming::Target;
use crate::model::problem::{Kind, ObjectRef};
use crate::model::record::Spread;
use crate::model::subject::Subject;
use crate::report::Told;
use crate::report::group_status::{AskedName, AskedNames, GroupLook, MadeCertificate, NamePlace};
use crate::report::topology::{Complaint, Remainder};

use super::World;

impl World {
    /// Whether there is a group, or anything is left of it.
    #[must_use]
    pub fn knows_group(&self, group: &Group) -> bool {
        self.index.has_group(group) || self.balancers.contains_key(group)
    }

    /// What is known of a group; nothing where there is no such group, and nothing left of it.
    #[must_use]
    pub fn group_look(&self, group: &Group) -> Option<GroupLook> {
        if !self.knows_group(group) {
            return None;
        }
        let observed = self.balancers.get(group).map(|state| &state.observed);
        let members = self.index.members(group).map(|member| {
            let generation = observed.and_then(|observed| observed.get(member));
            (member.clone(), generation.copied())
        });
        let keys: BTreeSet<CertificateKey> =
            self.index.members(group).flat_map(|one| self.index.certificates_of(one)).collect();
        let certificates = keys.iter().map(|key| MadeCertificate {
            of: key.to_string(),
            id: self.facts.learned(&Handle::Certificate(key.clone())).cloned(),
        });
        Some(GroupLook {
            members: members.collect(),
            certificates: certificates.collect(),
            ends: self.ends.of(group).map(|(id, end)| (id.clone(), end)).collect(),
            names: self.asked_names(group),
            complaints: self.complaints_of(group, &keys),
            remainders: self.remainders_of(group),
        })
    }

    fn asked_names(&self, group: &Group) -> AskedNames {
        if !zone::is_on(&self.settings, &self.objects) {
            return AskedNames::NotKept;
        }
        let Some(names) = self.facts.names(group) else { return AskedNames::Untold };
        let Some(zones) = &self.zones.found else {
            return AskedNames::NoZones(self.zones.is_refused);
        };
        let asked = names.wished.iter().flat_map(|(host, wishes)| {
            wishes.iter().filter(|wish| wish.naming.target.leads_anywhere()).map(|wish| {
                let dns = &self.settings.dns;
                let ids = match zone::choose(dns, zones, host, wish.naming.zone.as_ref()) {
                    Choice::In(ids) => ids,
                    Choice::None | Choice::Ambiguous(_) => BTreeSet::new(),
                };
                AskedName {
                    host: host.clone(),
                    is_given: matches!(wish.naming.target, Target::Given(_)),
                    zones: ids.into_iter().map(|id| self.name_place(id, host)).collect(),
                }
            })
        });
        AskedNames::Asked(asked.collect())
    }

    /// What is known of a zone and of a name in it.
    fn name_place(&self, zone: AwsId, host: &str) -> NamePlace {
        let subject = Subject::Zone(self.settings.place.clone(), zone.clone());
        let unread = self.pending.of(&subject).and_then(|left| left.unread.clone());
        let spread = self.zone_states.get(&zone).map(|state| state.sync.spread(host));
        NamePlace { zone, unread, spread: spread.unwrap_or(Spread::Everywhere) }
    }

    /// What has been told of a group and is still so, once for each object.
    fn complaints_of(&self, group: &Group, keys: &BTreeSet<CertificateKey>) -> Vec<Complaint> {
        let bindings: Vec<&ObjectKey> = self.index.bindings(group).collect();
        let members = self.index.members(group).map(ObjectRef::of);
        let bound = bindings.iter().map(|key| {
            let key = (*key).clone();
            ObjectRef { kind: Kind::TargetGroupBinding, key }
        });
        let objects: BTreeSet<ObjectRef> = members.chain(bound).collect();
        let mut found = BTreeSet::new();
        let own = self.balancers.get(group).map(|state| &state.told);
        for told in own.into_iter().chain(self.protections.get(group)) {
            found.extend(told.said().map(|(object, said)| (object.clone(), said.clone())));
        }
        let of_bindings = bindings.iter().filter_map(|key| Some(&self.bindings.get(*key)?.told));
        let of_certificates = keys.iter().filter_map(|key| Some(&self.certificates.get(key)?.told));
        let of_zones = self.zone_states.values().map(|state| &state.told);
        let others = [&self.fabric.told, &self.ends.told].into_iter();
        let all: Vec<&Told> =
            of_bindings.chain(of_certificates).chain(of_zones).chain(others).collect();
        for object in &objects {
            let said = all.iter().flat_map(|told| told.said_of(object));
            found.extend(said.map(|said| (object.clone(), said.clone())));
        }
        let each = found.into_iter();
        each.map(|(object, said)| Complaint { group: Some(group.clone()), object, said }).collect()
    }

    /// What is left undone of a group.
    fn remainders_of(&self, group: &Group) -> Vec<Remainder> {
        let place = || self.settings.place.clone();
        let targets = self.index.bindings(group);
        let targets = targets.map(|key| Subject::Targets(place(), key.clone()));
        let own = [
            Subject::Balancer(place(), group.clone()),
            Subject::Protection(place(), group.clone()),
        ];
        let subjects = own.into_iter().chain(targets);
        let left = subjects.filter_map(|subject| {
            let left = Arc::clone(self.pending.of(&subject)?);
            Some(Remainder { group: Some(group.clone()), subject, left })
        });
        left.collect()
    }
}
