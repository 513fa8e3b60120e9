//! One visit after the other, for as long as this process leads.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;

use super::intake::lane_after;
use super::{Core, Lanes, Queue};
use crate::apply::Permit;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::{Cluster, EventQueue};
use crate::model::outcome::Trouble;
use crate::model::subject::{Lane, Subject};
use crate::report::Rest;

/// A subject that is being visited: however that ends, its worker lets go of it.
struct Running<'a, T: Clock> {
    queue: &'a Queue<T>,
    subject: &'a Subject,
    rest: Rest,
}

impl<T: Clock> Drop for Running<'_, T> {
    fn drop(&mut self) {
        self.queue.done(self.subject, self.rest);
    }
}

impl<C: Cloud, K: Cluster + Clone, T: Clock> Core<C, K, T> {
    /// Visits what waits in these lanes, for ever.
    pub(super) async fn work(&self, lanes: Lanes) {
        let mut stopping = self.stopping.subscribe();
        loop {
            // A visit that knew nothing of what is remembered would take a bad member for one that
            // never had anything.
            let epoch = self.begun.wait().await;
            let Some(permit) = self.permit().filter(|permit| permit.epoch() == epoch) else {
                // The tenure is over, and whoever began it is about to say so.
                self.begun.end(epoch).await;
                continue;
            };
            let next = tokio::select! {
                biased;
                _ = stopping.wait_for(|is_stopping| *is_stopping) => break,
                () = self.begun.end(epoch) => continue,
                next = self.queue.next(lanes) => next,
            };
            let (subject, lane) = next;
            self.visit(&subject, lane, &permit).await;
        }
        // The process is about to end; a task that ended before it would be a failure.
        futures::future::pending::<()>().await;
    }

    pub(super) fn permit(&self) -> Option<Permit<T>> {
        Permit::now(&self.tenure, &self.sight.progress(), &self.reconciler.clock)
    }

    /// Makes one visit. A panic in it is that subject's trouble and nobody else's.
    async fn visit(&self, subject: &Subject, lane: Lane, permit: &Permit<T>) {
        let permit = &permit.for_visit();
        // Until it is known otherwise, a visit that goes away has gone wrong.
        let rest = Rest::Again(Trouble::Transient);
        let mut running = Running { queue: &self.queue, subject, rest };
        let timer = self.metrics.visit(&self.reconciler.clock, subject.kind());
        let visit = async {
            tokio::select! {
                biased;
                () = self.begun.end(permit.epoch()) => None,
                rest = self.reconciler.visit(subject, lane, permit) => Some(rest),
            }
        };
        match AssertUnwindSafe(visit).catch_unwind().await {
            Ok(Some(rest)) => {
                timer.finish(rest);
                running.rest = rest;
            }
            Ok(None) => tracing::info!(%subject, "a visit ends with the tenure"),
            Err(_panic) => tracing::error!(%subject, "a visit panicked; it is made again later"),
        }
        drop(running);
        self.wake(lane);
        if lane != Lane::Background {
            self.look_behind(subject);
        }
    }

    /// Asks for visits to whoever has to hear of what has changed.
    fn wake(&self, lane: Lane) {
        let mut world = self.reconciler.world.lock();
        for woken in world.wakes() {
            let lane = lane_after(lane, &woken);
            self.queue.push(woken, lane);
        }
    }

    /// Sends the Events that visits leave, for ever.
    pub(super) async fn send_events(&self, events: EventQueue) {
        let cluster = self.reconciler.cluster.clone();
        let may_write = || self.permit().is_some();
        events.send_all(&cluster, &self.reconciler.clock, may_write).await;
    }
}
