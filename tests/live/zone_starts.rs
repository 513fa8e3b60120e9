//! What external-dns, or somebody else, may have left in a zone, and what becomes of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::life::{gone, nothing_is_left};
use crate::names::{NAMES, named, records, stage};
use crate::support::objects::{IP, ingress};
use crate::support::stage::{Stage, until};
use crate::support::state::text;

/// The zone of load balancers in the region (AWS).
const ALB_ZONE: &str = "Z35SXDOTRQ7X7K";

fn values(name: &str, kind: &str, ttl: u32, value: &str) -> Value {
    json!({
        "Name": format!("{name}.example.com"), "Type": kind, "TTL": ttl,
        "ResourceRecords": [{"Value": value}],
    })
}

/// A load balancer that somebody else made: its ARN and its DNS name.
fn old_balancer(stage: &Stage) -> (String, String) {
    let subnets: Vec<&String> = stage.ground.subnets.iter().map(|(_, id)| id).collect();
    let wanted = json!({"Name": "old", "Subnets": subnets});
    let made = &stage.account.call("elbv2", "CreateLoadBalancer", &wanted)["LoadBalancers"][0];
    (text(made, "LoadBalancerArn"), text(made, "DNSName"))
}

fn alias(name: &str, target: &str) -> Value {
    let target = json!({
        "HostedZoneId": ALB_ZONE, "DNSName": target, "EvaluateTargetHealth": true,
    });
    json!({"Name": format!("{name}.example.com"), "Type": "A", "AliasTarget": target})
}

fn set(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

#[tokio::test]
async fn every_state_of_a_zone_is_carried_on_or_left_alone() {
    let (stage, zone) = stage("starts").await;
    stage.serve(&["web"]).await;
    let txt = |name: &str, ttl: u32, owner: &str| {
        let resource = format!("ingress/{}/web", stage.namespace);
        let value = format!(
            "\"heritage=external-dns,external-dns/owner={owner},external-dns/resource={resource}\""
        );
        values(name, "TXT", ttl, &value)
    };
    let old = old_balancer(&stage);
    let standing = [
        // An alias of external-dns before 0.22, one before 0.12, and one whose TTL is another.
        alias("legacy", &old.1),
        txt("cname-legacy", 300, "default"),
        alias("ancient", &old.1),
        txt("ancient", 300, "default"),
        alias("odd", &old.1),
        txt("a-odd", 60, "default"),
        // The record was taken away by hand; it is of another type.
        txt("a-orphan", 300, "default"),
        values("typed", "CNAME", 300, "lb.example.net"),
        txt("cname-typed", 300, "default"),
        // Nobody's, somebody else's, and something else.
        values("unowned", "A", 300, "192.0.2.1"),
        txt("a-theirs", 300, "other"),
        values("a-spf", "TXT", 300, "\"hello\""),
    ];
    let changes: Vec<Value> = standing
        .iter()
        .map(|record| json!({"Action": "CREATE", "ResourceRecordSet": record}))
        .collect();
    let batch = json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}});
    until("Route 53 knows the load balancer", async || {
        stage.account.try_call("route53", "ChangeResourceRecordSets", &batch).ok()
    })
    .await;
    // Nobody has taken its names away when it went.
    stage.account.call("elbv2", "DeleteLoadBalancer", &json!({"LoadBalancerArn": old.0}));
    let hosts = [
        "fresh", "*.wild", "legacy", "ancient", "odd", "orphan", "typed", "unowned", "theirs",
        "spf",
    ];
    let hosts = hosts.map(|host| format!("{host}.example.com")).join(",");
    let mut web = ingress("web", &stage.class, &IP, &[("", "/", "web")]);
    web["spec"]["rules"][0].as_object_mut().expect("it is one").remove("host");
    web["metadata"]["annotations"][format!("{NAMES}hostname")] = hosts.into();
    stage.apply(&[web]).await;
    // What external-dns calls itself unless it is told otherwise.
    let _controller = stage.run(&["--txt-owner-id=default"]);
    stage.rest().await;
    let all: BTreeSet<String> = named(&stage.account, &zone).into_iter().collect();
    let expected = set(&[
        "A fresh.example.com.",
        "TXT a-fresh.example.com.",
        "A \\052.wild.example.com.",
        "TXT a-\\052.wild.example.com.",
        "A legacy.example.com.",
        // What changes is marked as external-dns does today; the old marks go with the name.
        "TXT cname-legacy.example.com.",
        "TXT a-legacy.example.com.",
        "A ancient.example.com.",
        "TXT ancient.example.com.",
        "TXT a-ancient.example.com.",
        "A odd.example.com.",
        "TXT a-odd.example.com.",
        "A orphan.example.com.",
        "TXT a-orphan.example.com.",
        "A typed.example.com.",
        "TXT a-typed.example.com.",
        "A unowned.example.com.",
        "TXT a-theirs.example.com.",
        "TXT a-spf.example.com.",
    ]);
    assert_eq!(all, expected);
    let aliases = records(&stage.account, &zone);
    let aliases = aliases.iter().filter(|(_, _, target)| !target.is_empty());
    let targets: BTreeSet<&String> = aliases.clone().map(|(_, _, target)| target).collect();
    assert_eq!((aliases.count(), targets.len()), (7, 1), "all lead to the new one: {targets:?}");
    let told = stage.events("Ingress", "web").await;
    for host in ["unowned.example.com", "theirs.example.com", "spf.example.com"] {
        let is_told =
            told.iter().any(|(_, reason, text)| reason == "ForeignRecord" && text.contains(host));
        assert!(is_told, "{host}: {told:?}");
    }
    stage.delete("Ingress", "web").await;
    gone(&stage, "web").await;
    nothing_is_left(&stage).await;
    let left: BTreeSet<String> = named(&stage.account, &zone).into_iter().collect();
    let expected =
        ["A unowned.example.com.", "TXT a-theirs.example.com.", "TXT a-spf.example.com."];
    assert_eq!(left, set(&expected));
}
