//! What a person who waits is told.

use std::io::IsTerminal as _;
use std::time::Duration;

use super::eprintln;
use crate::clock;

/// How long nobody wonders what is going on.
const PATIENCE: Duration = Duration::from_secs(1);

/// Waits for something, and says what it is once that takes longer than a moment; only where
/// somebody looks on.
pub async fn during<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = clock::sleep(PATIENCE) => {}
    }
    if std::io::stderr().is_terminal() {
        eprintln(&format!("# {what} …"));
    }
    work.await
}
