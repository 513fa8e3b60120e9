//! Challenges of ACME by HTTP (RFC 8555, section 8.3), as cert-manager has them answered: by an
//! Ingress of its own for each, or by a path that it writes into the Ingress that asks for the
//! certificate.
//!
//! An Ingress of cert-manager's, called a solver here, is no member of a group. It adds its one
//! rule to every group that serves its host for its namespace, above all others on the port that
//! authorities ask on, for as long as it stands: no finalizer, no status, no name, no load balancer
//! of its own. One that no group serves is a newcomer like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress};

use crate::model::flat::FlatMap;
use crate::model::group::Group;
use crate::model::id::{ObjectKey, TargetGroupKey};
use crate::model::listener::Protocol;
use crate::model::load_balancer::LoadBalancerWish;
use crate::model::marks::Tags;
use crate::model::part::{OnHttp, Part, WishedTargetGroup};
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::rule::{Condition, Precedence, Rule, RuleAction, Weighted};
use crate::model::settings::Settings;
use crate::model::snapshot::{Objects, Snapshot};

use super::annotations::Annotations;
use super::annotations::table::GROUP_NAME;
use super::backend::Backends;
use super::classes::{self, Claim, claim};
use super::groups::{Member, current};
use super::shared::Shared;
use super::tags;
use super::target_group::port_ref;

/// The label of cert-manager's Ingresses for challenges.
pub const LABEL: &str = "acme.cert-manager.io/http01-solver";
/// The annotation by which an Ingress has challenges written into itself.
pub const EDIT_IN_PLACE: &str = "acme.cert-manager.io/http01-edit-in-place";
/// Below which path authorities look for answers (RFC 8555).
const CHALLENGES: &str = "/.well-known/acme-challenge/";
/// The port that authorities ask on (RFC 8555).
pub const PORT: u16 = 80;
/// The longest token that fits into a value of a condition (AWS: 128 characters); they have 43.
const TOKEN_LENGTH_MAX: usize = 100;
/// What becomes of a challenge that is not taken in.
const UNANSWERED: &str = "the challenge is not answered here; everything else is as it was";

/// The one request that a solver answers.
#[derive(Clone, Copy, Debug)]
pub struct Challenge<'a> {
    /// The host that is to be proved.
    pub host: &'a str,
    /// The path and what answers it.
    path: &'a HTTPIngressPath,
}

/// What an Ingress answers if it is a solver: labelled so, with one path for one host.
#[must_use]
pub fn challenge(ingress: &Ingress) -> Option<Challenge<'_>> {
    let metadata = &ingress.metadata;
    let is_labelled = metadata.labels.as_ref().is_some_and(|labels| labels.contains_key(LABEL));
    let spec = ingress.spec.as_ref().filter(|spec| spec.default_backend.is_none())?;
    let [rule] = spec.rules.as_deref()? else { return None };
    let [path] = rule.http.as_ref()?.paths.as_slice() else { return None };
    let host = rule.host.as_deref().filter(|host| !host.is_empty())?;
    let is_one = is_labelled && metadata.deletion_timestamp.is_none() && is_token(path);
    is_one.then_some(Challenge { host, path })
}

/// Whether a path of an Ingress is a challenge that was written into it.
#[must_use]
pub fn is_in_place(ingress: &Ingress, path: &HTTPIngressPath) -> bool {
    let annotations = ingress.metadata.annotations.as_ref();
    let value = annotations.and_then(|all| all.get(EDIT_IN_PLACE));
    value.is_some_and(|value| value == "true") && is_token(path)
}

/// Whether a path is that of one token.
fn is_token(path: &HTTPIngressPath) -> bool {
    let token = path.path.as_deref().and_then(|path| path.strip_prefix(CHALLENGES));
    token.is_some_and(|token| {
        let is_sign = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=TOKEN_LENGTH_MAX).contains(&token.len()) && token.chars().all(is_sign)
    })
}

/// The groups that a solver adds its rule to: those in which a member of its namespace has its
/// host. None where it is no solver, names a class that is not ours or a group of its own.
#[must_use]
pub fn groups(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> BTreeSet<Group> {
    let challenge = challenge(ingress).filter(|_| may_join(settings, objects, key, ingress));
    let Some(challenge) = challenge else { return BTreeSet::new() };
    let first = ObjectKey::new(key.namespace.clone(), "");
    let beside = objects.ingresses.range(first..);
    let beside = beside.take_while(|(other, _)| other.namespace == key.namespace);
    let serving = beside.filter(|(_, ingress)| {
        ingress.metadata.deletion_timestamp.is_none()
            && hosts(ingress).any(|host| host == challenge.host)
            && self::challenge(ingress).is_none()
    });
    serving.filter_map(|(key, ingress)| current(settings, objects, key, ingress)).collect()
}

/// Whether an Ingress may be ours: it names a class of ours, or none at all.
fn may_join(settings: &Settings, objects: &Objects, key: &ObjectKey, ingress: &Ingress) -> bool {
    let annotations = ingress.metadata.annotations.as_ref();
    if annotations.is_some_and(|all| all.contains_key(&GROUP_NAME.key())) {
        return false;
    }
    match claim(settings, objects, key, ingress) {
        Claim::Ours(_) => true,
        Claim::Foreign | Claim::Unknown(_) => classes::names_none(objects, ingress),
        Claim::Invalid(_) | Claim::Unselected(_) => false,
    }
}

/// The hosts of an Ingress's rules and of its `spec.tls`.
pub fn hosts(ingress: &Ingress) -> impl Iterator<Item = &str> {
    let spec = ingress.spec.iter();
    spec.flat_map(|spec| {
        let of_rules = spec.rules.iter().flatten().filter_map(|rule| rule.host.as_deref());
        let of_tls = spec.tls.iter().flatten().flat_map(|tls| tls.hosts.iter().flatten());
        of_rules.chain(of_tls.map(String::as_str))
    })
}

/// The rule that answers a challenge, to anybody; nothing until its Service is there.
pub fn rule(
    backends: &mut Backends<'_>,
    Challenge { host, path }: Challenge<'_>,
    annotations: &mut Annotations<'_>,
) -> Option<Rule> {
    let service = path.backend.service.as_ref()?;
    backends.named.insert(service.name.clone());
    let port = port_ref(service.port.as_ref()?)?;
    let key = ObjectKey::new(backends.member.key.namespace.clone(), &service.name);
    let group = backends.answering(&key, &port, annotations)?;
    let text = path.path.as_deref().unwrap_or_default();
    Some(Rule {
        conditions: vec![Condition::Host(vec![host.into()]), Condition::Path(vec![text.into()])],
        actions: vec![RuleAction::Forward {
            groups: vec![Weighted { group, weight: None }],
            stickiness: None,
        }],
        transforms: Vec::new(),
    })
}

/// The rule of a path that was written into an Ingress; nothing where it is none of a challenge.
#[must_use]
pub fn in_place<'a>(
    ingress: &Ingress,
    host: Option<&'a str>,
    path: &'a HTTPIngressPath,
) -> Option<Challenge<'a>> {
    let host = host.filter(|_| is_in_place(ingress, path))?;
    Some(Challenge { host, path })
}

/// What a solver adds to a group.
#[must_use]
pub fn part(
    snapshot: &Snapshot,
    group: &Group,
    (key, ingress): (&ObjectKey, &Arc<Ingress>),
) -> (Option<Part>, Vec<Problem>) {
    let Some(challenge) = challenge(ingress) else { return (None, Vec::new()) };
    let member = Member { key, ingress, params: None, order: 0, problems: Vec::new() };
    let values = ingress.metadata.annotations.as_ref();
    let mut annotations = Annotations::new(Kind::Ingress, key, values);
    let mut backends = Backends::new(snapshot, group, &member);
    let rule = rule(&mut backends, challenge, &mut annotations);
    let part = rule.map(|rule| Part {
        source: member.source(),
        order: member.order,
        load_balancer: LoadBalancerWish::default(),
        listens: FlatMap::new(),
        inbound_cidrs: None,
        inbound_prefix_lists: None,
        rules: Vec::new(),
        challenges: vec![rule],
        default_actions: None,
        precedence: Precedence::default(),
        on_http: OnHttp::Open,
        names: None,
        target_groups: backends.built.into_iter().collect(),
    });
    (part, annotations.problems)
}

/// What answers challenges in a group.
#[derive(Debug, Default)]
pub struct Answers {
    /// The rules, each with the tags that its Ingress asks for.
    pub rules: Vec<(Rule, Tags)>,
    /// The target groups of solvers.
    pub target_groups: BTreeMap<TargetGroupKey, Arc<WishedTargetGroup>>,
    /// Why some are not answered.
    pub problems: Vec<Problem>,
}

/// Takes in the challenges of members, and then those of solvers, that may be answered.
#[must_use]
pub fn admit(
    settings: &Settings,
    shared: &Shared,
    parts: &[Arc<Part>],
    solvers: &[Arc<Part>],
) -> Answers {
    let mut answers = Answers::default();
    let listens = shared.ports.get(&PORT).map(|port| port.listener.protocol);
    for part in parts.iter().chain(solvers) {
        for rule in &part.challenges {
            let refused = if listens == Some(Protocol::Http) {
                of_others(parts, part, rule)
            } else {
                Some(refused(part, "a challenge, which comes by HTTP to port 80", ON_PORT))
            };
            if refused.is_some() {
                answers.problems.extend(refused);
                continue;
            }
            let tags = tags::over_default(settings, &part.load_balancer.tags);
            if !answers.rules.iter().any(|(other, _)| other.conditions == rule.conditions) {
                answers.rules.push((rule.clone(), tags));
                answers.target_groups.extend(part.target_groups.clone());
            }
        }
    }
    answers
}

/// What a group has to have for challenges to be answered.
const ON_PORT: &str = "a group that listens there and speaks HTTP";

/// Whoever answers for a host may have certificates made out for it. So a challenge is answered for
/// the namespace that its requests go to anyway.
fn of_others(parts: &[Arc<Part>], part: &Part, rule: &Rule) -> Option<Problem> {
    let mut answering = parts.iter().filter(|other| {
        let mut theirs = other.rules.iter();
        theirs.any(|theirs| theirs.overlaps(rule))
    });
    let namespace = part.source.namespace();
    let is_allowed = match answering.next() {
        Some(first) => first.source.namespace() == namespace,
        None => {
            let has_host = |other: &&Arc<Part>| {
                other.rules.iter().any(|theirs| theirs.hosts() == rule.hosts())
            };
            let mut own = parts.iter().filter(|other| other.source.namespace() == namespace);
            own.any(|other| has_host(&other) || other.source == part.source)
        }
    };
    let allowed = "a host that an Ingress of the same namespace is served at in the group";
    (!is_allowed)
        .then(|| refused(part, "a challenge for a host that others are served at", allowed))
}

fn refused(part: &Part, found: &str, allowed: &str) -> Problem {
    Problem {
        code: Code::Conflict,
        severity: Severity::Warning,
        object: ObjectRef::of(&part.source),
        field: "spec.rules".to_owned(),
        found: found.to_owned(),
        allowed: allowed.to_owned(),
        meanwhile: UNANSWERED.to_owned(),
    }
}
