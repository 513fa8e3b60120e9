//! Nodes as far as load balancers and the API server can tell: pods are bound to them, answer HTTP
//! at their addresses, get ready, and end as Kubernetes has it; and each node answers at node ports
//! for Services, as kube-proxy does.
//!
//! A pod `10.a.b.c` answers at `127.a.b.c`, where the data plane reaches it, HTTP/1.1, HTTP/2 and
//! gRPC at the same port; what it says is its address.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Node, Pod, PodCondition};
use kube::api::{
    Api, DeleteParams, EvictParams, ListParams, Patch, PatchParams, PostParams, Preconditions,
    WatchEvent, WatchParams,
};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::serving::{self, reached};
use super::stage::{PAUSE, Stage, until};
use super::state::text;

/// The port that pods listen on.
pub const PORT: u16 = 8080;
/// How long a process goes on after SIGTERM with answers that end their connections, at the most:
/// a connection that is closed while a request comes on it is that request's end.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// How long a watch lasts; kubelets' are as long (client-go).
const WATCH_SECONDS: u32 = 290;

/// A node.
#[derive(Clone, Debug)]
pub struct NodeSpec {
    /// What it is called, behind the namespace's name.
    pub name: &'static str,
    /// The instance that it is, and that one's private address, where it is one.
    pub instance: Option<(String, String)>,
}

/// A new instance of the stage's, in the nodes' security group: its id and its private address.
pub fn instance(stage: &Stage) -> (String, String) {
    let images = stage.account.call("ec2", "DescribeImages", &json!({}));
    let made = stage.account.call(
        "ec2",
        "RunInstances",
        &json!({
            "ImageId": images["Images"][0]["ImageId"], "MinCount": 1, "MaxCount": 1,
            "SubnetId": stage.ground.subnets[0].1, "SecurityGroupIds": [stage.ground.nodes],
        }),
    );
    let made = &made["Instances"][0];
    (text(made, "InstanceId"), text(made, "PrivateIpAddress"))
}

/// Nodes with their pods, all of one namespace. They end when this is dropped.
pub struct Nodes {
    inner: Arc<Inner>,
    tasks: JoinSet<()>,
}

struct Inner {
    pods: Api<Pod>,
    nodes: Api<Node>,
    /// The names of the nodes.
    names: Vec<String>,
    /// How many times as fast as the clock preStop and grace periods pass.
    speed: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Addresses that no pod has.
    free: VecDeque<String>,
    /// Pods that answer, by their address: the node, and whether Kubernetes sends them requests.
    serving: BTreeMap<String, (String, bool)>,
    /// The next of them in turn.
    turn: usize,
    /// How many pods were bound to nodes so far.
    bound: usize,
}

/// What becomes of requests to a node port on a node without a pod (`externalTrafficPolicy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Another node's pod gets them.
    Cluster,
    /// Nobody does.
    Local,
}

impl Nodes {
    /// Nodes that are ready, with these addresses for pods.
    pub async fn start(stage: &Stage, specs: &[NodeSpec], (free, speed): (&[String], u32)) -> Self {
        let names: Vec<String> =
            specs.iter().map(|spec| format!("{}-{}", stage.namespace, spec.name)).collect();
        for (spec, name) in specs.iter().zip(&names) {
            stage.apply(&[node(stage, name, spec)]).await;
            // The API server gives new nodes the taint that they are not ready yet, which
            // Kubernetes takes away where its node controllers run.
            stage.patch("Node", name, &json!({"spec": {"taints": null}})).await;
        }
        let state = State { free: free.iter().cloned().collect(), ..State::default() };
        let inner = Arc::new(Inner {
            pods: Api::namespaced(stage.client.clone(), &stage.namespace),
            nodes: Api::all(stage.client.clone()),
            names,
            speed,
            state: Mutex::new(state),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(run(Arc::clone(&inner)));
        Self { inner, tasks }
    }

    /// Each node answers at a node port from now on.
    pub async fn answer_at(&mut self, specs: &[NodeSpec], port: u16, policy: Policy) {
        for (spec, name) in specs.iter().zip(self.inner.names.clone()) {
            let Some((_, address)) = &spec.instance else { continue };
            let listener = serving::listen(reached(address, port)).await;
            let inner = Arc::clone(&self.inner);
            let choose = move || inner.lock().next((policy == Policy::Local).then_some(&name));
            self.tasks.spawn(serving::pass_on(listener, choose));
        }
    }

    /// `kubectl drain`: takes no new pods, and those that it has are evicted.
    pub async fn drain(&self, node: usize) {
        let name = &self.inner.names[node];
        let cordon = json!({"spec": {"unschedulable": true}});
        let params = PatchParams::default();
        self.inner.nodes.patch(name, &params, &Patch::Merge(cordon)).await.expect("it is there");
        let on_node = ListParams::default().fields(&format!("spec.nodeName={name}"));
        for pod in self.inner.pods.list(&on_node).await.expect("the API server answers") {
            let name = pod.metadata.name.unwrap_or_default();
            let evicted = self.inner.pods.evict(&name, &EvictParams::default()).await;
            evicted.expect("no budget forbids it");
        }
        until("the node is empty", async || {
            self.inner.lock().serving.values().all(|(on, _)| on != name).then_some(())
        })
        .await;
    }

    /// `kubectl taint`: what autoscalers write before they take a node away.
    pub async fn taint(&self, node: usize, key: &str) {
        let taints = json!({"spec": {"taints": [{"key": key, "effect": "NoSchedule"}]}});
        let name = &self.inner.names[node];
        let params = PatchParams::default();
        self.inner.nodes.patch(name, &params, &Patch::Merge(taints)).await.expect("it is there");
    }

    /// Takes the nodes out of the cluster, so that no other test meets them.
    pub async fn remove(mut self) {
        self.tasks.shutdown().await;
        for name in &self.inner.names {
            let _ = self.inner.nodes.delete(name, &DeleteParams::default()).await;
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds of a pod's spec, as they pass here.
    fn seconds(&self, seconds: i64) -> Duration {
        Duration::from_secs(seconds.unsigned_abs()) / self.speed
    }

    /// A node that takes new pods, one after the other.
    async fn choose(&self) -> Option<String> {
        let mut open = Vec::new();
        for name in &self.names {
            let spec = self.nodes.get(name).await.ok()?.spec.unwrap_or_default();
            let is_open = spec.unschedulable != Some(true)
                && spec
                    .taints
                    .unwrap_or_default()
                    .iter()
                    .all(|taint| taint.effect == "PreferNoSchedule");
            open.extend(is_open.then_some(name));
        }
        let mut state = self.lock();
        let turn = state.bound.checked_rem(open.len())?;
        state.bound += 1;
        Some(open[turn].clone())
    }
}

impl State {
    /// Where the next request goes: to pods that Kubernetes sends requests, and where there are
    /// none to those that end, as kube-proxy has it.
    fn next(&mut self, only_on: Option<&String>) -> Option<SocketAddr> {
        let all =
            || self.serving.iter().filter(|(_, (node, _))| only_on.is_none_or(|on| on == node));
        let mut open: Vec<&String> =
            all().filter(|(_, (_, is_ready))| *is_ready).map(|(address, _)| address).collect();
        if open.is_empty() {
            open = all().map(|(address, _)| address).collect();
        }
        let turn = self.turn.checked_rem(open.len())?;
        let chosen = reached(open[turn], PORT);
        self.turn = self.turn.wrapping_add(1);
        Some(chosen)
    }
}

fn node(stage: &Stage, name: &str, spec: &NodeSpec) -> Value {
    let zone = &stage.ground.subnets[0].0;
    let provider = spec.instance.as_ref().map(|(id, _)| format!("aws:///{zone}/{id}"));
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"stage": stage.namespace, "topology.kubernetes.io/zone": zone},
        },
        "spec": {"providerID": provider},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// Sees every pod of the namespace, and lives its life.
async fn run(inner: Arc<Inner>) {
    let mut lives: BTreeMap<String, watch::Sender<Pod>> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let mut see = |pod: Pod| {
        let Some(uid) = pod.metadata.uid.clone() else { return };
        match lives.get(&uid) {
            Some(life) => _ = life.send_replace(pod),
            None => {
                let (life, seen) = watch::channel(pod);
                tasks.spawn(live(Arc::clone(&inner), seen));
                lives.insert(uid, life);
            }
        }
    };
    loop {
        let Ok(listed) = inner.pods.list(&ListParams::default()).await else {
            albedo::clock::sleep(PAUSE).await;
            continue;
        };
        let version = listed.metadata.resource_version.clone().unwrap_or_default();
        listed.items.into_iter().for_each(&mut see);
        let params = WatchParams::default().timeout(WATCH_SECONDS);
        let Ok(events) = inner.pods.watch(&params, &version).await else { continue };
        let mut events = std::pin::pin!(events);
        while let Some(Ok(event)) = events.next().await {
            match event {
                WatchEvent::Added(pod) | WatchEvent::Modified(pod) => see(pod),
                WatchEvent::Error(_) => break,
                WatchEvent::Deleted(_) | WatchEvent::Bookmark(_) => {}
            }
        }
    }
}

/// The life of a pod, from nowhere to its end.
async fn live(inner: Arc<Inner>, mut seen: watch::Receiver<Pod>) {
    let pod = seen.borrow_and_update().clone();
    let name = pod.metadata.name.clone().expect("it has a name");
    let uid = pod.metadata.uid.clone();
    let node = loop {
        let node = seen.borrow_and_update().spec.as_ref().and_then(|spec| spec.node_name.clone());
        match node {
            Some(node) => break node,
            // The API server takes one away by itself that is on no node.
            None if leaves(&seen.borrow()) => return,
            None => bind(&inner, &name).await,
        }
        albedo::clock::sleep(PAUSE).await;
    };
    if !inner.names.contains(&node) {
        return;
    }
    let address = inner.lock().free.pop_front().expect("there are addresses for all pods");
    let process = serving::Process::start(reached(&address, PORT), address.clone()).await;
    let started = [("PodScheduled", true), ("Initialized", true), ("ContainersReady", true)];
    let mut is_ready = None;
    while !leaves(&seen.borrow()) {
        let ready = gates_are_open(&seen.borrow());
        if is_ready != Some(ready) {
            let conditions = started.into_iter().chain([("Ready", ready)]);
            let conditions: Vec<Value> = conditions.map(condition).collect();
            let status = json!({"status": {
                "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
                "conditions": conditions,
            }});
            // Whoever changed the status meanwhile keeps what is theirs: conditions are merged.
            let params = PatchParams::default();
            let told = inner.pods.patch_status(&name, &params, &Patch::Strategic(status)).await;
            is_ready = told.is_ok().then_some(ready);
            inner.lock().serving.insert(address.clone(), (node.clone(), ready));
        }
        if is_ready.is_none() {
            albedo::clock::sleep(PAUSE).await;
        } else if seen.changed().await.is_err() {
            return;
        }
    }
    let pod = seen.borrow().clone();
    if let Some(serving) = inner.lock().serving.get_mut(&address) {
        serving.1 = false;
    }
    end(&inner, &pod, process).await;
    let params = DeleteParams {
        grace_period_seconds: Some(0),
        preconditions: Some(Preconditions { uid, resource_version: None }),
        ..DeleteParams::default()
    };
    let _ = inner.pods.delete(&name, &params).await;
    let mut state = inner.lock();
    state.serving.remove(&address);
    state.free.push_back(address);
}

/// The preStop hook, SIGTERM, and SIGKILL when the grace period is over.
async fn end(inner: &Inner, pod: &Pod, process: serving::Process) {
    let grace = inner.seconds(pod.metadata.deletion_grace_period_seconds.unwrap_or_default());
    let spec = pod.spec.as_ref().expect("it has one");
    let hook = spec.containers[0].lifecycle.as_ref().and_then(|all| all.pre_stop.as_ref());
    let hook = hook.and_then(|hook| hook.sleep.as_ref()).map_or(0, |sleep| sleep.seconds);
    let hook = inner.seconds(hook).min(grace);
    albedo::clock::sleep(hook).await;
    // Whoever has thought of how a pod ends has thought of its connections, too.
    let last_answers =
        if hook.is_zero() { hook } else { LAST_ANSWERS.min(grace.saturating_sub(hook)) };
    process.terminate(last_answers).await;
}

async fn bind(inner: &Inner, pod: &str) {
    let Some(node) = inner.choose().await else { return };
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod},
        "target": {"apiVersion": "v1", "kind": "Node", "name": node},
    });
    // One that has gone meanwhile is seen again, or never.
    let _: Result<Value, _> =
        inner.pods.create_subresource("binding", pod, &PostParams::default(), &binding).await;
}

fn leaves(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// Whether all readiness gates of a pod are open.
fn gates_are_open(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_deref());
    let open = conditions.into_iter().flatten().filter(|condition| condition.status == "True");
    let open: BTreeSet<&str> =
        open.map(|condition: &PodCondition| condition.type_.as_str()).collect();
    let gates = pod.spec.as_ref().and_then(|spec| spec.readiness_gates.as_deref());
    gates.into_iter().flatten().all(|gate| open.contains(gate.condition_type.as_str()))
}

fn condition((kind, is_so): (&str, bool)) -> Value {
    json!({"type": kind, "status": if is_so { "True" } else { "False" }})
}
