//! Whom it concerns that a namespace may do more or less: because its labels have changed, or a
//! policy that selects it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Index;
use super::caused::Visits;
use crate::model::id::ObjectKey;
use crate::model::index::Turn;
use crate::model::seen::TenantPolicy;
use crate::model::snapshot::Objects;

impl Index {
    /// A policy concerns whomever it selects, or did.
    pub(super) fn policy(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        turn: &Turn<String, TenantPolicy>,
    ) {
        let ingresses = objects.ingresses.keys();
        let all: BTreeSet<&str> =
            ingresses.chain(objects.bindings.keys()).map(|key| key.namespace.as_str()).collect();
        for namespace in all {
            let labels = objects.namespaces.get(namespace).map(AsRef::as_ref);
            let selects =
                |policy: &Option<Arc<TenantPolicy>>| policy.as_ref().map(|it| it.selects(labels));
            if [selects(&turn.old), selects(&turn.new)].contains(&Some(true)) {
                self.of_namespace(visits, objects, namespace);
            }
        }
    }

    /// Labels of a namespace decide where a class or a policy selects namespaces by them.
    pub(super) fn namespace(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        namespace: &str,
    ) {
        let selects = objects.params.values().any(|it| it.spec.namespace_selector.is_some());
        if selects || !objects.policies.is_empty() {
            self.of_namespace(visits, objects, namespace);
        }
    }

    fn of_namespace(&mut self, visits: &mut Visits<'_>, objects: &Objects, namespace: &str) {
        let first = || ObjectKey::new(namespace, "");
        let is_here = |key: &ObjectKey| key.namespace == namespace;
        let ingresses = objects.ingresses.range(first()..);
        for (key, ingress) in ingresses.take_while(|(key, _)| is_here(key)) {
            self.regroup(visits, objects, key, Some(ingress));
            visits.fabric();
        }
        let bindings = objects.bindings.range(first()..).take_while(|(key, _)| is_here(key));
        for (key, _) in bindings {
            // Whoever else names its target group may be the one to have it.
            let rivals: BTreeSet<&ObjectKey> = self.rivals(key).chain([key]).collect();
            visits.reached(rivals.iter().copied());
        }
    }
}
