//! What an Ingress wants of its load balancer.

use std::collections::BTreeSet;

use crate::model::id::AwsId;
use crate::model::load_balancer::{Attributes, IpAddressType, Scheme};
use crate::model::names::LOAD_BALANCER_NAME_LENGTH_MAX;
use crate::model::problem::Code;
use crate::model::seen::ClassParams;
use crate::model::settings::Settings;
use crate::model::surroundings::Surroundings;

use super::annotations::Annotations;
use super::subnets;

const SCHEMES: &[(&str, Scheme)] =
    &[("internal", Scheme::Internal), ("internet-facing", Scheme::InternetFacing)];

const IP_ADDRESS_TYPES: &[(&str, IpAddressType)] = &[
    ("ipv4", IpAddressType::Ipv4),
    ("dualstack", IpAddressType::Dualstack),
    ("dualstack-without-public-ipv4", IpAddressType::DualstackWithoutPublicIpv4),
];

/// What an Ingress wants of its load balancer; what it does not mention is unset.
#[derive(Debug)]
pub struct Wishes {
    /// The scheme.
    pub scheme: Option<Scheme>,
    /// The kinds of addresses.
    pub ip_address_type: Option<IpAddressType>,
    /// The name.
    pub name: Option<String>,
    /// The subnets.
    pub subnets: Option<Vec<AwsId>>,
    /// The security groups.
    pub security_groups: Option<Vec<AwsId>>,
    /// The attributes.
    pub attributes: Attributes,
    /// Who may reach the listeners.
    pub inbound_cidrs: Option<BTreeSet<String>>,
}

/// Reads what an Ingress and its class want of the load balancer.
pub fn wishes(
    settings: &Settings,
    surroundings: &Surroundings,
    params: Option<&ClassParams>,
    annotations: &mut Annotations<'_>,
) -> Wishes {
    let ip_address_type = ip_address_type(params, annotations);
    Wishes {
        scheme: scheme(params, annotations),
        ip_address_type,
        name: name(params, annotations),
        subnets: named_subnets(settings, surroundings, params, ip_address_type, annotations),
        security_groups: security_groups(surroundings, annotations),
        attributes: attributes(params, annotations),
        inbound_cidrs: inbound_cidrs(params, annotations),
    }
}

fn option_of<T: Copy>(text: Option<&String>, options: &[(&str, T)]) -> Option<T> {
    let text = text?;
    options.iter().find(|(option, _)| option == text).map(|(_, value)| *value)
}

fn scheme(params: Option<&ClassParams>, annotations: &mut Annotations<'_>) -> Option<Scheme> {
    option_of(params.and_then(|params| params.spec.scheme.as_ref()), SCHEMES)
        .or_else(|| annotations.one_of("scheme", SCHEMES))
}

fn ip_address_type(
    params: Option<&ClassParams>,
    annotations: &mut Annotations<'_>,
) -> Option<IpAddressType> {
    option_of(params.and_then(|params| params.spec.ip_address_type.as_ref()), IP_ADDRESS_TYPES)
        .or_else(|| annotations.one_of("ip-address-type", IP_ADDRESS_TYPES))
}

fn name(params: Option<&ClassParams>, annotations: &mut Annotations<'_>) -> Option<String> {
    let of_class = params.and_then(|params| params.spec.load_balancer_name.clone());
    let name = of_class
        .filter(|name| !name.is_empty())
        .or_else(|| annotations.text("load-balancer-name").map(str::to_owned))?;
    // AWS's grammar of a load balancer's name.
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_good = (1..=LOAD_BALANCER_NAME_LENGTH_MAX).contains(&name.len())
        && name.chars().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.starts_with("internal-");
    if !is_good {
        annotations.wrong(
            "load-balancer-name",
            &name,
            "1 to 32 letters, digits and inner hyphens, not starting with internal-",
        );
    }
    Some(name)
}

fn named_subnets(
    settings: &Settings,
    surroundings: &Surroundings,
    params: Option<&ClassParams>,
    ip_address_type: Option<IpAddressType>,
    annotations: &mut Annotations<'_>,
) -> Option<Vec<AwsId>> {
    let ip_address_type = ip_address_type.unwrap_or(IpAddressType::Ipv4);
    let of_class = params.and_then(|params| params.spec.subnets.as_ref());
    let (field, found) = if let Some(selector) = of_class {
        let found = subnets::selected(surroundings, &settings.cluster, ip_address_type, selector);
        ("spec.subnets of the class's parameters", found)
    } else {
        let names = annotations.list("subnets")?;
        let found = subnets::named(surroundings, ip_address_type, &names);
        ("annotation alb.ingress.kubernetes.io/subnets", found)
    };
    match found {
        Ok(ids) => Some(ids),
        Err(none) => {
            let field = field.to_owned();
            let problem = annotations.error(Code::NoSubnets, field, none.found, &none.allowed);
            annotations.problems.push(problem);
            None
        }
    }
}

/// Security groups by id, or by their tag `Name`; ids come first (LBC). An empty list is as good as
/// none.
fn security_groups(
    surroundings: &Surroundings,
    annotations: &mut Annotations<'_>,
) -> Option<Vec<AwsId>> {
    let names = annotations.list("security-groups").filter(|names| !names.is_empty())?;
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
        "annotation alb.ingress.kubernetes.io/security-groups".to_owned(),
        format!("{}, which {} does not have", missing.join(", "), surroundings.vpc.id),
        "security groups of the VPC, by id or by their tag Name",
    );
    annotations.problems.push(problem);
    None
}

fn attributes(params: Option<&ClassParams>, annotations: &mut Annotations<'_>) -> Attributes {
    let own = annotations.map("load-balancer-attributes").unwrap_or_default();
    let of_class = params.map(|params| &params.spec.load_balancer_attributes);
    let of_class =
        of_class.into_iter().flatten().map(|pair| (pair.key.clone(), pair.value.clone()));
    own.into_iter().chain(of_class).collect()
}

fn inbound_cidrs(
    params: Option<&ClassParams>,
    annotations: &mut Annotations<'_>,
) -> Option<BTreeSet<String>> {
    let of_class = params.map(|params| params.spec.inbound_cidrs.clone());
    let cidrs = of_class
        .filter(|cidrs| !cidrs.is_empty())
        .or_else(|| annotations.list("inbound-cidrs").filter(|cidrs| !cidrs.is_empty()))?;
    let mut canonical = BTreeSet::new();
    for cidr in cidrs {
        match canonical_cidr(&cidr) {
            Some(cidr) => {
                canonical.insert(cidr);
            }
            None => {
                let allowed = "CIDRs such as 10.0.0.0/8 or 2001:db8::/32, between commas";
                annotations.wrong("inbound-cidrs", &cidr, allowed);
            }
        }
    }
    Some(canonical)
}

/// A CIDR with its host bits cleared, as AWS stores it; otherwise the same wish would never be met.
fn canonical_cidr(text: &str) -> Option<String> {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) if length <= Ipv4Addr::BITS => {
            let mask = u32::MAX.checked_shl(Ipv4Addr::BITS - length).unwrap_or(0);
            Some(format!("{}/{length}", Ipv4Addr::from_bits(address.to_bits() & mask)))
        }
        IpAddr::V6(address) if length <= Ipv6Addr::BITS => {
            let mask = u128::MAX.checked_shl(Ipv6Addr::BITS - length).unwrap_or(0);
            Some(format!("{}/{length}", Ipv6Addr::from_bits(address.to_bits() & mask)))
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::canonical_cidr;

    #[test]
    fn cidrs_are_written_as_aws_stores_them() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(canonical_cidr(text).as_deref(), expected, "{text}");
        };
        check("10.1.2.3/8", Some("10.0.0.0/8"));
        check("0.0.0.0/0", Some("0.0.0.0/0"));
        check("1.2.3.4/32", Some("1.2.3.4/32"));
        check("2001:DB8::1/32", Some("2001:db8::/32"));
        check("::/0", Some("::/0"));
        for bad in ["10.0.0.0", "10.0.0.0/33", "a/8", "::/129", "10.0.0/8", "10.0.0.0/-1"] {
            check(bad, None);
        }
    }
}
