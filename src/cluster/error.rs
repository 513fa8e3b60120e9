//! What the API server says when it says no, in one table.

use std::time::Duration;

use kube::core::Status;

/// What a refusal means for what to do next; this alone chooses the back-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Too many requests: later, and never counted as a failure.
    Throttled,
    /// The API server's own trouble, or the network's: again.
    Transient,
    /// It is not there, or its kind is not served.
    NotFound,
    /// It is there already, or it is not as we knew it: again, once we have seen it as it is.
    Conflict,
    /// The request itself is refused: a person has to change something.
    Refused,
}

/// An answer of the API server that is an error, or none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {reason}: {message}")]
pub struct ClusterError {
    /// What it means.
    pub kind: Kind,
    /// What was asked for, and of which object.
    pub operation: String,
    /// The API server's reason, such as `Forbidden`; `NoAnswer` where none came.
    pub reason: String,
    /// Its message, or what went wrong on the way: one line.
    pub message: String,
}

/// The reason of an error that is not the API server's.
const NO_ANSWER: &str = "NoAnswer";

impl ClusterError {
    /// What the client's error means for an operation.
    pub(super) fn new(operation: impl Into<String>, error: &kube::Error) -> Self {
        let operation = operation.into();
        if let kube::Error::Api(status) = error {
            return Self::of_status(operation, status);
        }
        // Without an answer nobody knows whether the request was carried out; every write here may
        // be repeated.
        Self {
            kind: Kind::Transient,
            operation,
            reason: NO_ANSWER.to_owned(),
            message: one_line(&chain(error)),
        }
    }

    /// What an answer means for an operation.
    pub(super) fn of_status(operation: impl Into<String>, status: &Status) -> Self {
        Self {
            kind: kind(status.code),
            operation: operation.into(),
            reason: if status.reason.is_empty() {
                format!("HTTP {}", status.code)
            } else {
                status.reason.clone()
            },
            message: one_line(&status.message),
        }
    }

    /// No answer came in time.
    pub(super) fn late(operation: impl Into<String>, limit: Duration) -> Self {
        Self {
            kind: Kind::Transient,
            operation: operation.into(),
            reason: NO_ANSWER.to_owned(),
            message: format!("nothing came within {} s", limit.as_secs()),
        }
    }

    /// An answer broke off.
    pub(super) fn broken(operation: impl Into<String>, error: &std::io::Error) -> Self {
        Self {
            kind: Kind::Transient,
            operation: operation.into(),
            reason: NO_ANSWER.to_owned(),
            message: one_line(&chain(error)),
        }
    }

    /// An answer that cannot be read.
    pub(super) fn garbage(operation: impl Into<String>, message: &str) -> Self {
        Self {
            kind: Kind::Transient,
            operation: operation.into(),
            reason: "Unreadable".to_owned(),
            message: format!("the API server's answer cannot be read: {}", one_line(message)),
        }
    }

    /// The object is not as the operation needs it.
    pub(super) fn unfit(operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Conflict,
            operation: operation.into(),
            reason: "Unfit".to_owned(),
            message: message.into(),
        }
    }

    /// The operation lacks what it needs.
    pub(super) fn refused(operation: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Refused,
            operation: operation.into(),
            reason: "Incomplete".to_owned(),
            message: message.into(),
        }
    }

    /// Whether the API server has answered at all.
    pub(super) fn is_answer(&self) -> bool {
        self.reason != NO_ANSWER
    }

    /// Whether the API server no longer has the version that it was asked about. 410 is Gone.
    pub(super) fn is_expired(&self) -> bool {
        ["Expired", "Gone", "HTTP 410"].contains(&&*self.reason)
    }

    /// Whether somebody else wrote between our read and our write.
    pub(super) fn is_race(&self) -> bool {
        self.kind == Kind::Conflict && self.reason == "Conflict"
    }
}

/// What an HTTP status means. A webhook that cannot be reached makes a 500.
fn kind(code: u16) -> Kind {
    match code {
        429 => Kind::Throttled,
        408 | 500..=599 => Kind::Transient,
        404 => Kind::NotFound,
        409 => Kind::Conflict,
        _ => Kind::Refused,
    }
}

/// An error with its causes: the outermost alone often says only that something failed. Most of
/// them repeat their cause, which is then left out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

/// A text as one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
