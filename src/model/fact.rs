//! What one subject tells another: a value in the next snapshot, never a call.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::group::Group;
use super::id::{AwsId, Handle, Id};

/// What subjects have made known: the identifiers of things that others refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    made: BTreeMap<Handle, AwsId>,
    /// The certificates that the listeners of each group use; a group that is not here has not been
    /// looked at.
    listening: BTreeMap<Group, BTreeSet<AwsId>>,
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

    /// Makes known which certificates a group's listeners use. Says whether that was news.
    pub fn listens(&mut self, group: &Group, certificates: BTreeSet<AwsId>) -> bool {
        let is_news = self.listening.get(group) != Some(&certificates);
        self.listening.insert(group.clone(), certificates);
        is_news
    }

    /// The certificates that listeners use, if every one of these groups has been looked at.
    #[must_use]
    pub fn listening(&self, groups: &BTreeSet<Group>) -> Option<BTreeSet<AwsId>> {
        groups
            .iter()
            .all(|group| self.listening.contains_key(group))
            .then(|| self.listening.values().flatten().cloned().collect())
    }

    /// Forgets what groups used that are gone.
    pub fn keep_groups(&mut self, groups: &BTreeSet<Group>) {
        self.listening.retain(|group, _| groups.contains(group));
    }
}
