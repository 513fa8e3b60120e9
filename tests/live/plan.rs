//! `albedo plan -f`: no cluster, only manifests and AWS.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::controller::{ALBEDO, Planned};
use crate::support::localstack::{Account, Call, account};
use crate::support::stage::{ADDRESSES, Deadline, Ground, ground};
use crate::support::state::State;

/// How long `albedo plan` may take to say what is wrong.
const BAD_INPUT_MAX: Duration = Duration::from_secs(5);

const V01: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: v01-ns
  annotations:
    alb.ingress.kubernetes.io/target-type: ip
    alb.ingress.kubernetes.io/scheme: internet-facing
spec:
  ingressClassName: alb
  rules:
  - host: web.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
";

/// A file of this test's own, gone when the test is over.
struct Manifest(PathBuf);

impl Manifest {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("{name}-{}.yaml", std::process::id());
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, text).expect("the scratch directory can be written to");
        Self(path)
    }
}

impl Drop for Manifest {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// `albedo plan -f`, without a cluster.
fn plan(account: &Account, manifest: &Manifest, flags: &[&str]) -> Command {
    let mut command = Command::new(ALBEDO);
    command.env_clear().envs(account.env()).arg("plan").arg("-f").arg(&manifest.0).args(flags);
    command
}

/// An account in which nothing was made.
fn empty() -> (Account, Ground) {
    let account = account();
    let ground = ground(&account, ADDRESSES);
    (account, ground)
}

#[tokio::test]
async fn an_ingress_on_an_empty_account_shows_what_is_missing() {
    let (account, _) = empty();
    let before = State::read(&account).value;
    account.forget_calls().await;
    let manifest = Manifest::new("missing", V01);
    let planned = Planned::of(&mut plan(&account, &manifest, &["--cluster-name=demo"]));
    assert_eq!(planned.code, 2, "{planned:?}");
    for expected in [
        "load balancer k8s-v01ns-web-efd8fe1f48",
        "listener 80 HTTP",
        "rule 1",
        "web.example.com",
        "target group v01-ns/web-web:80",
        "elbv2.CreateTargetGroup",
        "known after apply",
    ] {
        assert!(planned.out.contains(expected), "{expected}: {}", planned.out);
    }
    let all_the_same = ["--cluster-name=demo", "--detailed-exitcode=false"];
    let planned = Planned::of(&mut plan(&account, &manifest, &all_the_same));
    assert!(planned.code == 0 && planned.out.contains("listener 80 HTTP"), "{planned:?}");
    let writes: Vec<String> =
        account.calls().await.into_iter().filter(Call::is_write).map(|c| c.name()).collect();
    assert_eq!(writes, Vec::<String>::new());
    assert_eq!(State::read(&account).value, before);
}

#[tokio::test]
async fn the_json_plan_lists_the_calls_and_what_only_aws_can_tell() {
    let (account, _) = empty();
    let manifest = Manifest::new("json", V01);
    let planned =
        Planned::of(&mut plan(&account, &manifest, &["--cluster-name=demo", "-o", "json"]));
    assert_eq!(planned.code, 2, "{planned:?}");
    assert_eq!(planned.json()["cluster"], "demo");
    assert_eq!(planned.json()["problems"], serde_json::json!([]));
    let calls = planned.calls();
    let names: Vec<&str> = calls.iter().map(|(name, _)| name.as_str()).collect();
    for expected in [
        "ec2.CreateSecurityGroup",
        "elbv2.CreateTargetGroup",
        "elbv2.CreateLoadBalancer",
        "elbv2.CreateListener",
        "elbv2.CreateRule",
    ] {
        assert!(names.contains(&expected), "{expected}: {names:?}");
    }
    let of = |operation: &str| -> &Value {
        let found = calls.iter().find(|(name, _)| name == operation);
        &found.expect("it is listed").1
    };
    assert_eq!(of("elbv2.CreateLoadBalancer")["Name"], "k8s-v01ns-web-efd8fe1f48");
    assert_eq!(of("elbv2.CreateListener")["Port"], 80);
    let unknown = of("elbv2.CreateListener")["LoadBalancerArn"].as_str().expect("it is text");
    assert!(unknown.contains("known after apply"), "{unknown}");
}

#[tokio::test]
async fn bad_input_is_one_line_that_says_what_and_what_to_do() {
    let (account, _) = empty();
    let good = Manifest::new("good", V01);
    let broken = Manifest::new("broken", "apiVersion: [v1\nkind: {");
    let no_ingress = Manifest::new(
        "no-ingress",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: b}}",
    );
    let mut without_region = plan(&account, &good, &["--cluster-name=demo"]);
    without_region.env_remove("AWS_REGION");
    let unreachable = |flags: &[&str]| {
        let mut command = plan(&account, &good, flags);
        // The discard port, on which nothing listens.
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        command
    };
    let cases: [(&str, Command, &[&str]); 6] = [
        ("broken YAML", plan(&account, &broken, &[]), &["broken-", "YAML"]),
        ("no Ingress", plan(&account, &no_ingress, &[]), &["no-ingress-", "no Ingress"]),
        ("no region", without_region, &["--aws-region"]),
        ("unreachable", unreachable(&["--cluster-name=demo"]), &["ec2.DescribeVpcs"]),
        ("unreachable in a VPC", unreachable(&["--aws-vpc-id=vpc-0a"]), &["AWS cannot be read"]),
        (
            "no such file",
            plan(&account, &Manifest(PathBuf::from("/nonexistent.yaml")), &[]),
            &["/nonexistent.yaml"],
        ),
    ];
    for (case, mut command, expected) in cases {
        let started = Deadline::new();
        let planned = Planned::of(&mut command);
        assert!(started.elapsed() < BAD_INPUT_MAX, "{case} took {:?}", started.elapsed());
        assert_eq!(planned.code, 1, "{case}: {planned:?}");
        assert_eq!(planned.out, "", "{case}");
        assert_eq!(planned.err.trim_end().lines().count(), 1, "{case}: {}", planned.err);
        for word in expected {
            assert!(planned.err.contains(word), "{case}, {word}: {}", planned.err);
        }
    }
}
