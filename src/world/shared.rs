//! The world behind its lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::World;
use crate::model::settings::Settings;

/// The world behind its lock. Clones are the same world.
#[derive(Clone, Debug)]
pub struct SharedWorld(Arc<Mutex<World>>);

impl SharedWorld {
    /// An empty one.
    #[must_use]
    pub fn new(settings: Arc<Settings>) -> Self {
        Self(Arc::new(Mutex::new(World::new(settings))))
    }

    /// The world, for as long as nobody else may look. It is whole between any two calls of its
    /// methods, so a panic elsewhere has not broken it.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
