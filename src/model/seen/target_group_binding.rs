//! A TargetGroupBinding as the API server holds it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::binding::PortRef;

/// A Service and one of its ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRef {
    /// The Service's name.
    pub name: String,
    /// The port, by number or by name.
    pub port: PortRef,
}

/// A CIDR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpBlock {
    /// The CIDR.
    pub cidr: String,
}

/// Whoever may reach the targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkingPeer {
    /// What lies in this CIDR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_block: Option<IpBlock>,
    /// What carries this security group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_group: Option<SecurityGroupRef>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroupRef {
    /// Its id.
    #[serde(rename = "groupID")]
    pub group_id: String,
}

/// A port on which the targets may be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkingPort {
    /// `TCP` (also where unset) or `UDP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The port; unset means every port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortRef>,
}

/// Peers and ports: each of the peers may reach each of the ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkingRule {
    /// The peers.
    pub from: Vec<NetworkingPeer>,
    /// The ports.
    pub ports: Vec<NetworkingPort>,
}

/// Who may reach the targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Networking {
    /// What is let in.
    #[serde(default)]
    pub ingress: Vec<NetworkingRule>,
}

/// `spec` of a TargetGroupBinding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetGroupBindingSpec {
    /// The target group's ARN.
    #[serde(default, rename = "targetGroupARN", skip_serializing_if = "Option::is_none")]
    pub target_group_arn: Option<String>,
    /// The target group's name, where a person wrote that instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group_name: Option<String>,
    /// Whether other clusters register targets in the same group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_cluster_target_group: Option<bool>,
    /// `ip` or `instance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_type: Option<String>,
    /// What the target group speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group_protocol: Option<String>,
    /// The Service and its port.
    pub service_ref: ServiceRef,
    /// Who may reach the targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networking: Option<Networking>,
    /// `ipv4` or `ipv6`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<String>,
    /// The VPC.
    #[serde(default, rename = "vpcID", skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// A role to be assumed for the target group's calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_role_arn_to_assume: Option<String>,
    /// Fields that this version does not read; kept so that a rewrite does not lose them.
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// A TargetGroupBinding as seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenBinding {
    /// The UID.
    pub uid: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its finalizers.
    pub finalizers: Vec<String>,
    /// Whether it has a deletion timestamp.
    pub leaving: bool,
    /// Its `spec`.
    pub spec: TargetGroupBindingSpec,
}
