//! What is allowed, in words.

use std::fmt;

use crate::model::seen::OrderRange;

use super::Known;

/// How many of what is listed a message names.
const NAMED_MAX: usize = 8;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(listed) = self;
        if listed.is_empty() {
            return f.write_str("nothing");
        }
        let named: Vec<&str> = listed.iter().take(NAMED_MAX).map(String::as_str).collect();
        f.write_str(&named.join(", "))?;
        match listed.len() - named.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Places in a group.
pub(super) fn places(ranges: &[&OrderRange]) -> String {
    let one = |range: &&OrderRange| match (range.min, range.max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("{min} and more"),
        (None, Some(max)) => format!("{max} and less"),
        (None, None) => "any".to_owned(),
    };
    ranges.iter().map(one).collect::<Vec<_>>().join(", or ")
}
