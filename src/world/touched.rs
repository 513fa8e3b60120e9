//! What a person has changed, and whose look at AWS belongs to that.

use std::collections::BTreeSet;

use super::World;
use crate::model::fact::Topic;
use crate::model::group::Group;
use crate::model::id::{AwsId, ObjectKey};
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

    /// The target group that a binding names.
    #[must_use]
    pub fn bound(&self, binding: &ObjectKey) -> Option<AwsId> {
        let arn = self.objects.bindings.get(binding)?.spec.target_group_arn.as_deref();
        arn.map(AwsId::new)
    }
}
