//! What a rule makes of a request before a target gets it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a rule rewrites of a request. A rule has one of each kind at most (AWS).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Transform {
    /// Its host header.
    Host(Vec<Rewrite>),
    /// Its path and query.
    Url(Vec<Rewrite>),
    /// Something that stands in AWS and that this program does not make; the text says what.
    Foreign(String),
}

/// What matches a regular expression, and what takes its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rewrite {
    /// The regular expression (AWS: at most 1024 characters).
    pub regex: String,
    /// What takes the place of a match; `$1` is its first group (AWS: at most 1024 characters).
    pub replace: String,
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, rewrites) = match self {
            Self::Host(rewrites) => ("host", rewrites),
            Self::Url(rewrites) => ("URL", rewrites),
            Self::Foreign(text) => return f.write_str(text),
        };
        let each = rewrites.iter().map(|one| format!("{} to {}", one.regex, one.replace));
        write!(f, "{what} {}", each.collect::<Vec<_>>().join(", "))
    }
}
