//! Readiness gates of pods: a pod is ready only once its target takes requests. The conditions are
//! LBC's own.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::ObjectKey;

/// What the type of a gate's condition starts with; a TargetGroupBinding's name follows (LBC).
pub const GATE_PREFIX: &str = "target-health.elbv2.k8s.aws/";

/// The gates of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gates {
    /// The pod's UID: another pod of that name has other gates.
    pub uid: SmolStr,
    /// Each with the binding that it waits for.
    pub each: Vec<Gate>,
}

/// One gate of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The name of the binding, which lies in the pod's namespace.
    pub binding: SmolStr,
    /// What the pod's status shows of it.
    pub shown: Option<GateCondition>,
}

impl Gate {
    /// Whether the pod's status shows that it is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.state == GateState::Open)
    }
}

/// The condition that a pod's status shows of a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateCondition {
    /// Whether the gate is open.
    pub state: GateState,
    /// AWS's code for why it is not.
    pub reason: SmolStr,
    /// What AWS says of that.
    pub message: SmolStr,
}

/// How a gate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GateState {
    /// The target takes requests: `True`.
    Open,
    /// It does not: `False`, and whatever else a status may say.
    Closed,
}

impl GateState {
    /// As a status has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "True",
            Self::Closed => "False",
        }
    }
}

/// A gate that a visit to a binding has to do with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The pod.
    pub pod: ObjectKey,
    /// Its UID.
    pub uid: SmolStr,
    /// The gate.
    pub gate: Gate,
    /// What opens it.
    pub opener: Opener,
}

/// What opens a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opener {
    /// The health of the pod's targets, each an address and a port, in the binding's own target
    /// group.
    Own(Vec<(SmolStr, u16)>),
    /// The same in the target group of another binding that serves the pod: the gate's own is gone.
    /// It only opens the gate.
    Heir(Vec<(SmolStr, u16)>),
    /// Nothing serves the pod any more, so nothing is waited for.
    Nobody,
}

/// What a pod's status should show of a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateNews {
    /// The pod.
    pub pod: ObjectKey,
    /// Its UID.
    pub uid: SmolStr,
    /// The name of the binding.
    pub binding: SmolStr,
    /// What it should show.
    pub condition: GateCondition,
    /// What it shows.
    pub before: Option<GateState>,
}

impl GateNews {
    /// The type of the condition.
    #[must_use]
    pub fn kind(&self) -> String {
        format!("{GATE_PREFIX}{}", self.binding)
    }
}
