//! Availability zones that a class or an Ingress takes out of load balancers, and puts back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::id::AwsId;
use crate::model::load_balancer::{IpAddressType, LoadBalancerKind, LoadBalancerWish};
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::snapshot::Snapshot;
use crate::model::stack::Wish;
use crate::model::surroundings::{Subnet, Surroundings};

use super::annotations::Annotations;
use super::annotations::table::ZONES_OUT;
use super::classes::{annotations_of, class_of};
use super::groups::Member;
use super::shared::Shared;
use super::subnets::{self, NoSubnets};

/// What becomes of zones where too few would be left.
const NONE_OUT: &str = "no zone is taken out";

/// Lets into a member's wish which zones its class takes out, or where that says nothing, itself;
/// nothing where too few would be left, which the member is told.
pub(super) fn ask(
    snapshot: &Snapshot,
    member: &Member<'_>,
    wish: &mut LoadBalancerWish,
    annotations: &mut Annotations<'_>,
) {
    let class = class_of(&snapshot.objects, member.ingress);
    let of_class = class.and_then(|class| annotations_of(class).read(&ZONES_OUT));
    if let Some(out) = of_class {
        wish.class_zones_out = checked(snapshot, (wish, out), Code::InvalidClass, annotations);
    } else if let Some(out) = annotations.read(&ZONES_OUT) {
        wish.zones_out = checked(snapshot, (wish, out), Code::InvalidAnnotation, annotations);
    }
}

fn checked(
    snapshot: &Snapshot,
    (wish, out): (&LoadBalancerWish, BTreeSet<String>),
    code: Code,
    annotations: &mut Annotations<'_>,
) -> Option<BTreeSet<String>> {
    let (surroundings, settings) = (&snapshot.surroundings, &snapshot.settings);
    let subnets = &surroundings.vpc.subnets;
    let unknown = out.iter().find(|zone| subnets.values().all(|subnet| subnet.zone != **zone));
    let scheme = wish.scheme.unwrap_or(settings.default_scheme);
    let ip_address_type = wish.ip_address_type.unwrap_or(IpAddressType::Ipv4);
    let of = (LoadBalancerKind::Application, ip_address_type);
    let all = wish.subnets.clone();
    let all = all.map_or_else(|| subnets::discovered(surroundings, settings, scheme, of), Ok);
    // What is wrong with the subnets themselves is told elsewhere.
    let left = all.ok().map(|all| subnets::without(surroundings, settings, &all, &out));
    let (found, allowed, meanwhile) = match (unknown, left) {
        (Some(zone), _) => (
            format!("\"{zone}\", in which the VPC has no subnet"),
            "the names of zones in which it has some, or none".to_owned(),
            "the other zones that are named are taken out",
        ),
        (None, Some(Err(none))) => (none.found, none.allowed, NONE_OUT),
        (None, _) => return Some(out),
    };
    let problem = annotations.error(code, ZONES_OUT.field(), found, &allowed);
    annotations.problems.push(Problem {
        severity: Severity::Warning,
        meanwhile: meanwhile.to_owned(),
        ..problem
    });
    unknown.is_some().then_some(out)
}

/// What is left of the subnets of a load balancer without those in zones that are taken out. Where
/// members take out too many together, none is, which they are told.
pub(super) fn left(
    snapshot: &Snapshot,
    shared: &Shared,
    parts: &[Arc<Part>],
    all: Wish<Vec<AwsId>>,
) -> (Wish<Vec<AwsId>>, Vec<Problem>) {
    let shared = &shared.load_balancer;
    let of_group = [&shared.class_zones_out, &shared.zones_out];
    let of_classes = parts.iter().map(|part| &part.load_balancer.class_zones_out);
    let out = of_group.into_iter().chain(of_classes).flatten().cloned();
    let Some(out) = out.reduce(|one, other| &one | &other) else { return (all, Vec::new()) };
    if all.found().is_empty() {
        // What is wrong is told already.
        return (all, Vec::new());
    }
    let (surroundings, settings) = (&snapshot.surroundings, &snapshot.settings);
    match (subnets::without(surroundings, settings, all.found(), &out), &all) {
        (Ok(left), Wish::Exactly(_)) => (Wish::Exactly(left), Vec::new()),
        (Ok(found), Wish::KeepElse(_) | Wish::InEach { .. }) => {
            (Wish::InEach { places: zones(surroundings, &found, &out), found }, Vec::new())
        }
        (Err(none), _) => {
            let asks = |part: &&Arc<Part>| {
                let wish = &part.load_balancer;
                wish.class_zones_out.is_some() || wish.zones_out.is_some()
            };
            let told = parts.iter().filter(asks).map(|part| too_many(part, &none)).collect();
            (all, told)
        }
    }
}

/// All subnets of each zone that load balancers may lie in, of the same kind as those found.
fn zones(surroundings: &Surroundings, found: &[AwsId], out: &BTreeSet<String>) -> Vec<Vec<AwsId>> {
    let subnets = &surroundings.vpc.subnets;
    let locale = found.iter().find_map(|id| subnets.get(id)).map(|subnet| &subnet.locale);
    let fits = |subnet: &Subnet| Some(&subnet.locale) == locale && !out.contains(&subnet.zone);
    let mut zones: BTreeMap<&str, Vec<AwsId>> = BTreeMap::new();
    for (id, subnet) in subnets.iter().filter(|(_, subnet)| fits(subnet)) {
        zones.entry(&subnet.zone).or_default().push(id.clone());
    }
    zones.into_values().collect()
}

fn too_many(part: &Part, none: &NoSubnets) -> Problem {
    Problem {
        code: Code::Conflict,
        severity: Severity::Warning,
        object: ObjectRef::of(&part.source),
        field: ZONES_OUT.field(),
        found: format!("zones of the group's members that leave {}", none.found),
        allowed: none.allowed.clone(),
        meanwhile: NONE_OUT.to_owned(),
    }
}
