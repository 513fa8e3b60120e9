//! Which parts a write changes, and which ones a refusal puts in doubt.

use std::collections::BTreeSet;

use crate::aws::arn::{self, Named};
use crate::aws::error::CloudError;
use crate::aws::part::Part;
use crate::model::action::AwsAction;
use crate::model::id::{AwsId, Id};

/// The parts that a write changes: the ones in doubt when it is not known whether it was done.
pub(in crate::aws) fn touched(action: &AwsAction) -> Vec<Part> {
    match action {
        AwsAction::CreateSecurityGroup { .. }
        | AwsAction::DeleteSecurityGroup { .. }
        | AwsAction::AuthorizeIngress { .. }
        | AwsAction::RevokeIngress { .. }
        | AwsAction::TagSecurityGroup { .. }
        | AwsAction::UntagSecurityGroup { .. } => vec![Part::SecurityGroups],
        AwsAction::CreateLoadBalancer { .. }
        | AwsAction::SetSecurityGroups { .. }
        | AwsAction::SetSubnets { .. }
        | AwsAction::SetIpAddressType { .. } => vec![Part::LoadBalancers],
        AwsAction::ModifyLoadBalancerAttributes { load_balancer, .. } => {
            given(load_balancer).map(Part::LoadBalancerAttributes).into_iter().collect()
        }
        AwsAction::DeleteLoadBalancer { id } => {
            vec![
                Part::LoadBalancers,
                Part::Listeners(id.clone()),
                Part::LoadBalancerAttributes(id.clone()),
            ]
        }
        AwsAction::CreateListener { load_balancer, .. } => {
            given(load_balancer).map(Part::Listeners).into_iter().collect()
        }
        AwsAction::AddListenerCertificate { listener, .. }
        | AwsAction::CreateRule { listener, .. } => {
            listener.given().and_then(listeners_of).into_iter().collect()
        }
        AwsAction::ModifyListener { id, .. }
        | AwsAction::DeleteListener { id }
        | AwsAction::RemoveListenerCertificate { listener: id, .. }
        | AwsAction::ModifyRule { id, .. }
        | AwsAction::DeleteRule { id } => listeners_of(id).into_iter().collect(),
        AwsAction::SetRulePriorities { priorities } => {
            let parts: BTreeSet<Part> =
                priorities.iter().filter_map(|(id, _)| listeners_of(id)).collect();
            parts.into_iter().collect()
        }
        AwsAction::CreateTargetGroup { .. } | AwsAction::ModifyTargetGroup { .. } => {
            vec![Part::TargetGroups]
        }
        AwsAction::ModifyTargetGroupAttributes { target_group, .. } => {
            given(target_group).map(Part::TargetGroupAttributes).into_iter().collect()
        }
        AwsAction::DeleteTargetGroup { id } => {
            vec![
                Part::TargetGroups,
                Part::Targets(id.clone()),
                Part::TargetGroupAttributes(id.clone()),
            ]
        }
        AwsAction::RegisterTargets { target_group, .. } => {
            given(target_group).map(Part::Targets).into_iter().collect()
        }
        AwsAction::DeregisterTargets { target_group, .. } => {
            vec![Part::Targets(target_group.clone())]
        }
        AwsAction::ImportCertificate { .. } => vec![Part::Certificates],
        AwsAction::ReimportCertificate { id, .. } => vec![Part::Certificate(id.clone())],
        AwsAction::DeleteCertificate { id } => {
            vec![Part::Certificates, Part::Certificate(id.clone())]
        }
        AwsAction::ChangeRecords { zone, .. } => vec![Part::Records(zone.id.clone())],
        AwsAction::AddTags { id, .. } | AwsAction::RemoveTags { id, .. } => match arn::named(id) {
            Some(Named::LoadBalancer) => vec![Part::LoadBalancers],
            Some(Named::TargetGroup) => vec![Part::TargetGroups],
            Some(Named::Certificate) => vec![Part::Certificates],
            Some(Named::Listener { load_balancer } | Named::Rule { load_balancer, .. }) => {
                vec![Part::Listeners(load_balancer)]
            }
            None => Vec::new(),
        },
    }
}

/// The parts, besides the touched ones, that an error says are believed wrongly.
pub(in crate::aws) fn suspected(error: &CloudError) -> Option<Part> {
    match error.code.as_str() {
        "LoadBalancerNotFound" => Some(Part::LoadBalancers),
        "TargetGroupNotFound" => Some(Part::TargetGroups),
        "NoSuchHostedZone" => Some(Part::Zones),
        // EC2's and ELB's codes for the same.
        "InvalidGroup.NotFound" | "InvalidSecurityGroup" => Some(Part::SecurityGroups),
        // EC2's and ELB's codes, the latter also for a subnet that is full.
        "InvalidSubnetID.NotFound" | "SubnetNotFound" | "InvalidSubnet" => Some(Part::Vpc),
        _ => None,
    }
}

fn given(id: &Id) -> Option<AwsId> {
    id.given().cloned()
}

fn listeners_of(id: &AwsId) -> Option<Part> {
    arn::load_balancer_of(id).map(Part::Listeners)
}
