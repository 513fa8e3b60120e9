//! One visit, measured from its beginning to wherever it ends.

use std::sync::Arc;
use std::thread;

use super::Metrics;
use crate::clock::Clock;
use crate::model::moment::Moment;
use crate::model::outcome::Trouble;
use crate::model::subject::SubjectKind;
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

/// A visit under way. It is counted when it is dropped, so no way out of it is left out.
#[derive(Debug)]
#[must_use = "a visit ends when this is dropped"]
pub struct Visit<C: Clock> {
    metrics: Arc<Metrics>,
    clock: C,
    kind: SubjectKind,
    began: Moment,
    rest: Option<Rest>,
}

impl Metrics {
    /// A visit begins.
    pub fn visit<C: Clock>(self: &Arc<Self>, clock: &C, kind: SubjectKind) -> Visit<C> {
        let began = clock.moment();
        Visit { metrics: Arc::clone(self), clock: clock.clone(), kind, began, rest: None }
    }
}

impl<C: Clock> Visit<C> {
    /// The visit has come to its end, and left its subject so.
    pub fn finish(mut self, rest: Rest) {
        self.rest = Some(rest);
    }
}

impl<C: Clock> Drop for Visit<C> {
    fn drop(&mut self) {
        let end = match self.rest {
            Some(rest) => End::Left(rest),
            None if thread::panicking() => End::Panicked,
            None => End::Abandoned,
        };
        let duration = self.clock.moment().since(self.began);
        self.metrics.visited(self.kind, end, duration);
        if end == End::Left(Rest::Done) {
            self.metrics.came_to_rest(self.kind, self.clock.now());
        }
    }
}
