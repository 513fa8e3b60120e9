//! Subjects: what comes to rest on its own, and the one writer of each thing in AWS.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::group::Group;
use super::id::{AwsId, ObjectKey};

/// Where in AWS: whose account, and which region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The role to be assumed; `None` for the controller's own account.
    pub role: Option<String>,
    /// The region.
    pub region: String,
}

/// A subject's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// A VPC's shared backend security group and the rules that let it reach nodes and pods.
    Fabric(Place),
    /// An Ingress group's load balancers, listeners, rules, target groups and frontend security
    /// group.
    Balancer(Place, Group),
    /// What is registered in the target group of a TargetGroupBinding.
    Targets(Place, ObjectKey),
    /// The certificate that one TLS Secret is imported as.
    Certificate(Place, ObjectKey),
    /// The records of one hosted zone that are ours.
    Zone(Place, AwsId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fabric(place) => write!(f, "fabric {}", place.region),
            Self::Balancer(_, group) => write!(f, "balancer {group}"),
            Self::Targets(_, binding) => write!(f, "targets {binding}"),
            Self::Certificate(_, secret) => write!(f, "certificate {secret}"),
            Self::Zone(_, zone) => write!(f, "zone {zone}"),
        }
    }
}
