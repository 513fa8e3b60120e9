//! How visits end, and what metrics call it.

use crate::model::outcome::Trouble;
use crate::report::Rest;

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It left its subject so.
    Left(Rest),
    /// By a panic.
    Panicked,
    /// Nobody waited for its end, as when the process stops.
    Abandoned,
}

impl End {
    /// As our own metrics name it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Left(rest) => rest.as_str(),
            Self::Panicked => "panicked",
            Self::Abandoned => "abandoned",
        }
    }

    /// As controller-runtime names it. Throttling is no failure: the same again, later.
    pub(super) fn reconcile_result(self) -> &'static str {
        match self {
            Self::Left(Rest::Done) => "success",
            Self::Left(Rest::Later(_)) => "requeue_after",
            Self::Left(Rest::Again(Trouble::Throttled)) => "requeue",
            Self::Left(Rest::Again(_)) | Self::Panicked | Self::Abandoned => "error",
        }
    }
}
