//! A pod, as far as targets depend on it.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::gate::Gates;

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// The node it runs on.
    pub node: SmolStr,
    /// Its addresses: one, or one of each family.
    #[serde(default)]
    pub addresses: Vec<SmolStr>,
    /// Whether its containers are ready, whatever its readiness gates say.
    pub containers_ready: bool,
    /// Whether it has a deletion timestamp.
    pub leaving: bool,
    /// Its readiness gates that wait for targets; most pods have none.
    #[serde(default)]
    pub gates: Option<Box<Gates>>,
}
