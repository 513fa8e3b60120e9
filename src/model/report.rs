//! What the cluster is told: statuses and Events. Nothing is ordered by them.

use serde::{Deserialize, Serialize};

use super::problem::{ObjectRef, Severity};

/// One entry of an Ingress's `status.loadBalancer.ingress`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusEntry {
    /// The load balancer's DNS name, in lower case.
    pub hostname: String,
    /// The ports of its listeners, ascending; none where the entry names none.
    pub ports: Vec<u16>,
}

/// An Event about an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The object.
    pub object: ObjectRef,
    /// The object's UID: `kubectl describe` shows only Events that name it.
    pub uid: String,
    /// An error is a `Warning`, a note is `Normal`.
    pub severity: Severity,
    /// A stable code.
    pub reason: String,
    /// A sentence for a person.
    pub message: String,
}
