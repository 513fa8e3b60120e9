//! What a successful write does to what we believe. Pure.
//!
//! An effect on a part that is not believed is none: whoever needs the part reads it. An effect on
//! a thing that is not in a believed part puts that part in doubt. A run of effects may be applied
//! again from any point on: a read that began before some writes may or may not have seen them, and
//! they are applied to what it found.

use super::answer::Answer;
use super::belief::{Belief, Stamp};
use crate::model::action::AwsAction;

pub(super) use load_balancer::mistaken;
pub(super) use touched::{suspected, touched};

mod certificate;
mod listener;
mod load_balancer;
mod record;
mod rule;
mod security_group;
mod tag;
mod target;
mod target_group;
#[cfg(test)]
mod tests;
mod touched;

/// Believes that a write was done and answered so.
pub(super) fn apply(belief: &mut Belief, action: &AwsAction, answer: &Answer, at: Stamp) {
    match action {
        AwsAction::CreateSecurityGroup { spec, .. } => {
            security_group::create(belief, spec, answer);
        }
        AwsAction::DeleteSecurityGroup { id } => security_group::delete(belief, id),
        AwsAction::AuthorizeIngress { group, rules, description } => {
            security_group::authorize(belief, group, rules, description);
        }
        AwsAction::RevokeIngress { group, rules, .. } => {
            security_group::revoke(belief, group, rules);
        }
        AwsAction::TagSecurityGroup { id, tags } => security_group::tag(belief, id, tags),
        AwsAction::UntagSecurityGroup { id, tags } => security_group::untag(belief, id, tags),
        AwsAction::CreateLoadBalancer { spec, .. } => {
            load_balancer::create(belief, spec, answer, at);
        }
        AwsAction::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
            load_balancer::modify_attributes(belief, load_balancer, attributes);
        }
        AwsAction::SetSecurityGroups { load_balancer, security_groups } => {
            load_balancer::set_security_groups(belief, load_balancer, security_groups);
        }
        AwsAction::SetSubnets { load_balancer, subnets } => {
            load_balancer::set_subnets(belief, load_balancer, subnets);
        }
        AwsAction::SetIpAddressType { load_balancer, ip_address_type } => {
            load_balancer::set_ip_address_type(belief, load_balancer, *ip_address_type);
        }
        AwsAction::DeleteLoadBalancer { id } => load_balancer::delete(belief, id),
        AwsAction::CreateListener { load_balancer, spec, .. } => {
            listener::create(belief, load_balancer, spec, answer);
        }
        AwsAction::ModifyListener { id, .. } => listener::modify(belief, id, answer),
        AwsAction::DeleteListener { id } => listener::delete(belief, id),
        AwsAction::AddListenerCertificate { listener, certificate } => {
            listener::add_certificate(belief, listener, certificate);
        }
        AwsAction::RemoveListenerCertificate { listener, certificate } => {
            listener::remove_certificate(belief, listener, certificate);
        }
        AwsAction::CreateRule { listener, tags, .. } => {
            rule::create(belief, listener, tags, answer);
        }
        AwsAction::ModifyRule { id, .. } => rule::modify(belief, id, answer),
        AwsAction::SetRulePriorities { priorities } => rule::set_priorities(belief, priorities),
        AwsAction::DeleteRule { id } => rule::delete(belief, id),
        AwsAction::CreateTargetGroup { spec, .. } => {
            target_group::create(belief, spec, answer, at);
        }
        AwsAction::ModifyTargetGroup { id, .. } => target_group::modify(belief, id, answer),
        AwsAction::ModifyTargetGroupAttributes { target_group, attributes } => {
            target_group::modify_attributes(belief, target_group, attributes);
        }
        AwsAction::DeleteTargetGroup { id } => target_group::delete(belief, id, at),
        AwsAction::RegisterTargets { target_group, targets } => {
            target::register(belief, target_group, targets);
        }
        AwsAction::DeregisterTargets { target_group, targets } => {
            target::deregister(belief, target_group, targets, at);
        }
        AwsAction::ImportCertificate { spec, .. } => certificate::import(belief, spec, answer, at),
        AwsAction::ReimportCertificate { id, spec } => {
            certificate::reimport(belief, id, spec, at);
        }
        AwsAction::DeleteCertificate { id } => certificate::delete(belief, id),
        AwsAction::ChangeRecords { zone, changes } => record::change(belief, zone, changes),
        AwsAction::AddTags { id, tags } => tag::add(belief, id, tags),
        AwsAction::RemoveTags { id, keys } => tag::remove(belief, id, keys),
    }
}
