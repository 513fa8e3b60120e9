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
