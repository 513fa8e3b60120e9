//! What this program can do in Elastic Load Balancing v2: load balancers and what hangs on them.

use serde::{Deserialize, Serialize};

use super::operation::{Operation, Service};
use crate::model::id::{AwsId, Handle, Id};
use crate::model::listener::Listener;
use crate::model::load_balancer::{Attributes, IpAddressType, LoadBalancer};
use crate::model::marks::Tags;
use crate::model::rule::Rule;
use crate::model::secret::SecretBytes;
use crate::model::target::Target;
use crate::model::target_group::{HealthCheck, TargetGroup};

const ELB: Service = Service { name: "elbv2", iam: "elasticloadbalancing" };

/// What the reads of this service have to be allowed.
pub(in crate::model) const READS: &[&str] = &[
    "elasticloadbalancing:DescribeAccountLimits",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeTrustStores",
];
/// What making a load balancer takes beside the permission for it. `GetSecurityGroupsForVpc` is not
/// on the page of the user guide, but AWS refuses who lacks it.
const FOR_LOAD_BALANCERS: &[&str] = &[
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ec2:GetSecurityGroupsForVpc",
    "elasticloadbalancing:AddTags",
    "iam:CreateServiceLinkedRole",
];
/// What making a target group takes beside the permission for it.
const FOR_TARGET_GROUPS: &[&str] = &[
    "ec2:DescribeInternetGateways",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:AddTags",
    "iam:CreateServiceLinkedRole",
];
/// What registering targets takes beside the permission for it.
const FOR_TARGETS: &[&str] = &[
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
];

/// What a listener or a rule that asks clients to log in with Amazon Cognito takes beside the
/// permission for it.
const FOR_COGNITO: &str = "cognito-idp:DescribeUserPoolClient";

/// One mutating call to Elastic Load Balancing v2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ElbAction {
    /// Makes a load balancer.
    CreateLoadBalancer {
        /// What it will be known as.
        handle: Handle,
        /// What it should be.
        spec: LoadBalancer,
    },
    /// Sets attributes of a load balancer.
    ModifyLoadBalancerAttributes {
        /// Which one.
        load_balancer: Id,
        /// The attributes that differ.
        attributes: Attributes,
    },
    /// Replaces the security groups of a load balancer.
    SetSecurityGroups {
        /// Which one.
        load_balancer: AwsId,
        /// All of its security groups.
        security_groups: Vec<Id>,
    },
    /// Replaces the subnets of a load balancer.
    SetSubnets {
        /// Which one.
        load_balancer: AwsId,
        /// All of its subnets.
        subnets: Vec<AwsId>,
        /// The Elastic IP addresses of a network load balancer, in the order of the subnets.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        allocations: Vec<AwsId>,
    },
    /// Changes which kinds of addresses a load balancer has.
    SetIpAddressType {
        /// Which one.
        load_balancer: AwsId,
        /// The kinds.
        ip_address_type: IpAddressType,
    },
    /// Changes the IPAM pool that a load balancer's public IPv4 addresses come from.
    ModifyIpPools {
        /// Which one.
        load_balancer: AwsId,
        /// The pool; `None` for AWS's own.
        pool: Option<String>,
    },
    /// Changes the capacity that AWS keeps ready for a load balancer.
    ModifyCapacityReservation {
        /// Which one.
        load_balancer: Id,
        /// How many capacity units; 0 for none.
        units: u32,
    },
    /// Removes a load balancer and its listeners.
    DeleteLoadBalancer {
        /// Which one.
        id: AwsId,
    },
    /// Makes a listener.
    CreateListener {
        /// What it will be known as.
        handle: Handle,
        /// The load balancer.
        load_balancer: Id,
        /// The port.
        port: u16,
        /// What it should be; certificates beyond the default one come with steps of their own.
        spec: Listener,
    },
    /// Changes a listener's protocol, default actions, default certificate and TLS policy.
    ModifyListener {
        /// Which one.
        id: AwsId,
        /// Its port.
        port: u16,
        /// What it should be.
        spec: Listener,
    },
    /// Sets attributes of a listener.
    ModifyListenerAttributes {
        /// Which one.
        listener: Id,
        /// Its port.
        port: u16,
        /// The attributes that differ.
        attributes: Attributes,
    },
    /// Removes a listener and its rules.
    DeleteListener {
        /// Which one.
        id: AwsId,
    },
    /// Adds a certificate to those chosen by host name.
    AddListenerCertificate {
        /// The listener.
        listener: Id,
        /// The certificate.
        certificate: Id,
    },
    /// Removes a certificate from those chosen by host name.
    RemoveListenerCertificate {
        /// The listener.
        listener: AwsId,
        /// The certificate.
        certificate: AwsId,
    },
    /// Makes a rule.
    CreateRule {
        /// The listener.
        listener: Id,
        /// Its priority.
        priority: u32,
        /// What it should do.
        spec: Rule,
        /// Its tags, tracking tags included.
        tags: Tags,
    },
    /// Changes the conditions and actions of a rule.
    ModifyRule {
        /// Which one.
        id: AwsId,
        /// What it should do.
        spec: Rule,
    },
    /// Moves rules, all at once.
    SetRulePriorities {
        /// The rules and where they go.
        priorities: Vec<(AwsId, u32)>,
    },
    /// Removes a rule.
    DeleteRule {
        /// Which one.
        id: AwsId,
    },
    /// Makes a target group.
    CreateTargetGroup {
        /// What it will be known as.
        handle: Handle,
        /// What it should be.
        spec: TargetGroup,
    },
    /// Changes a target group's health check.
    ModifyTargetGroup {
        /// Which one.
        id: AwsId,
        /// The whole health check.
        health_check: HealthCheck,
        /// Whether the success codes are gRPC's.
        is_grpc: bool,
    },
    /// Sets attributes of a target group.
    ModifyTargetGroupAttributes {
        /// Which one.
        target_group: Id,
        /// The attributes that differ.
        attributes: Attributes,
    },
    /// Removes a target group.
    DeleteTargetGroup {
        /// Which one.
        id: AwsId,
    },
    /// Registers targets (AWS: at most 200 a call).
    RegisterTargets {
        /// The target group.
        target_group: Id,
        /// The targets.
        targets: Vec<Target>,
    },
    /// Deregisters targets (AWS: at most 200 a call).
    DeregisterTargets {
        /// The target group.
        target_group: AwsId,
        /// The targets.
        targets: Vec<Target>,
    },
    /// Registers a load balancer as the target of a network load balancer's target group.
    RegisterLoadBalancer {
        /// The target group.
        target_group: Id,
        /// The load balancer.
        load_balancer: Id,
        /// The port of the load balancer.
        port: u16,
    },
    /// Adds or overwrites tags of a load balancer, listener, rule or target group.
    AddTags {
        /// Which one.
        id: AwsId,
        /// The tags that differ.
        tags: Tags,
    },
    /// Removes tags of a load balancer, listener, rule or target group.
    RemoveTags {
        /// Which one.
        id: AwsId,
        /// The keys.
        keys: Vec<String>,
    },
}

impl ElbAction {
    /// What there is to say of it.
    pub(super) fn about(&self) -> Operation {
        match self {
            Self::CreateLoadBalancer { .. } => {
                ELB.adds("CreateLoadBalancer").and(FOR_LOAD_BALANCERS)
            }
            Self::ModifyLoadBalancerAttributes { .. } => {
                ELB.changes("ModifyLoadBalancerAttributes")
            }
            Self::SetSecurityGroups { .. } => ELB.changes("SetSecurityGroups"),
            Self::SetSubnets { .. } => ELB.changes("SetSubnets").and(&["ec2:DescribeSubnets"]),
            Self::SetIpAddressType { .. } => {
                ELB.changes("SetIpAddressType").and(&["ec2:DescribeSubnets"])
            }
            Self::ModifyIpPools { .. } => ELB.changes("ModifyIpPools"),
            Self::ModifyCapacityReservation { .. } => ELB.changes("ModifyCapacityReservation"),
            Self::DeleteLoadBalancer { .. } => ELB.removes("DeleteLoadBalancer"),
            Self::CreateListener { .. } => {
                ELB.adds("CreateListener").and(&["elasticloadbalancing:AddTags", FOR_COGNITO])
            }
            Self::ModifyListener { .. } => ELB.changes("ModifyListener").and(&[FOR_COGNITO]),
            Self::ModifyListenerAttributes { .. } => ELB.changes("ModifyListenerAttributes"),
            Self::DeleteListener { .. } => ELB.removes("DeleteListener"),
            Self::AddListenerCertificate { .. } => ELB.changes("AddListenerCertificates"),
            Self::RemoveListenerCertificate { .. } => ELB.changes("RemoveListenerCertificates"),
            Self::CreateRule { .. } => {
                ELB.adds("CreateRule").and(&["elasticloadbalancing:AddTags", FOR_COGNITO])
            }
            Self::ModifyRule { .. } => ELB.changes("ModifyRule").and(&[FOR_COGNITO]),
            Self::SetRulePriorities { .. } => ELB.changes("SetRulePriorities"),
            Self::DeleteRule { .. } => ELB.removes("DeleteRule"),
            Self::CreateTargetGroup { .. } => ELB.adds("CreateTargetGroup").and(FOR_TARGET_GROUPS),
            Self::ModifyTargetGroup { .. } => ELB.changes("ModifyTargetGroup"),
            Self::ModifyTargetGroupAttributes { .. } => ELB.changes("ModifyTargetGroupAttributes"),
            Self::DeleteTargetGroup { .. } => ELB.removes("DeleteTargetGroup"),
            Self::RegisterTargets { .. } | Self::RegisterLoadBalancer { .. } => {
                ELB.adds("RegisterTargets").and(FOR_TARGETS)
            }
            Self::DeregisterTargets { .. } => ELB.removes("DeregisterTargets"),
            Self::AddTags { .. } => ELB.changes("AddTags"),
            Self::RemoveTags { .. } => ELB.changes("RemoveTags"),
        }
    }

    /// What this makes.
    pub(super) fn makes(&self) -> Option<&Handle> {
        match self {
            Self::CreateLoadBalancer { handle, .. }
            | Self::CreateListener { handle, .. }
            | Self::CreateTargetGroup { handle, .. } => Some(handle),
            Self::ModifyLoadBalancerAttributes { .. }
            | Self::SetSecurityGroups { .. }
            | Self::SetSubnets { .. }
            | Self::SetIpAddressType { .. }
            | Self::ModifyIpPools { .. }
            | Self::ModifyCapacityReservation { .. }
            | Self::DeleteLoadBalancer { .. }
            | Self::ModifyListener { .. }
            | Self::ModifyListenerAttributes { .. }
            | Self::DeleteListener { .. }
            | Self::AddListenerCertificate { .. }
            | Self::RemoveListenerCertificate { .. }
            | Self::CreateRule { .. }
            | Self::ModifyRule { .. }
            | Self::SetRulePriorities { .. }
            | Self::DeleteRule { .. }
            | Self::ModifyTargetGroup { .. }
            | Self::ModifyTargetGroupAttributes { .. }
            | Self::DeleteTargetGroup { .. }
            | Self::RegisterTargets { .. }
            | Self::DeregisterTargets { .. }
            | Self::RegisterLoadBalancer { .. }
            | Self::AddTags { .. }
            | Self::RemoveTags { .. } => None,
        }
    }

    /// Calls `visit` with the bytes of Secrets that this needs.
    pub(super) fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut SecretBytes)) {
        if let Self::CreateListener { spec: Listener { default_actions: actions, .. }, .. }
        | Self::ModifyListener { spec: Listener { default_actions: actions, .. }, .. }
        | Self::CreateRule { spec: Rule { actions, .. }, .. }
        | Self::ModifyRule { spec: Rule { actions, .. }, .. } = self
        {
            actions.iter_mut().for_each(|action| action.visit_secrets(visit));
        }
    }

    /// Calls `visit` with every identifier that may not have been given yet.
    pub(super) fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::CreateLoadBalancer { spec, .. } => {
                spec.security_groups.iter_mut().for_each(visit);
            }
            Self::ModifyLoadBalancerAttributes { load_balancer: id, .. }
            | Self::ModifyCapacityReservation { load_balancer: id, .. }
            | Self::ModifyListenerAttributes { listener: id, .. }
            | Self::ModifyTargetGroupAttributes { target_group: id, .. }
            | Self::RegisterTargets { target_group: id, .. } => visit(id),
            Self::SetSecurityGroups { security_groups, .. } => {
                security_groups.iter_mut().for_each(visit);
            }
            Self::AddListenerCertificate { listener, certificate } => {
                visit(listener);
                visit(certificate);
            }
            Self::RegisterLoadBalancer { target_group, load_balancer, .. } => {
                visit(target_group);
                visit(load_balancer);
            }
            Self::CreateListener { load_balancer, spec, .. } => {
                visit(load_balancer);
                visit_listener(spec, visit);
            }
            Self::ModifyListener { spec, .. } => visit_listener(spec, visit),
            Self::CreateRule { listener, spec, .. } => {
                visit(listener);
                visit_rule(spec, visit);
            }
            Self::ModifyRule { spec, .. } => visit_rule(spec, visit),
            Self::SetSubnets { .. }
            | Self::SetIpAddressType { .. }
            | Self::ModifyIpPools { .. }
            | Self::DeleteLoadBalancer { .. }
            | Self::DeleteListener { .. }
            | Self::RemoveListenerCertificate { .. }
            | Self::SetRulePriorities { .. }
            | Self::DeleteRule { .. }
            | Self::CreateTargetGroup { .. }
            | Self::ModifyTargetGroup { .. }
            | Self::DeleteTargetGroup { .. }
            | Self::DeregisterTargets { .. }
            | Self::AddTags { .. }
            | Self::RemoveTags { .. } => {}
        }
    }
}

fn visit_listener(listener: &mut Listener, visit: &mut dyn FnMut(&mut Id)) {
    listener.default_certificate.iter_mut().for_each(&mut *visit);
    listener.default_actions.iter_mut().for_each(|action| action.visit_ids(visit));
}

fn visit_rule(rule: &mut Rule, visit: &mut dyn FnMut(&mut Id)) {
    rule.actions.iter_mut().for_each(|action| action.visit_ids(visit));
}
