//! Secrets with all of their bytes, which whoever watches does not keep.

use std::sync::Arc;

use albedo::model::id::ObjectKey;
use albedo::model::index::Seen;
use albedo::model::seen::SeenSecret;

use super::FakeCluster;

impl FakeCluster {
    /// A Secret is what is seen of it now.
    pub fn keep_bytes(&self, seen: &Seen) {
        let Seen::Secret(key, new) = seen else { return };
        let mut secrets = self.secrets.lock().unwrap();
        match new {
            Some(new) => _ = secrets.insert(key.clone(), Arc::clone(new)),
            None => _ = secrets.remove(key),
        }
    }

    pub(super) fn bytes(&self, key: &ObjectKey) -> Arc<SeenSecret> {
        let found = self.secrets.lock().unwrap().get(key).cloned();
        found.unwrap_or_else(|| Arc::new(SeenSecret::Missing))
    }
}
