//! Subjects: what comes to rest on its own, and the one writer of each thing in AWS.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::group::Group;
use super::id::{AwsId, CertificateKey, ObjectKey};

/// Where in AWS: whose account, and which region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The role to be assumed; `None` for the controller's own account.
    pub role: Option<String>,
    /// The region.
    pub region: String,
}

/// A subject's key. There are many, and few places.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A VPC's shared backend security group and the rules that let it reach nodes and pods.
    Fabric(Arc<Place>),
    /// An Ingress group's load balancers, listeners, rules, target groups and frontend security
    /// group.
    Balancer(Arc<Place>, Group),
    /// What is registered in the target group of a TargetGroupBinding.
    Targets(Arc<Place>, ObjectKey),
    /// A certificate, such as the one that a TLS Secret is imported as.
    Certificate(Arc<Place>, CertificateKey),
    /// What protects the load balancers of an Ingress group: their web ACL, and Shield Advanced.
    Protection(Arc<Place>, Group),
    /// The records of one hosted zone that are ours.
    Zone(Arc<Place>, AwsId),
    /// Which hosted zones there are, and which certificates of ours nobody uses: looked at now and
    /// then, so that others need not.
    Census(Arc<Place>),
}

/// The kinds of subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKind {
    /// Networks.
    Fabric,
    /// Ingress groups.
    Balancer,
    /// Target groups' targets.
    Targets,
    /// Certificates.
    Certificate,
    /// What protects load balancers.
    Protection,
    /// Hosted zones.
    Zone,
    /// What there is.
    Census,
}

impl SubjectKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Fabric,
        Self::Balancer,
        Self::Targets,
        Self::Certificate,
        Self::Protection,
        Self::Zone,
        Self::Census,
    ];

    /// As plans, the log and metrics name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fabric => "fabric",
            Self::Balancer => "balancer",
            Self::Targets => "targets",
            Self::Certificate => "certificate",
            Self::Protection => "protection",
            Self::Zone => "zone",
            Self::Census => "census",
        }
    }
}

impl Subject {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> SubjectKind {
        match self {
            Self::Fabric(_) => SubjectKind::Fabric,
            Self::Balancer(..) => SubjectKind::Balancer,
            Self::Targets(..) => SubjectKind::Targets,
            Self::Certificate(..) => SubjectKind::Certificate,
            Self::Protection(..) => SubjectKind::Protection,
            Self::Zone(..) => SubjectKind::Zone,
            Self::Census(_) => SubjectKind::Census,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.kind().as_str())?;
        match self {
            Self::Fabric(place) | Self::Census(place) => f.write_str(&place.region),
            Self::Targets(_, key) => key.fmt(f),
            Self::Certificate(_, key) => key.fmt(f),
            Self::Balancer(_, group) | Self::Protection(_, group) => group.fmt(f),
            Self::Zone(_, zone) => zone.fmt(f),
        }
    }
}

/// How urgent a visit is. Each lane has workers of its own, so that endpoints never wait behind
/// load balancers and a person's change never waits behind a start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Endpoints came or went.
    Targets,
    /// Somebody changed something.
    User,
    /// Nobody changed anything: start-up, drift.
    Background,
    /// What AWS WAF and AWS Shield are asked for: nobody else waits for them.
    Protection,
}

impl Lane {
    /// All lanes, the most urgent one first.
    pub const ALL: [Self; 4] = [Self::Targets, Self::User, Self::Background, Self::Protection];

    /// As metrics name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Targets => "targets",
            Self::User => "user",
            Self::Background => "background",
            Self::Protection => "protection",
        }
    }
}
