//! How a process comes to lead, and how it lets go.

use tokio::sync::{oneshot, watch};

use crate::clock::{Clock as _, SystemClock};
use crate::cluster::Election;
use crate::model::tenure::Tenure;

/// How this process comes to lead.
pub(super) struct Leadership {
    /// `None` where nobody competes.
    pub(super) election: Option<Election<SystemClock>>,
    /// Who hears of it.
    pub(super) tenure: watch::Sender<Option<Tenure>>,
    /// Whether this process is fit for it.
    pub(super) stands: watch::Receiver<bool>,
    /// Tells the time.
    pub(super) clock: SystemClock,
}

impl Leadership {
    /// Leads whenever that is possible, until it is told to stop; then gives the Lease back.
    pub(super) async fn hold(mut self, stopped: oneshot::Receiver<()>) {
        let stopped = async {
            // A sender that is gone is as good as the word.
            let _ = stopped.await;
        };
        let Some(election) = self.election else {
            return tokio::select! {
                () = stopped => {}
                () = lead(self.tenure, &mut self.stands, self.clock) => {}
            };
        };
        election.run(self.tenure, self.stands, stopped).await;
    }
}

/// Tells what is wanted while this process leads, and that nothing is at any other time: who does
/// not write has no use for keys. Ends with who wants something.
pub(super) async fn while_leading<T: Clone + Default + PartialEq>(
    mut wanted: watch::Receiver<T>,
    mut tenure: watch::Receiver<Option<Tenure>>,
    told: watch::Sender<T>,
) {
    loop {
        let leads = tenure.borrow_and_update().is_some();
        let all = wanted.borrow_and_update().clone();
        let now = if leads { all } else { T::default() };
        told.send_if_modified(|before| {
            let is_news = *before != now;
            *before = now;
            is_news
        });
        let goes_on = tokio::select! {
            changed = wanted.changed() => changed.is_ok(),
            changed = tenure.changed() => changed.is_ok(),
        };
        if !goes_on {
            return;
        }
    }
}

/// Leads from the moment on that this is possible, for ever.
async fn lead(
    tenure: watch::Sender<Option<Tenure>>,
    stands: &mut watch::Receiver<bool>,
    clock: SystemClock,
) {
    if stands.wait_for(|stands| *stands).await.is_ok() {
        tenure.send_replace(Some(Tenure::for_ever(clock.moment())));
    }
    // Who nobody competes with leads for ever.
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[tokio::test]
    async fn nothing_is_wanted_but_while_leading() {
        let (wanting, wanted) = watch::channel(BTreeSet::from(["tls"]));
        let (leading, tenure) = watch::channel(None);
        let (told, mut heard) = watch::channel(BTreeSet::new());
        let telling = while_leading(wanted, tenure, told);
        let hearing = async {
            let moment = SystemClock::new().moment();
            leading.send_replace(Some(Tenure::for_ever(moment)));
            heard.wait_for(|all| all.len() == 1).await.expect("it is told");
            wanting.send_modify(|all| _ = all.insert("more"));
            heard.wait_for(|all| all.len() == 2).await.expect("it is told");
            leading.send_replace(None);
            heard.wait_for(BTreeSet::is_empty).await.expect("it is told");
            wanting.send_modify(|all| _ = all.insert("most"));
            tokio::task::yield_now().await;
            assert!(heard.borrow().is_empty(), "it does not lead");
            leading.send_replace(Some(Tenure::for_ever(moment)));
            heard.wait_for(|all| all.len() == 3).await.expect("it is told");
            drop(wanting);
        };
        tokio::join!(telling, hearing);
    }
}
