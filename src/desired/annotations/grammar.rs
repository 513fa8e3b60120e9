//! The grammars of annotations' values.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::listener::Protocol;
use crate::model::load_balancer::{IpAddressType, Scheme};
use crate::model::names::LOAD_BALANCER_NAME_LENGTH_MAX;
use crate::model::rule::Precedence;
use crate::model::target_group::{GRPC, HTTP1, HTTP2, TargetType};

pub use frontend_nlb::{
    allocations, healthcheck_path, healthcheck_port, port_mapping, success_codes,
};
pub use mutual_authentication::mutual_authentication;
pub use web_acl::{web_acl_arn, web_acl_name};

pub mod action;
pub mod authentication;
pub mod condition;
mod frontend_nlb;
pub mod json;
mod mutual_authentication;
pub mod transform;
mod web_acl;

/// Why a value cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The part of the value that is wrong, where it is not all of it.
    pub found: Option<String>,
    /// What is allowed.
    pub allowed: Cow<'static, str>,
}

impl From<&'static str> for Unreadable {
    fn from(allowed: &'static str) -> Self {
        Self { found: None, allowed: allowed.into() }
    }
}

impl From<String> for Unreadable {
    fn from(allowed: String) -> Self {
        Self { found: None, allowed: allowed.into() }
    }
}

/// What reads the value of an annotation.
pub type Parser<T> = fn(&str) -> Result<T, Unreadable>;

/// One of these words.
fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, Unreadable> {
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        words.join(", ").into()
    })
}

/// Yes or no.
pub fn truth(text: &str) -> Result<bool, Unreadable> {
    word(text, &[("true", true), ("false", false)])
}

/// An order of rules.
pub fn precedence(text: &str) -> Result<Precedence, Unreadable> {
    word(text, &[("members", Precedence::Members), ("kubernetes", Precedence::Kubernetes)])
}

/// Zones with commas, or `none`.
pub fn zones_out(text: &str) -> Result<BTreeSet<String>, Unreadable> {
    let zones: BTreeSet<String> = items(text).map(str::to_owned).collect();
    if zones.is_empty() || zones.len() > 1 && zones.contains("none") {
        return Err("names of availability zones with commas, or none".into());
    }
    Ok(zones.into_iter().filter(|zone| zone != "none").collect())
}

/// Yes or no in all of the spellings that LBC takes.
pub fn boolean(text: &str) -> Result<bool, Unreadable> {
    const TRUE: [&str; 6] = ["1", "t", "T", "TRUE", "true", "True"];
    const FALSE: [&str; 6] = ["0", "f", "F", "FALSE", "false", "False"];
    match text {
        text if TRUE.contains(&text) => Ok(true),
        text if FALSE.contains(&text) => Ok(false),
        _ => Err("true, false".into()),
    }
}

/// Where clients come from.
pub fn scheme(text: &str) -> Result<Scheme, Unreadable> {
    word(text, &[("internal", Scheme::Internal), ("internet-facing", Scheme::InternetFacing)])
}

/// The kinds of addresses of a load balancer.
pub fn ip_address_type(text: &str) -> Result<IpAddressType, Unreadable> {
    const TYPES: [(&str, IpAddressType); 3] = [
        ("ipv4", IpAddressType::Ipv4),
        ("dualstack", IpAddressType::Dualstack),
        ("dualstack-without-public-ipv4", IpAddressType::DualstackWithoutPublicIpv4),
    ];
    word(text, &TYPES)
}

/// What targets are.
pub fn target_type(text: &str) -> Result<TargetType, Unreadable> {
    word(text, &[("ip", TargetType::Ip), ("instance", TargetType::Instance)])
}

/// What is spoken.
pub fn protocol(text: &str) -> Result<Protocol, Unreadable> {
    word(text, &[("HTTP", Protocol::Http), ("HTTPS", Protocol::Https)])
}

/// In which version HTTP is spoken to targets.
pub fn protocol_version(text: &str) -> Result<&'static str, Unreadable> {
    word(text, &[(HTTP1, HTTP1), (HTTP2, HTTP2), (GRPC, GRPC)])
}

/// A whole number between two bounds, both included.
pub fn integer<const MIN: i32, const MAX: i32>(text: &str) -> Result<i32, Unreadable> {
    let number = text.parse().ok().filter(|number| (MIN..=MAX).contains(number));
    number.ok_or_else(|| format!("a whole number from {MIN} to {MAX}").into())
}

/// Capacity units, as the one pair that there may be; nothing where there is none.
pub fn capacity(text: &str) -> Result<Option<u32>, Unreadable> {
    const UNITS: &str = "CapacityUnits";
    let read = |pairs: &BTreeMap<String, String>| match pairs.first_key_value() {
        None => Some(None),
        Some((key, value)) if pairs.len() == 1 && key == UNITS => {
            let number = value.parse::<i32>().ok()?;
            u32::try_from(number).ok().map(Some)
        }
        Some(_) => None,
    };
    let pairs = map(text).ok();
    pairs.as_ref().and_then(read).ok_or_else(|| "CapacityUnits= and a whole number".into())
}

/// A text of anything at all.
pub fn not_empty(text: &str) -> Result<String, Unreadable> {
    if text.is_empty() { Err("anything but nothing".into()) } else { Ok(text.to_owned()) }
}

/// A port.
pub fn port(text: &str) -> Result<u16, Unreadable> {
    let number = text.parse().ok().filter(|port| *port > 0);
    number.ok_or_else(|| "a port number from 1 to 65535".into())
}

/// Items between commas, trimmed, empty ones dropped.
pub fn list(text: &str) -> Vec<String> {
    items(text).map(str::to_owned).collect()
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// Managed prefix lists, by id.
pub fn prefix_lists(text: &str) -> Result<BTreeSet<String>, Unreadable> {
    let wrong = items(text).find(|item| !item.starts_with("pl-"));
    match wrong {
        Some(item) => Err(Unreadable {
            found: Some(item.to_owned()),
            allowed: "ids of managed prefix lists between commas, such as pl-0123456789abcdef0"
                .into(),
        }),
        None => Ok(items(text).map(str::to_owned).collect()),
    }
}

/// AWS's grammar of a load balancer's name.
pub fn load_balancer_name(text: &str) -> Result<String, Unreadable> {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let is_good = (1..=LOAD_BALANCER_NAME_LENGTH_MAX).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.starts_with("internal-");
    if is_good {
        Ok(text.to_owned())
    } else {
        Err("1 to 32 letters, digits and inner hyphens, not starting with internal-".into())
    }
}

/// CIDRs between commas, each as AWS stores it.
pub fn cidrs(text: &str) -> Result<BTreeSet<String>, Unreadable> {
    let each = items(text).map(|item| {
        canonical_cidr(item).ok_or_else(|| Unreadable {
            found: Some(item.to_owned()),
            allowed: "CIDRs such as 10.0.0.0/8 or 2001:db8::/32, between commas".into(),
        })
    });
    each.collect()
}

/// A CIDR with its host bits cleared, as AWS stores it; otherwise the same wish would never be met.
fn canonical_cidr(text: &str) -> Option<String> {
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

/// Ports with what they speak; where one port is listed twice the later entry wins (LBC).
pub fn listen_ports(text: &str) -> Result<BTreeMap<u16, Protocol>, Unreadable> {
    const GRAMMAR: &str =
        "a JSON array of {\"HTTP\": port} and {\"HTTPS\": port}, ports from 1 to 65535";
    let entries: Vec<BTreeMap<Protocol, u16>> =
        serde_json::from_str(text).map_err(|_| Unreadable::from(GRAMMAR))?;
    let pairs = entries.iter().flatten().map(|(protocol, port)| (*port, *protocol));
    let ports: BTreeMap<u16, Protocol> = pairs.collect();
    let is_other = ports.values().any(|protocol| *protocol == Protocol::Tcp);
    if entries.is_empty() || ports.contains_key(&0) || is_other {
        Err(GRAMMAR.into())
    } else {
        Ok(ports)
    }
}

/// Pairs `key=value` between commas, as LBC reads them: a backslash takes the next character as it
/// is; a comma that nothing but blanks follows belongs to the last value.
pub fn map(text: &str) -> Result<BTreeMap<String, String>, Unreadable> {
    let ends = |rest: &str| !rest.trim().is_empty();
    pairs(text, ends).ok_or_else(|| PAIRS.into())
}

/// Pairs as of `map`, whose values may hold commas as they are: those that nothing follows which
/// could be an attribute's key. Where LBC understands a value that AWS takes, it means the same.
pub fn attributes(text: &str) -> Result<BTreeMap<String, String>, Unreadable> {
    let in_key = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let ends = |rest: &str| {
        let item = rest.split(',').next().unwrap_or_default();
        let key = item.split_once('=').map(|(key, _)| key.trim());
        key.is_some_and(|key| key.contains('.') && key.chars().all(in_key))
    };
    let pairs = pairs(text, ends);
    let pairs = pairs.filter(|pairs| pairs.keys().all(|key| key.chars().all(in_key)));
    pairs.ok_or_else(|| PAIRS.into())
}

const PAIRS: &str = "key=value pairs between commas, a comma in a value as '\\,'";

/// Pairs between those commas which end an item, judged by what follows.
fn pairs(text: &str, ends: impl Fn(&str) -> bool) -> Option<BTreeMap<String, String>> {
    let mut pairs = BTreeMap::new();
    if text.is_empty() {
        return Some(pairs);
    }
    let mut item = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => item.push(rest.next().unwrap_or('\\')),
            ',' if ends(rest.as_str()) => {
                let (key, value) = pair(&std::mem::take(&mut item))?;
                pairs.insert(key, value);
            }
            c => item.push(c),
        }
    }
    let (key, value) = pair(&item)?;
    pairs.insert(key, value);
    Some(pairs)
}

fn pair(item: &str) -> Option<(String, String)> {
    let (key, value) = item.split_once('=')?;
    let key = key.trim();
    (!key.is_empty()).then(|| (key.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_map(text: &str, expected: Option<&[(&str, &str)]>) {
        let expected = expected.map(|pairs| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        });
        assert_eq!(map(text).ok(), expected, "{text:?}");
    }

    #[test]
    fn maps_are_read_as_lbc_reads_them() {
        check_map("", Some(&[]));
        check_map("a=b", Some(&[("a", "b")]));
        check_map(" a = b , c=d ", Some(&[("a", "b"), ("c", "d")]));
        check_map("a=b\\,c,d=e", Some(&[("a", "b,c"), ("d", "e")]));
        check_map("a=b=c", Some(&[("a", "b=c")]));
        check_map("a=", Some(&[("a", "")]));
        check_map("a=b,", Some(&[("a", "b,")]));
        check_map("a=b,a=c", Some(&[("a", "c")]));
        check_map("a=b\\", Some(&[("a", "b\\")]));
        for bad in [" ", "a", "=b", ",a=b", "a=b,,c=d", "a=b,c"] {
            check_map(bad, None);
        }
    }

    #[test]
    fn values_of_attributes_may_hold_commas_and_equals_signs() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let expected: BTreeMap<String, String> =
                expected.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
            assert_eq!(attributes(text), Ok(expected), "{text}");
        };
        let (hsts, csp) = ("max-age=15768000; includeSubDomains", "default-src 'self', x");
        check(&format!("a.hsts={hsts}"), &[("a.hsts", hsts)]);
        check(&format!("a.csp={csp}"), &[("a.csp", csp)]);
        check(&format!("a.csp={csp} ,\n b.c=1"), &[("a.csp", csp), ("b.c", "1")]);
        check("a.h=max-age=1, preload=x,b.c =2", &[("a.h", "max-age=1, preload=x"), ("b.c", "2")]);
        check("a.csp=x\\,b.c=1", &[("a.csp", "x,b.c=1")]);
        check("a.b=c,", &[("a.b", "c,")]);
        check("", &[]);
        for bad in [" ", "a.b", "=x", ",a.b=c", "a.b c=1"] {
            assert!(attributes(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lists_drop_blanks() {
        assert_eq!(list(" a , ,b"), ["a", "b"]);
        assert!(list(" , ").is_empty());
    }

    #[test]
    fn listen_ports_are_json() {
        let check = |text: &str, expected: Option<&[(u16, Protocol)]>| {
            let expected = expected.map(|ports| ports.iter().copied().collect());
            assert_eq!(listen_ports(text).ok(), expected, "{text}");
        };
        let both: &[(u16, Protocol)] = &[(80, Protocol::Http), (443, Protocol::Https)];
        check(r#"[{"HTTP":80},{"HTTPS":443}]"#, Some(both));
        check(r#"[{"HTTP":80,"HTTPS":443}]"#, Some(both));
        check(r#"[{"HTTP":80},{"HTTPS":80}]"#, Some(&[(80, Protocol::Https)]));
        check("[{}]", Some(&[]));
        for bad in [
            "",
            "[]",
            "null",
            "80",
            r#"[{"http":80}]"#,
            r#"[{"HTTP":0}]"#,
            r#"[{"HTTP":65536}]"#,
            r#"[{"TCP":80}]"#,
            r#"[{"HTTP":"80"}]"#,
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn prefix_lists_are_named_by_their_ids() {
        let both: BTreeSet<String> = ["pl-1", "pl-2"].map(str::to_owned).into();
        assert_eq!(prefix_lists("pl-2, pl-1,"), Ok(both));
        assert_eq!(prefix_lists(""), Ok(BTreeSet::new()));
        assert_eq!(
            prefix_lists("pl-1,cloudfront").unwrap_err().found.as_deref(),
            Some("cloudfront")
        );
    }

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
