//! What others may ask of the controller.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::aws::Sdk;
use crate::clock::{SystemClock, now};
use crate::cluster::{ApiServer, Sight, WebhookConfiguration};
use crate::controller::Controller;
use crate::desired::injection;
use crate::flags::ProcessFlags;
use crate::injector::{self, Keeper, Shown};
use crate::model::subject::{Lane, SubjectKind};
use crate::page::Vantage;
use crate::serve;
use crate::telemetry::Metrics;

use super::connect;

/// The controller on a real AWS and a real cluster.
pub(super) type Running = Controller<Sdk, ApiServer, SystemClock>;

async fn listen(flag: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = serve::listen(address).await;
    listener.with_context(|| format!("--{flag}: cannot listen on {address}; choose another"))
}

/// Answers the API server which readiness gates new pods should have, from what is seen of the
/// cluster, whoever leads.
pub(super) async fn inject(
    controller: &mut Running,
    flags: &ProcessFlags,
    configuration: WebhookConfiguration,
) -> anyhow::Result<()> {
    let address = flags.readiness_gate_webhook_bind_addr;
    let listener = listen("readiness-gate-webhook-bind-addr", address).await?;
    tracing::info!(webhook = ?listener.local_addr(), "listening");
    let shown = Shown::default();
    let keeper = Keeper::new(configuration, SystemClock::new(), shown.clone());
    controller.add("the webhook's certificate", keeper.keep());
    let world = controller.world().clone();
    let gates = move |namespace: &str, labels: &BTreeMap<String, String>| {
        injection::gates(&world.lock().objects, namespace, labels)
    };
    controller.add("the webhook", injector::serve(listener, shown, gates));
    Ok(())
}

/// Shows people what leads where, if that can be: the controller works as well without.
pub(super) async fn show(
    controller: &mut Running,
    flags: &ProcessFlags,
    leader: watch::Receiver<Option<String>>,
) {
    let Some(address) = flags.page_bind_addr.0 else { return };
    let bound = match listen("page-bind-addr", address).await {
        Ok(listener) => listener.local_addr().map(|at| (listener, at)).map_err(Into::into),
        Err(error) => Err(error),
    };
    let (listener, at) = match bound {
        Ok(bound) => bound,
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "there is no topology page");
            return;
        }
    };
    tracing::info!(page = ?at, "listening");
    let vantage = Arc::new(Vantage {
        settings: controller.settings(),
        world: controller.world().clone(),
        mirror: controller.mirror().clone(),
        clock: SystemClock::new(),
        leader,
        namespace: connect::home(None),
        port: at.port(),
    });
    controller.add("the topology page", async move {
        let answer =
            move |path: &str, query: &str, takes_json| vantage.answer(path, query, takes_json);
        let served = serve::page(listener, answer).await;
        tracing::error!(?served, "the server of the topology page ended");
    });
}

/// Answers what others ask: whether it lives, whether it is ready, its metrics.
pub(super) async fn serve_all(
    controller: &mut Running,
    flags: &ProcessFlags,
    metrics: &Arc<Metrics>,
    sight: &Sight,
) -> anyhow::Result<()> {
    let health = listen("health-probe-bind-addr", flags.health_probe_bind_addr).await?;
    let scraped = listen("metrics-bind-addr", flags.metrics_bind_addr).await?;
    tracing::info!(health = ?health.local_addr(), metrics = ?scraped.local_addr(), "listening");
    let (vitals, ready) = (controller.vitals(), controller.vitals());
    controller.add("the health server", async move {
        let served =
            serve::health(health, move || vitals.health(), move || ready.readiness()).await;
        tracing::error!(?served, "the health server ended");
    });
    let (queue, mirror) = (controller.queue().clone(), controller.mirror().clone());
    let world = controller.world().clone();
    let (progress, declared) = (sight.progress(), Arc::clone(metrics));
    let refresh = move |metrics: &Metrics| {
        metrics.watch_failures(progress.borrow().failures());
        metrics.stale_parts(mirror.stale_parts());
        let (braked, ends, orphans) = {
            let world = world.lock();
            let now = now();
            let ends =
                world.ends.known().filter(|_| world.leads()).map(|(group, port, id, end)| {
                    let left = end.duration_since(now).as_secs_f64();
                    (group.to_string(), port, id.to_string(), left)
                });
            (world.braked.clone(), ends.collect::<Vec<_>>(), world.orphans.groups.len())
        };
        metrics.certificate_ends(ends);
        metrics.orphans(orphans);
        for kind in SubjectKind::ALL {
            let of_kind = braked.iter().filter(|subject| subject.kind() == kind);
            metrics.removals_held(kind, of_kind.count());
        }
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
