//! What external-dns, or somebody else, may have left in a zone, and what becomes of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::life::{gone, nothing_is_left};
use crate::names::{NAMES, named, records, stage};
use crate::support::objects::{IP, ingress};

/// The zone of load balancers in the region (AWS).
const ALB_ZONE: &str = "Z35SXDOTRQ7X7K";

fn values(name: &str, kind: &str, ttl: u32, value: &str) -> Value {
    json!({
        "Name": format!("{name}.example.com"), "Type": kind, "TTL": ttl,
        "ResourceRecords": [{"Value": value}],
    })
}

fn old_alias(name: &str) -> Value {
    let target = json!({
        "HostedZoneId": ALB_ZONE, "DNSName": "old-1.us-east-1.elb.amazonaws.com",
        "EvaluateTargetHealth": true,
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
    let standing = [
        // An alias of external-dns before 0.22, one before 0.12, and one whose TTL is another.
        old_alias("legacy"),
        txt("cname-legacy", 300, "default"),
        old_alias("ancient"),
        txt("ancient", 300, "default"),
        old_alias("odd"),
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
    stage.account.call("route53", "ChangeResourceRecordSets", &batch);
    let hosts = [
        "fresh", "*.wild", "legacy", "ancient", "odd", "orphan", "typed", "unowned", "theirs",
        "spf",
    ];
    let hosts = hosts.map(|host| format!("{host}.example.com")).join(",");
    let mut web = ingress("web", &stage.class, &IP, &[("", "/", "web")]);
    web["spec"]["rules"][0].as_object_mut().expect("it is one").remove("host");
    web["metadata"]["annotations"][format!("{NAMES}hostname")] = hosts.into();
    stage.apply(&[web]).await;
    let _controller = stage.run(&[]);
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
