//! A node, as far as targets depend on it.

use serde::{Deserialize, Serialize};

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The instance, if the provider id names one (`i-…`).
    pub instance: Option<String>,
    /// The condition Ready: `True`, `False` or `Unknown`.
    pub ready: String,
}
