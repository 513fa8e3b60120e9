//! What somebody sees who looks at the world from outside: taken while nobody else may look, so no
//! more than clones of what is shared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::problem::{Kind, ObjectRef};
use crate::model::source::{Source, SourceKind};
use crate::model::subject::Subject;
use crate::model::target_group::TargetType;
use crate::report::topology::{Complaint, Member, Remainder, Scene, Surroundings};
use crate::report::{Said, Told};

use super::World;
use super::unshown::of_binding;

impl World {
    /// All members, what has been told, and what is left undone.
    #[must_use]
    pub fn scene(&self) -> Scene {
        let groups = self.index.groups();
        Scene {
            members: groups.flat_map(|group| self.members_of(group)).collect(),
            complaints: self.complaints(),
            remainders: self.remainders(),
        }
    }

    /// A group, and what its load balancers lead to; nothing where there is no such group.
    #[must_use]
    pub fn surroundings_of(&self, group: &Group) -> Option<Surroundings> {
        if !self.knows_group(group) {
            return None;
        }
        let bindings: BTreeMap<ObjectKey, _> = self
            .index
            .bindings(group)
            .filter_map(|key| Some((key.clone(), Arc::clone(self.objects.bindings.get(key)?))))
            .collect();
        let services = bindings.iter().map(|(key, seen)| {
            ObjectKey::new(key.namespace.clone(), seen.spec.service_ref.name.clone())
        });
        let slices = services.filter_map(|service| {
            let slices = self.objects.slices.get(&service)?.clone();
            Some((service, slices))
        });
        let is_instances = bindings
            .iter()
            .any(|(key, seen)| seen.as_binding(key).target_type == TargetType::Instance);
        let is_its = |of: &Option<Group>| of.as_ref() == Some(group);
        let complaints = self.complaints().into_iter().filter(|one| is_its(&one.group));
        let remainders = self.remainders().into_iter().filter(|one| is_its(&one.group));
        Some(Surroundings {
            members: self.members_of(group).collect(),
            slices: slices.collect(),
            nodes: if is_instances { self.objects.nodes.clone() } else { BTreeMap::new() },
            bindings,
            zones: self.zones.found.clone(),
            complaints: complaints.collect(),
            remainders: remainders.collect(),
        })
    }

    fn members_of(&self, group: &Group) -> impl Iterator<Item = Member> {
        self.index.members(group).map(move |source| Member {
            source: source.clone(),
            group: group.clone(),
            ingress: match source.kind {
                SourceKind::Ingress => self.objects.ingresses.get(&source.key).map(Arc::clone),
            },
        })
    }

    /// What has been told and is still so, once for each object.
    fn complaints(&self) -> Vec<Complaint> {
        let mut found: BTreeSet<(Option<Group>, ObjectRef, Said)> = BTreeSet::new();
        let mut take = |group: Option<&Group>, told: &Told| {
            for (object, said) in told.said() {
                let own = self.group_of(object);
                found.insert((own.or_else(|| group.cloned()), object.clone(), said.clone()));
            }
        };
        for (group, state) in &self.balancers {
            take(Some(group), &state.told);
        }
        for (group, told) in &self.protections {
            take(Some(group), told);
        }
        self.bindings.values().for_each(|state| take(None, &state.told));
        self.certificates.values().for_each(|state| take(None, &state.told));
        self.zone_states.values().for_each(|state| take(None, &state.told));
        for told in [&self.fabric.told, &self.orphans.told, &self.ends.told] {
            take(None, told);
        }
        let each = found.into_iter();
        each.map(|(group, object, said)| Complaint { group, object, said }).collect()
    }

    fn remainders(&self) -> Vec<Remainder> {
        let each = self.pending.iter().map(|(subject, left)| {
            let group = match subject {
                Subject::Balancer(_, group) | Subject::Protection(_, group) => Some(group.clone()),
                Subject::Targets(_, binding) => of_binding(&self.objects, binding),
                Subject::Fabric(_)
                | Subject::Certificate(..)
                | Subject::Zone(..)
                | Subject::Census(_) => None,
            };
            Remainder { group, subject: subject.clone(), left: Arc::clone(left) }
        });
        each.collect()
    }

    /// The first group that an object has to do with.
    fn group_of(&self, object: &ObjectRef) -> Option<Group> {
        match object.kind {
            Kind::Ingress => {
                self.index.groups_of(&Source::ingress(object.key.clone())).next().cloned()
            }
            Kind::TargetGroupBinding => of_binding(&self.objects, &object.key),
            Kind::Service | Kind::IngressClass | Kind::IngressClassParams => None,
        }
    }
}
