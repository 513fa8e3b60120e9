//! Which requests meet the conditions of two rules: some, or all that meet those of one.

use smol_str::SmolStr;

use super::Rule;
use super::condition::{Condition, QueryValue};
use super::pattern::{Case, contains, meet};
use crate::model::surroundings::Cidr;

impl Rule {
    /// Whether some request may meet the conditions of both rules. What cannot be told, as of
    /// regular expressions, is taken for yes.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let mut pairs =
            self.conditions.iter().flat_map(|ours| other.conditions.iter().map(move |o| (ours, o)));
        !pairs.any(|(ours, theirs)| are_apart(ours, theirs))
    }

    /// Whether every request that meets the conditions of another rule meets these. What cannot be
    /// told, as of regular expressions that differ, is taken for no.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.conditions.iter().all(|ours| {
            takes_all(ours) || other.conditions.iter().any(|theirs| is_within(theirs, ours))
        })
    }
}

/// Whether no request meets both conditions. Requests have one host, path, method and source; of
/// headers and parameters they may have several.
fn are_apart(ours: &Condition, theirs: &Condition) -> bool {
    match (ours, theirs) {
        (Condition::Host(ours), Condition::Host(theirs)) => {
            no_pair(ours, theirs, |our, their| meet(our, their, Case::Ignored))
        }
        (Condition::Path(ours), Condition::Path(theirs)) => {
            no_pair(ours, theirs, |our, their| meet(our, their, Case::Counts))
        }
        (Condition::Method(ours), Condition::Method(theirs)) => {
            no_pair(ours, theirs, PartialEq::eq)
        }
        (Condition::SourceIp(ours), Condition::SourceIp(theirs)) => {
            no_pair(ours, theirs, |our, their| {
                let ranges = Cidr::parse(our).zip(Cidr::parse(their));
                ranges.is_none_or(|(one, other)| one.contains(other) || other.contains(one))
            })
        }
        _ => false,
    }
}

fn no_pair(
    ours: &[SmolStr],
    theirs: &[SmolStr],
    meet: impl Fn(&SmolStr, &SmolStr) -> bool,
) -> bool {
    !ours.iter().any(|our| theirs.iter().any(|their| meet(our, their)))
}

/// Whether every request meets a condition: each has a host, and a path that begins with a slash.
fn takes_all(condition: &Condition) -> bool {
    match condition {
        Condition::Host(values) => values.iter().any(|value| value == "*"),
        Condition::Path(values) => values.iter().any(|value| value == "*" || value == "/*"),
        _ => false,
    }
}

/// Whether every request that meets a condition meets another one: each of its values is within
/// one of the other's.
fn is_within(theirs: &Condition, ours: &Condition) -> bool {
    match (theirs, ours) {
        (Condition::Host(theirs), Condition::Host(ours)) => {
            all_within(theirs, ours, |their, our| contains(our, their, Case::Ignored))
        }
        (Condition::Path(theirs), Condition::Path(ours)) => {
            all_within(theirs, ours, |their, our| contains(our, their, Case::Counts))
        }
        (
            Condition::Header { name: their_name, values: theirs },
            Condition::Header { name, values: ours },
        ) => {
            their_name.eq_ignore_ascii_case(name)
                && all_within(theirs, ours, |their, our| contains(our, their, Case::Ignored))
        }
        (
            Condition::HeaderRegex { name: their_name, regexes: theirs },
            Condition::HeaderRegex { name, regexes: ours },
        ) => their_name.eq_ignore_ascii_case(name) && all_within(theirs, ours, PartialEq::eq),
        (Condition::HostRegex(theirs), Condition::HostRegex(ours))
        | (Condition::PathRegex(theirs), Condition::PathRegex(ours))
        | (Condition::Method(theirs), Condition::Method(ours)) => {
            all_within(theirs, ours, PartialEq::eq)
        }
        (Condition::Query(theirs), Condition::Query(ours)) => {
            all_within(theirs, ours, is_parameter_within)
        }
        (Condition::SourceIp(theirs), Condition::SourceIp(ours)) => {
            all_within(theirs, ours, |their, our| {
                let ranges = Cidr::parse(our).zip(Cidr::parse(their));
                ranges.is_some_and(|(our, their)| our.contains(their))
            })
        }
        _ => false,
    }
}

fn all_within<T>(theirs: &[T], ours: &[T], is_within: impl Fn(&T, &T) -> bool) -> bool {
    theirs.iter().all(|their| ours.iter().any(|our| is_within(their, our)))
}

fn is_parameter_within(theirs: &QueryValue, ours: &QueryValue) -> bool {
    let is_key_within = match (&theirs.key, &ours.key) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(theirs), Some(ours)) => contains(ours, theirs, Case::Ignored),
    };
    is_key_within && contains(&ours.value, &theirs.value, Case::Ignored)
}
