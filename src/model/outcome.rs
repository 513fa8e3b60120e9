//! What came of a plan's steps.

use serde::{Deserialize, Serialize};

use super::id::AwsId;

/// What a refusal means for what to do next; this alone chooses the back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Trouble {
    /// Too many calls: later, and never counted as a failure.
    Throttled,
    /// The other side's own trouble, or the network's: again.
    Transient,
    /// Something still refers to it: again, once that is gone.
    InUse,
    /// What we knew was old: again, with a fresh look.
    Stale,
    /// The request itself is refused: a person has to change something.
    Refused,
}

impl Trouble {
    /// As the log and metrics name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::InUse => "in_use",
            Self::Stale => "stale",
            Self::Refused => "refused",
        }
    }
}

/// What came of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was done; this is the identifier of what it made.
    Done(Option<AwsId>),
    /// It was tried and refused.
    Failed(Trouble, String),
    /// It was not tried: a step before it failed, or it waits at a gate.
    Held,
}
