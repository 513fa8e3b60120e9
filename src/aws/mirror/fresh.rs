//! Fresh looks at what stands, whoever may have changed it, and at whose it is.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use smol_str::SmolStr;

use super::Mirror;
use crate::aws::part::{Ec2Part, ElbPart, Part, ShieldPart, Wafv2Part};
use crate::aws::shelf::Mark;
use crate::aws::{Cloud, CloudError};
use crate::clock::Clock;
use crate::model::group::Group;
use crate::model::id::AwsId;

impl<C: Cloud, T: Clock> Mirror<C, T> {
    /// Asks for a fresh look at what many visits need: which load balancers, target groups and
    /// security groups there are.
    pub fn refresh_shared(&self, at_most_every: Duration) {
        for part in [
            Part::Elb(ElbPart::LoadBalancers),
            Part::Elb(ElbPart::TargetGroups),
            Part::Ec2(Ec2Part::SecurityGroups),
        ] {
            self.refresh(&part, at_most_every);
        }
    }

    /// Asks for a fresh look at what an Ingress group's load balancers and target groups are like.
    /// What nobody has looked at yet is nobody's to look at again.
    pub fn refresh_group(&self, cluster: &str, group: &Group, at_most_every: Duration) {
        let now = self.shared.clock.moment();
        let mut state = self.shared.lock();
        let ours = state.belief.tags.find(&Mark::group(cluster, group));
        let mut parts = Vec::new();
        for (id, _) in ours {
            parts.extend([
                Part::Elb(ElbPart::Listeners(id.clone())),
                Part::Elb(ElbPart::LoadBalancerAttributes(id.clone())),
                Part::Elb(ElbPart::Capacity(id.clone())),
                Part::Elb(ElbPart::TargetGroupAttributes(id.clone())),
                Part::Wafv2(Wafv2Part::WebAclOf(id.clone())),
                Part::Shield(ShieldPart::ProtectionOf(id.clone())),
            ]);
            let listeners = state.belief.elb.listeners.get(id).and_then(|known| known.value());
            let listeners = listeners.into_iter().flatten().map(|listener| &listener.live.id);
            parts.extend(listeners.map(|id| Part::Elb(ElbPart::ListenerAttributes(id.clone()))));
        }
        for part in parts {
            state.want(&part, now, at_most_every);
        }
    }

    /// Everything that stands in the name of a cluster's Ingress groups, by group as its tag spells
    /// it.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn stacks(
        &self,
        cluster: &str,
    ) -> Result<BTreeMap<SmolStr, BTreeSet<AwsId>>, CloudError> {
        self.view(|reader| reader.stacks(cluster)).await
    }

    /// The ports on which a cluster's load balancers reach targets that no binding keeps, by group.
    /// `bound`: the target groups that bindings keep.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn unbound(
        &self,
        cluster: &str,
        bound: &BTreeSet<AwsId>,
    ) -> Result<BTreeMap<Group, BTreeSet<u16>>, CloudError> {
        self.view(|reader| reader.unbound(cluster, bound)).await
    }
}
