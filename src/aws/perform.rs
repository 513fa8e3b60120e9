//! The one write: an action becomes exactly one API call.

use super::answer::Answer;
use super::elb::target_group::Codes;
use super::error::{CODE_UNRESOLVED, CloudError};
use super::sdk::Sdk;
use super::{acm, ec2, elb, route53};
use crate::model::action::AwsAction;
use crate::model::id::{AwsId, Id};

/// What a call is about and how errors name it: `elbv2.CreateRule`.
pub(super) struct Call<'a> {
    /// AWS.
    pub(super) sdk: &'a Sdk,
    /// The service and operation.
    pub(super) operation: String,
}

impl Call<'_> {
    /// The identifier that AWS has given, or a refusal: calling is no use before the thing is made.
    pub(super) fn given<'id>(&self, id: &'id Id) -> Result<&'id AwsId, CloudError> {
        id.given().ok_or_else(|| self.unresolved(&format!("the {id}")))
    }

    /// A refusal: the action names something that is not known yet.
    pub(super) fn unresolved(&self, what: &str) -> CloudError {
        let message = format!("{what} is not known yet; it has to be made first");
        CloudError::ours(&self.operation, CODE_UNRESOLVED, message)
    }
}

/// Performs an action.
pub(super) async fn perform(sdk: &Sdk, action: &AwsAction) -> Result<Answer, CloudError> {
    let (service, operation) = action.operation();
    let call = Call { sdk, operation: format!("{service}.{operation}") };
    match action {
        AwsAction::CreateSecurityGroup { spec, .. } => ec2::security::create(&call, spec).await,
        AwsAction::DeleteSecurityGroup { id } => ec2::security::delete(&call, id).await,
        AwsAction::AuthorizeIngress { group, rules, description } => {
            ec2::security::authorize(&call, group, rules, description).await
        }
        AwsAction::RevokeIngress { group, rules, description } => {
            ec2::security::revoke(&call, group, rules, description).await
        }
        AwsAction::TagSecurityGroup { id, tags } => ec2::security::tag(&call, id, tags).await,
        AwsAction::UntagSecurityGroup { id, tags } => ec2::security::untag(&call, id, tags).await,
        AwsAction::CreateLoadBalancer { spec, .. } => elb::load_balancer::create(&call, spec).await,
        AwsAction::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
            elb::load_balancer::modify_attributes(&call, load_balancer, attributes).await
        }
        AwsAction::SetSecurityGroups { load_balancer, security_groups } => {
            elb::load_balancer::set_security_groups(&call, load_balancer, security_groups).await
        }
        AwsAction::SetSubnets { load_balancer, subnets } => {
            elb::load_balancer::set_subnets(&call, load_balancer, subnets).await
        }
        AwsAction::SetIpAddressType { load_balancer, ip_address_type } => {
            elb::load_balancer::set_ip_address_type(&call, load_balancer, *ip_address_type).await
        }
        AwsAction::DeleteLoadBalancer { id } => elb::load_balancer::delete(&call, id).await,
        AwsAction::CreateListener { load_balancer, port, spec, .. } => {
            elb::listener::create(&call, load_balancer, *port, spec).await
        }
        AwsAction::ModifyListener { id, port, spec } => {
            elb::listener::modify(&call, id, *port, spec).await
        }
        AwsAction::DeleteListener { id } => elb::listener::delete(&call, id).await,
        AwsAction::AddListenerCertificate { listener, certificate } => {
            elb::listener::add_certificate(&call, listener, certificate).await
        }
        AwsAction::RemoveListenerCertificate { listener, certificate } => {
            elb::listener::remove_certificate(&call, listener, certificate).await
        }
        AwsAction::CreateRule { listener, priority, spec, tags } => {
            elb::rule::create(&call, listener, *priority, spec, tags).await
        }
        AwsAction::ModifyRule { id, spec } => elb::rule::modify(&call, id, spec).await,
        AwsAction::SetRulePriorities { priorities } => {
            elb::rule::set_priorities(&call, priorities).await
        }
        AwsAction::DeleteRule { id } => elb::rule::delete(&call, id).await,
        AwsAction::CreateTargetGroup { spec, .. } => elb::target_group::create(&call, spec).await,
        AwsAction::ModifyTargetGroup { id, health_check, is_grpc } => {
            let codes = if *is_grpc { Codes::Grpc } else { Codes::Http };
            elb::target_group::modify(&call, id, health_check, codes).await
        }
        AwsAction::ModifyTargetGroupAttributes { target_group, attributes } => {
            elb::target_group::modify_attributes(&call, target_group, attributes).await
        }
        AwsAction::DeleteTargetGroup { id } => elb::target_group::delete(&call, id).await,
        AwsAction::RegisterTargets { target_group, targets } => {
            elb::target::register(&call, target_group, targets).await
        }
        AwsAction::DeregisterTargets { target_group, targets } => {
            elb::target::deregister(&call, target_group, targets).await
        }
        AwsAction::ImportCertificate { spec, .. } => {
            acm::certificate::import(&call, None, spec).await
        }
        AwsAction::ReimportCertificate { id, spec } => {
            acm::certificate::import(&call, Some(id), spec).await
        }
        AwsAction::DeleteCertificate { id } => acm::certificate::delete(&call, id).await,
        AwsAction::ChangeRecords { zone, changes } => {
            route53::record::change(&call, zone, changes).await
        }
        AwsAction::AddTags { id, tags } => elb::tag::add(&call, id, tags).await,
        AwsAction::RemoveTags { id, keys } => elb::tag::remove(&call, id, keys).await,
    }
}
