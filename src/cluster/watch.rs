//! Watches of every kind that matters: what happens in the cluster, into the world.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope, Resource};
use kube::Client;

use super::feed::{Feed, Form};
use super::follow::{Audience, Follower, Notice};
use super::intake::Intake;
use super::progress::Sight;
use super::wire::{
    CUSTOM_GROUP, EndpointSlice, IngressClassParams, Key as _, Namespace, Node, OWN_GROUP, Pod,
    TargetGroupBinding, TenantPolicy, Wire,
};
use crate::clock::Clock;

/// For how long a watch is asked for. The API server sends a bookmark two seconds before it ends
/// one, so a watch that lives shows so that often; beginning the next one costs it next to nothing.
const WATCH_SECONDS: u32 = 60;

/// Watches all of the cluster, or of one namespace of it, for ever. What is seen goes to `intake`,
/// and then `sight` shows how far that has come.
pub async fn watch_all<I: Intake, C: Clock>(
    client: Client,
    namespace: Option<String>,
    intake: Arc<I>,
    clock: C,
    sight: Sight,
) {
    let watches = Watches { client, namespace, intake, clock, sight };
    join_all([
        watches.scoped::<Ingress>(),
        watches.everywhere::<IngressClass>(),
        watches.everywhere::<IngressClassParams>(),
        watches.scoped::<Service>(),
        watches.scoped::<EndpointSlice>(),
        watches.scoped::<Pod>(),
        watches.everywhere::<Node>(),
        watches.everywhere::<Namespace>(),
        watches.scoped::<TargetGroupBinding>(),
        watches.everywhere::<TenantPolicy>(),
    ])
    .await;
}

/// Where objects come from and where they go.
struct Watches<I, C> {
    client: Client,
    namespace: Option<String>,
    intake: Arc<I>,
    clock: C,
    sight: Sight,
}

impl<I: Intake, C: Clock> Watches<I, C> {
    /// Follows a namespaced kind, as far as it is watched.
    fn scoped<K>(&self) -> BoxFuture<'static, ()>
    where
        K: Wire + Resource<Scope = NamespaceResourceScope>,
        K: kube::Resource<DynamicType = ()>,
    {
        self.follow::<K>(K::url_path(&(), self.namespace.as_deref()))
    }

    /// Follows a cluster-wide kind.
    fn everywhere<K>(&self) -> BoxFuture<'static, ()>
    where
        K: Wire + Resource<Scope = ClusterResourceScope>,
        K: kube::Resource<DynamicType = ()>,
    {
        self.follow::<K>(K::url_path(&(), None))
    }

    /// In a box, because all of them together are too large for anybody's stack.
    fn follow<K: Wire>(&self, url: String) -> BoxFuture<'static, ()> {
        let operation = format!("watch of {}", K::KIND);
        let missing = BTreeSet::new();
        let follower = Follower {
            feed: Feed::<K>::new(self.client.clone(), url, Form::Whole, operation),
            audience: Hearer {
                intake: Arc::clone(&self.intake),
                sight: self.sight.clone(),
                missing,
            },
            clock: self.clock.clone(),
            wanted: self.sight.wanted(),
            unknown: unknown::<K>(),
            absence: absence::<K>(),
            kind: K::KIND,
            watch_seconds: WATCH_SECONDS,
        };
        follower.run().boxed()
    }
}

/// What to say where the API server does not know a kind.
fn unknown<K: Wire>() -> Option<String> {
    let (kind, version) = (K::KIND, K::API_VERSION);
    (K::GROUP == CUSTOM_GROUP)
        .then(|| format!("the API server does not know {kind} ({version}): apply deploy/crds"))
}

/// What to say where the API server does not know a kind that nobody has to have.
fn absence<K: Wire>() -> Option<String> {
    let (kind, version) = (K::KIND, K::API_VERSION);
    (K::GROUP == OWN_GROUP).then(|| {
        format!(
            "the API server does not know {kind} ({version}), so there is none: deploy/crds has it"
        )
    })
}

/// Hands on what is seen of one kind.
struct Hearer<K: Wire, I> {
    intake: Arc<I>,
    sight: Sight,
    /// While a list runs: what was known and has not been listed yet.
    missing: BTreeSet<K::Key>,
}

impl<K: Wire, I: Intake> Hearer<K, I> {
    fn take(&self, key: K::Key, noun: Option<&K::Noun>) {
        // A copy is as large as what it holds. What was read has room that is never needed, for
        // four rules, paths or ports where there is one: a third of an Ingress.
        let noun = noun.map(|noun| Arc::new(noun.clone()));
        self.intake.take(K::seen(key, noun));
    }
}

impl<K: Wire, I: Intake> Audience<K> for Hearer<K, I> {
    fn hear(&mut self, notice: Notice<K>) {
        match notice {
            Notice::Begin => self.missing = self.intake.with_objects(K::known),
            Notice::Put(object) => {
                let (key, noun) = object.noun();
                self.missing.remove(&key);
                self.take(key, noun.as_ref());
            }
            // What is there and cannot be read is as it was known: unknown is not absent.
            Notice::Misfit(meta) => _ = self.missing.remove(&K::Key::of(&meta)),
            Notice::Gone(meta) => self.take(K::Key::of(&meta), None),
            Notice::Complete => {
                for key in std::mem::take(&mut self.missing) {
                    self.take(key, None);
                }
            }
            Notice::Current(moment) => self.sight.note_current(K::KIND, moment),
            Notice::Alive(moment) => self.sight.note_alive(K::KIND, moment),
            Notice::Failed(_) => self.sight.note_failure(K::KIND),
        }
    }
}

#[cfg(test)]
mod tests;
