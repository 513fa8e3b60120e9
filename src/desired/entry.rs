//! Who may reach a group's load balancer, as its managed security group says.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::load_balancer::IpAddressType;
use crate::model::part::Part;
use crate::model::security::{IngressRule, Peer};
use crate::model::snapshot::Snapshot;

use super::classes::{class_of, is_own_class};
use super::shared::{Shared, SharedPort};

/// For each port, those that members name, or everybody.
///
/// AWS takes so many rules only, so on classes of ours a range that lies in another one takes none
/// of its own. Where a member is of a class of LBC's, or cannot be found, the rules are LBC's: it
/// lists all that is named.
#[must_use]
pub fn rules(
    snapshot: &Snapshot,
    shared: &Shared,
    parts: &[Arc<Part>],
    ip_address_type: IpAddressType,
) -> BTreeSet<IngressRule> {
    let all = named(shared, ip_address_type);
    if !are_own(snapshot, parts) {
        return all;
    }
    let is_let_in = |rule: &&IngressRule| {
        all.iter().any(|other| other.source != rule.source && other.admits(rule))
    };
    all.iter().filter(|rule| !is_let_in(rule)).cloned().collect()
}

/// Whether all members are of classes of ours, and found.
#[must_use]
pub fn are_own(snapshot: &Snapshot, parts: &[Arc<Part>]) -> bool {
    parts.iter().all(|part| {
        let ingress = snapshot.objects.ingresses.get(&part.source.key);
        let class = ingress.and_then(|ingress| class_of(&snapshot.objects, ingress));
        class.is_some_and(is_own_class)
    })
}

fn named(shared: &Shared, ip_address_type: IpAddressType) -> BTreeSet<IngressRule> {
    let everybody: fn() -> BTreeSet<String> =
        || BTreeSet::from(["0.0.0.0/0", "::/0"].map(str::to_owned));
    let mut rules = BTreeSet::new();
    for (port, listener) in &shared.ports {
        let SharedPort { inbound_cidrs, inbound_prefix_lists, .. } = listener;
        let lists = inbound_prefix_lists.iter().flatten().cloned().map(Peer::PrefixList);
        // Who names lists of addresses alone lets nobody else in.
        let others = if inbound_prefix_lists.is_some() { BTreeSet::new } else { everybody };
        let cidrs = inbound_cidrs.clone().unwrap_or_else(others).into_iter();
        let cidrs = cidrs.filter(|cidr| !cidr.contains(':') || ip_address_type.has_ipv6());
        let peer = |cidr: String| {
            if cidr.contains(':') { Peer::Cidr6(cidr) } else { Peer::Cidr(cidr) }
        };
        let cidrs = cidrs.map(peer);
        rules.extend(cidrs.chain(lists).map(|source| IngressRule {
            protocol: "tcp".to_owned(),
            from_port: *port,
            to_port: *port,
            source,
        }));
    }
    rules
}
