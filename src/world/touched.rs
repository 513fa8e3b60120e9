//! What a person has changed, and whose look at AWS belongs to that.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::World;
use crate::model::fact::Topic;
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey, ObjectKey};
use crate::model::source::Source;
use crate::model::subject::Subject;

impl World {
    /// Whose look belongs to a change of a group's Ingress: the group, its targets, and the zones
    /// of its names.
    #[must_use]
    pub fn concerned(&self, group: &Group) -> BTreeSet<Subject> {
        let place = &self.settings.place;
        let mut subjects = BTreeSet::from([Subject::Balancer(place.clone(), group.clone())]);
        let bindings = self.index.bindings(group);
        subjects.extend(bindings.map(|key| Subject::Targets(place.clone(), key.clone())));
        let names = self.facts.names(group).into_iter();
        let hosts = names.flat_map(|names| names.wished.keys().cloned());
        subjects.extend(hosts.flat_map(|host| self.readers(&Topic::Name(host))));
        subjects
    }

    /// The names in a hosted zone that a group asks for, or everybody.
    #[must_use]
    pub fn hosts_in(&self, zone: &AwsId, group: Option<&Group>) -> BTreeSet<String> {
        let Some(zone) = self.zones.found.as_ref().and_then(|zones| zones.get(zone)) else {
            return BTreeSet::new();
        };
        let groups = self.facts.named_groups().filter(|one| group.is_none_or(|it| it == *one));
        let names = groups.filter_map(|group| self.facts.names(group));
        let hosts = names.flat_map(|names| names.wished.keys());
        hosts.filter(|host| zone.holds(host)).cloned().collect()
    }

    /// Since when Route 53's servers answer by what stands of a name in a hosted zone, or has gone
    /// from it; `None` while some may not, or nobody can tell. What stood when the zone was first
    /// looked at in this tenure counts from then on.
    #[must_use]
    pub fn in_sync(&self, zone: &AwsId, name: &str) -> Option<Timestamp> {
        self.zone_states.get(zone)?.sync.since(name)
    }

    /// Takes note that a person has changed an Ingress that stood already.
    pub fn touch(&mut self, changed: Option<Source>) {
        let Some(changed) = changed else { return };
        for group in self.index.groups_of(&changed) {
            self.balancers.entry(group.clone()).or_default().is_touched = true;
        }
    }

    /// Takes note of what members ask for instead of what they ask for by themselves.
    pub(super) fn repack(&mut self) {
        for (member, packed) in self.index.repacked() {
            match packed {
                Some(packed) => _ = self.objects.packed.insert(member, packed),
                None => _ = self.objects.packed.remove(&member),
            }
        }
    }

    /// Takes note that members are served from now on: what they ask for is of use.
    pub fn let_in(&mut self, members: &[Source]) {
        let keys = members.iter().flat_map(|member| self.index.certificates_of(member));
        let requests = keys.filter(|key| matches!(key, CertificateKey::Request(_)));
        self.strays(requests.collect::<BTreeSet<_>>());
    }

    /// Has certificates looked at whose use has changed, or that nobody may want any more.
    pub fn strays(&mut self, keys: impl IntoIterator<Item = CertificateKey>) {
        for key in keys {
            self.facts.touch(Topic::Stray(key));
        }
    }

    /// The target group that a binding names.
    #[must_use]
    pub fn bound(&self, binding: &ObjectKey) -> Option<AwsId> {
        self.objects.bindings.get(binding)?.spec.target_group_arn.clone()
    }
}
