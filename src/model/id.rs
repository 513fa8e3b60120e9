//! How things are named: objects of Kubernetes and things in AWS (`key`), and things in AWS that do
//! not exist yet.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::backend::BackendKey;
use super::group::Group;
use super::marks::{TAG_CLUSTER, TAG_REQUEST, TAG_SECRET, Tags, pairs};
use super::request::RequestKey;
use super::source::Source;

pub use super::key::AwsId;
pub use super::object_key::ObjectKey;

/// Which of the things that play one role this is, while one replaces another.
///
/// Zero is the one that LBC would have made; a twin, made to take over from it, has the next
/// number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Slot(pub u8);

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, " (twin {})", self.0) }
    }
}

/// A target group within its group: what it is for, and the slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "StoredKey", try_from = "StoredKey")]
pub struct TargetGroupKey {
    /// What it is for. Many refer to it: clones of the key share it.
    pub backend: Arc<BackendKey>,
    /// Which twin.
    pub slot: Slot,
}

impl TargetGroupKey {
    /// Takes note whose it is, where its spelling allows for that.
    pub fn set_owner(&mut self, owner: &Source) {
        if self.backend.owner() != owner
            && let Some(backend) = BackendKey::of(owner, self.backend.spelled())
        {
            self.backend = Arc::new(backend);
        }
    }
}

impl fmt::Display for TargetGroupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.backend, self.slot)
    }
}

/// A target group's key as it is written: what it is for as the tag spells it.
#[derive(Serialize, Deserialize)]
struct StoredKey {
    resource: SmolStr,
    slot: Slot,
}

impl From<TargetGroupKey> for StoredKey {
    fn from(key: TargetGroupKey) -> Self {
        Self { resource: key.backend.spelled().clone(), slot: key.slot }
    }
}

impl TryFrom<StoredKey> for TargetGroupKey {
    type Error = String;

    /// Whose it is, is a guess until somebody knows: [`TargetGroupKey::set_owner`].
    fn try_from(stored: StoredKey) -> Result<Self, String> {
        let StoredKey { resource, slot } = stored;
        let backend = BackendKey::guessed(&resource)
            .ok_or_else(|| format!("no key of a target group: {resource}"))?;
        Ok(Self { backend: Arc::new(backend), slot })
    }
}

/// What a certificate is for, by which it is found again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CertificateKey {
    /// The TLS Secret that it is imported from.
    Secret(ObjectKey),
    /// The names that ACM is asked to issue it for. Many refer to it: clones share it.
    Request(Arc<RequestKey>),
}

impl CertificateKey {
    /// The namespace that decides about it, where one alone does.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Secret(secret) => Some(&secret.namespace),
            Self::Request(_) => None,
        }
    }

    /// The tags by which it is found again.
    #[must_use]
    pub fn tags(&self, cluster: &str) -> Tags {
        let (name, value) = match self {
            Self::Secret(secret) => (TAG_SECRET, secret.to_string()),
            Self::Request(request) => (TAG_REQUEST, request.token()),
        };
        pairs([(TAG_CLUSTER, cluster), (name, &value)])
    }
}

impl fmt::Display for CertificateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(secret) => secret.fmt(f),
            Self::Request(request) => request.fmt(f),
        }
    }
}

/// Names one of our things in AWS whether or not it exists yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Handle {
    /// The security group that all load balancers of the cluster share towards the pods.
    BackendSecurityGroup,
    /// The managed security group in front of a group's load balancer.
    FrontendSecurityGroup(Group),
    /// Another one, with those rules that the ones before have no room for; the second one has the
    /// number 2.
    FurtherSecurityGroup(Group, u8),
    /// A group's load balancer.
    LoadBalancer(Group, Slot),
    /// The listener on one port of a group's load balancer.
    Listener(Group, Slot, u16),
    /// A target group of a group.
    TargetGroup(Group, TargetGroupKey),
    /// The network load balancer in front of a group's load balancer.
    FrontendNlb(Group),
    /// The listener on one port of it.
    FrontendNlbListener(Group, u16),
    /// The target group of that listener, whose target is the group's load balancer.
    FrontendNlbTargetGroup(Group, u16),
    /// A certificate.
    Certificate(CertificateKey),
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BackendSecurityGroup => f.write_str("backend security group"),
            Self::FrontendSecurityGroup(group) => {
                write!(f, "frontend security group of {group}")
            }
            Self::FurtherSecurityGroup(group, number) => {
                write!(f, "frontend security group {number} of {group}")
            }
            Self::LoadBalancer(group, slot) => write!(f, "load balancer of {group}{slot}"),
            Self::Listener(group, slot, port) => write!(f, "listener {port} of {group}{slot}"),
            Self::TargetGroup(_, key) => write!(f, "target group {key}"),
            Self::FrontendNlb(group) => write!(f, "frontend NLB of {group}"),
            Self::FrontendNlbListener(group, port) => {
                write!(f, "listener {port} of the frontend NLB of {group}")
            }
            Self::FrontendNlbTargetGroup(group, port) => {
                write!(f, "target group {port} of the frontend NLB of {group}")
            }
            Self::Certificate(CertificateKey::Secret(secret)) => {
                write!(f, "certificate of Secret {secret}")
            }
            Self::Certificate(CertificateKey::Request(request)) => {
                write!(f, "certificate for {request}")
            }
        }
    }
}

/// The identifier of a thing in AWS: given, or to be given when its handle's thing is made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Id {
    /// AWS has given it.
    Is(AwsId),
    /// It is whatever the thing behind the handle has or will have.
    Of(Handle),
}

impl Id {
    /// The identifier, where AWS has given one.
    #[must_use]
    pub fn given(&self) -> Option<&AwsId> {
        match self {
            Self::Is(id) => Some(id),
            Self::Of(_) => None,
        }
    }

    /// Takes note whose the target group is that it names.
    pub fn set_owner(&mut self, owner: &Source) {
        if let Self::Of(Handle::TargetGroup(_, key)) = self {
            key.set_owner(owner);
        }
    }

    /// The identifier in a few words: the name within an ARN, or what the thing is to us.
    #[must_use]
    pub fn short(&self) -> String {
        match self {
            Self::Is(id) => id.as_str().split('/').nth(1).unwrap_or(id.as_str()).to_owned(),
            Self::Of(handle) => handle.to_string(),
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(id) => id.fmt(f),
            Self::Of(handle) => write!(f, "(known after apply: {handle})"),
        }
    }
}
