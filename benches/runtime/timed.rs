//! An AWS whose own time is counted, so that it can be left out of the controller's.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::aws::{Answer, Cloud, CloudError, Part, Reading};
use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::role::Role;
use rustix::time::{ClockId, clock_gettime};

use super::support::fake::Fake;

/// The CPU time of this thread. Everything runs on one.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |part: i64| u64::try_from(part).expect("it counts from zero");
    Duration::from_secs(part(time.tv_sec)) + Duration::from_nanos(part(time.tv_nsec))
}

/// The CPU time of this thread since it was `before`.
fn since(before: Duration) -> Duration {
    cpu().saturating_sub(before)
}

/// The CPU time that some work takes.
pub fn cpu_of(work: impl FnOnce()) -> Duration {
    let before = cpu();
    work();
    since(before)
}

/// What is counted. Clones are the same meter.
#[derive(Clone, Default)]
pub struct Meter(Arc<Mutex<Counted>>);

#[derive(Default)]
struct Counted {
    of_fakes: Duration,
    reads: usize,
    writes: usize,
    /// When targets were registered, by the time of [`Meter::cpu`].
    registered: Vec<Duration>,
}

impl Meter {
    /// The CPU time of the controller.
    pub fn cpu(&self) -> Duration {
        cpu().saturating_sub(self.counted().of_fakes)
    }

    /// The CPU time that the controller has taken since it was `before`.
    pub fn since(&self, before: Duration) -> Duration {
        self.cpu().saturating_sub(before)
    }

    /// How many reads and how many writes there were since somebody asked.
    pub fn calls(&self) -> (usize, usize) {
        let counted = &mut *self.counted();
        (std::mem::take(&mut counted.reads), std::mem::take(&mut counted.writes))
    }

    /// When targets were registered since somebody asked.
    pub fn registered(&self) -> Vec<Duration> {
        std::mem::take(&mut self.counted().registered)
    }

    /// Does work that is not the controller's.
    pub fn leave_out<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = cpu();
        let done = work();
        self.counted().of_fakes += since(before);
        done
    }

    fn counted(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.0.lock().expect("nobody panics with it")
    }
}

/// An AWS that answers at once, timed. Clones are the same.
#[derive(Clone)]
pub struct Timed {
    inner: Fake,
    meter: Meter,
}

impl Timed {
    pub fn new(inner: Fake, meter: Meter) -> Self {
        Self { inner, meter }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Cloud for Timed {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        let before = cpu();
        let answer = self.inner.read(part).await;
        let counted = &mut *self.meter.counted();
        counted.of_fakes += since(before);
        counted.reads += 1;
        answer
    }

    fn assume(&self, _role: &Role, _session: &str) -> Option<Self> {
        None
    }

    async fn turn(&self, action: &AwsAction) {
        self.inner.turn(action).await;
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        let now = self.meter.cpu();
        let before = cpu();
        let answer = self.inner.change(|state| state.perform_in_place(action));
        let counted = &mut *self.meter.counted();
        counted.of_fakes += since(before);
        counted.writes += 1;
        if matches!(action, AwsAction::Elb(ElbAction::RegisterTargets { .. })) {
            counted.registered.push(now);
        }
        answer
    }
}
