//! An app behind a load balancer that is rolled over while clients ask.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};

use super::clients::{Asked, Clients, Door};
use super::localstack::Account;
use super::nodes::{NodeSpec, Nodes, PORT, Policy};
use super::objects::{ingress, service};
use super::stage::{ADDRESSES, Stage, until};
use super::state::text;

/// What the app, its Service, its Ingress are called.
pub const APP: &str = "web";
/// The host that clients ask for.
pub const HOST: &str = "r.example.com";
/// How many times as fast as AWS's the health checks of the data plane are.
const CHECKS_SPEED: u32 = 10;

/// A certificate for the app's host, which nobody but itself has signed.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Identity {
    /// A new one.
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().expect("there is randomness");
        let asked = rcgen::CertificateParams::new([HOST.to_owned()]).expect("it is a host");
        let made = asked.self_signed(&key).expect("its key can sign");
        Self { certificate: made.der().clone(), key: key.serialize_der() }
    }

    /// Imports it: its ARN.
    pub fn import(&self, account: &Account) -> String {
        let certificate = pem("CERTIFICATE", &self.certificate);
        let import =
            json!({"Certificate": certificate, "PrivateKey": pem("PRIVATE KEY", &self.key)});
        text(&account.call("acm", "ImportCertificate", &import), "CertificateArn")
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// How the pods of an app are.
#[derive(Clone, Copy, Debug)]
pub struct App {
    /// How many there are.
    pub replicas: u32,
    /// For how long they go on once they should end, in seconds; nothing without a preStop hook.
    pub pre_stop: Option<u32>,
    /// When they are killed, in seconds.
    pub grace: u32,
    /// How many times as fast as the clock those pass.
    pub speed: u32,
    /// Which of the addresses that no other test has are theirs: three times as many as replicas.
    pub place: usize,
}

/// An app with a load balancer, which serves it.
pub struct Rollout {
    /// Where it plays.
    pub stage: Stage,
    /// The nodes.
    pub nodes: Nodes,
    app: App,
    gate: Option<String>,
    turn: u32,
}

impl Rollout {
    /// A stage whose targets are checked.
    pub async fn stage(stem: &str) -> Stage {
        let stage = Stage::with_controllers(stem).await;
        let settings = json!({
            "elbv2.real-health-checks": 1, "elbv2.health-check-speed": CHECKS_SPEED,
        });
        stage.account.ask("POST", "settings", Some(json!({"settings": settings}))).await;
        stage
    }

    /// The app on these nodes, once it is served. A controller has to run on the stage.
    pub async fn start(
        stage: Stage,
        app: App,
        (nodes, service_type): (&[NodeSpec], &str),
        annotations: &[(&str, &str)],
    ) -> Self {
        let first = ADDRESSES as usize + app.place;
        let addresses = &stage.ground.addresses[first..first + 3 * app.replicas as usize];
        let nodes = Nodes::start(&stage, nodes, (addresses, app.speed)).await;
        let mut web = service(APP);
        let (service_type, policy) = service_type.split_once(", ").unwrap_or((service_type, ""));
        web["spec"]["type"] = service_type.into();
        if !policy.is_empty() {
            web["spec"]["externalTrafficPolicy"] = policy.into();
        }
        stage.apply(&[web, Self::ingress(&stage, annotations)]).await;
        let binding = until("there is a binding", async || {
            let bindings = stage.list("TargetGroupBinding").await;
            bindings.first().map(|binding| (text(&binding["metadata"], "name"), binding.clone()))
        })
        .await;
        let is_pods = binding.1["spec"]["targetType"] == "ip";
        let gate = is_pods.then_some(format!("target-health.elbv2.k8s.aws/{}", binding.0));
        let mut rollout = Self { stage, nodes, app, gate, turn: 0 };
        rollout.update().await;
        rollout
    }

    /// The app's Ingress, whose targets are looked at often.
    pub fn ingress(stage: &Stage, annotations: &[(&str, &str)]) -> Value {
        let often = [
            ("scheme", "internet-facing"),
            ("healthcheck-interval-seconds", "5"),
            ("healthcheck-timeout-seconds", "2"),
        ];
        let annotations: Vec<(&str, &str)> =
            often.into_iter().chain(annotations.iter().copied()).collect();
        ingress(APP, &stage.class, &annotations, &[(HOST, "/", APP)])
    }

    /// The name of the app's binding.
    pub async fn binding(&self) -> String {
        text(&self.stage.list("TargetGroupBinding").await[0]["metadata"], "name")
    }

    /// Waits until no pod is there but the new ones.
    pub async fn old_pods_are_gone(&self) {
        until("the old pods are gone", async || {
            let left = self.stage.list("Pod").await.len();
            (left == self.app.replicas as usize).then_some(())
        })
        .await;
    }

    /// Changes what the pods are made from, and waits until all are new ones and get requests.
    pub async fn update(&mut self) {
        self.begin().await;
        self.finished().await;
    }

    /// Changes what the pods are made from.
    pub async fn begin(&mut self) {
        self.turn += 1;
        self.stage.apply(&[self.deployment()]).await;
    }

    /// Waits until all pods are new ones and get requests.
    pub async fn finished(&self) {
        let replicas = self.app.replicas;
        until("all pods are new ones", async || {
            let found = self.stage.get("Deployment", APP).await?;
            let count = |key: &str| found["status"][key].as_u64().unwrap_or_default();
            let is_seen = found["status"]["observedGeneration"] == found["metadata"]["generation"];
            let all = ["replicas", "updatedReplicas", "availableReplicas"].map(count);
            (is_seen && all == [u64::from(replicas); 3]).then_some(())
        })
        .await;
    }

    fn deployment(&self) -> Value {
        let App { replicas, pre_stop, grace, .. } = self.app;
        let mut container = json!({
            "name": APP, "image": APP, "ports": [{"containerPort": PORT}],
        });
        if let Some(seconds) = pre_stop {
            container["lifecycle"] = json!({"preStop": {"sleep": {"seconds": seconds}}});
        }
        let gates: Vec<Value> =
            self.gate.iter().map(|kind| json!({"conditionType": kind})).collect();
        let labels = json!({"app": APP});
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": APP},
            "spec": {
                "replicas": replicas, "selector": {"matchLabels": labels},
                "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
                "template": {
                    "metadata": {"labels": labels, "annotations": {"turn": self.turn.to_string()}},
                    "spec": {
                        "terminationGracePeriodSeconds": grace, "containers": [container],
                        "readinessGates": gates,
                    },
                },
            },
        })
    }

    /// Waits until a node is a target no more, or drains.
    pub async fn is_no_target(&self, node: &NodeSpec) {
        let (id, _) = node.instance.as_ref().expect("it is an instance");
        until("the node is no target", async || {
            let groups = self.stage.account.call("elbv2", "DescribeTargetGroups", &json!({}));
            let of = json!({"TargetGroupArn": groups["TargetGroups"][0]["TargetGroupArn"]});
            let found = self.stage.account.call("elbv2", "DescribeTargetHealth", &of);
            let targets = found["TargetHealthDescriptions"].as_array().cloned();
            let mut own = targets.into_iter().flatten().filter(|one| one["Target"]["Id"] == **id);
            own.all(|one| one["TargetHealth"]["State"] == "draining").then_some(())
        })
        .await;
    }

    /// Nodes answer for the app from now on at the port that its Service has on each.
    pub async fn answer_at_node_port(&mut self, nodes: &[NodeSpec], policy: Policy) {
        let service = self.stage.get("Service", APP).await.expect("it was made");
        let port = service["spec"]["ports"][0]["nodePort"].as_u64().expect("it has one");
        let port = u16::try_from(port).expect("it is a port");
        self.nodes.answer_at(nodes, port, policy).await;
    }

    /// Waits until nothing is left of target groups that speak another version of HTTP.
    pub async fn speaks(&self, version: &str) {
        until("the old target group is gone", async || {
            let found = self.stage.account.call("elbv2", "DescribeTargetGroups", &json!({}));
            let groups = found["TargetGroups"].as_array().cloned().unwrap_or_default();
            let all = groups.iter().all(|group| group["ProtocolVersion"] == version);
            (all && !groups.is_empty()).then_some(())
        })
        .await;
    }

    /// Begins to ask the app over TLS, once it is served.
    pub async fn ask_over_tls(&self, asks: Asked, rate: u32, identity: &Identity) -> Clients {
        self.is_served().await;
        let door = Door::of(&self.stage.account, HOST, 443).await;
        let door = Door { asks, ..door.trusting(identity.certificate.clone()) };
        Clients::start(&door, rate)
    }

    /// Waits until everything that is registered is well, and served.
    async fn is_served(&self) {
        until("all targets are well", async || {
            let groups = self.stage.account.call("elbv2", "DescribeTargetGroups", &json!({}));
            let of = json!({"TargetGroupArn": groups["TargetGroups"][0]["TargetGroupArn"]});
            let found = self.stage.account.call("elbv2", "DescribeTargetHealth", &of);
            let targets = found["TargetHealthDescriptions"].as_array().cloned()?;
            let is_well = |one: &Value| one["TargetHealth"]["State"] == "healthy";
            (!targets.is_empty() && targets.iter().all(is_well)).then_some(())
        })
        .await;
        self.stage.account.ask("GET", "settled", None).await;
    }

    /// Begins to ask the app, once it is served.
    pub async fn ask(&self, rate: u32) -> Clients {
        self.is_served().await;
        Clients::start(&Door::of(&self.stage.account, HOST, 80).await, rate)
    }
}
