//! A look at the cluster: all that is in it, and what it remembers.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::bail;
use kube::Client;

use super::connect;
use crate::clock::{self, SystemClock};
use crate::cluster::{ApiServer, Cluster as _, Progress, Recalled, Sight, watch_all};
use crate::flags::{BuildFlags, ProcessFlags};
use crate::model::snapshot::Objects;

/// How long the cluster may take to list everything; 10,000 pods take a few seconds.
const LIST_MAX: Duration = Duration::from_secs(60);

/// What the cluster remembers; that nothing can be read is among it.
pub(super) async fn recall(
    client: &Client,
    process: &ProcessFlags,
    build: &BuildFlags,
) -> Recalled {
    let home = connect::home(process.leader_election_namespace.as_deref());
    let remembered = connect::memory_of_plan(process);
    let api_server = ApiServer::new(client.clone(), "plan", remembered)
        .for_scope(build.scope)
        .kept_before_in(&home);
    match api_server.recall().await {
        Ok(found) => found,
        Err(error) => Recalled { unreadable: vec![error.to_string()], ..Recalled::default() },
    }
}

/// Everything in the cluster, once.
pub(super) async fn list(client: Client, namespace: Option<String>) -> anyhow::Result<Objects> {
    let (objects, missing) = list_within(client, namespace, LIST_MAX).await;
    if !missing.is_empty() {
        bail!("the cluster did not list {} within {} s", missing.join(", "), LIST_MAX.as_secs());
    }
    Ok(objects)
}

/// What of the cluster is listed in a time, and which kinds are not.
pub(super) async fn list_within(
    client: Client,
    namespace: Option<String>,
    most: Duration,
) -> (Objects, Vec<String>) {
    let objects = Arc::new(RwLock::new(Objects::default()));
    let sight = Sight::new();
    let mut progress = sight.progress();
    let (world, clock) = (Arc::clone(&objects), SystemClock::new());
    let late = tokio::select! {
        () = watch_all(client, namespace, world, clock, sight.clone()) => false,
        _ = progress.wait_for(Progress::is_complete) => false,
        () = clock::sleep(most) => true,
    };
    let missing = progress.borrow().awaited().map(ToString::to_string).collect();
    let objects = objects.read().unwrap_or_else(PoisonError::into_inner).clone();
    (objects, if late { missing } else { Vec::new() })
}
