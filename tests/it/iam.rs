//! `iam/policy.json` allows what the program does, and no more.

use std::collections::BTreeSet;
use std::fs;

use albedo::model::permission::READS;
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

/// Every permission that the code names.
fn permissions() -> BTreeSet<String> {
    let text = root("src/model/permission.rs");
    words(&text, &["ec2", "acm", "elasticloadbalancing", "iam", "route53"], ":")
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
fn every_operation_has_its_permission() {
    let text = root("src/model/action.rs");
    let mut operations = BTreeSet::new();
    for (service, prefix) in [("ec2", "ec2"), ("acm", "acm"), ("elbv2", "elasticloadbalancing")] {
        for rest in text.split(&format!("(\"{service}\", \"")).skip(1) {
            operations.insert(format!("{prefix}:{}", rest.split('"').next().unwrap()));
        }
    }
    assert!(operations.len() > 20, "{operations:?}");
    let missing: Vec<_> = operations.difference(&permissions()).cloned().collect();
    assert!(missing.is_empty(), "{missing:?}");
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
                found.extend(words(&text, &["ec2", "acm", "elbv2", "route53"], "."));
            }
        }
    }
    let reads = found.iter().filter(|word| word.contains(".Describe") || word.contains(".List"));
    let reads: BTreeSet<String> = reads
        .map(|word| word.replace("elbv2.", "elasticloadbalancing:").replace('.', ":"))
        .collect();
    assert_eq!(reads, READS.iter().map(|read| (*read).to_owned()).collect());
}

#[test]
fn what_takes_away_is_bound_to_the_clusters_tag() {
    for statement in policy() {
        let actions = statement["Action"].as_array().unwrap();
        let takes_away = actions.iter().any(|action| action.as_str().unwrap().contains(":Delete"));
        if takes_away {
            let tag = "aws:ResourceTag/elbv2.k8s.aws/cluster";
            assert_eq!(statement["Condition"]["Null"][tag], "false", "{statement}");
            assert_ne!(statement["Resource"], "*", "{statement}");
        }
    }
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
