//! TLS Secrets: looked at one by one and by name, only those that Ingresses name. Nobody lists all
//! Secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use kube::runtime::watcher::{self, watch_object};
use kube::{Api, Client};
use tokio::sync::{mpsc, watch};

use super::error::{ClusterError, Kind};
use super::store::apply;
use super::wire::{Secret, Wire};
use crate::clock;
use crate::model::id::ObjectKey;
use crate::model::index::{Change, Turn};
use crate::model::seen::SeenSecret;
use crate::model::snapshot::Objects;

/// How long a look that failed waits before the next one, and at most; doubled in between.
const PAUSE_MIN: Duration = Duration::from_millis(800);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Reads Secrets by name, once.
pub async fn read_secrets(
    client: &Client,
    keys: &BTreeSet<ObjectKey>,
) -> BTreeMap<ObjectKey, Arc<SeenSecret>> {
    let mut seen = BTreeMap::new();
    for key in keys {
        let api: Api<Secret> = Api::namespaced(client.clone(), &key.namespace);
        let noun = match api.get_opt(&key.name).await {
            Ok(Some(secret)) => secret.noun().1.unwrap_or(SeenSecret::Missing),
            Ok(None) => SeenSecret::Missing,
            Err(error) => SeenSecret::Unreadable(describe(key, &error).message),
        };
        seen.insert(key.clone(), Arc::new(noun));
    }
    seen
}

/// Watches the Secrets that are wanted, each by itself, for as long as they are.
///
/// Each change is put into `objects` first and sent to `changes` then. What is no longer wanted is
/// forgotten.
pub async fn watch_secrets(
    client: Client,
    mut wanted: watch::Receiver<BTreeSet<ObjectKey>>,
    objects: Arc<RwLock<Objects>>,
    changes: mpsc::UnboundedSender<Change>,
) {
    let feed = Feed { client, objects, changes };
    let mut watches: FuturesUnordered<BoxFuture<'_, ObjectKey>> = FuturesUnordered::new();
    let mut watched: BTreeMap<ObjectKey, watch::Sender<()>> = BTreeMap::new();
    loop {
        let now: BTreeSet<ObjectKey> = wanted.borrow_and_update().clone();
        // Dropping the sender ends the watch.
        watched.retain(|key, _| now.contains(key));
        for key in now {
            watched.entry(key.clone()).or_insert_with(|| {
                let (going_on, ended) = watch::channel(());
                watches.push(feed.follow(key, ended).boxed());
                going_on
            });
        }
        tokio::select! {
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            Some(key) = watches.next() => {
                if !watched.contains_key(&key) {
                    feed.note(&key, None);
                }
            }
        }
    }
}

/// Where looks go.
struct Feed {
    client: Client,
    objects: Arc<RwLock<Objects>>,
    changes: mpsc::UnboundedSender<Change>,
}

impl Feed {
    /// Follows one Secret until nobody wants it any more.
    async fn follow(&self, key: ObjectKey, mut ended: watch::Receiver<()>) -> ObjectKey {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), &key.namespace);
        let mut looks = watch_object(api, &key.name).boxed();
        let mut pause = PAUSE_MIN;
        loop {
            let look = tokio::select! {
                look = looks.next() => look,
                // Nothing is ever sent: this is the sender going away.
                _ = ended.changed() => return key,
            };
            match look {
                Some(Ok(found)) => {
                    pause = PAUSE_MIN;
                    let noun = found.and_then(|secret| secret.noun().1);
                    self.note(&key, Some(noun.unwrap_or(SeenSecret::Missing)));
                }
                Some(Err(error)) => {
                    self.trouble(&key, &error);
                    clock::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                None => return key,
            }
        }
    }

    /// A Secret that we may not read is told; what was seen before is kept while it only cannot be
    /// reached.
    fn trouble(&self, key: &ObjectKey, error: &watcher::Error) {
        let error = match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => describe(key, error),
            watcher::Error::WatchError(status) => {
                ClusterError::of_status(format!("watch of Secret {key}"), status)
            }
            watcher::Error::NoResourceVersion => return,
        };
        tracing::debug!(%error, "a Secret could not be watched; trying again");
        if error.kind == Kind::Refused {
            self.note(key, Some(SeenSecret::Unreadable(error.message)));
        }
    }

    /// Puts a look into the store and tells it, unless it shows what was seen before.
    fn note(&self, key: &ObjectKey, noun: Option<SeenSecret>) {
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        let old = objects.secrets.get(key).cloned();
        if old.as_deref() == noun.as_ref() {
            return;
        }
        let change = Change::Secret(Turn { key: key.clone(), old, new: noun.map(Arc::new) });
        apply(&mut objects, &change);
        drop(objects);
        // Nobody listens only while the process ends.
        let _ = self.changes.send(change);
    }
}

fn describe(key: &ObjectKey, error: &kube::Error) -> ClusterError {
    ClusterError::new(format!("look at Secret {key}"), error)
}
