//! What AWS holds that is not ours and that wishes depend on: read once and shared, each part by
//! itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::AwsId;
use super::marks::Tags;

mod interfaces;
mod issued;
mod named_groups;

pub use interfaces::Interfaces;
pub use issued::{IssuedCertificate, IssuedCertificates, IssuedDetail, Issuer};
pub use named_groups::NamedGroups;

/// The VPC and what lies in it. A part that nobody asked for is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The VPC itself.
    pub vpc: Arc<Vpc>,
    /// Its security groups.
    pub security_groups: Arc<NamedGroups>,
    /// Its network interfaces that hold addresses of pods or nodes.
    pub interfaces: Arc<Interfaces>,
}

/// The certificates that may be found by host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issued {
    /// All that listeners may have.
    pub certificates: Arc<IssuedCertificates>,
    /// Those that a cluster made of a Secret, where anybody leaves them alone.
    pub kept: BTreeSet<AwsId>,
}

/// A VPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vpc {
    /// Its id.
    pub id: AwsId,
    /// Its CIDRs, IPv4 and IPv6.
    pub cidrs: Vec<String>,
    /// Its subnets.
    pub subnets: BTreeMap<AwsId, Subnet>,
}

impl Default for Vpc {
    /// A VPC of which nothing is known.
    fn default() -> Self {
        Self { id: AwsId::new(""), cidrs: Vec::new(), subnets: BTreeMap::new() }
    }
}

impl Vpc {
    /// Whether an address is certainly in none of the VPC's CIDRs. Where no CIDR is known, none is.
    #[must_use]
    pub fn is_outside(&self, address: &str) -> bool {
        let Ok(address) = address.parse() else { return !self.cidrs.is_empty() };
        let mut cidrs = self.cidrs.iter().filter_map(|cidr| Cidr::parse(cidr));
        !self.cidrs.is_empty() && !cidrs.any(|cidr| cidr.holds(address))
    }
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedGroup {
    /// Its tags; `Name` is what annotations may call it by.
    pub tags: Tags,
    /// The TCP ports, from the first to the last, that it lets addresses reach, whoever has them:
    /// members of security groups are not meant.
    #[serde(default)]
    pub open: BTreeSet<(u16, u16)>,
}

impl NamedGroup {
    /// Whether addresses reach all of these ports.
    #[must_use]
    pub fn opens(&self, (first, last): (u16, u16)) -> bool {
        self.open.iter().any(|(from, to)| *from <= first && last <= *to)
    }
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
    /// The instance whose first interface it is.
    #[serde(default)]
    pub instance: Option<AwsId>,
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cidr {
    /// How many bits are fixed.
    length: u32,
    /// The first address.
    network: IpAddr,
}

impl Cidr {
    /// Reads a range, as in `10.0.0.0/8` or `2001:db8::/32`; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (network, length) = text.split_once('/')?;
        Self::around(network.parse().ok()?, length.parse().ok()?)
    }

    /// The range of this length that an address lies in; `None` where addresses have fewer bits.
    fn around(address: IpAddr, length: u32) -> Option<Self> {
        let network = match address {
            IpAddr::V4(address) => {
                let free = u32::BITS.checked_sub(length)?;
                let mask = u32::MAX.checked_shl(free).unwrap_or(0);
                IpAddr::V4((address.to_bits() & mask).into())
            }
            IpAddr::V6(address) => {
                let free = u128::BITS.checked_sub(length)?;
                let mask = u128::MAX.checked_shl(free).unwrap_or(0);
                IpAddr::V6((address.to_bits() & mask).into())
            }
        };
        Some(Self { length, network })
    }

    /// Whether all of another range lies in it.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.length <= other.length && self.holds(other.network)
    }

    /// Whether an address lies in it.
    #[must_use]
    pub fn holds(self, address: IpAddr) -> bool {
        Self::around(address, self.length) == Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cidrs_hold_addresses() {
        for (cidr, address, expected) in [
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.9.9.9/8", "10.1.2.3", true),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("10.0.0.1/32", "10.0.0.1", true),
            ("2001:db8::/32", "2001:db8::5", true),
            ("2001:db8::/32", "2001:db9::5", false),
            ("::/0", "2001:db9::5", true),
            ("10.0.0.0/8", "2001:db8::5", false),
            ("0.0.0.0/0", "2001:db8::5", false),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("nonsense", "10.0.0.0", false),
        ] {
            let address = address.parse().unwrap();
            let holds = Cidr::parse(cidr).is_some_and(|cidr| cidr.holds(address));
            assert_eq!(holds, expected, "{cidr} {address}");
        }
    }

    #[test]
    fn what_is_in_no_cidr_is_outside() {
        let cidrs = ["10.0.0.0/8", "2001:db8::/56"].map(str::to_owned).into();
        let vpc = Vpc { cidrs, ..Vpc::default() };
        assert!(!vpc.is_outside("10.200.0.1"));
        assert!(!vpc.is_outside("2001:db8::9"));
        assert!(vpc.is_outside("192.168.0.1"));
        assert!(vpc.is_outside("2001:db8:1::9"));
        assert!(!Vpc::default().is_outside("192.168.0.1"), "no CIDR is known");
    }
}
