//! Where an Ingress sends requests, as it is written.

use std::collections::BTreeSet;

use crate::model::id::{AwsId, Handle, Id, ObjectKey};
use crate::model::rule::{RuleAction, Weighted};
use crate::model::seen::Ingress;
use crate::model::snapshot::Snapshot;

use super::annotations::action::{Asked, Destination};
use super::annotations::json::Noted;
use super::annotations::table::ACTIONS;
use super::classes::{class_of, is_own_class};

/// The Services that an Ingress names: as backends, or in what `actions.*` say of them.
#[must_use]
pub fn services(key: &ObjectKey, ingress: &Ingress) -> BTreeSet<ObjectKey> {
    let spec = ingress.spec.iter();
    let backends = spec.flat_map(|spec| {
        let rules = spec.rules.iter().flatten().flat_map(|rule| &rule.http);
        let of_rules = rules.flat_map(|http| &http.paths).map(|path| &path.backend);
        spec.default_backend.as_deref().into_iter().chain(of_rules)
    });
    let named = backends.filter_map(|backend| backend.service.as_ref());
    let in_actions = destinations(ingress).filter_map(|destination| match destination {
        Destination::Service(name, _) => Some(name.into()),
        Destination::TargetGroup(_) | Destination::Named(_) | Destination::Unmeant(_) => None,
    });
    let names = named.map(|service| service.name.clone()).chain(in_actions);
    names.map(|name| ObjectKey::new(key.namespace.clone(), name)).collect()
}

/// The target groups that an Ingress's actions call by their names.
#[must_use]
pub fn names_of_target_groups(ingress: &Ingress) -> BTreeSet<String> {
    let named = destinations(ingress).filter_map(|destination| match destination {
        Destination::Named(name) => Some(name),
        Destination::Service(..) | Destination::TargetGroup(_) | Destination::Unmeant(_) => None,
    });
    named.collect()
}

/// The target groups that actions of our own classes lead to and that Services do not name: whose
/// they are has to be known.
#[must_use]
pub fn led_to(snapshot: &Snapshot) -> BTreeSet<AwsId> {
    let ingresses = snapshot.objects.ingresses.values();
    let own =
        ingresses.filter(|ingress| class_of(&snapshot.objects, ingress).is_some_and(is_own_class));
    let led_to = own.flat_map(|ingress| destinations(ingress));
    let ids = led_to.filter_map(|destination| match destination {
        Destination::TargetGroup(id) => Some(id),
        Destination::Named(name) => snapshot.target_groups_named.get(&name).cloned(),
        Destination::Service(..) | Destination::Unmeant(_) => None,
    });
    ids.collect()
}

/// Where the actions of an Ingress send requests, as far as they can be read.
fn destinations(ingress: &Ingress) -> impl Iterator<Item = Destination> {
    let start = ACTIONS.key();
    let annotations = ingress.metadata.annotations.iter().flatten();
    let actions = annotations.filter(move |(name, _)| name.starts_with(&start));
    let all = actions.flat_map(|(_, text)| match (ACTIONS.parser)(text) {
        Ok(Noted { value: Asked::Forward { destinations, .. }, .. }) => destinations,
        Ok(Noted { value: Asked::Itself(_), .. }) | Err(_) => Vec::new(),
    });
    all.map(|(destination, _)| destination)
}

/// The Service that all requests go to, if one alone was asked for (LBC).
#[must_use]
pub fn only_service(namespace: &str, routing: &RuleAction) -> Option<ObjectKey> {
    let [Weighted { group: Id::Of(Handle::TargetGroup(_, key)), .. }] = routing.target_groups()
    else {
        return None;
    };
    Some(ObjectKey::new(namespace, key.backend.service()))
}
