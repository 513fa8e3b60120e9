//! One Ingress alone: what it contributes to its group, or what is wrong with it.

use serde_json::Value;

use crate::model::flat::FlatMap;
use crate::model::group::Group;
use crate::model::id::{CertificateKey, Handle, Id};
use crate::model::load_balancer::IpAddressType;
use crate::model::part::{OnHttp, Part};
use crate::model::problem::{Code, Kind, Problem, Severity};
use crate::model::rule::{Precedence, Rule, RuleAction};
use crate::model::seen::{HostPath, Ingress};
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;

use super::annotations::table::{
    CONDITIONS, INBOUND_CIDRS, PLAN_ONLY, PRECEDENCE, PREFIX_LISTS, TRANSFORMS,
    USE_REGEX_PATH_MATCH,
};
use super::annotations::{Annotations, Lookup};
use super::backend::{Backends, TRIED};
use super::classes::{annotations_of, class_of, is_own_class, unshared};
use super::groups::Member;
use super::listener::Brought;
use super::nginx::{self, Translation};
use super::rule::{Branch, Outcome, PathSyntax};
use super::{
    challenge, frontend_nlb, listener, load_balancer, names, protection, request, rule, solver,
    tls, zones_out,
};

/// Builds what one member contributes. Without a part, the problems say why.
#[must_use]
pub fn build(
    snapshot: &Snapshot,
    group: &Group,
    member: &Member<'_>,
) -> (Option<Part>, Vec<Problem>) {
    let values = member.ingress.metadata.annotations.as_ref();
    let mut annotations = Annotations::new(Kind::Ingress, member.key, values);
    annotations.problems.clone_from(&member.problems);
    annotations.check_names();
    annotations.read(&PLAN_ONLY);
    let translation = nginx::translate(snapshot, group, member);
    let translated = translation.as_ref().map(|translation| Member {
        ingress: &translation.ingress,
        problems: Vec::new(),
        ..*member
    });
    let member = translated.as_ref().unwrap_or(member);
    if let Some(translation) = &translation {
        annotations = reread(member, annotations, translation);
    }
    check_params(member, &mut annotations);
    annotations.problems.extend(unshared(&snapshot.objects, member.key, member.ingress));
    let settings = &snapshot.settings;
    let entries = tls::entries(settings, &snapshot.objects, member.key, member.ingress);
    let source = member.source();
    let (secrets, mut found) = tls::certificates(snapshot, &source, &entries);
    annotations.problems.append(&mut found);
    request::check(snapshot, member.ingress, &mut annotations);
    let requests = request::asked(settings, &snapshot.objects, member.key, member.ingress);
    let requested = request::certificates(snapshot, &source, &requests);
    let is_brought = !entries.is_empty() || !requests.is_empty();
    // What served before may be among both.
    let certificates = tls::each_once(secrets.into_iter().chain(requested));
    let brought = is_brought.then(|| Brought {
        certificates: &certificates,
        // With a Secret, clients that come by HTTP are let in too; LBC lets in who has a
        // certificate made by HTTPS only.
        lets_http_in: requests.is_empty() || is_own(snapshot, member),
    });
    let mut lookup = Lookup { class: member.params, service: None, ingress: &mut annotations };
    let load_balancer = load_balancer::wish(settings, &snapshot.surroundings, &mut lookup);
    // On a load balancer that others share, or that clients know, they would reach it all the same.
    let is_hidden = matches!(group, Group::Implicit(_)) && !is_shown(member.ingress);
    let lacks_web_acl = is_hidden && !is_own(snapshot, member) && protection::forgive(&mut lookup);
    let addresses = load_balancer.ip_address_type.unwrap_or(IpAddressType::Ipv4);
    let nlb = frontend_nlb::wish(settings, &snapshot.surroundings, &mut lookup, addresses);
    let mut part = Part {
        source: source.clone(),
        order: member.order,
        load_balancer,
        frontend_nlb: nlb.shared(),
        listens: listener::listens(snapshot, member, brought, &mut lookup),
        inbound_cidrs: lookup.find(&INBOUND_CIDRS).filter(|cidrs| !cidrs.is_empty()),
        inbound_prefix_lists: lookup.find(&PREFIX_LISTS).filter(|lists| !lists.is_empty()),
        rules: Vec::new(),
        challenges: Vec::new(),
        default_actions: None,
        on_http: on_http(snapshot, member),
        precedence: precedence(snapshot, member),
        lacks_web_acl,
        names: names::wished(snapshot, &source, member.ingress, &mut annotations.problems),
        target_groups: FlatMap::new(),
    };
    zones_out::ask(snapshot, member, &mut part.load_balancer, &mut annotations);
    if lacks_web_acl {
        part.names = None;
    }
    if is_brought && !tls::any_stands(snapshot, &source, &certificates) {
        part.load_balancer.ssl_redirect = None;
    }
    if translation.as_ref().is_some_and(|one| one.sends_to_https(&part.listens, &mut annotations)) {
        part.on_http = OnHttp::Redirected;
    }
    let mut backends = Backends::new(snapshot, group, member);
    (part.rules, part.challenges) = rules(&mut backends, translation.as_ref(), &mut annotations);
    part.default_actions = default_actions(&mut backends, &mut annotations);
    annotations.check_used(&backends.named);
    let is_complete = backends.is_complete;
    part.target_groups = backends.built.into_iter().collect();
    let problems = annotations.problems;
    let is_bad = !is_complete || problems.iter().any(|problem| problem.severity == Severity::Error);
    (if is_bad { None } else { Some(part) }, problems)
}

/// Whether an Ingress is served with a certificate that goes back to nothing that it says by now:
/// whoever starts has to know that one.
#[must_use]
pub fn relies_on_before(snapshot: &Snapshot, source: &Source, part: &Part) -> bool {
    let (settings, objects) = (&snapshot.settings, &snapshot.objects);
    let mut used = part.listens.values().flat_map(|listen| &listen.certificates).peekable();
    let Some((key, ingress)) = objects.ingresses.get_key_value(&source.key) else { return false };
    if used.peek().is_none() {
        return false;
    }
    let entries = tls::entries(settings, objects, key, ingress);
    let requests = request::asked(settings, objects, key, ingress);
    used.any(|id| match id {
        Id::Of(Handle::Certificate(CertificateKey::Secret(secret))) => {
            entries.iter().all(|entry| entry.secret != *secret)
        }
        Id::Of(Handle::Certificate(CertificateKey::Request(request))) => {
            !requests.contains(request)
        }
        // Who has some made names none, and has none found.
        Id::Is(_) => !entries.is_empty() || !requests.is_empty(),
        Id::Of(_) => false,
    })
}

/// The annotations with what others come to; what was wrong so far is still to be told.
fn reread<'a>(
    member: &Member<'a>,
    before: Annotations<'_>,
    translation: &Translation<'_>,
) -> Annotations<'a> {
    let values = member.ingress.metadata.annotations.as_ref();
    let mut annotations = Annotations::new(Kind::Ingress, member.key, values);
    annotations.problems = before.problems;
    annotations.problems.extend_from_slice(&translation.problems);
    annotations
}

/// What happens to requests that no rule takes, if the Ingress says so.
fn default_actions(
    backends: &mut Backends<'_>,
    annotations: &mut Annotations<'_>,
) -> Option<Vec<RuleAction>> {
    let spec = backends.member.ingress.spec.as_ref();
    let backend = spec.and_then(|spec| spec.default_backend.as_ref())?;
    let actions = backends.actions(backend, "spec.defaultBackend", annotations);
    if let Some(service) = &backend.service {
        // They are read and count for nothing here (LBC).
        let _conditions = annotations.read_of(&CONDITIONS, &service.name);
        let _transforms = annotations.read_of(&TRANSFORMS, &service.name);
    }
    actions
}

/// LBC's classes are built as LBC builds them.
fn on_http(snapshot: &Snapshot, member: &Member<'_>) -> OnHttp {
    if is_own(snapshot, member) { OnHttp::Closed } else { OnHttp::Open }
}

fn precedence(snapshot: &Snapshot, member: &Member<'_>) -> Precedence {
    let class = class_of(&snapshot.objects, member.ingress);
    let said = class.and_then(|class| annotations_of(class).read(&PRECEDENCE));
    let is_nginx = || nginx::is_asked(snapshot, member.ingress);
    said.unwrap_or_else(|| if is_nginx() { Precedence::Kubernetes } else { Precedence::Members })
}

/// Whether a member's class is one of our own.
fn is_own(snapshot: &Snapshot, member: &Member<'_>) -> bool {
    class_of(&snapshot.objects, member.ingress).is_some_and(is_own_class)
}

/// Whether an Ingress shows where it is served.
fn is_shown(ingress: &Ingress) -> bool {
    !ingress.status.is_empty()
}

/// Fields of the class's parameters that nobody knows make its Ingresses bad, unless they ask for
/// nothing: they may ask for what a later version does.
fn check_params(member: &Member<'_>, annotations: &mut Annotations<'_>) {
    let rest = member.params.map(|params| &params.spec.rest).into_iter().flatten();
    for (field, value) in rest.filter(|(_, value)| !is_nothing(value)) {
        let problem = annotations.error(
            Code::Unsupported,
            format!("spec.{field} of the class's parameters"),
            value.to_string(),
            "nothing: this version does not know the field",
        );
        annotations.problems.push(problem);
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The rules of an Ingress, and those of challenges that were written into it.
fn rules(
    backends: &mut Backends<'_>,
    translation: Option<&Translation<'_>>,
    annotations: &mut Annotations<'_>,
) -> (Vec<Rule>, Vec<Rule>) {
    let spec = backends.member.ingress.spec.as_ref();
    let of_spec = spec.and_then(|spec| spec.rules.as_deref()).unwrap_or_default();
    let (mut rules, mut challenges) = (Vec::new(), Vec::new());
    for (i, of_host) in of_spec.iter().enumerate() {
        let host = of_host.host.as_deref().filter(|host| !host.is_empty());
        if let Some(Err(allowed)) = host.map(rule::check_host) {
            let found = format!("\"{}\"", host.unwrap_or_default());
            wrong_rule(annotations, format!("spec.rules[{i}].host"), found, &allowed);
            continue;
        }
        for (place, (j, path)) in rule::in_order(of_host).into_iter().enumerate() {
            if let Some(challenge) = challenge::in_place(backends.member.ingress, host, path) {
                challenges.extend(solver::rule(backends, challenge, annotations));
                continue;
            }
            let field = format!("spec.rules[{i}].http.paths[{j}]");
            let asked = Path { host, path, is_first: place == 0, field: &field };
            rules.extend(of_path(backends, annotations, translation, asked));
        }
    }
    rules.shrink_to_fit();
    (rules, challenges)
}

/// A path of a rule.
#[derive(Clone, Copy, Debug)]
struct Path<'a> {
    host: Option<&'a str>,
    path: &'a HostPath,
    /// Whether it is the first one of its host.
    is_first: bool,
    /// Where it is.
    field: &'a str,
}

/// The rules of a path: none where one of them cannot be had, since others may be meant to come
/// behind it.
fn of_path(
    backends: &mut Backends<'_>,
    annotations: &mut Annotations<'_>,
    translation: Option<&Translation<'_>>,
    asked: Path<'_>,
) -> Vec<Rule> {
    let name = asked.path.backend.service.as_ref().map_or("", |service| &service.name);
    backends.named.insert(name.to_owned());
    let Some(branches) = branches(backends, annotations, translation, asked) else {
        return Vec::new();
    };
    let added = annotations.read_of(&CONDITIONS, name).ok();
    let transforms = annotations.read_of(&TRANSFORMS, name).ok();
    for unknown in added.iter().flatten().flat_map(|added| &added.unknown) {
        annotations.problems.push(unknown_field(annotations, name, unknown));
    }
    let mut rules = Vec::new();
    for branch in &branches {
        let actions = match &branch.outcome {
            Outcome::Backend => {
                let field = format!("{}.backend", asked.field);
                backends.actions(&asked.path.backend, &field, annotations)
            }
            Outcome::Asked(action) => {
                backends.asked(action, &format!("{}.backend", asked.field), annotations)
            }
        };
        let (Some(added), Some(transforms), Some(actions)) = (&added, &transforms, actions) else {
            return Vec::new();
        };
        let mut added = added.clone().unwrap_or_default();
        added.others.extend_from_slice(&branch.others);
        added.hosts.values.extend_from_slice(&branch.hosts.values);
        let host = branch.host.as_deref().or(asked.host);
        let conditions = match rule::conditions(host, branch.paths.clone(), added) {
            Ok(conditions) => conditions,
            Err(found) => {
                let allowed = "either values or regexValues for hosts, and so for paths";
                annotations.wrong_of(&CONDITIONS, name, &found, allowed);
                return Vec::new();
            }
        };
        let transforms = transforms.clone().unwrap_or_else(|| branch.transforms.clone());
        let rule = Rule { conditions, actions, transforms };
        if !rule.fits() && rule.split().is_none() {
            let problem = too_much(annotations, asked.field);
            // Nobody is let in because what keeps them out is too long.
            let severity = if branch.is_guard { Severity::Error } else { problem.severity };
            annotations.problems.push(Problem { severity, ..problem });
        }
        rules.push(rule);
    }
    rules
}

/// What happens to the requests of a path.
fn branches(
    backends: &Backends<'_>,
    annotations: &mut Annotations<'_>,
    translation: Option<&Translation<'_>>,
    asked: Path<'_>,
) -> Option<Vec<Branch>> {
    let Path { host, path, is_first, field } = asked;
    if let Some(translation) = translation {
        if !translation.has_rules {
            return None;
        }
        let place = (backends.snapshot, backends.group, backends.member);
        return translation.branches(place, (host, path, is_first), (field, annotations));
    }
    let is_regex = annotations.read(&USE_REGEX_PATH_MATCH) == Some(true);
    let syntax = if is_regex { PathSyntax::Regexes } else { PathSyntax::Patterns };
    let paths = match rule::path_values(path, syntax) {
        Ok(paths) => paths,
        Err(allowed) => {
            let text = path.path.as_deref().unwrap_or_default();
            let found = format!("\"{text}\" of type {}", path.path_type);
            wrong_rule(annotations, format!("{field}.path"), found, &allowed);
            return None;
        }
    };
    if let Some(allowed) = rule::undocumented(path, syntax) {
        annotations.problems.push(undocumented(annotations, field, path, &allowed));
    }
    Some(vec![Branch { paths, ..Branch::to(Outcome::Backend) }])
}

/// A rule that AWS takes neither as one nor in pieces.
fn too_much(annotations: &Annotations<'_>, field: &str) -> Problem {
    let found = "more values or wildcards than AWS takes in a rule".to_owned();
    let allowed = "at most 5 conditions, and 5 wildcards in each value of theirs together";
    Problem {
        severity: Severity::Warning,
        meanwhile: TRIED.to_owned(),
        ..annotations.error(Code::InvalidRule, field.to_owned(), found, allowed)
    }
}

/// A path that AWS may not take.
fn undocumented(
    annotations: &Annotations<'_>,
    field: &str,
    path: &HostPath,
    allowed: &str,
) -> Problem {
    let found = format!("\"{}\"", path.path.as_deref().unwrap_or_default());
    Problem {
        severity: Severity::Warning,
        meanwhile: TRIED.to_owned(),
        ..annotations.error(Code::InvalidRule, format!("{field}.path"), found, allowed)
    }
}

/// A condition on something that requests do not have.
fn unknown_field(annotations: &Annotations<'_>, name: &str, unknown: &str) -> Problem {
    let fields = "host-header, path-pattern, http-header, http-request-method, query-string, \
                  source-ip";
    let field = format!("{}{name}", CONDITIONS.field());
    let found = format!("the field \"{unknown}\"");
    Problem {
        severity: Severity::Warning,
        meanwhile: "the condition is left out, and more requests are taken".to_owned(),
        ..annotations.error(Code::InvalidAnnotation, field, found, fields)
    }
}

fn wrong_rule(annotations: &mut Annotations<'_>, field: String, found: String, allowed: &str) {
    let problem = annotations.error(Code::InvalidRule, field, found, allowed);
    annotations.problems.push(problem);
}
