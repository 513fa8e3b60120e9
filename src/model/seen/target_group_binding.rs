//! A TargetGroupBinding as the API server holds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::binding::{Binding, Opening, PortRef};
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::marks::Labels;
use crate::model::role::Role;
use crate::model::selector::Selector;
use crate::model::target_group::TargetType;
use crate::model::uid::Uid;

use super::binding_status::BindingStatus;

/// A Service and one of its ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRef {
    /// The Service's name.
    pub name: SmolStr,
    /// The port, by number or by name.
    pub port: PortRef,
}

/// A CIDR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IpBlock {
    /// The CIDR.
    pub cidr: SmolStr,
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
    pub group_id: SmolStr,
}

/// A port on which the targets may be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkingPort {
    /// `TCP` (also where unset) or `UDP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<SmolStr>,
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
    pub target_group_arn: Option<AwsId>,
    /// The target group's name, where a person wrote that instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group_name: Option<String>,
    /// Whether other clusters register targets in the same group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_cluster_target_group: Option<bool>,
    /// `ip` or `instance`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_type: Option<SmolStr>,
    /// What the target group speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_group_protocol: Option<SmolStr>,
    /// The Service and its port.
    pub service_ref: ServiceRef,
    /// Who may reach the targets. Bindings that lie beside each other share it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub networking: Option<Arc<Networking>>,
    /// The nodes that are registered, where targets are nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<Box<Selector>>,
    /// `ipv4` or `ipv6`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address_type: Option<SmolStr>,
    /// The VPC.
    #[serde(default, rename = "vpcID", skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<SmolStr>,
    /// A role to be assumed for the target group's calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_role_arn_to_assume: Option<String>,
    /// What that role wants to hear of whoever assumes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role_external_id: Option<String>,
    /// Fields that this version does not read; kept so that a rewrite does not lose them.
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// A TargetGroupBinding as seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenBinding {
    /// The UID.
    pub uid: Uid,
    /// When it was made.
    #[serde(default)]
    pub created: Timestamp,
    /// Which of its `spec`s this is; nothing where the API server has not said.
    #[serde(default)]
    pub generation: Option<i64>,
    /// Its labels.
    pub labels: Labels,
    /// Its finalizers.
    pub finalizers: Vec<SmolStr>,
    /// Whether it has a deletion timestamp.
    pub leaving: bool,
    /// Its `spec`.
    pub spec: TargetGroupBindingSpec,
    /// What its status shows.
    #[serde(default)]
    pub status: BindingStatus,
}

impl SeenBinding {
    /// Whether another one asks for the same: what a status shows asks for nothing.
    #[must_use]
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let Self { uid, created, generation: _, labels, finalizers, leaving, spec, status: _ } =
            self;
        let (held, is_leaving) = (&other.finalizers, other.leaving);
        (uid, created, labels, finalizers, *leaving, spec)
            == (&other.uid, &other.created, &other.labels, held, is_leaving, &other.spec)
    }

    /// The role that its target group is looked after by, where it names one.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        let given = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        let arn = given(&self.spec.iam_role_arn_to_assume)?;
        Some(Role { arn, external_id: given(&self.spec.assume_role_external_id) })
    }

    /// The binding as a wish would put it, so that the two can be compared.
    #[must_use]
    pub fn as_binding(&self, key: &ObjectKey) -> Binding {
        let spec = &self.spec;
        let rules = spec.networking.iter().flat_map(|networking| &networking.ingress);
        let openings = rules.flat_map(NetworkingRule::openings).collect();
        let is_instance = spec.target_type.as_deref() == Some("instance");
        let named = spec.target_group_arn.clone();
        Binding {
            name: Some(key.name.clone()),
            namespace: key.namespace.clone(),
            labels: self.labels.clone(),
            target_group: Id::Is(named.unwrap_or_else(|| AwsId::new(""))),
            target_type: if is_instance { TargetType::Instance } else { TargetType::Ip },
            protocol: spec.target_group_protocol.clone(),
            service: spec.service_ref.name.clone(),
            port: spec.service_ref.port.clone(),
            openings,
            ipv6: spec.ip_address_type.as_deref() == Some("ipv6"),
            vpc: spec.vpc_id.clone(),
            multi_cluster: spec.multi_cluster_target_group.unwrap_or_default(),
            nodes: spec.node_selector.clone(),
        }
    }
}

impl NetworkingRule {
    /// Each pair of a peer and a port by itself.
    fn openings(&self) -> Vec<Opening> {
        let pairs =
            self.from.iter().flat_map(|peer| self.ports.iter().map(move |port| (peer, port)));
        let opening = |(peer, port): (&NetworkingPeer, &NetworkingPort)| Opening {
            group: peer.security_group.as_ref().map(|group| Id::Is(AwsId::new(&*group.group_id))),
            cidr: peer.ip_block.as_ref().map(|block| block.cidr.clone()),
            protocol: port.protocol.clone().unwrap_or_else(|| "TCP".into()),
            port: port.port.clone(),
        };
        pairs.map(opening).collect()
    }
}
