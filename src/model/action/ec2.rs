//! What this program can do in EC2: security groups and their rules.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::operation::{Operation, Service};
use crate::model::id::{AwsId, Handle, Id};
use crate::model::marks::Tags;
use crate::model::security::{IngressRule, SecurityGroup};

const EC2: Service = Service { name: "ec2", iam: "ec2" };

/// What the reads of this service have to be allowed.
pub(in crate::model) const READS: &[&str] = &[
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
];

/// One mutating call to EC2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ec2Action {
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
}

impl Ec2Action {
    /// What there is to say of it.
    pub(super) fn about(&self) -> Operation {
        match self {
            Self::CreateSecurityGroup { .. } => {
                EC2.adds("CreateSecurityGroup").and(&["ec2:CreateTags"])
            }
            Self::DeleteSecurityGroup { .. } => EC2.removes("DeleteSecurityGroup"),
            Self::AuthorizeIngress { .. } => EC2.changes("AuthorizeSecurityGroupIngress"),
            Self::RevokeIngress { .. } => EC2.changes("RevokeSecurityGroupIngress"),
            Self::TagSecurityGroup { .. } => EC2.changes("CreateTags"),
            Self::UntagSecurityGroup { .. } => EC2.changes("DeleteTags"),
        }
    }

    /// What this makes.
    pub(super) fn makes(&self) -> Option<&Handle> {
        match self {
            Self::CreateSecurityGroup { handle, .. } => Some(handle),
            Self::DeleteSecurityGroup { .. }
            | Self::AuthorizeIngress { .. }
            | Self::RevokeIngress { .. }
            | Self::TagSecurityGroup { .. }
            | Self::UntagSecurityGroup { .. } => None,
        }
    }

    /// Calls `visit` with every identifier that may not have been given yet.
    pub(super) fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::AuthorizeIngress { group, rules, .. }
            | Self::RevokeIngress { group, rules, .. } => {
                visit(group);
                let resolved = std::mem::take(rules).into_iter().map(|mut rule| {
                    rule.visit_ids(visit);
                    rule
                });
                *rules = resolved.collect();
            }
            Self::CreateSecurityGroup { .. }
            | Self::DeleteSecurityGroup { .. }
            | Self::TagSecurityGroup { .. }
            | Self::UntagSecurityGroup { .. } => {}
        }
    }
}
