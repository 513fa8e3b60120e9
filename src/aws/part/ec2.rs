//! The parts of EC2: the network.

use super::{About, Belonging, Lane};
use crate::aws::ReadSecurityGroup;
use crate::model::surroundings::{Interface, Vpc};

/// A part of EC2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ec2Part {
    /// The VPC with its CIDRs and subnets.
    Vpc,
    /// The VPC's network interfaces with their addresses and security groups.
    Interfaces,
    /// The VPC's security groups with their tags and rules.
    SecurityGroups,
}

impl Ec2Part {
    /// What there is to say of it.
    pub(super) fn about(&self) -> About {
        match self {
            Self::Vpc | Self::Interfaces | Self::SecurityGroups => {
                About { lane: Lane::Network, belonging: Belonging::Shared(None) }
            }
        }
    }
}

/// What is found on looking at a part of EC2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ec2Reading {
    /// The VPC.
    Vpc(Vpc),
    /// Its network interfaces.
    Interfaces(Vec<Interface>),
    /// Its security groups.
    SecurityGroups(Vec<ReadSecurityGroup>),
}
