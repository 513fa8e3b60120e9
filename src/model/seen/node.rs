//! A node, as far as targets depend on it. Its kubelet tells of it every few seconds, and what is
//! kept of that is most often the same.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::marks::Labels;

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The instance, if the provider id names one (`i-…`).
    pub instance: Option<SmolStr>,
    /// The condition Ready: `True`, `False` or `Unknown`.
    pub ready: SmolStr,
    /// Whether a label, a taint or what it is made of says that load balancers send it nothing.
    #[serde(default)]
    pub excluded: bool,
    /// Its labels, by which bindings choose nodes.
    #[serde(default)]
    pub labels: Labels,
}
