//! The slice of the world that a visit builds on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{BalancerState, World};
use crate::desired::visits::gather;
use crate::model::fact::{Facts, Revision};
use crate::model::group::Group;
use crate::model::id::CertificateKey;
use crate::model::settings::DnsPolicy;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::subject::Subject;
use crate::model::surroundings::Surroundings;

impl World {
    /// What a visit builds on, as it is now, and which changes that includes.
    pub fn snapshot(
        &mut self,
        subject: &Subject,
        now: Timestamp,
        surroundings: Arc<Surroundings>,
    ) -> (Snapshot, Revision) {
        let objects = gather(&self.index, &self.objects, subject);
        let (mut successors, mut expected) = (BTreeMap::new(), BTreeSet::new());
        let mut unarrived = BTreeSet::new();
        if let Subject::Balancer(_, group) = subject {
            successors = self.index.successors(&self.settings, &self.objects, group);
            if let Some(state) = self.balancers.get(group) {
                successors.retain(|member, _| !state.has_released(member));
            }
            expected = self.index.expected(&self.objects, group);
            let names = self.facts.names(group);
            unarrived = names.map(|names| names.arriving.clone()).unwrap_or_default();
        }
        let snapshot = Snapshot {
            zones: self.zones.found.clone(),
            zones_refused: self.zones.is_refused,
            may_be_wanted: self.may_be_wanted(subject),
            facts: self.facts_for(subject, successors.values().flat_map(BTreeMap::keys)),
            memory: self.state(subject).map(BalancerState::memory).unwrap_or_default(),
            let_go: self.state(subject).map(BalancerState::let_go).unwrap_or_default(),
            successors,
            expected,
            unarrived,
            ..Snapshot::of(now, Arc::clone(&self.settings), objects, surroundings)
        };
        self.has_read(subject);
        (snapshot, self.facts.revision())
    }

    /// Whether somebody may want a certificate though nobody in sight asks for it.
    fn may_be_wanted(&self, subject: &Subject) -> bool {
        let Subject::Certificate(_, key) = subject else { return false };
        let is_shared_blindly =
            matches!(key, CertificateKey::Request(_)) && self.index.packs_blindly();
        is_shared_blindly || self.holding(key).next().is_some()
    }

    /// The groups of which what stands uses a certificate that nobody in sight asks for.
    pub(super) fn holding(&self, key: &CertificateKey) -> impl Iterator<Item = &Group> {
        let is_asked_for = self.index.wanting(key).next().is_some();
        let states = self.balancers.iter().filter(move |_| !is_asked_for);
        let holds = move |state: &BalancerState| state.held_certificates().any(|held| held == key);
        states.filter(move |(_, state)| holds(state)).map(|(group, _)| group)
    }

    fn facts_for<'s>(
        &'s self,
        subject: &Subject,
        successors: impl Iterator<Item = &'s Source>,
    ) -> Facts {
        match subject {
            Subject::Balancer(_, group) => {
                let members = || self.index.members(group);
                let held =
                    self.state(subject).into_iter().flat_map(BalancerState::held_certificates);
                let certificates = members().flat_map(|member| self.index.certificates_of(member));
                let certificates = certificates.chain(held.cloned());
                let concerned = members().chain(successors);
                let facts = self.facts.for_balancer(certificates, concerned);
                match self.settings.dns.policy {
                    DnsPolicy::Sync => facts,
                    // Names that are never withdrawn hold up no load balancer.
                    DnsPolicy::UpsertOnly | DnsPolicy::CreateOnly => facts.without_names(),
                }
            }
            Subject::Certificate(..) => self.facts.for_certificate(),
            Subject::Protection(_, group) => self.facts.for_protection(group),
            Subject::Zone(..) => {
                let is_out = |member: &Source| self.index.groups_of(member).next().is_none();
                self.facts.for_zone(is_out)
            }
            Subject::Fabric(_) | Subject::Targets(..) | Subject::Census(_) => Facts::default(),
        }
    }
}
