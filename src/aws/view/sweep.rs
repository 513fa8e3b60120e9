//! What the belief tells of what stands in a cluster's name, whoever wishes for it.

use std::collections::BTreeSet;

use super::Reader;
use crate::aws::part::{Ec2Part, ElbPart, Part};
use crate::model::group::Group;
use crate::model::marks::TAG_CLUSTER;

impl Reader<'_> {
    /// The Ingress groups of which something stands.
    pub(in crate::aws) fn groups(&mut self, cluster: &str) -> BTreeSet<Group> {
        for part in [
            Part::Ec2(Ec2Part::SecurityGroups),
            Part::Elb(ElbPart::LoadBalancers),
            Part::Elb(ElbPart::TargetGroups),
        ] {
            self.need(part);
        }
        let belief = self.belief;
        let guards = belief.ec2.security_groups.value().into_iter();
        let guards = guards.flat_map(|groups| groups.all.iter());
        let guards = guards.map(|(_, group)| &group.live.spec.tags);
        let all = belief.tags.iter().map(|(_, tags)| tags).chain(guards);
        let ours = all.filter(|tags| tags.get(TAG_CLUSTER).is_some_and(|owner| owner == cluster));
        ours.filter_map(Group::in_tags).map(|stack| Group::spelled(stack)).collect()
    }
}
