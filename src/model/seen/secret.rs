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
        /// Those of them whose bytes are not kept.
        closed: FlatMap<SmolStr, Closed>,
    },
}

/// What is kept of an entry whose bytes are for nobody but AWS: they are read again by the step
/// that sends them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The fingerprint of what is needed of it.
    pub fingerprint: String,
    /// Of a private key its public half, as certificates hold it, and of a text nothing; or why it
    /// is of no use.
    pub worth: Result<Vec<u8>, String>,
}

impl SeenSecret {
    /// An entry, if the Secret is there and has it, and its bytes were kept.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Sealed> {
        match self {
            Self::Is { entries, .. } => entries.get(name),
            Self::Missing | Self::Unreadable(_) => None,
        }
    }

    /// What is kept of an entry whose bytes were not.
    #[must_use]
    pub fn closed(&self, name: &str) -> Option<&Closed> {
        match self {
            Self::Is { closed, .. } => closed.get(name),
            Self::Missing | Self::Unreadable(_) => None,
        }
    }
}
