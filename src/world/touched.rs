//! What a person has changed, and whose look at AWS belongs to that.

use std::collections::BTreeSet;

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
        let arn = self.objects.bindings.get(binding)?.spec.target_group_arn.as_deref();
        arn.map(AwsId::new)
    }
}
