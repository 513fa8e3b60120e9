//! A load balancer: an application load balancer, or the network load balancer in front of one.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::flat::FlatMap;
use super::id::{AwsId, Id};
use super::marks::Tags;
use super::protection::ProtectionWish;

/// Who can reach a load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// The VPC and what is connected to it.
    Internal,
    /// Everybody.
    InternetFacing,
}

impl Scheme {
    /// As AWS spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::InternetFacing => "internet-facing",
        }
    }
}

/// Which kind of load balancer it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadBalancerKind {
    /// It understands HTTP.
    #[default]
    Application,
    /// It passes connections on: here, to an application load balancer.
    Network,
}

impl LoadBalancerKind {
    /// As AWS spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Network => "network",
        }
    }

    /// Whether it is an application load balancer.
    #[must_use]
    pub fn is_application(&self) -> bool {
        *self == Self::Application
    }
}

/// Which kinds of addresses a load balancer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IpAddressType {
    /// IPv4 only.
    Ipv4,
    /// IPv4 and IPv6.
    Dualstack,
    /// IPv6, and private IPv4.
    DualstackWithoutPublicIpv4,
}

impl IpAddressType {
    /// As AWS spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ipv4 => "ipv4",
            Self::Dualstack => "dualstack",
            Self::DualstackWithoutPublicIpv4 => "dualstack-without-public-ipv4",
        }
    }

    /// Whether clients may come over IPv6.
    #[must_use]
    pub fn has_ipv6(self) -> bool {
        self != Self::Ipv4
    }
}

/// Attributes of a load balancer or of a target group: only those that somebody named.
pub type Attributes = FlatMap<SmolStr, SmolStr>;

/// A load balancer, wished for or standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// Which kind it is; cannot be changed in place.
    #[serde(default, skip_serializing_if = "LoadBalancerKind::is_application")]
    pub kind: LoadBalancerKind,
    /// Its name; counts only when it is made.
    pub name: String,
    /// Who can reach it; cannot be changed in place.
    pub scheme: Scheme,
    /// Which kinds of addresses it has.
    pub ip_address_type: IpAddressType,
    /// The IPAM pool that its public IPv4 addresses come from, if they come from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv4_pool: Option<String>,
    /// The pool of customer-owned addresses of an Outpost; counts only when it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_owned_pool: Option<String>,
    /// One subnet for each availability zone; their order counts for nothing.
    pub subnets: Vec<AwsId>,
    /// The Elastic IP addresses of a network load balancer, by allocation, one for each subnet in
    /// their order; count only when a subnet is added. Not read back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allocations: Vec<AwsId>,
    /// Its security groups; their order counts for nothing.
    pub security_groups: Vec<Id>,
    /// Its tags, tracking tags included.
    pub tags: Tags,
}

impl LoadBalancer {
    /// The settings that AWS cannot change in place and in which a standing load balancer falls
    /// short.
    #[must_use]
    pub fn fixed_differences(&self, live: &Self) -> Vec<&'static str> {
        if self.scheme == live.scheme { Vec::new() } else { vec!["scheme"] }
    }
}

/// How far AWS has come with a load balancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadBalancerState {
    /// Being set up.
    Provisioning,
    /// It takes traffic, perhaps with fewer addresses than it should have.
    Active,
    /// AWS could not set it up.
    Failed,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for IpAddressType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a member of a group wants of the load balancer, or what all members together do; what
/// nobody mentions is unset. As parts are remembered, fields keep their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadBalancerWish {
    /// The scheme.
    pub scheme: Option<Scheme>,
    /// The kinds of addresses.
    pub ip_address_type: Option<IpAddressType>,
    /// The name.
    #[serde(rename = "load_balancer_name")]
    pub name: Option<String>,
    /// The subnets.
    pub subnets: Option<Vec<AwsId>>,
    /// The zones that are taken out; nothing where nobody says anything of zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zones_out: Option<BTreeSet<String>>,
    /// The zones that its class takes out. Those of all members' classes count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_zones_out: Option<BTreeSet<String>>,
    /// The security groups.
    pub security_groups: Option<Vec<AwsId>>,
    /// Whether the backend security group comes beside security groups that are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manages_rules: Option<bool>,
    /// Attributes of the load balancer.
    pub attributes: Attributes,
    /// The attributes that its class decides: those of the first member hold for all (LBC).
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub class_attributes: Attributes,
    /// The capacity units that AWS keeps ready for it; 0 for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u32>,
    /// The same as its class decides: that of the first member holds for all, whatever they ask for
    /// (LBC). So does the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_capacity: Option<u32>,
    /// The IPAM pool of its public IPv4 addresses, as its class decides; empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_ipv4_pool: Option<String>,
    /// The IPAM pool of its public IPv4 addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv4_pool: Option<String>,
    /// The pool of customer-owned addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_owned_pool: Option<String>,
    /// Tags of all that is shared, flags and class included.
    pub tags: Tags,
    /// The port that HTTP listeners redirect to.
    pub ssl_redirect: Option<u16>,
    /// What protects it.
    #[serde(skip_serializing_if = "ProtectionWish::is_empty")]
    pub protection: ProtectionWish,
}
