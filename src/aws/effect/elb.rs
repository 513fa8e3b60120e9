//! Load balancers and all that hangs on them.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::answer::Answer;
use crate::aws::arn::{self, Named};
use crate::aws::belief::{Belief, Stamp};
use crate::aws::error::CloudError;
use crate::aws::part::{AcmPart, ElbPart, Part};
use crate::model::action::ElbAction;
use crate::model::id::{AwsId, Id};
use crate::model::known::Known;
use crate::model::load_balancer::Attributes;
use crate::model::target::Target;

mod listener;
mod load_balancer;
mod rule;
mod tag;
mod target;
mod target_group;

/// Believes that a write was done and answered so.
pub(super) fn apply(belief: &mut Belief, action: &ElbAction, answer: &Answer, at: Stamp) {
    match action {
        ElbAction::CreateLoadBalancer { spec, .. } => {
            load_balancer::create(belief, spec, answer, at);
        }
        ElbAction::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
            let known = &mut belief.elb.load_balancer_attributes;
            modify_attributes(known, load_balancer, attributes, answer, at);
        }
        ElbAction::SetSecurityGroups { load_balancer, security_groups } => {
            load_balancer::set_security_groups(belief, load_balancer, security_groups);
        }
        ElbAction::SetSubnets { load_balancer, subnets, .. } => {
            load_balancer::set_subnets(belief, load_balancer, subnets);
        }
        ElbAction::SetIpAddressType { load_balancer, ip_address_type } => {
            load_balancer::set_ip_address_type(belief, load_balancer, *ip_address_type);
        }
        ElbAction::ModifyIpPools { load_balancer, pool } => {
            load_balancer::modify_ip_pools(belief, load_balancer, pool.as_ref());
        }
        ElbAction::ModifyCapacityReservation { load_balancer, units } => {
            load_balancer::reserve(belief, load_balancer, *units, at);
        }
        ElbAction::DeleteLoadBalancer { id } => load_balancer::delete(belief, id),
        ElbAction::CreateListener { load_balancer, spec, .. } => {
            listener::create(belief, load_balancer, spec, answer);
        }
        ElbAction::ModifyListener { id, .. } => listener::modify(belief, id, answer),
        ElbAction::ModifyListenerAttributes { listener, attributes, .. } => {
            let known = &mut belief.elb.listener_attributes;
            modify_attributes(known, listener, attributes, answer, at);
        }
        ElbAction::DeleteListener { id } => listener::delete(belief, id),
        ElbAction::AddListenerCertificate { listener, certificate } => {
            listener::add_certificate(belief, listener, certificate);
        }
        ElbAction::RemoveListenerCertificate { listener, certificate } => {
            listener::remove_certificate(belief, listener, certificate);
        }
        ElbAction::CreateRule { listener, tags, .. } => {
            rule::create(belief, listener, tags, answer);
        }
        ElbAction::ModifyRule { id, .. } => rule::modify(belief, id, answer),
        ElbAction::SetRulePriorities { priorities } => rule::set_priorities(belief, priorities),
        ElbAction::DeleteRule { id } => rule::delete(belief, id),
        ElbAction::CreateTargetGroup { spec, .. } => {
            target_group::create(belief, spec, answer, at);
        }
        ElbAction::ModifyTargetGroup { id, .. } => target_group::modify(belief, id, answer),
        ElbAction::ModifyTargetGroupAttributes { target_group, attributes } => {
            let known = &mut belief.elb.target_group_attributes;
            modify_attributes(known, target_group, attributes, answer, at);
        }
        ElbAction::DeleteTargetGroup { id } => target_group::delete(belief, id, at),
        ElbAction::RegisterTargets { target_group, targets } => {
            target::register(belief, target_group, targets);
        }
        ElbAction::DeregisterTargets { target_group, targets } => {
            target::deregister(belief, target_group, targets, at);
        }
        ElbAction::RegisterLoadBalancer { target_group, load_balancer, port } => {
            let target = load_balancer.given().map(|id| Target::load_balancer(id, *port));
            target::register(belief, target_group, target.as_slice());
        }
        ElbAction::AddTags { id, tags } => tag::add(belief, id, tags),
        ElbAction::RemoveTags { id, keys } => tag::remove(belief, id, keys),
    }
}

/// Believes all attributes that AWS tells of with those that were changed. Of what was only just
/// made they need not be read then; and of what nobody gives any none are believed.
fn modify_attributes(
    known: &mut BTreeMap<AwsId, Known<Attributes>>,
    id: &Id,
    changed: &Attributes,
    answer: &Answer,
    at: Stamp,
) {
    let Some(id) = id.given() else { return };
    match (answer, known.get_mut(id)) {
        (Answer::Attributes(now), _) if !now.is_empty() => {
            known.insert(id.clone(), Known::Is(now.clone(), at.date));
        }
        (_, Some(Known::Is(held, _))) => held.extend(changed.clone()),
        (_, _) => {}
    }
}

/// The parts that a write changes.
pub(super) fn touched(action: &ElbAction) -> Vec<Part> {
    match action {
        ElbAction::CreateLoadBalancer { .. }
        | ElbAction::SetSecurityGroups { .. }
        | ElbAction::SetSubnets { .. }
        | ElbAction::SetIpAddressType { .. }
        | ElbAction::ModifyIpPools { .. } => vec![Part::Elb(ElbPart::LoadBalancers)],
        ElbAction::ModifyCapacityReservation { load_balancer, .. } => {
            part_of(load_balancer, ElbPart::Capacity)
        }
        ElbAction::ModifyLoadBalancerAttributes { load_balancer, .. } => {
            part_of(load_balancer, ElbPart::LoadBalancerAttributes)
        }
        ElbAction::ModifyListenerAttributes { listener, .. } => {
            part_of(listener, ElbPart::ListenerAttributes)
        }
        ElbAction::DeleteLoadBalancer { id } => {
            vec![
                Part::Elb(ElbPart::LoadBalancers),
                Part::Elb(ElbPart::Listeners(id.clone())),
                Part::Elb(ElbPart::LoadBalancerAttributes(id.clone())),
                Part::Elb(ElbPart::Capacity(id.clone())),
            ]
        }
        ElbAction::CreateListener { load_balancer, .. } => {
            part_of(load_balancer, ElbPart::Listeners)
        }
        ElbAction::AddListenerCertificate { listener, .. }
        | ElbAction::CreateRule { listener, .. } => {
            listener.given().and_then(listeners_of).into_iter().collect()
        }
        ElbAction::ModifyListener { id, .. }
        | ElbAction::DeleteListener { id }
        | ElbAction::RemoveListenerCertificate { listener: id, .. }
        | ElbAction::ModifyRule { id, .. }
        | ElbAction::DeleteRule { id } => listeners_of(id).into_iter().collect(),
        ElbAction::SetRulePriorities { priorities } => {
            let parts: BTreeSet<Part> =
                priorities.iter().filter_map(|(id, _)| listeners_of(id)).collect();
            parts.into_iter().collect()
        }
        ElbAction::CreateTargetGroup { .. } | ElbAction::ModifyTargetGroup { .. } => {
            vec![Part::Elb(ElbPart::TargetGroups)]
        }
        ElbAction::ModifyTargetGroupAttributes { target_group, .. } => {
            part_of(target_group, ElbPart::TargetGroupAttributes)
        }
        ElbAction::DeleteTargetGroup { id } => {
            vec![
                Part::Elb(ElbPart::TargetGroups),
                Part::Elb(ElbPart::Targets(id.clone())),
                Part::Elb(ElbPart::TargetGroupAttributes(id.clone())),
            ]
        }
        ElbAction::RegisterTargets { target_group, .. }
        | ElbAction::RegisterLoadBalancer { target_group, .. } => {
            part_of(target_group, ElbPart::Targets)
        }
        ElbAction::DeregisterTargets { target_group, .. } => {
            vec![Part::Elb(ElbPart::Targets(target_group.clone()))]
        }
        ElbAction::AddTags { id, .. } | ElbAction::RemoveTags { id, .. } => match arn::named(id) {
            Some(Named::LoadBalancer) => vec![Part::Elb(ElbPart::LoadBalancers)],
            Some(Named::TargetGroup) => vec![Part::Elb(ElbPart::TargetGroups)],
            Some(Named::Certificate) => vec![Part::Acm(AcmPart::Certificates)],
            Some(Named::Listener { load_balancer } | Named::Rule { load_balancer, .. }) => {
                vec![Part::Elb(ElbPart::Listeners(load_balancer))]
            }
            None => Vec::new(),
        },
    }
}

/// Whose tags, believed apart from its part, a write changes.
pub(super) fn retagged(action: &ElbAction) -> Option<&AwsId> {
    match action {
        ElbAction::AddTags { id, .. } | ElbAction::RemoveTags { id, .. } => Some(id),
        _ => None,
    }
}

/// AWS answers a creation with what stands already, if nothing but its tags differs. Where that is
/// known to be somebody else's, it is no more ours than before.
pub(super) fn mistaken(belief: &Belief, action: &ElbAction, answer: &Answer) -> Option<CloudError> {
    let (ElbAction::CreateLoadBalancer { spec, .. }, Answer::LoadBalancer(made)) = (action, answer)
    else {
        return None;
    };
    let id = &made.live.id;
    let stood = belief.elb.load_balancers.value().is_some_and(|known| known.contains(id));
    let is_anothers = stood && belief.tags.get(id).is_some_and(|tags| *tags != spec.tags);
    is_anothers.then(|| {
        let message = format!("a load balancer '{}' stands already and is not ours", spec.name);
        CloudError::ours("elbv2.CreateLoadBalancer", "DuplicateLoadBalancerName", message)
    })
}

/// The part that hangs on a thing, where AWS has given its identifier.
fn part_of(id: &Id, part: fn(AwsId) -> ElbPart) -> Vec<Part> {
    id.given().cloned().map(part).map(Part::Elb).into_iter().collect()
}

fn listeners_of(id: &AwsId) -> Option<Part> {
    arn::load_balancer_of(id).map(ElbPart::Listeners).map(Part::Elb)
}
