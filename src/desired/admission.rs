//! Which of the parts of a group's members fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::group::Group;
use crate::model::listener::Protocol;
use crate::model::load_balancer::IpAddressType;
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::settings::BackendSecurityGroup;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;

use super::annotations::MEANWHILE;
use super::annotations::table::{MANAGE_RULES, SSL_REDIRECT};
use super::brought::Brought;
use super::decided::Decided;
use super::group_class;
use super::limits::Room;
use super::shared::{Say, Shared};
use super::taking::Taking;

/// Lets parts in, those first whose members have been in for longest. A part that conflicts with
/// those before it is taken out of those that are good, and what the member has instead takes its
/// place where that fits.
#[must_use]
pub fn admit(
    snapshot: &Snapshot,
    group: &Group,
    brought: &mut Brought,
) -> (Admission, Vec<Problem>) {
    let (mut rejected, mut problems) = (BTreeSet::new(), Vec::new());
    loop {
        // Each turn begins anew: who is rejected for itself is no reason to reject another.
        let mut fitting = brought.good.clone();
        fitting.retain(|key, _| !rejected.contains(&ObjectRef::of(key)));
        let mut conflicts = Vec::new();
        let taking = Taking { snapshot, group, brought };
        let admission = in_order(taking, &mut fitting, &mut conflicts);
        let mut guilty = check(snapshot, &admission);
        let before = rejected.len();
        rejected.extend(guilty.iter().map(|problem| problem.object.clone()));
        problems.append(&mut guilty);
        // Each turn but the last rejects another member, so this ends.
        if rejected.len() == before {
            problems.append(&mut conflicts);
            brought.good = fitting;
            // Whoever does not get in as it is now keeps the place of what stands for it.
            let orders = admission.parts.iter().map(|part| (part.source.clone(), part.order));
            brought.orders.extend(orders);
            brought.sort();
            return (admission, problems);
        }
    }
}

/// The parts that fit together.
#[derive(Debug)]
pub struct Admission {
    /// What their members share.
    pub shared: Shared,
    /// The parts, in the group's order.
    pub parts: Vec<Arc<Part>>,
    /// The members that nothing stands for.
    pub unexplained: Vec<Source>,
}

fn in_order(
    taking: Taking<'_>,
    good: &mut BTreeMap<Source, Arc<Part>>,
    problems: &mut Vec<Problem>,
) -> Admission {
    let Taking { snapshot, brought, .. } = taking;
    let deciding = brought.active.iter().filter(|source| taking.may_decide(source));
    let deciding = deciding.filter_map(|key| good.get(key).or_else(|| brought.instead.get(key)));
    let class = group_class::wish(snapshot, taking.group);
    let decided = Decided::by(class.as_ref(), deciding.map(AsRef::as_ref));
    let mut shared = Shared::by(decided, class.unwrap_or_default());
    let mut admitted = BTreeMap::new();
    let standing = brought.standing.iter().filter_map(|key| taking.stands(key, good));
    let mut room = Room::beside(&snapshot.account_limits, standing);
    for key in &brought.standing {
        if let Some(part) = good.get(key) {
            let say = if taking.may_decide(key) {
                Say::Free
            } else {
                Say::AsBefore(&snapshot.settings, brought.instead.get(key).map(AsRef::as_ref))
            };
            let obstacle = taking.requests(part).or_else(|| room.lacks(&shared, part));
            let admission =
                obstacle.map_or_else(|| shared.admit(part, say), |told| Err(vec![told]));
            match admission {
                Ok(()) => {
                    room.take(part);
                    admitted.insert(key, Arc::clone(part));
                    continue;
                }
                Err(mut conflicts) => {
                    problems.append(&mut conflicts);
                    good.remove(key);
                }
            }
        }
        if let Some(instead) = brought.instead.get(key)
            && shared.admit(instead, Say::Free).is_ok()
        {
            admitted.insert(key, Arc::clone(instead));
        }
    }
    // Where nobody has what a class's Ingresses would be sent to, they are not sent there.
    let asks = |part: &Arc<Part>| part.load_balancer.ssl_redirect.is_some();
    shared.load_balancer.ssl_redirect.take_if(|_| !admitted.values().any(asks));
    let is_out = |source: &&Source| !admitted.contains_key(*source);
    let unexplained = brought.active.iter().filter(is_out).cloned().collect();
    // Whoever is let in first, rules stand in the group's order.
    let mut parts: Vec<Arc<Part>> = admitted.into_values().collect();
    parts.sort_by_cached_key(|part| (part.order, part.source.to_string()));
    Admission { shared, parts, unexplained }
}

/// What can only be judged when everybody is in.
fn check(snapshot: &Snapshot, admission: &Admission) -> Vec<Problem> {
    let mut guilty = Vec::new();
    let shared = &admission.shared;
    let problem = |part: &Part, code, field: &str, found: String, allowed: &str| Problem {
        code,
        severity: Severity::Error,
        object: ObjectRef::of(&part.source),
        field: field.to_owned(),
        found,
        allowed: allowed.to_owned(),
        meanwhile: MEANWHILE.to_owned(),
    };
    let has_ipv6 = shared.load_balancer.ip_address_type.is_some_and(IpAddressType::has_ipv6);
    for part in &admission.parts {
        let https = |port: &u16| {
            shared.ports.get(port).is_some_and(|p| p.listener.protocol == Protocol::Https)
        };
        if let Some(port) = part.load_balancer.ssl_redirect.filter(|port| !https(port)) {
            guilty.push(problem(
                part,
                Code::InvalidAnnotation,
                &SSL_REDIRECT.field(),
                format!("{port}, which is no HTTPS port of the group"),
                "a port that listen-ports gives as HTTPS",
            ));
        }
        let wish = &part.load_balancer;
        let lacks_backend = snapshot.settings.backend == BackendSecurityGroup::Off
            && shared.load_balancer.security_groups.is_some();
        if wish.manages_rules == Some(true) && lacks_backend {
            guilty.push(problem(
                part,
                Code::InvalidAnnotation,
                &MANAGE_RULES.field(),
                "true, beside security-groups".to_owned(),
                "false, where --enable-backend-security-group is off",
            ));
        }
        let ipv6 = part.target_groups.values().find(|wished| wished.target_group.ipv6);
        if let Some(wished) = ipv6.filter(|_| !has_ipv6) {
            guilty.push(problem(
                part,
                Code::InvalidBackend,
                &format!("backend {}", wished.binding.service_key()),
                "a Service with IPv6".to_owned(),
                "IPv4, or ip-address-type: dualstack on the load balancer",
            ));
        }
    }
    guilty
}
