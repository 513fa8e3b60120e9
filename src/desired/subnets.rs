//! Which subnets a load balancer gets: those that somebody names, or those that are tagged for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::id::AwsId;
use crate::model::load_balancer::{IpAddressType, LoadBalancerKind, Scheme};
use crate::model::settings::Settings;
use crate::model::surroundings::{Subnet, Surroundings};

/// The fewest addresses that AWS wants to be free in each subnet of a load balancer.
const FREE_ADDRESSES_MIN: i32 = 8;
/// The fewest availability zones of an application load balancer (AWS).
const ZONES_MIN: usize = 2;
const CLUSTER_TAG_PREFIX: &str = "kubernetes.io/cluster/";

/// Why no subnets could be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSubnets {
    /// What was found.
    pub found: String,
    /// What is needed.
    pub allowed: String,
}

/// The subnets that somebody names, by id or by their tag `Name`, in that order.
///
/// # Errors
/// What is missing, or what is wrong with them.
pub fn named(
    surroundings: &Surroundings,
    settings: &Settings,
    (kind, ip_address_type): (LoadBalancerKind, IpAddressType),
    names: &[String],
) -> Result<Vec<AwsId>, NoSubnets> {
    let mut chosen: Vec<AwsId> = Vec::new();
    let mut missing: Vec<&str> = Vec::new();
    for name in names {
        let found = surroundings.vpc.subnets.iter().find(|(id, subnet)| {
            let by_name = || subnet.tags.get("Name").is_some_and(|value| value == name);
            !chosen.contains(id)
                && if name.starts_with("subnet-") { id.as_str() == name } else { by_name() }
        });
        match found {
            Some((id, _)) => chosen.push(id.clone()),
            None => missing.push(name),
        }
    }
    if !missing.is_empty() {
        return Err(NoSubnets {
            found: format!("{}, which {} does not have", missing.join(", "), surroundings.vpc.id),
            allowed: format!("subnets of the VPC, by id or Name: {}", listing(surroundings)),
        });
    }
    check(surroundings, settings, kind, &chosen)?;
    let lacks_ipv6 = |id: &&AwsId| surroundings.vpc.subnets.get(*id).is_some_and(|s| !s.has_ipv6);
    if ip_address_type.has_ipv6()
        && let Some(id) = chosen.iter().find(lacks_ipv6)
    {
        return Err(NoSubnets {
            found: format!("{id}, which has no IPv6 CIDR"),
            allowed: format!("subnets with an IPv6 CIDR, which {ip_address_type} needs"),
        });
    }
    Ok(chosen)
}

/// The best of the subnets that have, for each of these tags, one of its values.
///
/// # Errors
/// What every subnet lacks.
pub fn tagged(
    surroundings: &Surroundings,
    settings: &Settings,
    of: (LoadBalancerKind, IpAddressType),
    tags: &BTreeMap<String, Vec<String>>,
) -> Result<Vec<AwsId>, NoSubnets> {
    let candidate = |subnet: &Subnet| {
        tags.iter().all(|(key, values)| {
            let value = subnet.tags.get(key.as_str());
            value.is_some_and(|value| values.iter().any(|wished| wished == value))
        })
    };
    best(surroundings, settings, of, &candidate)
}

/// The subnets that are tagged for load balancers of a scheme; where none is, those whose route
/// table fits, unless LBC's gate SubnetDiscoveryByReachability is off.
///
/// # Errors
/// What every subnet lacks.
pub fn discovered(
    surroundings: &Surroundings,
    settings: &Settings,
    scheme: Scheme,
    of: (LoadBalancerKind, IpAddressType),
) -> Result<Vec<AwsId>, NoSubnets> {
    let role = match scheme {
        Scheme::Internal => "kubernetes.io/role/internal-elb",
        Scheme::InternetFacing => "kubernetes.io/role/elb",
    };
    let tagged = |subnet: &Subnet| {
        subnet.tags.get(role).is_some_and(|value| value.is_empty() || value == "1")
    };
    let is_tagged = surroundings.vpc.subnets.values().any(tagged);
    let reachable = |subnet: &Subnet| subnet.is_public == (scheme == Scheme::InternetFacing);
    let found = if is_tagged || !settings.gates.subnet_discovery_by_reachability {
        best(surroundings, settings, of, &tagged)
    } else {
        best(surroundings, settings, of, &reachable)
    };
    found.map_err(|none| NoSubnets {
        allowed: format!("{}; tag them with {role}=1, or name some", none.allowed),
        ..none
    })
}

/// Those of these subnets that lie in none of these zones.
///
/// # Errors
/// What is wrong with those that would be left.
pub fn without(
    surroundings: &Surroundings,
    settings: &Settings,
    chosen: &[AwsId],
    zones: &BTreeSet<String>,
) -> Result<Vec<AwsId>, NoSubnets> {
    let subnets = &surroundings.vpc.subnets;
    let stays = |id: &&AwsId| subnets.get(*id).is_none_or(|subnet| !zones.contains(&subnet.zone));
    let left: Vec<AwsId> = chosen.iter().filter(stays).cloned().collect();
    check(surroundings, settings, LoadBalancerKind::Application, &left)?;
    Ok(left)
}

/// One subnet for each zone: one with this cluster's tag first, then the lowest id.
fn best(
    surroundings: &Surroundings,
    settings: &Settings,
    (kind, ip_address_type): (LoadBalancerKind, IpAddressType),
    candidate: &dyn Fn(&Subnet) -> bool,
) -> Result<Vec<AwsId>, NoSubnets> {
    let own_tag = format!("{CLUSTER_TAG_PREFIX}{}", settings.cluster_named);
    let checks_tags = settings.gates.subnets_cluster_tag_check;
    let mut verdicts: Vec<String> = Vec::new();
    let mut zones: BTreeMap<&str, Vec<(bool, &AwsId)>> = BTreeMap::new();
    for (id, subnet) in &surroundings.vpc.subnets {
        let is_own = subnet.tags.contains_key(own_tag.as_str());
        let is_others = checks_tags
            && !is_own
            && subnet.tags.keys().any(|key| key.starts_with(CLUSTER_TAG_PREFIX));
        let verdict = if !candidate(subnet) {
            "not tagged or routed for this scheme"
        } else if is_others {
            "tagged for another cluster"
        } else if subnet.free_addresses < FREE_ADDRESSES_MIN {
            "fewer than 8 free addresses"
        } else if ip_address_type.has_ipv6() && !subnet.has_ipv6 {
            "no IPv6 CIDR"
        } else {
            zones.entry(&subnet.zone).or_default().push((!is_own, id));
            continue;
        };
        verdicts.push(format!("{id} {verdict}"));
    }
    let mut chosen: Vec<AwsId> = Vec::new();
    for (zone, mut ids) in zones {
        ids.sort();
        let mut ids = ids.into_iter().map(|(_, id)| id);
        let Some(first) = ids.next() else { continue };
        chosen.push(first.clone());
        verdicts.extend(ids.map(|id| format!("{id} in {zone}, as {first} is")));
    }
    verdicts.sort();
    chosen.sort();
    check(surroundings, settings, kind, &chosen).map_err(|mut none| {
        if !verdicts.is_empty() {
            none.found = format!("{} ({})", none.found, verdicts.join("; "));
        }
        none
    })?;
    Ok(chosen)
}

/// What holds for any choice of subnets.
fn check(
    surroundings: &Surroundings,
    settings: &Settings,
    kind: LoadBalancerKind,
    chosen: &[AwsId],
) -> Result<(), NoSubnets> {
    let of = |part: fn(&Subnet) -> &str| -> BTreeSet<&str> {
        chosen.iter().filter_map(|id| surroundings.vpc.subnets.get(id)).map(part).collect()
    };
    // AWS lets some accounts have load balancers in a single subnet, and others not; network load
    // balancers everybody.
    let takes_one = settings.gates.alb_single_subnet || !kind.is_application();
    let zones_min = if takes_one { 1 } else { ZONES_MIN };
    let zones = of(|subnet| &subnet.zone);
    let locales = of(|subnet| &subnet.locale);
    let list = || chosen.iter().map(AwsId::as_str).collect::<Vec<_>>().join(", ");
    let least = if kind.is_application() { "two availability zones" } else { "one zone" };
    let two = format!("subnets of at least {least}, one of each");
    if zones.len() < chosen.len() {
        Err(NoSubnets { found: format!("several of one zone: {}", list()), allowed: two })
    } else if locales.len() > 1 {
        let allowed = "subnets of one kind of zone".to_owned();
        Err(NoSubnets { found: format!("zones of several kinds: {}", list()), allowed })
    } else if chosen.is_empty() {
        let found = format!("no subnet of {} that fits", surroundings.vpc.id);
        Err(NoSubnets { found, allowed: two })
    } else if zones.len() < zones_min && locales.contains("availability-zone") {
        Err(NoSubnets { found: format!("one zone only: {}", list()), allowed: two })
    } else {
        Ok(())
    }
}

fn listing(surroundings: &Surroundings) -> String {
    let each = surroundings.vpc.subnets.iter().map(|(id, subnet)| match subnet.tags.get("Name") {
        Some(name) => format!("{id} ({name})"),
        None => id.to_string(),
    });
    each.collect::<Vec<_>>().join(", ")
}
