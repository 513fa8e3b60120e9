//! Ingresses that were written for ingress-nginx: what their annotations come to on a load
//! balancer, where the class asks for it.
//!
//! It is a front: what comes out are wishes as annotations of ours make them. What is about a whole
//! Ingress becomes annotations of ours (`settings`), what is about its paths becomes branches of
//! their rules (`rules`). Which annotations there are, and what each comes to, is in `table`.
//!
//! What keeps somebody out and cannot be had makes the Ingress bad: nothing that asks for a login
//! or an allow-list is served without it.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::flat::FlatMap;
use crate::model::group::Group;
use crate::model::listener::{ListenerWish, Protocol};
use crate::model::part::Part;
use crate::model::problem::{Code, Kind, Problem, Severity};
use crate::model::rule::{Condition, Rule, RuleAction};
use crate::model::seen::{HostPath, Ingress};
use crate::model::snapshot::Snapshot;

use super::annotations::Annotations;
use super::annotations::table::NGINX;
use super::classes::{annotations_of, class_of};
use super::groups::Member;
use super::rule::Branch;

use asks::{Asks, field};
use path::Fault;
use rules::{Common, Place};

mod asks;
pub(super) mod canary;
mod path;
mod redirect;
mod rules;
mod settings;
mod snippet;
pub mod table;

/// What an Ingress comes to.
#[derive(Debug)]
pub struct Translation<'a> {
    /// The Ingress with what is about the whole of it.
    pub ingress: Arc<Ingress>,
    /// What is wrong with its annotations.
    pub problems: Vec<Problem>,
    /// Whether it has rules of its own: a canary has none.
    pub has_rules: bool,
    asks: Asks<'a>,
    common: Common,
    to_https: ToHttps,
}

/// Whether clients that come by HTTP are sent to HTTPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ToHttps {
    No,
    /// Because there is TLS.
    Tls,
    /// Because an annotation says so whatever there is.
    Forced,
}

/// Whether the class of an Ingress asks for its annotations of ingress-nginx to be translated.
#[must_use]
pub fn is_asked(snapshot: &Snapshot, ingress: &Ingress) -> bool {
    let class = class_of(&snapshot.objects, ingress);
    class.and_then(|class| annotations_of(class).read(&NGINX)).unwrap_or(false)
}

/// What an Ingress comes to, where its class asks for that.
#[must_use]
pub fn translate<'a>(
    snapshot: &Snapshot,
    group: &Group,
    member: &Member<'a>,
) -> Option<Translation<'a>> {
    if !is_asked(snapshot, member.ingress) {
        return None;
    }
    let (asks, mut problems) = Asks::of(member);
    let (common, faults) = Common::of(&asks);
    let values = member.ingress.metadata.annotations.as_ref();
    let annotations = Annotations::new(Kind::Ingress, member.key, values);
    let wrong = |name: &str, fault: Fault| {
        let Fault { found, allowed } = fault;
        annotations.error(Code::InvalidAnnotation, field(name), found, &allowed)
    };
    problems.extend(faults.into_iter().map(|(name, fault)| wrong(name, fault)));
    let has_rules = !canary::is_canary(member.ingress);
    if !has_rules {
        problems.extend(of_canary(snapshot, group, member, &asks));
    }
    if let Some((name, found, allowed)) = settings::cors_fault(group, &asks) {
        problems.push(Problem {
            severity: Severity::Warning,
            meanwhile: "pods answer as they do, and nothing is added".to_owned(),
            ..wrong(name, Fault { found, allowed })
        });
    }
    let spec = member.ingress.spec.as_ref();
    if common.is_guarded() && spec.is_some_and(|spec| spec.default_backend.is_some()) {
        problems.push(annotations.error(
            Code::InvalidRule,
            "spec.defaultBackend".to_owned(),
            "a backend for everybody beside addresses that alone may come, or may not".to_owned(),
            "a rule with the path / instead",
        ));
    }
    let ingress = settings::added(snapshot, group, member, &asks);
    if common.leads_to_http() && settings::is_by_https(&ingress) {
        let name = ["temporal-redirect", "permanent-redirect"];
        let name = name.into_iter().find(|name| asks.text(name).is_some()).unwrap_or_default();
        let found = asks::quoted(asks.text(name).unwrap_or_default());
        let allowed = "https:// where there is HTTPS: load balancers lead nobody back to HTTP";
        problems.push(wrong(name, Fault { found, allowed: allowed.to_owned() }));
    }
    let to_https = to_https(member.ingress, &asks);
    Some(Translation { ingress, problems, has_rules, asks, common, to_https })
}

/// What is wrong with a canary; its main Ingress is served all the same.
fn of_canary(
    snapshot: &Snapshot,
    group: &Group,
    member: &Member<'_>,
    asks: &Asks<'_>,
) -> Vec<Problem> {
    let values = member.ingress.metadata.annotations.as_ref();
    let annotations = Annotations::new(Kind::Ingress, member.key, values);
    let problem = |code, field: String, found: String, allowed: &str| {
        annotations.error(code, field, found, allowed)
    };
    let idle = |problem: Problem| Problem {
        severity: Severity::Warning,
        meanwhile: "no requests go to it".to_owned(),
        ..problem
    };
    let fault = canary::fault(asks).map(|(name, allowed)| {
        let found = asks::quoted(asks.text(name).unwrap_or_default());
        problem(Code::InvalidAnnotation, field(name), found, &allowed)
    });
    let lost = (!canary::has_main(snapshot, group, member)).then(|| {
        let found = "no Ingress of its namespace and group with the same host and path".to_owned();
        let allowed = "one; group.name, or the class's group, puts both together";
        idle(problem(Code::InvalidAnnotation, field("canary"), found, allowed))
    });
    let missing = canary::missing(snapshot, member).map(|found| {
        let allowed = "a Service of the Ingress's namespace with the port";
        idle(problem(Code::InvalidBackend, "spec.rules".to_owned(), found, allowed))
    });
    [fault, lost, missing].into_iter().flatten().collect()
}

fn to_https(ingress: &Ingress, asks: &Asks<'_>) -> ToHttps {
    let annotations = ingress.metadata.annotations.as_ref();
    let said =
        annotations.and_then(|all| all.get(format!("{}ssl-redirect", table::PREFIX).as_str()));
    let is_off = said.is_some_and(|text| super::annotations::boolean(text) == Ok(false));
    if asks.truth("force-ssl-redirect") {
        ToHttps::Forced
    } else if !is_off && is_all_by_tls(ingress) {
        ToHttps::Tls
    } else {
        ToHttps::No
    }
}

/// Whether every host of an Ingress's rules is one of its `spec.tls`.
fn is_all_by_tls(ingress: &Ingress) -> bool {
    let Some(spec) = ingress.spec.as_ref().filter(|_| settings::is_by_tls(ingress)) else {
        return false;
    };
    let entries = spec.tls.iter().flatten();
    let hosts = entries.flat_map(|entry| entry.hosts.as_deref().unwrap_or_default());
    let hosts: Vec<&str> = hosts.map(SmolStr::as_str).collect();
    let covers = |named: &str, host: &str| {
        let rest = named.strip_prefix("*.");
        named == host || rest.is_some_and(|rest| host.split_once('.').is_some_and(|h| h.1 == rest))
    };
    let mut named = spec.rules.iter().flatten().filter_map(|rule| rule.host.as_deref());
    hosts.is_empty() || named.all(|host| hosts.iter().any(|named| covers(named, host)))
}

impl Translation<'_> {
    /// Whether clients that come by HTTP are sent to a port of HTTPS. Where that was asked for and
    /// there is none, it is noted.
    pub fn sends_to_https(
        &self,
        listens: &FlatMap<u16, ListenerWish>,
        annotations: &mut Annotations<'_>,
    ) -> bool {
        let has_https = listens.iter().any(|(_, wish)| wish.protocol == Protocol::Https);
        if self.to_https == ToHttps::Forced && !has_https {
            let found = "no listener for HTTPS to send clients to".to_owned();
            let allowed = "spec.tls, or alb.ingress.kubernetes.io/certificate-arn";
            let name = field("force-ssl-redirect");
            let problem = annotations.error(Code::InvalidAnnotation, name, found, allowed);
            annotations.problems.push(Problem {
                severity: Severity::Warning,
                meanwhile: "it is served over HTTP".to_owned(),
                ..problem
            });
        }
        self.to_https != ToHttps::No && has_https
    }

    /// What happens to the requests of a path; nothing where it cannot be had, which is noted at
    /// the annotation, or at `field`.
    pub fn branches(
        &self,
        place: (&Snapshot, &Group, &Member<'_>),
        at: (Option<&str>, &HostPath, bool),
        (path_field, annotations): (&str, &mut Annotations<'_>),
    ) -> Option<Vec<Branch>> {
        let (snapshot, group, member) = place;
        let (host, path, is_first) = at;
        let place = Place { snapshot, group, member, host, path, is_first };
        match rules::branches(place, &self.common, &self.asks) {
            Ok(branches) => Some(branches),
            Err((name, Fault { found, allowed })) => {
                let field = name.map_or_else(|| format!("{path_field}.path"), field);
                let problem = annotations.error(Code::InvalidRule, field, found, &allowed);
                annotations.problems.push(problem);
                None
            }
        }
    }
}

/// Whether an Ingress asks that only some may come, and what stood of it before lets others in.
#[must_use]
pub fn is_unguarded(snapshot: &Snapshot, member: &Member<'_>, held: &Part) -> bool {
    if !is_asked(snapshot, member.ingress) {
        return false;
    }
    let (asks, problems) = Asks::of(member);
    let is_refused = problems.iter().any(|problem| {
        let name = problem.field.strip_prefix(&field("")).unwrap_or_default();
        // One that nobody knows is bad where it may be meant for a guard.
        problem.severity == Severity::Error && table::lookup(name).is_none_or(asks::is_guard)
    });
    let forwards = |rule: &&Rule| rule.actions.iter().any(|one| !one.target_groups().is_empty());
    let is_by_source =
        |rule: &Rule| rule.conditions.iter().any(|one| matches!(one, Condition::SourceIp(_)));
    let is_open = |rule: &Rule| !is_by_source(rule);
    let refuses = |rule: &Rule| {
        let is_403 = |action: &RuleAction| {
            let RuleAction::FixedResponse { status_code, .. } = action else { return false };
            status_code == "403"
        };
        is_by_source(rule) && rule.actions.iter().any(is_403)
    };
    let is_any_open =
        held.default_actions.is_some() || held.rules.iter().filter(forwards).any(is_open);
    let allows = ["whitelist-source-range", "allowlist-source-range"];
    let is_listed = allows.iter().any(|name| asks.text(name).is_some());
    let is_denied = asks.text("denylist-source-range").is_some();
    is_refused || is_listed && is_any_open || is_denied && !held.rules.iter().any(refuses)
}

/// What an annotation of an Ingress comes to, for people.
#[derive(Clone, Debug)]
pub struct Told<'a> {
    /// Its name without the prefix.
    pub name: &'a str,
    /// Its value.
    pub value: &'a str,
    /// What the table says of it; nothing where ingress-nginx does not have it.
    pub row: Option<&'static table::Row>,
}

/// The annotations of ingress-nginx that an Ingress has.
pub fn told(ingress: &Ingress) -> impl Iterator<Item = Told<'_>> {
    let annotations = ingress.metadata.annotations.iter().flatten();
    annotations.filter_map(|(key, value)| {
        let name = key.strip_prefix(table::PREFIX)?;
        Some(Told { name, value, row: table::lookup(name) })
    })
}

/// Where problems with an annotation are.
#[must_use]
pub fn field_of(name: &str) -> String {
    field(name)
}
