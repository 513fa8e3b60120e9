//! Watching: what happens reaches the store and is told, once.

use std::sync::Arc;
use std::time::Duration;

use albedo::clock::{Clock, SystemClock};
use albedo::cluster::{Progress, Sight, watch_all};
use albedo::model::binding::PortRef;
use albedo::model::id::ObjectKey;
use albedo::model::index::{Change, Turn};
use kube::Client;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::replica::{Replica, Switch, first};
use super::world::World;
use super::{during, soon};
use crate::support::control_plane::ControlPlane;

/// What a watcher of the cluster has seen.
struct Seen {
    world: Arc<World>,
    changes: mpsc::UnboundedReceiver<Change>,
    progress: watch::Receiver<Progress>,
    sight: Sight,
    clock: SystemClock,
    /// Only changes of objects whose names begin so count: other tests work in the same cluster.
    prefix: String,
}

impl Seen {
    /// Waits until a complete list of every kind has come.
    async fn complete(&mut self) {
        let complete = self.progress.wait_for(Progress::is_complete);
        drop(soon("a complete list of every kind", complete).await.expect("the watch goes on"));
    }

    /// The kinds whose watches have failed.
    fn failures(&self) -> Vec<&'static str> {
        let progress = self.progress.borrow();
        progress.failures().filter(|(_, count)| *count > 0).map(|(kind, _)| kind).collect()
    }

    /// The next change that counts, in one line.
    async fn next(&mut self) -> String {
        soon("a change", async {
            loop {
                let change = self.changes.recv().await.expect("the watch goes on");
                let (line, name) = describe(&change);
                if name.starts_with(&self.prefix) {
                    return line;
                }
            }
        })
        .await
    }

    /// The next changes that count, in whatever order kinds and objects come.
    async fn next_sorted(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..count {
            lines.push(self.next().await);
        }
        lines.sort();
        lines
    }
}

/// Whether the watch of a kind has ever failed.
fn has_failed(progress: &Progress, kind: &str) -> bool {
    progress.failures().any(|(failed, count)| failed == kind && count > 0)
}

/// A change in one line, and the namespace or name by which tests tell theirs from others'.
fn describe(change: &Change) -> (String, String) {
    fn object<T>(kind: &str, turn: &Turn<ObjectKey, T>) -> (String, String) {
        (line(kind, &turn.key.name, turn), turn.key.namespace.to_string())
    }
    fn wide<T>(kind: &str, turn: &Turn<String, T>) -> (String, String) {
        (line(kind, &turn.key, turn), turn.key.clone())
    }
    fn line<K, T>(kind: &str, name: &str, turn: &Turn<K, T>) -> String {
        let sign = match (&turn.old, &turn.new) {
            (None, Some(_)) => '+',
            (Some(_), Some(_)) => '~',
            (Some(_), None) => '-',
            (None, None) => '?',
        };
        format!("{sign}{kind} {name}")
    }
    match change {
        Change::Ingress(turn) => object("Ingress", turn),
        Change::Class(turn) => wide("IngressClass", turn),
        Change::Params(turn) => wide("IngressClassParams", turn),
        Change::Policy(turn) => wide("TenantPolicy", turn),
        Change::Service(turn) => object("Service", turn),
        Change::Slice(turn) => object("EndpointSlice", turn),
        Change::Pod(turn) => object("Pod", turn),
        Change::Node(turn) => wide("Node", turn),
        Change::Namespace(turn) => wide("Namespace", turn),
        Change::Binding(turn) => object("TargetGroupBinding", turn),
        Change::Secret(turn) => object("Secret", turn),
    }
}

/// Watches while `body` works.
async fn watching(
    client: Client,
    namespace: Option<&str>,
    prefix: &str,
    body: impl AsyncFnOnce(&mut Seen),
) {
    let (world, changes) = World::empty();
    let (sight, clock) = (Sight::new(), SystemClock::new());
    let mut seen = Seen {
        world: Arc::clone(&world),
        changes,
        progress: sight.progress(),
        sight: sight.clone(),
        clock,
        prefix: prefix.to_owned(),
    };
    let namespace = namespace.map(str::to_owned);
    during(watch_all(client, namespace, world, clock, sight), body(&mut seen)).await;
}

fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name},
        "spec": {"containers": [{"name": "web", "image": "web"}]},
    })
}

/// Says of a pod, as its kubelet would, that its containers are ready.
fn make_ready(plane: &ControlPlane, namespace: &str, pod: &str) {
    let status = r#"{"status":{"conditions":[{"type":"ContainersReady","status":"True"}]}}"#;
    let patch = ["patch", "pod", pod, "-n", namespace, "--subresource=status", "-p", status];
    plane.kubectl(&patch);
}

fn slice(namespace: &str, service: &str) -> Value {
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "namespace": namespace, "name": "s", "labels": {"kubernetes.io/service-name": service},
        },
        "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 8080}],
    })
}

/// One object of every kind but the namespace itself.
fn one_of_each(namespace: &str) -> Vec<Value> {
    let meta = json!({"namespace": namespace, "name": "x"});
    let wide = json!({"name": format!("{namespace}-x")});
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    vec![
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta,
            "spec": {"defaultBackend": backend}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": wide,
            "spec": {"controller": "alb.ingress.k8s.aws/albedo"}}),
        json!({"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams", "metadata": wide,
            "spec": {"scheme": "internal"}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": meta,
            "spec": {"ports": [{"port": 80}]}}),
        slice(namespace, "web"),
        pod(namespace, "x"),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": wide,
            "spec": {"providerID": "aws:///us-east-1a/i-0a"}}),
        json!({"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding", "metadata": meta,
            "spec": {"targetGroupARN": "arn", "serviceRef": {"name": "web", "port": 80}}}),
    ]
}

#[tokio::test]
async fn every_kind_is_seen_coming_and_going() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let namespace = plane.namespace(&client, "watch").await;
    watching(client, None, &namespace, async |seen| {
        seen.complete().await;
        assert_eq!(seen.next().await, format!("+Namespace {namespace}"));
        for manifest in one_of_each(&namespace) {
            let (kind, name) = (manifest["kind"].as_str().expect("a kind"), super::name(&manifest));
            plane.apply(&manifest).expect("it is good");
            assert_eq!(seen.next().await, format!("+{kind} {name}"));
        }
        for manifest in one_of_each(&namespace) {
            let (kind, name) = (manifest["kind"].as_str().expect("a kind"), super::name(&manifest));
            // Nobody runs here who would answer a graceful deletion.
            plane.kubectl(&["delete", kind, name, "-n", &namespace, "--grace-period=0", "--force"]);
            let mut line = seen.next().await;
            if line.starts_with('~') {
                line = seen.next().await;
            }
            assert_eq!(line, format!("-{kind} {name}"));
        }
        let objects = seen.world.objects();
        assert!(objects.slices.keys().all(|key| key.namespace != namespace), "its slice is gone");
    })
    .await;
}

#[tokio::test]
async fn only_changes_that_matter_are_told() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let namespace = plane.namespace(&client, "watch").await;
    plane.apply(&pod(&namespace, "x")).expect("it is good");
    watching(client, Some(&namespace), &namespace, async |seen| {
        seen.complete().await;
        assert_eq!(seen.next_sorted(2).await, [format!("+Namespace {namespace}"), "+Pod x".into()]);
        plane.kubectl(&["annotate", "pod", "x", "-n", &namespace, "nobody=cares"]);
        make_ready(plane, &namespace, "x");
        assert_eq!(seen.next().await, "~Pod x");
        let pod = Arc::clone(&seen.world.objects().pods[&ObjectKey::new(&namespace, "x")]);
        assert!(pod.containers_ready);
        plane.apply(&self::pod(&namespace, "y")).expect("it is good");
        assert_eq!(seen.next().await, "+Pod y", "the annotation was told as a change");
    })
    .await;
}

#[tokio::test]
async fn a_slice_that_changes_hands_moves() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let namespace = plane.namespace(&client, "watch").await;
    plane.apply(&slice(&namespace, "a")).expect("it is good");
    watching(client, Some(&namespace), &namespace, async |seen| {
        seen.complete().await;
        seen.next_sorted(2).await;
        plane.apply(&slice(&namespace, "b")).expect("it is good");
        assert_eq!(seen.next().await, "~EndpointSlice s");
        let services: Vec<ObjectKey> = seen.world.objects().slices.keys().cloned().collect();
        assert_eq!(services, [ObjectKey::new(&namespace, "b")]);
        plane.kubectl(&[
            "label",
            "endpointslice",
            "s",
            "-n",
            &namespace,
            "kubernetes.io/service-name-",
        ]);
        assert_eq!(seen.next().await, "-EndpointSlice s");
    })
    .await;
}

#[tokio::test]
async fn a_watch_of_one_namespace_sees_no_other() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let here = plane.namespace(&client, "watch-here").await;
    let there = plane.namespace(&client, "watch-there").await;
    plane.apply(&pod(&there, "x")).expect("it is good");
    plane.apply(&pod(&here, "x")).expect("it is good");
    watching(client, Some(&here), "watch-", async |seen| {
        seen.complete().await;
        let pods: Vec<ObjectKey> = seen.world.objects().pods.keys().cloned().collect();
        assert_eq!(pods, [ObjectKey::new(&here, "x")]);
    })
    .await;
}

/// What the API server lets in and nobody can use. If a list could not be read because of one such
/// object, whoever may write it in one namespace could stop everything.
#[tokio::test]
async fn objects_that_cannot_be_right_spoil_no_list() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let namespace = plane.namespace(&client, "watch").await;
    let meta = json!({
        "namespace": namespace, "name": "odd", "labels": {"kubernetes.io/service-name": "web"},
    });
    let odd = [
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta,
            "addressType": "IPv4", "endpoints": [], "ports": [{"name": "odd", "port": 70000}]}),
        json!({"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
            "metadata": meta, "spec": {"serviceRef": {"name": "web", "port": 5_000_000_000_u64}}}),
        json!({"apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams",
            "metadata": {"name": format!("{namespace}-odd")}}),
    ];
    for manifest in &odd {
        plane.apply(manifest).expect("the API server takes it");
    }
    watching(client, Some(&namespace), &namespace, async |seen| {
        seen.complete().await;
        assert_eq!(seen.failures(), Vec::<&str>::new());
        let objects = seen.world.objects();
        let key = ObjectKey::new(&namespace, "odd");
        let port = &objects.bindings[&key].spec.service_ref.port;
        assert_eq!(port, &PortRef::Name("5000000000".into()));
        let slices = &objects.slices[&ObjectKey::new(&namespace, "web")];
        assert_eq!(slices["odd"].ports, []);
    })
    .await;
}

/// Another API server of the same control plane knows nothing of what the first has sent, so
/// everything is listed anew.
#[tokio::test]
async fn a_failover_tells_exactly_what_happened_meanwhile() {
    let plane = ControlPlane::start("failover");
    plane.install_crds();
    let direct = plane.client().await;
    let namespace = plane.namespace(&direct, "watch").await;
    for name in ["stays", "changes", "leaves"] {
        plane.apply(&pod(&namespace, name)).expect("it is good");
    }
    let switch = Switch::to(first(&plane)).await;
    let client = plane.client_by_way_of(switch.address()).await;
    let watched = watching(client, Some(&namespace), &namespace, async |seen| {
        seen.complete().await;
        seen.next_sorted(4).await;
        switch.turn(None);
        let cut = seen.progress.wait_for(|progress| has_failed(progress, "Pod"));
        drop(soon("the outage is noticed", cut).await.expect("the watch goes on"));
        plane.kubectl(&[
            "delete",
            "pod",
            "leaves",
            "-n",
            &namespace,
            "--grace-period=0",
            "--force",
        ]);
        make_ready(&plane, &namespace, "changes");
        plane.apply(&pod(&namespace, "comes")).expect("it is good");
        let replica = Replica::start(&plane).await;
        switch.turn(Some(replica.address));
        assert_eq!(seen.next_sorted(3).await, ["+Pod comes", "-Pod leaves", "~Pod changes"]);
        plane.apply(&pod(&namespace, "last")).expect("it is good");
        assert_eq!(seen.next().await, "+Pod last");
    });
    during(switch.serve(), watched).await;
    plane.stop();
}

#[tokio::test]
async fn without_the_crds_all_else_is_seen_and_nothing_ends() {
    let plane = ControlPlane::start("bare");
    let custom = ["IngressClassParams", "TargetGroupBinding"];
    watching(plane.client().await, None, "", async |seen| {
        let native = |progress: &Progress| {
            progress.awaited().eq(custom) && custom.iter().all(|kind| has_failed(progress, kind))
        };
        let waited = seen.progress.wait_for(native);
        drop(soon("only custom kinds are missing", waited).await.expect("the watch goes on"));
        plane.install_crds();
        seen.complete().await;
    })
    .await;
    plane.stop();
}

/// The proof is cheap: nothing is listed anew, so nothing is told, and it takes a moment.
#[tokio::test]
async fn what_is_known_is_proved_to_be_as_new_as_a_moment() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let namespace = plane.namespace(&client, "watch").await;
    watching(client, None, &namespace, async |seen| {
        seen.complete().await;
        assert_eq!(seen.next().await, format!("+Namespace {namespace}"));
        plane.apply(&pod(&namespace, "x")).expect("it is good");
        let now = seen.clock.moment();
        assert!(!seen.progress.borrow().is_fresh(now));
        let proof = tokio::time::timeout(Duration::from_secs(15), seen.sight.fresh(now));
        proof.await.expect("every kind proves it");
        let took = seen.clock.moment().since(now);
        assert!(took < Duration::from_secs(8), "it took {took:?}");
        let key = ObjectKey::new(&namespace, "x");
        assert!(seen.world.objects().pods.contains_key(&key), "what had happened before is known");
        println!("proved in {took:?}");
        assert_eq!(seen.failures(), Vec::<&str>::new());
    })
    .await;
}

/// A connection that nothing comes through any more, though nobody has ended it.
#[tokio::test]
async fn a_connection_that_has_gone_dumb_keeps_nobody_from_a_proof() {
    let plane = ControlPlane::start("dumb");
    plane.install_crds();
    let namespace = plane.namespace(&plane.client().await, "watch").await;
    let switch = Switch::to(first(&plane)).await;
    let client = plane.client_by_way_of(switch.address()).await;
    let watched = watching(client, Some(&namespace), &namespace, async |seen| {
        seen.complete().await;
        assert_eq!(seen.next().await, format!("+Namespace {namespace}"));
        switch.go_dumb();
        plane.apply(&pod(&namespace, "x")).expect("it is good");
        let now = seen.clock.moment();
        soon("every kind proves it", seen.sight.fresh(now)).await;
        assert_eq!(seen.next().await, "+Pod x");
    });
    during(switch.serve(), watched).await;
    plane.stop();
}
