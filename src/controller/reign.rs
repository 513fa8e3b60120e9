//! From winning an election to losing it.

use std::time::Duration;

use super::Core;
use crate::apply::Permit;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::{Cluster, Recalled};
use crate::desired::owners;
use crate::model::settings::Removals;
use crate::model::subject::Lane;
use crate::reconcile::Reconciler;
use crate::telemetry::TenureChange;

/// How long reading what is remembered is put off when the API server refuses it.
const RECALL_PAUSE: Duration = Duration::from_secs(1);

impl<C: Cloud, K: Cluster + Clone, T: Clock> Core<C, K, T> {
    /// Begins each tenure with a fresh look at everything, repeats that after every sync period,
    /// and ends it, for ever.
    pub(super) async fn reign(&self) {
        let mut tenure = self.tenure.clone();
        loop {
            if tenure.wait_for(Option::is_some).await.is_err() {
                // Nobody can be elected any more, and nobody says so but at the end of the process.
                return futures::future::pending().await;
            }
            if let Some(permit) = self.permit() {
                self.lead(&permit).await;
            }
            // What has run out may not have been said to be over yet.
            if tenure.changed().await.is_err() {
                return futures::future::pending().await;
            }
        }
    }

    async fn lead(&self, permit: &Permit<T>) {
        self.metrics.tenure(TenureChange::Began);
        tracing::info!("leading: everything is looked at");
        let reign = async {
            self.begin(permit).await;
            let repeat = async {
                loop {
                    self.reconciler.clock.sleep(self.sync_period).await;
                    self.look_again();
                }
            };
            let sweep = async {
                match self.sweep_period {
                    Some(period) => self.sweep(period).await,
                    None => futures::future::pending().await,
                }
            };
            tokio::join!(repeat, sweep, self.pack())
        };
        tokio::select! {
            biased;
            () = permit.is_over() => {}
            _for_ever = reign => {}
        }
        self.begun.set(None);
        self.reconciler.world.lock().end();
        self.queue.clear();
        let is_own_wish = *self.stopping.borrow();
        self.metrics.tenure(if is_own_wish { TenureChange::Ended } else { TenureChange::Lost });
        tracing::info!("no longer leading: nothing is written");
    }

    /// Forgets what was known of AWS, recalls what the cluster remembers, and asks for a visit to
    /// everything.
    async fn begin(&self, permit: &Permit<T>) {
        self.sight.prove(self.reconciler.clock.moment());
        let recalled = self.recall().await;
        if recalled.is_elsewhere {
            self.move_in().await;
        }
        self.reconciler.mirror.forget();
        let is_unmarked = self.is_unmarked(&recalled).await;
        let mut world = self.reconciler.world.lock();
        world.begin(recalled.groups, is_unmarked);
        for subject in world.subjects() {
            self.queue.push(subject, Lane::Background);
        }
        drop(world);
        self.begun.set(Some(permit.epoch()));
    }

    /// Whether nothing in the cluster says that what AWS holds in its name was made for it. Any
    /// other cluster gets a mark that stays, by which it is told from one that is made anew.
    async fn is_unmarked(&self, recalled: &Recalled) -> bool {
        if recalled.is_marked {
            return false;
        }
        loop {
            match self.mark(recalled).await {
                Ok(is_marked) => return !is_marked,
                Err(error) => {
                    tracing::warn!(error, "nobody knows what stood before; trying again");
                    self.reconciler.clock.sleep(RECALL_PAUSE).await;
                }
            }
        }
    }

    /// Marks a cluster for which things were made, or for which nothing stands.
    async fn mark(&self, recalled: &Recalled) -> Result<bool, String> {
        let Reconciler { settings, mirror, cluster, world, .. } = &self.reconciler;
        let bears_marks = owners::bears_marks(settings.scope, &world.lock().objects);
        let is_known = bears_marks
            || !recalled.groups.is_empty()
            || settings.removals == Removals::Accepted
            || !mirror.holds_anything(&settings.cluster).await.map_err(|e| e.to_string())?;
        if is_known {
            cluster.mark().await.map_err(|error| error.to_string())?;
        }
        Ok(is_known)
    }

    /// What the cluster remembers. Without it a bad member would be taken for one that never had
    /// anything, so nobody is visited before it is known.
    async fn recall(&self) -> Recalled {
        loop {
            match self.reconciler.cluster.recall().await {
                Ok(recalled) => {
                    for problem in &recalled.unreadable {
                        tracing::warn!(problem, "a memory is left out");
                    }
                    return recalled;
                }
                Err(error) => tracing::warn!(%error, "memories cannot be read; trying again"),
            }
            self.reconciler.clock.sleep(RECALL_PAUSE).await;
        }
    }

    /// Brings what an older version remembered to where it is remembered now: before anything is
    /// remembered anew, which would stand beside it.
    async fn move_in(&self) {
        while let Err(error) = self.reconciler.cluster.move_in().await {
            tracing::warn!(%error, "what an older version remembered stays where it is; trying again");
            self.reconciler.clock.sleep(RECALL_PAUSE).await;
        }
        tracing::info!("what an older version remembered has been moved to where this one does");
    }

    /// Asks for a visit to everything, after forgetting what was known of AWS: what somebody
    /// changed there by hand is found.
    pub(super) fn look_again(&self) {
        self.reconciler.mirror.forget();
        let mut world = self.reconciler.world.lock();
        world.look_again();
        for subject in world.subjects() {
            self.queue.push(subject, Lane::Background);
        }
    }
}
