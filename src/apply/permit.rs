//! The right to write, as a visit holds it: asked before each step, never remembered.

use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::cluster::Progress;
use crate::model::tenure::{Epoch, Tenure};

/// What a visit of one tenure may do. Clones are the same right.
#[derive(Clone, Debug)]
pub struct Permit<T> {
    tenure: watch::Receiver<Option<Tenure>>,
    progress: watch::Receiver<Progress>,
    /// The tenure that the visit began in.
    epoch: Epoch,
    /// Whether the cluster had been seen since the tenure began when the visit began.
    has_seen: bool,
    /// Whether it had been seen then as it was lately.
    has_looked: bool,
    clock: T,
}

impl<T: Clock> Permit<T> {
    /// The right to write in the tenure that is current now; `None` where there is none.
    #[must_use]
    pub fn now(
        tenure: &watch::Receiver<Option<Tenure>>,
        progress: &watch::Receiver<Progress>,
        clock: &T,
    ) -> Option<Self> {
        let current = *tenure.borrow();
        let current =
            current.filter(|current| current.is_current(current.epoch, clock.moment()))?;
        Some(Self {
            tenure: tenure.clone(),
            progress: progress.clone(),
            epoch: current.epoch,
            has_seen: false,
            has_looked: false,
            clock: clock.clone(),
        })
    }

    /// The right of a visit that begins now. What it builds on may be gathered at once, so it is of
    /// no use to it what is seen while it goes on.
    #[must_use]
    pub fn for_visit(&self) -> Self {
        let (has_seen, has_looked) = (self.sees(Duration::ZERO), self.sees(LATELY));
        Self { has_seen, has_looked, ..self.clone() }
    }

    /// Whether the cluster has been seen as it was at most so long before the tenure was won.
    fn sees(&self, before: Duration) -> bool {
        let fresh = |tenure: Tenure| self.progress.borrow().is_fresh(tenure.since.minus(before));
        self.current().is_some_and(fresh)
    }

    /// Which tenure it belongs to.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn current(&self) -> Option<Tenure> {
        let now = self.clock.moment();
        self.tenure.borrow().filter(|tenure| tenure.is_current(self.epoch, now))
    }

    /// Whether this process may write at this moment what was planned in this tenure.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.current().is_some()
    }

    /// Whether this process may take something away: only in a visit that began after it had seen
    /// the cluster as it was after the tenure was won. Until then, what is missing may only not
    /// have been heard of.
    #[must_use]
    pub fn may_remove(&self) -> bool {
        self.has_seen && self.sees(Duration::ZERO)
    }

    /// Whether this process may make what would stay behind if whoever it is for was gone: only in
    /// a visit that began after it had seen the cluster as it was lately.
    #[must_use]
    pub fn may_found(&self) -> bool {
        self.has_looked && self.sees(LATELY)
    }

    /// Waits until the tenure is over, also if nobody says so.
    pub async fn is_over(&self) {
        let mut tenure = self.tenure.clone();
        while let Some(current) = self.current() {
            let end = self.clock.sleep_until(current.until);
            tokio::select! {
                biased;
                changed = tenure.changed() => {
                    if changed.is_err() {
                        // Nobody renews it any more.
                        self.clock.sleep_until(current.until).await;
                    }
                }
                () = end => {}
            }
        }
    }
}

/// How long before a tenure was won the cluster may have been seen by who makes things for those
/// that are there: who has just listed it waits for nothing.
const LATELY: Duration = Duration::from_secs(5);

/// How long after a step was held back for want of sight it is tried again: a sign of life of every
/// kind of object takes about two seconds in a healthy cluster.
pub const SIGN_PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::cluster::Sight;

    #[test]
    fn a_visit_that_began_before_the_cluster_was_seen_takes_nothing_away() {
        let clock = SystemClock::new();
        let won = clock.moment();
        let tenure = watch::Sender::new(Some(Tenure::for_ever(won)));
        let sight = Sight::new();
        let permit = Permit::now(&tenure.subscribe(), &sight.progress(), &clock).expect("it leads");
        let early = permit.for_visit();
        sight.all_listed(won);
        assert!(early.may_write() && !early.may_remove() && !early.may_found());
        assert!(permit.for_visit().may_remove() && permit.for_visit().may_found());
    }
}
