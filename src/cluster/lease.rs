//! Who of several processes writes: the one that holds a Lease.
//!
//! The Lease is read and written as client-go's leader election does, so that LBC and this program
//! keep each other out. Clocks of different machines are never compared: somebody else's Lease has
//! run out once it has stood unchanged, before our own eyes, for as long as it says.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use futures::future::pending;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;

use super::error::{ClusterError, Kind};
use crate::clock::Clock;
use crate::model::id::ObjectKey;
use crate::model::moment::Moment;
use crate::model::tenure::{Epoch, Tenure};

mod record;

/// How long a Lease lasts after it was last renewed (LBC, as controller-runtime has it).
const DURATION_SECONDS: i32 = 15;
/// How long the holder keeps on without being able to renew (the same). Whoever waits has to wait
/// longer.
const RENEWAL_MAX: Duration = Duration::from_secs(10);
/// The pause between two attempts (the same).
const PAUSE: Duration = Duration::from_secs(2);
/// The pause between two attempts of who has not got the Lease: who ends gives it back, and nobody
/// writes until that is seen.
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// How long one attempt may take. An attempt that succeeded may have counted from its start on, so
/// this and `RENEWAL_MAX` together are less than the Lease's duration.
const ATTEMPT_MAX: Duration = Duration::from_secs(4);

/// How long a write may take that was begun in a tenure, so that it is done before anybody else can
/// have won the next one: what is left of the Lease's duration when the tenure ends.
pub(super) const WRITE_MAX: Duration = Duration::from_secs(5);

/// One process in an election. `identity` has to be this process's alone.
pub struct Election<C> {
    /// The way to the API server.
    pub client: Client,
    /// The Lease.
    pub lease: ObjectKey,
    /// Who this process is.
    pub identity: String,
    /// The clock that tenures are measured by.
    pub clock: C,
    /// Who hears which process holds the Lease, as that spells itself.
    pub holder: watch::Sender<Option<String>>,
}

impl<C: Clock> Election<C> {
    /// Takes part until `stop` ends, as far as this process stands for election: while `stands` is
    /// false it does not run for the Lease, and gives it back if it has it.
    ///
    /// `tenure` is the tenure of this process, if it has one; each renewal puts off its end. Losing
    /// it is no end: the process runs for it again. After `stop` the Lease is given back, so
    /// whatever writes has to be done by then.
    pub async fn run(
        self,
        tenure: watch::Sender<Option<Tenure>>,
        mut stands: watch::Receiver<bool>,
        stop: impl Future<Output = ()>,
    ) {
        let Self { client, lease, identity, clock, holder } = self;
        let api = Api::namespaced(client, &lease.namespace);
        let standing = Standing::default();
        let epoch = Epoch::default();
        let mut candidate =
            Candidate { api, lease, identity, clock, standing, tenure, epoch, holder };
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = become_so(&mut stands, |stands| *stands) => {}
            }
            let (has_stopped, reason) = tokio::select! {
                () = &mut stop => (true, "this process ends"),
                () = become_so(&mut stands, |stands| !stands) => (false, "this process does not stand"),
                never = candidate.run() => match never {},
            };
            candidate.resign(reason);
            candidate.release().await;
            if has_stopped {
                break;
            }
        }
    }
}

/// Waits until it is so; for ever, where nobody is left who could say so.
async fn become_so(stands: &mut watch::Receiver<bool>, is_so: impl FnMut(&bool) -> bool) {
    if stands.wait_for(is_so).await.is_err() {
        pending::<()>().await;
    }
}

/// One process in the election.
struct Candidate<C> {
    api: Api<Lease>,
    lease: ObjectKey,
    identity: String,
    clock: C,
    standing: Standing,
    tenure: watch::Sender<Option<Tenure>>,
    /// The number of the last tenure.
    epoch: Epoch,
    holder: watch::Sender<Option<String>>,
}

/// What is known of the Lease.
#[derive(Default)]
struct Standing {
    /// The Lease as our last write left it; renewed without a read as long as nobody else writes.
    held: Option<Lease>,
    /// The version that was seen last, and since when it has stood.
    seen: Option<(String, Moment)>,
}

impl<C: Clock> Candidate<C> {
    async fn run(&mut self) -> Infallible {
        loop {
            let since = self.acquire().await;
            tracing::info!(lease = %self.lease, "leading");
            self.epoch = Epoch(self.epoch.0 + 1);
            let until = since.plus(RENEWAL_MAX);
            let tenure = Tenure { epoch: self.epoch, since: self.clock.moment(), until };
            self.tenure.send_replace(Some(tenure));
            let reason = self.hold(tenure).await;
            self.resign(reason);
        }
    }

    /// Ends the tenure, if there is one.
    fn resign(&mut self, reason: &str) {
        // Whoever gives it back writes it.
        self.standing.held = None;
        if self.tenure.send_replace(None).is_some() {
            tracing::warn!(lease = %self.lease, "no longer leading: {reason}");
        }
    }

    /// Runs for the Lease until it is ours. Answers with the moment from which on that counts.
    async fn acquire(&mut self) -> Moment {
        let mut told = None;
        loop {
            let began = self.clock.moment();
            match self.attempt().await {
                Ok(true) => return began,
                Ok(false) => {}
                // Somebody else was faster.
                Err(error) if error.kind == Kind::Conflict => {}
                Err(error) if told.as_ref() == Some(&error) => {}
                Err(error) => {
                    tracing::warn!("{error}; trying again");
                    told = Some(error);
                }
            }
            self.clock.sleep(LOOK_PAUSE).await;
        }
    }

    /// Keeps the Lease as long as that goes, and says why it goes no longer.
    async fn hold(&mut self, mut tenure: Tenure) -> &'static str {
        let clock = self.clock.clone();
        loop {
            let renewed = tokio::select! {
                renewed = self.renew() => renewed,
                () = clock.sleep_until(tenure.until) => {
                    return "the Lease could not be renewed in time";
                }
            };
            let Some(began) = renewed else { return "another process holds the Lease" };
            tenure.until = began.plus(RENEWAL_MAX);
            self.tenure.send_replace(Some(tenure));
        }
    }

    /// Renews the Lease after a pause, however many attempts that takes. Answers with the beginning
    /// of the one that succeeded; with nothing where the Lease is ours no longer.
    async fn renew(&mut self) -> Option<Moment> {
        self.clock.sleep(PAUSE).await;
        loop {
            let began = self.clock.moment();
            match self.attempt().await {
                Ok(is_ours) => return is_ours.then_some(began),
                // Somebody else wrote; whether the Lease is theirs has to be seen at once.
                Err(error) if error.is_race() => {}
                Err(error) => {
                    tracing::warn!("{error}; trying again");
                    self.clock.sleep(PAUSE).await;
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
        let standing = match self.standing.held.take() {
            Some(lease) => Some(lease),
            None => self.api.get_opt(&self.lease.name).await?,
        };
        let idle = self.observe(standing.as_ref());
        let spec = standing.as_ref().and_then(|lease| lease.spec.as_ref());
        let Some(next) = record::next(spec, &self.identity, self.clock.now(), idle) else {
            self.is_held_by(spec.and_then(|spec| spec.holder_identity.as_deref()));
            return Ok(false);
        };
        self.standing.held = Some(self.write(standing, next).await?);
        self.is_held_by(Some(&self.identity));
        Ok(true)
    }

    /// Says who holds the Lease, where that is news.
    fn is_held_by(&self, holder: Option<&str>) {
        self.holder.send_if_modified(|known| {
            let is_news = known.as_deref() != holder;
            if is_news {
                *known = holder.map(str::to_owned);
            }
            is_news
        });
    }

    /// Says for how long the Lease has stood as it is, before our own eyes.
    fn observe(&mut self, standing: Option<&Lease>) -> Duration {
        let now = self.clock.moment();
        let version = standing.and_then(|lease| lease.metadata.resource_version.as_ref());
        match (&self.standing.seen, version) {
            (Some((seen, since)), Some(version)) if seen == version => now.since(*since),
            (_, version) => {
                self.standing.seen = version.map(|version| (version.clone(), now));
                Duration::ZERO
            }
        }
    }

    /// Writes the Lease if it still is as it was read.
    async fn write(&self, standing: Option<Lease>, spec: LeaseSpec) -> Result<Lease, kube::Error> {
        let params = PostParams::default();
        if let Some(standing) = standing {
            let lease = Lease { spec: Some(spec), ..standing };
            self.api.replace(&self.lease.name, &params, &lease).await
        } else {
            let name = Some(self.lease.name.to_string());
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
        match spec.and_then(|spec| record::released(spec, &self.identity, self.clock.now())) {
            Some(next) => self.write(Some(lease), next).await.map(|_| true),
            None => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_begun_in_a_tenure_is_done_before_the_next_one() {
        let duration = Duration::from_secs(u64::from(DURATION_SECONDS.unsigned_abs()));
        assert!(RENEWAL_MAX + WRITE_MAX <= duration);
        assert!(ATTEMPT_MAX + PAUSE < RENEWAL_MAX, "one attempt may fail");
    }
}
