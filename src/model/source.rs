//! Sources: the objects of Kubernetes that a load balancer is built from, and whose members and
//! names they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::ObjectKey;

/// The kinds of objects that can be members of a group.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum SourceKind {
    /// `networking.k8s.io/v1`.
    #[default]
    Ingress,
}

impl SourceKind {
    /// As Kubernetes spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
        }
    }

    /// Whether this is the kind that is meant where none is written.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about so")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One object that contributes to a load balancer, or asks for names.
///
/// What is written of an Ingress does not name its kind: it was the only one once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// What it is.
    #[serde(default, skip_serializing_if = "SourceKind::is_default")]
    pub kind: SourceKind,
    /// Its namespace and name.
    #[serde(flatten)]
    pub key: ObjectKey,
}

impl Source {
    /// An Ingress.
    #[must_use]
    pub const fn ingress(key: ObjectKey) -> Self {
        Self { kind: SourceKind::Ingress, key }
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.key.namespace
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}
