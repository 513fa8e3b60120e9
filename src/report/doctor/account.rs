//! What AWS answers: who asks, whether he may, and how near the account's limits are.

use std::collections::BTreeSet;

use super::{Check, doubt, fault, some};
use crate::model::evidence::{Denial, Evidence, Service, Unanswered};
use crate::model::outcome::Trouble;

/// Codes of credentials that are not valid (AWS, common errors).
const INVALID: [&str; 5] = [
    "AuthFailure",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "UnrecognizedClientException",
];
/// Codes of credentials that were valid once.
const EXPIRED: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"];
/// Codes of requests that seem to come from another time.
const SKEWED: [&str; 3] = ["RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"];
/// What AWS says of a signature from another time, under a code that has other causes as well.
const SKEWED_MESSAGES: [&str; 2] = ["Signature expired", "Signature not yet current"];
/// What a VPC that does not exist is called.
const NO_VPC: &str = "InvalidVpcID.NotFound";

/// How the operations of the tagging API begin.
const TAGGING: &str = "tagging.";

/// How many application load balancers a region may have (AWS, default quota).
const LOAD_BALANCERS_MAX: usize = 50;
/// How many certificates an account may have in a region (AWS, default quota).
const CERTIFICATES_MAX: usize = 2500;
/// How many rules a security group may have for who comes in (AWS, default quota).
const RULES_MAX: usize = 60;
/// How much of a quota is used when people hear of it, in hundredths.
const NEAR: usize = 90;

/// What mends a right that the role lacks.
const POLICY: &str =
    "give the role the policy of iam/policy.json, with what it says in capitals filled in";

pub(super) const CHECKS: &[Check] = &[
    fault(
        "NoCredentials",
        |evidence| told(evidence, lacks_credentials),
        "give the pod a role (IRSA or EKS Pod Identity), or set a profile or AWS_ACCESS_KEY_ID",
    ),
    fault(
        "InvalidCredentials",
        |evidence| told(evidence, |one| INVALID.contains(&one.code.as_str())),
        "the keys, the account or the partition are not what AWS knows; see who they are with \
         aws sts get-caller-identity",
    ),
    fault(
        "ExpiredCredentials",
        |evidence| told(evidence, |one| EXPIRED.contains(&one.code.as_str())),
        "log in again, or let whatever hands out the token renew it",
    ),
    fault(
        "ClockBesideAws",
        |evidence| told(evidence, is_skewed),
        "set this machine's clock; AWS takes requests that are at most five minutes off",
    ),
    fault(
        "AwsUnreachable",
        |evidence| told(evidence, is_silent),
        "see that this machine reaches AWS's endpoints: DNS, routes, security groups, VPC endpoints, \
         proxies; and AWS_ENDPOINT_URL and --aws-api-endpoints, where they are set",
    ),
    doubt(
        "AwsThrottles",
        |evidence| told(evidence, |one| one.trouble == Trouble::Throttled),
        "others use up the account's calls; find them in CloudTrail, or lower --aws-api-throttle",
    ),
    fault("ForbiddenEc2", |evidence| forbidden(evidence, Service::Ec2), POLICY),
    fault("ForbiddenElb", |evidence| forbidden(evidence, Service::Elb), POLICY),
    doubt("ForbiddenAcm", |evidence| forbidden(evidence, Service::Acm), POLICY),
    fault("ForbiddenRoute53", |evidence| forbidden(evidence, Service::Route53), POLICY),
    doubt("ForbiddenWaf", |evidence| forbidden(evidence, Service::Wafv2), POLICY),
    doubt("ForbiddenShield", |evidence| forbidden(evidence, Service::Shield), POLICY),
    doubt(
        "TagsOneByOne",
        |evidence| refused(evidence, |one| one.operation.starts_with(TAGGING)),
        "allow the role tag:GetResources, as iam/policy.json does: without it, each certificate costs \
         a call of its own",
    ),
    fault("DeniedEc2", |evidence| denied(evidence, Service::Ec2), POLICY),
    fault("DeniedElb", |evidence| denied(evidence, Service::Elb), POLICY),
    doubt("DeniedAcm", |evidence| denied(evidence, Service::Acm), POLICY),
    fault("DeniedRoute53", |evidence| denied(evidence, Service::Route53), POLICY),
    doubt("DeniedWaf", |evidence| denied(evidence, Service::Wafv2), POLICY),
    doubt("DeniedShield", |evidence| denied(evidence, Service::Shield), POLICY),
    doubt(
        "DeniedBeside",
        |evidence| denials(evidence, |one| one.service.is_none() && one.unknown.is_empty()),
        "give the role the policy of iam/policy.json: the first load balancer of an account needs \
         iam:CreateServiceLinkedRole, and logins with Cognito need \
         cognito-idp:DescribeUserPoolClient",
    ),
    doubt(
        "DeniedPerhaps",
        |evidence| {
            let found = denials(evidence, |one| !one.unknown.is_empty())?;
            let unknown = evidence.aws.denials.iter().flat_map(|one| &one.unknown);
            let unknown: BTreeSet<&String> = unknown.collect();
            Some(format!("{found}, where nobody here knows {}", some(unknown)?))
        },
        "see whether the conditions on those keys hold where the controller runs; CloudTrail shows \
         what AWS refused it",
    ),
    fault(
        "VpcMissing",
        |evidence| told(evidence, |one| one.code == NO_VPC),
        "--aws-vpc-id names a VPC of another region or account; give that of the cluster's nodes",
    ),
    doubt(
        "LoadBalancersNearQuota",
        |evidence| near(evidence.aws.load_balancers?, LOAD_BALANCERS_MAX, "load balancers"),
        "share load balancers by group.name, or have AWS raise the quota",
    ),
    doubt(
        "CertificatesNearQuota",
        |evidence| near(evidence.aws.certificates?, CERTIFICATES_MAX, "certificates"),
        "delete those that nobody uses (albedo sweep lists this cluster's), or have AWS raise the \
         quota",
    ),
    doubt(
        "RulesNearQuota",
        |evidence| {
            let full = evidence.aws.rules.iter().filter_map(|(group, count)| {
                near(*count, RULES_MAX, "rules").map(|text| format!("{group}: {text}"))
            });
            some(full)
        },
        "open all ports with --disable-restricted-sg-rules, which takes one rule, or have AWS raise \
         the quota of rules for each security group",
    ),
];

/// The first read that AWS did not answer in this way.
fn told(evidence: &Evidence, is_so: impl Fn(&Unanswered) -> bool) -> Option<String> {
    let found = evidence.aws.unanswered.iter().find(|one| is_so(one))?;
    let Unanswered { operation, code, message, .. } = found;
    let code = if code.is_empty() { String::new() } else { format!("{code}: ") };
    Some(format!("{operation}: {code}{message}"))
}

fn lacks_credentials(one: &Unanswered) -> bool {
    one.code.is_empty() && one.message.to_lowercase().contains("credential")
}

fn is_skewed(one: &Unanswered) -> bool {
    SKEWED.contains(&one.code.as_str())
        || SKEWED_MESSAGES.iter().any(|part| one.message.contains(part))
}

fn is_silent(one: &Unanswered) -> bool {
    one.code.is_empty() && one.trouble == Trouble::Transient && !lacks_credentials(one)
}

/// Whether it is about what the role may do, and about nothing that has a check of its own.
fn forbidden(evidence: &Evidence, service: Service) -> Option<String> {
    refused(evidence, |one| Service::of(&one.operation) == Some(service))
}

/// The first read of these that AWS refused for what the role may do.
fn refused(evidence: &Evidence, is_one: impl Fn(&Unanswered) -> bool) -> Option<String> {
    let is_other = |one: &Unanswered| {
        let code = one.code.as_str();
        code.is_empty()
            || code == NO_VPC
            || INVALID.contains(&code)
            || EXPIRED.contains(&code)
            || is_skewed(one)
    };
    told(evidence, |one| is_one(one) && one.trouble == Trouble::Refused && !is_other(one))
}

/// What IAM does not allow of a service, whatever else there is to know, but what AWS has refused
/// when it was tried, of which people have heard already.
fn denied(evidence: &Evidence, service: Service) -> Option<String> {
    let tried = |action: &str| {
        let operation = action.split(':').nth(1);
        let refused = &evidence.aws.unanswered;
        refused.iter().any(|one| {
            Service::of(&one.operation) == Some(service)
                && one.operation.split('.').nth(1) == operation
        })
    };
    denials(evidence, |one| {
        one.service == Some(service) && one.unknown.is_empty() && !tried(&one.action)
    })
}

/// What IAM does not allow of what is asked for, all of it: whoever mends a policy needs each.
fn denials(evidence: &Evidence, is_so: impl Fn(&Denial) -> bool) -> Option<String> {
    let found = evidence.aws.denials.iter().filter(|one| is_so(one));
    let actions: BTreeSet<&str> = found.map(|one| one.action.as_str()).collect();
    let named: Vec<&str> = actions.into_iter().collect();
    (!named.is_empty()).then(|| format!("IAM denies {}", named.join(", ")))
}

fn near(count: usize, most: usize, what: &str) -> Option<String> {
    let is_near = count * 100 >= most * NEAR;
    is_near.then(|| format!("{count} {what} of {most} that AWS allows by default"))
}
