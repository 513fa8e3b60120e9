//! Where the program finds AWS, the VPC and the cluster, and how often it asks.

use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::clock::{Clock as _, SystemClock};
use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;

const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/examples/");
/// Longer than the program takes to find out where it is.
const PATIENCE: Duration = Duration::from_secs(30);

/// Servers that stand for AWS, for what an instance says of itself, and for a cluster, in one.
#[derive(Clone)]
struct Site {
    url: String,
    /// What EC2 was asked, one request after the other.
    asked: Arc<Mutex<Vec<String>>>,
}

/// How AWS answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Well,
    Throttled,
}

fn ec2(body: &str) -> String {
    let vpc = |id: &str| format!("<item><vpcId>{id}</vpcId><isDefault>true</isDefault></item>");
    let all = if body.contains("Filter.1.Name=tag%3Acluster&Filter.1.Value.1=demo") {
        vpc("vpc-b")
    } else if body.contains("Filter.1.Name=tag") {
        String::new()
    } else {
        vpc("vpc-a") + &vpc("vpc-b")
    };
    if body.contains("Action=DescribeVpcs") {
        return format!("<DescribeVpcsResponse><vpcSet>{all}</vpcSet></DescribeVpcsResponse>");
    }
    if body.contains("Action=DescribeAvailabilityZones") {
        return "<DescribeAvailabilityZonesResponse/>".to_owned();
    }
    "<DescribeInstancesResponse><reservationSet><item><instancesSet><item>\
     <instanceId>i-0b</instanceId><vpcId>vpc-b</vpcId></item></instancesSet></item>\
     </reservationSet></DescribeInstancesResponse>"
        .to_owned()
}

async fn answer(site: Site, manner: Manner, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let nodes = r#"{"kind": "NodeList", "apiVersion": "v1", "metadata": {}, "items": [
        {"metadata": {"name": "a"}, "spec": {"providerID": "aws:///us-east-1a/i-0b"}},
        {"metadata": {"name": "b"}, "spec": {"providerID": "kind://b"}}]}"#;
    match (request.method(), path.as_str()) {
        (&Method::PUT, "/latest/api/token") => {
            ([("x-aws-ec2-metadata-token-ttl-seconds", "60")], "token").into_response()
        }
        (_, "/latest/meta-data/mac") => "0a:0b".into_response(),
        (_, "/latest/meta-data/network/interfaces/macs/0a:0b/vpc-id") => "vpc-b".into_response(),
        (_, "/api/v1/nodes") => ([("content-type", "application/json")], nodes).into_response(),
        (&Method::POST, "/ec2/") => {
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
            let body = String::from_utf8_lossy(&body).into_owned();
            let is_first = body.contains("DescribeVpcs") && !body.contains("vpc-b");
            let known = ["DescribeInstances", "DescribeAvailabilityZones"];
            let is_known = is_first || known.iter().any(|action| body.contains(action));
            let answer = ec2(&body);
            site.asked.lock().unwrap().push(body);
            let error = |code: &str| {
                let text = format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error>\
                     </Errors></Response>"
                );
                (StatusCode::BAD_REQUEST, text).into_response()
            };
            match manner {
                Manner::Throttled => error("RequestLimitExceeded"),
                Manner::Well if is_known => answer.into_response(),
                Manner::Well => error("UnauthorizedOperation"),
            }
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Site {
    async fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let site = Self { url, asked: Arc::default() };
        let serving = site.clone();
        let router = Router::new()
            .fallback(move |request: Request| answer(serving.clone(), manner, request));
        SystemClock::new().spawn(async move {
            let served = axum::serve(listener, router).await;
            panic!("{served:?}");
        });
        site
    }

    /// The program, with nothing of this machine but EC2 of the site.
    fn albedo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_albedo"));
        command.env_clear().args(args).stdin(Stdio::null());
        command.envs([
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "key"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]);
        command.arg(format!("--aws-api-endpoints=EC2={0}/ec2,ec2imds={0}", self.url));
        command
    }

    /// What a plan says.
    async fn plan(&self, flags: &[&str], env: &[(&str, &str)]) -> Output {
        let manifest = format!("{MANIFEST}alpha.yaml");
        let mut command = self.albedo(&["plan", "-f", &manifest]);
        command.args(flags).envs(env.iter().copied());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// Whether anything was asked about a VPC.
    fn has_looked_at(&self, vpc: &str) -> bool {
        let filter = format!("Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}");
        let named = format!("VpcId.1={vpc}");
        let asked = self.asked.lock().unwrap();
        asked.iter().any(|body| body.contains(&filter) || body.contains(&named))
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_vpcs_none_is_taken_because_it_is_the_default_one() {
    let site = Site::new(Manner::Well).await;
    let output = site.plan(&[], &[]).await;
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for part in ["--aws-vpc-id", "one of 2: vpc-a, vpc-b", "AWS_EC2_METADATA_DISABLED is set"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!site.has_looked_at("vpc-a") && !site.has_looked_at("vpc-b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vpc_is_that_of_the_flag_the_tags_the_instance_or_the_node() {
    let metadata = [("AWS_EC2_METADATA_DISABLED", "false")];
    let node = [("NODENAME", "i-0b")];
    for (flags, env) in [
        (&["--aws-vpc-id=vpc-b"][..], &[][..]),
        (&["--aws-vpc-tags=cluster=demo"], &[]),
        (&[], &metadata),
        (&[], &node),
    ] {
        let site = Site::new(Manner::Well).await;
        let text = said(&site.plan(flags, env).await);
        assert!(site.has_looked_at("vpc-b"), "{flags:?} {env:?}: {text}");
    }
    let site = Site::new(Manner::Well).await;
    let text = said(&site.plan(&["--aws-vpc-tags=cluster=other"], &metadata).await);
    assert!(text.contains("no VPC has the tags of --aws-vpc-tags"), "{text}");
}

/// Ends with what it holds.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vpc_is_that_of_the_nodes_of_the_cluster_that_the_flag_names() {
    let site = Site::new(Manner::Well).await;
    let kubeconfig = std::env::temp_dir().join(format!("albedo-reach-{}", std::process::id()));
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: '{}'}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         users: [{{name: u, user: {{}}}}]\n",
        site.url
    );
    std::fs::write(&kubeconfig, text).unwrap();
    let flag = format!("--kubeconfig={}", kubeconfig.display());
    let mut command = site.albedo(&["run", "--cluster-name=demo", &flag]);
    command.args(["--metrics-bind-addr=127.0.0.1:0", "--health-probe-bind-addr=127.0.0.1:0"]);
    let log = kubeconfig.with_extension("log");
    command.stderr(std::fs::File::create(&log).unwrap());
    let running = Running(command.spawn().unwrap());
    let clock = SystemClock::new();
    let end = clock.moment().plus(PATIENCE);
    let text = || std::fs::read_to_string(&log).unwrap();
    while !text().contains("VPC vpc-b is taken, that of the cluster's nodes") {
        assert!(clock.moment() < end, "{}", text());
        clock.sleep(Duration::from_millis(50)).await;
    }
    drop(running);
    std::fs::remove_file(&kubeconfig).unwrap();
    std::fs::remove_file(&log).unwrap();
    let gone = site.plan(&["--kubeconfig=/nowhere"], &[]).await;
    assert!(!said(&gone).contains("/nowhere"), "manifests need no cluster");
    let mut command = site.albedo(&["run", "--cluster-name=demo", "--kubeconfig=/nowhere"]);
    let text = said(&command.output().unwrap());
    assert!(text.contains("--kubeconfig: /nowhere names no cluster"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_tried_as_often_as_the_flag_says() {
    for (flag, attempts) in [("--aws-max-retries=1", 1), ("--aws-max-retries=3", 3)] {
        let site = Site::new(Manner::Throttled).await;
        let output = site.plan(&[flag], &[]).await;
        assert!(said(&output).contains("RequestLimitExceeded"), "{}", said(&output));
        assert_eq!(site.asked.lock().unwrap().len(), attempts, "{flag}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_nobody_knows_answers_nowhere() {
    let site = Site::new(Manner::Well).await;
    for (endpoints, text) in [
        ("--aws-api-endpoints=ELBv2=http://127.0.0.1:9", "\"ELBv2\" is no id of a service"),
        ("--aws-api-endpoints=ACM=127.0.0.1:9", "\"127.0.0.1:9\" is no URL"),
    ] {
        let said = said(&site.plan(&[endpoints], &[]).await);
        assert!(said.contains(text), "{said}");
    }
    // What LBC calls besides may be named, too.
    let said = said(&site.plan(&["--aws-api-endpoints=STS=https://sts.example.com"], &[]).await);
    assert!(said.contains("one of 2"), "{said}");
}
