//! A pod, as far as targets depend on it.

use serde::{Deserialize, Serialize};

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// The UID.
    pub uid: String,
    /// The node it runs on.
    pub node: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Whether its containers are ready, whatever its readiness gates say.
    pub containers_ready: bool,
    /// Whether it has a deletion timestamp.
    pub leaving: bool,
    /// The condition types of its readiness gates that load balancers serve.
    pub gates: Vec<String>,
    /// The container ports that have a name.
    pub named_ports: Vec<(String, u16)>,
}
