//! Where a test plays: an account with subnets and a node's network interface, a namespace, a
//! class.

use std::path::PathBuf;
use std::time::Duration;

use kube::Client;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams,
};
use serde_json::{Value, json};

use super::control_plane::ControlPlane;
use super::controller::{Controller, Planned, albedo};
use super::localstack::{Account, Call, account, is_passing};
use super::objects;

/// How long anything may take on two busy cores before it counts as never.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How often something awaited is looked for.
pub const PAUSE: Duration = Duration::from_millis(50);
/// A controller that has made no call for so long has nothing to do, or waits.
const QUIET: Duration = Duration::from_millis(400);
/// What the controller may do in AWS.
const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/iam/policy.json");
/// The cluster's name, as in the recordings; accounts keep tests apart.
pub const CLUSTER: &str = "demo";

/// An account, and a namespace with a class of its own.
pub struct Stage {
    /// The account.
    pub account: Account,
    /// The control plane, which other tests share.
    pub plane: &'static ControlPlane,
    /// An administrator's client.
    pub client: Client,
    /// The namespace.
    pub namespace: String,
    /// The class.
    pub class: String,
    /// What the account held before anybody used it.
    pub ground: Ground,
    /// Whether no other namespace has anything in the account.
    pub is_alone: bool,
}

/// What an account holds before anybody uses it, as observe.py of the recordings set it up.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The VPC.
    pub vpc: String,
    /// The two subnets, by zone.
    pub subnets: Vec<(String, String)>,
    /// The node's security group.
    pub nodes: String,
    /// The addresses that pods may have.
    pub addresses: Vec<String>,
}

/// How many pods a test may have; the recordings' are among them.
pub const ADDRESSES: u32 = 240;

/// How many pods get their addresses from each 256: round numbers are easy to tell apart.
const USED: u32 = 240;
/// How many a subnet of a default VPC holds, a /20 whose first 256 addresses are left to the nodes.
const SUBNET_MAX: u32 = 15 * USED;
/// The same of a /18.
const LARGE_SUBNET_MAX: u32 = 63 * USED;

/// Lays out an account: subnets for both roles in two zones, and a node whose interface holds all
/// pods; or several, where they are more than a subnet holds.
pub fn ground(account: &Account, addresses: u32) -> Ground {
    let found = account.call("ec2", "DescribeSubnets", &json!({}));
    let mut subnets: Vec<(String, String, String)> = found["Subnets"]
        .as_array()
        .expect("there are subnets")
        .iter()
        .map(|subnet| {
            let text = |key: &str| subnet[key].as_str().expect("it is text").to_owned();
            (text("AvailabilityZone"), text("SubnetId"), text("CidrBlock"))
        })
        .collect();
    subnets.sort();
    subnets.truncate(2);
    let vpc = found["Subnets"][0]["VpcId"].as_str().expect("it has a VPC").to_owned();
    for (_, id, _) in &subnets {
        let roles = ["elb", "internal-elb"];
        let tags =
            roles.map(|role| json!({"Key": format!("kubernetes.io/role/{role}"), "Value": "1"}));
        account.call("ec2", "CreateTags", &json!({"Resources": [id], "Tags": tags}));
    }
    let owned = json!([{"ResourceType": "security-group",
        "Tags": [{"Key": "kubernetes.io/cluster/demo", "Value": "owned"}]}]);
    let nodes = account.call(
        "ec2",
        "CreateSecurityGroup",
        &json!({
            "GroupName": "nodes", "Description": "nodes", "VpcId": vpc, "TagSpecifications": owned,
        }),
    );
    let nodes = nodes["GroupId"].as_str().expect("it has an id").to_owned();
    // It is there when AWS shows it.
    account.call("ec2", "DescribeSecurityGroups", &json!({"GroupIds": [nodes]}));
    let addresses = if addresses <= SUBNET_MAX {
        node(account, &nodes, &subnets[0].1, &subnets[0].2, addresses)
    } else {
        more_nodes(account, &vpc, &nodes, &subnets[0].0, addresses)
    };
    let subnets = subnets.into_iter().map(|(zone, id, _)| (zone, id)).collect();
    Ground { vpc, subnets, nodes, addresses }
}

/// A node for so many pods in a subnet. Answers with their addresses.
fn node(account: &Account, group: &str, subnet: &str, block: &str, count: u32) -> Vec<String> {
    let interface = account.call(
        "ec2",
        "CreateNetworkInterface",
        &json!({"SubnetId": subnet, "Groups": [group]}),
    );
    let interface = &interface["NetworkInterface"]["NetworkInterfaceId"];
    let block: Vec<&str> = block.split('.').collect();
    let third: u32 = block[2].parse().expect("it is a number");
    // The subnet's first addresses are left to the nodes.
    let address =
        |n| format!("{}.{}.{}.{}", block[0], block[1], third + 1 + n / USED, 10 + n % USED);
    let addresses: Vec<String> = (0..count).map(address).collect();
    account.call(
        "ec2",
        "AssignPrivateIpAddresses",
        &json!({"NetworkInterfaceId": interface, "PrivateIpAddresses": addresses}),
    );
    addresses
}

/// Nodes in a second block of the VPC, as in clusters that have outgrown their first.
fn more_nodes(account: &Account, vpc: &str, group: &str, zone: &str, count: u32) -> Vec<String> {
    let block = json!({"VpcId": vpc, "CidrBlock": "100.64.0.0/16"});
    account.call("ec2", "AssociateVpcCidrBlock", &block);
    let mut addresses = Vec::new();
    for quarter in 0..4 {
        let left = count.saturating_sub(quarter * LARGE_SUBNET_MAX).min(LARGE_SUBNET_MAX);
        if left == 0 {
            break;
        }
        let block = format!("100.64.{}.0/18", quarter * 64);
        let subnet = json!({"VpcId": vpc, "CidrBlock": block, "AvailabilityZone": zone});
        let subnet = account.call("ec2", "CreateSubnet", &subnet);
        let subnet = subnet["Subnet"]["SubnetId"].as_str().expect("it has an id");
        addresses.extend(node(account, group, subnet, &block, left));
    }
    addresses
}

impl Stage {
    /// A stage with a namespace and a class that no other test has.
    pub async fn new(stem: &str) -> Self {
        let plane = ControlPlane::shared().await;
        let client = plane.client().await;
        let namespace = plane.namespace(&client, stem).await;
        let stage = Self::over(plane, client, namespace.clone(), namespace);
        stage.apply(&[objects::class(&stage.class)]).await;
        stage.restrict().await;
        stage
    }

    /// A stage on which Deployments have pods, whose class is of our own controller.
    pub async fn with_controllers(stem: &str) -> Self {
        let plane = ControlPlane::with_controllers().await;
        let client = plane.client().await;
        let namespace = plane.namespace(&client, stem).await;
        let account = account();
        let ground = ground(&account, 2 * ADDRESSES);
        let class = namespace.clone();
        let stage = Self { account, plane, client, namespace, class, ground, is_alone: true };
        stage.apply(&[objects::own_class(&stage.class)]).await;
        stage.restrict().await;
        stage
    }

    /// A stage over a namespace and a class that are there, with an account of its own.
    pub fn over(
        plane: &'static ControlPlane,
        client: Client,
        namespace: String,
        class: String,
    ) -> Self {
        let account = account();
        let ground = ground(&account, ADDRESSES);
        Self { account, plane, client, namespace, class, ground, is_alone: true }
    }

    /// Another namespace with the same account and class.
    pub async fn elsewhere(&self, stem: &str) -> Self {
        let namespace = self.plane.namespace(&self.client, stem).await;
        self.plane.make_home(&namespace);
        Self {
            account: self.account.clone(),
            plane: self.plane,
            client: self.client.clone(),
            namespace,
            class: self.class.clone(),
            ground: self.ground.clone(),
            is_alone: true,
        }
    }

    /// Starts the controller for this stage only, without a Lease.
    pub fn run(&self, flags: &[&str]) -> Controller {
        let mut all = self.flags();
        all.push("--enable-leader-election=false".to_owned());
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        Controller::start(&self.account, &self.kubeconfig(), &all)
    }

    /// Starts the controller with a Lease in this stage's namespace.
    pub fn run_with_lease(&self) -> Controller {
        Controller::start(&self.account, &self.kubeconfig(), &self.flags())
    }

    /// `albedo plan` from the cluster.
    pub fn plan(&self, flags: &[&str]) -> Planned {
        let mut command = albedo(&self.account, &self.kubeconfig());
        Planned::of(command.arg("plan").args(self.flags()).args(flags))
    }

    /// The JSON plan from the cluster.
    pub fn plan_json(&self) -> Planned {
        self.plan(&["-o", "json"])
    }

    /// `albedo explain`, as JSON.
    pub fn explain(&self, what: &[&str]) -> Planned {
        let mut command = albedo(&self.account, &self.kubeconfig());
        Planned::of(command.arg("explain").args(what).args(self.flags()).args(["-o", "json"]))
    }

    /// The flags of every command of this stage.
    pub fn flags(&self) -> Vec<String> {
        let mut flags = vec![
            format!("--cluster-name={CLUSTER}"),
            format!("--aws-vpc-id={}", self.ground.vpc),
            format!("--watch-namespace={}", self.namespace),
            format!("--leader-election-namespace={}", self.namespace),
            format!("--memory-namespace={}", self.namespace),
        ];
        if self.is_alone {
            flags.push("--watch-namespace-is-all".to_owned());
        }
        flags
    }

    /// From now on the controller may do in AWS what `iam/policy.json` says, and in the cluster
    /// what `deploy/rbac.yaml` says. Whoever looks on with boto3 is not held back.
    pub async fn restrict(&self) {
        self.plane.make_home(&self.namespace);
        self.allow(&self.policy()).await;
    }

    /// What `iam/policy.json` says of this account and cluster.
    pub fn policy(&self) -> Value {
        let text = std::fs::read_to_string(POLICY).expect("it is there");
        let places = [
            ("CLUSTER", CLUSTER),
            ("ACCOUNT", &self.account.id),
            ("REGION", &self.account.server.region),
            ("VPC", &self.ground.vpc),
            // Tests make their zones as they go.
            ("ZONE", "*"),
        ];
        let text = places.iter().fold(text, |text, (place, value)| text.replace(place, value));
        serde_json::from_str(&text).expect("it is JSON")
    }

    /// From now on the controller may do in AWS what this policy says.
    pub async fn allow(&self, document: &Value) {
        let policy = json!({"document": document, "client": "aws-sdk-rust/*"});
        self.account.ask("POST", "policy", Some(policy)).await;
    }

    fn kubeconfig(&self) -> PathBuf {
        self.plane.kubeconfig_of_controller()
    }

    /// Applies objects, each in this namespace if its kind has any, with their status.
    pub async fn apply(&self, objects: &[Value]) {
        for object in objects {
            self.try_apply(object).await.unwrap_or_else(|error| panic!("{object}: {error}"));
        }
    }

    /// Applies an object as its only author: what it no longer says is gone.
    pub async fn try_apply(&self, object: &Value) -> Result<(), kube::Error> {
        let mut object = object.clone();
        let name = object["metadata"]["name"].as_str().expect("it has a name").to_owned();
        if object["kind"] == "EndpointSlice" {
            for endpoint in object["endpoints"].as_array_mut().into_iter().flatten() {
                endpoint["targetRef"]["namespace"] = self.namespace.clone().into();
            }
        }
        let status = object.as_object_mut().and_then(|fields| fields.remove("status"));
        let api = self.api(&object);
        let params = PatchParams::apply("test").force();
        api.patch(&name, &params, &Patch::Apply(&object)).await?;
        if let Some(status) = status {
            let head = json!({"apiVersion": object["apiVersion"], "kind": object["kind"]});
            let mut whole = head;
            whole["status"] = status;
            api.patch_status(&name, &params, &Patch::Apply(&whole)).await?;
        }
        Ok(())
    }

    /// Applies Services with two ready pods each; the addresses follow the order of the names.
    pub async fn serve(&self, names: &[&str]) {
        for (place, name) in names.iter().enumerate() {
            let service = objects::service(name);
            let addresses = &self.ground.addresses[2 * place..2 * place + 2];
            self.apply(&objects::endpoints(&service, addresses)).await;
            self.apply(&[service]).await;
        }
    }

    /// Deletes an object; what holds a finalizer stays for a while.
    pub async fn delete(&self, kind: &str, name: &str) {
        let api = self.of_kind(kind);
        api.delete(name, &DeleteParams::default().grace_period(0)).await.expect("it was there");
    }

    /// Changes an object as by `kubectl patch --type=merge`.
    pub async fn patch(&self, kind: &str, name: &str, patch: &Value) {
        let api = self.of_kind(kind);
        api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.expect("it is there");
    }

    /// An object of this namespace; `None` where it is gone.
    pub async fn get(&self, kind: &str, name: &str) -> Option<Value> {
        let api = self.of_kind(kind);
        let found = api.get_opt(name).await.expect("the API server answers");
        found.map(|object| serde_json::to_value(object).expect("it is JSON"))
    }

    /// All objects of a kind in this namespace.
    pub async fn list(&self, kind: &str) -> Vec<Value> {
        let api = self.of_kind(kind);
        let found = api.list(&ListParams::default()).await.expect("the API server answers");
        found.into_iter().map(|object| serde_json::to_value(object).expect("it is JSON")).collect()
    }

    fn of_kind(&self, kind: &str) -> Api<DynamicObject> {
        self.api(&json!({"apiVersion": version(kind), "kind": kind}))
    }

    fn api(&self, object: &Value) -> Api<DynamicObject> {
        let text = |key: &str| object[key].as_str().expect("an object says what it is");
        let (group, version) =
            text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
        let kind = GroupVersionKind::gvk(group, version, text("kind"));
        let resource = ApiResource::from_gvk(&kind);
        match text("kind") {
            "IngressClass" | "IngressClassParams" | "Node" | "Namespace" | "TenantPolicy" => {
                // The plural of one of these is the singular.
                let plural = text("kind").to_lowercase();
                let resource = match text("kind") {
                    "IngressClassParams" => ApiResource::from_gvk_with_plural(&kind, &plural),
                    _ => resource,
                };
                Api::all_with(self.client.clone(), &resource)
            }
            _ => Api::namespaced_with(self.client.clone(), &self.namespace, &resource),
        }
    }

    /// Waits until the controller is at rest: it has been quiet for a while, and nothing is left to
    /// do.
    pub async fn rest(&self) {
        self.rest_with(&[]).await;
    }

    /// Waits until the controller that was started with these flags is at rest.
    pub async fn rest_with(&self, flags: &[&str]) {
        let deadline = Deadline::new();
        loop {
            self.quiet().await;
            let planned = self.plan(&[&["-o", "json"], flags].concat());
            assert!(planned.code != 1, "{planned:?}");
            let steps = planned.steps();
            if steps.is_empty() {
                return;
            }
            assert!(!deadline.is_over(), "the controller leaves undone: {steps:#?}");
        }
    }

    /// Waits until no call has come for a while.
    pub async fn quiet(&self) {
        let deadline = Deadline::new();
        let mut last = (self.account.calls().await.len(), Deadline::new());
        while last.1.elapsed() < QUIET {
            assert!(!deadline.is_over(), "the controller does not come to rest");
            albedo::clock::sleep(PAUSE).await;
            let calls = self.account.calls().await.len();
            if calls != last.0 {
                last = (calls, Deadline::new());
            }
        }
    }

    /// The calls so far that may have changed something, in order; refused ones as well, but for
    /// those that AWS refuses for a moment only.
    pub async fn writes(&self) -> Vec<Call> {
        let calls = self.account.calls().await;
        let is_late = |call: &Call| call.error.as_deref().is_some_and(is_passing);
        calls.into_iter().filter(|call| call.is_write() && !is_late(call)).collect()
    }

    /// The names of those calls.
    pub async fn written(&self) -> Vec<String> {
        self.writes().await.iter().map(Call::name).collect()
    }

    /// The Events about an object, as (type, reason, message).
    pub async fn events(&self, kind: &str, name: &str) -> Vec<(String, String, String)> {
        let events = self.list("Event").await;
        let about = events.iter().filter(|event| {
            // Either API's Events are read through the older one.
            let object = &event["involvedObject"];
            object["kind"] == kind && object["name"] == name
        });
        let text = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
        about.map(|e| (text(e, "type"), text(e, "reason"), text(e, "message"))).collect()
    }
}

/// The API version of a kind.
fn version(kind: &str) -> &'static str {
    match kind {
        "Ingress" | "IngressClass" => "networking.k8s.io/v1",
        "Deployment" => "apps/v1",
        "EndpointSlice" => "discovery.k8s.io/v1",
        "TargetGroupBinding" | "IngressClassParams" => "elbv2.k8s.aws/v1beta1",
        "TenantPolicy" => "alb.ingress.k8s.aws/v1",
        "Lease" => "coordination.k8s.io/v1",
        _ => "v1",
    }
}

/// A point in time after which patience ends.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(jiff::Timestamp);

impl Deadline {
    /// From now on.
    pub fn new() -> Self {
        Self(albedo::clock::now())
    }

    /// How long ago that was.
    pub fn elapsed(self) -> Duration {
        Duration::try_from(albedo::clock::now().duration_since(self.0)).unwrap_or_default()
    }

    /// Whether patience is at its end.
    pub fn is_over(self) -> bool {
        self.elapsed() > PATIENCE
    }
}

/// Waits until a look at the world is as it should be, and gives what it saw.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Deadline::new();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(!deadline.is_over(), "it never came: {what}");
        albedo::clock::sleep(PAUSE).await;
    }
}
