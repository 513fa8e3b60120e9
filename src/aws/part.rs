//! The parts of AWS: what is read in one go, and believed or not as a whole.

use super::{ReadLoadBalancer, ReadSecurityGroup};
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::known::Live;
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;
use crate::model::record::{HostedZone, Record};
use crate::model::surroundings::{Interface, Vpc};
use crate::model::target::LiveTarget;
use crate::model::target_group::TargetGroup;

/// What is read in one go, and believed or not as a whole. Of what the model has no word for, such
/// as network load balancers, nothing is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The VPC with its CIDRs and subnets.
    Vpc,
    /// The VPC's network interfaces with their addresses and security groups.
    Interfaces,
    /// The VPC's security groups with their tags and rules.
    SecurityGroups,
    /// The VPC's load balancers, without tags.
    LoadBalancers,
    /// The VPC's target groups, without tags.
    TargetGroups,
    /// The listeners of a load balancer with all of their certificates, without tags and rules.
    Listeners(AwsId),
    /// The rules of a listener but the default one, by priority, without tags. They are believed
    /// with the listeners.
    Rules(AwsId),
    /// The attributes of a load balancer.
    LoadBalancerAttributes(AwsId),
    /// The attributes of a target group.
    TargetGroupAttributes(AwsId),
    /// What is registered in a target group, draining targets included.
    Targets(AwsId),
    /// The imported certificates of the region, whatever their keys, without tags.
    Certificates,
    /// What makes a certificate this one.
    Certificate(AwsId),
    /// The account's hosted zones.
    Zones,
    /// The records of a hosted zone, of the types that are looked at.
    Records(AwsId),
    /// The tags of load balancers, target groups, listeners, rules or certificates. What AWS no
    /// longer knows is left out. They are believed with what they are on.
    Tags(Vec<AwsId>),
}

/// Which reads wait for each other when there are many. A service that is slow holds up its own
/// reads only, and a pod's registration waits for no load balancer's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Targets,
    Balancing,
    /// Tags of listeners and rules.
    Tags,
    Network,
    Certificates,
    Names,
}

impl Part {
    /// The reads that it is read among.
    pub(super) fn lane(&self) -> Lane {
        match self {
            Self::Targets(_) => Lane::Targets,
            Self::LoadBalancers
            | Self::TargetGroups
            | Self::Listeners(_)
            | Self::Rules(_)
            | Self::LoadBalancerAttributes(_)
            | Self::TargetGroupAttributes(_) => Lane::Balancing,
            Self::Tags(_) => Lane::Tags,
            Self::Vpc | Self::Interfaces | Self::SecurityGroups => Lane::Network,
            Self::Certificates | Self::Certificate(_) => Lane::Certificates,
            Self::Zones | Self::Records(_) => Lane::Names,
        }
    }

    /// Whether many visits need it. What hangs on one thing is read by that thing's own visits,
    /// which the queue holds back by itself after a failure.
    pub(super) fn is_shared(&self) -> bool {
        match self {
            Self::Vpc
            | Self::Interfaces
            | Self::SecurityGroups
            | Self::LoadBalancers
            | Self::TargetGroups
            | Self::Certificates
            | Self::Zones => true,
            Self::Listeners(_)
            | Self::Rules(_)
            | Self::LoadBalancerAttributes(_)
            | Self::TargetGroupAttributes(_)
            | Self::Targets(_)
            | Self::Certificate(_)
            | Self::Records(_)
            | Self::Tags(_) => false,
        }
    }
}

/// What is found on looking at a part. What hangs on one thing says on which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The VPC.
    Vpc(Vpc),
    /// Its network interfaces.
    Interfaces(Vec<Interface>),
    /// Its security groups.
    SecurityGroups(Vec<ReadSecurityGroup>),
    /// Its load balancers.
    LoadBalancers(Vec<ReadLoadBalancer>),
    /// Its target groups.
    TargetGroups(Vec<Live<TargetGroup>>),
    /// The listeners of a load balancer.
    Listeners(AwsId, Vec<LiveListener>),
    /// The rules of a listener.
    Rules(AwsId, Vec<LiveRule>),
    /// The attributes of a load balancer.
    LoadBalancerAttributes(AwsId, Attributes),
    /// The attributes of a target group.
    TargetGroupAttributes(AwsId, Attributes),
    /// What is registered in a target group.
    Targets(AwsId, Vec<LiveTarget>),
    /// The certificates.
    Certificates(Vec<AwsId>),
    /// What makes a certificate this one.
    Certificate(AwsId, CertificateFacts),
    /// The hosted zones.
    Zones(Vec<HostedZone>),
    /// The records of a hosted zone.
    Records(AwsId, Vec<Record>),
    /// The tags of each thing.
    Tags(Vec<(AwsId, Tags)>),
}

impl Reading {
    /// The things whose tags are believed with this and are not in it.
    pub(super) fn tagged(&self) -> Vec<AwsId> {
        match self {
            Self::LoadBalancers(found) => found.iter().map(|found| found.live.id.clone()).collect(),
            Self::TargetGroups(found) => found.iter().map(|found| found.id.clone()).collect(),
            Self::Certificates(found) => found.clone(),
            Self::Vpc(_)
            | Self::Interfaces(_)
            | Self::SecurityGroups(_)
            | Self::Listeners(..)
            | Self::Rules(..)
            | Self::LoadBalancerAttributes(..)
            | Self::TargetGroupAttributes(..)
            | Self::Targets(..)
            | Self::Certificate(..)
            | Self::Zones(_)
            | Self::Records(..)
            | Self::Tags(_) => Vec::new(),
        }
    }
}
