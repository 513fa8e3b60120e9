//! Every subject there is, in the order in which a start visits them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::World;
use crate::model::flat::FlatMap;
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::subject::Subject;

/// How many bindings a start looks at before it looks at groups: as many as AWS lets register at
/// once.
const BINDINGS_FIRST: usize = 20;

impl World {
    /// Every subject there is; those first that others rely on. Of bindings those come first whose
    /// endpoints were written last: they are the ones that may have changed while nobody looked, so
    /// that some of them do not wait for a thousand groups either.
    #[must_use]
    pub fn subjects(&self) -> Vec<Subject> {
        let place = || self.settings.place.clone();
        let mut bindings: Vec<&ObjectKey> = self.objects.bindings.keys().collect();
        bindings.sort_by_key(|key| Reverse(self.recency(key)));
        let later = bindings.split_off(bindings.len().min(BINDINGS_FIRST));
        let targets = |key: &ObjectKey| Subject::Targets(place(), key.clone());
        let mut subjects = vec![Subject::Census(place()), Subject::Fabric(place())];
        subjects.extend(bindings.into_iter().map(targets));
        subjects.extend(self.index.certificates().map(|key| Subject::Certificate(place(), key)));
        // A group may be remembered that no Ingress is in any more: something of it is left over.
        let stored = self.balancers.iter().filter(|(_, state)| !state.stored.is_empty());
        let groups: BTreeSet<&Group> =
            self.index.groups().chain(stored.map(|(group, _)| group)).collect();
        let groups = groups.into_iter();
        subjects.extend(groups.map(|group| Subject::Balancer(place(), group.clone())));
        let protected = self.facts.protected_groups();
        subjects.extend(protected.map(|group| Subject::Protection(place(), group.clone())));
        let zones = self.facts.known_zones();
        subjects.extend(zones.map(|zone| Subject::Zone(place(), zone.clone())));
        subjects.extend(later.into_iter().map(targets));
        subjects
    }

    /// How late the endpoints of a binding were written.
    fn recency(&self, binding: &ObjectKey) -> u64 {
        let service = self.objects.bindings.get(binding).map(|seen| {
            ObjectKey::new(binding.namespace.clone(), seen.spec.service_ref.name.clone())
        });
        let slices = service.and_then(|service| self.objects.slices.get(&service));
        let recencies = slices.into_iter().flat_map(FlatMap::values).map(|slice| slice.recency);
        recencies.max().unwrap_or_default()
    }
}
