//! From the parts of all members to one load balancer with all that hangs on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::binding::Binding;
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, TargetGroupKey};
use crate::model::listener::{Listener, ListenerWish, Protocol};
use crate::model::load_balancer::{IpAddressType, LoadBalancer};
use crate::model::marks::{self, Tags};
use crate::model::names;
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::rule::{Redirect, Rule, RuleAction};
use crate::model::security::{IngressRule, Peer, SecurityGroup};
use crate::model::settings::{BackendSecurityGroup, Settings};
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::stack::{Front, Wish, WishedListener, WishedTargetGroup};

use super::annotations::MEANWHILE;
use super::annotations::table::{LISTEN_PORTS, MANAGE_RULES, SSL_REDIRECT};
use super::rule::{optimizer, plain};
use super::shared::{Shared, SharedPort};
use super::{protection, rule, subnets, tags};

/// What the members of a group want together.
#[derive(Debug)]
pub struct Merged {
    /// The load balancer, if any member contributes to one.
    pub front: Option<Front>,
    /// The target groups.
    pub target_groups: BTreeMap<TargetGroupKey, WishedTargetGroup>,
    /// What members want differently from those before them.
    pub problems: Vec<Problem>,
    /// The members that contribute.
    pub contributing: BTreeSet<Source>,
    /// Bad members of which nothing good is known.
    pub unexplained: Vec<Source>,
}

/// What the members of a group bring.
#[derive(Debug, Default)]
pub struct Brought {
    /// The members, in their order.
    pub active: Vec<Source>,
    /// The parts of those that are good.
    pub good: BTreeMap<Source, Arc<Part>>,
    /// What takes the place of a part that is missing, or does not fit.
    pub instead: BTreeMap<Source, Arc<Part>>,
}

/// Merges parts in the group's order. A part that conflicts with those before it is taken out of
/// those that are good, and what the member has instead takes its place where that fits.
#[must_use]
pub fn merge(snapshot: &Snapshot, group: &Group, brought: &mut Brought) -> Merged {
    let all = std::mem::take(&mut brought.good);
    let (mut rejected, mut problems) = (BTreeSet::new(), Vec::new());
    loop {
        // Each turn begins anew: who is rejected for itself is no reason to reject another.
        let mut fitting = all.clone();
        fitting.retain(|key, _| !rejected.contains(&ObjectRef::of(key)));
        let mut conflicts = Vec::new();
        let admission = admit(brought, &mut fitting, &mut conflicts);
        let mut guilty = check(snapshot, &admission);
        let before = rejected.len();
        rejected.extend(guilty.iter().map(|problem| problem.object.clone()));
        problems.append(&mut guilty);
        // Each turn but the last rejects another member, so this ends.
        if rejected.len() == before {
            problems.append(&mut conflicts);
            brought.good = fitting;
            return assemble(snapshot, group, admission, problems);
        }
    }
}

/// The parts that fit together.
struct Admission {
    shared: Shared,
    parts: Vec<Arc<Part>>,
    unexplained: Vec<Source>,
}

fn admit(
    brought: &Brought,
    good: &mut BTreeMap<Source, Arc<Part>>,
    problems: &mut Vec<Problem>,
) -> Admission {
    let mut shared = Shared::default();
    let mut parts = Vec::new();
    let mut unexplained = Vec::new();
    for key in &brought.active {
        if let Some(part) = good.get(key) {
            match shared.admit(part) {
                Ok(()) => {
                    parts.push(Arc::clone(part));
                    continue;
                }
                Err(mut conflicts) => {
                    problems.append(&mut conflicts);
                    good.remove(key);
                }
            }
        }
        match brought.instead.get(key) {
            Some(instead) if shared.admit(instead).is_ok() => parts.push(Arc::clone(instead)),
            Some(_) | None => unexplained.push(key.clone()),
        }
    }
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

fn assemble(
    snapshot: &Snapshot,
    group: &Group,
    admission: Admission,
    mut problems: Vec<Problem>,
) -> Merged {
    let Admission { shared, parts, unexplained } = admission;
    let source = source(snapshot, group, &shared);
    problems.extend(parts.iter().filter_map(|part| open_over_http(&shared, part)));
    problems.extend(parts.iter().flat_map(|part| going_nowhere(&shared, part)));
    let wished = parts.iter().flat_map(|part| part.target_groups.clone());
    let target_groups = wished
        .map(|(key, wished)| {
            let mut wished = wished.as_ref().clone();
            wished.binding = with_source(wished.binding, source.as_ref());
            (key, wished)
        })
        .collect();
    Merged {
        front: (!parts.is_empty()).then(|| front(snapshot, group, &shared, &parts)),
        target_groups,
        problems,
        contributing: parts.iter().map(|part| part.source.clone()).collect(),
        unexplained,
    }
}

/// Says to whom serves over HTTP what clients have to log in for over HTTPS that anybody gets it.
fn open_over_http(shared: &Shared, part: &Part) -> Option<Problem> {
    let is_http = |port: &&u16| {
        shared.ports.get(port).is_some_and(|found| found.listener.protocol == Protocol::Http)
    };
    let port = part.listens.keys().find(is_http)?;
    let is_open = plain::is_open(part) && shared.load_balancer.ssl_redirect.is_none();
    is_open.then(|| Problem {
        code: Code::OpenOverHttp,
        severity: Severity::Warning,
        object: ObjectRef::of(&part.source),
        field: LISTEN_PORTS.field(),
        found: format!("HTTP on port {port}, where load balancers ask nobody to log in"),
        allowed: "HTTPS alone, or ssl-redirect".to_owned(),
        meanwhile: "anybody is served there who does not use HTTPS".to_owned(),
    })
}

/// Says to whom asks for redirects that lead back wherever they could be that there are none.
fn going_nowhere(shared: &Shared, part: &Part) -> Vec<Problem> {
    let ports = part.listens.keys().filter_map(|port| Some((*port, shared.ports.get(port)?)));
    let ports: Vec<(u16, Protocol)> =
        ports.map(|(port, found)| (port, found.listener.protocol)).collect();
    let goes_nowhere =
        |rule: &&Rule| ports.iter().all(|(port, speaks)| optimizer::loops(rule, *port, *speaks));
    let rules = part.rules.iter().filter(goes_nowhere).filter(|_| !ports.is_empty());
    let each = rules.map(|rule| Problem {
        code: Code::InvalidRule,
        severity: Severity::Note,
        object: ObjectRef::of(&part.source),
        field: "spec.rules".to_owned(),
        found: format!("{rule}, which leads back to where clients are on every port"),
        allowed: "a redirect to another host, path, port or protocol".to_owned(),
        meanwhile: "the rule is left out, and its requests are taken by those behind it".to_owned(),
    });
    each.collect()
}

/// The backend security group, where the cluster has one.
fn backend(snapshot: &Snapshot) -> Option<Id> {
    match &snapshot.settings.backend {
        BackendSecurityGroup::Managed => Some(snapshot.facts.resolve(Handle::BackendSecurityGroup)),
        BackendSecurityGroup::Given(id) => Some(Id::Is(id.clone())),
        BackendSecurityGroup::Off => None,
    }
}

/// Whether members bring security groups of their own, and see to it themselves that these reach
/// the pods.
fn sees_to_rules(settings: &Settings, shared: &Shared) -> bool {
    let wish = &shared.load_balancer;
    wish.security_groups.is_some() && !wish.manages_rules.unwrap_or(settings.manages_backend_rules)
}

/// The security group that pods let in; none where members see to it themselves.
fn source(snapshot: &Snapshot, group: &Group, shared: &Shared) -> Option<Id> {
    if sees_to_rules(&snapshot.settings, shared) {
        return None;
    }
    Some(backend(snapshot).unwrap_or_else(|| Id::Of(Handle::FrontendSecurityGroup(group.clone()))))
}

fn with_source(mut binding: Binding, source: Option<&Id>) -> Binding {
    match source {
        None => binding.openings.clear(),
        Some(source) => {
            for opening in &mut binding.openings {
                opening.group = Some(source.clone());
            }
        }
    }
    binding
}

fn front(snapshot: &Snapshot, group: &Group, shared: &Shared, parts: &[Arc<Part>]) -> Front {
    let settings = &snapshot.settings;
    let scheme = shared.load_balancer.scheme.unwrap_or(settings.default_scheme);
    let ip_address_type = shared.load_balancer.ip_address_type.unwrap_or(IpAddressType::Ipv4);
    let tracked = |resource| {
        let tracking = group.tags(&settings.cluster, resource);
        tags::with_tracking(settings, &shared.load_balancer.tags, tracking)
    };
    let name = shared.load_balancer.name.clone();
    let name =
        name.unwrap_or_else(|| names::load_balancer(&settings.cluster, group, scheme.as_str()));
    let security_group = shared.load_balancer.security_groups.is_none().then(|| SecurityGroup {
        name: names::frontend_security_group(&settings.cluster, group),
        description: marks::DESCRIPTION_FRONTEND.to_owned(),
        vpc: settings.vpc.clone(),
        ingress: frontend_rules(shared, ip_address_type),
        tags: tracked(marks::RESOURCE_FRONTEND_SECURITY_GROUP),
    });
    let security_groups = match &shared.load_balancer.security_groups {
        Some(ids) => {
            let managed = !sees_to_rules(settings, shared);
            let managed = managed.then(|| backend(snapshot)).flatten();
            ids.iter().cloned().map(Id::Is).chain(managed).collect()
        }
        None => std::iter::once(Id::Of(Handle::FrontendSecurityGroup(group.clone())))
            .chain(backend(snapshot))
            .collect(),
    };
    let (subnets, no_subnets) = subnets_of(snapshot, shared, parts);
    Front {
        load_balancer: LoadBalancer {
            name,
            scheme,
            ip_address_type,
            subnets: Vec::new(),
            security_groups,
            tags: tracked(marks::RESOURCE_LOAD_BALANCER),
        },
        subnets,
        no_subnets,
        attributes: shared.load_balancer.attributes.clone(),
        security_group,
        protection: protection::asked(&shared.load_balancer.protection, parts),
        listeners: listeners(snapshot, group, shared, parts),
    }
}

/// The subnets that a member names, or those that fit where none stand yet.
fn subnets_of(
    snapshot: &Snapshot,
    shared: &Shared,
    parts: &[Arc<Part>],
) -> (Wish<Vec<AwsId>>, Option<Problem>) {
    if let Some(named) = &shared.load_balancer.subnets {
        return (Wish::Exactly(named.clone()), None);
    }
    let settings = &snapshot.settings;
    let scheme = shared.load_balancer.scheme.unwrap_or(settings.default_scheme);
    let ip_address_type = shared.load_balancer.ip_address_type.unwrap_or(IpAddressType::Ipv4);
    let surroundings = &snapshot.surroundings;
    match subnets::discovered(surroundings, settings, scheme, ip_address_type) {
        Ok(ids) => (Wish::KeepElse(ids), None),
        Err(none) => {
            let problem = parts.first().map(|part| Problem {
                code: Code::NoSubnets,
                severity: Severity::Error,
                object: ObjectRef::of(&part.source),
                field: "subnets of the load balancer".to_owned(),
                found: none.found,
                allowed: none.allowed,
                meanwhile: "no load balancer is made".to_owned(),
            });
            (Wish::KeepElse(Vec::new()), problem)
        }
    }
}

/// Who may reach the load balancer: for each port, those that members name, or everybody.
fn frontend_rules(shared: &Shared, ip_address_type: IpAddressType) -> BTreeSet<IngressRule> {
    let everybody = || BTreeSet::from(["0.0.0.0/0".to_owned(), "::/0".to_owned()]);
    let mut rules = BTreeSet::new();
    for (port, listener) in &shared.ports {
        for cidr in listener.inbound_cidrs.clone().unwrap_or_else(everybody) {
            let is_ipv6 = cidr.contains(':');
            if is_ipv6 && !ip_address_type.has_ipv6() {
                continue;
            }
            rules.insert(IngressRule {
                protocol: "tcp".to_owned(),
                from_port: *port,
                to_port: *port,
                source: if is_ipv6 { Peer::Cidr6(cidr) } else { Peer::Cidr(cidr) },
            });
        }
    }
    rules
}

fn listeners(
    snapshot: &Snapshot,
    group: &Group,
    shared: &Shared,
    parts: &[Arc<Part>],
) -> BTreeMap<u16, WishedListener> {
    let each = shared.ports.iter().map(|(port, wish)| {
        let tracking = group.tags(&snapshot.settings.cluster, &port.to_string());
        let redirect =
            shared.load_balancer.ssl_redirect.filter(|_| wish.listener.protocol == Protocol::Http);
        let certificates: Vec<Id> =
            wish.listener.certificates.iter().map(|id| resolved(snapshot, id)).collect();
        // One that is still to be made holds up no listener that another one can serve.
        let given = certificates.iter().find(|id| id.given().is_some());
        let listener = Listener {
            protocol: wish.listener.protocol,
            default_actions: default_actions(wish, *port, redirect),
            default_certificate: given.or(certificates.first()).cloned(),
            certificates: certificates.iter().cloned().collect(),
            ssl_policy: ssl_policy(snapshot, &wish.listener),
            mutual_authentication: wish.listener.mutual_authentication.clone(),
            tags: tags::with_tracking(&snapshot.settings, &wish.tags, tracking),
        };
        let listening = parts.iter().filter(|part| part.listens.contains_key(port));
        let protocol = wish.listener.protocol;
        let mut rules: Vec<(Rule, Tags)> = Vec::new();
        let asked = listening.flat_map(|part| part.rules.iter().map(move |rule| (part, rule)));
        for (part, rule) in asked.filter(|_| redirect.is_none()) {
            let rule = match protocol {
                Protocol::Http => plain::rule(part, rule),
                Protocol::Https => rule.clone(),
            };
            let is_shadowed = || rules.iter().any(|(kept, _)| optimizer::shadows(kept, &rule));
            if !optimizer::loops(&rule, *port, protocol) && !is_shadowed() {
                let tags = tags::over_default(&snapshot.settings, &part.load_balancer.tags);
                rules.push((rule, tags));
            }
        }
        (*port, WishedListener { listener, rules })
    });
    each.collect()
}

fn resolved(snapshot: &Snapshot, id: &Id) -> Id {
    match id {
        Id::Is(_) => id.clone(),
        Id::Of(handle) => snapshot.facts.resolve(handle.clone()),
    }
}

fn ssl_policy(snapshot: &Snapshot, wish: &ListenerWish) -> Option<String> {
    let default = &snapshot.settings.default_ssl_policy;
    (wish.protocol == Protocol::Https)
        .then(|| wish.ssl_policy.clone().unwrap_or_else(|| default.clone()))
}

fn default_actions(wish: &SharedPort, port: u16, redirect: Option<u16>) -> Vec<RuleAction> {
    if let Some(port) = redirect {
        return vec![RuleAction::Redirect(Redirect {
            port: Some(port.to_string()),
            protocol: Some(Protocol::Https.as_str().to_owned()),
            status_code: "HTTP_301".to_owned(),
            ..Redirect::default()
        })];
    }
    let asked = wish.default_actions.clone().map(|actions| Rule {
        conditions: Vec::new(),
        actions,
        transforms: Vec::new(),
    });
    // AWS takes no listener that sends clients back to where they are.
    let asked = asked.filter(|rule| !optimizer::loops(rule, port, wish.listener.protocol));
    asked.map_or_else(|| vec![rule::not_found()], |rule| rule.actions)
}
