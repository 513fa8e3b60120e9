//! What the role of a controller has to be allowed in AWS, as a question to IAM: which action, on
//! what, under which circumstances.
//!
//! Policies bind most of it to the cluster's tag, to the VPC or to the call that makes something,
//! so a question that says nothing of those is answered with no by a policy that allows it all.

use std::collections::BTreeSet;

use super::action::{EC2_READS, ELB_READS};
use super::evidence::Service;

/// A circumstance that conditions of policies ask for: its key, and the values that it has.
pub type Circumstance = (&'static str, &'static [&'static str]);

/// Actions that are asked about together: on the same thing, under the same circumstances.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Whose work they are; `None` where only some Ingresses need them.
    pub service: Option<Service>,
    /// The actions, in IAM's words.
    pub actions: &'static [&'static str],
    /// The ARN of what they are on, with a [`Ground`]'s words in braces; `*` where they are on
    /// nothing of its own.
    on: &'static str,
    /// The circumstances that they have besides those of all calls.
    with: &'static [Circumstance],
}

/// What questions are asked about.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The partition, as in `aws-cn`.
    pub partition: String,
    /// The region.
    pub region: String,
    /// The account's number.
    pub account: String,
    /// The VPC.
    pub vpc: String,
    /// The cluster's own name, as EKS has it.
    pub cluster: String,
    /// The name that goes into tags.
    pub tag: String,
    /// A hosted zone.
    pub zone: String,
}

const ANYTHING: &str = "*";
const CERTIFICATE: &str =
    "arn:{partition}:acm:{region}:{account}:certificate/01234567-89ab-cdef-0123-456789abcdef";
const LISTENER: &str = "arn:{partition}:elasticloadbalancing:{region}:{account}:listener/app/\
                        k8s-albedo/0123456789abcdef/0123456789abcdef";
const LOAD_BALANCER: &str = "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/\
                             app/k8s-albedo/0123456789abcdef";
const PROTECTION: &str =
    "arn:{partition}:shield::{account}:protection/01234567-89ab-cdef-0123-456789abcdef";
const RULE: &str = "arn:{partition}:elasticloadbalancing:{region}:{account}:listener-rule/app/\
                    k8s-albedo/0123456789abcdef/0123456789abcdef/0123456789abcdef";
const SECURITY_GROUP: &str =
    "arn:{partition}:ec2:{region}:{account}:security-group/sg-0123456789abcdef0";
const SERVICE_ROLE: &str = "arn:{partition}:iam::{account}:role/aws-service-role/\
    elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing";
const TARGET_GROUP: &str = "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/\
                            k8s-albedo/0123456789abcdef";
const USER_POOL: &str =
    "arn:{partition}:cognito-idp:{region}:{account}:userpool/{region}_0123456789";
const VPC: &str = "arn:{partition}:ec2:{region}:{account}:vpc/{vpc}";
const WEB_ACL: &str = "arn:{partition}:wafv2:{region}:{account}:regional/webacl/albedo/\
                       01234567-89ab-cdef-0123-456789abcdef";
const ZONE: &str = "arn:{partition}:route53:::hostedzone/{zone}";

/// It is given the cluster's tag.
const NAMED: Circumstance = ("aws:RequestTag/elbv2.k8s.aws/cluster", &["{tag}"]);
/// It has the cluster's tag.
const OURS: Circumstance = ("aws:ResourceTag/elbv2.k8s.aws/cluster", &["{tag}"]);
/// What is tagged is made by that call.
const CREATE_ACTION: &str = "elasticloadbalancing:CreateAction";

/// The circumstances of every call; the first is that of EKS Pod Identity's sessions.
const OF_ALL: &[Circumstance] = &[
    ("aws:PrincipalTag/eks-cluster-name", &["{cluster}"]),
    ("aws:PrincipalAccount", &["{account}"]),
    ("aws:RequestedRegion", &["{region}"]),
    ("aws:ResourceAccount", &["{account}"]),
    ("aws:SecureTransport", &["true"]),
    ("ec2:Region", &["{region}"]),
];

const fn ask(
    service: Option<Service>,
    actions: &'static [&'static str],
    on: &'static str,
    with: &'static [Circumstance],
) -> Question {
    Question { service, actions, on, with }
}

const ACM: Option<Service> = Some(Service::Acm);
const EC2: Option<Service> = Some(Service::Ec2);
const ELB: Option<Service> = Some(Service::Elb);
const ROUTE53: Option<Service> = Some(Service::Route53);
const SHIELD: Option<Service> = Some(Service::Shield);
const WAF: Option<Service> = Some(Service::Wafv2);

/// All that is asked. A test holds it against `iam/policy.json`.
pub const QUESTIONS: &[Question] = &[
    ask(EC2, EC2_READS, ANYTHING, &[]),
    // ELB asks in the caller's name where a load balancer is made.
    ask(
        EC2,
        &[
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAddresses",
            "ec2:DescribeInternetGateways",
            "ec2:GetSecurityGroupsForVpc",
        ],
        ANYTHING,
        &[],
    ),
    ask(EC2, &["ec2:CreateSecurityGroup"], SECURITY_GROUP, &[NAMED]),
    ask(EC2, &["ec2:CreateSecurityGroup"], VPC, &[]),
    ask(
        EC2,
        &["ec2:CreateTags"],
        SECURITY_GROUP,
        &[NAMED, ("ec2:CreateAction", &["CreateSecurityGroup"])],
    ),
    ask(
        EC2,
        &["ec2:CreateTags", "ec2:DeleteSecurityGroup", "ec2:DeleteTags"],
        SECURITY_GROUP,
        &[OURS],
    ),
    // The nodes' security groups are not the controller's.
    ask(
        EC2,
        &["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
        SECURITY_GROUP,
        &[("ec2:Vpc", &[VPC])],
    ),
    ask(ELB, ELB_READS, ANYTHING, &[]),
    ask(ELB, &["elasticloadbalancing:CreateLoadBalancer"], LOAD_BALANCER, &[NAMED]),
    ask(ELB, &["elasticloadbalancing:CreateTargetGroup"], TARGET_GROUP, &[NAMED]),
    ask(ELB, &["elasticloadbalancing:CreateListener"], LOAD_BALANCER, &[NAMED, OURS]),
    ask(ELB, &["elasticloadbalancing:CreateRule"], LISTENER, &[NAMED, OURS]),
    ask(
        ELB,
        &["elasticloadbalancing:AddTags"],
        LOAD_BALANCER,
        &[NAMED, (CREATE_ACTION, &["CreateLoadBalancer"])],
    ),
    ask(
        ELB,
        &["elasticloadbalancing:AddTags"],
        TARGET_GROUP,
        &[NAMED, (CREATE_ACTION, &["CreateTargetGroup"])],
    ),
    ask(
        ELB,
        &["elasticloadbalancing:AddTags"],
        LISTENER,
        &[NAMED, (CREATE_ACTION, &["CreateListener"])],
    ),
    ask(ELB, &["elasticloadbalancing:AddTags"], RULE, &[NAMED, (CREATE_ACTION, &["CreateRule"])]),
    ask(
        ELB,
        &[
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:DeleteLoadBalancer",
            "elasticloadbalancing:ModifyCapacityReservation",
            "elasticloadbalancing:ModifyIpPools",
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "elasticloadbalancing:RemoveTags",
            "elasticloadbalancing:SetIpAddressType",
            "elasticloadbalancing:SetSecurityGroups",
            "elasticloadbalancing:SetSubnets",
        ],
        LOAD_BALANCER,
        &[OURS],
    ),
    ask(
        ELB,
        &[
            "elasticloadbalancing:AddListenerCertificates",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:DeleteListener",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:ModifyListenerAttributes",
            "elasticloadbalancing:RemoveListenerCertificates",
            "elasticloadbalancing:RemoveTags",
        ],
        LISTENER,
        &[OURS],
    ),
    ask(
        ELB,
        &[
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:DeleteRule",
            "elasticloadbalancing:ModifyRule",
            "elasticloadbalancing:RemoveTags",
            "elasticloadbalancing:SetRulePriorities",
        ],
        RULE,
        &[OURS],
    ),
    ask(
        ELB,
        &[
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:DeleteTargetGroup",
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:RegisterTargets",
            "elasticloadbalancing:RemoveTags",
        ],
        TARGET_GROUP,
        &[OURS],
    ),
    ask(ACM, &["acm:ListCertificates"], ANYTHING, &[]),
    ask(ACM, &["acm:DescribeCertificate", "acm:ListTagsForCertificate"], CERTIFICATE, &[]),
    ask(ACM, &["acm:AddTagsToCertificate", "acm:ImportCertificate"], CERTIFICATE, &[NAMED]),
    ask(ACM, &["acm:RequestCertificate"], ANYTHING, &[NAMED, ("acm:ValidationMethod", &["DNS"])]),
    ask(ACM, &["acm:DeleteCertificate", "acm:ImportCertificate"], CERTIFICATE, &[OURS]),
    ask(ROUTE53, &["route53:ListHostedZones"], ANYTHING, &[]),
    ask(ROUTE53, &["route53:GetChange"], "arn:{partition}:route53:::change/C0123456789ABC", &[]),
    ask(ROUTE53, &["route53:ListResourceRecordSets", "route53:ListTagsForResources"], ZONE, &[]),
    ask(
        ROUTE53,
        &["route53:ChangeResourceRecordSets"],
        ZONE,
        &[("route53:ChangeResourceRecordSetsRecordTypes", &["A", "AAAA", "CNAME", "TXT"])],
    ),
    ask(WAF, &["wafv2:ListWebACLs"], ANYTHING, &[]),
    ask(
        WAF,
        &[
            "elasticloadbalancing:SetWebAcl",
            "wafv2:AssociateWebACL",
            "wafv2:DisassociateWebACL",
            "wafv2:GetWebACLForResource",
        ],
        LOAD_BALANCER,
        &[OURS],
    ),
    ask(WAF, &["wafv2:AssociateWebACL", "wafv2:GetWebACL"], WEB_ACL, &[]),
    ask(SHIELD, &["shield:GetSubscriptionState"], ANYTHING, &[]),
    ask(
        SHIELD,
        &["shield:CreateProtection", "shield:DeleteProtection", "shield:DescribeProtection"],
        PROTECTION,
        &[],
    ),
    ask(None, &["cognito-idp:DescribeUserPoolClient"], USER_POOL, &[]),
    ask(
        None,
        &["iam:CreateServiceLinkedRole"],
        SERVICE_ROLE,
        &[("iam:AWSServiceName", &["elasticloadbalancing.amazonaws.com"])],
    ),
];

impl Question {
    /// The ARN of what it is about.
    #[must_use]
    pub fn resource(&self, ground: &Ground) -> String {
        ground.fill(self.on)
    }

    /// Whether it is about a hosted zone.
    #[must_use]
    pub fn is_of_zone(&self) -> bool {
        self.on == ZONE
    }

    /// All circumstances that are known: keys and values.
    #[must_use]
    pub fn circumstances(&self, ground: &Ground) -> Vec<(&'static str, Vec<String>)> {
        let all = OF_ALL.iter().chain(self.with);
        let fill = |values: &[&str]| values.iter().map(|value| ground.fill(value)).collect();
        all.map(|(key, values)| (*key, fill(values))).collect()
    }

    /// What nobody here knows of what policies ask for. What is left out on purpose is known.
    #[must_use]
    pub fn unknown(missing: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let of_questions = QUESTIONS.iter().flat_map(|one| one.with);
        let known: BTreeSet<String> =
            OF_ALL.iter().chain(of_questions).map(|(key, _)| key.to_lowercase()).collect();
        missing.into_iter().filter(|key| !known.contains(&key.to_lowercase())).collect()
    }
}

impl Ground {
    fn fill(&self, text: &str) -> String {
        let words = [
            ("{partition}", &self.partition),
            ("{region}", &self.region),
            ("{account}", &self.account),
            ("{vpc}", &self.vpc),
            ("{cluster}", &self.cluster),
            ("{tag}", &self.tag),
            ("{zone}", &self.zone),
        ];
        words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value))
    }
}
