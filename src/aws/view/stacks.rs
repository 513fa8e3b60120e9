//! What the belief tells of the Ingress groups in whose name anything stands.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::Reader;
use crate::aws::part::{Ec2Part, ElbPart, Part};
use crate::aws::shelf::Mark;
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::known::Known;
use crate::model::marks::{TAG_CLUSTER, Tags};
use crate::model::target_group::TargetType;

impl Reader<'_> {
    /// Everything that stands in the name of a cluster's groups, by group.
    pub(in crate::aws) fn stacks(&mut self, cluster: &str) -> BTreeMap<SmolStr, BTreeSet<AwsId>> {
        for part in [
            Part::Ec2(Ec2Part::SecurityGroups),
            Part::Elb(ElbPart::LoadBalancers),
            Part::Elb(ElbPart::TargetGroups),
        ] {
            self.need(part);
        }
        let belief = self.belief;
        let (balancers, targets) = (&belief.elb.load_balancers, &belief.elb.target_groups);
        // Tags outlive what they are on.
        let stands = |id: &AwsId| {
            balancers.value().is_some_and(|found| found.contains(id))
                || targets.value().is_some_and(|found| found.contains_key(id))
        };
        let tagged = belief.tags.iter().filter(|(id, _)| stands(id));
        let groups = belief.ec2.security_groups.value().into_iter();
        let groups = groups.flat_map(|groups| groups.names().iter());
        let groups = groups.map(|(id, group)| (id, &group.tags));
        let mut stacks: BTreeMap<SmolStr, BTreeSet<AwsId>> = BTreeMap::new();
        for (id, tags) in tagged.chain(groups) {
            if let Some(stack) = stack(cluster, tags) {
                stacks.entry(stack.clone()).or_default().insert(id.clone());
            }
        }
        stacks
    }

    /// The groups of a cluster whose load balancers lead to target groups that no binding keeps:
    /// they are not among `bound`.
    pub(in crate::aws) fn unbound(
        &mut self,
        cluster: &str,
        bound: &BTreeSet<AwsId>,
    ) -> BTreeSet<Group> {
        self.need(Part::Elb(ElbPart::LoadBalancers));
        self.need(Part::Elb(ElbPart::TargetGroups));
        let belief = self.belief;
        let standing = belief.elb.target_groups.value().into_iter().flatten();
        let loose = standing
            .filter(|(id, live)| live.spec.target_type != TargetType::Alb && !bound.contains(*id));
        let loose: Vec<_> =
            loose.filter_map(|(id, _)| Some((stack(cluster, belief.tags.get(id)?)?, id))).collect();
        let led_to = loose.into_iter().filter(|(stack, id)| self.is_led_to(cluster, stack, id));
        led_to.map(|(stack, _)| Group::spelled(stack)).collect()
    }

    /// Whether a load balancer of a group leads requests to a target group.
    fn is_led_to(&mut self, cluster: &str, stack: &SmolStr, target_group: &AwsId) -> bool {
        let belief = self.belief;
        let balancers = belief.elb.load_balancers.value();
        let ours = belief.tags.find(&Mark::Group(cluster.into(), stack.clone()));
        let ours = ours.map(|(id, _)| id);
        let ours: Vec<_> =
            ours.filter(|id| balancers.is_some_and(|found| found.contains(id))).collect();
        ours.into_iter().any(|id| {
            self.need(Part::Elb(ElbPart::Listeners(id.clone())));
            let listeners = belief.elb.listeners.get(id).and_then(Known::value);
            listeners.into_iter().flatten().any(|listener| listener.leads_to(target_group))
        })
    }
}

/// The group that a thing of the cluster was made for.
fn stack<'t>(cluster: &str, tags: &'t Tags) -> Option<&'t SmolStr> {
    tags.get(TAG_CLUSTER).filter(|owner| *owner == cluster)?;
    Group::in_tags(tags)
}
