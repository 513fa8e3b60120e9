//! Which security groups guard an address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use smol_str::SmolStr;

use super::{Cidr, Interface};
use crate::model::id::AwsId;

/// The security groups of an interface. Most interfaces of a VPC have the same ones.
type Guards = Arc<[AwsId]>;

/// The network interfaces of a VPC, by the addresses that they hold.
///
/// ```
/// use albedo::model::id::AwsId;
/// use albedo::model::surroundings::{Interface, Interfaces};
///
/// let nodes = Interfaces::from_iter([Interface {
///     id: AwsId::new("eni-1"),
///     addresses: ["10.0.0.4".to_owned()].into(),
///     prefixes: vec!["10.0.1.0/28".to_owned()],
///     security_groups: vec![AwsId::new("sg-nodes")],
///     instance: Some(AwsId::new("i-1")),
/// }]);
/// assert_eq!(nodes.groups("10.0.1.7"), Some(&[AwsId::new("sg-nodes")][..]));
/// assert_eq!(nodes.groups("10.0.2.7"), None);
/// assert_eq!(nodes.groups_of("i-1"), nodes.groups("10.0.0.4"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    /// In order; which of the guards it is. A tree would take four times as much, and a VPC may
    /// have an address for each of a hundred thousand pods.
    by_address: Box<[(IpAddr, u32)]>,
    /// In order.
    guards: Vec<Guards>,
    by_prefix: BTreeMap<Cidr, Guards>,
    /// Those of instances, on whose first interface requests for node ports come.
    by_instance: BTreeMap<SmolStr, Guards>,
    /// The lengths of the prefixes, the longest first: AWS delegates prefixes of one length for
    /// IPv4 and of one for IPv6.
    lengths: Vec<u32>,
    /// The security groups of interfaces that have several: of which one guards an address, their
    /// tags say.
    contested: BTreeSet<AwsId>,
}

impl Interfaces {
    /// The security groups of the interface that holds an address: as its own, or in the narrowest
    /// of the prefixes that are delegated to it. `None` where no interface does.
    #[must_use]
    pub fn groups(&self, address: &str) -> Option<&[AwsId]> {
        let address: IpAddr = address.parse().ok()?;
        let of_prefix = || {
            let mut around = self.lengths.iter().filter_map(|&bits| Cidr::around(address, bits));
            around.find_map(|prefix| self.by_prefix.get(&prefix))
        };
        self.own(address).or_else(of_prefix).map(AsRef::as_ref)
    }

    /// The security groups of the interface that holds an address as its own.
    fn own(&self, address: IpAddr) -> Option<&Guards> {
        let found = self.by_address.binary_search_by_key(&address, |(held, _)| *held).ok()?;
        let (_, guards) = self.by_address.get(found)?;
        self.guards.get(usize::try_from(*guards).ok()?)
    }

    /// The security groups of an instance's first interface. `None` where no such instance is
    /// known.
    #[must_use]
    pub fn groups_of(&self, instance: &str) -> Option<&[AwsId]> {
        self.by_instance.get(instance).map(AsRef::as_ref)
    }

    /// The security groups of interfaces that have several of them: only of these does anybody have
    /// to know the tags.
    pub fn contested(&self) -> impl Iterator<Item = &AwsId> {
        self.contested.iter()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_address.is_empty() && self.by_prefix.is_empty() && self.by_instance.is_empty()
    }
}

impl FromIterator<Interface> for Interfaces {
    /// Of interfaces that hold the same address, the first one counts.
    fn from_iter<I: IntoIterator<Item = Interface>>(interfaces: I) -> Self {
        let mut made = Self::default();
        let mut shared: BTreeSet<Guards> = BTreeSet::new();
        let mut held: Vec<(IpAddr, Guards)> = Vec::new();
        for interface in interfaces {
            let guards = match shared.get(interface.security_groups.as_slice()) {
                Some(known) => Arc::clone(known),
                None => Guards::from(interface.security_groups),
            };
            shared.insert(Arc::clone(&guards));
            let addresses = interface.addresses.iter().filter_map(|text| text.parse().ok());
            held.extend(addresses.map(|address| (address, Arc::clone(&guards))));
            if let Some(instance) = interface.instance {
                made.by_instance.insert(instance.as_str().into(), Arc::clone(&guards));
            }
            for prefix in interface.prefixes.iter().filter_map(|text| Cidr::parse(text)) {
                made.by_prefix.entry(prefix).or_insert_with(|| Arc::clone(&guards));
            }
        }
        let lengths: BTreeSet<u32> = made.by_prefix.keys().map(|prefix| prefix.length).collect();
        made.lengths = lengths.into_iter().rev().collect();
        let contested = shared.iter().filter(|guards| guards.len() > 1);
        made.contested = contested.flat_map(|guards| guards.iter().cloned()).collect();
        made.guards = shared.into_iter().collect();
        // The sort leaves those of one address as they came.
        held.sort_by_key(|(address, _)| *address);
        held.dedup_by_key(|(address, _)| *address);
        let place = |guards: &Guards| made.guards.binary_search(guards).ok();
        let each = held
            .iter()
            .filter_map(|(address, guards)| Some((*address, u32::try_from(place(guards)?).ok()?)));
        made.by_address = each.collect();
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(id: &str, addresses: &[&str], prefixes: &[&str], group: &str) -> Interface {
        let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        Interface {
            id: AwsId::new(id),
            addresses: own(addresses).into_iter().collect(),
            prefixes: own(prefixes),
            security_groups: vec![AwsId::new(group)],
            instance: None,
        }
    }

    #[test]
    fn an_address_is_found_as_its_own_or_in_the_narrowest_prefix() {
        let all = Interfaces::from_iter([
            interface("eni-1", &["10.0.0.4", "2001:DB8:0::4"], &["10.0.1.0/28"], "sg-a"),
            interface("eni-2", &["10.0.1.5"], &["2001:db8:0:1::/80"], "sg-b"),
            interface("eni-3", &["10.0.0.4"], &["10.0.0.0/16", "10.0.1.0/28"], "sg-c"),
        ]);
        for (address, expected) in [
            ("10.0.0.4", Some("sg-a")),
            ("2001:db8::4", Some("sg-a")),
            ("10.0.1.4", Some("sg-a")),
            ("10.0.1.5", Some("sg-b")),
            ("2001:db8:0:1::ffff", Some("sg-b")),
            ("2001:db8:0:2::1", None),
            ("10.0.1.16", Some("sg-c")),
            ("10.1.0.1", None),
            ("nonsense", None),
        ] {
            let found = all.groups(address).map(|groups| groups[0].as_str());
            assert_eq!(found, expected, "{address}");
        }
        assert!(Interfaces::default().is_empty() && !all.is_empty());
    }

    #[test]
    fn only_groups_beside_others_are_contested() {
        let mut pods = interface("eni-2", &["10.0.0.5"], &[], "sg-pods");
        pods.security_groups.push(AwsId::new("sg-extra"));
        let all = Interfaces::from_iter([interface("eni-1", &["10.0.0.4"], &[], "sg-a"), pods]);
        let contested: Vec<&str> = all.contested().map(AwsId::as_str).collect();
        assert_eq!(contested, ["sg-extra", "sg-pods"]);
    }

    #[test]
    fn equal_guards_are_kept_once() {
        let many = (0..1000).map(|n| interface("eni", &[&format!("10.0.{}.1", n % 250)], &[], "a"));
        let all: Interfaces = many.collect();
        assert_eq!((all.by_address.len(), all.guards.len()), (250, 1));
    }
}
