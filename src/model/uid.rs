//! The UIDs that the API server gives to objects.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The length of a UUID as it is written, in bytes.
const LENGTH: usize = 36;
/// Where a UUID has hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// The UID of an object. Nearly all are UUIDs, which take no memory beside the object.
///
/// ```
/// use albedo::model::uid::Uid;
///
/// for text in [
///     "0f3c8a52-6d1e-4f7b-9a2d-5c4b3e2f1a0d",
///     "0F3C8A52-6D1E-4F7B-9A2D-5C4B3E2F1A0D",
///     "0f3c8a52-6d1e-4f7b-9a2d-5c4b3e2f1a0é",
///     "u1",
///     "",
/// ] {
///     assert_eq!(Uid::from(text).to_string(), text);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Uid(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Uuid([u8; 16]),
    /// Anything else.
    Text(Arc<str>),
}

/// A UUID in lower case; nothing of any other text.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let is_hyphen = |place: usize| HYPHENS.contains(&place);
    if text.len() != LENGTH || !HYPHENS.iter().all(|place| text.as_bytes()[*place] == b'-') {
        return None;
    }
    let digits = text.bytes().enumerate().filter(|(place, _)| !is_hyphen(*place));
    let mut bytes = [0; 16];
    for (nth, (_, digit)) in digits.enumerate() {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        bytes[nth / 2] = bytes[nth / 2] << 4 | value;
    }
    Some(bytes)
}

impl From<&str> for Uid {
    fn from(text: &str) -> Self {
        Self(uuid(text).map_or_else(|| Form::Text(text.into()), Form::Uuid))
    }
}

impl From<String> for Uid {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<Uid> for String {
    fn from(uid: Uid) -> Self {
        uid.to_string()
    }
}

impl Default for Uid {
    /// None: an empty text.
    fn default() -> Self {
        "".into()
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Text(text) => f.write_str(text),
            Form::Uuid(bytes) => {
                for (nth, byte) in bytes.iter().enumerate() {
                    let hyphen = if [4, 6, 8, 10].contains(&nth) { "-" } else { "" };
                    write!(f, "{hyphen}{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}
