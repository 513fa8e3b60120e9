//! What a successful write does to what we believe. Pure.
//!
//! An effect on a part that is not believed is none, unless AWS answers with all of it: whoever
//! needs the part reads it. An effect on a thing that is not in a believed part puts that part in
//! doubt. A run of effects may be applied again from any point on: a read that began before some
//! writes may or may not have seen them, and they are applied to what it found.

use super::answer::Answer;
use super::arn;
use super::belief::{Belief, Stamp};
use super::error::CloudError;
use super::part::{Ec2Part, ElbPart, Part, Route53Part};
use crate::model::action::AwsAction;
use crate::model::id::AwsId;

mod acm;
mod ec2;
mod elb;
mod route53;
mod shield;
#[cfg(test)]
mod tests;
mod wafv2;

/// Believes that a write was done and answered so.
pub(super) fn apply(belief: &mut Belief, action: &AwsAction, answer: &Answer, at: Stamp) {
    match action {
        AwsAction::Elb(action) => elb::apply(belief, action, answer, at),
        AwsAction::Ec2(action) => ec2::apply(belief, action, answer),
        AwsAction::Acm(action) => acm::apply(belief, action, answer, at),
        AwsAction::Route53(action) => route53::apply(belief, action),
        AwsAction::Wafv2(action) => wafv2::apply(belief, action, at),
        AwsAction::Shield(action) => shield::apply(belief, action, answer, at),
    }
}

/// The parts that are in doubt when it is not known whether a write was done.
pub(super) fn doubted(belief: &Belief, action: &AwsAction) -> Vec<Part> {
    match action {
        AwsAction::Route53(action) => route53::doubted(belief, action),
        _ => touched(action),
    }
}

/// The parts that a write changes.
pub(super) fn touched(action: &AwsAction) -> Vec<Part> {
    match action {
        AwsAction::Elb(action) => elb::touched(action),
        AwsAction::Ec2(action) => ec2::touched(action),
        AwsAction::Acm(action) => acm::touched(action),
        AwsAction::Route53(action) => route53::touched(action),
        AwsAction::Wafv2(action) => wafv2::touched(action),
        AwsAction::Shield(action) => shield::touched(action),
    }
}

/// Whose tags, believed apart from its part, a write changes.
pub(super) fn retagged(action: &AwsAction) -> Option<&AwsId> {
    match action {
        AwsAction::Elb(action) => elb::retagged(action),
        AwsAction::Acm(action) => acm::retagged(action),
        _ => None,
    }
}

/// Why an answer cannot be believed.
pub(super) fn mistaken(belief: &Belief, action: &AwsAction, answer: &Answer) -> Option<CloudError> {
    let AwsAction::Elb(action) = action else { return None };
    elb::mistaken(belief, action, answer)
}

/// How the identifier of a security group starts.
const SECURITY_GROUP: &str = "sg-";

/// Whether a refusal with this code may be for want of the thing that an identifier names.
pub(super) fn is_missed(code: &str, id: &AwsId) -> bool {
    match code {
        "LoadBalancerNotFound" => arn::is(id, arn::LOAD_BALANCER),
        "ListenerNotFound" => arn::is(id, arn::LISTENER),
        "RuleNotFound" => arn::is(id, arn::RULE),
        "TargetGroupNotFound" => arn::is(id, arn::TARGET_GROUP),
        // ELB's code, and ACM's.
        "CertificateNotFound" | "ResourceNotFoundException" => arn::is(id, arn::CERTIFICATE),
        // EC2's codes, and ELB's for the same.
        "InvalidGroup.NotFound" | "InvalidGroupId.NotFound" | "InvalidSecurityGroup" => {
            id.as_str().starts_with(SECURITY_GROUP)
        }
        _ => false,
    }
}

/// The parts, besides the touched ones, that an error says are believed wrongly.
pub(super) fn suspected(error: &CloudError) -> Option<Part> {
    match error.code.as_str() {
        "LoadBalancerNotFound" => Some(Part::Elb(ElbPart::LoadBalancers)),
        "TargetGroupNotFound" => Some(Part::Elb(ElbPart::TargetGroups)),
        "NoSuchHostedZone" => Some(Part::Route53(Route53Part::Zones)),
        // EC2's and ELB's codes for the same.
        "InvalidGroup.NotFound" | "InvalidSecurityGroup" => {
            Some(Part::Ec2(Ec2Part::SecurityGroups))
        }
        // EC2's and ELB's codes, the latter also for a subnet that is full.
        "InvalidSubnetID.NotFound" | "SubnetNotFound" | "InvalidSubnet" => {
            Some(Part::Ec2(Ec2Part::Vpc))
        }
        _ => None,
    }
}
