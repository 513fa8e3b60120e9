//! What neither Kubernetes nor AWS can tell. Losing it makes us more careful, never destructive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::id::AwsId;
use super::pairs;
use super::part::Part;
use super::source::Source;

/// What is remembered of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The last good part of each member that has turned bad.
    #[serde(with = "pairs")]
    pub held: BTreeMap<Source, Arc<Part>>,
    /// Things that nobody wants and that AWS would not let go yet. Their objects are released; they
    /// are tried again for as long as they stand.
    pub leftovers: BTreeSet<AwsId>,
}

impl Memory {
    /// Whether there is nothing to remember.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty() && self.leftovers.is_empty()
    }
}
