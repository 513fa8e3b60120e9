//! One visit, measured from its beginning to wherever it ends.

use std::sync::Arc;
use std::thread;

use super::Metrics;
use crate::clock::Clock;
use crate::model::moment::Moment;
use crate::model::subject::SubjectKind;
use crate::report::Rest;

/// The result of a visit that a panic ended.
const PANICKED: &str = "panicked";
/// The result of a visit whose end nobody waited for, as when the process stops.
const ABANDONED: &str = "abandoned";

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
        let result = match self.rest {
            Some(rest) => rest.as_str(),
            None if thread::panicking() => PANICKED,
            None => ABANDONED,
        };
        let duration = self.clock.moment().since(self.began);
        self.metrics.visited(self.kind, result, duration);
        if self.rest == Some(Rest::Done) {
            self.metrics.came_to_rest(self.kind, self.clock.now());
        }
    }
}
