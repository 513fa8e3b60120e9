//! The chart in `deploy/helm/albedo`, as Helm, the API server, Prometheus and the program itself
//! take it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use albedo::flags::Cli;
use albedo::model::id::AwsId;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::support::control_plane::{ControlPlane, try_run};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// The chart, from the repository.
const CHART: &str = "deploy/helm/albedo";

/// Every Helm that takes it: the tools of `tests/chart`.
const HELMS: [&str; 2] = ["helm", "helm3"];

/// Runs a tool of `tests/chart` in the repository: what it printed, or what it complained of.
fn tool(arguments: &[&str], input: &str) -> Result<String, String> {
    let mut command = Command::new(format!("{REPOSITORY}/tests/chart/tool"));
    try_run(command.current_dir(REPOSITORY).args(arguments), input)
}

/// Every values file of the chart, by its name.
fn cases() -> Vec<(String, PathBuf)> {
    let folder = format!("{REPOSITORY}/{CHART}/ci");
    let files = fs::read_dir(folder).expect("it is there").map(|file| file.expect("it is").path());
    let name = |file: &PathBuf| {
        let name = file.file_name().and_then(|name| name.to_str()).expect("it is text");
        name.strip_suffix("-values.yaml").expect("that is how they are called").to_owned()
    };
    let mut cases: Vec<_> = files.map(|file| (name(&file), file)).collect();
    cases.sort();
    assert!(cases.len() >= 10, "{}", cases.len());
    cases
}

/// The documents of a text.
fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml_ng::Deserializer::from_str(text);
    let documents =
        documents.map(|document| Value::deserialize(document).expect("it is YAML")).collect();
    let documents: Vec<Value> = documents;
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

/// The documents of a manifest that is no chart's.
fn manifest(name: &str) -> Vec<Value> {
    documents(&fs::read_to_string(format!("{REPOSITORY}/deploy/{name}")).expect("it is there"))
}

/// What the chart renders as the release `albedo` in `kube-system`.
fn rendered(arguments: &[&str]) -> Result<Vec<Value>, String> {
    rendered_by("helm", arguments)
}

/// The same by one of the Helms.
fn rendered_by(helm: &str, arguments: &[&str]) -> Result<Vec<Value>, String> {
    let render = [helm, "template", "albedo", CHART, "--namespace", "kube-system"];
    tool(&[&render, arguments].concat(), "").map(|text| documents(&text))
}

/// What the chart renders from a values file.
fn case(file: &Path) -> Vec<Value> {
    rendered(&["--values", file.to_str().expect("it is text")]).expect("it can be rendered")
}

/// The documents of one kind.
fn of_kind<'a>(documents: &'a [Value], kind: &str) -> Vec<&'a Value> {
    documents.iter().filter(|document| document["kind"] == kind).collect()
}

/// A document without what only says which release it is of.
fn bare(mut document: Value) -> Value {
    let metadata = document["metadata"].as_object_mut().expect("it has some");
    metadata.remove("labels");
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.retain(|key, _| !key.starts_with("helm.sh/"));
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    document
}

/// Documents in an order that does not depend on where they are from.
fn sorted(documents: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut documents: Vec<Value> = documents.into_iter().map(bare).collect();
    let key = |document: &Value| {
        let metadata = &document["metadata"];
        [&document["kind"], &metadata["namespace"], &metadata["name"]].map(Value::to_string)
    };
    documents.sort_by_key(key);
    documents
}

#[test]
fn helm_finds_nothing_to_complain_of() {
    for (name, file) in cases() {
        let file = file.to_str().expect("it is text");
        for helm in HELMS {
            let done = tool(&[helm, "lint", "--strict", CHART, "--values", file], "");
            done.unwrap_or_else(|error| panic!("{name}: {helm}: {error}"));
        }
    }
}

#[test]
fn every_helm_renders_the_same_in_the_same_order() {
    for (name, file) in cases() {
        let values = ["--values", file.to_str().expect("it is text")];
        let [one, other] = HELMS.map(|helm| {
            rendered_by(helm, &values).unwrap_or_else(|error| panic!("{name}: {helm}: {error}"))
        });
        assert!(!one.is_empty() && one == other, "{name}: {one:#?} {other:#?}");
    }
}

#[test]
fn the_manifests_are_what_the_chart_renders() {
    let values = format!("{REPOSITORY}/{CHART}/ci/manifests-values.yaml");
    let mut chart = rendered(&["--values", &values]).expect("it can be rendered");
    for document in &mut chart {
        if document["kind"] == "Deployment" {
            let env = &mut document["spec"]["template"]["spec"]["containers"][0]["env"][0];
            assert_eq!(*env, json!({"name": "CLUSTER_NAME", "value": "demo"}));
            // The chart asks for a name; the manifest has none, so that nobody forgets to give one.
            env["value"] = "".into();
        }
    }
    let plain = [manifest("rbac.yaml"), manifest("controller.yaml")].concat();
    let (chart, plain) = (sorted(chart), sorted(plain));
    for (one, other) in chart.iter().zip(&plain) {
        assert_eq!(one, other);
    }
    assert_eq!(chart.len(), plain.len());
}

#[test]
fn the_policies_and_rights_that_are_asked_for_are_those_of_the_manifests() {
    let asked = "clusterName=demo,admissionPolicies.enabled=true,rbac.upgrade=true,\
                 readinessGateInjector.enabled=true";
    let asked = ["--set", asked];
    let chart = rendered(&asked).expect("it can be rendered");
    let is_asked_for = |document: &Value| {
        let name = document["metadata"]["name"].as_str().expect("it has one");
        let kind = document["kind"].as_str().expect("it has one");
        let is_of = |end: &str| name.ends_with(end);
        kind.starts_with("ValidatingAdmissionPolicy")
            || is_of("-upgrade")
            || is_of("-readiness-gates")
    };
    let chart = sorted(chart.into_iter().filter(is_asked_for));
    let files = ["admission.yaml", "upgrade.yaml", "injector.yaml"].map(manifest);
    assert_eq!(chart, sorted(files.concat()));
}

#[test]
fn the_program_takes_the_arguments_of_every_rendering() {
    for (name, file) in cases() {
        let documents = case(&file);
        let [deployment] = of_kind(&documents, "Deployment")[..] else { panic!("{name}") };
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let args = container["args"].as_array().expect("it has arguments");
        let args = args.iter().map(|arg| arg.as_str().expect("it is text").into());
        let args = std::iter::once("albedo".into()).chain(args);
        let (cli, notes) =
            Cli::parse_with_notes(args).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(notes.iter().all(|note| !note.contains("changes nothing")), "{name}: {notes:?}");
        let albedo::flags::Command::Run(run) = cli.command else { panic!("{name}") };
        let settings = run.build.settings("demo", "eu-west-1".to_owned(), AwsId::new("vpc-1"));
        let settings = settings.unwrap_or_else(|error| panic!("{name}: {error}"));
        if name == "tuned" {
            assert_eq!(settings.default_tags["note"], "one, \"two\"");
            assert_eq!(settings.default_tags["number"], "3");
            let tags = [("Name", "main"), ("purpose", "a, b")];
            let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
            assert_eq!(run.build.reach.vpc_tags(), tags);
        }
    }
}

/// A definition of a kind of the Prometheus operator's, whose fields `tests/chart/check` knows.
fn definition(kind: &str) -> Value {
    let plural = format!("{}s", kind.to_lowercase());
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.monitoring.coreos.com")},
        "spec": {
            "group": "monitoring.coreos.com", "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                }},
            }],
        },
    })
}

#[tokio::test]
async fn the_api_server_takes_every_rendering_without_a_field_that_it_does_not_know() {
    let plane = ControlPlane::start("chart");
    plane.install_crds();
    for kind in ["ServiceMonitor", "PrometheusRule"] {
        plane.apply(&definition(kind)).expect("it is one");
    }
    let established = ["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"];
    plane.kubectl(&established);
    for namespace in ["monitoring", "shop", "blog"] {
        plane.kubectl(&["create", "namespace", namespace]);
    }
    for (name, file) in cases() {
        let documents = case(&file);
        let list = json!({"apiVersion": "v1", "kind": "List", "items": documents});
        // For real, since what one object needs of another is not seen by trying.
        let apply = ["apply", "--server-side", "--validate=strict", "--force-conflicts", "-f", "-"];
        plane.try_kubectl(&apply, Some(&list)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let delete = ["delete", "--ignore-not-found", "--wait=false", "-f", "-"];
        let kept = |document: &&Value| document["kind"] != "Namespace";
        let leaving: Vec<&Value> = documents.iter().filter(kept).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": leaving});
        plane.try_kubectl(&delete, Some(&list)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    plane.stop();
}

/// As a person installs it, changes it and takes it away again.
#[test]
fn a_release_comes_changes_and_goes_and_what_is_remembered_stays() {
    for helm in HELMS {
        comes_changes_and_goes(helm);
    }
}

fn comes_changes_and_goes(helm: &str) {
    let plane = ControlPlane::start(&format!("release-{helm}"));
    let kubeconfig = plane.kubeconfig();
    let kubeconfig = kubeconfig.to_str().expect("it is text");
    let place = ["--namespace", "kube-system", "--kubeconfig", kubeconfig];
    let helm = |arguments: &[&str]| tool(&[&[helm], arguments, &place].concat(), "");
    let install = ["install", "albedo", CHART, "--set", "clusterName=demo"];
    helm(&install).expect("it can be installed");
    let names = plane.kubectl(&["get", "crd,ingressclass", "-o", "name"]);
    assert_eq!(names.lines().count(), 5, "{names}");
    let marked = ["create", "configmap", "-n", "albedo-system", "albedo-memory-mark"];
    plane.kubectl(&marked);
    let upgrade = ["upgrade", "albedo", CHART, "--set", "clusterName=demo,replicaCount=3"];
    helm(&upgrade).expect("it can be changed");
    let replicas =
        ["get", "deployment", "-n", "kube-system", "albedo", "-o=jsonpath={.spec.replicas}"];
    assert_eq!(plane.kubectl(&replicas), "3");
    helm(&["uninstall", "albedo"]).expect("it can be taken away");
    let left = plane.kubectl(&["get", "deployment,rolebinding,ingressclass", "-A", "-o", "name"]);
    assert!(!left.contains("albedo") && !left.contains("/alb"), "{left}");
    plane.kubectl(&["get", "configmap", "-n", "albedo-system", "albedo-memory-mark"]);
    helm(&install).expect("it can be installed again");
    plane.stop();
}

#[test]
fn prometheus_and_grafana_can_read_what_is_for_them() {
    let values = format!("{REPOSITORY}/{CHART}/ci/observed-values.yaml");
    let documents = rendered(&["--values", &values]).expect("it can be rendered");
    for kind in ["ServiceMonitor", "PrometheusRule", "ConfigMap"] {
        assert_eq!(of_kind(&documents, kind).len(), 1, "{kind}");
    }
    let check = |documents: &[Value]| tool(&["check"], &Value::from(documents).to_string());
    check(&documents).expect("it is as they have it");
    let mut broken = documents;
    for document in &mut broken {
        match document["kind"].as_str() {
            Some("ServiceMonitor") => document["spec"]["endpoint"] = json!([]),
            Some("PrometheusRule") => {
                document["spec"]["groups"][0]["rules"][0]["expr"] = "max by (".into();
            }
            _ => {}
        }
    }
    let found = check(&broken).expect_err("it is broken");
    assert!(found.contains("unknown field \"endpoint\""), "{found}");
    assert!(found.contains("AlbedoNobodyLeads: max by ("), "{found}");
}

#[test]
fn what_is_misspelt_or_another_programs_is_refused_in_words() {
    let refused = |given: &str| {
        let given = format!("clusterName=demo,{given}");
        HELMS.map(|helm| rendered_by(helm, &["--set", &given]).expect_err("it is refused"))
    };
    for (given, said) in [
        ("replicacount=1", "additional properties 'replicacount' not allowed"),
        ("vpcID=vpc-1", "additional properties 'vpcID' not allowed"),
        ("serviceAccount.annotation=x", "additional properties 'annotation' not allowed"),
        ("scope=mine", "at '/scope': value must be one of 'all', 'own'"),
        ("metricsBindAddr=8080", "at '/metricsBindAddr'"),
        ("enableEndpointSlices=false", "at '/enableEndpointSlices'"),
        ("image.repository=example.com/aws-load-balancer-controller", "leave image out"),
    ] {
        let answers = refused(given);
        assert!(answers.iter().all(|answer| answer.contains(said)), "{given}: {answers:?}");
    }
    let unnamed = rendered(&[]).expect_err("it is refused");
    assert!(unnamed.contains("clusterName: the cluster's name goes into names"), "{unnamed}");
}

#[test]
fn a_value_of_lbcs_that_changes_nothing_is_named_after_the_installation() {
    let given = "clusterName=demo,webhookBindPort=9443,autoscaling.enabled=true";
    let install = ["helm", "install", "albedo", CHART, "--dry-run=client", "--set", given];
    let said = tool(&install, "").expect("it is taken");
    let (_, said) = said.split_once("change nothing here").expect("they are named");
    assert!(said.contains("autoscaling, webhookBindPort"), "{said}");
    let said =
        tool(&["helm", "install", "a", CHART, "--dry-run=client", "--set=clusterName=x"], "");
    assert!(!said.expect("it is taken").contains("change nothing here"));
}

/// An add-on of Amazon EKS may not hold what its own definitions define.
#[test]
fn the_defaults_hold_no_custom_resource() {
    let documents = rendered(&["--set", "clusterName=demo"]).expect("it can be rendered");
    let own = |document: &&Value| document["apiVersion"] == "elbv2.k8s.aws/v1beta1";
    assert!(documents.iter().find(own).is_none());
    let given = "clusterName=demo,ingressClassParams.spec.scheme=internal";
    let documents = rendered(&["--set", given]).expect("it can be rendered");
    assert!(documents.iter().find(own).is_some());
}
