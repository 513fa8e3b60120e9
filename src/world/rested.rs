//! What is forgotten of subjects that are gone, and how much is kept of the others.

use crate::model::subject::Subject;

use super::{BalancerState, World};

impl World {
    /// Forgets what is kept of a subject that is gone, after a visit found nothing left of it.
    pub fn rested(&mut self, subject: &Subject) {
        let is_gone = match subject {
            Subject::Balancer(_, group) => {
                let is_gone = !self.index.has_group(group);
                if is_gone && self.balancers.get(group).is_none_or(BalancerState::is_empty) {
                    self.balancers.remove(group);
                    self.facts.drop_group(group);
                }
                is_gone
            }
            Subject::Targets(_, binding) => {
                let is_gone = !self.objects.bindings.contains_key(binding);
                if is_gone {
                    self.bindings.remove(binding);
                }
                is_gone
            }
            Subject::Certificate(_, key) => {
                let is_used = self.index.wanting(key).next().is_some();
                let is_gone = !is_used && !self.waiting.contains(subject);
                if is_gone {
                    self.certificates.remove(key);
                    self.facts.forget_certificate(key);
                }
                is_gone
            }
            Subject::Protection(_, group) => !self.facts.is_protected(group),
            Subject::Zone(_, zone) => !self.facts.known_zones().any(|known| known == zone),
            Subject::Fabric(_) | Subject::Census(_) => false,
        };
        if is_gone {
            self.read.remove(subject);
            self.pending.forget(subject);
        }
    }

    /// How many things are kept beyond the cluster's objects; to be held against how many stand.
    #[must_use]
    pub fn kept(&self) -> usize {
        let others = self.zone_states.len() + self.protections.len() + self.bindings.len();
        let others = others + self.pending.len();
        let states = self.balancers.len() + self.certificates.len() + others + self.ends.len();
        self.facts.len() + self.read.len() + self.waiting.len() + states + self.fabric.len()
    }
}
