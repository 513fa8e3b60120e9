//! What is to be said of endpoints that no security group lets anybody reach.

use smol_str::SmolStr;

use crate::model::id::ObjectKey;
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};

/// How many addresses a message names.
const ADDRESSES_MAX: usize = 5;

/// Of endpoints whose addresses no network interface holds, or of instances that have none here.
pub(super) fn without_interface<'a>(
    key: &ObjectKey,
    addresses: impl Iterator<Item = &'a SmolStr>,
) -> Option<Problem> {
    let what = "addresses or instances that have no network interface in the VPC";
    let allowed = "those of this VPC; whoever has others, such as hybrid nodes, lets load \
                   balancers reach them by hand";
    problem(Code::NoInterface, key, (what, allowed), addresses)
}

/// Of endpoints on whose network interfaces no security group may be opened.
pub(super) fn without_group<'a>(
    key: &ObjectKey,
    cluster: &str,
    addresses: impl Iterator<Item = &'a SmolStr>,
) -> Option<Problem> {
    let what = "addresses or instances on network interfaces without a security group that may be \
                opened";
    let allowed = format!(
        "one security group that is tagged kubernetes.io/cluster/{cluster}, or the only one of a \
         pod's or a node's network interface"
    );
    problem(Code::NoSecurityGroup, key, (what, &allowed), addresses)
}

fn problem<'a>(
    code: Code,
    key: &ObjectKey,
    (what, allowed): (&str, &str),
    addresses: impl Iterator<Item = &'a SmolStr>,
) -> Option<Problem> {
    let all: Vec<&str> = addresses.map(SmolStr::as_str).collect();
    if all.is_empty() {
        return None;
    }
    let named = all[..all.len().min(ADDRESSES_MAX)].join(", ");
    let more = match all.len().saturating_sub(ADDRESSES_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(Problem {
        code,
        severity: Severity::Warning,
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: "spec.networking".to_owned(),
        found: format!("{what}: {named}{more}"),
        allowed: allowed.to_owned(),
        meanwhile: "nothing is opened for them; the others are reached".to_owned(),
    })
}
