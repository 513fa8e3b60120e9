//! What an Ingress wants of its load balancer.

use crate::model::id::AwsId;
use crate::model::load_balancer::{IpAddressType, LoadBalancerKind, LoadBalancerWish};
use crate::model::problem::Code;
use crate::model::seen::SubnetSelector;
use crate::model::settings::Settings;
use crate::model::surroundings::Surroundings;

use super::annotations::table::{
    CAPACITY, CUSTOMER_OWNED_POOL, IP_ADDRESS_TYPE, IPV4_POOL, LOAD_BALANCER_NAME, MANAGE_RULES,
    SCHEME, SECURITY_GROUPS, SSL_REDIRECT, SUBNETS,
};
use super::annotations::{Annotation, Annotations, Lookup};
use super::{attributes, protection, subnets, tags};

/// Reads what an Ingress and its class want of the load balancer.
pub fn wish(
    settings: &Settings,
    surroundings: &Surroundings,
    lookup: &mut Lookup<'_, '_, '_>,
) -> LoadBalancerWish {
    let ip_address_type = lookup.find(&IP_ADDRESS_TYPE);
    let (gates, of_class) = (&settings.gates, lookup.class.map(|class| &class.spec));
    let (attributes, class_attributes) = attributes::of_load_balancer(lookup);
    LoadBalancerWish {
        scheme: lookup.find(&SCHEME),
        ip_address_type,
        name: lookup.find(&LOAD_BALANCER_NAME),
        subnets: named_subnets(settings, surroundings, ip_address_type, lookup),
        zones_out: None,
        class_zones_out: None,
        security_groups: security_groups(surroundings, lookup.ingress, &SECURITY_GROUPS),
        manages_rules: lookup.find(&MANAGE_RULES),
        attributes,
        class_attributes,
        capacity: if gates.capacity_reservation { capacity(lookup) } else { None },
        class_capacity: if gates.capacity_reservation { class_capacity(lookup) } else { None },
        ipv4_pool: lookup.ingress.read(&IPV4_POOL).filter(|pool| !pool.is_empty()),
        class_ipv4_pool: of_class
            .and_then(|spec| spec.ipam_configuration.as_ref()?.ipv4_pool.clone()),
        customer_owned_pool: lookup.find(&CUSTOMER_OWNED_POOL),
        tags: tags::wished(settings, lookup),
        ssl_redirect: lookup.find(&SSL_REDIRECT),
        protection: protection::wish(settings, lookup),
    }
}

/// What the annotation asks for; where the class decides, it is not even read (LBC).
fn capacity(lookup: &mut Lookup<'_, '_, '_>) -> Option<u32> {
    let decided = lookup.class.and_then(|class| class.spec.minimum_load_balancer_capacity.as_ref());
    if decided.is_some() { None } else { lookup.ingress.read(&CAPACITY)? }
}

fn class_capacity(lookup: &mut Lookup<'_, '_, '_>) -> Option<u32> {
    let decided = lookup.class?.spec.minimum_load_balancer_capacity.as_ref()?.capacity_units;
    let units = u32::try_from(decided).ok();
    if units.is_none() {
        let (field, found) = (CAPACITY.place_in_class(), decided.to_string());
        let allowed = "capacity units, or 0 for none";
        let problem = lookup.ingress.error(Code::InvalidClass, field, found, allowed);
        lookup.ingress.problems.push(problem);
    }
    units
}

fn named_subnets(
    settings: &Settings,
    surroundings: &Surroundings,
    ip_address_type: Option<IpAddressType>,
    lookup: &mut Lookup<'_, '_, '_>,
) -> Option<Vec<AwsId>> {
    let ip_address_type = ip_address_type.unwrap_or(IpAddressType::Ipv4);
    let of_class = lookup.class.and_then(|class| class.spec.subnets.as_ref());
    let by_tags = of_class.filter(|selector| selector.ids.is_empty() && !selector.tags.is_empty());
    // Tags are the one way to choose that no annotation has.
    let of = (LoadBalancerKind::Application, ip_address_type);
    let (field, found) = if let Some(SubnetSelector { tags, .. }) = by_tags {
        let found = subnets::tagged(surroundings, settings, of, tags);
        (SUBNETS.place_in_class(), found)
    } else {
        let names = lookup.find(&SUBNETS)?;
        (lookup.place(&SUBNETS), subnets::named(surroundings, settings, of, &names))
    };
    match found {
        Ok(ids) => Some(ids),
        Err(none) => {
            let ingress = &mut *lookup.ingress;
            let problem = ingress.error(Code::NoSubnets, field, none.found, &none.allowed);
            ingress.problems.push(problem);
            None
        }
    }
}

/// Security groups by id, or by their tag `Name`; ids come first (LBC). An empty list is as good as
/// none.
pub(super) fn security_groups(
    surroundings: &Surroundings,
    annotations: &mut Annotations<'_>,
    annotation: &Annotation<Vec<String>>,
) -> Option<Vec<AwsId>> {
    let names = annotations.read(annotation).filter(|names| !names.is_empty())?;
    let all = &surroundings.security_groups;
    let (mut ids, mut by_name, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for name in names {
        if name.starts_with("sg-") {
            let id = AwsId::new(name.clone());
            if all.get(&id).is_some() {
                ids.push(id);
            } else {
                missing.push(name);
            }
            continue;
        }
        let called = all.named(&name);
        if called.is_empty() {
            missing.push(name);
        } else {
            by_name.extend(called.into_iter().cloned());
        }
    }
    if missing.is_empty() {
        ids.extend(by_name);
        return Some(ids);
    }
    let problem = annotations.error(
        Code::NoSecurityGroup,
        annotation.field(),
        format!("{}, which {} does not have", missing.join(", "), surroundings.vpc.id),
        "security groups of the VPC, by id or by their tag Name",
    );
    annotations.problems.push(problem);
    None
}
