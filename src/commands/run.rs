//! `albedo run`: the controller. Wires the runtime to AWS, the cluster, and what others ask of it.

use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{oneshot, watch};

use crate::aws::{Sdk, Tally};
use crate::clock::{Clock as _, SystemClock, now};
use crate::cluster::{ApiServer, Election, Sight, watch_all, watch_secrets};
use crate::controller::{Controller, Lane, Parts, Workers};
use crate::flags::RunFlags;
use crate::model::id::ObjectKey;
use crate::model::tenure::Tenure;
use crate::serve;
use crate::telemetry::{self, Metrics};

use super::{EXIT_FINE, connect};

type Running = Controller<Sdk, ApiServer, SystemClock>;

/// Runs until it is told to stop.
pub async fn run(flags: &RunFlags, ignored: &[String]) -> anyhow::Result<u8> {
    let mut stop = Stop::heard_from_now_on()?;
    telemetry::start_log(&flags.log_level, flags.log_format);
    for flag in ignored {
        tracing::warn!("--{flag} is LBC's and does nothing in this version");
    }
    let started = tokio::select! {
        () = stop.heard() => return Ok(EXIT_FINE),
        started = start(flags) => started,
    };
    let (mut controller, leadership) = started?;
    let (give_back, stopped) = oneshot::channel();
    let mut leading = pin!(leadership.hold(stopped));
    tokio::select! {
        () = stop.heard() => {}
        ended = controller.ended() => return Err(anyhow!(ended)),
        () = &mut leading => return Err(anyhow!("the election ended, which it never should")),
    }
    tracing::info!("stopping: no new visits, then the Lease is given back");
    tokio::select! {
        () = controller.stop() => {}
        () = &mut leading => {}
    }
    drop(give_back);
    leading.await;
    Ok(EXIT_FINE)
}

/// Starts everything but the election.
async fn start(flags: &RunFlags) -> anyhow::Result<(Running, Leadership)> {
    let cluster = connect::cluster_name(&flags.build)?;
    let client = connect::cluster()?;
    let clock = SystemClock::new();
    let metrics = Arc::new(Metrics::new());
    telemetry::catch_panics(Arc::clone(&metrics));
    let tally = Tally::new(Arc::<Metrics>::clone(&metrics));
    let mut notes = Vec::new();
    let calls = connect::Calls { tally: &tally, limits: &flags.aws_api_throttle, clock };
    let (settings, mirror) = connect::aws(&flags.build, cluster, &calls, &mut notes).await?;
    for note in notes {
        tracing::info!("{note}");
    }
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "albedo".to_owned());
    let identity = format!("{host}_{}-{}", std::process::id(), now().as_nanosecond());
    let home = connect::home(flags.leader_election_namespace.as_deref());
    let (tenure, is_leading) = watch::channel(None);
    let sight = Sight::new();
    let mut controller = Controller::start(Parts {
        settings: Arc::new(settings),
        mirror,
        cluster: ApiServer::new(client.clone(), identity.clone(), home.clone()),
        clock,
        metrics: Arc::clone(&metrics),
        tenure: is_leading,
        sight: sight.clone(),
        sync_period: flags.sync_period,
        workers: Workers {
            targets: flags.targetgroupbinding_max_concurrent_reconciles,
            others: flags.ingress_max_concurrent_reconciles,
        },
    });
    let intake = Arc::new(controller.intake());
    let (wanted, namespace) = (intake.secrets(), flags.watch_namespace.clone());
    let watched = watch_all(client.clone(), namespace, Arc::clone(&intake), clock, sight.clone());
    controller.add("the watches", watched);
    controller.add("the watch of Secrets", watch_secrets(client.clone(), wanted, intake, clock));
    let stands = controller.stand();
    serve_all(&mut controller, flags, &metrics, &sight).await?;
    let lease = ObjectKey::new(home, &flags.leader_election_id);
    let election = Election { client, lease, identity, clock };
    let election = flags.enable_leader_election.then_some(election);
    Ok((controller, Leadership { election, tenure, stands, clock }))
}

/// Answers what others ask.
async fn serve_all(
    controller: &mut Running,
    flags: &RunFlags,
    metrics: &Arc<Metrics>,
    sight: &Sight,
) -> anyhow::Result<()> {
    let listen = async |flag: &str, address| {
        let listener = serve::listen(address).await;
        listener.with_context(|| format!("--{flag}: cannot listen on {address}; choose another"))
    };
    let health = listen("health-probe-bind-addr", flags.health_probe_bind_addr).await?;
    let scraped = listen("metrics-bind-addr", flags.metrics_bind_addr).await?;
    tracing::info!(health = ?health.local_addr(), metrics = ?scraped.local_addr(), "listening");
    let (vitals, ready) = (controller.vitals(), controller.vitals());
    controller.add("the health server", async move {
        let served = serve::health(health, move || vitals.health(), move || ready.readiness()).await;
        tracing::error!(?served, "the health server ended");
    });
    let (queue, mirror) = (controller.queue().clone(), controller.mirror().clone());
    let (progress, declared) = (sight.progress(), Arc::clone(metrics));
    let refresh = move |metrics: &Metrics| {
        metrics.watch_failures(progress.borrow().failures());
        metrics.stale_parts(mirror.stale_parts());
        for lane in Lane::ALL {
            let (waiting, oldest) = queue.waiting(lane);
            metrics.queue(lane.as_str(), waiting, oldest);
        }
    };
    controller.add("the metrics server", async move {
        let served = serve::metrics(scraped, declared, refresh).await;
        tracing::error!(?served, "the metrics server ended");
    });
    Ok(())
}

/// How this process comes to lead.
struct Leadership {
    /// `None` where nobody competes.
    election: Option<Election<SystemClock>>,
    tenure: watch::Sender<Option<Tenure>>,
    stands: watch::Receiver<bool>,
    clock: SystemClock,
}

impl Leadership {
    /// Leads whenever that is possible, until it is told to stop; then gives the Lease back.
    async fn hold(mut self, stopped: oneshot::Receiver<()>) {
        let stopped = async {
            // A sender that is gone is as good as the word.
            let _ = stopped.await;
        };
        match self.election {
            Some(election) => election.run(self.tenure, self.stands, stopped).await,
            None => {
                let leading = async {
                    if self.stands.wait_for(|stands| *stands).await.is_ok() {
                        self.tenure.send_replace(Some(Tenure::for_ever(self.clock.moment())));
                    }
                };
                tokio::join!(leading, stopped);
            }
        }
    }
}

/// The signals to stop.
struct Stop {
    terminated: Signal,
    interrupted: Signal,
}

impl Stop {
    /// Hears them from this moment on: a process with the number 1 would otherwise ignore them.
    fn heard_from_now_on() -> anyhow::Result<Self> {
        let listen = |kind, name| signal(kind).with_context(|| format!("{name} cannot be heard"));
        Ok(Self {
            terminated: listen(SignalKind::terminate(), "SIGTERM")?,
            interrupted: listen(SignalKind::interrupt(), "SIGINT")?,
        })
    }

    async fn heard(&mut self) {
        tokio::select! {
            _ = self.terminated.recv() => {}
            _ = self.interrupted.recv() => {}
        }
    }
}
