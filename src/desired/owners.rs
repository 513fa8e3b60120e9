//! Who in the cluster may own what stands in AWS, and what a person has said of what nobody owns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::backend::BackendKey;
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::names;
use crate::model::seen::IngressClass;
use crate::model::settings::{Removals, Scope, Settings};
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::stack::Braked;
use crate::model::subject::Subject;

use super::annotations::table::{ACCEPT_REMOVALS, APPROVE_REMOVALS};
use super::classes::{annotations_of, class_of, is_our_controller};

/// Whether anything in the cluster says that a load balancer was ever made for it. Where nothing
/// does, what stands in AWS under its name is another one's: of a cluster that was there before.
#[must_use]
pub fn bears_marks(scope: Scope, objects: &Objects) -> bool {
    let mut ingresses = objects.ingresses.values();
    let mut held = || {
        ingresses.any(|found| {
            let mut finalizers = found.metadata.finalizers.iter();
            finalizers.any(|finalizer| Group::is_finalizer(scope, finalizer))
        })
    };
    !objects.bindings.is_empty() || held()
}

/// Whether an Ingress is there that a target group may have been made for, by its resource tag.
/// Names may hold hyphens, so each hyphen may be where the Ingress's ends. What members share may
/// have been made for any of the namespace.
#[must_use]
pub fn is_in_sight(objects: &Objects, resource: &str) -> bool {
    let Some((namespace, rest)) = resource.split_once('/') else { return false };
    if BackendKey::is_shared(resource) {
        let mut from = objects.ingresses.range(ObjectKey::new(namespace, "")..);
        return from.next().is_some_and(|(key, _)| key.namespace == namespace);
    }
    rest.match_indices('-').any(|(end, _)| {
        let key = ObjectKey::new(namespace, &rest[..end]);
        objects.ingresses.contains_key(&key) && may_own(&key, resource)
    })
}

/// Whether a target group may have been made for an Ingress, by its resource tag.
#[must_use]
pub fn may_own(ingress: &ObjectKey, resource: &str) -> bool {
    BackendKey::of(&Source::ingress(ingress.clone()), resource).is_some()
}

/// What is held of a subject because its owners are out of sight, unless a person has said that it
/// may go.
#[must_use]
pub fn braked<O: ToString>(
    settings: &Settings,
    classes: &BTreeMap<String, Arc<IngressClass>>,
    subject: &Subject,
    owners: BTreeSet<O>,
) -> Braked<O> {
    let token = names::token(subject, owners.iter().map(ToString::to_string));
    if owners.is_empty() || accepts(settings, classes, &token) {
        return Braked::default();
    }
    Braked { owners, token }
}

fn accepts(
    settings: &Settings,
    classes: &BTreeMap<String, Arc<IngressClass>>,
    token: &str,
) -> bool {
    settings.removals == Removals::Accepted || approves(classes, token)
}

/// Whether a person has said on a class of ours that what this token or hash is of may go.
#[must_use]
pub fn approves(classes: &BTreeMap<String, Arc<IngressClass>>, token: &str) -> bool {
    classes.values().filter(|class| is_ours(class)).any(|class| {
        let tokens = annotations_of(class).read(&ACCEPT_REMOVALS);
        tokens.is_some_and(|tokens| tokens.iter().any(|said| said == token))
    })
}

/// Whether what goes for any of these members waits for a person: its class says so. Of one whose
/// class is missing, any class of ours may have been it.
#[must_use]
pub fn wait_for_approval<'m>(
    objects: &Objects,
    mut members: impl Iterator<Item = &'m Source>,
) -> bool {
    let asks = |class: &IngressClass| {
        // A value that cannot be read may be meant for yes.
        let text = annotations_of(class).text(&APPROVE_REMOVALS);
        text.is_some_and(|text| (APPROVE_REMOVALS.parser)(text) != Ok(false))
    };
    let mut classes = objects.classes.values().filter(|class| is_ours(class));
    let is_anywhere = classes.any(|class| asks(class));
    is_anywhere
        && members.any(|member| {
            let ingress = objects.ingresses.get(&member.key);
            let class = ingress.and_then(|ingress| class_of(objects, ingress));
            class.is_none_or(asks)
        })
}

/// Whether a class is one that we answer to.
#[must_use]
pub fn is_ours(class: &IngressClass) -> bool {
    let controller = class.spec.as_ref().and_then(|spec| spec.controller.as_deref());
    controller.is_some_and(is_our_controller)
}
