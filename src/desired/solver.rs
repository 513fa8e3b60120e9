//! Challenges of ACME by HTTP (RFC 8555, section 8.3), as cert-manager has them answered: by an
//! Ingress of its own for each, or by a path that it writes into the Ingress that asks for the
//! certificate.
//!
//! An Ingress of cert-manager's, called a solver here, is no member of a group. It adds its one
//! rule to every group that serves its host for its namespace, above all others on the port that
//! authorities ask on, for as long as it stands: no finalizer, no status, no name, no load balancer
//! of its own. One that no group serves is a newcomer like any other.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::flat::FlatMap;
use crate::model::frontend_nlb::FrontendNlbWish;
use crate::model::group::Group;
use crate::model::id::{ObjectKey, TargetGroupKey};
use crate::model::listener::Protocol;
use crate::model::load_balancer::LoadBalancerWish;
use crate::model::marks::Tags;
use crate::model::part::{OnHttp, Part, WishedTargetGroup};
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::rule::{Condition, Precedence, Rule, RuleAction, Weighted};
use crate::model::seen::Ingress;
use crate::model::settings::Settings;
use crate::model::snapshot::Snapshot;

use super::annotations::Annotations;
use super::backend::Backends;
use super::challenge::{Challenge, challenge};
use super::groups::Member;
use super::shared::Shared;
use super::tags;
use super::target_group::port_ref;

/// The port that authorities ask on (RFC 8555).
pub const PORT: u16 = 80;
/// What becomes of a challenge that is not taken in.
const UNANSWERED: &str = "the challenge is not answered here; everything else is as it was";

/// The rule that answers a challenge, to anybody; nothing until its Service is there.
pub fn rule(
    backends: &mut Backends<'_>,
    Challenge { host, path }: Challenge<'_>,
    annotations: &mut Annotations<'_>,
) -> Option<Rule> {
    let service = path.backend.service.as_ref()?;
    backends.named.insert(service.name.to_string());
    let port = port_ref(service.port.as_ref()?)?;
    let key = ObjectKey::new(backends.member.key.namespace.clone(), service.name.clone());
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
        frontend_nlb: FrontendNlbWish::default().shared(),
        listens: FlatMap::new(),
        inbound_cidrs: None,
        inbound_prefix_lists: None,
        rules: Vec::new(),
        challenges: vec![rule],
        default_actions: None,
        precedence: Precedence::default(),
        lacks_web_acl: false,
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
