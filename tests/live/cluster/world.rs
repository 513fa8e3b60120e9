//! A world that is only looked at, and that tells its changes.

use std::sync::{Arc, RwLock, RwLockReadGuard};

use albedo::cluster::Intake;
use albedo::model::index::{Change, Seen};
use albedo::model::snapshot::Objects;
use tokio::sync::mpsc;

/// What has been seen so far.
pub struct World {
    objects: RwLock<Objects>,
    changes: mpsc::UnboundedSender<Change>,
}

impl World {
    /// Nothing has been seen; its changes come as they happen.
    pub fn empty() -> (Arc<Self>, mpsc::UnboundedReceiver<Change>) {
        let (changes, told) = mpsc::unbounded_channel();
        (Arc::new(Self { objects: RwLock::default(), changes }), told)
    }

    /// What is known now.
    pub fn objects(&self) -> RwLockReadGuard<'_, Objects> {
        self.objects.read().expect("no panic")
    }
}

impl Intake for World {
    fn take(&self, seen: Seen) {
        if let Some(change) = self.objects.write().expect("no panic").take(seen) {
            // Nobody listens only while a test ends.
            let _ = self.changes.send(change);
        }
    }

    fn with_objects<R>(&self, look: impl FnOnce(&Objects) -> R) -> R {
        look(&self.objects())
    }
}
