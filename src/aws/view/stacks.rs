//! What the belief tells of the Ingress groups in whose name anything stands.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::Reader;
use crate::aws::part::{Ec2Part, ElbPart, Part};
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::marks::{TAG_CLUSTER, Tags};

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
}

/// The group that a thing of the cluster was made for.
fn stack<'t>(cluster: &str, tags: &'t Tags) -> Option<&'t SmolStr> {
    tags.get(TAG_CLUSTER).filter(|owner| *owner == cluster)?;
    Group::in_tags(tags)
}
