//! From winning an election to losing it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Core, Lane, Permit};
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::group::Group;
use crate::model::memory::Remembered;
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
            loop {
                self.reconciler.clock.sleep(self.sync_period).await;
                self.look_again();
            }
        };
        tokio::select! {
            biased;
            () = permit.is_over() => {}
            () = reign => {}
        }
        self.begun.send_replace(None);
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
        let memories = self.recall().await;
        self.reconciler.mirror.forget();
        let mut world = self.reconciler.world.lock();
        world.begin(memories);
        for subject in world.subjects() {
            self.queue.push(subject, Lane::Background);
        }
        drop(world);
        self.begun.send_replace(Some(permit.epoch()));
    }

    /// What the cluster remembers. Without it a bad member would be taken for one that never had
    /// anything, so nobody is visited before it is known.
    async fn recall(&self) -> BTreeMap<Group, Remembered> {
        loop {
            match self.reconciler.cluster.recall().await {
                Ok(recalled) => {
                    for problem in recalled.unreadable {
                        tracing::warn!(problem, "a memory is left out");
                    }
                    return recalled.groups;
                }
                Err(error) => tracing::warn!(%error, "memories cannot be read; trying again"),
            }
            self.reconciler.clock.sleep(RECALL_PAUSE).await;
        }
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
