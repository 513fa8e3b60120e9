//! Events on their way: visits hand them over and go on, and one task sends them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::Cluster;
use super::error::Kind;
use crate::clock::Clock;
use crate::model::moment::Moment;
use crate::model::report::Event;
use crate::report::EventBudget;
use crate::telemetry::{EventResult, Metrics};

/// How many Events may wait (client-go's event broadcaster).
const WAITING_MAX: usize = 1000;
/// How often one Event is tried while the API server has trouble of its own.
const ATTEMPTS_MAX: u32 = 3;
/// How long to wait before it is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// Takes Events, and never keeps anybody waiting. Clones lead to the same queue.
#[derive(Clone, Debug)]
pub struct EventRecorder {
    waiting: mpsc::Sender<Event>,
    budget: Arc<Mutex<EventBudget>>,
    metrics: Arc<Metrics>,
}

/// The Events that wait to be sent.
#[derive(Debug)]
pub struct EventQueue {
    waiting: mpsc::Receiver<Event>,
    metrics: Arc<Metrics>,
}

impl EventRecorder {
    /// A recorder, and the queue that it fills. What becomes of each Event is counted.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> (Self, EventQueue) {
        let (waiting, queue) = mpsc::channel(WAITING_MAX);
        let recorder = Self { waiting, budget: Arc::default(), metrics: Arc::clone(&metrics) };
        (recorder, EventQueue { waiting: queue, metrics })
    }

    /// Takes Events to be sent: as many as their objects may have, and as there is room for.
    pub fn record(&self, now: Moment, events: impl IntoIterator<Item = Event>) {
        for event in events {
            if let Err(result) = self.take(now, event) {
                self.metrics.event(result);
            }
        }
    }

    fn take(&self, now: Moment, event: Event) -> Result<(), EventResult> {
        let room = self.waiting.try_reserve().map_err(|error| match error {
            mpsc::error::TrySendError::Full(()) => EventResult::QueueFull,
            mpsc::error::TrySendError::Closed(()) => EventResult::NotLeading,
        })?;
        // A budget is whole between any two statements, so a panic elsewhere has not broken it.
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        if !budget.take(&event.object, now) {
            return Err(EventResult::RateLimited);
        }
        room.send(event);
        Ok(())
    }
}

impl EventQueue {
    /// Sends what waits, one Event after the other, until no recorder is left. What comes up while
    /// this process may not write is dropped: whoever leads says it.
    pub async fn send_all<K: Cluster, C: Clock>(
        mut self,
        cluster: &K,
        clock: &C,
        may_write: impl Fn() -> bool + Send + Sync,
    ) {
        while let Some(event) = self.waiting.recv().await {
            let result = send(&event, cluster, clock, &may_write).await;
            self.metrics.event(result);
        }
    }
}

async fn send<K: Cluster, C: Clock>(
    event: &Event,
    cluster: &K,
    clock: &C,
    may_write: &(impl Fn() -> bool + Send + Sync),
) -> EventResult {
    let mut attempt = 1;
    loop {
        if !may_write() {
            return EventResult::NotLeading;
        }
        match cluster.event(event).await {
            Ok(()) => return EventResult::Sent,
            Err(error)
                if attempt < ATTEMPTS_MAX
                    && matches!(error.kind, Kind::Throttled | Kind::Transient) =>
            {
                tracing::debug!(object = %event.object, %error, "an Event is sent again later");
            }
            Err(error) => {
                tracing::warn!(object = %event.object, %error, "an Event could not be sent");
                return EventResult::Refused;
            }
        }
        attempt += 1;
        clock.sleep(PAUSE).await;
    }
}
