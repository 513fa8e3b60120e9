//! Whether one request can meet the conditions of two rules.

use smol_str::SmolStr;

use super::Rule;
use super::condition::{Condition, patterns_meet};
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
}

/// Whether no request meets both conditions. Requests have one host, path, method and source; of
/// headers and parameters they may have several.
fn are_apart(ours: &Condition, theirs: &Condition) -> bool {
    match (ours, theirs) {
        (Condition::Host(ours), Condition::Host(theirs)) => {
            // The case of a host counts for nothing (AWS).
            let meet = |our: &SmolStr, their: &SmolStr| {
                may_meet(&our.to_ascii_lowercase(), &their.to_ascii_lowercase())
            };
            no_pair(ours, theirs, meet)
        }
        (Condition::Path(ours), Condition::Path(theirs)) => {
            no_pair(ours, theirs, |our, their| may_meet(our, their))
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

/// Whether some text is taken by both patterns. A backslash makes an ordinary character of a
/// wildcard (AWS), and what follows is not looked at any closer.
fn may_meet(our: &str, their: &str) -> bool {
    our.contains('\\') || their.contains('\\') || patterns_meet(our, their)
}
