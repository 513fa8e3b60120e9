//! Any AWS, whose answers are held back on command.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use albedo::aws::{Answer, Cloud, CloudError, Part, Reading};
use albedo::model::action::AwsAction;
use albedo::model::role::Role;
use tokio::sync::watch;

/// Any AWS; while it is closed, a call does its work and its answer waits. Clones are the same.
#[derive(Clone)]
pub struct Held<C> {
    inner: C,
    gates: Arc<Gates>,
}

struct Gates {
    reads: watch::Sender<bool>,
    writes: watch::Sender<bool>,
    waiting: AtomicUsize,
}

impl<C> Held<C> {
    /// Wraps an AWS; nothing is held back yet.
    pub fn new(inner: C) -> Self {
        let open = || watch::Sender::new(true);
        let gates = Gates { reads: open(), writes: open(), waiting: AtomicUsize::new(0) };
        Self { inner, gates: Arc::new(gates) }
    }

    /// Holds back what reads answer from now on.
    pub fn hold_reads(&self) {
        self.gates.reads.send_replace(false);
    }

    /// Holds back what writes answer from now on.
    pub fn hold_writes(&self) {
        self.gates.writes.send_replace(false);
    }

    /// Lets everything through.
    pub fn release(&self) {
        self.gates.reads.send_replace(true);
        self.gates.writes.send_replace(true);
    }

    /// How many answers wait.
    pub fn waiting(&self) -> usize {
        self.gates.waiting.load(Ordering::Relaxed)
    }

    async fn pass(&self, gate: &watch::Sender<bool>) {
        self.gates.waiting.fetch_add(1, Ordering::Relaxed);
        // The sender lives as long as this borrow, so waiting cannot fail.
        let _ = gate.subscribe().wait_for(|is_open| *is_open).await;
        self.gates.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[deny(clippy::missing_trait_methods)]
impl<C: Cloud> Cloud for Held<C> {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        let answer = self.inner.read(part).await;
        self.pass(&self.gates.reads).await;
        answer
    }

    async fn turn(&self, action: &AwsAction) {
        self.inner.turn(action).await;
    }

    fn assume(&self, role: &Role, session: &str) -> Option<Self> {
        let inner = self.inner.assume(role, session)?;
        Some(Self { inner, gates: Arc::clone(&self.gates) })
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        let answer = self.inner.perform(action).await;
        self.pass(&self.gates.writes).await;
        answer
    }
}
