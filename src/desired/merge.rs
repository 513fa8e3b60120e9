//! From the parts of all members to one load balancer with all that hangs on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::binding::Binding;
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, TargetGroupKey};
use crate::model::listener::{Listener, ListenerWish, Protocol};
use crate::model::load_balancer::{IpAddressType, LoadBalancer, LoadBalancerKind};
use crate::model::marks::{self, Tags};
use crate::model::names;
use crate::model::part::{Part, WishedTargetGroup};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::rule::{Redirect, Rule, RuleAction};
use crate::model::security::{GROUPS_MAX, SecurityGroup};
use crate::model::settings::{BackendSecurityGroup, Settings};
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::stack::{Capacity, Front, NamedAttributes, Wish, WishedListener};

use super::admission::{self, Admission};
use super::annotations::table::LISTEN_PORTS;
use super::attributes::Asked;
use super::brought::Brought;
use super::lint::Lint;
use super::placed::{self, Fate, Placed};
use super::rule::{optimizer, plain};
use super::shared::{Shared, SharedPort};
use super::{
    attributes, entry, frontend_nlb, limits, protection, rule, solver, subnets, tags, zones_out,
};

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

/// Merges what the members of a group bring. A part that does not fit is taken out of those that
/// are good.
#[must_use]
pub fn merge(snapshot: &Snapshot, group: &Group, brought: &mut Brought) -> Merged {
    let (admission, problems) = admission::admit(snapshot, group, brought);
    assemble(snapshot, group, (admission, brought), problems)
}

fn assemble(
    snapshot: &Snapshot,
    group: &Group,
    (admission, brought): (Admission, &Brought),
    mut problems: Vec<Problem>,
) -> Merged {
    let Admission { shared, parts, unexplained } = admission;
    let mut answers = solver::admit(&snapshot.settings, &shared, &parts, &brought.solvers);
    problems.append(&mut answers.problems);
    let source = source(snapshot, group, &shared);
    problems.extend(parts.iter().filter_map(|part| open_over_http(&shared, part)));
    problems.extend(parts.iter().flat_map(|part| going_nowhere(&shared, part)));
    problems.extend(parts.iter().filter_map(|part| frontend_nlb::leading_nowhere(part)));
    // Of what several want, those know best who are good: others may remember what was once.
    let (good, held): (Vec<&Arc<Part>>, Vec<&Arc<Part>>) =
        parts.iter().partition(|part| brought.good.contains_key(&part.source));
    let wished = held.into_iter().chain(good).flat_map(|part| part.target_groups.clone());
    let target_groups = wished
        .chain(answers.target_groups)
        .map(|(key, wished)| {
            let mut wished = wished.as_ref().clone();
            wished.binding = with_source(wished.binding, source.as_ref());
            (key, wished)
        })
        .collect();
    let placed = placed::by_port(&shared, &parts);
    let front = (!parts.is_empty()).then(|| {
        let (all, no_subnets) = subnets_of(snapshot, &shared, &parts);
        let (subnets, mut told) = zones_out::left(snapshot, &shared, &parts, all);
        problems.append(&mut told);
        Front {
            subnets,
            no_subnets,
            listeners: listeners(snapshot, (group, &shared), (&parts, &placed), &answers.rules),
            ..front(snapshot, group, &shared, &parts)
        }
    });
    let lint = front.as_ref().map(|front| Lint { shared: &shared, placed: &placed, front });
    problems.extend(lint.iter().flat_map(|lint| lint.problems(&parts)));
    let limits = &snapshot.account_limits;
    let near =
        front.iter().flat_map(|front| limits::near((front, &shared), &parts, &placed, limits));
    problems.extend(near);
    Merged {
        front,
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

/// What members bring, and the rules of each port.
type Together<'a> = (&'a [Arc<Part>], &'a BTreeMap<u16, Vec<Placed<'a>>>);

/// The load balancer, without its listeners and its subnets.
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
        ingress: entry::rules(snapshot, shared, parts, ip_address_type),
        tags: tracked(marks::RESOURCE_FRONTEND_SECURITY_GROUP),
    });
    let security_groups: Vec<Id> = match &shared.load_balancer.security_groups {
        Some(ids) => {
            let managed = !sees_to_rules(settings, shared);
            let managed = managed.then(|| backend(snapshot)).flatten();
            ids.iter().cloned().map(Id::Is).chain(managed).collect()
        }
        None => std::iter::once(Id::Of(Handle::FrontendSecurityGroup(group.clone())))
            .chain(backend(snapshot))
            .collect(),
    };
    let is_own = entry::are_own(snapshot, parts);
    let others = security_groups.len() - usize::from(security_group.is_some());
    let ipv4_pool = shared.decided.ipv4_pool.as_ref().or(shared.load_balancer.ipv4_pool.as_ref());
    let load_balancer = LoadBalancer {
        kind: LoadBalancerKind::Application,
        name,
        scheme,
        ip_address_type,
        ipv4_pool: ipv4_pool.filter(|pool| !pool.is_empty()).cloned(),
        customer_owned_pool: shared.load_balancer.customer_owned_pool.clone(),
        subnets: Vec::new(),
        allocations: Vec::new(),
        security_groups,
        tags: tracked(marks::RESOURCE_LOAD_BALANCER),
    };
    let nlb = frontend_nlb::build(snapshot, (group, shared), parts, &load_balancer);
    Front {
        nlb: nlb.map(Box::new),
        load_balancer,
        subnets: Wish::KeepElse(Vec::new()),
        no_subnets: None,
        attributes: attributes_of_load_balancer(shared, parts),
        capacity: capacity(shared, parts),
        security_group,
        security_groups_max: if is_own { GROUPS_MAX.saturating_sub(others).max(1) } else { 1 },
        protection: protection::asked(&shared.load_balancer.protection, parts),
        listeners: BTreeMap::new(),
    }
}

fn capacity(shared: &Shared, parts: &[Arc<Part>]) -> Option<Capacity> {
    let decided = shared.decided.capacity;
    let units = decided.or(shared.load_balancer.capacity)?;
    let asks = |part: &&Arc<Part>| {
        let wish = &part.load_balancer;
        let asked = if decided.is_some() { wish.class_capacity } else { wish.capacity };
        asked == Some(units)
    };
    let by = parts.iter().find(asks).map(|part| part.source.clone());
    Some(Capacity { units, by })
}

fn attributes_of_load_balancer(shared: &Shared, parts: &[Arc<Part>]) -> NamedAttributes {
    let asked = parts.iter().map(|part| Asked {
        source: &part.source,
        own: &part.load_balancer.attributes,
        class: &part.load_balancer.class_attributes,
    });
    let asked: Vec<Asked<'_>> = asked.collect();
    attributes::named(&shared.load_balancer.attributes, &shared.decided.attributes, &asked)
}

fn attributes_of_listener(shared: &Shared, port: u16, parts: &[Arc<Part>]) -> NamedAttributes {
    let Some(together) = shared.ports.get(&port) else { return NamedAttributes::default() };
    let listening = parts.iter().filter_map(|part| Some((part, part.listens.get(&port)?)));
    let asked = listening.map(|(part, wish)| Asked {
        source: &part.source,
        own: &wish.attributes,
        class: &wish.class_attributes,
    });
    let asked: Vec<Asked<'_>> = asked.collect();
    let decided = shared.decided.of_listener(port);
    attributes::named(&together.listener.attributes, decided, &asked)
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
    let of = (LoadBalancerKind::Application, ip_address_type);
    let surroundings = &snapshot.surroundings;
    match subnets::discovered(surroundings, settings, scheme, of) {
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

fn listeners(
    snapshot: &Snapshot,
    (group, shared): (&Group, &Shared),
    (parts, placed): Together<'_>,
    answers: &[(Rule, Tags)],
) -> BTreeMap<u16, WishedListener> {
    let each = shared.ports.iter().map(|(port, wish)| {
        let tracking = group.tags(&snapshot.settings.cluster, &port.to_string());
        let redirect =
            shared.load_balancer.ssl_redirect.filter(|_| wish.listener.protocol == Protocol::Http);
        let listening = parts.iter().filter_map(|part| part.listens.get(port));
        let brought = listening.map(|listen| &listen.certificates);
        let brought = brought.map(|ids| ids.iter().map(|id| resolved(snapshot, id)).collect());
        let brought: Vec<Vec<Id>> = brought.collect();
        let of_class = shared.certificates(wish.listener.protocol);
        let mut certificates = of_class.iter().chain(brought.iter().flatten());
        // One that is still to be made holds up no listener that another one can serve.
        let given = certificates.clone().find(|id| id.given().is_some());
        let listener = Listener {
            protocol: wish.listener.protocol,
            default_actions: default_actions(wish, *port, redirect),
            default_certificate: given.or(certificates.next()).cloned(),
            certificates: of_class.iter().chain(brought.iter().flatten()).cloned().collect(),
            ssl_policy: ssl_policy(snapshot, &wish.listener),
            mutual_authentication: wish.listener.mutual_authentication.clone(),
            tags: tags::with_tracking(&snapshot.settings, &wish.tags, tracking),
        };
        let answers = if *port == solver::PORT { answers } else { &[] };
        let placed = placed.get(port).map(Vec::as_slice).unwrap_or_default();
        let numbering = placed::numbering(placed);
        let standing = placed.iter().filter(|placed| placed.fate == Fate::Stands);
        let rules = standing.map(|Placed { part, rule, .. }| {
            let tags = tags::over_default(&snapshot.settings, &part.load_balancer.tags);
            (rule.clone().into_owned(), tags)
        });
        let rules = answers.iter().cloned().chain(rules).collect();
        let attributes = attributes_of_listener(shared, *port, parts);
        // Of a class's certificates the first one is the default one, whoever brings others.
        let certificates = if of_class.is_empty() { brought } else { vec![of_class.to_vec()] };
        let gates = &snapshot.settings.gates;
        let wished = WishedListener {
            resets_mutual_authentication: gates.enhanced_default_behavior
                && listener.protocol == Protocol::Https
                && listener.mutual_authentication.is_none(),
            listener,
            certificates,
            attributes,
            rules,
            numbering,
            answers: answers.len(),
        };
        (*port, wished)
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
        return vec![RuleAction::Redirect(Box::new(Redirect {
            port: Some(port.to_string()),
            protocol: Some(Protocol::Https.as_str().to_owned()),
            status_code: "HTTP_301".to_owned(),
            ..Redirect::default()
        }))];
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
