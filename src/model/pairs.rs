//! Maps as lists of pairs, for formats whose keys have to be texts.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a map as a list of pairs.
///
/// # Errors
/// The serializer's.
pub fn serialize<'m, M, S: Serializer>(map: &'m M, serializer: S) -> Result<S::Ok, S::Error>
where
    &'m M: IntoIterator<Item: Serialize>,
{
    serializer.collect_seq(map)
}

/// Reads a list of pairs as a map.
///
/// # Errors
/// The deserializer's.
pub fn deserialize<'de, M, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error>
where
    M: IntoIterator<Item: DeserializeOwned> + FromIterator<M::Item>,
{
    Vec::<M::Item>::deserialize(deserializer).map(|pairs| pairs.into_iter().collect())
}
