//! The parts of AWS: what is read in one go, and believed or not as a whole.

use super::{ReadLoadBalancer, ReadSecurityGroup};
use crate::model::certificate::CertificateFacts;
use crate::model::id::AwsId;
use crate::model::inventory::LiveListener;
use crate::model::known::Live;
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;
use crate::model::record::{HostedZone, Record};
use crate::model::surroundings::{Interface, Vpc};
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

/// Which reads wait for each other when there are many. A service that is slow holds up its own
/// reads only, and a pod's registration waits for no load balancer's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Targets,
    Balancing,
    /// Tags of listeners and rules, which are no part of their own.
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
            | Self::LoadBalancerAttributes(_)
            | Self::TargetGroupAttributes(_) => Lane::Balancing,
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
            | Self::LoadBalancerAttributes(_)
            | Self::TargetGroupAttributes(_)
            | Self::Targets(_)
            | Self::Certificate(_)
            | Self::Records(_) => false,
        }
    }
}

/// What was found on looking at a part.
#[derive(Clone, Debug)]
pub(super) enum Reading {
    Vpc(Vpc),
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
