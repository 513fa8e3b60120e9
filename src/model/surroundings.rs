//! What AWS holds that is not ours and that wishes depend on: read once, shared, with an age.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::AwsId;
use super::marks::Tags;

/// The VPC and what lies in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// The VPC's id.
    pub vpc: String,
    /// The VPC's CIDRs, IPv4 and IPv6.
    pub cidrs: Vec<String>,
    /// Its subnets.
    pub subnets: BTreeMap<AwsId, Subnet>,
    /// Its security groups.
    pub security_groups: BTreeMap<AwsId, NamedGroup>,
    /// Its network interfaces that hold addresses of pods or nodes.
    pub interfaces: Vec<Interface>,
    /// When this was read; `None` before the first read.
    pub read_at: Option<Timestamp>,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// The availability zone's name.
    pub zone: String,
    /// `availability-zone`, `local-zone`, `wavelength-zone` or `outpost`.
    pub locale: String,
    /// How many addresses are free.
    pub free_addresses: i32,
    /// Whether it has an IPv6 CIDR.
    pub has_ipv6: bool,
    /// Whether its route table leads to an internet gateway.
    pub is_public: bool,
    /// Its tags.
    pub tags: Tags,
}

/// A security group that stands in the VPC, as far as wishes refer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedGroup {
    /// Its tags; `Name` is what annotations may call it by.
    pub tags: Tags,
}

/// A network interface: which addresses it holds and which security groups guard it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// Its id.
    pub id: AwsId,
    /// Its addresses, IPv4 and IPv6.
    pub addresses: BTreeSet<String>,
    /// Its delegated prefixes, in CIDR form.
    pub prefixes: Vec<String>,
    /// Its security groups.
    pub security_groups: Vec<AwsId>,
}
