//! What AWS says when it says no, in one table.

use std::fmt;

/// What a refusal means for what to do next; this alone chooses the back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Too many calls: later, and never counted as a failure.
    Throttled,
    /// AWS's own trouble, or the network's: again.
    Transient,
    /// Something still refers to it: again, once that is gone.
    InUse,
    /// It is not there.
    NotFound,
    /// Something of the same name, port or priority is there: what we know of AWS is old.
    Conflict,
    /// The request itself is refused: a person has to change something.
    Refused,
}

/// An answer of AWS that is an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CloudError {
    /// What it means.
    pub kind: Kind,
    /// The service and operation, as in `elbv2.CreateRule`.
    pub operation: String,
    /// AWS's code; empty where no answer came.
    pub code: String,
    /// AWS's message, or what went wrong on the way.
    pub message: String,
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}{}{}", self.operation, self.code, if self.code.is_empty() { "" } else { ": " }, self.message)
    }
}
