//! What Elastic Load Balancing tells.

use albedo::aws::{ElbPart, ElbReading};

use super::Refusal;
use super::state::State;

impl State {
    /// What there is to tell of a part in one call.
    pub(super) fn told_of_elb(
        &self,
        part: &ElbPart,
        is_quick: bool,
    ) -> Result<ElbReading, Refusal> {
        Ok(match part {
            ElbPart::LoadBalancers => {
                let found = self.load_balancers.iter();
                ElbReading::LoadBalancers(
                    found.map(|(id, found)| found.read(id)).collect(),
                    self.elsewhere.clone(),
                )
            }
            ElbPart::TargetGroups => self.all_target_groups(),
            ElbPart::Rules(id) => ElbReading::Rules(id.clone(), self.rules_of(id)?),
            ElbPart::LoadBalancerAttributes(id) => {
                let attributes = self.load_balancer(id)?.attributes.clone();
                ElbReading::LoadBalancerAttributes(id.clone(), attributes)
            }
            ElbPart::Capacity(id) => {
                ElbReading::Capacity(id.clone(), self.load_balancer(id)?.capacity)
            }
            ElbPart::ListenerAttributes(id) => {
                let attributes = self.listener(id)?.attributes.clone();
                ElbReading::ListenerAttributes(id.clone(), attributes)
            }
            ElbPart::TargetGroupTags(id) => {
                let tags = self.target_group(id)?.spec.tags.clone();
                ElbReading::TargetGroupTags(id.clone(), tags)
            }
            ElbPart::TargetGroupAttributes(id) => {
                let attributes = self.target_group(id)?.attributes.clone();
                ElbReading::TargetGroupAttributes(id.clone(), attributes)
            }
            ElbPart::TargetGroupNamed(name) => self.named(name)?,
            ElbPart::Traits(id) => self.traits(id)?,
            ElbPart::AccountLimits => ElbReading::AccountLimits(self.account_limits.clone()),
            ElbPart::TrustStores => ElbReading::TrustStores(self.trust_stores.clone()),
            ElbPart::Targets(id) => ElbReading::Targets(id.clone(), self.targets_of(id, is_quick)?),
            ElbPart::Listeners(_) => unreachable!("it takes several calls"),
        })
    }
}
