//! TLS Secrets: only those that Ingresses name are read, by name. Of a namespace that has some, the
//! metadata of all Secrets is watched, which says when to read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, FuturesUnordered};
use futures::{FutureExt, StreamExt};
use k8s_openapi::Resource as _;
use kube::Client;
use kube::Resource as _;
use kube::api::GetParams;
use kube::core::Request;
use tokio::sync::{Notify, watch};
use zeroize::Zeroizing;

use super::error::{ClusterError, Kind};
use super::feed::{Feed, Form};
use super::follow::{Audience, Follower, Notice};
use super::grant;
use super::intake::Intake;
use super::wire::{Secret, Stamp, Wire as _};
use crate::clock::Clock;
use crate::desired::secret::closed;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::moment::Moment;
use crate::model::seen::SeenSecret;

/// How long a look may take. The API server gives up on a request after 60 s; a Secret is small.
const LOOK_MAX: Duration = Duration::from_secs(30);
/// How many Secrets of one namespace are read at once, when an Ingress with many comes, or all of
/// them do.
const LOOKS_AT_ONCE: usize = 8;
/// How long a look that failed waits before the next one, and at most; doubled in between.
const PAUSE_MIN: Duration = Duration::from_millis(800);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// For how long a watch is asked for (client-go's reflector: five minutes at least). There is one
/// for each namespace, so beginning them anew each minute would be felt; bookmarks come all the
/// same.
const WATCH_SECONDS: u32 = 300;
/// How often Secrets are read where their namespace may not be watched: for a renewed certificate,
/// which is good for weeks, that is soon enough.
const POLL: Duration = Duration::from_secs(60);

/// Reads Secrets by name, once. Private bytes are not kept.
pub async fn read_secrets(
    client: &Client,
    keys: &BTreeSet<ObjectKey>,
) -> BTreeMap<ObjectKey, Arc<SeenSecret>> {
    let mut seen = BTreeMap::new();
    for key in keys {
        let noun = match read(client, key).await {
            Ok(look) => look.noun,
            Err(error) => unreadable(key, error.message),
        };
        seen.insert(key.clone(), closed(Arc::new(noun)));
    }
    seen
}

/// Keeps an eye on the Secrets that are wanted, for as long as they are. What is no longer wanted
/// is forgotten. Ends with the sender of `wanted`.
pub async fn watch_secrets<I: Intake, C: Clock>(
    client: Client,
    mut wanted: watch::Receiver<BTreeSet<ObjectKey>>,
    intake: Arc<I>,
    clock: C,
) {
    let mut wards: BTreeMap<String, watch::Sender<BTreeSet<String>>> = BTreeMap::new();
    let mut watches: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    let mut before = BTreeSet::new();
    loop {
        let now = wanted.borrow_and_update().clone();
        for (namespace, names) in by_namespace(&now) {
            if let Some(ward) = wards.get(&namespace) {
                ward.send_if_modified(|standing| {
                    let is_news = *standing != names;
                    *standing = names;
                    is_news
                });
            } else {
                let (sender, names) = watch::channel(names);
                wards.insert(namespace.clone(), sender);
                let (client, intake) = (client.clone(), Arc::clone(&intake));
                let ward = Ward { client, namespace, names, intake, state: Mutex::default() };
                watches.push(Arc::new(ward).watch(clock.clone()).boxed());
            }
        }
        let namespaces: BTreeSet<&str> = now.iter().map(|key| key.namespace.as_str()).collect();
        wards.retain(|namespace, ward| {
            let is_wanted = namespaces.contains(namespace.as_str());
            if !is_wanted {
                // A look that is still under way sees that nobody wants it. Dropping the sender
                // ends the watch.
                ward.send_replace(BTreeSet::new());
            }
            is_wanted
        });
        for gone in before.difference(&now) {
            intake.take(Seen::Secret(ObjectKey::clone(gone), None));
        }
        before = now;
        loop {
            tokio::select! {
                changed = wanted.changed() => match changed {
                    Ok(()) => break,
                    Err(_gone) => return,
                },
                Some(()) = watches.next() => {}
            }
        }
    }
}

fn by_namespace(keys: &BTreeSet<ObjectKey>) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for key in keys {
        all.entry(key.namespace.to_string()).or_default().insert(key.name.to_string());
    }
    all
}

/// The Secrets of one namespace.
struct Ward<I> {
    client: Client,
    namespace: String,
    /// The names that are wanted.
    names: watch::Receiver<BTreeSet<String>>,
    intake: Arc<I>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The version of each Secret as it was read last; none where it was not there.
    read: BTreeMap<String, Option<String>>,
    /// The names to be read.
    due: BTreeSet<String>,
}

impl<I: Intake> Ward<I> {
    /// Watches until nobody wants anything of this namespace.
    async fn watch<C: Clock>(self: Arc<Self>, clock: C) {
        let news = Arc::new(Notify::new());
        let operation = format!("watch of Secrets in {}", self.namespace);
        let url = Secret::url_path(&(), Some(&self.namespace));
        // Nobody asks for proofs: a certificate that is renewed a little late does no harm.
        let (_nobody, wanted) = watch::channel(Moment::default());
        let audience = Hearer {
            ward: Arc::clone(&self),
            news: Arc::clone(&news),
            clock: clock.clone(),
            missing: BTreeSet::new(),
            polled: None,
        };
        let follower = Follower {
            feed: Feed::<Stamp>::new(self.client.clone(), url, Form::Metadata, operation),
            audience,
            clock: clock.clone(),
            wanted,
            unknown: None,
            absence: None,
            kind: Secret::KIND,
            watch_seconds: WATCH_SECONDS,
        };
        tokio::select! {
            () = follower.run() => {}
            () = self.look(&news, &clock) => {}
        }
    }

    /// Reads what is due, until nobody wants anything.
    async fn look<C: Clock>(&self, news: &Notify, clock: &C) {
        let mut names = self.names.clone();
        names.mark_changed();
        let mut pause = PAUSE_MIN;
        loop {
            let due = std::mem::take(&mut self.state().due);
            let looks = due.into_iter().map(|name| self.look_at(name));
            let looks = stream::iter(looks).buffer_unordered(LOOKS_AT_ONCE);
            let failed: BTreeSet<String> = looks.filter_map(async |name| name).collect().await;
            let again = if failed.is_empty() {
                pause = PAUSE_MIN;
                None
            } else {
                let now = pause;
                pause = (pause * 2).min(PAUSE_MAX);
                Some(now)
            };
            tokio::select! {
                changed = names.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let wanted = names.borrow_and_update().clone();
                    let mut state = self.state();
                    state.read.retain(|name, _| wanted.contains(name));
                    let unread = wanted.into_iter().filter(|name| !state.read.contains_key(name));
                    let unread: Vec<String> = unread.collect();
                    state.due.extend(unread);
                }
                () = news.notified() => {}
                () = clock.sleep(again.unwrap_or_default()), if again.is_some() => {}
            }
            self.state().due.extend(failed);
        }
    }

    /// Reads one Secret. Answers with its name where that has to be tried again; what was seen
    /// before stands until then.
    async fn look_at(&self, name: String) -> Option<String> {
        if !self.names.borrow().contains(&name) {
            return None;
        }
        let key = ObjectKey::new(&self.namespace, &name);
        let (noun, version) = match read(&self.client, &key).await {
            Ok(look) => (look.noun, Some(look.version)),
            // Until somebody lets us read it.
            Err(error) if error.kind == Kind::Refused => (unreadable(&key, error.message), None),
            Err(error) => {
                tracing::debug!(%error, "a Secret could not be read; trying again");
                return Some(name);
            }
        };
        // Perhaps nobody wants it any more.
        if !self.names.borrow().contains(&name) {
            return None;
        }
        self.intake.take(Seen::Secret(key, Some(Arc::new(noun))));
        let Some(version) = version else { return Some(name) };
        self.state().read.insert(name, version);
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A Secret that may not be read, with what to do about it.
fn unreadable(key: &ObjectKey, refusal: String) -> SeenSecret {
    SeenSecret::Unreadable(match grant::of_secrets(&refusal, &key.namespace) {
        Some(command) => format!("{refusal}; to let it: {command}"),
        None => refusal,
    })
}

/// What one look at a Secret showed.
pub(super) struct Look {
    pub(super) noun: SeenSecret,
    version: Option<String>,
}

/// Reads one Secret. Its text is wiped from memory, and is in no message.
pub(super) async fn read(client: &Client, key: &ObjectKey) -> Result<Look, ClusterError> {
    let operation = format!("look at Secret {key}");
    let url = Secret::url_path(&(), Some(&key.namespace));
    let request = Request::new(url).get(&key.name, &GetParams::default());
    let request = request
        .map_err(|error| ClusterError::new(&operation, &kube::Error::BuildRequest(error)))?;
    let answer = match tokio::time::timeout(LOOK_MAX, client.request_text(request)).await {
        Ok(answer) => answer.map(Zeroizing::new),
        Err(_elapsed) => return Err(ClusterError::late(operation, LOOK_MAX)),
    };
    match answer.map_err(|error| ClusterError::new(&operation, &error)) {
        Ok(text) => match serde_json::from_str::<Secret>(&text) {
            Ok(secret) => {
                let version = k8s_openapi::Metadata::metadata(&secret).resource_version.clone();
                let noun = secret.noun().1.unwrap_or(SeenSecret::Missing);
                Ok(Look { noun, version })
            }
            Err(_) => Err(ClusterError::refused(operation, "it is not as a Secret should be")),
        },
        Err(error) if error.kind == Kind::NotFound => {
            Ok(Look { noun: SeenSecret::Missing, version: None })
        }
        Err(error) => Err(error),
    }
}

/// Hears of all Secrets of a namespace, and has those read that are wanted and have changed.
struct Hearer<I, C> {
    ward: Arc<Ward<I>>,
    news: Arc<Notify>,
    clock: C,
    /// While a list runs: what is wanted and has not been listed yet.
    missing: BTreeSet<String>,
    /// When everything was last read because the namespace may not be watched.
    polled: Option<Moment>,
}

impl<I: Intake, C: Clock> Hearer<I, C> {
    /// Has a Secret read, unless it was read as it is now.
    fn changed(&self, name: Option<&String>, version: Option<&String>) {
        let Some(name) = name.filter(|name| self.ward.names.borrow().contains(*name)) else {
            return;
        };
        let mut state = self.ward.state();
        if state.read.get(name).map(Option::as_ref) != Some(version) {
            state.due.insert(name.clone());
            self.news.notify_one();
        }
    }

    /// Has everything read, now and then.
    fn poll(&mut self) {
        let now = self.clock.moment();
        if self.polled.is_none_or(|polled| now.since(polled) >= POLL) {
            self.polled = Some(now);
            let wanted = self.ward.names.borrow().clone();
            self.ward.state().due.extend(wanted);
            self.news.notify_one();
        }
    }
}

impl<I: Intake, C: Clock> Audience<Stamp> for Hearer<I, C> {
    fn hear(&mut self, notice: Notice<Stamp>) {
        match notice {
            Notice::Begin => self.missing.clone_from(&self.ward.names.borrow()),
            Notice::Put(Stamp { metadata }) | Notice::Misfit(metadata) => {
                if let Some(name) = &metadata.name {
                    self.missing.remove(name);
                }
                self.changed(metadata.name.as_ref(), metadata.resource_version.as_ref());
            }
            Notice::Gone(metadata) => self.changed(metadata.name.as_ref(), None),
            Notice::Complete => {
                for name in std::mem::take(&mut self.missing) {
                    self.changed(Some(&name), None);
                }
            }
            Notice::Failed(error) if error.kind == Kind::Refused => self.poll(),
            Notice::Current(_) | Notice::Alive(_) | Notice::Failed(_) => {}
        }
    }
}
