//! How groups are, for whoever asks the API server: told outside of visits, when something has
//! changed, and never by who does not lead.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use super::Core;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::{Cluster, ClusterError, Kind};
use crate::model::group::Group;
use crate::model::ingress_group::Print;
use crate::model::moment::Moment;
use crate::model::names;
use crate::report::group_status::{self, GroupLook};
use crate::report::topology::Believed;

/// For how long news of groups are gathered: each is written once in this time, at most.
const GATHERED: Duration = Duration::from_secs(5);
/// How long one write waits for the one before it: twenty a second leave the API server its other
/// clients (client-go allows as many to one by default).
const PACE: Duration = Duration::from_millis(50);
/// How long what was shown before is better than that nobody has looked yet: longer than a first
/// look at everything takes.
const EARLY_MAX: Duration = Duration::from_secs(10 * 60);
/// How long to wait after trouble of the API server's own.
const TROUBLE_PAUSE: Duration = Duration::from_secs(5);
/// How many groups in a row cannot be shown before it is no trouble of theirs.
const FAILURES_MAX: usize = 3;
/// How long to wait where IngressGroups are not known, or nobody may write them: a person has to
/// change something.
const REFUSED_PAUSE: Duration = Duration::from_secs(5 * 60);

/// What is kept of what was shown.
#[derive(Debug, Default)]
struct Showing {
    shown: BTreeMap<Group, Print>,
    /// The groups of which too little is known yet, each with since when.
    early: BTreeMap<Group, Moment>,
    /// The groups that could not be shown, each with when that is tried again.
    refused: BTreeMap<Group, Moment>,
}

impl Showing {
    /// When the next group is to be looked at that nobody has news of.
    fn next(&self) -> Option<Moment> {
        let early = self.early.values().map(|since| since.plus(EARLY_MAX));
        early.chain(self.refused.values().copied()).min()
    }

    /// The groups that are to be looked at by now though nobody has news of them.
    fn awaited(&self, now: Moment) -> Vec<Group> {
        let early = self.early.iter().filter(|(_, since)| since.plus(EARLY_MAX) <= now);
        let refused = self.refused.iter().filter(|(_, again)| **again <= now);
        early.chain(refused).map(|(group, _)| group.clone()).collect()
    }
}

impl<C: Cloud, K: Cluster + Clone, T: Clock> Core<C, K, T> {
    /// Shows how groups are, for ever.
    pub(super) async fn show_groups(&self) {
        let mut said = None;
        loop {
            let epoch = self.begun.wait().await;
            tokio::select! {
                biased;
                () = self.begun.end(epoch) => {}
                never = self.show_in_tenure(&mut said) => match never {},
            }
        }
    }

    /// Shows how groups are, for as long as nobody ends that. `said` is what was last wrong.
    async fn show_in_tenure(&self, said: &mut Option<String>) -> Infallible {
        let mut showing = Showing::default();
        let keeper = self.keeper();
        while let Err(error) = self.recall_shown(&mut showing, &keeper).await {
            self.pause_after(&error, said).await;
        }
        let news = self.reconciler.world.lock().unshown.news();
        loop {
            tokio::select! {
                biased;
                () = news.notified() => {}
                () = self.sleep_until_or_for_ever(showing.next()) => {
                    let awaited = showing.awaited(self.reconciler.clock.moment());
                    self.reconciler.world.lock().unshown.mark(awaited);
                }
            }
            self.reconciler.clock.sleep(GATHERED).await;
            self.show_due(&mut showing, &keeper, said).await;
        }
    }

    /// Shows how those groups are of which something may be new. One that cannot be shown is tried
    /// again later, and holds up no other; where none can, all of them wait.
    async fn show_due(&self, showing: &mut Showing, keeper: &str, said: &mut Option<String>) {
        let clock = &self.reconciler.clock;
        let mut due = self.reconciler.world.lock().unshown.take();
        let mut failures = 0;
        while let Some(group) = due.pop_first() {
            let now = clock.moment();
            if showing.refused.get(&group).is_some_and(|again| now < *again) {
                continue;
            }
            showing.refused.remove(&group);
            match self.show(&group, showing, keeper).await {
                Ok(false) => {}
                Ok(true) => {
                    failures = 0;
                    clock.sleep(PACE).await;
                }
                Err(error) => {
                    failures += 1;
                    showing.refused.insert(group, clock.moment().plus(pause(&error)));
                    if failures == FAILURES_MAX {
                        self.reconciler.world.lock().unshown.mark(std::mem::take(&mut due));
                        self.pause_after(&error, said).await;
                    } else {
                        say(&error, said);
                    }
                }
            }
        }
        if showing.refused.is_empty() {
            *said = None;
        }
    }

    async fn sleep_until_or_for_ever(&self, moment: Option<Moment>) {
        match moment {
            Some(moment) => self.reconciler.clock.sleep_until(moment).await,
            None => futures::future::pending().await,
        }
    }

    fn keeper(&self) -> String {
        let settings = &self.reconciler.settings;
        names::keeper(settings.scope, &settings.ingress_class)
    }

    /// Finds out what is shown, and shows no more what nobody owns.
    async fn recall_shown(&self, showing: &mut Showing, keeper: &str) -> Result<(), ClusterError> {
        let Some(_permit) = self.permit() else { return Ok(()) };
        showing.shown = self.reconciler.cluster.shown_groups(keeper).await?;
        let extent = &self.reconciler.settings.extent;
        let gone: Vec<Group> = {
            let world = self.reconciler.world.lock();
            let all = showing.shown.keys().filter(|group| extent.shows_all_of(group));
            all.filter(|group| !world.knows_group(group)).cloned().collect()
        };
        self.reconciler.world.lock().unshown.mark(gone);
        Ok(())
    }

    /// Shows how a group is. Says whether that was news.
    async fn show(
        &self,
        group: &Group,
        showing: &mut Showing,
        keeper: &str,
    ) -> Result<bool, ClusterError> {
        if self.permit().is_none() {
            return Ok(false);
        }
        let cluster = &self.reconciler.cluster;
        let look = self.reconciler.world.lock().group_look(group);
        let Some(look) = look else {
            showing.early.remove(group);
            let Some(print) = showing.shown.remove(group) else { return Ok(false) };
            if let Err(error) = cluster.hide_group(group).await {
                showing.shown.insert(group.clone(), print);
                return Err(error);
            }
            return Ok(true);
        };
        let now = self.reconciler.clock.now();
        let current = group_status::shown(&look, &self.believed(group, &look), now);
        let before = showing.shown.get(group).copied();
        if before.is_some() && current.is_early && self.is_young(group, showing) {
            self.reconciler.world.lock().unshown.defer(group.clone());
            return Ok(false);
        }
        showing.early.remove(group);
        if before.is_some_and(|before| before.says(&current.status)) {
            return Ok(false);
        }
        let status = current.status.since(before.as_ref(), now);
        cluster.show_group(group, &status, keeper).await?;
        showing.shown.insert(group.clone(), status.print());
        Ok(true)
    }

    /// Whether somebody may still be about to look at what nobody has looked at yet.
    fn is_young(&self, group: &Group, showing: &mut Showing) -> bool {
        let now = self.reconciler.clock.moment();
        let since = showing.early.entry(group.clone()).or_insert(now);
        now.since(*since) < EARLY_MAX
    }

    fn believed(&self, group: &Group, look: &GroupLook) -> Believed {
        let mirror = &self.reconciler.mirror;
        let found = mirror.believed_group(&self.reconciler.settings.cluster, group);
        Believed {
            records: mirror.believed_records(group_status::zones_of(&look.names)),
            inventory: found.inventory,
            targets: found.targets,
        }
    }

    /// Waits after something went wrong, which is said once.
    async fn pause_after(&self, error: &ClusterError, said: &mut Option<String>) {
        say(error, said);
        self.reconciler.clock.sleep(pause(error)).await;
    }
}

/// How long to wait after something went wrong.
fn pause(error: &ClusterError) -> Duration {
    match error.kind {
        Kind::Throttled | Kind::Transient => TROUBLE_PAUSE,
        Kind::NotFound | Kind::Conflict | Kind::Refused => REFUSED_PAUSE,
    }
}

/// Says what went wrong, once.
fn say(error: &ClusterError, said: &mut Option<String>) {
    let text = error.to_string();
    if said.as_ref() == Some(&text) {
        return;
    }
    match error.kind {
        Kind::NotFound => tracing::warn!(
            %error,
            "the API server knows no IngressGroups, so none show how groups are; all else goes on. \
             kubectl apply -f deploy/crds makes them known"
        ),
        Kind::Throttled | Kind::Transient | Kind::Conflict | Kind::Refused => tracing::warn!(
            %error,
            "an IngressGroup cannot be written, so it does not show how its group is; all else \
             goes on"
        ),
    }
    *said = Some(text);
}
