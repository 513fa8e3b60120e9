//! The chart in `deploy/helm/albedo` against the code and itself, without Helm; the live tests
//! render it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use albedo::flags::{Cli, LBC_FLAGS};
use clap::CommandFactory as _;
use serde::Deserialize as _;
use serde_json::Value;

fn text(name: &str) -> String {
    let path = format!("{}/deploy/helm/albedo/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap()
}

fn yaml(name: &str) -> Value {
    Value::deserialize(serde_yaml_ng::Deserializer::from_str(&text(name))).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(&text("values.schema.json")).unwrap()
}

/// What the schema says of a value that changes nothing begins so.
const IDLE: &str = "Changes nothing: ";

/// The values of the schema that change nothing, and why.
fn idle() -> BTreeMap<String, String> {
    let schema = schema();
    let values = schema["properties"].as_object().unwrap().iter();
    let why = |value: &Value| Some(value["description"].as_str()?.strip_prefix(IDLE)?.to_owned());
    values.filter_map(|(name, value)| Some((name.clone(), why(value)?))).collect()
}

/// The paths of all values, down to where the schema leaves off naming them.
fn paths(values: &Value, schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    let Some(named) = schema["properties"].as_object() else {
        found.insert(at.to_owned());
        return;
    };
    for (name, value) in values.as_object().unwrap() {
        let path = format!("{at}.{name}");
        let known = named.get(name).unwrap_or_else(|| panic!("{path} is not in the schema"));
        paths(value, known, &path, found);
    }
}

/// The paths of all that the schema names.
fn named(schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    let Some(properties) = schema["properties"].as_object() else {
        found.insert(at.to_owned());
        return;
    };
    assert_eq!(schema["additionalProperties"], false, "{at} takes what is misspelt");
    for (name, value) in properties {
        named(value, &format!("{at}.{name}"), found);
    }
}

#[test]
fn the_chart_has_the_programs_version() {
    let chart = yaml("Chart.yaml");
    assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["description"], env!("CARGO_PKG_DESCRIPTION"));
}

#[test]
fn every_value_is_in_the_schema_with_its_meaning_and_the_schema_has_no_other() {
    let (values, schema) = (yaml("values.yaml"), schema());
    let (mut given, mut known) = (BTreeSet::new(), BTreeSet::new());
    paths(&values, &schema, "", &mut given);
    named(&schema, "", &mut known);
    let idle = idle();
    // Helm's own, and those of a budget that exclude one another.
    let others = [".global", ".podDisruptionBudget.minAvailable"];
    known.retain(|path| !idle.contains_key(&path[1..]) && !others.contains(&path.as_str()));
    known.remove(".podDisruptionBudget.unhealthyPodEvictionPolicy");
    assert_eq!(given, known);
    for (name, value) in schema["properties"].as_object().unwrap() {
        let meaning = value["description"].as_str().unwrap_or_default();
        assert!(meaning.ends_with('.'), "{name}");
    }
}

#[test]
fn the_charts_readme_lists_what_changes_nothing_and_the_notes_name_it() {
    let rows = idle().into_iter().map(|(name, why)| format!("| `{name}` | {why} |"));
    let expected: Vec<String> = rows.collect();
    let readme = text("README.md");
    let (_, table) = readme.split_once("<!-- idle:").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|')).skip(2);
    let found: Vec<&str> = rows.collect();
    assert!(found == expected, "README.md should hold:\n{}", expected.join("\n"));
    let notes = text("templates/NOTES.txt");
    let list = notes.lines().find(|line| line.contains("range $name := list")).unwrap();
    let names: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    assert_eq!(names, idle().into_keys().collect::<Vec<_>>());
}

#[test]
fn the_chart_gives_flags_that_there_are() {
    let command = Cli::command();
    let run = command.find_subcommand("run").unwrap();
    let mut known: BTreeSet<&str> = run.get_arguments().filter_map(|arg| arg.get_long()).collect();
    known.extend(LBC_FLAGS.iter().map(|flag| flag.name));
    let template = text("templates/_arguments.tpl");
    // A list with a default in it is a value's, and not a flag's.
    let given = template.split("(list \"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let given: BTreeSet<&str> =
        given.filter(|flag| ![":9443", "all", "alb", "instance"].contains(flag)).collect();
    assert!(given.len() > 40, "{given:?}");
    assert!(given.is_subset(&known), "{:?}", given.difference(&known));
    // The cluster's name comes by its variable, and a pod knows where its cluster is. Ports and
    // names that probes and roles are bound to are the chart's own, and removals are accepted once.
    let fixed = [
        "cluster-name",
        "kubeconfig",
        "context",
        "enable-leader-election",
        "leader-election-id",
        "leader-election-namespace",
        "health-probe-bind-addr",
        "accept-removals",
        "help",
    ];
    // Of external-dns's flags its own chart has the common ones only; the others are extraArgs.
    let is_names = |heading: &str| heading.contains("external-dns");
    let others = run.get_arguments().filter(|flag| !flag.get_help_heading().is_some_and(is_names));
    for flag in others.filter(|flag| !flag.is_hide_set()) {
        let flag = flag.get_long().unwrap();
        let is_given = given.contains(flag) || template.contains(&format!("--{flag}"));
        assert!(is_given || fixed.contains(&flag), "no value gives --{flag}");
    }
}

#[test]
fn what_the_chart_holds_of_the_manifests_is_theirs() {
    let folder = format!("{}/deploy", env!("CARGO_MANIFEST_DIR"));
    for file in fs::read_dir(format!("{folder}/crds")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let of_chart = fs::read(format!("{folder}/helm/albedo/crds/{name}")).unwrap();
        assert_eq!(of_chart, fs::read(format!("{folder}/crds/{name}")).unwrap(), "{name}");
    }
}

/// What is rendered by Amazon EKS has a release's name and namespace, and nothing else of it.
#[test]
fn an_add_on_can_be_made_of_the_chart() {
    let folder = format!("{}/deploy/helm/albedo/templates", env!("CARGO_MANIFEST_DIR"));
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let template = text(&format!("templates/{name}"));
        for absent in [".Capabilities", "lookup ", "helm.sh/hook", "getHostByName", "randAlpha"] {
            assert!(!template.contains(absent), "{name} has {absent}");
        }
        for rest in template.split(".Release.").skip(1) {
            assert!(rest.starts_with("Name"), "{name} reads .Release.{rest:.20}");
        }
    }
    assert!(yaml("Chart.yaml")["dependencies"].is_null());
}

/// What Amazon EKS fills in, what is the publisher's, and what would hold secrets.
const NOBODYS: [&str; 10] = [
    "clusterName",
    "region",
    "vpcId",
    "image",
    "imagePullSecrets",
    "startupProbe",
    "livenessProbe",
    "readinessProbe",
    "env",
    "envFrom",
];

#[test]
fn what_an_add_on_lets_people_configure_is_of_the_charts_schema() {
    let add_on: Value = serde_json::from_str(&text("aws_mp_configuration_schema.json")).unwrap();
    // Of those that EKS takes, this one is Helm's as well.
    assert_eq!(add_on["$schema"], "https://json-schema.org/draft-07/schema");
    assert_eq!(add_on["additionalProperties"], false);
    let (schema, idle) = (schema(), idle());
    for (name, value) in add_on["properties"].as_object().unwrap() {
        assert_eq!(*value, schema["properties"][name], "{name}");
        assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric()), "{name}");
        assert!(name.starts_with(|letter: char| letter.is_ascii_lowercase()), "{name}");
        assert!(!idle.contains_key(name) && !NOBODYS.contains(&name.as_str()), "{name}");
    }
}
