//! Which of several rules comes first where the narrowest has to, as Kubernetes asks for.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::Rule;
use super::condition::Condition;

/// In which order the rules of a group's members stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Precedence {
    /// One member after the other, each in LBC's order.
    #[default]
    Members,
    /// The narrowest first, whoever asks for it.
    Kubernetes,
}

impl Precedence {
    /// Whether one member's rules come after the other's.
    #[must_use]
    pub fn is_by_members(&self) -> bool {
        *self == Self::Members
    }
}

/// How much a rule leaves open; the least comes first. A rule with several hosts or paths counts
/// by the one that leaves most open: what is narrower has to come before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Openness {
    host: Host,
    path: Path,
    /// Of rules for the same, the one that asks for more besides comes first.
    others: Reverse<usize>,
}

/// What is left open of hosts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Nothing,
    /// What a wildcard takes; the longest comes first.
    Some(Reverse<usize>),
    All,
}

/// What is left open of paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Path {
    Nothing,
    /// What follows a start; the longest start comes first, then the longest pattern.
    Rest(Reverse<usize>, Reverse<usize>),
}

impl Rule {
    /// How much this leaves open.
    #[must_use]
    pub fn openness(&self) -> Openness {
        let mut openness = Openness {
            host: Host::All,
            path: Path::Rest(Reverse(0), Reverse(0)),
            others: Reverse(0),
        };
        for condition in &self.conditions {
            match condition {
                Condition::Host(values) => {
                    openness.host = values.iter().map(host).max().unwrap_or(Host::All);
                }
                Condition::HostRegex(_) => openness.host = Host::Some(Reverse(0)),
                Condition::Path(values) => {
                    openness.path = widest(values.iter().map(|value| path(value)));
                }
                Condition::PathRegex(regexes) => {
                    openness.path = widest(regexes.iter().map(regex));
                }
                Condition::Header { .. }
                | Condition::HeaderRegex { .. }
                | Condition::Method(_)
                | Condition::Query(_)
                | Condition::SourceIp(_)
                | Condition::Foreign(_) => openness.others.0 += 1,
            }
        }
        openness
    }
}

fn widest(paths: impl Iterator<Item = Path>) -> Path {
    paths.max().unwrap_or(Path::Rest(Reverse(0), Reverse(0)))
}

fn host(value: &SmolStr) -> Host {
    if value.contains(['*', '?']) { Host::Some(Reverse(value.len())) } else { Host::Nothing }
}

fn path(value: &str) -> Path {
    match value.find(['*', '?']) {
        Some(start) => Path::Rest(Reverse(start), Reverse(value.len())),
        None => Path::Nothing,
    }
}

/// Regular expressions count by what paths begin with for certain.
fn regex(value: &SmolStr) -> Path {
    let length = value.len();
    let start = match value.strip_prefix('^').filter(|rest| !rest.contains('|')) {
        Some(rest) => {
            let end = rest.find(|c| r"\.+*?()[]{}$^".contains(c));
            // What may be left out or come again is not certain.
            let is_open = end.is_some_and(|end| rest[end..].starts_with(['*', '?', '{']));
            end.unwrap_or(rest.len()).saturating_sub(usize::from(is_open))
        }
        None => 0,
    };
    Path::Rest(Reverse(start), Reverse(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(hosts: &[&str], paths: &[&str]) -> Rule {
        let texts = |values: &[&str]| values.iter().copied().map(Into::into).collect();
        let hosts = (!hosts.is_empty()).then(|| Condition::Host(texts(hosts)));
        let paths = (!paths.is_empty()).then(|| Condition::Path(texts(paths)));
        let conditions = hosts.into_iter().chain(paths).collect();
        Rule { conditions, actions: Vec::new(), transforms: Vec::new() }
    }

    #[test]
    fn the_narrowest_comes_first() {
        let with_method = |mut rule: Rule| {
            rule.conditions.push(Condition::Method(vec!["GET".into()]));
            rule
        };
        let regex = |text: &str| Rule {
            conditions: vec![Condition::PathRegex(vec![text.into()])],
            ..rule(&[], &[])
        };
        let in_order = [
            rule(&["a.b"], &["/x"]),
            rule(&["a.b"], &["/x/y", "/x/y/*"]),
            with_method(rule(&["a.b"], &["/x", "/x/*"])),
            rule(&["a.b"], &["/x", "/x/*"]),
            rule(&["a.b"], &["/*"]),
            rule(&["a.b"], &[]),
            rule(&["*.c.b"], &["/*"]),
            rule(&["*.b"], &["/x"]),
            rule(&["a.b", "*.b"], &["/x", "/x/*"]),
            rule(&[], &["/x"]),
            regex("^/xyz[a-z]"),
            rule(&[], &["/x", "/x/*"]),
            regex("^/xy?"),
            rule(&[], &["/*"]),
            regex("x"),
            rule(&[], &[]),
        ];
        let mut ranks: Vec<Openness> = in_order.iter().map(Rule::openness).collect();
        let expected = ranks.clone();
        ranks.sort();
        assert_eq!(ranks, expected);
        assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{ranks:#?}");
    }
}
