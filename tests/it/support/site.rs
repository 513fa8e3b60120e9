//! The controller, as it is, on an AWS and a cluster in memory, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use albedo::aws::{Cloud, Mirror};
use albedo::clock::Clock as _;
use albedo::cluster::Sight;
use albedo::controller::{Controller as Runtime, Parts, Workers};
use albedo::model::moment::Moment;
use albedo::model::settings::Settings;
use albedo::model::subject::SubjectKind;
use albedo::model::tenure::Tenure;
use albedo::telemetry::Metrics;
use tokio::sync::watch;

use super::clock::VirtualClock;
use super::cluster::FakeCluster;
use super::fake::Fake;
use super::world::{fake, settings};

/// Longer than anything takes that comes to an end.
const REST_MAX: Duration = Duration::from_secs(3 * 60 * 60);
/// The time in which everybody does what can be done at once.
const INSTANT: Duration = Duration::from_millis(1);
/// Longer than the runtime lives: nothing is looked at anew unless a test says so.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// AWS and a cluster, which outlive every controller.
#[derive(Clone)]
pub struct Site {
    pub aws: Fake,
    pub cluster: FakeCluster,
    /// In how much time everything is looked at.
    pub sweep_period: Option<Duration>,
    /// How many visits a process makes at once.
    pub workers: Workers,
}

/// One process.
pub struct Controller<C: Cloud> {
    pub runtime: Runtime<C, FakeCluster, VirtualClock>,
    pub clock: VirtualClock,
    /// The same AWS, without what is put in front of it.
    aws: Fake,
    /// The same cluster, whose changes this process hears of.
    pub cluster: FakeCluster,
    feed: usize,
    /// Whether it leads.
    pub tenure: watch::Sender<Option<Tenure>>,
    /// How far it has seen the cluster.
    pub sight: Sight,
}

impl Site {
    /// The class `alb`, and what the sketch holds.
    pub fn new(sketch: &str) -> Self {
        Self::with(settings(), sketch)
    }

    pub fn with(settings: Settings, sketch: &str) -> Self {
        let cluster = FakeCluster::new(settings);
        let workers = Workers { targets: 1, others: 1 };
        let site = Self { aws: fake(), cluster, sweep_period: None, workers };
        site.cluster.add("class alb:");
        site.cluster.add(sketch);
        site
    }

    /// A new process, which knows nothing and looks at everything.
    pub fn start(&self) -> Controller<Fake> {
        self.start_on(self.aws.clone())
    }

    /// The same, on AWS as `cloud` shows it.
    pub fn start_on<C: Cloud>(&self, cloud: C) -> Controller<C> {
        let controller = self.standby_on(cloud);
        let now = controller.clock.moment();
        controller.sight.all_listed(now);
        controller.tenure.send_replace(Some(Tenure::for_ever(now)));
        controller
    }

    /// A new process that has heard of everything and does not lead.
    pub fn standby_on<C: Cloud>(&self, cloud: C) -> Controller<C> {
        let clock = VirtualClock::new();
        let cluster = self.cluster.clone();
        let sight = Sight::new();
        let (tenure, is_leading) = watch::channel(None);
        let runtime = Runtime::start(Parts {
            settings: Arc::clone(&cluster.settings),
            mirror: Mirror::new(cloud, clock),
            cluster: cluster.clone(),
            clock,
            metrics: Arc::new(Metrics::new()),
            tenure: is_leading,
            sight: sight.clone(),
            sync_period: NEVER,
            sweep_period: self.sweep_period,
            workers: self.workers,
        });
        let feed = cluster.feed(runtime.intake());
        Controller { runtime, clock, aws: self.aws.clone(), cluster, feed, tenure, sight }
    }

    /// How many writes AWS refused.
    pub fn refused(&self) -> usize {
        let calls = self.aws.calls();
        let reads = [".Describe", ".Get", ".List"];
        let is_read = |operation: &str| reads.iter().any(|start| operation.contains(start));
        let writes = calls.iter().filter(|(operation, _)| !is_read(operation));
        writes.map(|(_, count)| count).sum::<usize>() - self.aws.performed().len()
    }

    /// Starts a process and lets it come to rest.
    pub async fn settle(&self) -> Controller<Fake> {
        let controller = self.start();
        controller.settle().await;
        controller
    }
}

impl<C: Cloud> Controller<C> {
    /// Lets time pass until nothing is left to do.
    pub async fn settle(&self) {
        let is_at_rest = self.rest_within(REST_MAX).await;
        assert!(is_at_rest, "no rest after {REST_MAX:?}: {:?}", self.runtime.queue());
    }

    /// Lets so many seconds pass at most: for what is tried again for ever.
    pub async fn settle_for(&self, seconds: u64) {
        self.rest_within(Duration::from_secs(seconds)).await;
    }

    /// Lets so many seconds pass, whoever rests.
    pub async fn pass(&self, seconds: u64) {
        let end = self.clock.moment().plus(Duration::from_secs(seconds));
        self.clock.sleep_until(end).await;
        self.aws.pass_time();
    }

    /// Lets time pass. Says whether nothing is left to do.
    async fn rest_within(&self, longest: Duration) -> bool {
        let end = self.clock.moment().plus(longest);
        loop {
            self.clock.sleep(INSTANT).await;
            self.aws.pass_time();
            if self.clock.moment() > end {
                return false;
            }
            if self.is_busy() {
                continue;
            }
            let Some(moment) = self.due() else { return true };
            if moment > end {
                return false;
            }
            self.clock.sleep_until(moment).await;
        }
    }

    /// Whether somebody is visited, or is about to be.
    pub fn is_busy(&self) -> bool {
        // Whoever has just won looks first at what the cluster remembers.
        let is_beginning = self.tenure.borrow().is_some() && !self.runtime.world().lock().leads();
        !self.runtime.queue().is_idle() || is_beginning
    }

    /// When somebody is to be visited next; nothing at rest.
    pub fn due(&self) -> Option<Moment> {
        let queue = self.runtime.queue();
        // Whoever takes a census does so for ever.
        let mut next = queue.deadlines().into_iter().filter(|(_, subject)| {
            subject.kind() != SubjectKind::Census || queue.is_troubled(subject)
        });
        next.next().map(|(moment, _)| moment)
    }

    /// Stops as a signal would have it.
    pub async fn stop(self) {
        self.runtime.stop().await;
    }

    /// Looks at everything once more, without believing anything.
    pub fn look_again(&self) {
        self.runtime.look_again();
    }
}

impl<C: Cloud> Drop for Controller<C> {
    fn drop(&mut self) {
        self.cluster.unfeed(self.feed);
        self.tenure.send_replace(None);
    }
}
