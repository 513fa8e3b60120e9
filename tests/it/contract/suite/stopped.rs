//! A clock that stands still.

use std::time::Duration;

use albedo::clock::Clock;
use albedo::model::moment::Moment;
use jiff::Timestamp;
use tokio::task::JoinHandle;

/// A clock that stands still, so that when something was read is no difference. Whoever waits for a
/// time waits for ever.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn moment(&self) -> Moment {
        Moment::default()
    }

    async fn sleep(&self, _duration: Duration) {
        std::future::pending::<()>().await;
    }

    #[expect(clippy::disallowed_methods, reason = "tests have no room for clocks")]
    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        tokio::spawn(task)
    }
}
