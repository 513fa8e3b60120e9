//! Who may bind a target group. Whatever is registered there gets everybody's requests, so a target
//! group has one binder, and what AWS's tags say of it counts for more than what a namespace says
//! of itself.

use super::policy::{self, Verdict};
use crate::model::group::Group;
use crate::model::id::{AwsId, ObjectKey};
use crate::model::marks::{TAG_ALLOWED_NAMESPACES, TAG_CLUSTER, Tags};
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::seen::SeenBinding;
use crate::model::settings::Scope;
use crate::model::snapshot::Snapshot;

/// What happens as long as a binding may not have its target group.
const MEANWHILE: &str = "nothing is registered or deregistered for it, and nothing let in";

/// Why a binding may not have the target group that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It belongs to another cluster.
    OtherCluster,
    /// It was made for an Ingress, of which the binding is none.
    Ingress,
    /// Its tag does not name the namespace.
    Namespace,
    /// Nobody may read its tags.
    Unread,
    /// Another binding has it.
    Taken,
    /// A policy does not allow it, or nobody can tell.
    Policy,
}

impl Refusal {
    /// Whether tags are what it hangs on, which change without a word.
    #[must_use]
    pub fn is_of_tags(self) -> bool {
        match self {
            Self::OtherCluster | Self::Ingress | Self::Namespace | Self::Unread => true,
            Self::Taken | Self::Policy => false,
        }
    }
}

/// Why a binding may not have the target group that it names; `None` where it may, or is not there.
///
/// Of those that may, the oldest one does. One that leaves makes room for the next.
#[must_use]
pub fn refusal(snapshot: &Snapshot, key: &ObjectKey) -> Option<Refusal> {
    let seen = snapshot.objects.bindings.get(key).filter(|_| is_served(snapshot, key))?;
    let target_group = seen.spec.target_group_arn.as_ref()?;
    let tags = match snapshot.bound.get(target_group) {
        Some(None) if seen.role().is_none() => return Some(Refusal::Unread),
        Some(tags) => tags.as_ref(),
        None => None,
    };
    let cluster = snapshot.settings.cluster.as_str();
    let barred = |key: &ObjectKey, seen: &SeenBinding| barred(cluster, tags?, key, seen);
    if let Some(refusal) = barred(key, seen) {
        return Some(refusal);
    }
    let is_of_ingress = is_of_ingress(snapshot, target_group);
    let is_allowed = |key: &ObjectKey, seen: &SeenBinding| {
        let verdict = || policy::binding::judge(&snapshot.objects, key, seen);
        is_of_ingress || verdict() == Verdict::Allowed
    };
    if !is_allowed(key, seen) {
        return Some(Refusal::Policy);
    }
    let named = snapshot.objects.bindings.iter();
    let named =
        named.filter(|(_, other)| other.spec.target_group_arn.as_ref() == Some(target_group));
    // What another account has is nobody's who does not name the role for it.
    let role = seen.role();
    let named = named.filter(|(_, other)| tags.is_some() || other.role() == role);
    let may = named.filter(|(other, seen)| barred(other, seen).is_none());
    let may = may.filter(|(other, seen)| is_allowed(other, seen));
    let binder = may.min_by_key(|(other, seen)| (seen.leaving, seen.created, *other));
    binder.is_some_and(|(binder, _)| binder != key).then_some(Refusal::Taken)
}

/// Whether a binding is ours to serve at all: beside LBC only those of our own Ingresses are, by
/// the tags of their target groups, or by our finalizer where those are gone already.
#[must_use]
pub fn is_served(snapshot: &Snapshot, key: &ObjectKey) -> bool {
    let is_of_ours = || {
        let Some(seen) = snapshot.objects.bindings.get(key) else { return false };
        let finalizer = snapshot.settings.scope.binding_finalizer();
        let target_group = seen.spec.target_group_arn.as_ref();
        target_group.is_some_and(|id| is_of_ingress(snapshot, id))
            || seen.leaving && seen.finalizers.iter().any(|held| held == finalizer)
    };
    snapshot.settings.scope == Scope::All || is_of_ours()
}

/// Whether the target group that a binding names was made for an Ingress of this cluster, whose
/// group takes it away together with its targets once nobody wants it.
#[must_use]
pub fn is_of_ingress(snapshot: &Snapshot, arn: &AwsId) -> bool {
    let tags = snapshot.bound.get(arn).and_then(Option::as_ref);
    tags.is_some_and(|tags| {
        tags.get(TAG_CLUSTER).is_some_and(|owner| *owner == snapshot.settings.cluster)
            && Group::in_tags(tags).is_some()
    })
}

/// Why a binding may not have a target group with these tags, whoever else names it.
fn barred(cluster: &str, tags: &Tags, key: &ObjectKey, seen: &SeenBinding) -> Option<Refusal> {
    let allowed = tags.get(TAG_ALLOWED_NAMESPACES).map(|list| {
        let mut names = list.split(',').map(str::trim);
        names.any(|name| name == key.namespace)
    });
    let owner = tags.get(TAG_CLUSTER);
    if owner.is_some_and(|owner| owner != cluster) {
        return (allowed != Some(true)).then_some(Refusal::OtherCluster);
    }
    if owner.is_some()
        && let Some(stack) = Group::in_tags(tags)
    {
        let is_of_group =
            Group::of_labels(&seen.labels).is_some_and(|group| group.to_string() == *stack);
        return (!is_of_group || !is_in_place(tags, key)).then_some(Refusal::Ingress);
    }
    (allowed == Some(false)).then_some(Refusal::Namespace)
}

/// Whether a binding lies in the namespace of the Service that a target group was made for.
#[must_use]
pub fn is_in_place(tags: &Tags, key: &ObjectKey) -> bool {
    let resource = Group::resource_in(tags);
    let namespace = resource.and_then(|resource| resource.split_once('/'));
    namespace.is_some_and(|(namespace, _)| namespace == key.namespace)
}

/// What is to be said to somebody whose binding may not have its target group.
#[must_use]
pub fn problems(snapshot: &Snapshot, refusal: Refusal, key: &ObjectKey) -> Vec<Problem> {
    if refusal != Refusal::Policy {
        return vec![problem(refusal, key)];
    }
    let seen = snapshot.objects.bindings.get(key);
    let verdict = seen.map(|seen| policy::binding::judge(&snapshot.objects, key, seen));
    let told = match verdict {
        Some(Verdict::Forbidden(all)) => all,
        Some(Verdict::Unknown(problem)) => vec![problem],
        Some(Verdict::Allowed) | None => Vec::new(),
    };
    let told = told.into_iter();
    told.map(|problem| Problem { meanwhile: MEANWHILE.to_owned(), ..problem }).collect()
}

fn problem(refusal: Refusal, key: &ObjectKey) -> Problem {
    let namespace = &key.namespace;
    let (found, allowed) = match refusal {
        Refusal::OtherCluster => (
            "a target group whose tag elbv2.k8s.aws/cluster names another cluster".to_owned(),
            format!(
                "one of this cluster or of none; or its owner names {namespace} in its tag \
                 {TAG_ALLOWED_NAMESPACES}"
            ),
        ),
        Refusal::Ingress => (
            "a target group that was made for an Ingress".to_owned(),
            "one that this controller did not make: an Ingress's is bound by its own binding"
                .to_owned(),
        ),
        Refusal::Namespace => (
            format!("a target group whose tag {TAG_ALLOWED_NAMESPACES} does not name {namespace}"),
            format!("one whose tag names {namespace}, or that has no such tag"),
        ),
        Refusal::Unread => (
            "a target group whose tags cannot be read".to_owned(),
            "one of this account: its tags say who may bind it".to_owned(),
        ),
        Refusal::Taken | Refusal::Policy => (
            "a target group that another binding has".to_owned(),
            "one that no other binding names: the oldest of them has it, and the next one once \
             that is deleted"
                .to_owned(),
        ),
    };
    Problem {
        code: Code::ForeignTargetGroup,
        severity: Severity::Error,
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: "spec.targetGroupARN".to_owned(),
        found,
        allowed,
        meanwhile: MEANWHILE.to_owned(),
    }
}
