//! Ingresses and IngressClasses: in `k8s_openapi`'s types, without what nobody reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Wire, name, object_key};
use crate::cluster::object::Object;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::snapshot::Objects;

/// Where `kubectl apply` keeps a second copy of the whole object.
const ANNOTATION_LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What is kept of an object's metadata: what the middle reads. The resource version is not, so
/// that an object that was written and did not change compares equal; who writes reads it afresh
/// anyway.
fn slim(meta: ObjectMeta, is_read: impl Fn(&str) -> bool) -> ObjectMeta {
    let annotations = meta.annotations.map(|mut all| {
        all.retain(|key, _| is_read(key));
        all
    });
    ObjectMeta {
        name: meta.name,
        namespace: meta.namespace,
        uid: meta.uid,
        creation_timestamp: meta.creation_timestamp,
        deletion_timestamp: meta.deletion_timestamp,
        finalizers: meta.finalizers,
        annotations: annotations.filter(|all| !all.is_empty()),
        ..ObjectMeta::default()
    }
}

/// Flags choose under which prefix annotations about names are looked for, so only what is known to
/// say nothing is dropped.
fn says_something(annotation: &str) -> bool {
    annotation != ANNOTATION_LAST_APPLIED
}

impl Wire for Ingress {
    type Key = ObjectKey;
    type Noun = Self;

    fn noun(self) -> (ObjectKey, Option<Self>) {
        let (key, mut meta) = (object_key(&self.metadata), self.metadata);
        // Flags choose by them whose names are kept, and make names of them.
        let labels = meta.labels.take();
        // A status says which it is about. It changes with what is asked for alone.
        let generation = meta.generation;
        let metadata = ObjectMeta { labels, generation, ..slim(meta, says_something) };
        (key, Some(Self { metadata, ..self }))
    }

    fn seen(key: ObjectKey, noun: Option<Arc<Self>>) -> Seen {
        Seen::Ingress(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<ObjectKey> {
        objects.ingresses.keys().cloned().collect()
    }

    fn object(key: ObjectKey, noun: Arc<Self>) -> Object {
        Object::Ingress(key, noun)
    }
}

impl Wire for IngressClass {
    type Key = String;
    type Noun = Self;

    fn noun(self) -> (String, Option<Self>) {
        let key = name(&self.metadata);
        (key, Some(Self { metadata: slim(self.metadata, says_something), ..self }))
    }

    fn seen(key: String, noun: Option<Arc<Self>>) -> Seen {
        Seen::Class(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<String> {
        objects.classes.keys().cloned().collect()
    }

    fn object(key: String, noun: Arc<Self>) -> Object {
        Object::Class(key, noun)
    }
}
