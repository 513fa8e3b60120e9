//! What one subject tells another: a value in the next snapshot, never a call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{AwsId, Handle, Id};

/// What subjects have made known: the identifiers of things that others refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    made: BTreeMap<Handle, AwsId>,
}

impl Facts {
    /// Makes an identifier known. Says whether that was news.
    pub fn learn(&mut self, handle: Handle, id: AwsId) -> bool {
        let is_news = self.made.get(&handle) != Some(&id);
        self.made.insert(handle, id);
        is_news
    }

    /// Forgets a thing that is gone. Says whether that was news.
    pub fn forget(&mut self, handle: &Handle) -> bool {
        self.made.remove(handle).is_some()
    }

    /// The identifier of a thing, or its handle where nobody has made it known.
    #[must_use]
    pub fn resolve(&self, handle: Handle) -> Id {
        match self.made.get(&handle) {
            Some(id) => Id::Is(id.clone()),
            None => Id::Of(handle),
        }
    }
}
