//! The visits that are caused by how pods are asked whether they are ready.

use super::{Index, Visits};
use crate::desired::probe::{self, is_asked};
use crate::model::id::ObjectKey;
use crate::model::snapshot::Objects;
use crate::model::source::{Source, SourceKind};

impl Index {
    /// The members that want health checks of a Service's targets derived from its pods.
    fn deriving<'i>(
        &'i self,
        objects: &'i Objects,
        key: &'i ObjectKey,
    ) -> impl Iterator<Item = &'i Source> {
        let service = objects.services.get(key);
        self.services.leading_to(key).filter(move |member| {
            let ingress = match member.kind {
                SourceKind::Ingress => objects.ingresses.get(&member.key),
            };
            let both = ingress.zip(service);
            both.is_some_and(|(ingress, service)| {
                is_asked(objects, (&member.key, ingress), (key, service))
            })
        })
    }

    /// Whether a member wants the health check of a Service's targets derived from its pods.
    pub(super) fn derives(&self, objects: &Objects, service: &ObjectKey) -> bool {
        self.deriving(objects, service).next().is_some()
    }

    /// A slice or a pod of a Service has changed. That concerns load balancers only where pods are
    /// asked otherwise than before and somebody wants health checks to be like that.
    pub(super) fn probed(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        service: &ObjectKey,
    ) {
        if !self.derives(objects, service) {
            self.probes.remove(service);
            return;
        }
        let probes = probe::probes(objects, service);
        if self.probes.get(service) == Some(&probes) {
            return;
        }
        for member in self.deriving(objects, service) {
            visits.balancers(self.groups.of(member));
        }
        self.probes.insert(service.clone(), probes);
    }
}
