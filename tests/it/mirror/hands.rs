//! A clock whose hands the test turns.

use std::sync::Arc;
use std::time::Duration;

use albedo::clock::Clock;
use albedo::model::moment::Moment;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A clock whose hands the test turns. Clones are the same clock.
#[derive(Clone)]
pub struct Hands(Arc<watch::Sender<Duration>>);

impl Default for Hands {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Duration::from_secs(1000))))
    }
}

impl Hands {
    /// Lets some seconds pass.
    pub fn turn(&self, seconds: u64) {
        self.0.send_modify(|time| *time += Duration::from_secs(seconds));
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        // When something was read is no difference.
        Timestamp::UNIX_EPOCH
    }

    fn moment(&self) -> Moment {
        Moment::after_start(*self.0.borrow())
    }

    async fn sleep(&self, duration: Duration) {
        let mut time = self.0.subscribe();
        let end = *time.borrow() + duration;
        // The sender lives as long as this clock, so waiting cannot fail.
        let _ = time.wait_for(|time| *time >= end).await;
    }

    #[expect(clippy::disallowed_methods, reason = "tests have no room for clocks")]
    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        tokio::spawn(task)
    }
}
