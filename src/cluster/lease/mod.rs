//! Who of several processes writes: the one that holds a Lease.
//!
//! The Lease is read and written as client-go's leader election does, so that LBC and this program
//! keep each other out. Clocks of different machines are never compared: somebody else's Lease has
//! run out once it has stood unchanged, before our own eyes, for as long as it says.

use std::convert::Infallible;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;

use super::error::{ClusterError, Kind};
use crate::clock;
use crate::model::id::ObjectKey;

mod record;

/// How long a Lease lasts after it was last renewed (LBC, as controller-runtime has it).
const DURATION_SECONDS: i32 = 15;
/// How long the holder keeps on without being able to renew (the same). Whoever waits has to wait
/// longer.
const RENEWAL_MAX: Duration = Duration::from_secs(10);
/// The pause between two attempts (the same).
const PAUSE: Duration = Duration::from_secs(2);
/// How long one attempt may take. An attempt that succeeded may have counted from its start on, so
/// this and `RENEWAL_MAX` together are less than the Lease's duration.
const ATTEMPT_MAX: Duration = Duration::from_secs(4);

/// Takes part in an election until `stop` ends.
///
/// `leading` says at every moment whether this process holds the Lease. Losing it is no end: the
/// process runs for it again. After `stop` the Lease is given back, so whatever writes has to be
/// done by then. `identity` has to be this process's alone.
pub async fn elect(
    client: Client,
    lease: ObjectKey,
    identity: String,
    leading: watch::Sender<bool>,
    stop: impl Future<Output = ()>,
) {
    let api = Api::namespaced(client, &lease.namespace);
    let mut candidate =
        Candidate { api, lease, identity, held: None, seen: None, idle: Duration::ZERO };
    tokio::select! {
        () = stop => {}
        never = candidate.run(&leading) => match never {},
    }
    leading.send_replace(false);
    candidate.release().await;
}

/// One process in the election.
struct Candidate {
    api: Api<Lease>,
    lease: ObjectKey,
    identity: String,
    /// The Lease as our last write left it; renewed without a read as long as nobody else writes.
    held: Option<Lease>,
    /// The version that was seen last, and for how long it has stood.
    seen: Option<String>,
    idle: Duration,
}

impl Candidate {
    async fn run(&mut self, leading: &watch::Sender<bool>) -> Infallible {
        loop {
            self.acquire().await;
            tracing::info!(lease = %self.lease, "leading");
            leading.send_replace(true);
            let reason = self.hold().await;
            leading.send_replace(false);
            // Counted anew: between the last look and the next there may be no pause.
            self.seen = None;
            tracing::warn!(lease = %self.lease, "no longer leading: {reason}");
        }
    }

    /// Runs for the Lease until it is ours.
    async fn acquire(&mut self) {
        let mut told = None;
        loop {
            match self.attempt().await {
                Ok(true) => return,
                Ok(false) => {}
                // Somebody else was faster.
                Err(error) if error.kind == Kind::Conflict => {}
                Err(error) if told.as_ref() == Some(&error) => {}
                Err(error) => {
                    tracing::warn!("{error}; trying again");
                    told = Some(error);
                }
            }
            clock::sleep(PAUSE).await;
        }
    }

    /// Keeps the Lease as long as that goes, and says why it goes no longer.
    async fn hold(&mut self) -> &'static str {
        loop {
            match tokio::time::timeout(RENEWAL_MAX, self.renew()).await {
                Ok(true) => {}
                Ok(false) => return "another process holds the Lease",
                Err(_elapsed) => return "the Lease could not be renewed in time",
            }
        }
    }

    /// Renews the Lease after a pause, however many attempts that takes. Says whether it is still
    /// ours.
    async fn renew(&mut self) -> bool {
        clock::sleep(PAUSE).await;
        loop {
            match self.attempt().await {
                Ok(is_ours) => return is_ours,
                // Somebody else wrote; whether the Lease is theirs has to be seen at once.
                Err(error) if error.is_race() => {}
                Err(error) => {
                    tracing::warn!("{error}; trying again");
                    clock::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Takes or renews the Lease, if it is free or ours. Says whether it is ours now.
    async fn attempt(&mut self) -> Result<bool, ClusterError> {
        let operation = format!("Lease {}", self.lease);
        match tokio::time::timeout(ATTEMPT_MAX, self.take()).await {
            Ok(taken) => taken.map_err(|error| ClusterError::new(operation, &error)),
            Err(_elapsed) => Err(ClusterError::late(operation, ATTEMPT_MAX)),
        }
    }

    async fn take(&mut self) -> Result<bool, kube::Error> {
        let standing = match self.held.take() {
            Some(lease) => Some(lease),
            None => self.api.get_opt(&self.lease.name).await?,
        };
        self.observe(standing.as_ref());
        let spec = standing.as_ref().and_then(|lease| lease.spec.as_ref());
        let Some(next) = record::next(spec, &self.identity, clock::now(), self.idle) else {
            return Ok(false);
        };
        self.held = Some(self.write(standing, next).await?);
        Ok(true)
    }

    /// Notes for how long the Lease has stood as it is: for a pause longer than last time, if it
    /// has not changed.
    fn observe(&mut self, standing: Option<&Lease>) {
        let version = standing.and_then(|lease| lease.metadata.resource_version.clone());
        if version == self.seen {
            self.idle += PAUSE;
        } else {
            self.seen = version;
            self.idle = Duration::ZERO;
        }
    }

    /// Writes the Lease if it still is as it was read.
    async fn write(&self, standing: Option<Lease>, spec: LeaseSpec) -> Result<Lease, kube::Error> {
        let params = PostParams::default();
        if let Some(standing) = standing {
            let lease = Lease { spec: Some(spec), ..standing };
            self.api.replace(&self.lease.name, &params, &lease).await
        } else {
            let name = Some(self.lease.name.clone());
            let metadata = ObjectMeta { name, ..ObjectMeta::default() };
            self.api.create(&params, &Lease { metadata, spec: Some(spec) }).await
        }
    }

    /// Gives the Lease back if it is ours, so that the next one need not wait until it has run out.
    async fn release(&self) {
        let operation = format!("release of Lease {}", self.lease);
        let released = match tokio::time::timeout(ATTEMPT_MAX, self.give_back()).await {
            Ok(given) => given.map_err(|error| ClusterError::new(operation, &error)),
            Err(_elapsed) => Err(ClusterError::late(operation, ATTEMPT_MAX)),
        };
        match released {
            Ok(true) => tracing::info!(lease = %self.lease, "gave the Lease back"),
            Ok(false) => {}
            Err(error) => tracing::warn!("{error}; it runs out by itself"),
        }
    }

    /// The last attempt may have been broken off half way, so the Lease is read again, even where
    /// this process never knew that it led.
    async fn give_back(&self) -> Result<bool, kube::Error> {
        let Some(lease) = self.api.get_opt(&self.lease.name).await? else { return Ok(false) };
        let spec = lease.spec.as_ref();
        match spec.and_then(|spec| record::released(spec, &self.identity, clock::now())) {
            Some(next) => self.write(Some(lease), next).await.map(|_| true),
            None => Ok(false),
        }
    }
}
