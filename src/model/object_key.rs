//! What objects of Kubernetes are called.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// How many keys nobody has are kept at least before they are looked for.
const UNUSED_MIN: usize = 256;

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
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Called", into = "Called")]
pub struct ObjectKey(Arc<Called>);

/// What an object is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename = "ObjectKey")]
pub struct Called {
    /// The namespace.
    pub namespace: SmolStr,
    /// The name within it.
    pub name: SmolStr,
}

/// What objects are called of which somebody has a key, and of a few of which nobody has any more.
struct Keys {
    known: HashSet<Arc<Called>>,
    /// How many there may be before those that nobody has go.
    most: usize,
}

static KEYS: LazyLock<Mutex<Keys>> =
    LazyLock::new(|| Mutex::new(Keys { known: HashSet::new(), most: UNUSED_MIN }));

impl Keys {
    fn shared(&mut self, called: Called) -> Arc<Called> {
        if let Some(known) = self.known.get(&called) {
            return Arc::clone(known);
        }
        if self.known.len() >= self.most {
            // Nobody gets a key out of here meanwhile, so what nobody has now nobody will have.
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.most = self.known.len() + self.known.len() / 8 + UNUSED_MIN;
            self.known.shrink_to(self.most);
        }
        let called = Arc::new(called);
        self.known.insert(Arc::clone(&called));
        called
    }
}

impl ObjectKey {
    /// Names an object.
    #[must_use]
    pub fn new(namespace: impl Into<SmolStr>, name: impl Into<SmolStr>) -> Self {
        Self::from(Called { namespace: namespace.into(), name: name.into() })
    }
}

impl From<Called> for ObjectKey {
    fn from(called: Called) -> Self {
        Self(KEYS.lock().unwrap_or_else(PoisonError::into_inner).shared(called))
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

impl PartialEq for ObjectKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ObjectKey {}

impl Hash for ObjectKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialOrd for ObjectKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ObjectKey {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other { Ordering::Equal } else { self.0.cmp(&other.0) }
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
