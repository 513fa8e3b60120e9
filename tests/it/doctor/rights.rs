//! What the role lacks, by trying and by asking IAM.

use albedo::model::evidence::{Denial, Evidence, Service};

use super::{Break, unanswered};

pub const OF_RIGHTS: &[Break] = &[
    ("TagsOneByOne", |all| {
        unanswered(all, "tagging.GetResources", "AccessDeniedException", "no");
    }),
    ("DeniedEc2", |all| deny(all, Some(Service::Ec2), "ec2:CreateTags", &[])),
    ("DeniedElb", |all| {
        deny(all, Some(Service::Elb), "elasticloadbalancing:ModifyRule", &[]);
    }),
    ("DeniedAcm", |all| deny(all, Some(Service::Acm), "acm:ImportCertificate", &[])),
    ("DeniedRoute53", |all| {
        deny(all, Some(Service::Route53), "route53:ChangeResourceRecordSets", &[]);
    }),
    ("DeniedWaf", |all| {
        deny(all, Some(Service::Wafv2), "elasticloadbalancing:SetWebAcl", &[]);
    }),
    ("DeniedShield", |all| deny(all, Some(Service::Shield), "shield:CreateProtection", &[])),
    ("DeniedBeside", |all| deny(all, None, "iam:CreateServiceLinkedRole", &[])),
    ("DeniedPerhaps", |all| {
        deny(all, Some(Service::Elb), "elasticloadbalancing:ModifyRule", &["aws:SourceVpc"]);
    }),
    // Of what was tried, people have heard already.
    ("ForbiddenElb", |all| {
        unanswered(all, "elbv2.DescribeLoadBalancers", "AccessDenied", "no");
        deny(all, Some(Service::Elb), "elasticloadbalancing:DescribeLoadBalancers", &[]);
    }),
];

/// IAM does not allow an action, where nobody knows some of what its conditions ask for.
fn deny(evidence: &mut Evidence, service: Option<Service>, action: &str, unknown: &[&str]) {
    evidence.aws.denials.insert(Denial {
        service,
        action: action.to_owned(),
        unknown: unknown.iter().map(|key| (*key).to_owned()).collect(),
    });
}
