//! Ingresses, IngressClasses and Services: kept as `k8s_openapi` has them.

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::Metadata;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Wire, name, object_key};
use crate::cluster::decode::Object;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::snapshot::Objects;

/// Where `kubectl apply` keeps a second copy of the whole object.
const ANNOTATION_LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Drops what says nothing about the object itself. Without the resource version, an object that
/// was written and did not change compares equal; who writes reads it afresh anyway.
fn slim<K: Metadata<Ty = ObjectMeta>>(mut object: K) -> K {
    let meta = object.metadata_mut();
    meta.managed_fields = None;
    meta.resource_version = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.remove(ANNOTATION_LAST_APPLIED);
    }
    object
}

impl Wire for Ingress {
    type Key = ObjectKey;
    type Noun = Self;

    fn noun(self) -> (ObjectKey, Option<Self>) {
        (object_key(&self.metadata), Some(slim(self)))
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
        (name(&self.metadata), Some(slim(self)))
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

impl Wire for Service {
    type Key = ObjectKey;
    type Noun = Self;

    fn noun(self) -> (ObjectKey, Option<Self>) {
        (object_key(&self.metadata), Some(slim(self)))
    }

    fn seen(key: ObjectKey, noun: Option<Arc<Self>>) -> Seen {
        Seen::Service(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<ObjectKey> {
        objects.services.keys().cloned().collect()
    }

    fn object(key: ObjectKey, noun: Arc<Self>) -> Object {
        Object::Service(key, noun)
    }
}
