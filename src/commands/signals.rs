//! The signals to stop.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals to stop.
pub(super) struct Stop {
    terminated: Signal,
    interrupted: Signal,
}

impl Stop {
    /// Hears them from this moment on: a process with the number 1 would otherwise ignore them.
    pub(super) fn heard_from_now_on() -> anyhow::Result<Self> {
        let listen = |kind, name| signal(kind).with_context(|| format!("{name} cannot be heard"));
        Ok(Self {
            terminated: listen(SignalKind::terminate(), "SIGTERM")?,
            interrupted: listen(SignalKind::interrupt(), "SIGINT")?,
        })
    }

    pub(super) async fn heard(&mut self) {
        tokio::select! {
            _ = self.terminated.recv() => {}
            _ = self.interrupted.recv() => {}
        }
    }
}
