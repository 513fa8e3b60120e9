//! What happens in a run: for people, and to be compared.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing::subscriber::DefaultGuard;

use crate::support::clock::elapsed;

/// Who says what the program says.
pub const LOG: &str = "the log";

/// Whether a run is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// Only what is counted.
    Nothing,
    /// Every line.
    Lines,
    /// Every line, and shown as it is written.
    Shown,
}

/// What has happened so far. Clones are the same.
#[derive(Clone)]
pub struct Trace {
    writing: Writing,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    lines: Vec<String>,
    counts: BTreeMap<String, usize>,
}

impl Trace {
    pub fn new(writing: Writing) -> Self {
        Self { writing, inner: Arc::default() }
    }

    /// Writes a line: who, and what.
    pub fn line(&self, who: &str, what: impl FnOnce() -> String) {
        if self.writing == Writing::Nothing {
            return;
        }
        let line = format!("{} {who}: {}", shown(elapsed()), what());
        if self.writing == Writing::Shown {
            println!("{line}");
        }
        self.inner.lock().unwrap().lines.push(line);
    }

    /// Writes down what the program says on this thread, as long as what this answers with lives.
    pub fn listen(&self) -> Option<DefaultGuard> {
        if self.writing == Writing::Nothing {
            return None;
        }
        let trace = self.clone();
        let log = tracing_subscriber::fmt()
            .without_time()
            .with_ansi(false)
            .with_target(false)
            .with_writer(move || Saying(trace.clone()));
        Some(tracing::subscriber::set_default(log.finish()))
    }

    /// Counts something that every so many runs should have some of.
    pub fn count(&self, what: impl Into<String>) {
        *self.inner.lock().unwrap().counts.entry(what.into()).or_default() += 1;
    }

    pub fn lines(&self) -> Vec<String> {
        self.inner.lock().unwrap().lines.clone()
    }

    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.inner.lock().unwrap().counts.clone()
    }
}

/// Where what the program says is written down.
struct Saying(Trace);

impl io::Write for Saying {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.line(LOG, || String::from_utf8_lossy(bytes).trim().to_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shown(time: Duration) -> String {
    format!("{:>5}.{:03}", time.as_secs(), time.subsec_millis())
}
