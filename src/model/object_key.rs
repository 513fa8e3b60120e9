//! What objects of Kubernetes are called.

use std::fmt;
use std::ops::Deref;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::pool::{Pool, Shared};

/// A namespaced object of Kubernetes. Much refers to each, so all keys of one object are one
/// pointer to what it is called: whoever makes a key that somebody has already shares it.
///
/// ```
/// use albedo::model::id::ObjectKey;
///
/// let key = ObjectKey::new("shop", "web");
/// assert_eq!(key, ObjectKey::new("shop", "web"));
/// assert_eq!((key.namespace.as_str(), key.to_string().as_str()), ("shop", "shop/web"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Called", into = "Called")]
pub struct ObjectKey(Shared<Called>);

/// What an object is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename = "ObjectKey")]
pub struct Called {
    /// The namespace.
    pub namespace: SmolStr,
    /// The name within it.
    pub name: SmolStr,
}

static KEYS: LazyLock<Pool<Called>> = LazyLock::new(Pool::default);

impl ObjectKey {
    /// Names an object.
    #[must_use]
    pub fn new(namespace: impl Into<SmolStr>, name: impl Into<SmolStr>) -> Self {
        Self::from(Called { namespace: namespace.into(), name: name.into() })
    }
}

impl From<Called> for ObjectKey {
    fn from(called: Called) -> Self {
        Self(KEYS.share(called))
    }
}

impl From<ObjectKey> for Called {
    fn from(key: ObjectKey) -> Self {
        Self::clone(&key.0)
    }
}

impl Deref for ObjectKey {
    type Target = Called;

    fn deref(&self) -> &Called {
        &self.0
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectKey")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .finish()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}
