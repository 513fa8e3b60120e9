//! The slice of the world that a visit builds on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{BalancerState, World};
use crate::desired::visits::gather;
use crate::model::fact::{Facts, Revision};
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
        if let Subject::Balancer(_, group) = subject {
            successors = self.index.successors(&self.settings, &self.objects, group);
            expected = self.index.expected(&self.objects, group);
        }
        let snapshot = Snapshot {
            zones: self.zones.found.clone(),
            zones_refused: self.zones.is_refused,
            is_packed_blindly: self.index.packs_blindly(),
            facts: self.facts_for(subject, successors.values().flat_map(BTreeMap::keys)),
            memory: self.state(subject).map(BalancerState::memory).unwrap_or_default(),
            let_go: self.state(subject).map(BalancerState::let_go).unwrap_or_default(),
            successors,
            expected,
            ..Snapshot::of(now, Arc::clone(&self.settings), objects, surroundings)
        };
        self.has_read(subject);
        (snapshot, self.facts.revision())
    }

    fn facts_for<'s>(
        &'s self,
        subject: &Subject,
        successors: impl Iterator<Item = &'s Source>,
    ) -> Facts {
        match subject {
            Subject::Balancer(_, group) => {
                let members = || self.index.members(group);
                let certificates = members().flat_map(|member| self.index.certificates_of(member));
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
