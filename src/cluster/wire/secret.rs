//! Secrets: the two entries of a TLS Secret, sealed while they are decoded.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

use super::{Wire, meta, nullable, object_key, served};
use crate::cluster::decode::Object;
use crate::model::certificate::Sealed;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::seen::SeenSecret;
use crate::model::snapshot::Objects;

/// A Secret on the wire.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::cluster) struct Secret {
    #[serde(deserialize_with = "meta::slim")]
    metadata: ObjectMeta,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default, deserialize_with = "nullable")]
    data: Data,
    /// Manifests may have plain text, which the API server turns into `data`.
    #[serde(default, rename = "stringData", deserialize_with = "nullable")]
    string_data: PlainData,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Data {
    #[serde(default, rename = "tls.crt", deserialize_with = "encoded")]
    certificate: Option<Sealed>,
    #[serde(default, rename = "tls.key", deserialize_with = "encoded")]
    key: Option<Sealed>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct PlainData {
    #[serde(default, rename = "tls.crt", deserialize_with = "plain")]
    certificate: Option<Sealed>,
    #[serde(default, rename = "tls.key", deserialize_with = "plain")]
    key: Option<Sealed>,
}

served!(Secret, NamespaceResourceScope, "", "v1", "v1", "Secret", "secrets");

impl Wire for Secret {
    type Key = ObjectKey;
    type Noun = SeenSecret;

    fn noun(self) -> (ObjectKey, Option<SeenSecret>) {
        let seen = SeenSecret::Is {
            kind: self.kind,
            certificate: self.string_data.certificate.or(self.data.certificate),
            key: self.string_data.key.or(self.data.key),
        };
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

fn encoded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Sealed>, D::Error> {
    deserializer.deserialize_any(Seal { decode: |text| STANDARD.decode(text).ok() })
}

fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Sealed>, D::Error> {
    deserializer.deserialize_any(Seal { decode: |text| Some(text.as_bytes().to_vec()) })
}

/// Seals a text without a copy that anybody could keep.
struct Seal {
    decode: fn(&str) -> Option<Vec<u8>>,
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
