//! What a request must be like for a rule to take it.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What a request must be like. Values are alternatives: one of them is enough.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Condition {
    /// Its host is one of these; `*` and `?` are wildcards.
    Host(Vec<SmolStr>),
    /// Its path is one of these; `*` and `?` are wildcards.
    Path(Vec<SmolStr>),
    /// Something that stands in AWS and that this program does not make; the text says what.
    Foreign(String),
    /// Its host meets one of these regular expressions.
    HostRegex(Vec<SmolStr>),
    /// Its path meets one of these regular expressions.
    PathRegex(Vec<SmolStr>),
    /// A header of it has one of these values; `*` and `?` are wildcards.
    Header {
        /// The header.
        name: SmolStr,
        /// The values.
        values: Vec<SmolStr>,
    },
    /// A header of it meets one of these regular expressions.
    HeaderRegex {
        /// The header.
        name: SmolStr,
        /// The regular expressions.
        regexes: Vec<SmolStr>,
    },
    /// Its method is one of these.
    Method(Vec<SmolStr>),
    /// Its query has one of these parameters.
    Query(Vec<QueryValue>),
    /// It comes from one of these CIDRs.
    SourceIp(Vec<SmolStr>),
}

/// A parameter of a query; `*` and `?` are wildcards.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueryValue {
    /// Its key; any where there is none.
    pub key: Option<SmolStr>,
    /// Its value.
    pub value: SmolStr,
}

impl Condition {
    /// The name of the field that it is about, as AWS spells it.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Host(_) | Self::HostRegex(_) => "host-header",
            Self::Path(_) | Self::PathRegex(_) => "path-pattern",
            Self::Header { .. } | Self::HeaderRegex { .. } => "http-header",
            Self::Method(_) => "http-request-method",
            Self::Query(_) => "query-string",
            Self::SourceIp(_) => "source-ip",
            Self::Foreign(text) => text,
        }
    }

    /// How many values it has: AWS counts those of a rule.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Host(values)
            | Self::Path(values)
            | Self::HostRegex(values)
            | Self::PathRegex(values)
            | Self::Header { values, .. }
            | Self::HeaderRegex { regexes: values, .. }
            | Self::Method(values)
            | Self::SourceIp(values) => values.len(),
            Self::Query(values) => values.len(),
            Self::Foreign(_) => 1,
        }
    }

    /// How many wildcards its values have: AWS counts those of a rule.
    #[must_use]
    pub fn wildcards(&self) -> usize {
        let all = |values: &[SmolStr]| values.iter().map(|value| wildcards(value)).sum();
        match self {
            Self::Host(values) | Self::Path(values) | Self::Header { values, .. } => all(values),
            Self::Query(values) => {
                let keys = values.iter().filter_map(|pair| pair.key.as_ref());
                keys.chain(values.iter().map(|pair| &pair.value)).map(|text| wildcards(text)).sum()
            }
            Self::HostRegex(_)
            | Self::PathRegex(_)
            | Self::HeaderRegex { .. }
            | Self::Method(_)
            | Self::SourceIp(_)
            | Self::Foreign(_) => 0,
        }
    }

    /// Whether another condition is the same, in whatever order its values are.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Host(ours), Self::Host(theirs))
            | (Self::Path(ours), Self::Path(theirs))
            | (Self::HostRegex(ours), Self::HostRegex(theirs))
            | (Self::PathRegex(ours), Self::PathRegex(theirs))
            | (Self::Method(ours), Self::Method(theirs))
            | (Self::SourceIp(ours), Self::SourceIp(theirs)) => are_same(ours, theirs),
            (Self::Query(ours), Self::Query(theirs)) => are_same(ours, theirs),
            (
                Self::Header { name, values },
                Self::Header { name: their_name, values: their_values },
            )
            | (
                Self::HeaderRegex { name, regexes: values },
                Self::HeaderRegex { name: their_name, regexes: their_values },
            ) => name == their_name && are_same(values, their_values),
            (one, other) => one == other,
        }
    }
}

/// Whether lists hold the same, in whatever order.
pub(super) fn are_same<T: Ord>(ours: &[T], theirs: &[T]) -> bool {
    if ours == theirs || ours.len() != theirs.len() || ours.len() < 2 {
        return ours == theirs;
    }
    sorted(ours) == sorted(theirs)
}

fn sorted<T: Ord>(all: &[T]) -> Vec<&T> {
    let mut all: Vec<&T> = all.iter().collect();
    all.sort_unstable();
    all
}

/// The wildcards of a value: a backslash makes an ordinary character of one (AWS).
fn wildcards(value: &str) -> usize {
    let mut count = 0;
    let mut is_escaped = false;
    for c in value.chars() {
        count += usize::from(!is_escaped && matches!(c, '*' | '?'));
        is_escaped = c == '\\' && !is_escaped;
    }
    count
}

impl fmt::Display for QueryValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{key}={}", self.value),
            None => f.write_str(&self.value),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let regexes = |values: &[SmolStr]| {
            values.iter().map(|regex| format!("~{regex}")).collect::<Vec<_>>().join("|")
        };
        match self {
            Self::Host(values) | Self::Path(values) | Self::Method(values) => {
                f.write_str(&values.join("|"))
            }
            Self::HostRegex(values) | Self::PathRegex(values) => f.write_str(&regexes(values)),
            Self::Header { name, values } => write!(f, "{name}:{}", values.join("|")),
            Self::HeaderRegex { name, regexes: values } => {
                write!(f, "{name}:{}", regexes(values))
            }
            Self::Query(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "?{}", values.join("|"))
            }
            Self::SourceIp(values) => write!(f, "from {}", values.join("|")),
            Self::Foreign(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_count_unless_they_are_escaped() {
        for (value, expected) in [("", 0), ("/a/*", 1), ("*.?", 2), (r"\*", 0), (r"\\*", 1)] {
            assert_eq!(wildcards(value), expected, "{value}");
        }
    }
}
