//! Ports of Services.

use serde::{Deserialize, Serialize};

/// A service port as a backend writes it: `80` and `http` name different target groups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged, from = "serde_json::Value")]
pub enum PortRef {
    /// By number.
    Number(i32),
    /// By name.
    Name(String),
}

impl From<serde_json::Value> for PortRef {
    /// What cannot be a port becomes a name that no port has. The API server lets any integer into
    /// a TargetGroupBinding, and a list that one object makes unreadable would hide all the others.
    fn from(value: serde_json::Value) -> Self {
        match value.as_i64().map(i32::try_from) {
            Some(Ok(number)) => Self::Number(number),
            _ => Self::Name(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        }
    }
}

impl std::fmt::Display for PortRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}
