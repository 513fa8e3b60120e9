//! The visits that a change causes.

use std::collections::BTreeSet;

use crate::model::group::Group;
use crate::model::id::{CertificateKey, ObjectKey};
use crate::model::settings::Settings;
use crate::model::subject::Subject;

/// The visits that a change causes.
pub(super) struct Visits<'a> {
    pub(super) settings: &'a Settings,
    pub(super) subjects: BTreeSet<Subject>,
}

impl Visits<'_> {
    pub(super) fn fabric(&mut self) {
        self.subjects.insert(Subject::Fabric(self.settings.place.clone()));
    }

    pub(super) fn census(&mut self) {
        self.subjects.insert(Subject::Census(self.settings.place.clone()));
    }

    pub(super) fn balancers<'g>(&mut self, groups: impl IntoIterator<Item = &'g Group>) {
        let place = &self.settings.place;
        let each = groups.into_iter().map(|group| Subject::Balancer(place.clone(), group.clone()));
        self.subjects.extend(each);
    }

    pub(super) fn certificates(&mut self, keys: impl IntoIterator<Item = CertificateKey>) {
        let place = &self.settings.place;
        let each = keys.into_iter().map(|key| Subject::Certificate(place.clone(), key));
        self.subjects.extend(each);
    }

    /// Targets of bindings, and what lets anybody reach them.
    pub(super) fn reached<'k>(&mut self, bindings: impl Iterator<Item = &'k ObjectKey> + Clone) {
        if bindings.clone().next().is_some() {
            self.fabric();
        }
        self.targets(bindings);
    }

    pub(super) fn targets<'k>(&mut self, bindings: impl IntoIterator<Item = &'k ObjectKey>) {
        let place = &self.settings.place;
        let each = bindings.into_iter().map(|key| Subject::Targets(place.clone(), key.clone()));
        self.subjects.extend(each);
    }
}
