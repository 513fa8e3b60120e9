//! `albedo run`: the controller. Wires the runtime to AWS, the cluster, and what others ask of it.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::{oneshot, watch};

use crate::aws::Tally;
use crate::clock::{SystemClock, now};
use crate::cluster::{ApiServer, Election, Sight, WebhookConfiguration, watch_all, watch_secrets};
use crate::controller::{Controller, Parts, SWEEP_PERIOD, Workers};
use crate::flags::RunFlags;
use crate::model::id::ObjectKey;
use crate::telemetry::{self, Metrics};

use super::leadership::{Leadership, while_leading};
use super::servers::Running;
use super::signals::Stop;
use super::{EXIT_FINE, connect, core_dump, servers, take_over};

/// Runs until it is told to stop.
pub async fn run(flags: &RunFlags, notes: &[String]) -> anyhow::Result<u8> {
    let mut stop = Stop::heard_from_now_on()?;
    telemetry::start_log(&flags.process.log_level, flags.process.log_format);
    core_dump::switch_off();
    for note in notes {
        tracing::info!("{note}");
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
    drop(controller);
    drop(give_back);
    leading.await;
    Ok(EXIT_FINE)
}

/// Starts everything but the election.
async fn start(flags: &RunFlags) -> anyhow::Result<(Running, Leadership)> {
    let process = &flags.process;
    let cluster = connect::cluster_name(&flags.build)?;
    let client = connect::cluster(&flags.build.reach).await?;
    let clock = SystemClock::new();
    let metrics = Arc::new(Metrics::new());
    telemetry::catch_panics(Arc::clone(&metrics));
    let tally = Tally::new(Arc::<Metrics>::clone(&metrics));
    let mut notes = Vec::new();
    let wanted = connect::Wanted { cluster, client: Some(&client), tally: &tally };
    let (mut settings, mirror) = connect::aws(&flags.build, wanted, &mut notes).await?;
    for note in notes {
        tracing::info!("{note}");
    }
    let home = connect::home(process.leader_election_namespace.as_deref());
    let lease = ObjectKey::new(&*home, take_over::lease(process, settings.scope));
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "albedo".to_owned());
    let identity = format!("{host}_{}-{}", std::process::id(), now().as_nanosecond());
    let remembered = connect::memory_of_run(process, &home);
    let api_server = ApiServer::new(client.clone(), identity.clone(), remembered)
        .for_scope(settings.scope)
        .kept_before_in(&home);
    take_over::check((&client, &api_server), &lease, flags, &settings, &metrics).await?;
    for line in take_over::keep_apart(&client, &flags.build, &mut settings).await {
        tracing::warn!("{line}");
    }
    let (tenure, is_leading) = watch::channel(None);
    let led = is_leading.clone();
    let sight = Sight::new();
    let mut controller = Controller::start(Parts {
        settings: Arc::new(settings),
        mirror,
        cluster: api_server,
        clock,
        metrics: Arc::clone(&metrics),
        tenure: is_leading,
        sight: sight.clone(),
        sync_period: process.sync_period,
        sweep_period: Some(SWEEP_PERIOD),
        workers: Workers {
            targets: process.targetgroupbinding_max_concurrent_reconciles.into(),
            others: process.ingress_max_concurrent_reconciles.into(),
        },
    });
    let intake = Arc::new(controller.intake());
    let namespace = flags.build.namespace();
    let watched = watch_all(client.clone(), namespace, Arc::clone(&intake), clock, sight.clone());
    controller.add("the watches", watched);
    let (told, wanted) = watch::channel(BTreeSet::new());
    controller.add("who needs Secrets", while_leading(intake.secrets(), led, told));
    controller.add("the watch of Secrets", watch_secrets(client.clone(), wanted, intake, clock));
    let stands = controller.stand();
    servers::serve_all(&mut controller, process, &metrics, &sight).await?;
    if let Some(name) = process.readiness_gate_webhook() {
        let configuration = WebhookConfiguration::new(client.clone(), name);
        servers::inject(&mut controller, process, configuration).await?;
    }
    let (holder, leader) = watch::channel(None);
    if !process.enable_leader_election {
        // Nobody competes.
        holder.send_replace(Some(identity.clone()));
    }
    servers::show(&mut controller, process, leader).await;
    let election = Election { client, lease, identity, clock, holder };
    let election = process.enable_leader_election.then_some(election);
    Ok((controller, Leadership { election, tenure, stands, clock }))
}
