//! Security groups and their ingress rules.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{AwsId, Id};
use super::marks::Tags;
use super::surroundings::Cidr;

/// Who a rule of a security group lets in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Peer {
    /// IPv4 addresses, in CIDR form.
    Cidr(String),
    /// IPv6 addresses, in CIDR form.
    Cidr6(String),
    /// A managed prefix list.
    PrefixList(String),
    /// Whatever carries this security group.
    Group(Id),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cidr(text) | Self::Cidr6(text) | Self::PrefixList(text) => f.write_str(text),
            Self::Group(id) => id.fmt(f),
        }
    }
}

/// The most inbound rules of a security group (AWS's default quota), for IPv4 and for IPv6 each.
pub const RULES_MAX: usize = 60;

/// The most security groups of a network interface (AWS's default quota).
pub const GROUPS_MAX: usize = 5;

/// How many rules AWS counts for IPv4 and for IPv6; one that names no addresses counts for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    v4: usize,
    v6: usize,
}

impl Load {
    /// What these rules come to.
    #[must_use]
    pub fn of<'a>(rules: impl IntoIterator<Item = &'a IngressRule>) -> Self {
        Self::default().with(rules)
    }

    /// What it comes to with these rules.
    #[must_use]
    pub fn with<'a>(mut self, rules: impl IntoIterator<Item = &'a IngressRule>) -> Self {
        for rule in rules {
            let (v4, v6) = rule.families();
            self.v4 += usize::from(v4);
            self.v6 += usize::from(v6);
        }
        self
    }

    /// The larger of both counts, which is what AWS holds against its quota.
    #[must_use]
    pub fn most(self) -> usize {
        self.v4.max(self.v6)
    }
}

/// All protocols, as AWS spells them; such a rule has no ports.
pub const ALL_PROTOCOLS: &str = "-1";

/// A rule that lets traffic into a security group. Its description is not part of what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IngressRule {
    /// `tcp`, `udp`, or AWS's number of another protocol (`-1` means all).
    pub protocol: String,
    /// The first port; 0 where the protocol has none.
    pub from_port: u16,
    /// The last port; 0 where the protocol has none.
    pub to_port: u16,
    /// Who is let in.
    pub source: Peer,
}

impl IngressRule {
    /// Whether AWS counts it for IPv4, and whether for IPv6.
    #[must_use]
    pub fn families(&self) -> (bool, bool) {
        match self.source {
            Peer::Cidr(_) => (true, false),
            Peer::Cidr6(_) => (false, true),
            Peer::PrefixList(_) | Peer::Group(_) => (true, true),
        }
    }

    /// Whether this one lets in all that another one does, from the same source.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.protocol == other.protocol
            && self.source == other.source
            && self.from_port <= other.from_port
            && other.to_port <= self.to_port
    }

    /// Whether this one lets in all that another one does, be it from a wider source.
    #[must_use]
    pub fn admits(&self, other: &Self) -> bool {
        let source = match (&self.source, &other.source) {
            (Peer::Cidr(wide), Peer::Cidr(narrow)) | (Peer::Cidr6(wide), Peer::Cidr6(narrow)) => {
                let ranges = Cidr::parse(wide).zip(Cidr::parse(narrow));
                ranges.is_some_and(|(wide, narrow)| wide.contains(narrow))
            }
            _ => false,
        };
        self.covers(other)
            || source && self.covers(&Self { source: self.source.clone(), ..other.clone() })
    }

    /// Whether another one lets in addresses of the same kind to the same ports.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        let is_same_kind = matches!(
            (&self.source, &other.source),
            (Peer::Cidr(_), Peer::Cidr(_)) | (Peer::Cidr6(_), Peer::Cidr6(_))
        );
        is_same_kind && self.covers(&Self { source: self.source.clone(), ..other.clone() })
    }

    /// Calls `visit` with the identifier of the source security group.
    pub fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match &mut self.source {
            Peer::Group(group) => visit(group),
            Peer::Cidr(_) | Peer::Cidr6(_) | Peer::PrefixList(_) => {}
        }
    }
}

impl fmt::Display for IngressRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.protocol, self.from_port)?;
        if self.to_port != self.from_port {
            write!(f, "-{}", self.to_port)?;
        }
        write!(f, " from {}", self.source)
    }
}

/// A security group, wished for or standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// Its name; counts only when it is made.
    pub name: String,
    /// Its description; counts only when it is made.
    pub description: String,
    /// The VPC.
    pub vpc: AwsId,
    /// What it lets in: exactly these.
    pub ingress: BTreeSet<IngressRule>,
    /// Its tags, tracking tags included.
    pub tags: Tags,
}
