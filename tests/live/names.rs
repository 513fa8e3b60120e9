//! Names and certificates as people write, change and delete their Ingresses.

use std::path::Path;

use serde_json::{Value, json};

use crate::life::{gone, nothing_is_left};
use crate::support::localstack::Account;
use crate::support::objects::{IP, class, in_group, ingress};
use crate::support::stage::{Stage, until};
use crate::support::state::text;

/// What annotations about names begin with.
pub const NAMES: &str = "external-dns.kubernetes.io/";

/// A stage with a class of our own and a hosted zone.
pub async fn stage(stem: &str) -> (Stage, String) {
    let mut stage = Stage::new(stem).await;
    stage.class = format!("{}-own", stage.class);
    let mut own = class(&stage.class);
    own["spec"]["controller"] = "alb.ingress.k8s.aws/albedo".into();
    stage.apply(&[own]).await;
    let zone = json!({"Name": "example.com", "CallerReference": stem});
    let zone = stage.account.call("route53", "CreateHostedZone", &zone);
    let zone = text(&zone["HostedZone"], "Id");
    stage.account.forget_calls().await;
    (stage, zone)
}

/// The records but those that every zone has: type, name, and where an alias leads.
pub fn records(account: &Account, zone: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut page = json!({"HostedZoneId": zone});
    loop {
        let answer = account.call("route53", "ListResourceRecordSets", &page);
        for record in answer["ResourceRecordSets"].as_array().expect("there are some") {
            let kind = text(record, "Type");
            if !["NS", "SOA"].contains(&kind.as_str()) {
                let target = record["AliasTarget"]["DNSName"].as_str().unwrap_or_default();
                found.push((kind, text(record, "Name"), target.to_owned()));
            }
        }
        if answer["IsTruncated"] != true {
            found.sort();
            return found;
        }
        page["StartRecordName"] = answer["NextRecordName"].clone();
        page["StartRecordType"] = answer["NextRecordType"].clone();
    }
}

pub fn named(account: &Account, zone: &str) -> Vec<String> {
    records(account, zone).into_iter().map(|(kind, name, _)| format!("{kind} {name}")).collect()
}

/// The certificates that stand, with their serial numbers.
fn certificates(account: &Account) -> Vec<(String, String)> {
    let of_any_key = json!({"Includes": {"keyTypes": ["RSA_2048", "EC_prime256v1"]}});
    let found = account.call("acm", "ListCertificates", &of_any_key);
    let found = found["CertificateSummaryList"].as_array().expect("it is a list").clone();
    let each = found.iter().map(|summary| {
        let arn = text(summary, "CertificateArn");
        let about = json!({"CertificateArn": arn});
        let about = account.call("acm", "DescribeCertificate", &about);
        let serial = text(&about["Certificate"], "Serial");
        (arn, serial)
    });
    each.collect()
}

/// A TLS Secret of a fixture.
pub fn secret(name: &str, fixture: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/tls");
    let file = |end: &str| {
        std::fs::read_to_string(folder.join(format!("{fixture}.{end}"))).expect("it is there")
    };
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": file("pem"), "tls.key": file("key")},
    })
}

pub fn with_tls(mut ingress: Value, host: &str, secret: &str) -> Value {
    ingress["spec"]["tls"] = json!([{"hosts": [host], "secretName": secret}]);
    ingress
}

/// The places in the log of the first calls of these operations.
async fn places(stage: &Stage, operations: &[&str]) -> Vec<usize> {
    let written = stage.written().await;
    let place = |operation: &&str| {
        written
            .iter()
            .position(|call| call == operation)
            .unwrap_or_else(|| panic!("no {operation} among {written:?}"))
    };
    operations.iter().map(place).collect()
}

#[tokio::test]
async fn names_come_move_and_go_with_their_ingresses() {
    let (stage, zone) = stage("names").await;
    stage.serve(&["web", "api"]).await;
    let web = |hosts: &[&str]| {
        let rules: Vec<_> = hosts.iter().map(|host| (*host, "/", "web")).collect();
        ingress("web", &stage.class, &IP, &rules)
    };
    stage.apply(&[web(&["a.example.com"])]).await;
    let planned = stage.plan_json();
    let of_zone = planned.steps().into_iter().filter(|step| step["service"] == "route53");
    let gates: Vec<Value> = of_zone.map(|step| step["waits_for"].clone()).collect();
    assert_eq!(gates.len(), 1, "{planned:?}");
    assert!(gates[0].as_str().is_some_and(|gate| gate.contains("load balancer")), "{gates:?}");
    let _controller = stage.run(&[]);
    stage.rest().await;
    assert_eq!(named(&stage.account, &zone), ["A a.example.com.", "TXT a-a.example.com."]);

    // A host more is a rule and a batch.
    stage.account.forget_calls().await;
    stage.apply(&[web(&["a.example.com", "b.example.com"])]).await;
    stage.rest().await;
    assert_eq!(stage.written().await, ["elbv2.CreateRule", "route53.ChangeResourceRecordSets"]);

    // A host that moves to another load balancer leads there, and had never been gone.
    let api = ingress("api", &stage.class, &IP, &[("b.example.com", "/", "api")]);
    stage.apply(&[api]).await;
    stage.rest().await;
    let told = stage.events("Ingress", "api").await;
    assert!(told.iter().any(|(_, reason, _)| reason == "ForeignRecord"), "{told:?}");
    let target = |name: &str| {
        let all = records(&stage.account, &zone);
        let found = all.into_iter().find(|(kind, at, _)| kind == "A" && at == name);
        found.map(|(_, _, target)| target).expect("it stands")
    };
    let before = target("b.example.com.");
    assert_eq!(before, target("a.example.com."), "who has a name keeps it");
    stage.account.forget_calls().await;
    stage.apply(&[web(&["a.example.com"])]).await;
    stage.rest().await;
    assert_ne!(target("b.example.com."), before);
    let changes = stage.writes().await;
    let batches = changes.iter().filter(|call| call.service == "route53");
    let verbs: Vec<String> = batches
        .filter_map(|call| call.params["ChangeBatch"]["Changes"].as_array().cloned())
        .flatten()
        .map(|change| text(&change, "Action"))
        .collect();
    // The record, and what says whose it is now: each goes as it was read and comes as it is to be.
    assert_eq!(verbs, ["DELETE", "DELETE", "CREATE", "CREATE"]);

    // Names go before the load balancers that they lead to.
    stage.account.forget_calls().await;
    for name in ["web", "api"] {
        stage.delete("Ingress", name).await;
    }
    gone(&stage, "web").await;
    gone(&stage, "api").await;
    nothing_is_left(&stage).await;
    assert_eq!(named(&stage.account, &zone), [""; 0]);
    let order =
        places(&stage, &["route53.ChangeResourceRecordSets", "elbv2.DeleteLoadBalancer"]).await;
    assert!(order[0] < order[1], "{:?}", stage.written().await);
}

#[tokio::test]
async fn a_tls_secret_is_imported_renewed_in_place_and_removed() {
    let (stage, _) = stage("tls").await;
    stage.serve(&["web"]).await;
    let host = "public.example.com";
    let group = stage.namespace.clone();
    let member = |name| {
        let rules = [(host, "/", "web")];
        with_tls(ingress(name, &stage.class, &in_group(&group), &rules), host, "tls")
    };
    stage.apply(&[secret("tls", "ec"), member("one"), member("two")]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    let first = certificates(&stage.account);
    assert_eq!(first.len(), 1, "one for a Secret, however many use it");

    stage.account.forget_calls().await;
    let begun = crate::support::stage::Deadline::new();
    stage.apply(&[secret("tls", "renewed")]).await;
    let renewed = until("the certificate is renewed", async || {
        let now = certificates(&stage.account);
        (now != first).then_some(now)
    })
    .await;
    println!("renewed after {:?}", begun.elapsed());
    stage.rest().await;
    assert_eq!(stage.written().await, ["acm.ImportCertificate"]);
    assert_eq!(renewed[0].0, first[0].0, "whoever uses it goes on doing so");

    // A Secret that cannot be used leaves what was imported.
    let mut broken = secret("tls", "renewed");
    broken["stringData"]["tls.key"] = "nonsense".into();
    stage.apply(&[broken]).await;
    until("somebody is told", async || {
        let told = stage.events("Ingress", "one").await;
        told.iter().any(|(_, reason, _)| reason == "InvalidSecret").then_some(())
    })
    .await;
    stage.quiet().await;
    assert_eq!(certificates(&stage.account), renewed);

    stage.account.forget_calls().await;
    for name in ["one", "two"] {
        stage.delete("Ingress", name).await;
    }
    gone(&stage, "one").await;
    gone(&stage, "two").await;
    nothing_is_left(&stage).await;
    assert_eq!(certificates(&stage.account), []);
    let order = places(&stage, &["elbv2.DeleteLoadBalancer", "acm.DeleteCertificate"]).await;
    assert!(order[0] < order[1]);
}

#[tokio::test]
async fn what_acm_refuses_is_told_to_those_who_use_the_secret() {
    let (stage, _) = stage("quota").await;
    stage.serve(&["web"]).await;
    let full = json!({
        "match": "acm.ImportCertificate", "code": "LimitExceededException", "message": "too many",
    });
    stage.account.ask("POST", "faults", Some(full)).await;
    let host = "public.example.com";
    let web = ingress("web", &stage.class, &IP, &[(host, "/", "web")]);
    stage.apply(&[secret("tls", "ec"), with_tls(web, host, "tls")]).await;
    let _controller = stage.run(&[]);
    let told = until("somebody is told", async || {
        let told = stage.events("Ingress", "web").await;
        told.into_iter().find(|(_, reason, _)| reason == "InvalidSecret")
    })
    .await;
    assert!(told.2.contains("LimitExceededException"), "{told:?}");
    // HTTP goes on.
    until("the listener stands", async || {
        stage.written().await.contains(&"elbv2.CreateListener".to_owned()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_may_not_read_zones_is_told_is_served_and_leaves_once_names_are_off() {
    let (stage, zone) = stage("denied").await;
    stage.serve(&["web"]).await;
    let denied = json!({
        "match": "route53.List*", "code": "AccessDenied", "message": "not allowed", "status": 403,
    });
    stage.account.ask("POST", "faults", Some(denied)).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    let controller = stage.run(&[]);
    let told = until("somebody is told", async || {
        let told = stage.events("Ingress", "web").await;
        told.into_iter().find(|(_, reason, _)| reason == "NoHostedZone")
    })
    .await;
    assert!(told.2.contains("--dns=false"), "{told:?}");
    until("the load balancer stands", async || {
        stage.written().await.contains(&"elbv2.CreateRule".to_owned()).then_some(())
    })
    .await;
    stage.delete("Ingress", "web").await;
    stage.quiet().await;
    let deleted = "elbv2.DeleteLoadBalancer".to_owned();
    assert!(!stage.written().await.contains(&deleted), "a name may lead to it");
    drop(controller);
    let _controller = stage.run(&["--dns=false"]);
    gone(&stage, "web").await;
    nothing_is_left(&stage).await;
    stage.account.ask("DELETE", "faults", None).await;
    assert_eq!(named(&stage.account, &zone), [""; 0]);
}

#[tokio::test]
async fn a_process_killed_between_import_and_attach_imports_nothing_twice() {
    let (stage, _) = stage("attach").await;
    stage.serve(&["web"]).await;
    let host = "public.example.com";
    let slow = json!({"match": "elbv2.CreateListener", "latency": 1.0});
    stage.account.ask("POST", "faults", Some(slow)).await;
    let web = ingress("web", &stage.class, &IP, &[(host, "/", "web")]);
    stage.apply(&[secret("tls", "ec"), with_tls(web, host, "tls")]).await;
    let mut controller = stage.run(&[]);
    until("the certificate is imported", async || {
        stage.written().await.contains(&"acm.ImportCertificate".to_owned()).then_some(())
    })
    .await;
    controller.kill();
    let _controller = stage.run(&[]);
    stage.rest().await;
    assert_eq!(certificates(&stage.account).len(), 1);
    let imports =
        stage.written().await.iter().filter(|call| *call == "acm.ImportCertificate").count();
    assert_eq!(imports, 1);
}

#[tokio::test]
async fn a_process_killed_between_two_batches_goes_on_where_it_was() {
    let (stage, zone) = stage("batches").await;
    stage.serve(&["web"]).await;
    let hosts: Vec<String> = (0..300).map(|i| format!("app-{i}.team.example.com")).collect();
    let mut web = ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")]);
    web["metadata"]["annotations"][format!("{NAMES}hostname")] = hosts.join(",").into();
    // The first batch goes through, the answer of the second never comes.
    let slow =
        json!({"match": "route53.ChangeResourceRecordSets", "skip": 1, "times": 1, "latency": 3.0});
    stage.account.ask("POST", "faults", Some(slow)).await;
    stage.apply(&[web]).await;
    let mut controller = stage.run(&[]);
    until("a batch is through", async || {
        (!records(&stage.account, &zone).is_empty()).then_some(())
    })
    .await;
    controller.kill();
    let _controller = stage.run(&[]);
    stage.rest().await;
    let all = records(&stage.account, &zone);
    assert_eq!(all.iter().filter(|(kind, _, _)| kind == "A").count(), 301);
    assert_eq!(all.iter().filter(|(kind, _, _)| kind == "TXT").count(), 301);
    let batches = stage.writes().await.into_iter().filter(|call| call.service == "route53");
    let batches = batches.filter(|call| call.status == 200).count();
    assert!(batches <= 4, "{batches}");
}

#[tokio::test]
async fn what_route_53_and_acm_refuse_or_lose_is_done_in_the_end() {
    let (stage, zone) = stage("refused").await;
    let lost =
        |operation: &str| json!({"match": operation, "times": 1, "after": true, "drop": true});
    let throttled = |operation: &str, code: &str| json!({"match": operation, "times": 2, "code": code, "message": "later"});
    let faults = [
        lost("route53.ChangeResourceRecordSets"),
        throttled("route53.ChangeResourceRecordSets", "PriorRequestNotComplete"),
        throttled("route53.ListHostedZones", "Throttling"),
        throttled("route53.ListResourceRecordSets", "Throttling"),
        lost("acm.ImportCertificate"),
        throttled("acm.DeleteCertificate", "ResourceInUseException"),
        throttled("acm.ListCertificates", "ThrottlingException"),
    ];
    for fault in &faults {
        stage.account.ask("POST", "faults", Some(fault.clone())).await;
    }
    stage.serve(&["web"]).await;
    let host = "public.example.com";
    let web = ingress("web", &stage.class, &IP, &[(host, "/", "web")]);
    stage.apply(&[secret("tls", "ec"), with_tls(web, host, "tls")]).await;
    let _controller = stage.run(&[]);
    stage.rest().await;
    let expected = ["A public.example.com.", "TXT a-public.example.com."];
    assert_eq!(named(&stage.account, &zone), expected);
    assert_eq!(certificates(&stage.account).len(), 1);
    stage.delete("Ingress", "web").await;
    gone(&stage, "web").await;
    nothing_is_left(&stage).await;
    assert_eq!(named(&stage.account, &zone), [""; 0]);
    assert_eq!(certificates(&stage.account), []);
    let seen = stage.account.ask("GET", "faults", None).await;
    for one in seen.as_array().expect("it is a list") {
        assert!(one["hit"].as_u64().is_some_and(|hit| hit > 0), "it never struck: {one:#}");
    }
}
