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

    /// The ports on which a cluster's load balancers reach targets that no binding keeps, by group:
    /// none of the target groups is among `bound`.
    pub(in crate::aws) fn unbound(
        &mut self,
        cluster: &str,
        bound: &BTreeSet<AwsId>,
    ) -> BTreeMap<Group, BTreeSet<u16>> {
        self.need(Part::Elb(ElbPart::LoadBalancers));
        self.need(Part::Elb(ElbPart::TargetGroups));
        let belief = self.belief;
        let standing = belief.elb.target_groups.value().into_iter().flatten();
        let loose = standing
            .filter(|(id, live)| live.spec.target_type != TargetType::Alb && !bound.contains(*id));
        let loose: Vec<_> = loose
            .filter_map(|(id, live)| Some((stack(cluster, belief.tags.get(id)?)?, live)))
            .collect();
        let mut unbound: BTreeMap<Group, BTreeSet<u16>> = BTreeMap::new();
        for (stack, live) in loose {
            if !self.is_led_to(cluster, stack, &live.id) {
                continue;
            }
            let targets = self.targets(&live.id).targets;
            let ports = targets.value().into_iter().flatten().map(|target| target.target.port);
            let check = live.spec.health_check.port.parse().ok();
            unbound.entry(Group::spelled(stack)).or_default().extend(ports.chain(check));
        }
        unbound
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
