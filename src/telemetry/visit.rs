//! One visit, measured from its beginning to wherever it ends.

use std::sync::Arc;
use std::thread;

use super::Metrics;
use super::end::End;
use crate::clock::Clock;
use crate::model::moment::Moment;
use crate::model::subject::SubjectKind;
use crate::report::Rest;

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
