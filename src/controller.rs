//! The runtime: what happens in the cluster becomes visits, visits are made by workers for as long
//! as this process leads, and whoever has to hear of what a visit found out is visited next.
//!
//! Reading order: `intake` (from a change to visits), `queue` (which visit is next), `worker` (one
//! visit after the other), `reign` (from winning an election to losing it), `begun` (who waits for
//! that), `standing` (whether this process is fit to lead), `showing` (how groups are, for whoever
//! asks the API server).
//!
//! Everything here is generic over AWS, the cluster and the clock, so that tests run exactly this,
//! in virtual time, on an AWS and a cluster in memory. `commands::run` only wires it.
//!
//! # Invariants
//!
//! * A subject is visited by one worker at a time, and again if it was asked for meanwhile.
//! * Nobody's waking up is lost: who has to be visited is derived from what has changed and what
//!   each subject has read of it, after every visit, however it ended.
//! * A visit ends with its tenure, and nothing is written but by a permit that holds at that
//!   moment.
//! * The lock of the world is never held over an await; the queue's is taken inside it, never the
//!   other way round.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::aws::{Cloud, Mirror};
use crate::clock::Clock;
use crate::cluster::{Cluster, EventQueue, EventRecorder, Sight};
use crate::model::settings::Settings;
use crate::model::subject::Lane;
use crate::model::tenure::Tenure;
use crate::reconcile::Reconciler;
use crate::telemetry::{Metrics, PlanLog};
use crate::world::SharedWorld;

use begun::Begun;

pub use intake::WorldIntake;
pub use queue::{Lanes, Queue};
pub use standing::Vitals;

mod begun;
mod intake;
mod queue;
mod reign;
mod rounds;
mod showing;
mod standing;
mod worker;

/// In how much time each thing is looked at that nobody is known to have changed. What somebody
/// changed in AWS by hand is mended within a quarter of an hour, the visit included.
pub const SWEEP_PERIOD: Duration = Duration::from_mins(12);
/// How long visits under way may go on after the signal to stop. The Lease is given back after
/// that, within 15 s of the signal; Kubernetes gives a pod 30 s.
const STOP_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether the last visit has ended.
const STOP_PAUSE: Duration = Duration::from_millis(20);

/// How many visits are made at once.
#[derive(Clone, Copy, Debug)]
pub struct Workers {
    /// To endpoints that came or went.
    pub targets: usize,
    /// To everything else.
    pub others: usize,
}

/// What a controller is made of.
#[derive(Debug)]
pub struct Parts<C, K, T> {
    /// How the process was started.
    pub settings: Arc<Settings>,
    /// AWS.
    pub mirror: Mirror<C, T>,
    /// The cluster, to write to.
    pub cluster: K,
    /// Tells the time.
    pub clock: T,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether this process leads.
    pub tenure: watch::Receiver<Option<Tenure>>,
    /// How far the cluster has been seen.
    pub sight: Sight,
    /// How often everything is looked at anew.
    pub sync_period: Duration,
    /// In how much time each thing is looked at that nobody is known to have changed; `None` for
    /// never.
    pub sweep_period: Option<Duration>,
    /// How many visits are made at once.
    pub workers: Workers,
}

/// What the tasks of a controller share.
struct Core<C, K, T> {
    reconciler: Reconciler<C, K, T>,
    queue: Queue<T>,
    metrics: Arc<Metrics>,
    tenure: watch::Receiver<Option<Tenure>>,
    sight: Sight,
    sync_period: Duration,
    sweep_period: Option<Duration>,
    /// Whether AWS has answered.
    answered: watch::Sender<bool>,
    /// The tenure that has begun: what was known is forgotten, what is remembered is recalled.
    begun: Begun,
    /// Whether no visit may begin any more.
    stopping: watch::Sender<bool>,
}

/// A task that ended though it should not have.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{task} ended{}, which it never should", if *.has_panicked { " with a panic" } else { "" })]
pub struct Ended {
    /// Which one.
    pub task: &'static str,
    /// Whether it panicked.
    pub has_panicked: bool,
}

/// A controller that runs, until it is stopped or dropped.
pub struct Controller<C, K, T> {
    core: Arc<Core<C, K, T>>,
    tasks: Vec<(&'static str, JoinHandle<()>)>,
}

impl<C, K, T> fmt::Debug for Controller<C, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controller").finish_non_exhaustive()
    }
}

impl<C: Cloud, K: Cluster + Clone, T: Clock> Controller<C, K, T> {
    /// Starts everything. Visits are made once a tenure begins.
    pub fn start(parts: Parts<C, K, T>) -> Self {
        let Parts { settings, mirror, cluster, clock, metrics, tenure, sight, .. } = parts;
        let (events, event_queue) = EventRecorder::new(Arc::clone(&metrics));
        let core = Arc::new(Core {
            queue: Queue::new(clock.clone()),
            reconciler: Reconciler {
                world: SharedWorld::new(Arc::clone(&settings)),
                settings,
                mirror,
                cluster,
                clock,
                events,
                log: PlanLog::default(),
                imports: Mutex::default(),
                requests: Mutex::default(),
            },
            metrics,
            tenure,
            sight,
            sync_period: parts.sync_period,
            sweep_period: parts.sweep_period,
            answered: watch::Sender::new(false),
            begun: Begun::default(),
            stopping: watch::Sender::new(false),
        });
        let mut controller = Self { core, tasks: Vec::new() };
        controller.spawn_all(parts.workers, event_queue);
        controller
    }

    fn spawn_all(&mut self, workers: Workers, events: EventQueue) {
        self.spawn("the reign", |core| async move { core.reign().await });
        self.spawn("the sending of Events", |core| async move { core.send_events(events).await });
        self.spawn("the showing of groups", |core| async move { core.show_groups().await });
        for _ in 0..workers.others {
            let lanes: Lanes = &[Lane::User, Lane::Background];
            self.spawn("a worker", move |core| async move { core.work(lanes).await });
        }
        for _ in 0..workers.targets {
            let lanes: Lanes = &[Lane::Targets];
            self.spawn("a worker for targets", move |core| async move { core.work(lanes).await });
        }
        // AWS WAF takes a change in two seconds, so that one worker is no slower than many.
        let lanes: Lanes = &[Lane::Protection];
        self.spawn("a worker for protection", move |core| async move { core.work(lanes).await });
    }

    fn spawn<F>(&mut self, name: &'static str, task: impl FnOnce(Arc<Core<C, K, T>>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.add(name, task(Arc::clone(&self.core)));
    }

    /// Starts a task that belongs to the controller and should never end.
    pub fn add(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let handle = self.core.reconciler.clock.spawn(task);
        self.tasks.push((name, handle));
    }

    /// Whether this process should stand for election, from now on.
    pub fn stand(&mut self) -> watch::Receiver<bool> {
        let (stands, standing) = watch::channel(false);
        self.spawn("the look at the watches", |core| async move { core.stand(stands).await });
        standing
    }

    /// How it is, for whoever asks from outside.
    #[must_use]
    pub fn vitals(&self) -> Vitals<T> {
        let tasks = self.tasks.iter().map(|(task, handle)| (*task, handle.abort_handle()));
        Vitals {
            tasks: tasks.collect(),
            sight: self.core.sight.clone(),
            answered: self.core.answered.subscribe(),
            clock: self.core.reconciler.clock.clone(),
        }
    }

    /// Where what is seen of the cluster goes.
    #[must_use]
    pub fn intake(&self) -> WorldIntake<T> {
        WorldIntake::new(self.core.reconciler.world.clone(), self.core.queue.clone())
    }

    /// How the process was started.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.core.reconciler.settings)
    }

    /// What is known, and what visits leave for later ones.
    #[must_use]
    pub fn world(&self) -> &SharedWorld {
        &self.core.reconciler.world
    }

    /// What waits.
    #[must_use]
    pub fn queue(&self) -> &Queue<T> {
        &self.core.queue
    }

    /// What we believe AWS holds.
    #[must_use]
    pub fn mirror(&self) -> &Mirror<C, T> {
        &self.core.reconciler.mirror
    }

    /// Waits until a task ends that never should.
    pub async fn ended(&mut self) -> Ended {
        let tasks = self.tasks.iter_mut().map(|(task, handle)| {
            Box::pin(async {
                let end = handle.await;
                Ended { task, has_panicked: end.is_err_and(|error| error.is_panic()) }
            })
        });
        let (ended, _, _) = futures::future::select_all(tasks).await;
        ended
    }

    /// Looks at everything once more, without believing anything.
    pub fn look_again(&self) {
        self.core.look_again();
    }

    /// Begins no visit any more, and waits a while for those under way. What is still under way
    /// then ends when this is dropped.
    pub async fn stop(&self) {
        self.core.stopping.send_replace(true);
        let clock = &self.core.reconciler.clock;
        let end = clock.moment().plus(STOP_MAX);
        while !self.core.queue.is_at_rest() && clock.moment() < end {
            clock.sleep(STOP_PAUSE).await;
        }
    }
}

impl<C, K, T> Drop for Controller<C, K, T> {
    fn drop(&mut self) {
        for (_, task) in &self.tasks {
            task.abort();
        }
    }
}
