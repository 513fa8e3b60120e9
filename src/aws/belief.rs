//! What this process believes AWS holds: what it has read, and what it has written since. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::arn::{self, Named};
use super::{ReadLoadBalancer, ReadSecurityGroup, ReadVpc};
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;
use crate::model::inventory::{LiveListener, Records};
use crate::model::known::{Known, Live};
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;
use crate::model::record::{HostedZone, HostedZones, Record};
use crate::model::surroundings::{Interface, Surroundings};
use crate::model::target::LiveTarget;
use crate::model::target_group::TargetGroup;

/// What is read in one go, and believed or not as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The VPC and its subnets.
    Vpc,
    /// The VPC's network interfaces.
    Interfaces,
    /// The VPC's security groups.
    SecurityGroups,
    /// The VPC's load balancers with their tags.
    LoadBalancers,
    /// The VPC's target groups with their tags.
    TargetGroups,
    /// The listeners of a load balancer with their rules and all tags.
    Listeners(AwsId),
    /// The attributes of a load balancer.
    LoadBalancerAttributes(AwsId),
    /// The attributes of a target group.
    TargetGroupAttributes(AwsId),
    /// What is registered in a target group.
    Targets(AwsId),
    /// The imported certificates of the region with their tags.
    Certificates,
    /// What makes a certificate this one.
    Certificate(AwsId),
    /// The account's hosted zones.
    Zones,
    /// The records of a hosted zone.
    Records(AwsId),
}

/// What was found on looking at a part.
#[derive(Clone, Debug)]
pub(super) enum Reading {
    Vpc(ReadVpc),
    Interfaces(Vec<Interface>),
    SecurityGroups(Vec<ReadSecurityGroup>),
    /// The load balancers, and the tags of those whose tags were not known yet.
    LoadBalancers(Vec<ReadLoadBalancer>, Vec<(AwsId, Tags)>),
    /// The target groups, and the tags of those whose tags were not known yet.
    TargetGroups(Vec<Live<TargetGroup>>, Vec<(AwsId, Tags)>),
    Listeners(AwsId, Vec<LiveListener>),
    LoadBalancerAttributes(AwsId, Attributes),
    TargetGroupAttributes(AwsId, Attributes),
    /// The targets, or `None` where the target group is gone.
    Targets(AwsId, Option<Vec<LiveTarget>>),
    /// The certificates, and the tags of those whose tags were not known yet.
    Certificates(Vec<AwsId>, Vec<(AwsId, Tags)>),
    Certificate(AwsId, CertificateFacts),
    Zones(Vec<HostedZone>),
    /// The records, or `None` where the hosted zone is gone.
    Records(AwsId, Option<Vec<Record>>),
}

/// All parts that are believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Belief {
    pub(super) vpc: Known<ReadVpc>,
    pub(super) interfaces: Known<Vec<Interface>>,
    pub(super) security_groups: Known<BTreeMap<AwsId, ReadSecurityGroup>>,
    /// Without tags: those are in `tags`.
    pub(super) load_balancers: Known<BTreeMap<AwsId, ReadLoadBalancer>>,
    /// Without tags: those are in `tags`.
    pub(super) target_groups: Known<BTreeMap<AwsId, Live<TargetGroup>>>,
    /// The tags of load balancers and target groups. They outlive their parts: reading them is what
    /// makes reading all load balancers or target groups dear, and a doubt about a part is seldom
    /// one about tags.
    pub(super) tags: BTreeMap<AwsId, Tags>,
    pub(super) listeners: BTreeMap<AwsId, Known<Vec<LiveListener>>>,
    pub(super) load_balancer_attributes: BTreeMap<AwsId, Known<Attributes>>,
    pub(super) target_group_attributes: BTreeMap<AwsId, Known<Attributes>>,
    pub(super) targets: BTreeMap<AwsId, Known<Vec<LiveTarget>>>,
    pub(super) certificates: Known<BTreeSet<AwsId>>,
    pub(super) certificate_facts: BTreeMap<AwsId, Known<CertificateFacts>>,
    /// The fingerprints of what this process imported, by certificate.
    pub(super) imported: BTreeMap<AwsId, String>,
    pub(super) zones: Known<Arc<HostedZones>>,
    pub(super) records: BTreeMap<AwsId, Known<Arc<Records>>>,
    /// Made of `vpc`, `interfaces` and `security_groups` when somebody asks, and shared.
    pub(super) surroundings: Option<Arc<Surroundings>>,
}

impl Belief {
    /// A belief in nothing but what was just read.
    pub(super) fn of(reading: Reading, at: Timestamp) -> Self {
        let mut belief = Self::default();
        match reading {
            Reading::Vpc(vpc) => belief.vpc = Known::Is(vpc, at),
            Reading::Interfaces(interfaces) => belief.interfaces = Known::Is(interfaces, at),
            Reading::SecurityGroups(groups) => {
                let groups = groups.into_iter().map(|group| (group.live.id.clone(), group));
                belief.security_groups = Known::Is(groups.collect(), at);
            }
            Reading::LoadBalancers(found, tags) => {
                let found = found.into_iter().map(|found| (found.live.id.clone(), found));
                belief.load_balancers = Known::Is(found.collect(), at);
                belief.tags = tags.into_iter().collect();
            }
            Reading::TargetGroups(found, tags) => {
                let found = found.into_iter().map(|found| (found.id.clone(), found));
                belief.target_groups = Known::Is(found.collect(), at);
                belief.tags = tags.into_iter().collect();
            }
            Reading::Listeners(id, listeners) => {
                belief.listeners.insert(id, Known::Is(listeners, at));
            }
            Reading::LoadBalancerAttributes(id, attributes) => {
                belief.load_balancer_attributes.insert(id, Known::Is(attributes, at));
            }
            Reading::TargetGroupAttributes(id, attributes) => {
                belief.target_group_attributes.insert(id, Known::Is(attributes, at));
            }
            Reading::Targets(id, Some(targets)) => {
                belief.targets.insert(id, Known::Is(targets, at));
            }
            Reading::Certificates(found, tags) => {
                belief.certificates = Known::Is(found.into_iter().collect(), at);
                belief.tags = tags.into_iter().collect();
            }
            Reading::Certificate(id, facts) => {
                belief.certificate_facts.insert(id, Known::Is(facts, at));
            }
            Reading::Targets(id, None) => {
                belief.targets.insert(id, Known::Absent(at));
            }
            Reading::Zones(found) => {
                let found = found.into_iter().map(|zone| (zone.id.clone(), zone));
                belief.zones = Known::Is(Arc::new(found.collect()), at);
            }
            Reading::Records(id, Some(found)) => {
                let found = found.into_iter().map(|record| (record.key.clone(), record));
                belief.records.insert(id, Known::Is(Arc::new(found.collect()), at));
            }
            Reading::Records(id, None) => {
                belief.records.insert(id, Known::Absent(at));
            }
        }
        belief
    }

    /// Believes a part as another belief has it.
    pub(super) fn adopt(&mut self, part: &Part, mut other: Self) {
        match part {
            Part::Vpc => self.vpc = other.vpc,
            Part::Interfaces => self.interfaces = other.interfaces,
            Part::SecurityGroups => self.security_groups = other.security_groups,
            Part::LoadBalancers => {
                let ids = other.load_balancers.value().map(keys).unwrap_or_default();
                self.adopt_tags(&Named::LoadBalancer, &ids, other.tags);
                self.listeners.retain(|id, _| ids.contains(id));
                self.load_balancer_attributes.retain(|id, _| ids.contains(id));
                self.load_balancers = other.load_balancers;
            }
            Part::TargetGroups => {
                let ids = other.target_groups.value().map(keys).unwrap_or_default();
                self.adopt_tags(&Named::TargetGroup, &ids, other.tags);
                self.target_group_attributes.retain(|id, _| ids.contains(id));
                self.target_groups = other.target_groups;
            }
            Part::Listeners(id) => move_entry(id, &mut other.listeners, &mut self.listeners),
            Part::LoadBalancerAttributes(id) => move_entry(
                id,
                &mut other.load_balancer_attributes,
                &mut self.load_balancer_attributes,
            ),
            Part::TargetGroupAttributes(id) => move_entry(
                id,
                &mut other.target_group_attributes,
                &mut self.target_group_attributes,
            ),
            Part::Targets(id) => {
                move_entry(id, &mut other.targets, &mut self.targets);
                self.doubt_missing(id);
            }
            Part::Certificates => {
                let ids = other.certificates.value().cloned().unwrap_or_default();
                self.adopt_tags(&Named::Certificate, &ids, other.tags);
                self.certificate_facts.retain(|id, _| ids.contains(id));
                self.imported.retain(|id, _| ids.contains(id));
                self.imported.extend(other.imported);
                self.certificates = other.certificates;
            }
            Part::Certificate(id) => {
                move_entry(id, &mut other.certificate_facts, &mut self.certificate_facts);
                self.imported.extend(other.imported);
            }
            Part::Zones => {
                let zones = other.zones.value().cloned().unwrap_or_default();
                self.records.retain(|id, _| zones.contains_key(id));
                self.zones = other.zones;
            }
            Part::Records(id) => move_entry(id, &mut other.records, &mut self.records),
        }
        self.surroundings = None;
    }

    /// A target group that is believed to be there and is not may not be the only mistake.
    fn doubt_missing(&mut self, target_group: &AwsId) {
        let is_gone = matches!(self.targets.get(target_group), Some(Known::Absent(_)));
        let is_believed =
            self.target_groups.value().is_some_and(|known| known.contains_key(target_group));
        if is_gone && is_believed {
            self.target_groups = Known::Unread;
        }
    }

    /// Adds tags, and drops those of things of this kind that are gone.
    fn adopt_tags(&mut self, kind: &Named, ids: &BTreeSet<AwsId>, tags: BTreeMap<AwsId, Tags>) {
        self.tags.extend(tags);
        self.tags.retain(|id, _| ids.contains(id) || arn::named(id).as_ref() != Some(kind));
    }

    /// Stops believing a part.
    pub(super) fn forget(&mut self, part: &Part) {
        match part {
            Part::Vpc => self.vpc = Known::Unread,
            Part::Interfaces => self.interfaces = Known::Unread,
            Part::SecurityGroups => self.security_groups = Known::Unread,
            Part::LoadBalancers => self.load_balancers = Known::Unread,
            Part::TargetGroups => self.target_groups = Known::Unread,
            Part::Listeners(id) => drop(self.listeners.remove(id)),
            Part::LoadBalancerAttributes(id) => drop(self.load_balancer_attributes.remove(id)),
            Part::TargetGroupAttributes(id) => drop(self.target_group_attributes.remove(id)),
            Part::Targets(id) => drop(self.targets.remove(id)),
            Part::Certificates => self.certificates = Known::Unread,
            Part::Certificate(id) => drop(self.certificate_facts.remove(id)),
            Part::Zones => self.zones = Known::Unread,
            Part::Records(id) => drop(self.records.remove(id)),
        }
        self.surroundings = None;
    }
}

fn keys<T>(map: &BTreeMap<AwsId, T>) -> BTreeSet<AwsId> {
    map.keys().cloned().collect()
}

fn move_entry<T>(
    id: &AwsId,
    from: &mut BTreeMap<AwsId, Known<T>>,
    to: &mut BTreeMap<AwsId, Known<T>>,
) {
    to.insert(id.clone(), from.remove(id).unwrap_or_default());
}
