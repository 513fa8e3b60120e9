//! What a person left out of a binding, and what in it its target group contradicts: what LBC's
//! webhooks see to, which need not stand.

use smol_str::SmolStr;

use crate::model::binding::Completion;
use crate::model::group::Group;
use crate::model::id::{AwsId, ObjectKey};
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::role::Role;
use crate::model::seen::{READY, SeenBinding};
use crate::model::snapshot::Snapshot;
use crate::model::target_group::Traits;

use super::binder;

/// What has to be known of a binding's target group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Nothing: whoever made the binding, or looked after it before, has seen to that.
    Nothing,
    /// Which one has this name, and what it is.
    Named(String),
    /// What it is.
    Traits(AwsId),
}

/// What has to be known of a binding's target group. One of an Ingress was made complete, and one
/// that carries a finalizer was looked at when it got it.
#[must_use]
pub fn ask(snapshot: &Snapshot, key: &ObjectKey) -> Ask {
    let seen = snapshot.objects.bindings.get(key).filter(|seen| is_of_person(snapshot, key, seen));
    let Some(seen) = seen else { return Ask::Nothing };
    let spec = &seen.spec;
    let named = spec.target_group_name.clone().filter(|name| !name.is_empty());
    let finalizer = snapshot.settings.scope.binding_finalizer();
    let is_claimed = seen.finalizers.iter().any(|held| held == finalizer);
    match (arn(seen), named) {
        (None, Some(name)) => Ask::Named(name),
        (Some(arn), _) if !is_claimed || is_empty(spec.target_type.as_ref()) => Ask::Traits(arn),
        // It was claimed before anybody found it.
        (Some(arn), None) if was_unfound(seen) => Ask::Traits(arn),
        _ => Ask::Nothing,
    }
}

/// Whether a binding shows that its target group was not found, or could not be looked at, when it
/// was looked at last.
fn was_unfound(seen: &SeenBinding) -> bool {
    let mut shown = seen.status.conditions.iter();
    let ready = shown.find(|condition| condition.kind == READY && condition.status == "False");
    let reasons = [Code::NoTargetGroup, Code::ForeignTargetGroup].map(|code| code.to_string());
    ready.is_some_and(|ready| reasons.iter().any(|reason| *reason == ready.reason.as_str()))
}

/// Whether a binding is to be claimed whose target group is not found, or cannot be looked at: LBC
/// claims whatever it sees. One by a role waits until that role lets us in: who deletes it before
/// would wait for that.
#[must_use]
pub fn is_unclaimed(snapshot: &Snapshot, key: &ObjectKey) -> bool {
    let finalizer = snapshot.settings.scope.binding_finalizer();
    let seen = snapshot.objects.bindings.get(key).filter(|seen| is_of_person(snapshot, key, seen));
    seen.is_some_and(|seen| !seen.finalizers.iter().any(|held| held == finalizer))
}

/// Whether a binding is a person's, for us to serve.
#[must_use]
pub fn is_of_person(snapshot: &Snapshot, key: &ObjectKey, seen: &SeenBinding) -> bool {
    !seen.leaving && Group::of_labels(&seen.labels).is_none() && binder::is_served(snapshot, key)
}

/// The target group that a binding names.
#[must_use]
pub fn arn(seen: &SeenBinding) -> Option<AwsId> {
    seen.spec.target_group_arn.clone().filter(|arn| !arn.as_str().is_empty())
}

/// Whether nobody can tell yet what targets a binding has: there is nothing to let anybody in to.
#[must_use]
pub fn is_unknown(seen: &SeenBinding) -> bool {
    is_empty(seen.spec.target_type.as_ref())
}

fn is_empty(field: Option<&SmolStr>) -> bool {
    field.is_none_or(SmolStr::is_empty)
}

/// What a binding leaves out and its target group tells.
#[must_use]
pub fn completion(seen: &SeenBinding, target_group: &AwsId, traits: &Traits) -> Completion {
    let spec = &seen.spec;
    let standing = arn(seen);
    let is_other = standing.as_ref() != Some(target_group);
    Completion {
        replaced: spec.target_group_arn.clone().filter(|_| is_other),
        target_group: is_other.then(|| target_group.clone()),
        target_type: is_empty(spec.target_type.as_ref()).then(|| traits.target_type.clone()),
        ipv6: is_empty(spec.ip_address_type.as_ref()).then_some(traits.ipv6),
        vpc: (is_empty(spec.vpc_id.as_ref()) && !traits.vpc.is_empty()).then(|| traits.vpc.clone()),
        protocol: is_empty(spec.target_group_protocol.as_ref()).then(|| traits.protocol.clone()),
    }
}

/// What in a binding contradicts its target group, or means nothing with it.
#[must_use]
pub fn flaw(seen: &SeenBinding, key: &ObjectKey, traits: &Traits) -> Option<Problem> {
    let spec = &seen.spec;
    let family = if traits.ipv6 { "ipv6" } else { "ipv4" };
    let told = [
        ("spec.targetType", spec.target_type.as_deref(), traits.target_type.as_str()),
        ("spec.ipAddressType", spec.ip_address_type.as_deref(), family),
        ("spec.vpcID", spec.vpc_id.as_deref(), traits.vpc.as_str()),
        (
            "spec.targetGroupProtocol",
            spec.target_group_protocol.as_deref(),
            traits.protocol.as_str(),
        ),
    ];
    let told = told.map(|(field, said, is)| (field, said.filter(|said| !said.is_empty()), is));
    if !["ip", "instance"].contains(&traits.target_type.as_str()) {
        let found = format!("a target group of {} targets", traits.target_type);
        return Some(problem(key, "spec.targetGroupARN", found, "one of ip or instance targets"));
    }
    if let Some((field, said, is)) =
        told.into_iter().find_map(|(field, said, is)| Some((field, said.filter(|s| *s != is)?, is)))
    {
        let allowed = format!("{is}, which its target group has");
        return Some(problem(key, field, said.to_owned(), &allowed));
    }
    let is_ip = traits.target_type == "ip";
    if !is_ip && seen.role().is_some() {
        let found = "a role, while targets are nodes".to_owned();
        return Some(problem(
            key,
            "spec.iamRoleArnToAssume",
            found,
            "none, or a target group of ip",
        ));
    }
    (is_ip && spec.node_selector.is_some()).then(|| {
        let found = "nodes, while targets are pods".to_owned();
        problem(key, "spec.nodeSelector", found, "none, with targetType: ip")
    })
}

/// What is to be said of a binding whose target group is not there.
#[must_use]
pub fn missing(key: &ObjectKey, field: &str, said: &str) -> Problem {
    Problem {
        code: Code::NoTargetGroup,
        ..problem(key, field, format!("{said}, which does not exist"), "a target group that does")
    }
}

/// What is to be said of a binding whose role lets nobody look after its target group.
#[must_use]
pub fn unassumed(key: &ObjectKey, role: &Role, answer: &str) -> Problem {
    Problem {
        code: Code::NoTargetGroup,
        meanwhile: "its targets stay as they are; it is tried again".to_owned(),
        ..problem(
            key,
            "spec.iamRoleArnToAssume",
            format!("{}, by which AWS says {answer}", role.arn),
            "a role that trusts the controller's, which has to be allowed sts:AssumeRole of it",
        )
    }
}

/// What is to be said of a binding whose target group cannot be looked up.
#[must_use]
pub fn unknown(key: &ObjectKey, field: &str, answer: &str) -> Problem {
    let found = format!("a target group that cannot be looked up: {answer}");
    Problem {
        code: Code::NoTargetGroup,
        ..problem(key, field, found, "one of this account and region")
    }
}

fn problem(key: &ObjectKey, field: &str, found: String, allowed: &str) -> Problem {
    Problem {
        code: Code::InvalidBinding,
        severity: Severity::Error,
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: field.to_owned(),
        found,
        allowed: allowed.to_owned(),
        meanwhile: "nothing is registered for it".to_owned(),
    }
}
