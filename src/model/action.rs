//! Everything this program can do. What is no variant here, it cannot do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::binding::Binding;
use super::certificate::Certificate;
use super::group::Group;
use super::id::{AwsId, Handle, Id, ObjectKey};
use super::listener::Listener;
use super::load_balancer::{Attributes, IpAddressType, LoadBalancer};
use super::marks::Tags;
use super::memory::Memory;
use super::record::{HostedZone, RecordChange, Verb};
use super::rule::Rule;
use super::security::{IngressRule, SecurityGroup};
use super::target::Target;
use super::target_group::{HealthCheck, TargetGroup};

mod ids;

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// One call to AWS.
    Aws(AwsAction),
    /// One write to the API server.
    Kube(KubeAction),
}

/// One mutating call to AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AwsAction {
    /// Makes a security group, without rules.
    CreateSecurityGroup {
        /// What it will be known as.
        handle: Handle,
        /// What it should be; its rules come with a step of their own.
        spec: SecurityGroup,
    },
    /// Removes a security group.
    DeleteSecurityGroup {
        /// Which one.
        id: AwsId,
    },
    /// Lets traffic into a security group.
    AuthorizeIngress {
        /// Which one.
        group: Id,
        /// The rules to add.
        rules: BTreeSet<IngressRule>,
        /// The description they carry.
        description: String,
    },
    /// Lets less traffic into a security group.
    RevokeIngress {
        /// Which one.
        group: Id,
        /// The rules to remove.
        rules: BTreeSet<IngressRule>,
        /// The description that they carry.
        description: String,
    },
    /// Adds or overwrites tags of a security group.
    TagSecurityGroup {
        /// Which one.
        id: AwsId,
        /// The tags that differ.
        tags: Tags,
    },
    /// Removes tags of a security group.
    UntagSecurityGroup {
        /// Which one.
        id: AwsId,
        /// The tags, with the values they have.
        tags: Tags,
    },
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
    },
    /// Changes which kinds of addresses a load balancer has.
    SetIpAddressType {
        /// Which one.
        load_balancer: AwsId,
        /// The kinds.
        ip_address_type: IpAddressType,
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
    /// Makes a certificate.
    ImportCertificate {
        /// What it will be known as.
        handle: Handle,
        /// What it should be.
        spec: Box<Certificate>,
    },
    /// Gives a certificate that stands new content; whatever uses it goes on doing so. AWS takes no
    /// tags here.
    ReimportCertificate {
        /// Which one.
        id: AwsId,
        /// What it should be.
        spec: Box<Certificate>,
    },
    /// Removes a certificate.
    DeleteCertificate {
        /// Which one.
        id: AwsId,
    },
    /// Changes records of a hosted zone, all of them or none.
    ChangeRecords {
        /// Which zone.
        zone: HostedZone,
        /// The changes.
        changes: Vec<RecordChange>,
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

/// One write to the API server that orders something: what comes later relies on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KubeAction {
    /// Puts a finalizer on an Ingress, before anything is made for it.
    ClaimIngress {
        /// Which one.
        ingress: ObjectKey,
        /// The finalizer.
        finalizer: String,
    },
    /// Takes a finalizer off an Ingress, after everything made for it is gone.
    ReleaseIngress {
        /// Which one.
        ingress: ObjectKey,
        /// The finalizer.
        finalizer: String,
    },
    /// Makes a TargetGroupBinding.
    Bind {
        /// What it should be.
        binding: Binding,
    },
    /// Brings a standing TargetGroupBinding into line.
    Rebind {
        /// Which one.
        name: ObjectKey,
        /// What it should be.
        binding: Binding,
    },
    /// Removes a TargetGroupBinding.
    Unbind {
        /// Which one.
        name: ObjectKey,
    },
    /// Puts our finalizer on a TargetGroupBinding, before targets are registered for it.
    ClaimBinding {
        /// Which one.
        name: ObjectKey,
    },
    /// Takes our finalizer off a TargetGroupBinding, after its targets are deregistered.
    ReleaseBinding {
        /// Which one.
        name: ObjectKey,
    },
    /// Remembers something of an Ingress group that neither Kubernetes nor AWS can tell.
    Remember {
        /// The group.
        group: Group,
        /// All that is to be remembered; nothing to remember removes what was.
        memory: Memory,
    },
}

/// How a step changes what stands; the sign that starts its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// Something is made.
    Add,
    /// Something is changed.
    Change,
    /// Something is removed.
    Remove,
}

impl Sign {
    /// The character that starts the line.
    #[must_use]
    pub fn as_char(self) -> char {
        match self {
            Self::Add => '+',
            Self::Change => '~',
            Self::Remove => '-',
        }
    }
}

impl AwsAction {
    /// The service and the operation, as AWS names them.
    #[must_use]
    pub fn operation(&self) -> (&'static str, &'static str) {
        match self {
            Self::CreateSecurityGroup { .. } => ("ec2", "CreateSecurityGroup"),
            Self::DeleteSecurityGroup { .. } => ("ec2", "DeleteSecurityGroup"),
            Self::AuthorizeIngress { .. } => ("ec2", "AuthorizeSecurityGroupIngress"),
            Self::RevokeIngress { .. } => ("ec2", "RevokeSecurityGroupIngress"),
            Self::TagSecurityGroup { .. } => ("ec2", "CreateTags"),
            Self::UntagSecurityGroup { .. } => ("ec2", "DeleteTags"),
            Self::CreateLoadBalancer { .. } => ("elbv2", "CreateLoadBalancer"),
            Self::ModifyLoadBalancerAttributes { .. } => ("elbv2", "ModifyLoadBalancerAttributes"),
            Self::SetSecurityGroups { .. } => ("elbv2", "SetSecurityGroups"),
            Self::SetSubnets { .. } => ("elbv2", "SetSubnets"),
            Self::SetIpAddressType { .. } => ("elbv2", "SetIpAddressType"),
            Self::DeleteLoadBalancer { .. } => ("elbv2", "DeleteLoadBalancer"),
            Self::CreateListener { .. } => ("elbv2", "CreateListener"),
            Self::ModifyListener { .. } => ("elbv2", "ModifyListener"),
            Self::DeleteListener { .. } => ("elbv2", "DeleteListener"),
            Self::AddListenerCertificate { .. } => ("elbv2", "AddListenerCertificates"),
            Self::RemoveListenerCertificate { .. } => ("elbv2", "RemoveListenerCertificates"),
            Self::CreateRule { .. } => ("elbv2", "CreateRule"),
            Self::ModifyRule { .. } => ("elbv2", "ModifyRule"),
            Self::SetRulePriorities { .. } => ("elbv2", "SetRulePriorities"),
            Self::DeleteRule { .. } => ("elbv2", "DeleteRule"),
            Self::CreateTargetGroup { .. } => ("elbv2", "CreateTargetGroup"),
            Self::ModifyTargetGroup { .. } => ("elbv2", "ModifyTargetGroup"),
            Self::ModifyTargetGroupAttributes { .. } => ("elbv2", "ModifyTargetGroupAttributes"),
            Self::DeleteTargetGroup { .. } => ("elbv2", "DeleteTargetGroup"),
            Self::RegisterTargets { .. } => ("elbv2", "RegisterTargets"),
            Self::DeregisterTargets { .. } => ("elbv2", "DeregisterTargets"),
            Self::ImportCertificate { .. } | Self::ReimportCertificate { .. } => {
                ("acm", "ImportCertificate")
            }
            Self::DeleteCertificate { .. } => ("acm", "DeleteCertificate"),
            Self::ChangeRecords { .. } => ("route53", "ChangeResourceRecordSets"),
            Self::AddTags { .. } => ("elbv2", "AddTags"),
            Self::RemoveTags { .. } => ("elbv2", "RemoveTags"),
        }
    }

    /// What this makes.
    #[must_use]
    pub fn makes(&self) -> Option<&Handle> {
        match self {
            Self::CreateSecurityGroup { handle, .. }
            | Self::CreateLoadBalancer { handle, .. }
            | Self::CreateListener { handle, .. }
            | Self::CreateTargetGroup { handle, .. }
            | Self::ImportCertificate { handle, .. } => Some(handle),
            _ => None,
        }
    }
}

impl KubeAction {
    /// The write, as the plan and the log name it.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::ClaimIngress { .. } => "ClaimIngress",
            Self::ReleaseIngress { .. } => "ReleaseIngress",
            Self::Bind { .. } => "Bind",
            Self::Rebind { .. } => "Rebind",
            Self::Unbind { .. } => "Unbind",
            Self::ClaimBinding { .. } => "ClaimBinding",
            Self::ReleaseBinding { .. } => "ReleaseBinding",
            Self::Remember { .. } => "Remember",
        }
    }
}

impl Action {
    /// Whether this makes, changes or removes something.
    #[must_use]
    pub fn sign(&self) -> Sign {
        match self {
            Self::Aws(action) => action.sign(),
            Self::Kube(KubeAction::Bind { .. }) => Sign::Add,
            Self::Kube(KubeAction::Unbind { .. }) => Sign::Remove,
            Self::Kube(
                KubeAction::ClaimIngress { .. }
                | KubeAction::ReleaseIngress { .. }
                | KubeAction::Rebind { .. }
                | KubeAction::ClaimBinding { .. }
                | KubeAction::ReleaseBinding { .. }
                | KubeAction::Remember { .. },
            ) => Sign::Change,
        }
    }

    /// The service and the operation; writes to the API server are `kubernetes`'s.
    #[must_use]
    pub fn operation(&self) -> (&'static str, &'static str) {
        match self {
            Self::Aws(action) => action.operation(),
            Self::Kube(action) => ("kubernetes", action.operation()),
        }
    }
}

impl AwsAction {
    fn sign(&self) -> Sign {
        let (_, operation) = self.operation();
        if let Self::ChangeRecords { changes, .. } = self {
            let all = |verb| changes.iter().all(|change| change.verb == verb);
            return match (all(Verb::Create), all(Verb::Delete)) {
                (true, _) => Sign::Add,
                (false, true) => Sign::Remove,
                (false, false) => Sign::Change,
            };
        }
        let is_import = matches!(self, Self::ImportCertificate { .. });
        if operation.ends_with("Tags") {
            // EC2 creates and deletes tags, ELB adds and removes them: a thing is changed.
            Sign::Change
        } else if operation.starts_with("Create") || operation == "RegisterTargets" || is_import {
            Sign::Add
        } else if operation.starts_with("Delete") || operation == "DeregisterTargets" {
            Sign::Remove
        } else {
            Sign::Change
        }
    }
}
