//! Where what is seen goes.

use std::sync::{PoisonError, RwLock};

use crate::model::index::Seen;
use crate::model::snapshot::Objects;

/// Whoever keeps the world that the watches see. What it holds is all that is known: a watch keeps
/// no copy.
pub trait Intake: Send + Sync + 'static {
    /// Takes in one object as it is now. Never waits for anything slow: the watch waits for it.
    fn take(&self, seen: Seen);
    /// Shows the world as it is. While `look` runs, nothing is taken in.
    fn with_objects<R>(&self, look: impl FnOnce(&Objects) -> R) -> R;
}

/// A world that is only looked at: nobody is told of changes.
impl Intake for RwLock<Objects> {
    fn take(&self, seen: Seen) {
        // A thread that panicked while it held the lock cannot have left a change half made.
        let mut objects = self.write().unwrap_or_else(PoisonError::into_inner);
        objects.take(seen);
    }

    fn with_objects<R>(&self, look: impl FnOnce(&Objects) -> R) -> R {
        look(&self.read().unwrap_or_else(PoisonError::into_inner))
    }
}
