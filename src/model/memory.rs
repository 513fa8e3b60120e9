//! What neither Kubernetes nor AWS can tell. Losing it makes us more careful, never destructive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::ObjectKey;
use super::part::Part;

/// What is remembered of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The last good part of each member that has turned bad.
    pub held: BTreeMap<ObjectKey, Part>,
}
