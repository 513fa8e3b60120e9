//! How much of the cluster is seen.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::group::Group;
use super::id::CertificateKey;

/// How much of the cluster a snapshot shows. What lies outside is unknown, never absent: nothing of
/// it is withdrawn, revoked, released or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it: what is not here does not exist.
    Cluster,
    /// These namespaces, and what lies in no namespace.
    Namespaces(Arc<BTreeSet<String>>),
    /// Some manifests: siblings and orphans cannot be judged.
    Manifests,
}

impl Extent {
    /// One namespace, where one is given.
    #[must_use]
    pub fn of_namespace(namespace: Option<&str>) -> Self {
        match namespace {
            Some(namespace) => Self::Namespaces(Arc::new(BTreeSet::from([namespace.to_owned()]))),
            None => Self::Cluster,
        }
    }

    /// Whether everything is shown that lies in a namespace: what is missing there does not exist.
    #[must_use]
    pub fn shows(&self, namespace: &str) -> bool {
        match self {
            Self::Cluster => true,
            Self::Namespaces(shown) => shown.contains(namespace),
            Self::Manifests => false,
        }
    }

    /// Whether everybody is shown who may use a certificate that is made for somebody.
    #[must_use]
    pub fn shows_users_of(&self, certificate: &CertificateKey) -> bool {
        match certificate.namespace() {
            Some(namespace) => self.shows(namespace),
            None => *self == Self::Cluster,
        }
    }

    /// Whether every member of a group is shown, and so what none of them wants is unwanted.
    /// Manifests of an Ingress by itself show it whole.
    #[must_use]
    pub fn shows_all_of(&self, group: &Group) -> bool {
        match (self, group) {
            (Self::Cluster, _) | (Self::Manifests, Group::Implicit(_)) => true,
            (Self::Namespaces(shown), Group::Implicit(ingress)) => {
                shown.contains(ingress.namespace.as_str())
            }
            (Self::Namespaces(_) | Self::Manifests, Group::Explicit(_)) => false,
        }
    }

    /// Whether a group may have members that are shown.
    #[must_use]
    pub fn may_show(&self, group: &Group) -> bool {
        matches!(group, Group::Explicit(_)) || self.shows_all_of(group)
    }
}
