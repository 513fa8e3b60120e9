//! The parts of Elastic Load Balancing v2: load balancers and what hangs on them.

use std::collections::{BTreeMap, BTreeSet};

use super::{About, Belonging, Lane, Part};
use crate::aws::{ReadLoadBalancer, arn};
use crate::model::account_limits::AccountLimits;
use crate::model::id::AwsId;
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::known::Live;
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;
use crate::model::target::LiveTarget;
use crate::model::target_group::{TargetGroup, Traits};

/// A part of Elastic Load Balancing v2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ElbPart {
    /// The VPC's load balancers, without tags, and the names of what else stands.
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
    /// The capacity units that AWS keeps ready for a load balancer.
    Capacity(AwsId),
    /// The attributes of a listener.
    ListenerAttributes(AwsId),
    /// The attributes of a target group.
    TargetGroupAttributes(AwsId),
    /// What is registered in a target group, draining targets included.
    Targets(AwsId),
    /// The tags of a target group that a binding names and that is no Ingress's: they say who may
    /// bind it.
    TargetGroupTags(AwsId),
    /// What of a target group that a person's binding names never changes.
    Traits(AwsId),
    /// The trust stores of the region, by name.
    TrustStores,
    /// Which target group has this name.
    TargetGroupNamed(String),
    /// What AWS allows the account.
    AccountLimits,
}

impl ElbPart {
    /// What there is to say of it.
    pub(super) fn about(&self) -> About {
        let among_load_balancers = || Belonging::OwnOf(Box::new(Part::Elb(Self::LoadBalancers)));
        let among_target_groups = || Belonging::OwnOf(Box::new(Part::Elb(Self::TargetGroups)));
        let (lane, belonging) = match self {
            Self::LoadBalancers => (Lane::Balancing, Belonging::Shared(Some(arn::LOAD_BALANCER))),
            Self::TargetGroups => (Lane::Balancing, Belonging::Shared(Some(arn::TARGET_GROUP))),
            Self::TrustStores | Self::AccountLimits => (Lane::Balancing, Belonging::Shared(None)),
            Self::Listeners(_) | Self::LoadBalancerAttributes(_) | Self::Capacity(_) => {
                (Lane::Balancing, among_load_balancers())
            }
            Self::ListenerAttributes(id) => {
                let among = arn::load_balancer_of(id).map_or(Self::LoadBalancers, Self::Listeners);
                (Lane::Balancing, Belonging::OwnOf(Box::new(Part::Elb(among))))
            }
            Self::TargetGroupAttributes(_) => (Lane::Balancing, among_target_groups()),
            Self::Rules(_) => (Lane::Balancing, Belonging::Beside),
            Self::Targets(_)
            | Self::TargetGroupTags(_)
            | Self::Traits(_)
            | Self::TargetGroupNamed(_) => (Lane::Targets, Belonging::Own),
        };
        About { lane, belonging }
    }
}

/// What is found on looking at a part of Elastic Load Balancing v2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElbReading {
    /// The VPC's load balancers; and the DNS names, in lower case, of those of other VPCs and of
    /// other kinds.
    LoadBalancers(Vec<ReadLoadBalancer>, BTreeSet<AwsId>),
    /// Its target groups.
    TargetGroups(Vec<Live<TargetGroup>>),
    /// The listeners of a load balancer.
    Listeners(AwsId, Vec<LiveListener>),
    /// The rules of a listener.
    Rules(AwsId, Vec<LiveRule>),
    /// The attributes of a load balancer.
    LoadBalancerAttributes(AwsId, Attributes),
    /// The capacity units that AWS keeps ready for a load balancer, if it does.
    Capacity(AwsId, Option<u32>),
    /// The attributes of a listener.
    ListenerAttributes(AwsId, Attributes),
    /// The attributes of a target group.
    TargetGroupAttributes(AwsId, Attributes),
    /// What is registered in a target group.
    Targets(AwsId, Vec<LiveTarget>),
    /// The tags of a target group.
    TargetGroupTags(AwsId, Tags),
    /// What of a target group never changes.
    Traits(AwsId, Traits),
    /// The trust stores of the region, by name.
    TrustStores(BTreeMap<String, AwsId>),
    /// The target group of a name.
    TargetGroupNamed(String, AwsId),
    /// What AWS allows the account.
    AccountLimits(AccountLimits),
}

impl ElbReading {
    /// The things whose tags are believed with this and are not in it.
    pub(super) fn tagged(&self) -> Vec<AwsId> {
        match self {
            Self::LoadBalancers(found, _) => {
                found.iter().map(|found| found.live.id.clone()).collect()
            }
            Self::TargetGroups(found) => found.iter().map(|found| found.id.clone()).collect(),
            Self::Listeners(..)
            | Self::Rules(..)
            | Self::LoadBalancerAttributes(..)
            | Self::Capacity(..)
            | Self::ListenerAttributes(..)
            | Self::TargetGroupAttributes(..)
            | Self::Targets(..)
            | Self::TargetGroupTags(..)
            | Self::Traits(..)
            | Self::TrustStores(_)
            | Self::AccountLimits(_)
            | Self::TargetGroupNamed(..) => Vec::new(),
        }
    }
}
