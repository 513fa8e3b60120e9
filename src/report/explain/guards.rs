//! Security groups on the way: whether the load balancer's let the client in, and the targets' the
//! load balancer.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::id::{AwsId, Id};
use crate::model::inventory::{LiveListener, LiveLoadBalancer, LiveTargetGroup};
use crate::model::security::{ALL_PROTOCOLS, IngressRule, Peer};
use crate::model::surroundings::{Cidr, Surroundings};
use crate::model::target::{LiveTarget, TargetState};
use crate::model::target_group::TRAFFIC_PORT;

use super::{Account, Station, Verdict};

/// How many peers, or targets, a sentence names.
const NAMED_MAX: usize = 5;

/// What guards load balancers and targets.
#[derive(Clone, Copy, Debug)]
pub struct Guards<'a> {
    /// What the VPC's security groups let in.
    pub rules: &'a BTreeMap<AwsId, BTreeSet<IngressRule>>,
    /// Which of them guard which address, and the VPC's CIDRs.
    pub surroundings: &'a Surroundings,
    /// The client, where somebody asks for a certain one.
    pub client: Option<IpAddr>,
}

/// Whether somebody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// Certainly.
    Open,
    /// By a range or a list of which it is not known whether it holds the one who comes.
    Perhaps,
    /// Certainly not.
    Shut,
}

/// Whether clients come in to the load balancer on a listener's port.
pub(super) fn client(
    account: &Account<'_>,
    live: &LiveLoadBalancer,
    listener: &LiveListener,
) -> Option<Station> {
    let guards = account.guards?;
    let groups = groups_of(live);
    let rules = guards.rules_of(&groups)?;
    let port = listener.port;
    let on_port: Vec<&IngressRule> = rules.filter(|rule| lets(rule, port)).collect();
    let names = named(groups.iter().map(ToString::to_string));
    let station = |verdict, found: String| Some(Station::new("security group", verdict, found));
    let mend = "let clients in: annotation inbound-cidrs, or the groups that security-groups names";
    if on_port.is_empty() {
        let found = format!("{names} of the load balancer lets nobody in on port {port}");
        return station(Verdict::Bad, found).map(|station| station.with_mend(mend));
    }
    let peers = named(on_port.iter().map(|rule| rule.source.to_string()));
    let found = format!("{names} of the load balancer lets {peers} in on port {port}");
    let Some(client) = guards.client else {
        let is_open = on_port.iter().any(|rule| is_everybody(&rule.source));
        let verdict = if is_open { Verdict::Good } else { Verdict::Note };
        let mend = "nobody else comes in; ask for one client with --from ADDRESS";
        return station(verdict, found)
            .map(|station| if is_open { station } else { station.with_mend(mend) });
    };
    let entry = on_port.iter().map(|rule| admits(&rule.source, client)).min();
    match entry.unwrap_or(Entry::Shut) {
        Entry::Open => station(Verdict::Good, found),
        Entry::Perhaps => station(Verdict::Note, format!("{found}; {client} may be among them")),
        Entry::Shut => station(Verdict::Bad, format!("{found}, and not {client}"))
            .map(|station| station.with_mend(mend)),
    }
}

/// Whether targets let the load balancer in on the ports of requests and of health checks. Targets
/// of which nobody knows what guards them are not told of.
pub(super) fn targets(
    account: &Account<'_>,
    live: &LiveLoadBalancer,
    target_group: &LiveTargetGroup,
    targets: &[LiveTarget],
) -> Option<Station> {
    let guards = account.guards?;
    let own = groups_of(live);
    let check = &target_group.live.spec.health_check.port;
    let stays = targets.iter().filter(|one| one.state != TargetState::Draining);
    let (mut open, mut perhaps, mut shut) = (0, 0, Vec::new());
    let mut shut_ports: BTreeSet<u16> = BTreeSet::new();
    for target in stays {
        let Some(groups) = guards.guarding(&target.target.id) else { continue };
        let Some(rules) = guards.rules_of(groups) else { continue };
        let rules: Vec<&IngressRule> = rules.collect();
        let checked = if check.as_str() == TRAFFIC_PORT { None } else { check.parse().ok() };
        let ports = BTreeSet::from([target.target.port, checked.unwrap_or(target.target.port)]);
        let entry = |port: &u16| {
            let on_port = rules.iter().filter(|rule| lets(rule, *port));
            on_port.map(|rule| guards.admits_balancer(&own, &rule.source)).min()
        };
        let closed = ports.iter().filter(|port| entry(port).is_none_or(|is| is == Entry::Shut));
        let closed: Vec<u16> = closed.copied().collect();
        if !closed.is_empty() {
            shut_ports.extend(closed);
            shut.push((target, groups));
        } else if ports.iter().all(|port| entry(port) == Some(Entry::Open)) {
            open += 1;
        } else {
            perhaps += 1;
        }
    }
    let station = |verdict, found: String| Some(Station::new("security group", verdict, found));
    let Some((_, groups)) = shut.first() else {
        let found = format!("{open} targets let the load balancer in");
        return match (open, perhaps) {
            (0, 0) => None,
            (_, 0) => station(Verdict::Good, found),
            (_, _) => {
                station(Verdict::Note, format!("{found}, {perhaps} perhaps: some of its addresses"))
            }
        };
    };
    let who = named(shut.iter().map(|(target, _)| target.target.to_string()));
    let ports = named(shut_ports.iter().map(ToString::to_string));
    let found = format!(
        "{} of {who} does not let the load balancer ({}) in on port {ports}",
        named(groups.iter().map(ToString::to_string)),
        named(own.iter().map(ToString::to_string)),
    );
    let mend = "the controller opens the group that is tagged kubernetes.io/cluster/<name>, or the \
                only one: see kubectl describe targetgroupbinding; else let that group in";
    // What is healthy answers all the same, whatever this looks like from here.
    let is_well = targets.iter().any(|one| one.state == TargetState::Healthy);
    let verdict = if is_well { Verdict::Note } else { Verdict::Bad };
    station(verdict, found).map(|station| station.with_mend(mend))
}

impl<'a> Guards<'a> {
    /// What security groups let in together; `None` where one of them is not known.
    fn rules_of(
        &self,
        groups: &[AwsId],
    ) -> Option<impl Iterator<Item = &'a IngressRule> + use<'a>> {
        let rules: Option<Vec<&'a BTreeSet<IngressRule>>> =
            groups.iter().map(|id| self.rules.get(id)).collect();
        let rules = rules.filter(|rules| !rules.is_empty())?;
        Some(rules.into_iter().flatten())
    }

    /// The security groups that guard a target: a pod's address, or an instance.
    fn guarding(&self, target: &str) -> Option<&'a [AwsId]> {
        let interfaces = &self.surroundings.interfaces;
        interfaces.groups(target).or_else(|| interfaces.groups_of(target))
    }

    /// Whether a peer is the load balancer: by its security groups, or by addresses, of which it
    /// has those of its subnets, somewhere in the VPC.
    fn admits_balancer(&self, own: &[AwsId], peer: &Peer) -> Entry {
        match peer {
            Peer::Group(Id::Is(id)) if own.contains(id) => Entry::Open,
            Peer::Group(_) => Entry::Shut,
            Peer::PrefixList(_) => Entry::Perhaps,
            Peer::Cidr(text) | Peer::Cidr6(text) => {
                let Some(range) = Cidr::parse(text) else { return Entry::Perhaps };
                let vpc = self.surroundings.vpc.cidrs.iter().filter_map(|cidr| Cidr::parse(cidr));
                let vpc: Vec<Cidr> = vpc.collect();
                if vpc.iter().any(|cidr| range.contains(*cidr)) {
                    Entry::Open
                } else if vpc.iter().any(|cidr| cidr.contains(range)) {
                    Entry::Perhaps
                } else {
                    Entry::Shut
                }
            }
        }
    }
}

fn groups_of(live: &LiveLoadBalancer) -> Vec<AwsId> {
    live.live.spec.security_groups.iter().filter_map(Id::given).cloned().collect()
}

/// Whether a rule is about TCP on this port.
fn lets(rule: &IngressRule, port: u16) -> bool {
    rule.protocol == ALL_PROTOCOLS
        || rule.protocol == "tcp" && (rule.from_port..=rule.to_port).contains(&port)
}

fn is_everybody(peer: &Peer) -> bool {
    matches!(peer, Peer::Cidr(text) | Peer::Cidr6(text) if text.ends_with("/0"))
}

fn admits(peer: &Peer, client: IpAddr) -> Entry {
    match peer {
        Peer::Cidr(text) | Peer::Cidr6(text) => match Cidr::parse(text) {
            Some(range) if range.holds(client) => Entry::Open,
            Some(_) => Entry::Shut,
            None => Entry::Perhaps,
        },
        Peer::PrefixList(_) | Peer::Group(_) => Entry::Perhaps,
    }
}

fn named(all: impl Iterator<Item = String>) -> String {
    let all: BTreeSet<String> = all.collect();
    let more = all.len().saturating_sub(NAMED_MAX);
    let text = all.into_iter().take(NAMED_MAX).collect::<Vec<_>>().join(", ");
    match more {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}
