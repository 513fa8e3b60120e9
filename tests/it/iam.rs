//! The policies in `iam/` allow what the program does for its own cluster, and no more.

use std::collections::BTreeSet;
use std::fs;

use albedo::model::action::READS;
use albedo::model::permission::QUESTIONS;
use albedo::model::settings::Scope;
use serde_json::{Value, json};

fn root(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn policy() -> Vec<Value> {
    let policy: Value = serde_json::from_str(&root("iam/policy.json")).unwrap();
    policy["Statement"].as_array().unwrap().clone()
}

/// How the policy names its own cluster: by its name, and as what is made with `--scope=own`.
fn own_cluster() -> Value {
    json!([Scope::All, Scope::Own].map(|scope| scope.named("CLUSTER")))
}

const OF_RESOURCE: &str = "aws:ResourceTag/elbv2.k8s.aws/cluster";
const OF_REQUEST: &str = "aws:RequestTag/elbv2.k8s.aws/cluster";

/// The texts in quotes that have one of these services before a separator.
fn words(text: &str, services: &[&str], separator: &str) -> BTreeSet<String> {
    let quoted = text.split('"').skip(1).step_by(2);
    let named = quoted.filter(|word| {
        services.iter().any(|service| word.starts_with(&format!("{service}{separator}")))
    });
    named.map(str::to_owned).collect()
}

/// The services, and what IAM calls them.
const SERVICES: [(&str, &str, &str); 8] = [
    ("acm", "acm", "acm"),
    ("ec2", "ec2", "ec2"),
    ("elb", "elbv2", "elasticloadbalancing"),
    ("route53", "route53", "route53"),
    ("shield", "shield", "shield"),
    ("sts", "sts", "sts"),
    ("tagging", "tagging", "tag"),
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

/// What doctor does not ask IAM for, and why.
const NOT_ASKED: [&str; 2] = [
    // Of roles that bindings name, and that say themselves whom they trust.
    "sts:AssumeRole",
    // It is tried.
    "tag:GetResources",
];

#[test]
fn doctor_asks_iam_for_all_that_the_policy_allows() {
    let asked = QUESTIONS.iter().flat_map(|question| question.actions);
    let asked: BTreeSet<String> = asked.chain(&NOT_ASKED).map(|one| (*one).to_owned()).collect();
    assert_eq!(asked, permissions());
}

/// The calls of whoever runs doctor. Policies of controllers do not allow them: to say who asks
/// needs no right at all, and to ask for rights is one of a person's.
const OF_PERSONS: [&str; 2] = ["iam.SimulatePrincipalPolicy", "sts.GetCallerIdentity"];

#[test]
fn what_only_persons_call_is_called_by_doctor_alone_and_no_controllers_right() {
    let folder = format!("{}/src", env!("CARGO_MANIFEST_DIR"));
    let (mut naming, mut asking) = (BTreeSet::new(), BTreeSet::new());
    let mut folders = vec![std::path::PathBuf::from(&folder)];
    while let Some(here) = folders.pop() {
        for entry in fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
            if OF_PERSONS.iter().any(|call| text.contains(&format!("\"{call}\""))) {
                naming.insert(name.clone());
            }
            if text.contains("aws::iam") {
                asking.insert(name);
            }
        }
    }
    let only = |name: &str| BTreeSet::from([name.to_owned()]);
    assert_eq!((naming, asking), (only("aws/iam.rs"), only("commands/doctor/rights.rs")));
    for call in OF_PERSONS {
        let (service, operation) = call.split_once('.').unwrap();
        assert!(!permissions().contains(&format!("{service}:{operation}")), "{call}");
    }
    // What a person is given for it is one statement, which the page shows.
    let page = root("docs/doctor.md");
    let (_, shown) = page.split_once("```json").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let statement: Value = serde_json::from_str(shown).unwrap();
    assert_eq!(statement["Action"], json!("iam:SimulatePrincipalPolicy"));
    assert_ne!(statement["Resource"], json!("*"));
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
                found.retain(|call| !OF_PERSONS.contains(&call.as_str()));
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
    // The SDK asks for sessions by itself.
    reads.insert("sts:AssumeRole".to_owned());
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
            let of = &statement["Condition"]["StringEquals"][OF_RESOURCE];
            assert_eq!(*of, own_cluster(), "{statement}");
            assert_ne!(statement["Resource"], "*", "{statement}");
        }
    }
}

/// Of target groups that people made with other tools, too: whoever only registers leaves targets
/// whose addresses become another pod's. What another cluster made is left to it.
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
    let condition = json!({"StringEqualsIfExists": {OF_RESOURCE: own_cluster()}});
    assert_eq!(registering[0]["Condition"], condition);
}

/// What asks for no tag, and why: what only reads, and what carries none.
const WITHOUT_TAG: [&str; 11] = [
    // Of other accounts: their path says what they are for, and they say whom they trust.
    "AssumeRolesOfTargetGroups",
    // A VPC is not the cluster's; the group that is made in it is.
    "CreateSecurityGroupsInVpcs",
    "LetLoadBalancingHaveItsRole",
    // User pools are whoever's logs people in.
    "LetLoadBalancingReadUserPools",
    "LetLoadBalancingReadNetwork",
    "ReadEachCertificate",
    "ReadRecords",
    // Records carry no tags; a TXT record beside them says whose they are.
    "ChangeRecords",
    // WAF asks for no tag of what it protects, and Shield's protections carry none: they are
    // named after the cluster's load balancers.
    "ProtectLoadBalancers",
    "UseShield",
    "ReadShield",
];

#[test]
fn all_else_is_bound_to_the_value_of_the_clusters_tag() {
    for statement in policy() {
        let sid = statement["Sid"].as_str().unwrap();
        if WITHOUT_TAG.contains(&sid) || sid.starts_with("Read") {
            continue;
        }
        let condition = &statement["Condition"];
        let places = ["StringEquals", "StringEqualsIfExists"]
            .map(|operator| &condition[operator])
            .into_iter()
            .flat_map(|keys| [&keys[OF_RESOURCE], &keys[OF_REQUEST]]);
        let named: Vec<&Value> = places.filter(|value| !value.is_null()).collect();
        assert!(!named.is_empty(), "{statement}");
        assert!(named.iter().all(|value| **value == own_cluster()), "{statement}");
    }
}

/// The VPC may be shared by another account, user pools may be in another region, and Route 53's
/// zones have neither in their ARNs.
#[test]
fn every_resource_is_of_the_account_and_the_region() {
    for statement in policy() {
        for resource in statement["Resource"].as_array().into_iter().flatten() {
            let resource = resource.as_str().unwrap();
            let parts: Vec<&str> = resource.splitn(6, ':').collect();
            let place = match parts[2] {
                "route53" => ["", ""],
                "iam" if parts[5].starts_with("role/elbv2.k8s.aws/") => ["", "*"],
                "iam" | "shield" => ["", "ACCOUNT"],
                "cognito-idp" => ["*", "ACCOUNT"],
                _ if parts[5].starts_with("vpc/") => ["REGION", "*"],
                _ => ["REGION", "ACCOUNT"],
            };
            assert_eq!(parts[3..5], place, "{resource}");
        }
    }
}

#[test]
fn only_named_zones_change_and_only_the_named_network_is_opened() {
    let of = |sid: &str| policy().into_iter().find(|statement| statement["Sid"] == sid).unwrap();
    let records = of("ChangeRecords");
    assert_eq!(records["Resource"], json!(["arn:*:route53:::hostedzone/ZONE"]));
    // ForAllValues holds for a request that names none, too.
    let types = "route53:ChangeResourceRecordSetsRecordTypes";
    assert_eq!(records["Condition"]["Null"][types], "false");
    let network = "arn:*:ec2:REGION:*:vpc/VPC";
    assert_eq!(of("OpenNodesAndPods")["Condition"]["ArnLike"]["ec2:Vpc"], network);
    assert_eq!(of("CreateSecurityGroupsInVpcs")["Resource"], json!([network]));
}

/// By the tag that EKS Pod Identity gives each of a pod's sessions, in place of the name.
#[test]
fn the_policy_for_pod_identity_is_the_same_by_the_sessions_tag() {
    let tag = "\"${aws:PrincipalTag/eks-cluster-name}";
    let by_tag = root("iam/policy.json").replace("\"CLUSTER", tag);
    assert_eq!(root("iam/policy-pod-identity.json"), by_tag);
}

/// A role's own policies may have 10,240 characters without white space together; a managed
/// policy, 6,144 ("IAM and AWS STS quotas", IAM User Guide).
#[test]
fn the_policies_fit_a_role() {
    for name in ["policy", "policy-pod-identity"] {
        let policy: Value = serde_json::from_str(&root(&format!("iam/{name}.json"))).unwrap();
        let length = policy.to_string().len();
        assert!(length < 10_240, "{name} has {length} characters");
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
            let within = format!("arn:*:iam::ACCOUNT:role/aws-service-role/{service}/");
            assert!(resources.iter().all(|arn| arn.as_str().unwrap().starts_with(&within)));
        }
    }
}

#[test]
fn only_the_controllers_pods_get_the_role() {
    let of = |name: &str| {
        let trust: Value = serde_json::from_str(&root(&format!("iam/{name}.json"))).unwrap();
        let [statement] = &trust["Statement"].as_array().unwrap()[..] else { panic!("{trust}") };
        statement.clone()
    };
    let web = of("trust-web-identity");
    let issuer = "oidc.eks.REGION.amazonaws.com/id/ID";
    let wanted = json!({"StringEquals": {
        format!("{issuer}:aud"): "sts.amazonaws.com",
        format!("{issuer}:sub"): "system:serviceaccount:kube-system:albedo",
    }});
    assert_eq!(web["Condition"], wanted);
    let pod = of("trust-pod-identity");
    assert_eq!(pod["Principal"], json!({"Service": "pods.eks.amazonaws.com"}));
    let wanted = json!({"StringEquals": {
        "aws:SourceAccount": "ACCOUNT",
        "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:REGION:ACCOUNT:cluster/CLUSTER",
        "aws:RequestTag/kubernetes-namespace": "kube-system",
        "aws:RequestTag/kubernetes-service-account": "albedo",
    }});
    assert_eq!(pod["Condition"], wanted);
}
