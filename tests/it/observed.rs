//! What Albedo would ask AWS for, against what LBC was recorded to ask for (tests/cases/observed).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use albedo::cluster::{Object, decode, insert};
use albedo::model::binding::PortRef;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::secret::fingerprint;
use albedo::model::seen::Node;
use albedo::model::settings::Settings;
use albedo::model::surroundings::{Interface, IssuedCertificate, Issuer, NamedGroup};
use albedo::plan::wire::{NAME_LATER, parameters};
use serde::Deserialize as _;
use serde_json::Value;

use super::flags::settings;
use super::support::world::{World, fake, interface, subnet, tags};

/// The certificates of the recordings, whose names hold commas, and what they are called here: in
/// the order of the ARNs that they had.
const CERTIFICATES: [(&str, &str); 3] = [
    ("CERT(*.example.com,example.com)", "CERT-1"),
    ("CERT(one.example.com,web.example.com)", "CERT-2"),
    ("CERT(two.example.org)", "CERT-0"),
];

/// The secret of the client in the recordings.
const CLIENT_SECRET: &str = "csecret";

/// The first step of a recording.
struct Recording {
    namespace: String,
    /// The flags that LBC was started with, beside those that all have.
    flags: Vec<String>,
    manifests: Vec<Value>,
    /// `service.Operation`, its parameters, and what it made.
    calls: Vec<(String, Value, Option<String>)>,
}

fn recording(path: &Path) -> Recording {
    let mut text = std::fs::read_to_string(path).unwrap();
    for (name, here) in CERTIFICATES {
        text = text.replace(name, here);
    }
    let name = path.file_name().unwrap().to_string_lossy().to_lowercase();
    let (before, step) = text.split_once("== step 1\n").unwrap();
    let flags = before.strip_prefix("== flags ").unwrap_or_default().split_whitespace();
    let (manifests, rest) = step.split_once("-- mutating calls, in order\n").unwrap();
    let (calls, _) = rest.split_once("  reads: ").unwrap();
    let documents = serde_yaml_ng::Deserializer::from_str(manifests);
    Recording {
        namespace: format!("{}-ns", name.split('-').next().unwrap()),
        flags: flags.map(|flag| format!("--{flag}")).collect(),
        manifests: documents.map(|document| Value::deserialize(document).unwrap()).collect(),
        calls: calls.lines().map(call).collect(),
    }
}

fn call(line: &str) -> (String, Value, Option<String>) {
    let (operation, rest) = line.trim().split_once(' ').unwrap();
    let (parameters, made) = match rest.split_once("  -> ") {
        Some((parameters, made)) => (parameters, Some(made.to_owned())),
        None => (rest, None),
    };
    (operation.to_owned(), serde_json::from_str(parameters).unwrap(), made)
}

/// The value of a tag among the parameters of a call.
fn tag<'a>(parameters: &'a Value, key: &str) -> Option<&'a str> {
    let of_spec = parameters.pointer("/TagSpecifications/0/Tags");
    let tags = of_spec.or_else(|| parameters.get("Tags"))?.as_array()?;
    tags.iter().find(|tag| tag["Key"] == key)?["Value"].as_str()
}

/// How a plan calls what a recorded call made.
fn symbol(operation: &str, parameters: &Value) -> String {
    let stack = tag(parameters, "ingress.k8s.aws/stack").unwrap_or_default();
    let resource = tag(parameters, "ingress.k8s.aws/resource").unwrap_or_default();
    let what = match operation {
        "ec2.CreateSecurityGroup" if stack.is_empty() => "backend security group".to_owned(),
        "ec2.CreateSecurityGroup" => format!("frontend security group of {stack}"),
        "elbv2.CreateLoadBalancer" => format!("load balancer of {stack}"),
        "elbv2.CreateListener" => format!("listener {resource} of {stack}"),
        "elbv2.CreateTargetGroup" => format!("target group {resource}"),
        other => panic!("{other} makes nothing"),
    };
    format!("(known after apply: {what})")
}

/// The recorded calls as a plan would write them.
fn recorded(recording: &Recording) -> Vec<String> {
    let makes = recording.calls.iter().filter_map(|(operation, parameters, made)| {
        let made = made.as_ref().filter(|_| operation != "elbv2.CreateRule")?;
        Some((format!("\"{made}\""), format!("\"{}\"", symbol(operation, parameters))))
    });
    let makes: Vec<(String, String)> = makes.collect();
    let calls = recording.calls.iter().map(|(operation, parameters, _)| {
        let mut parameters = parameters.clone();
        if operation == "elbv2.CreateTargetGroup" {
            // The name hashes the UID that the Service had.
            parameters["Name"] = NAME_LATER.into();
        }
        let mut text = format!("{operation} {}", sorted(&parameters));
        // A plan shows no secrets.
        let sealed = format!("(sealed {})", fingerprint(CLIENT_SECRET.as_bytes()));
        text = text.replace(&format!("\"{CLIENT_SECRET}\""), &format!("\"{sealed}\""));
        for (made, symbol) in &makes {
            text = text.replace(made, symbol);
        }
        sorted_again(&text)
    });
    let mut calls: Vec<String> = calls.collect();
    calls.sort();
    without_detours(calls)
}

/// LBC lets in what the bindings known so far need, and takes that back as it learns of others.
fn without_detours(mut calls: Vec<String>) -> Vec<String> {
    let (authorize, revoke) =
        ("ec2.AuthorizeSecurityGroupIngress", "ec2.RevokeSecurityGroupIngress");
    let revoked: Vec<String> =
        calls.iter().filter(|call| call.starts_with(revoke)).cloned().collect();
    for call in revoked {
        let granted = call.replace(revoke, authorize).replace(r#","UserId":"000000000000""#, "");
        let before = calls.len();
        calls.retain(|other| *other != call && *other != granted);
        assert_eq!(calls.len() + 2, before, "taken back and never granted: {call}");
    }
    calls
}

/// Lists in one order: none in these calls has a meaning by its order that is not written as well.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        other => other.clone(),
    }
}

/// The same, once names have been replaced.
fn sorted_again(call: &str) -> String {
    let (operation, parameters) = call.split_once(' ').unwrap();
    let parameters: Value = serde_json::from_str(parameters).unwrap();
    format!("{operation} {}", sorted(&parameters))
}

/// The world of the recordings: two subnets, one node whose interface has the addresses of all
/// pods, and two pods of each Service.
fn world(recording: &Recording) -> World {
    let mut world = World::new("");
    let flags: Vec<&str> = recording.flags.iter().map(String::as_str).collect();
    world.settings = Settings { vpc: AwsId::new("VPC"), ..settings(&flags).unwrap() };
    let vpc = Arc::make_mut(&mut world.surroundings.vpc);
    vpc.id = AwsId::new("VPC");
    let subnets = ["us-east-1a", "us-east-1b"];
    vpc.subnets = subnets.map(|zone| (AwsId::new(format!("SUBNET({zone})")), subnet(zone))).into();
    let nodes = AwsId::new("SG(nodes)");
    let everywhere = Interface {
        security_groups: vec![nodes.clone()],
        instance: Some(AwsId::new(INSTANCE)),
        ..interface()
    };
    let node = Node {
        instance: Some(INSTANCE.into()),
        ready: "True".into(),
        excluded: false,
        labels: tags(&[("pool", "web")]),
    };
    world.objects.nodes.insert("n1".to_owned(), Arc::new(node));
    world.surroundings.interfaces = Arc::new([everywhere].into_iter().collect());
    let marked = NamedGroup {
        tags: tags(&[("kubernetes.io/cluster/demo", "owned")]),
        ..NamedGroup::default()
    };
    world.surroundings.security_groups = Arc::new([(nodes, marked)].into_iter().collect());
    let mut addresses = addresses(recording).into_iter();
    for manifest in &recording.manifests {
        let mut manifest = manifest.clone();
        manifest["metadata"]["namespace"] = recording.namespace.clone().into();
        let object = decode(manifest).unwrap();
        if let Object::Service(key, service) = &object {
            let ports = service.ports.iter().zip(0u16..).map(|(port, index)| {
                let number = match &port.target {
                    PortRef::Number(number) => *number,
                    PortRef::Name(_) => 7000 + i32::from(index),
                };
                (port.name.as_ref().unwrap().to_string(), number)
            });
            let ports: std::collections::BTreeMap<String, i32> = ports.collect();
            let pods: Vec<String> = addresses.by_ref().take(2).collect();
            let ports = serde_json::to_string(&ports).unwrap();
            let slice = format!("endpoints {key}: {{ports: {ports}, at: {pods:?}}}");
            world.add(&slice);
        }
        insert(&mut world.objects, object);
    }
    world
}

/// The instance that is the only node.
const INSTANCE: &str = "INSTANCE(n1)";

/// The addresses that were registered: two for each Service, in the Services' order.
fn addresses(recording: &Recording) -> Vec<String> {
    let registered =
        recording.calls.iter().filter(|(operation, ..)| operation == "elbv2.RegisterTargets");
    let targets =
        registered.flat_map(|(_, parameters, _)| parameters["Targets"].as_array().unwrap());
    let ids = targets.map(|target| target["Id"].as_str().unwrap().to_owned());
    let mut found: Vec<String> = ids.filter(|id| id != INSTANCE).collect();
    found.sort();
    found.dedup();
    found
}

/// A certificate of the recordings, as a list shows it.
fn issued(names: &str, id: &str) -> IssuedCertificate {
    let names = names.trim_start_matches("CERT(").trim_end_matches(')');
    IssuedCertificate {
        id: AwsId::new(id),
        names: names.split(',').map(str::to_owned).collect(),
        issuer: Issuer::Public,
        key_type: "RSA_2048".to_owned(),
        not_before: None,
        not_after: None,
        is_whole: true,
    }
}

/// What a plan for an empty account lists.
fn planned(world: &World) -> Vec<String> {
    let aws = fake();
    aws.change(|state| CERTIFICATES.iter().for_each(|(names, id)| state.issue(issued(names, id))));
    let plans = world.plan(&aws).plans;
    let steps = plans.iter().flat_map(|(_, plan)| &plan.steps);
    let calls = steps.filter_map(|step| {
        let (service, operation) = step.action.operation();
        let is_aws = service != "kubernetes";
        is_aws.then(|| format!("{service}.{operation} {}", sorted(&parameters(&step.action))))
    });
    let mut calls: Vec<String> = calls.collect();
    calls.sort();
    calls
}

#[test]
fn a_fresh_plan_asks_for_what_lbc_was_recorded_to_ask_for() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/observed");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let recording = recording(&path);
        let (planned, recorded) = (planned(&world(&recording)), recorded(&recording));
        let only = |some: &[String], others: &[String]| {
            some.iter().filter(|call| !others.contains(call)).cloned().collect::<Vec<_>>()
        };
        let (ours, lbcs) = (only(&planned, &recorded), only(&recorded, &planned));
        assert!(ours.is_empty() && lbcs.is_empty(), "{path:?}\nours: {ours:#?}\nLBC's: {lbcs:#?}");
        assert_eq!(planned.len(), recorded.len(), "{path:?}");
        seen += 1;
    }
    assert_eq!(seen, 27);
}

#[test]
fn the_recordings_are_read_as_they_are_meant() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases/observed");
    let recording = recording(&folder.join("V01-minimal-ip.txt"));
    assert_eq!(recording.calls.len(), 9);
    let world = world(&recording);
    assert!(world.objects.ingresses.contains_key(&ObjectKey::new("v01-ns", "web")));
    assert_eq!(addresses(&recording), ["172.31.1.10", "172.31.1.11"]);
}
