//! The one file that asks what time it is, and the one that waits.

use std::time::Duration;

use jiff::Timestamp;

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
