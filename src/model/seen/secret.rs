//! A Secret, as far as anything is built from it. Only Secrets that members name are looked at.

use serde::Serialize;
use smol_str::SmolStr;

use crate::model::flat::FlatMap;
use crate::model::secret::Sealed;

/// What a look at one Secret showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum SeenSecret {
    /// It does not exist.
    Missing,
    /// The API server does not let us read it; this is what it says.
    Unreadable(String),
    /// It is there.
    Is {
        /// The type, such as `kubernetes.io/tls`.
        kind: String,
        /// Its entries, as far as anything is built from them ([`crate::model::secret::ENTRIES`]).
        entries: FlatMap<SmolStr, Sealed>,
    },
}

impl SeenSecret {
    /// An entry, if the Secret is there and has it.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Sealed> {
        match self {
            Self::Is { entries, .. } => entries.get(name),
            Self::Missing | Self::Unreadable(_) => None,
        }
    }
}
