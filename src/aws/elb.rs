//! Elastic Load Balancing v2: a file for each noun, with its reads, its writes and its shape in
//! AWS.
//!
//! What the model cannot express (listeners for UDP, lambda target groups) is left out of the
//! reads: it is none of ours. What it cannot express of a thing that may be ours is kept as
//! `Foreign`, so that it is seen to differ.

use futures::FutureExt;
use futures::future::BoxFuture;

use self::target_group::Codes;
use super::answer::Answer;
use super::call::Call;
use super::error::CloudError;
use super::part::{ElbPart, ElbReading};
use super::sdk::Sdk;
use crate::model::action::ElbAction;

mod account_limits;
pub(super) mod listener;
pub(super) mod load_balancer;
pub(super) mod rule;
mod rule_action;
mod rule_authentication;
mod rule_condition;
mod rule_transform;
pub(super) mod tag;
pub(super) mod target;
pub(super) mod target_group;
mod trust_store;

/// The largest page of every paged operation of this service (AWS).
const PAGE_SIZE: i32 = 400;

/// Looks at a part. A future has room for the largest of those it may wait for, and the SDK's take
/// more than a stack should have to give.
pub(super) async fn read(sdk: &Sdk, part: &ElbPart) -> Result<ElbReading, CloudError> {
    Ok(match part {
        ElbPart::LoadBalancers => {
            let (here, elsewhere) = load_balancer::list(sdk).boxed().await?;
            ElbReading::LoadBalancers(here, elsewhere)
        }
        ElbPart::TargetGroups => ElbReading::TargetGroups(target_group::list(sdk).boxed().await?),
        ElbPart::Listeners(id) => {
            ElbReading::Listeners(id.clone(), listener::list(sdk, id).boxed().await?)
        }
        ElbPart::Rules(id) => ElbReading::Rules(id.clone(), rule::list(sdk, id).boxed().await?),
        ElbPart::LoadBalancerAttributes(id) => {
            let found = load_balancer::attributes(sdk, id).boxed().await?;
            ElbReading::LoadBalancerAttributes(id.clone(), found)
        }
        ElbPart::Capacity(id) => {
            ElbReading::Capacity(id.clone(), load_balancer::capacity(sdk, id).boxed().await?)
        }
        ElbPart::ListenerAttributes(id) => {
            let found = listener::attributes(sdk, id).boxed().await?;
            ElbReading::ListenerAttributes(id.clone(), found)
        }
        ElbPart::TargetGroupAttributes(id) => {
            let found = target_group::attributes(sdk, id).boxed().await?;
            ElbReading::TargetGroupAttributes(id.clone(), found)
        }
        ElbPart::Targets(id) => {
            ElbReading::Targets(id.clone(), target::list(sdk, id).boxed().await?)
        }
        ElbPart::AccountLimits => {
            ElbReading::AccountLimits(account_limits::list(sdk).boxed().await?)
        }
        ElbPart::TrustStores => ElbReading::TrustStores(trust_store::list(sdk).boxed().await?),
        ElbPart::TargetGroupNamed(name) => {
            let id = target_group::named(sdk, name).boxed().await?;
            ElbReading::TargetGroupNamed(name.clone(), id)
        }
        ElbPart::Traits(id) => {
            ElbReading::Traits(id.clone(), target_group::traits(sdk, id).boxed().await?)
        }
        ElbPart::TargetGroupTags(id) => {
            ElbReading::TargetGroupTags(id.clone(), tag::of_one(sdk, id).boxed().await?)
        }
    })
}

/// The one call that an action is.
pub(super) fn perform<'a>(
    call: &'a Call<'_>,
    action: &'a ElbAction,
) -> BoxFuture<'a, Result<Answer, CloudError>> {
    match action {
        ElbAction::CreateLoadBalancer { spec, .. } => load_balancer::create(call, spec).boxed(),
        ElbAction::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
            load_balancer::modify_attributes(call, load_balancer, attributes).boxed()
        }
        ElbAction::SetSecurityGroups { load_balancer, security_groups } => {
            load_balancer::set_security_groups(call, load_balancer, security_groups).boxed()
        }
        ElbAction::SetSubnets { load_balancer, subnets, allocations } => {
            load_balancer::set_subnets(call, load_balancer, (subnets, allocations)).boxed()
        }
        ElbAction::SetIpAddressType { load_balancer, ip_address_type } => {
            load_balancer::set_ip_address_type(call, load_balancer, *ip_address_type).boxed()
        }
        ElbAction::ModifyIpPools { load_balancer, pool } => {
            load_balancer::modify_ip_pools(call, load_balancer, pool.as_deref()).boxed()
        }
        ElbAction::ModifyCapacityReservation { load_balancer, units } => {
            load_balancer::reserve(call, load_balancer, *units).boxed()
        }
        ElbAction::DeleteLoadBalancer { id } => load_balancer::delete(call, id).boxed(),
        ElbAction::CreateListener { load_balancer, port, spec, .. } => {
            listener::create(call, load_balancer, *port, spec).boxed()
        }
        ElbAction::ModifyListener { id, port, spec } => {
            listener::modify(call, id, *port, spec).boxed()
        }
        ElbAction::ModifyListenerAttributes { listener, attributes, .. } => {
            listener::modify_attributes(call, listener, attributes).boxed()
        }
        ElbAction::DeleteListener { id } => listener::delete(call, id).boxed(),
        ElbAction::AddListenerCertificate { listener, certificate } => {
            listener::add_certificate(call, listener, certificate).boxed()
        }
        ElbAction::RemoveListenerCertificate { listener, certificate } => {
            listener::remove_certificate(call, listener, certificate).boxed()
        }
        ElbAction::CreateRule { listener, priority, spec, tags } => {
            rule::create(call, listener, *priority, spec, tags).boxed()
        }
        ElbAction::ModifyRule { id, spec } => rule::modify(call, id, spec).boxed(),
        ElbAction::SetRulePriorities { priorities } => {
            rule::set_priorities(call, priorities).boxed()
        }
        ElbAction::DeleteRule { id } => rule::delete(call, id).boxed(),
        ElbAction::CreateTargetGroup { spec, .. } => target_group::create(call, spec).boxed(),
        ElbAction::ModifyTargetGroup { id, health_check, is_grpc } => {
            let codes = if *is_grpc { Codes::Grpc } else { Codes::Http };
            target_group::modify(call, id, health_check, codes).boxed()
        }
        ElbAction::ModifyTargetGroupAttributes { target_group, attributes } => {
            target_group::modify_attributes(call, target_group, attributes).boxed()
        }
        ElbAction::DeleteTargetGroup { id } => target_group::delete(call, id).boxed(),
        ElbAction::RegisterTargets { target_group, targets } => {
            target::register(call, target_group, targets).boxed()
        }
        ElbAction::DeregisterTargets { target_group, targets } => {
            target::deregister(call, target_group, targets).boxed()
        }
        ElbAction::RegisterLoadBalancer { target_group, load_balancer, port } => {
            target::register_load_balancer(call, target_group, (load_balancer, *port)).boxed()
        }
        ElbAction::AddTags { id, tags } => tag::add(call, id, tags).boxed(),
        ElbAction::RemoveTags { id, keys } => tag::remove(call, id, keys).boxed(),
    }
}
