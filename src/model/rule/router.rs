//! Which rule of a listener takes a request, and why the others do not.
//!
//! What AWS's guide leaves open ("Condition types for listener rules") is decided here: a regular
//! expression need not match the whole value, those of hosts see the header as it came while
//! patterns see the name without its port, and queries are compared as they were sent.

use std::net::{IpAddr, Ipv4Addr};

use regex::bytes::{Regex, RegexBuilder};
use smol_str::SmolStr;

use super::Rule;
use super::condition::{Condition, QueryValue};
use super::pattern::{Case, takes};
use crate::model::surroundings::Cidr;

/// Bytes that a compiled regular expression may take: AWS's are short, and one that counts to
/// thousands is not worth the memory.
const REGEX_SIZE_MAX: usize = 1 << 20;

/// A request, as far as rules look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method, as `GET`.
    pub method: String,
    /// The Host header as it was sent, with a port where there is one.
    pub host: String,
    /// The path, from its slash to the question mark.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// The other headers, by name and value.
    pub headers: Vec<(String, String)>,
    /// The address that it comes from.
    pub source: IpAddr,
}

/// Whether a rule takes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit<'r> {
    /// The request meets all its conditions.
    Takes,
    /// It does not meet these.
    Misses(Vec<&'r Condition>),
    /// It meets all that can be judged; these cannot be, as of foreign kinds.
    Unclear(Vec<&'r Condition>),
}

/// Where a request goes among the rules of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed<'r> {
    /// The place of the first rule that takes it; where there is none, the default action does.
    pub taken: Option<usize>,
    /// Whether each rule would take it if none came before.
    pub fits: Vec<Fit<'r>>,
}

impl Routed<'_> {
    /// Whether no rule that cannot be judged may take the request before.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        let before = self.fits.iter().take(self.taken.unwrap_or(self.fits.len()));
        !before.into_iter().any(|fit| matches!(fit, Fit::Unclear(_)))
    }
}

/// Finds the rule that takes a request, in the order of their priorities.
///
/// ```
/// use albedo::model::rule::{Condition, Fit, Request, Rule, route};
///
/// let rule = |conditions| Rule { conditions, actions: Vec::new(), transforms: Vec::new() };
/// let rules = [
///     rule(vec![Condition::Host(vec!["a.example.com".into()])]),
///     rule(vec![Condition::Path(vec!["/shop/*".into()])]),
/// ];
/// let routed = route(&rules, &Request::get("b.example.com", "/shop/cart?item=1"));
/// assert_eq!(routed.taken, Some(1));
/// assert_eq!(routed.fits[0], Fit::Misses(vec![&rules[0].conditions[0]]));
/// ```
#[must_use]
pub fn route<'r>(rules: impl IntoIterator<Item = &'r Rule>, request: &Request) -> Routed<'r> {
    let fits: Vec<Fit<'r>> = rules.into_iter().map(|rule| rule.fit(request)).collect();
    Routed { taken: fits.iter().position(|fit| *fit == Fit::Takes), fits }
}

impl Request {
    /// A request to get something, of a host, from this machine; `target` is the path, with a
    /// question mark and a query where there is one.
    #[must_use]
    pub fn get(host: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: "GET".to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            source: Ipv4Addr::LOCALHOST.into(),
        }
    }

    /// The host without its port.
    #[must_use]
    pub fn hostname(&self) -> &str {
        let end = match self.host.find(']') {
            Some(end) if self.host.starts_with('[') => Some(end + 1),
            Some(_) | None => self.host.find(':'),
        };
        end.map_or(self.host.as_str(), |end| &self.host[..end])
    }

    /// The keys and values of its query.
    fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = self.query.split('&').filter(|part| !part.is_empty());
        parts.map(|part| part.split_once('=').unwrap_or((part, "")))
    }

    /// The values of a header.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = self.headers.iter().filter(|(one, _)| one.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| value.as_str())
    }
}

impl Rule {
    /// Whether this rule takes a request, if none before it does.
    #[must_use]
    pub fn fit(&self, request: &Request) -> Fit<'_> {
        let (mut missed, mut unclear) = (Vec::new(), Vec::new());
        for condition in &self.conditions {
            match condition.is_met_by(request) {
                Some(true) => {}
                Some(false) => missed.push(condition),
                None => unclear.push(condition),
            }
        }
        match (missed.is_empty(), unclear.is_empty()) {
            (false, _) => Fit::Misses(missed),
            (true, false) => Fit::Unclear(unclear),
            (true, true) => Fit::Takes,
        }
    }
}

impl Condition {
    /// Whether a request meets this; `None` where that cannot be judged.
    #[must_use]
    pub fn is_met_by(&self, request: &Request) -> Option<bool> {
        let one_takes = |patterns: &[SmolStr], text: &str, case| {
            patterns.iter().any(|pattern| takes(pattern, text, case))
        };
        let is_met = match self {
            Self::Host(values) => one_takes(values, request.hostname(), Case::Ignored),
            Self::Path(values) => one_takes(values, &request.path, Case::Counts),
            Self::Header { name, values } => {
                request.values(name).any(|value| one_takes(values, value, Case::Ignored))
            }
            Self::Method(values) => values.iter().any(|value| *value == request.method),
            Self::Query(values) => request
                .parameters()
                .any(|parameter| values.iter().any(|value| value.takes(parameter))),
            Self::HostRegex(regexes) => {
                return one_matches(regexes, &[request.host.as_str()], Case::Ignored);
            }
            Self::PathRegex(regexes) => {
                return one_matches(regexes, &[request.path.as_str()], Case::Counts);
            }
            Self::HeaderRegex { name, regexes } => {
                let values: Vec<&str> = request.values(name).collect();
                return one_matches(regexes, &values, Case::Counts);
            }
            Self::SourceIp(values) => return one_holds(values, request.source),
            Self::Foreign(_) => return None,
        };
        Some(is_met)
    }
}

impl QueryValue {
    fn takes(&self, (key, value): (&str, &str)) -> bool {
        self.key.as_ref().is_none_or(|pattern| takes(pattern, key, Case::Ignored))
            && takes(&self.value, value, Case::Ignored)
    }
}

/// Whether one of several regular expressions matches one of several texts; `None` where none does
/// that can be read, and some cannot.
fn one_matches(regexes: &[SmolStr], texts: &[&str], case: Case) -> Option<bool> {
    let mut is_judged = true;
    for regex in regexes {
        match read(regex, case) {
            Some(regex) if texts.iter().any(|text| regex.is_match(text.as_bytes())) => {
                return Some(true);
            }
            Some(_) => {}
            None => is_judged = false,
        }
    }
    (is_judged || texts.is_empty()).then_some(false)
}

fn read(regex: &str, case: Case) -> Option<Regex> {
    let mut builder = RegexBuilder::new(regex);
    // What is sent is ASCII, and tables of all other letters are large.
    builder.unicode(false).case_insensitive(case == Case::Ignored).size_limit(REGEX_SIZE_MAX);
    builder.build().ok()
}

/// The same of ranges of addresses.
fn one_holds(ranges: &[SmolStr], address: IpAddr) -> Option<bool> {
    let ranges: Vec<Option<Cidr>> = ranges.iter().map(|range| Cidr::parse(range)).collect();
    if ranges.iter().flatten().any(|range| range.holds(address)) {
        return Some(true);
    }
    ranges.iter().all(Option::is_some).then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_looked_at_without_their_ports_and_case() {
        for (host, name) in
            [("A.b:80", "A.b"), ("a.b", "a.b"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]")]
        {
            assert_eq!(Request::get(host, "/").hostname(), name);
        }
        let condition = Condition::Host(vec!["a.B".into()]);
        assert_eq!(condition.is_met_by(&Request::get("A.b:80", "/")), Some(true));
        let condition = Condition::HostRegex(vec!["b:80$".into()]);
        assert_eq!(condition.is_met_by(&Request::get("A.B:80", "/")), Some(true));
    }

    #[test]
    fn what_cannot_be_judged_is_neither_met_nor_missed() {
        let rule = |conditions| Rule { conditions, actions: Vec::new(), transforms: Vec::new() };
        let unreadable = Condition::PathRegex(vec!["(".into()]);
        let foreign = Condition::Foreign("something".to_owned());
        let other = Condition::Path(vec!["/b".into()]);
        let rules = [
            rule(vec![unreadable.clone(), foreign.clone()]),
            rule(vec![foreign, other.clone()]),
            rule(vec![Condition::Path(vec!["/a".into()])]),
        ];
        let routed = route(&rules, &Request::get("a.b", "/a"));
        assert_eq!(routed.taken, Some(2));
        assert!(!routed.is_sure());
        assert_eq!(routed.fits[0], Fit::Unclear(rules[0].conditions.iter().collect()));
        assert_eq!(routed.fits[1], Fit::Misses(vec![&other]));
        assert!(route(&rules[1..], &Request::get("a.b", "/a")).is_sure());
        let either = Condition::PathRegex(vec!["(".into(), "^/a$".into()]);
        assert_eq!(either.is_met_by(&Request::get("a.b", "/a")), Some(true));
    }
}
