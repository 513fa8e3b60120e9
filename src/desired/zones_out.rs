//! Availability zones that a class takes out of its load balancers, and puts back.

use std::collections::BTreeSet;

use crate::model::load_balancer::{IpAddressType, LoadBalancerKind, LoadBalancerWish};
use crate::model::problem::{Code, Problem, Severity};
use crate::model::snapshot::Snapshot;

use super::annotations::Annotations;
use super::annotations::table::ZONES_OUT;
use super::classes::{annotations_of, class_of};
use super::groups::Member;
use super::subnets;

/// The zones that a member's class takes out; nothing where it says nothing, or where too few would
/// be left, which the member is told.
pub(super) fn asked(
    snapshot: &Snapshot,
    member: &Member<'_>,
    wish: &LoadBalancerWish,
    annotations: &mut Annotations<'_>,
) -> Option<BTreeSet<String>> {
    let class = class_of(&snapshot.objects, member.ingress)?;
    let out = annotations_of(class).read(&ZONES_OUT)?;
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
        (None, Some(Err(none))) => (none.found, none.allowed, "no zone is taken out"),
        (None, _) => return Some(out),
    };
    let problem = annotations.error(Code::InvalidClass, ZONES_OUT.field(), found, &allowed);
    annotations.problems.push(Problem {
        severity: Severity::Warning,
        meanwhile: meanwhile.to_owned(),
        ..problem
    });
    unknown.is_some().then_some(out)
}
