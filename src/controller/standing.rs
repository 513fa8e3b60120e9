//! Whether this process should stand for election, and what is to be said of how it is.

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::Core;
use crate::aws::{Cloud, Reach};
use crate::clock::Clock;
use crate::cluster::{Cluster, SILENCE_MAX, Sight};
use crate::serve::Health;

/// How old the answer of AWS may be that is waited for before anything else.
const ANSWER_AGE_MAX: Duration = Duration::from_secs(60 * 60);
/// How long after AWS could not be read it is tried again.
const ANSWER_PAUSE: Duration = Duration::from_secs(2);
/// How often it is looked whether the watches live.
const LOOK_PAUSE: Duration = Duration::from_secs(5);
/// For how long a kind of object may be silent before another process should lead: two tries to
/// open its watch anew have failed.
const SILENCE_UNFIT: Duration = SILENCE_MAX.saturating_mul(3);
/// For how long a kind of object may be silent before this process should be started anew: longer
/// than an API server is away during an upgrade.
const SILENCE_DEAD: Duration = SILENCE_MAX.saturating_mul(10);

impl<C: Cloud, K: Cluster + Clone, T: Clock> Core<C, K, T> {
    /// Stands for election once everything in the cluster has been seen and AWS has answered, and
    /// for as long as the watches live: who leads and cannot work keeps others from it.
    pub(super) async fn stand(&self, stands: watch::Sender<bool>) {
        let mut progress = self.sight.progress();
        if progress.wait_for(crate::cluster::Progress::is_complete).await.is_err() {
            return;
        }
        while let Err(error) = self.reconciler.mirror.surroundings(Reach::Vpc, ANSWER_AGE_MAX).await
        {
            tracing::warn!(%error, "AWS does not answer; waiting for it before anything else");
            self.reconciler.clock.sleep(ANSWER_PAUSE).await;
        }
        self.answered.send_replace(true);
        loop {
            let now = self.reconciler.clock.moment();
            let is_fit = progress.borrow().silent(now, SILENCE_UNFIT).next().is_none();
            stands.send_if_modified(|stands| {
                let is_news = *stands != is_fit;
                *stands = is_fit;
                is_news
            });
            self.reconciler.clock.sleep(LOOK_PAUSE).await;
        }
    }
}

/// How a controller is, for whoever asks from outside.
#[derive(Clone, Debug)]
pub struct Vitals<T> {
    pub(super) tasks: Vec<(&'static str, AbortHandle)>,
    pub(super) sight: Sight,
    pub(super) answered: watch::Receiver<bool>,
    pub(super) clock: T,
}

impl<T: Clock> Vitals<T> {
    /// Whether the process should be let live.
    #[must_use]
    pub fn health(&self) -> Health {
        let dead = self.tasks.iter().filter(|(_, task)| task.is_finished());
        let mut reasons: Vec<String> = dead.map(|(task, _)| format!("{task} has ended")).collect();
        reasons.extend(self.silent(SILENCE_DEAD));
        Health::of(reasons)
    }

    /// Whether others may count on it. A process that does not lead is ready as well, so that it
    /// can take over at once.
    #[must_use]
    pub fn readiness(&self) -> Health {
        let awaited = self.sight.progress();
        let awaited = awaited.borrow();
        let missing = awaited.awaited().map(|kind| format!("no list of {kind} yet"));
        let mut reasons: Vec<String> = missing.collect();
        drop(awaited);
        if reasons.is_empty() {
            reasons.extend(self.silent(SILENCE_UNFIT));
        }
        if !*self.answered.borrow() {
            reasons.push("AWS has not answered yet".to_owned());
        }
        reasons.extend(self.health().reasons);
        Health::of(reasons)
    }

    fn silent(&self, longest: Duration) -> Vec<String> {
        let progress = self.sight.progress();
        let progress = progress.borrow();
        let silent = progress.silent(self.clock.moment(), longest);
        silent
            .map(|kind| format!("no sign of life of {kind} for {} s", longest.as_secs()))
            .collect()
    }
}
