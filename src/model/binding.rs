//! A TargetGroupBinding: ties a Service's endpoints to a target group. The custom resource is LBC's
//! own.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::{AwsId, Id, ObjectKey};
use super::marks::Labels;
use super::selector::Selector;
use super::target_group::TargetType;

pub use super::port::PortRef;

/// Who may reach a binding's targets, and on which port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Opening {
    /// The security group that is let in, or `None` for a peer that is a CIDR.
    pub group: Option<Id>,
    /// The CIDR that is let in, where no security group is.
    pub cidr: Option<SmolStr>,
    /// `TCP` or `UDP`.
    pub protocol: SmolStr,
    /// The port; a name is one of the pods' container ports; `None` means every port.
    pub port: Option<PortRef>,
}

/// A TargetGroupBinding, wished for or standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Its name. `None` where it cannot be known yet: it is its target group's.
    pub name: Option<SmolStr>,
    /// Its namespace: the Service's.
    pub namespace: SmolStr,
    /// Its labels.
    pub labels: Labels,
    /// The target group.
    pub target_group: Id,
    /// What the targets are.
    pub target_type: TargetType,
    /// What the target group speaks: `HTTP`, `HTTPS`, or what a person wrote.
    pub protocol: Option<SmolStr>,
    /// The Service.
    pub service: SmolStr,
    /// The Service's port.
    pub port: PortRef,
    /// Who may reach the targets; empty where that is none of our business.
    pub openings: Vec<Opening>,
    /// Whether the targets' addresses are IPv6.
    pub ipv6: bool,
    /// The VPC, where the binding says which.
    pub vpc: Option<SmolStr>,
    /// Whether other clusters register targets in the same group.
    pub multi_cluster: bool,
    /// The nodes that are registered, where targets are nodes and not all of them are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Box<Selector>>,
}

/// What a person left out of a binding and its target group tells, as LBC's webhook fills it in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// The target group that it names until then, where the one of its name is another one now.
    pub replaced: Option<AwsId>,
    /// The target group.
    pub target_group: Option<AwsId>,
    /// What the targets are.
    pub target_type: Option<SmolStr>,
    /// Whether the targets' addresses are IPv6.
    pub ipv6: Option<bool>,
    /// The VPC.
    pub vpc: Option<SmolStr>,
    /// What the target group speaks.
    pub protocol: Option<SmolStr>,
}

impl Completion {
    /// Whether nothing was left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Binding {
    /// Calls `visit` with the identifiers of the target group and of the security groups let in.
    pub fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        visit(&mut self.target_group);
        self.openings.iter_mut().filter_map(|opening| opening.group.as_mut()).for_each(visit);
    }

    /// The Service.
    #[must_use]
    pub fn service_key(&self) -> ObjectKey {
        ObjectKey::new(self.namespace.clone(), self.service.clone())
    }
}
