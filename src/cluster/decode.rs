//! From manifests to objects: what `albedo plan -f` reads. Pure.

use std::sync::Arc;

use k8s_openapi::api::core::v1;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use serde_json::{Map, Value};

use super::object::Object;
use super::wire::{self, Wire};
use crate::model::snapshot::Objects;

/// The namespace of a manifest that names none, as `kubectl` has it.
const DEFAULT_NAMESPACE: &str = "default";
/// The API versions of the custom resources. TargetGroupBindings are served in both; the older has
/// fewer fields.
const CUSTOM_V1ALPHA1: &str = "elbv2.k8s.aws/v1alpha1";
const CUSTOM_V1BETA1: &str = "elbv2.k8s.aws/v1beta1";
/// The API version of our own.
const OWN_V1: &str = "alb.ingress.k8s.aws/v1";
/// How many characters of a wrong value a message quotes, so that it stays a line.
const EXCERPT_LENGTH_MAX: usize = 100;

/// Why a manifest cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not an object at all.
    #[error("a manifest has to be a mapping with apiVersion, kind and metadata; found {found}")]
    NotAnObject {
        /// What is there instead.
        found: String,
    },
    /// It does not say what it is, or what it is called.
    #[error("{what} has to have a text in {field}; found {found}")]
    Unnamed {
        /// The kind, as far as that is known.
        what: String,
        /// The field that is missing.
        field: &'static str,
        /// What is there instead.
        found: String,
    },
    /// A field has the wrong type, or one that is required is missing.
    #[error("{kind} {name}: {message}")]
    Malformed {
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What is wrong.
        message: String,
    },
}

/// Reads manifests of any kinds out of one document: one, a list of them, or none where the
/// document is empty.
#[must_use]
pub fn decode_all(value: Value) -> Vec<Result<Object, DecodeError>> {
    if value.is_null() {
        Vec::new()
    } else if is_list(&value) {
        items(value).into_iter().flat_map(decode_all).collect()
    } else {
        vec![decode(value)]
    }
}

/// Reads one manifest.
///
/// # Errors
/// What is missing or malformed, and what was found instead.
pub fn decode(value: Value) -> Result<Object, DecodeError> {
    let Value::Object(map) = value else {
        return Err(DecodeError::NotAnObject { found: excerpt(&value) });
    };
    let api_version = text(&map, "a manifest", "apiVersion")?;
    let kind = text(&map, "a manifest", "kind")?;
    match (api_version.as_str(), kind.as_str()) {
        ("networking.k8s.io/v1", "Ingress") => read_namespaced::<Ingress>(map),
        ("networking.k8s.io/v1", "IngressClass") => read::<IngressClass>(map),
        ("v1", "Service") => read_namespaced::<v1::Service>(map),
        ("discovery.k8s.io/v1", "EndpointSlice") => read_namespaced::<wire::EndpointSlice>(map),
        ("v1", "Pod") => read_namespaced::<wire::Pod>(map),
        ("v1", "Secret") => read_namespaced::<wire::Secret>(map),
        ("v1", "Node") => read::<wire::Node>(map),
        ("v1", "Namespace") => read::<wire::Namespace>(map),
        (CUSTOM_V1BETA1, "IngressClassParams") => read::<wire::IngressClassParams>(map),
        (OWN_V1, "TenantPolicy") => read::<wire::TenantPolicy>(map),
        (CUSTOM_V1ALPHA1 | CUSTOM_V1BETA1, "TargetGroupBinding") => {
            read_namespaced::<wire::TargetGroupBinding>(map)
        }
        _ => Ok(Object::Other { name: name(&map, &kind).unwrap_or_default(), api_version, kind }),
    }
}

/// Puts an object among the others, in place of one of the same kind and name.
pub fn insert(objects: &mut Objects, object: Object) {
    if let Some(seen) = object.seen() {
        objects.take(seen);
    }
}

/// Reads an object of a namespaced kind.
fn read_namespaced<K: Wire>(map: Map<String, Value>) -> Result<Object, DecodeError> {
    name(&map, K::KIND)?;
    read::<K>(in_namespace(map))
}

/// Reads an object whose kind is known.
fn read<K: Wire>(map: Map<String, Value>) -> Result<Object, DecodeError> {
    let name = name(&map, K::KIND)?;
    let api_version = text(&map, K::KIND, "apiVersion")?;
    match serde_json::from_value::<K>(Value::Object(map)) {
        Ok(wire) => Ok(match wire.noun() {
            (key, Some(noun)) => K::object(key, Arc::new(noun)),
            (_, None) => Object::Other { api_version, kind: K::KIND.to_owned(), name },
        }),
        Err(error) => {
            Err(DecodeError::Malformed { kind: K::KIND, name, message: error.to_string() })
        }
    }
}

/// Whether this is a `List` of anything, or a typed list as the API server answers with.
fn is_list(value: &Value) -> bool {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
    kind.ends_with("List") && value.get("items").is_some()
}

/// The items of a list. Those of a typed list leave out what the list's own kind says.
fn items(mut list: Value) -> Vec<Value> {
    let Some(Value::Array(mut items)) = list.get_mut("items").map(Value::take) else {
        return Vec::new();
    };
    let kind = list.get("kind").and_then(Value::as_str).and_then(|kind| kind.strip_suffix("List"));
    let typed = kind.filter(|kind| !kind.is_empty());
    if let (Some(kind), Some(api_version)) = (typed, list.get("apiVersion")) {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            item.entry("kind").or_insert_with(|| kind.into());
            item.entry("apiVersion").or_insert_with(|| api_version.clone());
        }
    }
    items
}

/// Puts a namespaced object that names no namespace where `kubectl` would put it.
fn in_namespace(mut map: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(meta)) = map.get_mut("metadata") {
        let namespace = meta.entry("namespace").or_insert(Value::Null);
        if namespace.is_null() || namespace == "" {
            *namespace = DEFAULT_NAMESPACE.into();
        }
    }
    map
}

/// An object's name.
fn name(map: &Map<String, Value>, kind: &str) -> Result<String, DecodeError> {
    let meta = map.get("metadata").unwrap_or(&Value::Null);
    match meta.get("name") {
        Some(Value::String(name)) if !name.is_empty() => Ok(name.clone()),
        _ => Err(DecodeError::Unnamed {
            what: kind.to_owned(),
            field: "metadata.name",
            found: format!("metadata: {}", excerpt(meta)),
        }),
    }
}

/// A field that has to be there and to be a text.
fn text(map: &Map<String, Value>, what: &str, field: &'static str) -> Result<String, DecodeError> {
    match map.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        found => Err(DecodeError::Unnamed {
            what: what.to_owned(),
            field,
            found: found.map_or_else(|| fields(map), excerpt),
        }),
    }
}

/// The fields that are there, for a person who looks for one that is not.
fn fields(map: &Map<String, Value>) -> String {
    if map.is_empty() {
        return "no fields".to_owned();
    }
    let names: Vec<&str> = map.keys().map(String::as_str).collect();
    format!("only {}", names.join(", "))
}

/// The start of a value, short enough for one line.
fn excerpt(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(EXCERPT_LENGTH_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
