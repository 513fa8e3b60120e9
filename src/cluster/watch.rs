//! Watches of every kind that matters: what happens in the cluster, first put into the store, then
//! told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::future::join_all;
use futures::{FutureExt, StreamExt};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope, Resource};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client};
use tokio::sync::{mpsc, watch};

use super::error::{ClusterError, Kind};
use super::ledger::Ledger;
use super::store::apply;
use super::wire::{
    CUSTOM_GROUP, EndpointSlice, IngressClassParams, Namespace, Node, Pod, TargetGroupBinding, Wire,
};
use crate::clock;
use crate::model::index::Change;
use crate::model::snapshot::Objects;

/// How long a watch that failed once waits, and at most; doubled in between (client-go's
/// reflector).
const PAUSE_MIN: Duration = Duration::from_millis(800);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Every kind that is watched.
const KINDS: [&str; 9] = [
    Ingress::KIND,
    IngressClass::KIND,
    IngressClassParams::KIND,
    Service::KIND,
    EndpointSlice::KIND,
    Pod::KIND,
    Node::KIND,
    Namespace::KIND,
    TargetGroupBinding::KIND,
];

/// How far the watches have come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The kinds of which no complete list has come yet. Until there are none, what is not in the
    /// store may exist all the same.
    pub awaited: BTreeSet<&'static str>,
    /// How often the watch of each kind has failed since the start.
    pub failures: BTreeMap<&'static str, u64>,
}

impl Progress {
    /// Nothing has come yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "an empty value would mean that all has come")]
    pub fn new() -> Self {
        Self {
            awaited: KINDS.into_iter().collect(),
            failures: KINDS.into_iter().map(|kind| (kind, 0)).collect(),
        }
    }

    /// Whether a complete list of every kind has come.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.awaited.is_empty()
    }
}

/// Watches all of the cluster, or of one namespace of it, for ever.
///
/// Each change is put into `objects` first and sent to `changes` then, so whoever is told finds the
/// store at least as new as what it was told. `progress` starts as [`Progress::new`].
pub async fn watch_all(
    client: Client,
    namespace: Option<String>,
    objects: Arc<RwLock<Objects>>,
    changes: mpsc::UnboundedSender<Change>,
    progress: watch::Sender<Progress>,
) {
    let feed = Feed { client, namespace, objects, changes, progress };
    // In boxes, because all of them together are too large for anybody's stack.
    let watches = [
        feed.follow::<Ingress>(feed.scoped()).boxed(),
        feed.follow::<IngressClass>(feed.everywhere()).boxed(),
        feed.follow::<IngressClassParams>(feed.everywhere()).boxed(),
        feed.follow::<Service>(feed.scoped()).boxed(),
        feed.follow::<EndpointSlice>(feed.scoped()).boxed(),
        feed.follow::<Pod>(feed.scoped()).boxed(),
        feed.follow::<Node>(feed.everywhere()).boxed(),
        feed.follow::<Namespace>(feed.everywhere()).boxed(),
        feed.follow::<TargetGroupBinding>(feed.scoped()).boxed(),
    ];
    join_all(watches).await;
}

/// Where events come from and where they go.
struct Feed {
    client: Client,
    namespace: Option<String>,
    objects: Arc<RwLock<Objects>>,
    changes: mpsc::UnboundedSender<Change>,
    progress: watch::Sender<Progress>,
}

impl Feed {
    /// The objects of a namespaced kind, as far as they are watched.
    fn scoped<K: Wire + Resource<Scope = NamespaceResourceScope>>(&self) -> Api<K> {
        match &self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    /// The objects of a cluster-wide kind.
    fn everywhere<K: Wire + Resource<Scope = ClusterResourceScope>>(&self) -> Api<K> {
        Api::all(self.client.clone())
    }

    /// Follows one kind. A failure is told once, and then again only when its message is another or
    /// after the watch had come back to life.
    async fn follow<K: Wire>(&self, api: Api<K>) {
        let mut events = watcher(api, watcher::Config::default()).boxed();
        let mut ledger = Ledger::new();
        let mut trouble = Trouble::default();
        // A watcher's stream has no end.
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    // The start of a list is no sign of life: nothing has been asked for yet.
                    if !matches!(event, Event::Init) && trouble.is_over() {
                        tracing::info!(kind = K::KIND, "watching again");
                    }
                    self.take(&mut ledger, event);
                }
                Err(error) => {
                    self.progress.send_modify(|progress| {
                        *progress.failures.entry(K::KIND).or_default() += 1;
                    });
                    let message = describe::<K>(&error);
                    if trouble.is_news(&message) {
                        tracing::warn!(kind = K::KIND, "{message}; trying again");
                    } else {
                        tracing::debug!(kind = K::KIND, "{message}; trying again");
                    }
                    clock::sleep(if is_expired(&error) { PAUSE_MIN } else { trouble.pause() })
                        .await;
                }
            }
        }
    }

    /// Puts what an event changes into the store, and tells it.
    fn take<K: Wire>(&self, ledger: &mut Ledger<K>, event: Event<K>) {
        let is_complete = matches!(event, Event::InitDone);
        for turn in ledger.observe(event) {
            let change = K::change(turn);
            // A thread that panicked while it held the lock cannot have left a change half made.
            apply(&mut self.objects.write().unwrap_or_else(PoisonError::into_inner), &change);
            // Nobody listens only while the process ends.
            let _ = self.changes.send(change);
        }
        if is_complete {
            self.progress.send_if_modified(|progress| progress.awaited.remove(K::KIND));
        }
    }
}

/// The failures of a watch since it last lived.
#[derive(Debug, Default)]
struct Trouble {
    count: u32,
    told: Option<String>,
}

impl Trouble {
    /// Notes a sign of life. Says whether there had been trouble.
    fn is_over(&mut self) -> bool {
        std::mem::take(self).count > 0
    }

    /// Notes a failure. Says whether it differs from the one before.
    fn is_news(&mut self, message: &str) -> bool {
        self.count += 1;
        let is_news = self.told.as_deref() != Some(message);
        self.told = Some(message.to_owned());
        is_news
    }

    /// How long to wait before the next attempt.
    fn pause(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.count.saturating_sub(1));
        PAUSE_MIN.saturating_mul(doubled).min(PAUSE_MAX)
    }
}

/// Whether the API server answered, and only no longer knows where we stood: everything is listed
/// anew, which should not be put off, since it may have been down until now.
fn is_expired(error: &watcher::Error) -> bool {
    // 410 is Gone.
    matches!(error, watcher::Error::WatchError(status) if status.code == 410)
}

/// A watcher's error as one line that says what to do, where that is known.
fn describe<K: Wire>(error: &watcher::Error) -> String {
    let operation = format!("watch of {}", K::KIND);
    let error = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => ClusterError::new(operation, error),
        watcher::Error::WatchError(status) => ClusterError::of_status(operation, status),
        watcher::Error::NoResourceVersion => {
            ClusterError::refused(operation, "the answer has no resource version")
        }
    };
    if K::GROUP == CUSTOM_GROUP && error.kind == Kind::NotFound {
        return format!(
            "the API server does not know {} ({}): apply deploy/crds",
            K::KIND,
            K::API_VERSION
        );
    }
    error.to_string()
}

#[cfg(test)]
mod tests;
