//! Redirects without end: found by going where they lead, for requests that are real.

use std::collections::BTreeMap;

use crate::model::listener::Protocol;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::rule::{Condition, Fit, Redirect, Request, Rule, RuleAction};
use crate::model::stack::{Front, WishedListener};

use super::{Lint, asked_by};
use crate::desired::placed::Fate;
use crate::desired::rule::optimizer::redirect_of;

/// After how many redirects in a row browsers give up (Chromium, Firefox).
const REDIRECTS_MAX: usize = 20;

/// Where a client is, and what it asks for there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Visit {
    protocol: Protocol,
    port: u16,
    request: Request,
}

/// Says whose redirects have no end: one of each member's, and how many more there are.
pub fn endless(lint: &Lint<'_>) -> Vec<Problem> {
    let mut found: BTreeMap<ObjectRef, Vec<String>> = BTreeMap::new();
    for (port, placed) in lint.placed {
        let Some(listener) = lint.front.listeners.get(port) else { continue };
        let standing = placed.iter().filter(|placed| placed.fate == Fate::Stands);
        for placed in standing.filter(|placed| redirect_of(&placed.rule.actions).is_some()) {
            let start = witnesses(&placed.rule).into_iter().find_map(|request| {
                let visit = Visit { protocol: listener.listener.protocol, port: *port, request };
                let is_its = match taker(listener, &visit.request) {
                    Taker::Rule(rule) => *rule == *placed.rule,
                    Taker::Default(_) | Taker::Uncertain => false,
                };
                (is_its && has_no_end(lint.front, &visit)).then(|| visit.url())
            });
            if let Some(url) = start {
                let text =
                    format!("{}, whose redirect has no end, as from {url}", asked_by(&placed.rule));
                found.entry(ObjectRef::of(&placed.part.source)).or_default().push(text);
            }
        }
    }
    let each = found.into_iter().filter_map(|(object, texts)| {
        let more = match texts.len() {
            1 => String::new(),
            count => format!("; and {} more", count - 1),
        };
        Some(Problem {
            code: Code::RedirectLoop,
            severity: Severity::Warning,
            object,
            field: "spec.rules".to_owned(),
            found: format!("{}{more}", texts.first()?),
            allowed: "a redirect to what no redirect answers".to_owned(),
            meanwhile: "clients are sent on until they give up".to_owned(),
        })
    });
    each.collect()
}

fn has_no_end(front: &Front, start: &Visit) -> bool {
    let mut visit = start.clone();
    for _ in 0..REDIRECTS_MAX {
        match visit.next(front) {
            None => return false,
            Some(next) if next == *start || next == visit => return true,
            Some(next) => visit = next,
        }
    }
    true
}

impl Visit {
    fn url(&self) -> String {
        let Request { host, path, query, .. } = &self.request;
        let scheme = self.protocol.as_str().to_ascii_lowercase();
        let port = match (self.protocol, self.port) {
            (Protocol::Http, 80) | (Protocol::Https, 443) => String::new(),
            (_, port) => format!(":{port}"),
        };
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{scheme}://{host}{port}{path}{mark}{query}")
    }

    /// Where the client is sent, as long as that is this load balancer for certain.
    fn next(&self, front: &Front) -> Option<Self> {
        let listener = front.listeners.get(&self.port)?;
        let actions = match taker(listener, &self.request) {
            Taker::Rule(rule) => rule.actions.as_slice(),
            Taker::Default(actions) => actions,
            Taker::Uncertain => return None,
        };
        let next = self.sent_by(redirect_of(actions)?)?;
        let there = front.listeners.get(&next.port)?;
        let is_here = next.request.host == self.request.host
            || there.rules.iter().any(|(rule, _)| names(rule, &next.request.host));
        (is_here && there.listener.protocol == next.protocol).then_some(next)
    }

    /// Where a redirect sends the client.
    fn sent_by(&self, redirect: &Redirect) -> Option<Self> {
        let Request { host, path, query, .. } = &self.request;
        let port = self.port.to_string();
        let filled = |part: Option<&String>, same: &str| {
            let text = part.map_or(same, String::as_str);
            text.replace("#{host}", host)
                .replace("#{path}", path.strip_prefix('/').unwrap_or(path))
                .replace("#{port}", &port)
                .replace("#{protocol}", self.protocol.as_str())
                .replace("#{query}", query)
        };
        let protocol = match filled(redirect.protocol.as_ref(), "#{protocol}").as_str() {
            "HTTP" => Protocol::Http,
            "HTTPS" => Protocol::Https,
            _ => return None,
        };
        let request = Request {
            host: filled(redirect.host.as_ref(), "#{host}"),
            path: filled(redirect.path.as_ref(), "/#{path}"),
            query: filled(redirect.query.as_ref(), "#{query}"),
            ..self.request.clone()
        };
        let port = filled(redirect.port.as_ref(), "#{port}").parse().ok()?;
        Some(Self { protocol, port, request })
    }
}

/// Who takes a request on a listener.
enum Taker<'f> {
    Rule(&'f Rule),
    Default(&'f [RuleAction]),
    /// There is a rule that cannot be judged.
    Uncertain,
}

fn taker<'f>(listener: &'f WishedListener, request: &Request) -> Taker<'f> {
    for (rule, _) in &listener.rules {
        match rule.fit(request) {
            Fit::Takes => return Taker::Rule(rule),
            Fit::Misses(_) => {}
            Fit::Unclear(_) => return Taker::Uncertain,
        }
    }
    Taker::Default(&listener.listener.default_actions)
}

/// Whether a rule is for a host by its name: what a wildcard takes may live elsewhere.
fn names(rule: &Rule, host: &str) -> bool {
    rule.hosts().into_iter().flatten().any(|value| value == host)
}

/// Requests that a rule takes: one for each of its hosts and paths, where it asks for nothing that
/// browsers do not send by themselves.
fn witnesses(rule: &Rule) -> Vec<Request> {
    let (mut hosts, mut paths) = (vec!["a.example".to_owned()], vec!["/".to_owned()]);
    let texts = |values: &[smol_str::SmolStr]| -> Vec<String> {
        values.iter().map(|value| value.replace(['*', '?'], "a")).collect()
    };
    for condition in &rule.conditions {
        match condition {
            Condition::Host(values) => hosts = texts(values),
            Condition::Path(values) => paths = texts(values),
            Condition::Method(values) if values.iter().any(|value| value == "GET") => {}
            Condition::Method(_)
            | Condition::HostRegex(_)
            | Condition::PathRegex(_)
            | Condition::Header { .. }
            | Condition::HeaderRegex { .. }
            | Condition::Query(_)
            | Condition::SourceIp(_)
            | Condition::Foreign(_) => return Vec::new(),
        }
    }
    let all = hosts.iter().flat_map(|host| paths.iter().map(move |path| Request::get(host, path)));
    all.filter(|request| rule.fit(request) == Fit::Takes).collect()
}
