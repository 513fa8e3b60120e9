//! What each write to AWS has to be allowed, in IAM's words. A test holds `iam/policy.json` against
//! this file, and this file against the operations.

use super::action::AwsAction;

/// What the reads have to be allowed.
pub const READS: &[&str] = &[
    "acm:DescribeCertificate",
    "acm:ListCertificates",
    "acm:ListTagsForCertificate",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "route53:ListHostedZones",
    "route53:ListResourceRecordSets",
];

impl AwsAction {
    /// What this has to be allowed. Whatever is made with tags has to be allowed to be tagged as
    /// well.
    #[must_use]
    pub fn permissions(&self) -> &'static [&'static str] {
        match self {
            Self::CreateSecurityGroup { .. } => &["ec2:CreateSecurityGroup", "ec2:CreateTags"],
            Self::DeleteSecurityGroup { .. } => &["ec2:DeleteSecurityGroup"],
            Self::AuthorizeIngress { .. } => &["ec2:AuthorizeSecurityGroupIngress"],
            Self::RevokeIngress { .. } => &["ec2:RevokeSecurityGroupIngress"],
            Self::TagSecurityGroup { .. } => &["ec2:CreateTags"],
            Self::UntagSecurityGroup { .. } => &["ec2:DeleteTags"],
            Self::ImportCertificate { .. } => {
                &["acm:AddTagsToCertificate", "acm:ImportCertificate"]
            }
            Self::ReimportCertificate { .. } => &["acm:ImportCertificate"],
            Self::DeleteCertificate { .. } => &["acm:DeleteCertificate"],
            Self::ChangeRecords { .. } => &["route53:ChangeResourceRecordSets"],
            _ => self.balancing_permissions(),
        }
    }

    /// What AWS does on the way in the caller's name, so that the caller has to be allowed it too:
    /// "Elastic Load Balancing API permissions" and "service-linked role" in ELB's user guide.
    /// `GetSecurityGroupsForVpc` is not on that page, but AWS refuses who lacks it.
    #[must_use]
    pub fn on_the_way(&self) -> &'static [&'static str] {
        match self {
            Self::CreateLoadBalancer { .. } => &[
                "ec2:DescribeAccountAttributes",
                "ec2:DescribeAddresses",
                "ec2:DescribeInternetGateways",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
                "ec2:GetSecurityGroupsForVpc",
                "iam:CreateServiceLinkedRole",
            ],
            Self::CreateTargetGroup { .. } => {
                &["ec2:DescribeInternetGateways", "ec2:DescribeVpcs", "iam:CreateServiceLinkedRole"]
            }
            Self::RegisterTargets { .. } => &[
                "ec2:DescribeInstances",
                "ec2:DescribeInternetGateways",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            Self::SetSubnets { .. } | Self::SetIpAddressType { .. } => &["ec2:DescribeSubnets"],
            _ => &[],
        }
    }

    fn balancing_permissions(&self) -> &'static [&'static str] {
        match self {
            Self::CreateLoadBalancer { .. } => {
                &["elasticloadbalancing:AddTags", "elasticloadbalancing:CreateLoadBalancer"]
            }
            Self::ModifyLoadBalancerAttributes { .. } => {
                &["elasticloadbalancing:ModifyLoadBalancerAttributes"]
            }
            Self::SetSecurityGroups { .. } => &["elasticloadbalancing:SetSecurityGroups"],
            Self::SetSubnets { .. } => &["elasticloadbalancing:SetSubnets"],
            Self::SetIpAddressType { .. } => &["elasticloadbalancing:SetIpAddressType"],
            Self::DeleteLoadBalancer { .. } => &["elasticloadbalancing:DeleteLoadBalancer"],
            Self::CreateListener { .. } => {
                &["elasticloadbalancing:AddTags", "elasticloadbalancing:CreateListener"]
            }
            Self::ModifyListener { .. } => &["elasticloadbalancing:ModifyListener"],
            Self::DeleteListener { .. } => &["elasticloadbalancing:DeleteListener"],
            Self::AddListenerCertificate { .. } => {
                &["elasticloadbalancing:AddListenerCertificates"]
            }
            Self::RemoveListenerCertificate { .. } => {
                &["elasticloadbalancing:RemoveListenerCertificates"]
            }
            Self::CreateRule { .. } => {
                &["elasticloadbalancing:AddTags", "elasticloadbalancing:CreateRule"]
            }
            Self::ModifyRule { .. } => &["elasticloadbalancing:ModifyRule"],
            Self::SetRulePriorities { .. } => &["elasticloadbalancing:SetRulePriorities"],
            Self::DeleteRule { .. } => &["elasticloadbalancing:DeleteRule"],
            Self::CreateTargetGroup { .. } => {
                &["elasticloadbalancing:AddTags", "elasticloadbalancing:CreateTargetGroup"]
            }
            Self::ModifyTargetGroup { .. } => &["elasticloadbalancing:ModifyTargetGroup"],
            Self::ModifyTargetGroupAttributes { .. } => {
                &["elasticloadbalancing:ModifyTargetGroupAttributes"]
            }
            Self::DeleteTargetGroup { .. } => &["elasticloadbalancing:DeleteTargetGroup"],
            Self::RegisterTargets { .. } => &["elasticloadbalancing:RegisterTargets"],
            Self::DeregisterTargets { .. } => &["elasticloadbalancing:DeregisterTargets"],
            Self::AddTags { .. } => &["elasticloadbalancing:AddTags"],
            Self::RemoveTags { .. } => &["elasticloadbalancing:RemoveTags"],
            _ => &[],
        }
    }
}
