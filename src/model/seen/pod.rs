//! A pod, as far as targets depend on it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::Container;
use crate::model::few::Few;
use crate::model::gate::Gates;

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// The node it runs on.
    pub node: SmolStr,
    /// Its addresses: one, or one of each family.
    #[serde(default)]
    pub addresses: Few<SmolStr>,
    /// Whether its containers are ready, whatever its readiness gates say.
    pub containers_ready: bool,
    /// Whether it has a deletion timestamp.
    pub leaving: bool,
    /// How it ends.
    #[serde(default)]
    pub termination: Termination,
    /// Its containers, where some are asked whether they are ready. Pods that are made from one
    /// template share them.
    #[serde(default)]
    pub probes: Option<Arc<Box<[Container]>>>,
    /// Its readiness gates that wait for targets; most pods have none.
    #[serde(default)]
    pub gates: Option<Box<Gates>>,
}

/// How a pod ends, from its deletion on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Termination {
    /// The seconds until whatever still runs is killed.
    pub grace: u32,
    /// The seconds that its containers sleep before they are told to stop (`preStop`). `None` where
    /// a hook does something that takes nobody knows how long.
    pub pre_stop: Option<u32>,
}

impl Default for Termination {
    /// Where a manifest says nothing (Kubernetes).
    fn default() -> Self {
        Self { grace: 30, pre_stop: Some(0) }
    }
}
