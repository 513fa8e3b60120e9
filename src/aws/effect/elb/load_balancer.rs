//! Load balancers.

use crate::aws::answer::Answer;
use crate::aws::belief::{Belief, Stamp};
use crate::aws::part::{ElbPart, Part};
use crate::model::id::{AwsId, Id};
use crate::model::known::Known;
use crate::model::load_balancer::{IpAddressType, LoadBalancer};

pub(super) fn create(belief: &mut Belief, spec: &LoadBalancer, answer: &Answer, at: Stamp) {
    let Answer::LoadBalancer(made) = answer else {
        return belief.forget(&Part::Elb(ElbPart::LoadBalancers));
    };
    let id = &made.live.id;
    let is_certain = belief.is_certain(&Part::Elb(ElbPart::LoadBalancers));
    let Known::Is(load_balancers, _) = &mut belief.elb.load_balancers else { return };
    // AWS answers a repeated creation with what stands already, and that may have listeners. Only
    // what was not there before is known to be bare.
    if load_balancers.contains(id) || !is_certain {
        return;
    }
    load_balancers.insert(id.clone(), made.clone());
    belief.tags.insert(id.clone(), spec.tags.clone());
    belief.elb.listeners.insert(id.clone(), Known::Is(Vec::new(), at.date));
    belief.elb.capacities.insert(id.clone(), Known::Absent(at.date));
}

pub(super) fn set_security_groups(belief: &mut Belief, id: &AwsId, security_groups: &[Id]) {
    change(belief, id, |spec| {
        spec.security_groups = security_groups.to_vec();
        spec.security_groups.sort();
    });
}

pub(super) fn set_subnets(belief: &mut Belief, id: &AwsId, subnets: &[AwsId]) {
    change(belief, id, |spec| {
        spec.subnets = subnets.to_vec();
        spec.subnets.sort();
    });
}

pub(super) fn set_ip_address_type(belief: &mut Belief, id: &AwsId, wanted: IpAddressType) {
    change(belief, id, |spec| spec.ip_address_type = wanted);
}

pub(super) fn modify_ip_pools(belief: &mut Belief, id: &AwsId, pool: Option<&String>) {
    change(belief, id, |spec| spec.ipv4_pool = pool.cloned());
}

pub(super) fn reserve(belief: &mut Belief, id: &Id, units: u32, at: Stamp) {
    let known = id.given().and_then(|id| belief.elb.capacities.get_mut(id));
    if let Some(known) = known.filter(|known| known.is_read()) {
        *known = if units > 0 { Known::Is(units, at.date) } else { Known::Absent(at.date) };
    }
}

pub(super) fn delete(belief: &mut Belief, id: &AwsId) {
    if let Known::Is(load_balancers, _) = &mut belief.elb.load_balancers {
        load_balancers.remove(id);
    }
    belief.tags.remove(id);
    belief.doubtful_tags.remove(id);
    let listeners = belief.elb.listeners.get(id).into_iter().flat_map(Known::iter);
    let listeners: Vec<AwsId> = listeners.map(|listener| listener.live.id.clone()).collect();
    for listener in listeners {
        belief.forget(&Part::Elb(ElbPart::ListenerAttributes(listener)));
    }
    belief.forget(&Part::Elb(ElbPart::Listeners(id.clone())));
    belief.forget(&Part::Elb(ElbPart::Capacity(id.clone())));
    belief.forget(&Part::Elb(ElbPart::LoadBalancerAttributes(id.clone())));
}

fn change(belief: &mut Belief, id: &AwsId, change: impl FnOnce(&mut LoadBalancer)) {
    if let Known::Is(load_balancers, _) = &mut belief.elb.load_balancers
        && load_balancers.change(id, |found| change(&mut found.live.spec)).is_none()
    {
        belief.forget(&Part::Elb(ElbPart::LoadBalancers));
    }
}
