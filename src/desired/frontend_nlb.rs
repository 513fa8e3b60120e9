//! The network load balancer in front of a group's load balancer: from what members say to what it
//! should be.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use smol_str::SmolStr;

use crate::model::attribute;
use crate::model::frontend_nlb::FrontendNlbWish;
use crate::model::group::Group;
use crate::model::id::{AwsId, Id};
use crate::model::listener::Protocol;
use crate::model::load_balancer::{
    Attributes, IpAddressType, LoadBalancer, LoadBalancerKind, Scheme,
};
use crate::model::marks::{
    RESOURCE_FRONTEND_NLB, RESOURCE_FRONTEND_NLB_LISTENER, RESOURCE_FRONTEND_NLB_TARGET_GROUP,
    TRACKING_TAGS, Tags,
};
use crate::model::names;
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::settings::Settings;
use crate::model::snapshot::Snapshot;
use crate::model::stack::{FrontendNlb, NlbPort, Wish};
use crate::model::surroundings::Surroundings;
use crate::model::target_group::{HealthCheckWish, TargetGroup, TargetType};

use super::annotations::Lookup;
use super::annotations::table::{
    ENABLE_FRONTEND_NLB, NLB_ATTRIBUTES, NLB_EIP_ALLOCATIONS, NLB_HEALTHCHECK_INTERVAL,
    NLB_HEALTHCHECK_PATH, NLB_HEALTHCHECK_PORT, NLB_HEALTHCHECK_PROTOCOL, NLB_HEALTHCHECK_TIMEOUT,
    NLB_HEALTHY_THRESHOLD, NLB_PORT_MAPPING, NLB_SCHEME, NLB_SECURITY_GROUPS, NLB_SUBNETS,
    NLB_SUCCESS_CODES, NLB_TAGS, NLB_UNHEALTHY_THRESHOLD,
};
use super::attributes::{self, Asked};
use super::shared::Shared;
use super::subnets::{self, NoSubnets};
use super::{load_balancer, tags};

/// What is done about it while it cannot be as it should.
const MEANWHILE: &str = "no network load balancer is made, and one that stands stays as it is";

/// Reads what an Ingress wants of it.
pub fn wish(
    settings: &Settings,
    surroundings: &Surroundings,
    lookup: &mut Lookup<'_, '_, '_>,
    ip_address_type: IpAddressType,
) -> FrontendNlbWish {
    let ids = |names: Vec<String>| names.into_iter().map(AwsId::new).collect::<Vec<_>>();
    let allocations = lookup.ingress.read(&NLB_EIP_ALLOCATIONS).map(ids);
    FrontendNlbWish {
        enabled: lookup.ingress.read(&ENABLE_FRONTEND_NLB),
        scheme: lookup.ingress.read(&NLB_SCHEME),
        subnets: named_subnets(settings, surroundings, lookup, ip_address_type),
        security_groups: load_balancer::security_groups(
            surroundings,
            lookup.ingress,
            &NLB_SECURITY_GROUPS,
        ),
        allocations: allocations.filter(|ids| !ids.is_empty()),
        attributes: attributes(lookup),
        tags: own_tags(settings, lookup),
        ports: lookup.ingress.read(&NLB_PORT_MAPPING).unwrap_or_default(),
        health_check: health_check(lookup),
    }
}

fn health_check(lookup: &mut Lookup<'_, '_, '_>) -> HealthCheckWish {
    let said = &mut *lookup.ingress;
    HealthCheckWish {
        port: said.read(&NLB_HEALTHCHECK_PORT).map(SmolStr::from),
        protocol: said.read(&NLB_HEALTHCHECK_PROTOCOL),
        path: said.read(&NLB_HEALTHCHECK_PATH).map(SmolStr::from),
        success_codes: said.read(&NLB_SUCCESS_CODES).map(SmolStr::from),
        interval_seconds: said.read(&NLB_HEALTHCHECK_INTERVAL),
        timeout_seconds: said.read(&NLB_HEALTHCHECK_TIMEOUT),
        healthy_threshold: said.read(&NLB_HEALTHY_THRESHOLD),
        unhealthy_threshold: said.read(&NLB_UNHEALTHY_THRESHOLD),
    }
}

fn attributes(lookup: &mut Lookup<'_, '_, '_>) -> Attributes {
    let own = lookup.ingress.read(&NLB_ATTRIBUTES).unwrap_or_default();
    let own = attributes::pairs(own);
    let places = (NLB_ATTRIBUTES.field(), String::new());
    let both = (own, Attributes::new());
    attributes::note_undocumented(lookup, places, &both, attribute::of_network_load_balancer);
    both.0
}

fn own_tags(settings: &Settings, lookup: &mut Lookup<'_, '_, '_>) -> Option<Tags> {
    let own = lookup.ingress.read(&NLB_TAGS)?;
    for key in own.keys().filter(|key| settings.external_managed_tags.contains(key)) {
        lookup.ingress.wrong(&NLB_TAGS, key, "keys that --external-managed-tags does not list");
    }
    let own = own.into_iter().map(|(key, value)| (SmolStr::from(key), SmolStr::from(value)));
    Some(own.filter(|(key, _)| !TRACKING_TAGS.contains(&key.as_str())).collect())
}

fn named_subnets(
    settings: &Settings,
    surroundings: &Surroundings,
    lookup: &mut Lookup<'_, '_, '_>,
    ip_address_type: IpAddressType,
) -> Option<Vec<AwsId>> {
    let names = lookup.ingress.read(&NLB_SUBNETS)?;
    let of = (LoadBalancerKind::Network, ip_address_type);
    match subnets::named(surroundings, settings, of, &names) {
        Ok(ids) => Some(ids),
        Err(none) => {
            let ingress = &mut *lookup.ingress;
            let field = NLB_SUBNETS.field();
            let problem = ingress.error(Code::NoSubnets, field, none.found, &none.allowed);
            ingress.problems.push(problem);
            None
        }
    }
}

/// Says to whom leads ports to where it does not listen that these count for nothing.
#[must_use]
pub fn leading_nowhere(part: &Part) -> Option<Problem> {
    let mut asked = part.frontend_nlb.ports.iter();
    let (from, to) = asked.find(|(_, port)| !part.listens.contains_key(port))?;
    let own: Vec<String> = part.listens.keys().map(ToString::to_string).collect();
    Some(Problem {
        code: Code::InvalidAnnotation,
        severity: Severity::Note,
        object: ObjectRef::of(&part.source),
        field: NLB_PORT_MAPPING.field(),
        found: format!("\"{from}={to}\", where the Ingress does not listen"),
        allowed: format!("ports that lead to {}", own.join(", ")),
        meanwhile: "the port is left out".to_owned(),
    })
}

/// What it should be, if members ask for it.
#[must_use]
pub fn build(
    snapshot: &Snapshot,
    (group, shared): (&Group, &Shared),
    parts: &[Arc<Part>],
    behind: &LoadBalancer,
) -> Option<FrontendNlb> {
    let wish = &shared.frontend_nlb;
    if wish.enabled != Some(true) {
        return None;
    }
    let settings = &snapshot.settings;
    let scheme = wish.scheme.unwrap_or(settings.default_scheme);
    let ip_address_type = match behind.ip_address_type {
        IpAddressType::Ipv4 => IpAddressType::Ipv4,
        // AWS knows these two of a network load balancer only.
        IpAddressType::Dualstack | IpAddressType::DualstackWithoutPublicIpv4 => {
            IpAddressType::Dualstack
        }
    };
    let security_groups = match &wish.security_groups {
        Some(ids) => ids.iter().cloned().map(Id::Is).collect(),
        None => behind.security_groups.clone(),
    };
    let (subnets, found) = subnets_of(snapshot, wish, scheme, ip_address_type);
    let obstacle = found.or_else(|| addresses(wish, scheme, subnets.found()));
    let obstacle = obstacle.and_then(|(field, code, none)| problem(parts, field, code, none));
    Some(FrontendNlb {
        load_balancer: LoadBalancer {
            kind: LoadBalancerKind::Network,
            name: names::frontend_nlb(&behind.name),
            scheme,
            ip_address_type,
            ipv4_pool: None,
            customer_owned_pool: None,
            subnets: Vec::new(),
            allocations: wish.allocations.clone().unwrap_or_default(),
            security_groups,
            tags: all_tags(settings, (group, shared), RESOURCE_FRONTEND_NLB),
        },
        subnets,
        obstacle,
        attributes: attributes::named(&wish.attributes, &Attributes::new(), &asked(parts)),
        ports: ports(settings, group, shared),
    })
}

/// The tags of something of it, as LBC has them: those that it is found by, and its own, which are
/// those of the load balancer behind it unless somebody says otherwise.
fn all_tags(settings: &Settings, (group, shared): (&Group, &Shared), resource: &str) -> Tags {
    let tracked = group.tags(&settings.cluster, resource);
    match &shared.frontend_nlb.tags {
        Some(own) => own.iter().chain(&tracked).map(|(k, v)| (k.clone(), v.clone())).collect(),
        None => tags::with_tracking(settings, &shared.load_balancer.tags, tracked),
    }
}

/// Its ports, each with a target group of its own.
fn ports(settings: &Settings, group: &Group, shared: &Shared) -> BTreeMap<u16, NlbPort> {
    let tagged = |resource: &str, port: u16| {
        all_tags(settings, (group, shared), &format!("{resource}{port}"))
    };
    let each = shared.nlb_ports.iter().map(|(port, asked)| {
        let check = asked.health_check.complete();
        let name = names::frontend_nlb_target_group(&settings.cluster, group, *port, &check);
        let target_group = TargetGroup {
            name: Some(name.into()),
            target_type: TargetType::Alb,
            protocol: Protocol::Tcp,
            protocol_version: SmolStr::default(),
            control_port: None,
            port: *port,
            ipv6: false,
            vpc: settings.vpc.clone(),
            health_check: check,
            tags: tagged(RESOURCE_FRONTEND_NLB_TARGET_GROUP, *port),
        };
        let tags = tagged(RESOURCE_FRONTEND_NLB_LISTENER, *port);
        (*port, NlbPort { leads_to: asked.leads_to, tags, target_group })
    });
    each.collect()
}

fn asked(parts: &[Arc<Part>]) -> Vec<Asked<'_>> {
    static NOTHING: LazyLock<Attributes> = LazyLock::new(Attributes::new);
    let each = parts.iter().map(|part| Asked {
        source: &part.source,
        own: &part.frontend_nlb.attributes,
        class: &NOTHING,
    });
    each.collect()
}

/// What stands in its way: a field, and what is wrong there.
type Obstacle = (String, Code, NoSubnets);

fn problem(
    parts: &[Arc<Part>],
    field: String,
    code: Code,
    NoSubnets { found, allowed }: NoSubnets,
) -> Option<Problem> {
    let asks = |part: &&Arc<Part>| part.frontend_nlb.enabled == Some(true);
    let part = parts.iter().find(asks)?;
    Some(Problem {
        code,
        severity: Severity::Error,
        object: ObjectRef::of(&part.source),
        field,
        found,
        allowed,
        meanwhile: MEANWHILE.to_owned(),
    })
}

fn subnets_of(
    snapshot: &Snapshot,
    wish: &FrontendNlbWish,
    scheme: Scheme,
    ip_address_type: IpAddressType,
) -> (Wish<Vec<AwsId>>, Option<Obstacle>) {
    if let Some(named) = &wish.subnets {
        return (Wish::Exactly(named.clone()), None);
    }
    let of = (LoadBalancerKind::Network, ip_address_type);
    match subnets::discovered(&snapshot.surroundings, &snapshot.settings, scheme, of) {
        Ok(ids) => (Wish::KeepElse(ids), None),
        Err(none) => {
            let field = "subnets of the frontend NLB".to_owned();
            (Wish::KeepElse(Vec::new()), Some((field, Code::NoSubnets, none)))
        }
    }
}

/// What is wrong with the Elastic IP addresses that are asked for.
fn addresses(wish: &FrontendNlbWish, scheme: Scheme, subnets: &[AwsId]) -> Option<Obstacle> {
    let allocations = wish.allocations.as_ref()?;
    let (found, allowed) = if scheme == Scheme::Internal {
        let found = "Elastic IP addresses for an internal load balancer".to_owned();
        (found, "them with frontend-nlb-scheme: internet-facing only".to_owned())
    } else if allocations.len() != subnets.len() {
        let (count, subnets) = (allocations.len(), subnets.len());
        (format!("{count} for {subnets} subnets"), format!("one for each of {subnets} subnets"))
    } else {
        return None;
    };
    let none = NoSubnets { found, allowed };
    Some((NLB_EIP_ALLOCATIONS.field(), Code::InvalidAnnotation, none))
}
