//! Ingress groups: the Ingresses that share one load balancer.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::ObjectKey;

/// The identity of an Ingress group. Its text form is what LBC calls the stack id and writes into
/// tags.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Group {
    /// Named by `group.name`; its members may be in any namespace.
    Explicit(SmolStr),
    /// One Ingress by itself.
    Implicit(ObjectKey),
}

/// The longest name of an explicit group (LBC: it has to fit a label value).
pub const GROUP_NAME_LENGTH_MAX: usize = 63;

impl Group {
    /// Takes the name of an explicit group, or says what a name may be.
    ///
    /// # Errors
    /// The rule that the name breaks.
    pub fn explicit(name: &str) -> Result<Self, &'static str> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let outer = |c: Option<char>| c.is_some_and(|c| inner(c) && c != '-' && c != '.');
        if name.len() > GROUP_NAME_LENGTH_MAX {
            Err("at most 63 characters")
        } else if !name.chars().all(inner)
            || !outer(name.chars().next())
            || !outer(name.chars().last())
        {
            Err("lower-case letters, digits, '-' and '.', with a letter or digit at both ends")
        } else {
            Ok(Self::Explicit(name.into()))
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Explicit(name) => f.write_str(name),
            Self::Implicit(ingress) => ingress.fmt(f),
        }
    }
}
