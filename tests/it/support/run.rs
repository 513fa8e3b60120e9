//! The controller on an AWS and a cluster in memory: visits until nothing is left to visit, without
//! time.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::aws::{Cloud, Mirror};
use albedo::clock::Clock;
use albedo::model::moment::Moment;
use albedo::model::news::WAYS;
use albedo::model::settings::Settings;
use albedo::model::subject::Subject;
use albedo::reconcile::{Reconciler, Shared};
use albedo::report::Rest;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::cluster::FakeCluster;
use super::fake::Fake;
use super::world::{fake, settings};

/// Visits after which nobody believes that it will come to rest.
const VISITS_MAX: usize = 400;

/// AWS and a cluster, which outlive every controller.
#[derive(Clone)]
pub struct Site {
    pub aws: Fake,
    pub cluster: FakeCluster,
}

/// One process.
pub struct Controller<C> {
    reconciler: Reconciler<C, FakeCluster, Ticking>,
    /// The same AWS, without what is put in front of it.
    aws: Fake,
    /// The same cluster, whose changes this process hears of.
    pub cluster: FakeCluster,
    waiting: Mutex<VecDeque<Subject>>,
    /// Whoever waits for AWS to finish something.
    later: Mutex<Vec<Subject>>,
}

thread_local! {
    /// Since 2030, while the certificates of the fixtures hold; in milliseconds. Each test has a
    /// time of its own: one that lets it pass makes nothing old for others.
    static TICKS: Cell<i64> = const { Cell::new(1_893_456_000_000) };
}

/// A time that only ever goes on.
fn now() -> Timestamp {
    Timestamp::from_millisecond(TICKS.replace(TICKS.get() + 1)).unwrap()
}

/// The same time as a clock. Nobody waits by it: it goes on between visits.
#[derive(Clone, Copy, Debug)]
pub struct Ticking;

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        now()
    }

    fn moment(&self) -> Moment {
        Moment::after_start(Duration::from_millis(now().as_millisecond().unsigned_abs()))
    }

    async fn sleep(&self, _duration: Duration) {
        std::future::pending::<()>().await;
    }

    #[expect(clippy::disallowed_methods, reason = "tests have no room for clocks")]
    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        tokio::spawn(task)
    }
}

/// Longer than anybody waits between two looks, in milliseconds.
const WHILE: i64 = 60_000;
/// How long a visit takes, in milliseconds: so long that a read that failed once is tried again.
const VISIT: i64 = 3000;

impl Site {
    /// The class `alb`, and what the sketch holds.
    pub fn new(sketch: &str) -> Self {
        Self::with(settings(), sketch)
    }

    pub fn with(settings: Settings, sketch: &str) -> Self {
        let site = Self { aws: fake(), cluster: FakeCluster::new(settings) };
        site.cluster.add("class alb:");
        site.cluster.add(sketch);
        site
    }

    /// A new process, which knows nothing and looks at everything.
    pub fn start(&self) -> Controller<Fake> {
        self.start_on(self.aws.clone(), || true)
    }

    /// The same, on AWS as `cloud` shows it, as long as it may write.
    pub fn start_on<C: Cloud>(
        &self,
        cloud: C,
        may_write: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Controller<C> {
        let cluster = self.cluster.listed();
        let reconciler = Reconciler {
            settings: Arc::clone(&cluster.settings),
            mirror: Mirror::new(cloud, Ticking),
            cluster: cluster.clone(),
            objects: Arc::clone(&cluster.objects),
            index: Arc::clone(&cluster.index),
            may_write: Box::new(may_write),
            now,
            shared: Mutex::new(Shared::default()),
        };
        reconciler.recall(cluster.memories.lock().unwrap().clone());
        let waiting = Mutex::new(reconciler.subjects().into());
        let later = Mutex::default();
        Controller { reconciler, aws: self.aws.clone(), cluster, waiting, later }
    }

    /// How many writes AWS refused.
    pub fn refused(&self) -> usize {
        let calls = self.aws.calls();
        let is_read =
            |operation: &str| operation.contains(".Describe") || operation.contains(".List");
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

/// Nobody is woken but by a way that is declared. A subject may ask for a visit of its own.
fn check_ways(subject: &Subject, wakes: &[Subject]) {
    for woken in wakes.iter().filter(|woken| *woken != subject) {
        let is_declared =
            WAYS.iter().any(|way| way.from == subject.kind() && way.to == woken.kind());
        assert!(is_declared, "{subject} wakes {woken}");
    }
}

impl<C: Cloud> Controller<C> {
    /// Visits until nothing is left to visit. Answers with the number of visits.
    pub async fn settle(&self) -> usize {
        self.settle_while(|| true).await
    }

    /// Visits at most so often: for what is tried again for ever.
    pub async fn settle_for(&self, visits_max: usize) {
        let visits = AtomicUsize::new(0);
        self.settle_while(|| visits.fetch_add(1, Ordering::Relaxed) < visits_max).await;
    }

    /// Visits until nothing is left to visit, or until the process is dead.
    pub async fn settle_while(&self, is_alive: impl Fn() -> bool) -> usize {
        for visits in 0..VISITS_MAX {
            self.push(self.cluster.woken());
            if self.waiting.lock().unwrap().is_empty() {
                self.pass_time();
            }
            if !is_alive() {
                return visits;
            }
            let next = self.waiting.lock().unwrap().pop_front();
            let Some(subject) = next else { return visits };
            self.visit(subject).await;
        }
        panic!("no rest after {VISITS_MAX} visits: {:?}", self.waiting.lock().unwrap());
    }

    /// Lets AWS finish what somebody waits for.
    fn pass_time(&self) {
        let later = std::mem::take(&mut *self.later.lock().unwrap());
        if !later.is_empty() {
            TICKS.set(TICKS.get() + WHILE);
            self.aws.pass_time();
            self.push(later);
        }
    }

    /// Visits the fabric after every other visit, as a busy worker beside others might.
    pub async fn settle_with_a_quick_fabric(&self) {
        let fabric = Subject::Fabric(self.reconciler.settings.place.clone());
        for _ in 0..VISITS_MAX {
            self.push(self.cluster.woken());
            self.visit(fabric.clone()).await;
            let next = self.waiting.lock().unwrap().pop_front();
            let Some(subject) = next else { return };
            self.visit(subject).await;
        }
        panic!("no rest after {VISITS_MAX} visits: {:?}", self.waiting.lock().unwrap());
    }

    async fn visit(&self, subject: Subject) {
        TICKS.set(TICKS.get() + VISIT);
        let visited = self.reconciler.visit(&subject).await;
        check_ways(&subject, &visited.wakes);
        self.push(visited.wakes);
        match visited.rest {
            Rest::Done => {}
            Rest::Again(_) => self.push(vec![subject]),
            Rest::Later(_) => self.later.lock().unwrap().push(subject),
        }
    }

    /// Looks at everything once more, without believing anything.
    pub fn look_again(&self) {
        self.reconciler.forget();
        self.push(self.reconciler.subjects());
    }

    fn push(&self, subjects: Vec<Subject>) {
        let mut waiting = self.waiting.lock().unwrap();
        for subject in subjects {
            if !waiting.contains(&subject) {
                waiting.push_back(subject);
            }
        }
    }
}
