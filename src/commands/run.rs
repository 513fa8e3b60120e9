//! `albedo run`: the controller.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::aws::{Sdk, Tally};
use crate::build::visits::Index;
use crate::clock;
use crate::cluster::{ApiServer, Progress, elect, watch_all, watch_secrets};
use crate::flags::RunFlags;
use crate::model::id::ObjectKey;
use crate::model::index::Change;
use crate::model::snapshot::Objects;
use crate::model::subject::Subject;
use crate::queue::{Lane, Queue};
use crate::reconcile::{Reconciler, Shared};
use crate::report::Rest;
use crate::serve;
use crate::telemetry::{self, CallLabels, LaneLabel, Metrics, VisitLabels};

use super::{EXIT_FINE, connect};

/// How long visits under way may go on after the signal to stop. Kubernetes gives a pod 30 s.
const STOP_MAX: Duration = Duration::from_secs(15);

type Controller = Reconciler<Sdk, ApiServer>;

/// Runs until it is told to stop.
pub async fn run(flags: &RunFlags, ignored: &[String]) -> anyhow::Result<u8> {
    telemetry::start_log(&flags.log_level);
    for flag in ignored {
        tracing::warn!("--{flag} is LBC's and does nothing in this version");
    }
    let process = Process::start(flags).await?;
    let mut tasks = JoinSet::new();
    let stopping = process.spawn_all(flags, &mut tasks).await?;
    wait_for_signal().await?;
    tracing::info!("stopping: no new visits, then the Lease is given back");
    stopping.stop(&process, tasks).await;
    Ok(EXIT_FINE)
}

/// What the tasks share.
struct Process {
    client: kube::Client,
    controller: Arc<Controller>,
    queue: Queue,
    metrics: Arc<Metrics>,
    leading: watch::Sender<bool>,
    /// Whether a tenure has begun: what was known is forgotten, what is remembered is recalled.
    tenure: watch::Sender<bool>,
    progress: watch::Sender<Progress>,
    identity: String,
}

/// How the tasks are told to stop.
struct Stopping {
    election: Option<(tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<()>)>,
}

impl Process {
    async fn start(flags: &RunFlags) -> anyhow::Result<Self> {
        let cluster = connect::cluster_name(&flags.build)?;
        let client = connect::cluster().await?;
        let metrics = Arc::new(Metrics::new());
        let calls = metrics.calls.clone();
        let tally = Tally::new(move |service, operation| {
            let (service, operation) = (service.to_owned(), operation.to_owned());
            calls.get_or_create(&CallLabels { service, operation }).inc();
        });
        let mut notes = Vec::new();
        let calls = connect::Calls { tally: &tally, limits: &flags.aws_api_throttle };
        let (settings, mirror) = connect::aws(&flags.build, cluster, &calls, &mut notes).await?;
        for note in notes {
            tracing::info!("{note}");
        }
        let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "albedo".to_owned());
        let identity = format!("{host}_{}-{}", std::process::id(), clock::now().as_nanosecond());
        let (leading, is_leading) = watch::channel(!flags.enable_leader_election);
        let controller = Reconciler {
            settings: Arc::new(settings),
            mirror,
            cluster: ApiServer::new(client.clone(), identity.clone(), home(flags)),
            objects: Arc::new(RwLock::new(Objects::default())),
            index: Arc::new(Mutex::new(Index::default())),
            may_write: Box::new(move || *is_leading.borrow()),
            now: clock::now,
            shared: Mutex::new(Shared::default()),
        };
        Ok(Self {
            client,
            controller: Arc::new(controller),
            queue: Queue::default(),
            metrics,
            leading,
            tenure: watch::Sender::new(false),
            progress: watch::Sender::new(Progress::new()),
            identity,
        })
    }

    async fn spawn_all(
        &self,
        flags: &RunFlags,
        tasks: &mut JoinSet<()>,
    ) -> anyhow::Result<Stopping> {
        self.spawn_servers(flags, tasks).await?;
        let (changes, noted) = mpsc::unbounded_channel();
        let secret_changes = changes.clone();
        tasks.spawn(watch_all(
            self.client.clone(),
            flags.watch_namespace.clone(),
            Arc::clone(&self.controller.objects),
            changes,
            self.progress.clone(),
        ));
        let (secrets, wanted) = watch::channel(BTreeSet::new());
        tasks.spawn(watch_secrets(
            self.client.clone(),
            wanted,
            Arc::clone(&self.controller.objects),
            secret_changes,
        ));
        tasks.spawn(note_changes(Arc::clone(&self.controller), self.queue.clone(), noted, secrets));
        tasks.spawn(self.tenures(flags.sync_period));
        for _ in 0..flags.ingress_max_concurrent_reconciles {
            tasks.spawn(self.worker(&[Lane::User, Lane::Background]));
        }
        for _ in 0..flags.targetgroupbinding_max_concurrent_reconciles {
            tasks.spawn(self.worker(&[Lane::Targets]));
        }
        Ok(Stopping { election: self.spawn_election(flags) })
    }

    async fn spawn_servers(&self, flags: &RunFlags, tasks: &mut JoinSet<()>) -> anyhow::Result<()> {
        let listen = async |flag: &str, address| {
            let listener = TcpListener::bind(address).await;
            listener
                .with_context(|| format!("--{flag}: cannot listen on {address}; choose another"))
        };
        let health = listen("health-probe-bind-addr", flags.health_probe_bind_addr).await?;
        let metrics = listen("metrics-bind-addr", flags.metrics_bind_addr).await?;
        tracing::info!(health = ?health.local_addr(), metrics = ?metrics.local_addr(), "listening");
        let progress = self.progress.subscribe();
        tasks.spawn(async move {
            let served = serve::health(health, move || progress.borrow().is_complete()).await;
            tracing::error!(?served, "the health server ended");
        });
        let declared = Arc::clone(&self.metrics);
        tasks.spawn(async move {
            let served = serve::metrics(metrics, declared).await;
            tracing::error!(?served, "the metrics server ended");
        });
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "this is one of the rooms that start tasks")]
    fn spawn_election(
        &self,
        flags: &RunFlags,
    ) -> Option<(tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<()>)> {
        if !flags.enable_leader_election {
            return None;
        }
        let lease = ObjectKey::new(home(flags), &flags.leader_election_id);
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let election =
            elect(self.client.clone(), lease, self.identity.clone(), self.leading.clone(), async {
                // A sender that is gone is as good as the word.
                let _ = stopped.await;
            });
        Some((stop, tokio::spawn(election)))
    }

    /// Begins each tenure with a fresh look at everything, and repeats that after every sync
    /// period.
    fn tenures(&self, sync_period: Duration) -> impl Future<Output = ()> + use<> {
        let (controller, queue) = (Arc::clone(&self.controller), self.queue.clone());
        let (mut leading, mut progress) = (self.leading.subscribe(), self.progress.subscribe());
        let (metrics, tenure) = (Arc::clone(&self.metrics), self.tenure.clone());
        async move {
            loop {
                if leading.wait_for(|leads| *leads).await.is_err()
                    || progress.wait_for(Progress::is_complete).await.is_err()
                {
                    return;
                }
                metrics.leading.set(1);
                tracing::info!("leading: everything is looked at");
                begin(&controller, &queue).await;
                tenure.send_replace(true);
                loop {
                    let is_over = tokio::select! {
                        () = clock::sleep(sync_period) => false,
                        lost = leading.wait_for(|leads| !*leads) => {
                            if lost.is_err() {
                                return;
                            }
                            true
                        }
                    };
                    if is_over {
                        break;
                    }
                    begin(&controller, &queue).await;
                }
                tenure.send_replace(false);
                metrics.leading.set(0);
                tracing::info!("no longer leading: nothing is written");
                queue.clear();
            }
        }
    }

    fn worker(&self, lanes: &'static [Lane]) -> impl Future<Output = ()> + use<> {
        let (controller, queue) = (Arc::clone(&self.controller), self.queue.clone());
        let (mut tenure, metrics) = (self.tenure.subscribe(), Arc::clone(&self.metrics));
        async move {
            loop {
                // A visit that knew nothing of what is remembered would take a bad member for one
                // that never had anything.
                if tenure.wait_for(|has_begun| *has_begun).await.is_err() {
                    return;
                }
                let subject = queue.next(lanes).await;
                // The tenure may have been lost while nothing waited.
                if tenure.wait_for(|has_begun| *has_begun).await.is_err() {
                    return;
                }
                let visited = controller.visit(&subject).await;
                for woken in visited.wakes {
                    let lane = lane_of(&woken);
                    queue.push(woken, lane);
                }
                count(&metrics, &queue, &subject, visited.rest);
                queue.done(&subject, visited.rest);
            }
        }
    }
}

impl Stopping {
    /// Lets visits under way come to their end for a while, then gives the Lease back.
    async fn stop(self, process: &Process, mut tasks: JoinSet<()>) {
        process.queue.clear();
        let idle = async {
            while !process.queue.is_idle() {
                clock::sleep(Duration::from_millis(20)).await;
            }
        };
        let _ = tokio::time::timeout(STOP_MAX, idle).await;
        tasks.shutdown().await;
        if let Some((stop, election)) = self.election {
            drop(stop);
            let _ = election.await;
        }
    }
}

fn home(flags: &RunFlags) -> String {
    connect::home(flags.leader_election_namespace.as_deref())
}

/// Asks for a visit to everything, after forgetting what was known of AWS and recalling what the
/// cluster remembers.
async fn begin(controller: &Controller, queue: &Queue) {
    controller.forget();
    match controller.cluster.recall().await {
        Ok((memories, unreadable)) => {
            for problem in unreadable {
                tracing::warn!(problem, "a memory is left out");
            }
            controller.recall(memories);
        }
        Err(error) => tracing::warn!(%error, "memories could not be read; going on without"),
    }
    for subject in controller.subjects() {
        let lane = match subject {
            Subject::Targets(..) => Lane::Targets,
            Subject::Fabric(_)
            | Subject::Balancer(..)
            | Subject::Certificate(..)
            | Subject::Zone(..) => Lane::Background,
        };
        queue.push(subject, lane);
    }
}

/// Turns changes in the cluster into visits.
async fn note_changes(
    controller: Arc<Controller>,
    queue: Queue,
    mut changes: mpsc::UnboundedReceiver<Change>,
    secrets: watch::Sender<BTreeSet<ObjectKey>>,
) {
    while let Some(change) = changes.recv().await {
        let subjects = {
            let objects = controller.objects.read().unwrap_or_else(PoisonError::into_inner);
            let mut index = controller.index.lock().unwrap_or_else(PoisonError::into_inner);
            let subjects = index.note(&controller.settings, &objects, &change);
            secrets.send_if_modified(|wanted| {
                let is_same = index.secrets().eq(wanted.iter());
                if !is_same {
                    *wanted = index.secrets().cloned().collect();
                }
                !is_same
            });
            subjects
        };
        if (controller.may_write)() {
            for subject in subjects {
                let lane = lane_of(&subject);
                queue.push(subject, lane);
            }
        }
    }
}

fn lane_of(subject: &Subject) -> Lane {
    match subject {
        Subject::Targets(..) => Lane::Targets,
        Subject::Fabric(_)
        | Subject::Balancer(..)
        | Subject::Certificate(..)
        | Subject::Zone(..) => Lane::User,
    }
}

fn count(metrics: &Metrics, queue: &Queue, subject: &Subject, rest: Rest) {
    let outcome = match rest {
        Rest::Done => "done".to_owned(),
        Rest::Later(_) => "later".to_owned(),
        Rest::Again(trouble) => format!("{trouble:?}").to_lowercase(),
    };
    let labels = VisitLabels { subject: subject.kind().as_str().to_owned(), outcome };
    metrics.visits.get_or_create(&labels).inc();
    for lane in [Lane::Targets, Lane::User, Lane::Background] {
        let label = LaneLabel { lane: format!("{lane:?}").to_lowercase() };
        let waiting = i64::try_from(queue.len(lane)).unwrap_or(i64::MAX);
        metrics.waiting.get_or_create(&label).set(waiting);
    }
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminated = signal(SignalKind::terminate()).context("SIGTERM cannot be awaited")?;
    tokio::select! {
        _ = terminated.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted.context("SIGINT cannot be awaited")?,
    }
    Ok(())
}
