//! Secrets: the entries that anything is built from, sealed while they are decoded.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Deserializer, de};
use smol_str::SmolStr;
use zeroize::Zeroizing;

use super::{Wire, meta, object_key, served};
use crate::cluster::object::Object;
use crate::model::flat::FlatMap;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::secret::{ENTRIES, Sealed};
use crate::model::seen::SeenSecret;
use crate::model::snapshot::Objects;

/// A Secret on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct Secret {
    #[serde(deserialize_with = "meta::slim")]
    metadata: ObjectMeta,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "encoded")]
    data: FlatMap<SmolStr, Sealed>,
    /// Manifests may have plain text, which the API server turns into `data`.
    #[serde(default, rename = "stringData", deserialize_with = "plain")]
    string_data: FlatMap<SmolStr, Sealed>,
}

served!(Secret, NamespaceResourceScope, "", "v1", "v1", "Secret", "secrets");

impl Wire for Secret {
    type Key = ObjectKey;
    type Noun = SeenSecret;

    fn noun(self) -> (ObjectKey, Option<SeenSecret>) {
        let mut entries = self.data;
        entries.extend(self.string_data);
        let seen = SeenSecret::Is { kind: self.kind, entries, closed: FlatMap::new() };
        (object_key(&self.metadata), Some(seen))
    }

    fn seen(key: ObjectKey, noun: Option<Arc<SeenSecret>>) -> Seen {
        Seen::Secret(key, noun)
    }

    fn known(objects: &Objects) -> BTreeSet<ObjectKey> {
        objects.secrets.keys().cloned().collect()
    }

    fn object(key: ObjectKey, noun: Arc<SeenSecret>) -> Object {
        Object::Secret(key, noun)
    }
}

type Entries = FlatMap<SmolStr, Sealed>;

fn encoded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
    deserializer.deserialize_any(Chosen { decode: |text| STANDARD.decode(text).ok() })
}

fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
    deserializer.deserialize_any(Chosen { decode: |text| Some(text.as_bytes().to_vec()) })
}

/// Takes the entries that anything is built from, and leaves out the others unread.
struct Chosen {
    decode: fn(&str) -> Option<Vec<u8>>,
}

impl<'de> de::Visitor<'de> for Chosen {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the entries of a Secret")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries = Entries::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let Some(name) = ENTRIES.iter().find(|known| **known == name) else {
                map.next_value::<de::IgnoredAny>()?;
                continue;
            };
            let sealed = map.next_value_seed(Seal { decode: self.decode })?;
            if let Some(sealed) = sealed {
                entries.insert(SmolStr::new_static(name), sealed);
            }
        }
        Ok(entries)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Entries, E> {
        Ok(Entries::new())
    }

    fn visit_none<E: de::Error>(self) -> Result<Entries, E> {
        Ok(Entries::new())
    }
}

/// Seals a text without a copy that anybody could keep.
struct Seal {
    decode: fn(&str) -> Option<Vec<u8>>,
}

impl<'de> de::DeserializeSeed<'de> for Seal {
    type Value = Option<Sealed>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl de::Visitor<'_> for Seal {
    type Value = Option<Sealed>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, in base64 where it is data")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        // What is no base64 is no entry; the message must not quote it.
        let bytes = (self.decode)(text).ok_or_else(|| E::custom("an entry that is no base64"))?;
        Ok(Some(Sealed::new(Zeroizing::new(bytes))))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
