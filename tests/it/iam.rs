//! `iam/policy.json` allows what the program does, and no more.

use std::collections::BTreeSet;
use std::fs;

use albedo::model::action::READS;
use serde_json::Value;

fn root(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn policy() -> Vec<Value> {
    let policy: Value = serde_json::from_str(&root("iam/policy.json")).unwrap();
    policy["Statement"].as_array().unwrap().clone()
}

/// The texts in quotes that have one of these services before a separator.
fn words(text: &str, services: &[&str], separator: &str) -> BTreeSet<String> {
    let quoted = text.split('"').skip(1).step_by(2);
    let named = quoted.filter(|word| {
        services.iter().any(|service| word.starts_with(&format!("{service}{separator}")))
    });
    named.map(str::to_owned).collect()
}

/// The services, and what IAM calls them.
const SERVICES: [(&str, &str, &str); 6] = [
    ("acm", "acm", "acm"),
    ("ec2", "ec2", "ec2"),
    ("elb", "elbv2", "elasticloadbalancing"),
    ("route53", "route53", "route53"),
    ("shield", "shield", "shield"),
    ("wafv2", "wafv2", "wafv2"),
];

/// What says which calls there are of a service.
fn calls_of(file: &str) -> String {
    root(&format!("src/model/action/{file}.rs"))
}

/// Every permission that the code needs: that of each operation, and what is named.
fn permissions() -> BTreeSet<String> {
    let mut names: Vec<&str> = SERVICES.iter().map(|(_, _, name)| *name).collect();
    names.extend(["cognito-idp", "iam"]);
    let mut found = BTreeSet::new();
    for (file, _, name) in SERVICES {
        let text = calls_of(file);
        found.extend(words(&text, &names, ":"));
        let text: String = text.split_whitespace().collect();
        for start in [".adds(", ".changes(", ".removes(", ".does("] {
            let start = format!("{start}\"");
            let operations = text.split(&start).skip(1);
            let operations = operations.filter_map(|rest| rest.split('"').next());
            found.extend(operations.map(|operation| format!("{name}:{operation}")));
        }
    }
    found
}

#[test]
fn every_service_is_looked_at() {
    let folder = format!("{}/src/model/action", env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let files = files.map(|name| name.to_string_lossy().replace(".rs", ""));
    let services: BTreeSet<String> =
        files.filter(|name| !["kubernetes", "operation"].contains(&name.as_str())).collect();
    let known = SERVICES.iter().map(|(file, _, _)| (*file).to_owned());
    assert_eq!(services, known.collect());
}

#[test]
fn the_policy_allows_what_the_program_does_and_no_more() {
    let actions = policy();
    let actions = actions.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    let allowed: BTreeSet<String> =
        actions.map(|action| action.as_str().unwrap().to_owned()).collect();
    assert_eq!(allowed, permissions());
}

#[test]
fn every_read_has_its_permission() {
    let mut found = BTreeSet::new();
    let mut folders = vec![format!("{}/src/aws", env!("CARGO_MANIFEST_DIR"))];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.to_string_lossy().into_owned());
            } else {
                let text = fs::read_to_string(&path).unwrap();
                let services = SERVICES.map(|(_, service, _)| service);
                found.extend(words(&text, &services, "."));
            }
        }
    }
    let starts = [".Describe", ".Get", ".List"];
    let reads = found.iter().filter(|word| starts.iter().any(|start| word.contains(start)));
    let reads = reads.map(|word| {
        let (service, operation) = word.split_once('.').unwrap();
        let (_, _, name) = SERVICES.iter().find(|(_, known, _)| *known == service).unwrap();
        format!("{name}:{operation}")
    });
    let named = READS.iter().flat_map(|reads| *reads).map(|read| (*read).to_owned());
    let mut reads: BTreeSet<String> = reads.collect();
    // AWS asks this of whoever makes the call that is read by.
    reads.insert("wafv2:GetWebACL".to_owned());
    assert_eq!(reads, named.collect());
}

#[test]
fn what_takes_away_is_bound_to_the_clusters_tag() {
    for statement in policy() {
        let actions = statement["Action"].as_array().unwrap();
        // Shield's protections carry no tags, LBC's neither: they are told by their names.
        let is_untagged = |action: &&Value| action.as_str() == Some("shield:DeleteProtection");
        let mut tagged = actions.iter().filter(|action| !is_untagged(action));
        let takes_away = tagged.any(|action| action.as_str().unwrap().contains(":Delete"));
        if takes_away {
            let tag = "aws:ResourceTag/elbv2.k8s.aws/cluster";
            assert_eq!(statement["Condition"]["Null"][tag], "false", "{statement}");
            assert_ne!(statement["Resource"], "*", "{statement}");
        }
    }
}

/// Of target groups that people made with other tools, too: whoever only registers leaves targets
/// whose addresses become another pod's.
#[test]
fn what_may_be_registered_may_be_deregistered() {
    let of = |operation: &str| {
        let action = format!("elasticloadbalancing:{operation}");
        let has = |statement: &Value| {
            statement["Action"].as_array().unwrap().iter().any(|named| *named == action)
        };
        policy().into_iter().filter(has).collect::<Vec<_>>()
    };
    let registering = of("RegisterTargets");
    assert_eq!(registering, of("DeregisterTargets"));
    assert_eq!(registering[0]["Condition"], Value::Null);
}

/// Whoever may make roles for any service may have any service act for the account.
#[test]
fn only_load_balancing_gets_a_role() {
    let service = "elasticloadbalancing.amazonaws.com";
    for statement in policy() {
        let actions = statement["Action"].as_array().unwrap();
        if actions.iter().any(|action| action.as_str().unwrap().starts_with("iam:")) {
            assert_eq!(actions.len(), 1, "{statement}");
            assert_eq!(statement["Condition"]["StringEquals"]["iam:AWSServiceName"], service);
            let resources = statement["Resource"].as_array().unwrap();
            let within = format!("arn:*:iam::*:role/aws-service-role/{service}/");
            assert!(resources.iter().all(|arn| arn.as_str().unwrap().starts_with(&within)));
        }
    }
}

#[test]
fn trust_examples_are_json() {
    for name in ["trust-pod-identity", "trust-web-identity"] {
        let trust: Value = serde_json::from_str(&root(&format!("iam/{name}.json"))).unwrap();
        assert_eq!(trust["Version"], "2012-10-17", "{name}");
    }
}
