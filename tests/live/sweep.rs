//! `albedo sweep`: what an Ingress left behind that was taken away by force, beside a stranger's
//! things.

use std::process::Command;

use serde_json::{Value, json};

use crate::names::{named, stage};
use crate::support::controller::{ALBEDO, Planned, albedo};
use crate::support::localstack::Account;
use crate::support::objects::{IP, ingress};
use crate::support::stage::{CLUSTER, Stage, until};
use crate::support::state::{State, differences};

/// `albedo sweep`, from the cluster.
fn sweep(stage: &Stage, flags: &[&str]) -> Planned {
    let mut command = albedo(&stage.account, &stage.plane.kubeconfig_of_controller());
    Planned::of(command.arg("sweep").args(stage.flags()).args(flags))
}

/// The same without a cluster.
fn gone(account: &Account, vpc: &str, flags: &[&str]) -> Planned {
    let mut command = Command::new(ALBEDO);
    command.env_clear().envs(account.env()).arg("sweep");
    command.args([format!("--cluster-name={CLUSTER}"), format!("--aws-vpc-id={vpc}")]);
    Planned::of(command.args(flags))
}

/// What another cluster of the account has made: a target group, a security group and a name.
fn strangers(stage: &Stage, zone: &str) {
    let tags = [
        ("elbv2.k8s.aws/cluster", "other"),
        ("ingress.k8s.aws/stack", "shop/web"),
        ("ingress.k8s.aws/resource", "shop/web-s:80"),
    ];
    let tags: Vec<Value> =
        tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let account = &stage.account;
    let group = json!({
        "Name": "k8s-shop-s-0123456789", "Protocol": "HTTP", "Port": 80, "TargetType": "ip",
        "VpcId": stage.ground.vpc, "Tags": tags,
    });
    account.call("elbv2", "CreateTargetGroup", &group);
    let group = json!({
        "GroupName": "k8s-shop-web-0123456789", "Description": "[k8s] Managed SecurityGroup",
        "VpcId": stage.ground.vpc,
        "TagSpecifications": [{"ResourceType": "security-group", "Tags": tags}],
    });
    account.call("ec2", "CreateSecurityGroup", &group);
    let owner = "\"heritage=external-dns,external-dns/owner=other,\
                 external-dns/resource=ingress/shop/web\"";
    let record = |name: &str, kind: &str, value: &str| {
        json!({"Action": "CREATE", "ResourceRecordSet": {
            "Name": name, "Type": kind, "TTL": 300, "ResourceRecords": [{"Value": value}],
        }})
    };
    let changes = [
        record("theirs.example.com", "CNAME", "elsewhere.example.org"),
        record("cname-theirs.example.com", "TXT", owner),
    ];
    let batch = json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}});
    account.call("route53", "ChangeResourceRecordSets", &batch);
}

#[tokio::test]
async fn what_lost_its_ingress_goes_and_a_strangers_things_stay() {
    let (stage, zone) = stage("sweep").await;
    stage.serve(&["web", "api"]).await;
    strangers(&stage, &zone);
    // An AWS in no hurry does not show at once what was made.
    let only_strangers = until("the stranger's things show", async || {
        let state = State::standing(&stage.account).await;
        let told = state.value.to_string();
        let is_shown = ["TG(shop/web-s:80)", "SG(k8s-shop-web-0123456789)"];
        is_shown.iter().all(|name| told.contains(name)).then_some(state.value)
    })
    .await;
    let of = |name: &str| {
        let host = format!("{name}.example.com");
        ingress(name, &stage.class, &IP, &[(host.as_str(), "/", name)])
    };
    stage.apply(&[of("web")]).await;
    let mut controller = stage.run(&[]);
    stage.rest().await;
    let before = State::standing(&stage.account).await.value;
    stage.apply(&[of("api")]).await;
    stage.rest().await;
    controller.kill();
    assert_eq!(sweep(&stage, &[]).code, 0, "everything has an owner");
    stage.patch("Ingress", "api", &json!({"metadata": {"finalizers": null}})).await;
    stage.delete("Ingress", "api").await;

    let found = sweep(&stage, &[]);
    assert_eq!(found.code, 2, "{found:?}");
    let whose = format!("Ingress {}/api", stage.namespace);
    let rows: Vec<&str> = found.out.lines().filter(|line| line.contains(&whose)).collect();
    for (kind, count) in
        [("load balancer", 1), ("target group", 1), ("security group", 1), ("record", 2)]
    {
        let of_kind = rows.iter().filter(|row| row.starts_with(kind)).count();
        assert_eq!(of_kind, count, "{kind}: {found:?}");
    }
    assert!(!found.out.contains("theirs") && !found.out.contains("shop"), "{found:?}");
    let unasked = sweep(&stage, &["--delete"]);
    assert!(unasked.code == 1 && unasked.err.contains("--yes"), "{unasked:?}");
    let swept = sweep(&stage, &["--delete", "--yes", "-o", "json"]);
    assert_eq!(swept.code, 0, "{swept:?}");
    let told = swept.json();
    assert!(told["ownerless"].as_array().is_some_and(|all| all.len() >= rows.len()), "{told}");
    assert_eq!(told["left"], json!([]), "{told}");
    let since = &told["ownerless"].as_array().expect("it is a list")[..];
    let aged = since.iter().any(|one| one["kind"] == "load balancer" && one["since"].is_string());
    assert!(aged, "{told}");
    // The backend security group lets targets of the other Ingress in still.
    until("only its own stands", async || {
        let now = State::standing(&stage.account).await.value;
        let others = differences(&now, &before);
        let others = others.iter().filter(|line| !line.contains("security_group"));
        (others.count() == 0).then_some(())
    })
    .await;

    let wrong = gone(&stage.account, &stage.ground.vpc, &["--cluster-gone=other"]);
    assert!(wrong.code == 1 && wrong.err.contains("--cluster-name"), "{wrong:?}");
    let all = gone(&stage.account, &stage.ground.vpc, &["--cluster-gone=demo"]);
    assert!(all.code == 2 && all.out.contains("/web"), "{all:?}");
    let flags = ["--cluster-gone=demo", "--delete", "--yes"];
    let all = gone(&stage.account, &stage.ground.vpc, &flags);
    assert_eq!(all.code, 0, "{all:?}");
    // An AWS in no hurry shows what was for a moment.
    until("only a stranger's things are left", async || {
        let left = State::standing(&stage.account).await.value;
        differences(&left, &only_strangers).is_empty().then_some(())
    })
    .await;
    let names = ["CNAME theirs.example.com.", "TXT cname-theirs.example.com."];
    assert_eq!(named(&stage.account, &zone), names);
}
