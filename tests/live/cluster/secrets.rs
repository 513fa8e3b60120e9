//! TLS Secrets: only those that are wanted, and in time.

use std::collections::BTreeSet;
use std::time::Duration;

use albedo::clock::SystemClock;
use albedo::cluster::watch_secrets;
use albedo::model::id::ObjectKey;
use albedo::model::index::Change;
use albedo::model::secret::TLS_CERTIFICATE;
use albedo::model::seen::SeenSecret;
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::world::World;
use super::{during, soon};
use crate::support::control_plane::ControlPlane;

/// What is seen of Secrets, and what is wanted of them.
struct Seen {
    wanted: watch::Sender<BTreeSet<ObjectKey>>,
    changes: mpsc::UnboundedReceiver<Change>,
    /// Why the last one that could not be read could not.
    why: String,
}

impl Seen {
    fn want(&self, key: &ObjectKey) {
        self.wanted.send_if_modified(|wanted| wanted.insert(key.clone()));
    }

    fn want_no_more(&self, key: &ObjectKey) {
        self.wanted.send_if_modified(|wanted| wanted.remove(key));
    }

    /// The next change, in one line.
    async fn next(&mut self) -> String {
        let change = soon("a change", self.changes.recv()).await.expect("the watch goes on");
        let Change::Secret(turn) = change else { panic!("{change:?}") };
        let what = match turn.new.as_deref() {
            None => "forgotten".to_owned(),
            Some(SeenSecret::Missing) => "missing".to_owned(),
            Some(SeenSecret::Unreadable(why)) => {
                self.why.clone_from(why);
                "unreadable".to_owned()
            }
            Some(seen) if seen.entry(TLS_CERTIFICATE).is_none() => "empty".to_owned(),
            Some(_) => "there".to_owned(),
        };
        format!("{} {what}", turn.key.name)
    }
}

async fn watching(client: Client, body: impl AsyncFnOnce(&mut Seen)) {
    let (world, changes) = World::empty();
    let (wanted, told) = watch::channel(BTreeSet::new());
    let mut seen = Seen { wanted, changes, why: String::new() };
    let watch = watch_secrets(client, told, world, SystemClock::new());
    during(watch, body(&mut seen)).await;
}

fn secret(namespace: &str, name: &str, certificate: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"namespace": namespace, "name": name},
        "stringData": {"tls.crt": certificate, "tls.key": "key"},
    })
}

#[tokio::test]
async fn a_secret_is_seen_from_being_wanted_to_being_wanted_no_more() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let namespace = plane.namespace(&client, "secrets").await;
    let key = |name| ObjectKey::new(&namespace, name);
    plane.apply(&secret(&namespace, "a", "1")).expect("it is good");
    plane.apply(&secret(&namespace, "unwanted", "1")).expect("it is good");
    watching(client, async |seen| {
        seen.want(&key("a"));
        assert_eq!(seen.next().await, "a there");
        seen.want(&key("b"));
        assert_eq!(seen.next().await, "b missing");
        // The watch is open by now or soon; either way, what comes is seen.
        plane.apply(&secret(&namespace, "unwanted", "2")).expect("it is good");
        plane.apply(&secret(&namespace, "b", "1")).expect("it is good");
        assert_eq!(seen.next().await, "b there");
        plane.apply(&secret(&namespace, "a", "2")).expect("it is good");
        assert_eq!(seen.next().await, "a there", "it was renewed");
        plane.kubectl(&["annotate", "secret", "a", "-n", &namespace, "nobody=cares"]);
        plane.kubectl(&["delete", "secret", "b", "-n", &namespace]);
        assert_eq!(seen.next().await, "b missing", "the annotation was told as a change");
        seen.want_no_more(&key("b"));
        assert_eq!(seen.next().await, "b forgotten");
        seen.want_no_more(&key("a"));
        assert_eq!(seen.next().await, "a forgotten");
        seen.want(&key("a"));
        assert_eq!(seen.next().await, "a there");
    })
    .await;
}

/// Roles that allow to read one Secret by its name, and nothing more.
#[tokio::test]
async fn where_a_namespace_may_not_be_watched_its_secrets_are_read_all_the_same() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace(&plane.client().await, "secrets").await;
    let key = |name| ObjectKey::new(&namespace, name);
    let meta = json!({"namespace": namespace, "name": "reader"});
    plane.kubectl(&["create", "serviceaccount", "reader", "-n", &namespace]);
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": meta,
        "rules": [
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get"]},
        ],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": "reader"}],
    });
    for manifest in [role, binding, secret(&namespace, "a", "1"), secret(&namespace, "b", "1")] {
        plane.apply(&manifest).expect("it is good");
    }
    albedo::clock::sleep(Duration::from_secs(1)).await;
    watching(plane.client_of(&namespace, "reader").await, async |seen| {
        seen.want(&key("a"));
        assert_eq!(seen.next().await, "a there");
        seen.want(&key("b"));
        assert_eq!(seen.next().await, "b unreadable");
        seen.want_no_more(&key("b"));
        assert_eq!(seen.next().await, "b forgotten");
    })
    .await;
}

#[tokio::test]
async fn whoever_may_not_read_a_secret_is_told_what_lets_it() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace(&plane.client().await, "secrets").await;
    plane.apply(&secret(&namespace, "a", "1")).expect("it is good");
    watching(plane.client_of("kube-system", "albedo").await, async |seen| {
        seen.want(&ObjectKey::new(&namespace, "a"));
        assert_eq!(seen.next().await, "a unreadable");
        let why = std::mem::take(&mut seen.why);
        let (_, command) = why.split_once("; to let it: kubectl ").expect("it says what to do");
        plane.kubectl(&command.split(' ').collect::<Vec<_>>());
        while seen.next().await != "a there" {}
    })
    .await;
}
