//! One process: exactly the controller, with its watches.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use albedo::aws::Mirror;
use albedo::clock::Clock as _;
use albedo::cluster::Sight;
use albedo::controller::{Controller, Parts, Workers};
use albedo::model::moment::Moment;
use albedo::model::subject::Subject;
use albedo::model::tenure::{Epoch, Tenure};
use albedo::telemetry::Metrics;
use tokio::sync::watch;

use super::attack;
use super::cloud::Reached;
use super::judge::{Invariant, Judge};
use super::stage::{Pid, Stage};
use super::watches::{Board, Watches, Watching};
use super::written::Written;
use crate::support::clock::{VirtualClock, elapsed};
use crate::support::site::Site;

/// Longer than any run: nothing is looked at anew unless the run says so.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const WORKERS: Workers = Workers { targets: 2, others: 3 };

/// One process.
pub struct Process {
    pub pid: Pid,
    pub runtime: Controller<Reached, Written, VirtualClock>,
    clock: VirtualClock,
    stage: Stage,
    judge: Judge,
    watches: Watches,
    sight: Sight,
    tenure: watch::Sender<Option<Tenure>>,
    epoch: u64,
}

impl Process {
    pub fn start(site: &Site, stage: &Stage, judge: &Judge, pid: Pid) -> Self {
        let clock = VirtualClock::new();
        let (stage, judge) = (stage.clone(), judge.clone());
        let cloud = Reached {
            aws: site.aws.clone(),
            stage: stage.clone(),
            judge: judge.clone(),
            clock,
            pid,
        };
        let cluster = site.cluster.clone();
        let written = Written { cluster: cluster.clone(), stage: stage.clone(), clock, pid };
        let sight = Sight::new();
        let (tenure, is_leading) = watch::channel(None);
        let runtime = Controller::start(Parts {
            settings: Arc::clone(&cluster.settings),
            mirror: Mirror::new(cloud, clock),
            cluster: written,
            clock,
            metrics: Arc::new(Metrics::new()),
            tenure: is_leading,
            sight: sight.clone(),
            sync_period: NEVER,
            sweep_period: site.sweep_period,
            workers: WORKERS,
        });
        let watches = Watches::start(&Watching {
            cluster,
            stage: stage.clone(),
            clock,
            intake: runtime.intake(),
            board: Board::new(sight.clone(), judge.clone(), pid),
            pid,
        });
        judge.know(pid, runtime.world().clone());
        stage.trace.line(&format!("p{pid}"), || "starts".to_owned());
        Self { pid, runtime, clock, stage, judge, watches, sight, tenure, epoch: 0 }
    }

    /// Whether it stands for election (`Controller::stand`): it has seen everything once.
    pub fn stands(&self) -> bool {
        self.sight.progress().borrow().is_complete()
    }

    /// It leads from now on, for so long if nobody renews that.
    pub fn lead(&mut self, time: Duration) {
        self.epoch += 1;
        let since = self.clock.moment();
        self.stage.grant(self.pid, elapsed().saturating_add(time));
        self.judge.leads(self.pid, since);
        let tenure = Tenure { epoch: Epoch(self.epoch), since, until: since.plus(time) };
        self.stage.trace.line(&format!("p{}", self.pid), || format!("leads for {time:?}"));
        self.tenure.send_replace(Some(tenure));
        self.watches.prove(since);
    }

    /// Puts off the end of its tenure, or brings it closer.
    pub fn lead_until(&mut self, time: Duration) {
        let Some(tenure) = *self.tenure.borrow() else { return };
        let until = self.clock.moment().plus(time);
        self.stage.grant(self.pid, elapsed().saturating_add(time));
        self.tenure.send_replace(Some(Tenure { until, ..tenure }));
    }

    /// It no longer leads, and hears of it.
    pub fn follow(&mut self) {
        self.stage.trace.line(&format!("p{}", self.pid), || "leads no longer".to_owned());
        self.stage.withdraw(self.pid);
        self.tenure.send_replace(None);
    }

    /// What it waits for.
    pub fn idleness(&self) -> Idleness {
        let queue = self.runtime.queue();
        // Who leads and has not begun is about to look at everything.
        let leads = self.tenure.borrow().is_some_and(|tenure| tenure.until > self.clock.moment());
        if !queue.is_idle() || (leads && !self.runtime.world().lock().leads()) {
            return Idleness::Busy;
        }
        let deadlines = queue.deadlines();
        let subjects: BTreeSet<_> = deadlines.iter().map(|(_, subject)| subject).collect();
        if subjects.len() < deadlines.len() {
            let text = format!("a subject has several deadlines: {deadlines:?}");
            self.stage.object(Invariant::Memory, "a retry", text);
        }
        // Whoever takes a census does so for ever, once it could be taken, and who is refused what
        // is another's is looked at now and then.
        let is_for_ever = |subject: &Subject| match subject {
            Subject::Census(_) => true,
            Subject::Targets(_, binding) => binding.namespace == attack::NAMESPACE,
            _ => false,
        };
        let next = deadlines
            .into_iter()
            .find(|(_, subject)| !is_for_ever(subject) || queue.is_troubled(subject));
        next.map_or(Idleness::AtRest, |(moment, _)| Idleness::Until(moment))
    }

    pub async fn sleep_until(&self, moment: Moment) {
        self.clock.sleep_until(moment).await;
    }
}

/// What a process waits for.
#[derive(Clone, Copy, Debug)]
pub enum Idleness {
    /// Nothing: it works.
    Busy,
    /// The time, until something is due.
    Until(Moment),
    /// Somebody's change.
    AtRest,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stage.trace.line(&format!("p{}", self.pid), || "is gone".to_owned());
        self.stage.withdraw(self.pid);
        self.judge.forget(self.pid);
    }
}
