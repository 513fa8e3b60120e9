//! Namespaces: their labels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::{Wire, meta, name, served};
use crate::cluster::object::Object;
use crate::model::index::Seen;
use crate::model::snapshot::Objects;

/// A namespace on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct Namespace {
    #[serde(deserialize_with = "meta::slim")]
    metadata: ObjectMeta,
}

served!(Namespace, ClusterResourceScope, "", "v1", "v1", "Namespace", "namespaces");

impl Wire for Namespace {
    type Key = String;
    type Noun = BTreeMap<String, String>;

    fn noun(self) -> (Self::Key, Option<Self::Noun>) {
        (name(&self.metadata), Some(self.metadata.labels.unwrap_or_default()))
    }

    fn seen(key: Self::Key, noun: Option<Arc<Self::Noun>>) -> Seen {
        Seen::Namespace(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<Self::Key> {
        objects.namespaces.keys().cloned().collect()
    }

    fn object(key: Self::Key, noun: Arc<Self::Noun>) -> Object {
        Object::Namespace(key, noun)
    }
}
