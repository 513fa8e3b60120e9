//! What the belief tells a visit, or which parts have to be read first. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use super::ReadLoadBalancer;
use super::belief::Belief;
use super::groups::Groups;
use super::part::{AcmPart, Ec2Part, ElbPart, Part};
use super::shelf::Mark;
use crate::model::group::Group;
use crate::model::id::{AwsId, Id};
use crate::model::inventory::{
    BalancerInventory, FabricInventory, LiveListener, LiveLoadBalancer, LiveTargetGroup,
    TargetsInventory,
};
use crate::model::known::{Known, Live};
use crate::model::load_balancer::LoadBalancerKind;
use crate::model::marks::{TAG_CLUSTER, Tags};
use crate::model::moment::Moment;
use crate::model::security::{IngressRule, Peer};
use crate::model::surroundings::{IssuedCertificates, Surroundings};
use crate::model::target_group::{TargetGroup, TargetType, Traits};

mod import;
mod limits;
mod protection;
mod request;
mod stacks;
#[cfg(test)]
mod tests;
mod zones;

/// What a visit to a balancer has to know beyond what is always known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalancerScope {
    /// Whether the attributes of its load balancers are wanted.
    pub load_balancer_attributes: bool,
    /// Whether those of the network load balancers in front of them are.
    pub frontend_nlb_attributes: bool,
    /// Whether the capacity that AWS keeps ready is wanted.
    pub capacity: bool,
    /// The ports of the listeners whose attributes are wanted.
    pub listener_attributes: BTreeSet<u16>,
    /// The target groups whose attributes are wanted, by their tag `ingress.k8s.aws/resource`.
    pub target_group_attributes: BTreeSet<SmolStr>,
}

/// How the tags of a target group are looked up as long as those of none have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagLook {
    /// Those of all target groups together: the fewest calls, which take long where many stand.
    Together,
    /// Its own, by one call: somebody waits for them.
    Alone,
}

/// How much of the surroundings somebody needs. Each holds the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nothing: certificates and names have no place in the VPC.
    Nothing,
    /// The VPC with its CIDRs and subnets: where targets are.
    Vpc,
    /// Its security groups too: what load balancers name.
    Groups,
    /// Its network interfaces too: what guards nodes and pods.
    Interfaces,
}

/// One look at the belief.
pub(super) struct Reader<'a> {
    /// What is looked at.
    belief: &'a Belief,
    /// The number of the beginning of the visit's view: a look at AWS that began later is as new as
    /// the visit can ask for, whatever became doubtful meanwhile.
    since: u64,
    now: Moment,
    /// The parts that the visit takes although they are old.
    lenient: &'a BTreeSet<Part>,
    /// The parts without which nothing can be told.
    pub(super) missing: BTreeSet<Part>,
    /// The parts that are known, but were looked up too long ago.
    pub(super) old: BTreeSet<Part>,
    /// The parts to be read that nobody waits for.
    pub(super) ahead: BTreeSet<Part>,
}

impl<'a> Reader<'a> {
    /// A look at the belief.
    pub(super) fn new(
        belief: &'a Belief,
        since: u64,
        now: Moment,
        lenient: &'a BTreeSet<Part>,
    ) -> Self {
        let (missing, old, ahead) = Default::default();
        Self { belief, since, now, lenient, missing, old, ahead }
    }

    /// Asks for a part, however old.
    fn need(&mut self, part: Part) {
        self.need_since(part, Duration::MAX);
    }

    /// Asks for a part that was looked up no longer ago than that.
    fn need_since(&mut self, part: Part, age_max: Duration) {
        let look = self.belief.looks.get(&part).copied().unwrap_or_default();
        let is_new = look.number > self.since;
        if !self.belief.holds(&part) || look.is_doubted && !is_new {
            self.missing.insert(part);
        } else if (look.is_outdated || self.now.since(look.at) > age_max)
            && !is_new
            && !self.lenient.contains(&part)
        {
            self.old.insert(part);
        }
    }

    /// What the VPC's security groups let in.
    pub(super) fn security_groups(
        &mut self,
        age_max: Duration,
    ) -> BTreeMap<AwsId, BTreeSet<IngressRule>> {
        self.need_since(Part::Ec2(Ec2Part::SecurityGroups), age_max);
        let groups = self.belief.ec2.security_groups.value();
        let all = groups.into_iter().flat_map(|groups| groups.all.iter());
        all.map(|(id, group)| (id.clone(), group.live.spec.ingress.clone())).collect()
    }

    /// What stands in the VPC, as far as somebody needs it.
    pub(super) fn surroundings(&mut self, reach: Reach, age_max: Duration) -> Arc<Surroundings> {
        let parts = [
            (Reach::Vpc, Part::Ec2(Ec2Part::Vpc)),
            (Reach::Groups, Part::Ec2(Ec2Part::SecurityGroups)),
            (Reach::Interfaces, Part::Ec2(Ec2Part::Interfaces)),
        ];
        for (_, part) in parts.into_iter().filter(|(from, _)| reach >= *from) {
            self.need_since(part, age_max);
        }
        let (belief, mut seen) = (self.belief, Surroundings::default());
        if let (true, Some(vpc)) = (reach >= Reach::Vpc, belief.ec2.vpc.value()) {
            seen.vpc = Arc::clone(vpc);
        }
        if let (true, Some(groups)) = (reach >= Reach::Groups, belief.ec2.security_groups.value()) {
            seen.security_groups = Arc::clone(groups.names());
        }
        if let (true, Some(found)) = (reach >= Reach::Interfaces, belief.ec2.interfaces.value()) {
            seen.interfaces = Arc::clone(found);
        }
        Arc::new(seen)
    }

    /// What stands of an Ingress group.
    pub(super) fn balancer(
        &mut self,
        cluster: &str,
        group: &Group,
        scope: &BalancerScope,
    ) -> BalancerInventory {
        for part in [
            Part::Ec2(Ec2Part::SecurityGroups),
            Part::Elb(ElbPart::LoadBalancers),
            Part::Elb(ElbPart::TargetGroups),
        ] {
            self.need(part);
        }
        let belief = self.belief;
        let mark = Mark::group(cluster, group);
        let security_groups = map(&belief.ec2.security_groups, |groups| {
            groups.find(&mark).map(|(_, group)| group.live.clone()).collect()
        });
        let mut load_balancers = map(&belief.elb.load_balancers, |found| {
            let ours = belief.tags.find(&mark);
            let ours = ours.filter_map(|(id, tags)| Some((found.get(id)?, tags)));
            ours.map(|(found, tags)| self.load_balancer(found, tags, scope)).collect()
        });
        let mut target_groups = map(&belief.elb.target_groups, |found| {
            let ours = belief.tags.find(&mark);
            let ours = ours.filter_map(|(id, tags)| Some((found.get(id)?, tags)));
            ours.map(|(found, tags)| self.target_group(found, tags, scope)).collect()
        });
        // A group has few of the others, and most have none: what is kept needs no more room.
        let is_nlb = |live: &mut LiveLoadBalancer| live.live.spec.kind == LoadBalancerKind::Network;
        let frontend_nlbs = load_balancers.take_apart(is_nlb);
        let is_of_nlb = |live: &mut LiveTargetGroup| live.live.spec.target_type == TargetType::Alb;
        let frontend_nlb_groups = target_groups.take_apart(is_of_nlb);
        BalancerInventory {
            load_balancers,
            frontend_nlbs,
            security_groups,
            target_groups,
            frontend_nlb_groups,
            ..BalancerInventory::default()
        }
    }

    fn load_balancer(
        &mut self,
        found: &ReadLoadBalancer,
        tags: &Tags,
        scope: &BalancerScope,
    ) -> LiveLoadBalancer {
        let id = &found.live.id;
        self.need(Part::Elb(ElbPart::Listeners(id.clone())));
        let attributes = match found.live.spec.kind {
            LoadBalancerKind::Application => scope.load_balancer_attributes,
            LoadBalancerKind::Network => scope.frontend_nlb_attributes,
        };
        if attributes {
            self.need(Part::Elb(ElbPart::LoadBalancerAttributes(id.clone())));
        }
        if scope.capacity && found.live.spec.kind.is_application() {
            self.need(Part::Elb(ElbPart::Capacity(id.clone())));
        }
        let mut listeners = entry(&self.belief.elb.listeners, id);
        if let Known::Is(listeners, _) = &mut listeners {
            let is_named = found.live.spec.kind.is_application();
            let named = |listener: &&mut LiveListener| {
                is_named && scope.listener_attributes.contains(&listener.port)
            };
            for listener in listeners.iter_mut().filter(named) {
                let id = &listener.live.id;
                self.need(Part::Elb(ElbPart::ListenerAttributes(id.clone())));
                listener.attributes = entry(&self.belief.elb.listener_attributes, id);
            }
        }
        let mut live = found.live.clone();
        live.spec.tags.clone_from(tags);
        LiveLoadBalancer {
            dns_name: found.dns_name.clone(),
            state: found.state,
            attributes: entry(&self.belief.elb.load_balancer_attributes, id),
            capacity: entry(&self.belief.elb.capacities, id),
            listeners,
            live,
        }
    }

    fn target_group(
        &mut self,
        found: &Live<TargetGroup>,
        tags: &Tags,
        scope: &BalancerScope,
    ) -> LiveTargetGroup {
        let resource = Group::resource_in(tags);
        if resource.is_some_and(|tag| scope.target_group_attributes.contains(tag)) {
            self.need(Part::Elb(ElbPart::TargetGroupAttributes(found.id.clone())));
        }
        let attributes = entry(&self.belief.elb.target_group_attributes, &found.id);
        let mut live = found.clone();
        live.spec.tags.clone_from(tags);
        LiveTargetGroup { live, attributes }
    }

    /// Whether anything stands in the cluster's name.
    pub(super) fn holds_anything(&mut self, cluster: &str) -> bool {
        for part in [
            Part::Ec2(Ec2Part::SecurityGroups),
            Part::Elb(ElbPart::LoadBalancers),
            Part::Elb(ElbPart::TargetGroups),
        ] {
            self.need(part);
        }
        let mut all = self.belief.tags.iter().map(|(_, tags)| tags.get(TAG_CLUSTER));
        all.any(|owner| owner.is_some_and(|owner| owner == cluster))
            || self.belief.ec2.security_groups.value().is_some_and(|groups| {
                groups.find(&Mark::Backend(cluster.into())).next().is_some()
                    || endpoint_rules(groups, cluster, &BTreeSet::new())
                        .values()
                        .any(|rules| !rules.is_empty())
            })
    }

    /// What stands of the VPC's shared network, as far as it is the cluster's.
    ///
    /// Of the rules that carry the description of our rules, those are the cluster's that are on a
    /// security group tagged for it or named in `endpoints`, or that let in a security group of the
    /// cluster. A rule that lets in the security group of another cluster never is.
    pub(super) fn fabric(&mut self, cluster: &str, endpoints: &BTreeSet<AwsId>) -> FabricInventory {
        self.need(Part::Ec2(Ec2Part::SecurityGroups));
        let belief = self.belief;
        let Known::Is(groups, at) = &belief.ec2.security_groups else {
            return FabricInventory::default();
        };
        let mut backend = groups.find(&Mark::Backend(cluster.into()));
        let backend = backend.next().map(|(_, group)| &group.live);
        // Where there is no such group, nobody has to know who carries it.
        let is_carried = backend.is_some_and(|live| {
            self.need(Part::Elb(ElbPart::LoadBalancers));
            let carriers = belief.elb.load_balancers.value();
            let mark = Mark::Carries(live.id.clone());
            carriers.is_some_and(|found| found.find(&mark).next().is_some())
        });
        let ours = endpoint_rules(groups, cluster, endpoints);
        let others = ours.iter().filter_map(|(id, ours)| {
            let all = &groups.get(id)?.live.spec.ingress;
            Some((id.clone(), all.difference(ours).cloned().collect()))
        });
        FabricInventory {
            is_carried,
            other_rules: others.collect(),
            endpoint_rules: Known::Is(ours, *at),
            backend: backend.map_or(Known::Absent(*at), |live| Known::Is(live.clone(), *at)),
        }
    }

    /// The certificates that listeners may have, listed no longer ago than that.
    pub(super) fn issued(&mut self, age_max: Duration) -> Arc<IssuedCertificates> {
        let issued = self.listed(age_max);
        for id in issued.undescribed() {
            self.need(Part::Acm(AcmPart::IssuedDetail(id.clone())));
        }
        issued
    }

    /// The same as far as a list says it.
    pub(super) fn listed(&mut self, age_max: Duration) -> Arc<IssuedCertificates> {
        self.need_since(Part::Acm(AcmPart::Issued), age_max);
        self.belief.acm.issued.value().map(Arc::clone).unwrap_or_default()
    }

    /// The trust stores by name, listed no longer ago than that.
    pub(super) fn trust_stores(&mut self, age_max: Duration) -> Arc<BTreeMap<String, AwsId>> {
        self.need_since(Part::Elb(ElbPart::TrustStores), age_max);
        self.belief.elb.trust_stores.value().cloned().unwrap_or_default()
    }

    /// The target group of a name, looked for no longer ago than that; `None` where there is none.
    pub(super) fn target_group_named(&mut self, name: &str, age_max: Duration) -> Option<AwsId> {
        self.need_since(Part::Elb(ElbPart::TargetGroupNamed(name.to_owned())), age_max);
        self.belief.elb.named.get(name)?.value().cloned()
    }

    /// The tags of a target group that a binding names; `None` where there is no such target group.
    /// Those by which it is known again as an Ingress's change by our own hand only; others are
    /// read no longer ago than that.
    pub(super) fn bound(
        &mut self,
        cluster: &str,
        target_group: &AwsId,
        look: TagLook,
        age_max: Duration,
    ) -> Option<Tags> {
        if look == TagLook::Together && !self.belief.elb.target_groups.is_read() {
            self.need(Part::Elb(ElbPart::TargetGroups));
            return None;
        }
        let is_ours = |tags: &&Tags| {
            tags.get(TAG_CLUSTER).is_some_and(|tag| tag == cluster)
                && Group::in_tags(tags).is_some()
        };
        if let Some(tags) = self.belief.tags.get(target_group).filter(is_ours) {
            return Some(tags.clone());
        }
        self.need_since(Part::Elb(ElbPart::TargetGroupTags(target_group.clone())), age_max);
        self.belief.elb.target_group_tags.get(target_group)?.value().cloned()
    }

    /// What of a target group never changes, looked for no longer ago than that where it is not
    /// known; `None` where there is no such target group.
    pub(super) fn traits(&mut self, target_group: &AwsId, age_max: Duration) -> Option<Traits> {
        let known = self.belief.elb.traits.get(target_group).and_then(Known::value);
        if known.is_none() {
            self.need_since(Part::Elb(ElbPart::Traits(target_group.clone())), age_max);
        }
        known.cloned()
    }

    /// What is registered in a target group.
    pub(super) fn targets(&mut self, target_group: &AwsId) -> TargetsInventory {
        // What is known of it from now on shares its text with the catalogue.
        let known = self.belief.elb.target_groups.value();
        let known = known.and_then(|known| known.get_key_value(target_group));
        let target_group = known.map_or(target_group, |(id, _)| id);
        self.need(Part::Elb(ElbPart::Targets(target_group.clone())));
        TargetsInventory { targets: entry(&self.belief.elb.targets, target_group) }
    }
}

/// The rules with our description that are the cluster's, by the security group that they are on:
/// the groups of its nodes and pods, and any other one that such a rule is on.
fn endpoint_rules(
    groups: &Groups,
    cluster: &str,
    endpoints: &BTreeSet<AwsId>,
) -> BTreeMap<AwsId, BTreeSet<IngressRule>> {
    let nodes = groups.find(&Mark::Nodes(cluster.into())).map(|(id, _)| id);
    let named = endpoints.iter().filter(|id| groups.get(id).is_some());
    let ours: BTreeSet<&AwsId> = nodes.chain(named).collect();
    let shared = groups.find(&Mark::SharedRules).map(|(id, _)| id);
    let concerned: BTreeSet<&AwsId> = ours.iter().copied().chain(shared).collect();
    let rules_on = |id: &AwsId| {
        let is_ours = ours.contains(id);
        let rules = groups.get(id).into_iter().flat_map(|group| &group.shared);
        let rules = rules.filter(|rule| match owner(groups, rule) {
            Some(owner) => owner == cluster,
            None => is_ours,
        });
        let rules: BTreeSet<IngressRule> = rules.cloned().collect();
        (is_ours || !rules.is_empty()).then_some(rules)
    };
    concerned.into_iter().filter_map(|id| Some((id.clone(), rules_on(id)?))).collect()
}

/// The cluster whose security group a rule lets in, where a tag tells.
fn owner<'a>(groups: &'a Groups, rule: &IngressRule) -> Option<&'a SmolStr> {
    match &rule.source {
        Peer::Group(Id::Is(id)) => groups.get(id)?.live.spec.tags.get(TAG_CLUSTER),
        Peer::Group(Id::Of(_)) | Peer::Cidr(_) | Peer::Cidr6(_) | Peer::PrefixList(_) => None,
    }
}

fn entry<T: Clone>(map: &BTreeMap<AwsId, Known<T>>, id: &AwsId) -> Known<T> {
    map.get(id).cloned().unwrap_or_default()
}

/// Makes something of what is known.
fn map<T, U>(known: &Known<T>, make: impl FnOnce(&T) -> U) -> Known<U> {
    match known {
        Known::Unread => Known::Unread,
        Known::Absent(at) => Known::Absent(*at),
        Known::Is(value, at) => Known::Is(make(value), *at),
    }
}
