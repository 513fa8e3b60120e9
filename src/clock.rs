//! Time: the one file that asks what time it is, the one that waits, and the one that starts tasks.
//!
//! Whatever a simulation has to run asks a [`Clock`]; the edges, which only ever meet a real API
//! server and a real AWS, ask the functions here.

use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::model::moment::Moment;

/// The time on the wall.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Waits.
#[expect(clippy::disallowed_methods, reason = "this is the room that everybody else is sent to")]
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// What time it is, how to wait, and how to do two things at once. Clones are the same clock.
///
/// Dates come from [`Clock::now`], which may jump when somebody sets the machine's clock;
/// everything that waits or runs out reckons with [`Clock::moment`], which never does.
pub trait Clock: Clone + Send + Sync + 'static {
    /// The time on the wall.
    fn now(&self) -> Timestamp;
    /// The time since the process began.
    fn moment(&self) -> Moment;
    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
    /// Starts a task. Dropping what this answers with does not end it.
    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T>;

    /// Waits until a moment; not at all where it has passed.
    fn sleep_until(&self, moment: Moment) -> impl Future<Output = ()> + Send {
        self.sleep(moment.since(self.moment()))
    }
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    began: tokio::time::Instant,
}

impl SystemClock {
    /// A clock whose moments count from now.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "two of them are not the same")]
    pub fn new() -> Self {
        Self { began: tokio::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn moment(&self) -> Moment {
        Moment::after_start(self.began.elapsed())
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        sleep(duration)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the room that everybody else is sent to"
    )]
    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        tokio::spawn(task)
    }
}
