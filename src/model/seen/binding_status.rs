//! The status of a TargetGroupBinding: LBC's own, which people and their tools read.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// The type of the condition that says whether a binding is served as it asks for (LBC's).
pub const READY: &str = "Ready";

/// What a binding's status shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BindingStatus {
    /// The generation of the `spec` that has been carried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Its conditions, whoever writes them; each type is there once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// One condition (Kubernetes).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// `True`, `False` or `Unknown`.
    pub status: SmolStr,
    /// Why, in one word.
    pub reason: SmolStr,
    /// Why, in a sentence for a person.
    pub message: String,
    /// The generation of the `spec` that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Since when the status is what it is, as it is written.
    pub last_transition_time: SmolStr,
}
