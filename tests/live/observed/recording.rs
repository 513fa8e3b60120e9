//! A recording of what LBC did, as in `tests/cases/observed`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::support::state::text;

/// A recording.
pub struct Recording {
    /// Its file's name, without the ending.
    pub name: String,
    /// Its steps, without the last, which deletes every Ingress.
    pub steps: Vec<Step>,
    /// How many calls deleting took.
    pub deletion: usize,
}

/// A step.
pub struct Step {
    /// The objects applied, as text: symbols have to be replaced before it is read.
    manifests: String,
    /// The Ingresses deleted.
    pub deleted: Vec<String>,
    /// The calls that LBC made.
    pub calls: Vec<RecordedCall>,
    /// The bindings that it left.
    bindings: Vec<Value>,
    /// The Ingresses, as (name, finalizers, status).
    ingresses: Vec<(String, Vec<String>, Value)>,
    /// What each target group was made for, by its recorded name.
    resources: BTreeMap<String, String>,
}

/// A recorded call.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    /// The service.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The request.
    pub params: Value,
    /// The symbol of what it made.
    pub made: Option<String>,
}

impl Recording {
    /// Reads a recording.
    pub fn read(name: &str) -> Self {
        let path = format!("{}/tests/cases/observed/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (played, end) =
            text.split_once("== all Ingresses deleted\n").expect("a recording ends with it");
        let mut resources = BTreeMap::new();
        let steps = played.split("== step ").skip(1);
        let steps = steps.map(|step| Step::read(step, &mut resources)).collect();
        let deletion = end.lines().filter_map(RecordedCall::read).count();
        Self { name: name.to_owned(), steps, deletion }
    }

    /// The namespace it plays in.
    pub fn namespace(&self) -> String {
        let number = self.name.split('-').next().expect("a name has a start");
        format!("{}-ns", number.to_lowercase())
    }

    /// The addresses of each Service's pods, where LBC registered them.
    pub fn addresses(&self) -> BTreeMap<String, Vec<String>> {
        let mut of_group: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for call in self.steps.iter().flat_map(|step| &step.calls) {
            if call.operation == "RegisterTargets" {
                let ids = call.params["Targets"].as_array().into_iter().flatten();
                let ids = ids.map(|target| text(target, "Id"));
                of_group.entry(text(&call.params, "TargetGroupArn")).or_default().extend(ids);
            }
        }
        let mut addresses = BTreeMap::new();
        for binding in self.steps.iter().flat_map(|step| &step.bindings) {
            let service = text(&binding["spec"]["serviceRef"], "name");
            if let Some(ids) = of_group.get(&text(&binding["spec"], "targetGroupARN")) {
                addresses.entry(service).or_insert_with(|| ids.iter().cloned().collect());
            }
        }
        addresses
    }
}

impl Step {
    fn read(step: &str, resources: &mut BTreeMap<String, String>) -> Self {
        let (head, rest) =
            step.split_once("-- mutating calls, in order\n").expect("a step has calls");
        let (calls, left) = rest.split_once("-- left in the cluster\n").expect("a step leaves");
        let head = head.split_once('\n').map_or("", |(_, rest)| rest);
        let deleted = |line: &str| line.strip_prefix("delete ingresses/").map(str::to_owned);
        let manifests = head.lines().filter(|line| deleted(line).is_none());
        let calls: Vec<RecordedCall> = calls.lines().filter_map(RecordedCall::read).collect();
        for call in calls.iter().filter(|call| call.operation == "CreateTargetGroup") {
            let tags = call.params["Tags"].as_array().expect("it has tags");
            let tag = tags.iter().find(|tag| tag["Key"] == "ingress.k8s.aws/resource");
            let resource = text(tag.expect("it has the tag"), "Value");
            resources.insert(text(&call.params, "Name"), resource);
        }
        Self {
            manifests: manifests.collect::<Vec<_>>().join("\n"),
            deleted: head.lines().filter_map(deleted).collect(),
            calls,
            bindings: left.lines().filter_map(binding).collect(),
            ingresses: left.lines().filter_map(ingress).collect(),
            resources: resources.clone(),
        }
    }

    /// The objects applied, with what `real` makes of the symbols in them.
    pub fn objects(&self, real: impl Fn(&str) -> String) -> Vec<Value> {
        let text = real(&self.manifests);
        let documents = serde_yaml_ng::Deserializer::from_str(&text);
        let documents = documents.map(|document| Value::deserialize(document).expect("it is YAML"));
        documents.filter(|object| !object.is_null()).collect()
    }

    /// The bindings left, as recorded.
    pub fn recorded_bindings(&self) -> &[Value] {
        &self.bindings
    }

    /// The finalizers left on each Ingress.
    pub fn finalizers(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.ingresses.iter().map(|(name, finalizers, _)| (name.as_str(), finalizers.as_slice()))
    }

    /// The bindings left, in the symbols of a `State`.
    pub fn bindings(&self) -> Vec<Value> {
        let mut bindings: Vec<Value> = self
            .bindings
            .iter()
            .map(|binding| {
                let mut binding = binding.clone();
                if let Some(fields) = binding.as_object_mut() {
                    fields.remove("annotations");
                }
                let resource = &self.resources[&text(&binding, "name")];
                binding["name"] = format!("TGNAME({resource})").into();
                binding["spec"]["targetGroupARN"] = format!("TG({resource})").into();
                // The backend security group is the first thing that LBC makes.
                let text = binding.to_string().replace("SG#1", "SG(k8s-traffic-demo-2a97516c35)");
                serde_json::from_str(&text).expect("it stays JSON")
            })
            .collect();
        bindings.sort_by_cached_key(ToString::to_string);
        bindings
    }

    /// The Ingresses left, in the symbols of a `State`.
    pub fn ingresses(&self) -> Vec<Value> {
        let shown = self.ingresses.iter().map(|(name, finalizers, status)| {
            let mut status = status["ingress"].clone();
            for entry in status.as_array_mut().into_iter().flatten() {
                // `<name>-<something>.<region>.elb.amazonaws.com`
                let host = text(entry, "hostname");
                let label = host.split('.').next().and_then(|label| label.rsplit_once('-'));
                entry["hostname"] = format!("DNS({})", label.expect("it is AWS's").0).into();
                if let Some(ports) = entry["ports"].as_array_mut() {
                    // LBC writes no protocol, for which the API server shows an empty one.
                    ports.sort_by_key(|port| port["port"].as_u64());
                }
            }
            json!({"name": name, "finalizers": finalizers, "status": status})
        });
        shown.collect()
    }
}

impl RecordedCall {
    /// `  service.Operation {params}  -> made`; lines of another kind are no calls.
    fn read(line: &str) -> Option<Self> {
        let (name, rest) = line.strip_prefix("  ")?.split_once(" {")?;
        let (service, operation) = name.split_once('.')?;
        let text = format!("{{{rest}");
        let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        let params = values.next()?.expect("the parameters are JSON");
        let rest = text[values.byte_offset()..].trim();
        assert!(!rest.starts_with("!!"), "a refused call cannot be repeated: {line}");
        let made = rest.strip_prefix("-> ").map(str::to_owned);
        Some(Self { service: service.to_owned(), operation: operation.to_owned(), params, made })
    }
}

fn binding(line: &str) -> Option<Value> {
    let binding = line.strip_prefix("  TGB ")?;
    Some(serde_json::from_str(binding).expect("it is JSON"))
}

/// `  Ingress name finalizers=['a', 'b'] status={json}`
fn ingress(line: &str) -> Option<(String, Vec<String>, Value)> {
    let (name, rest) = line.strip_prefix("  Ingress ")?.split_once(" finalizers=")?;
    let (finalizers, status) = rest.split_once(" status=")?;
    let finalizers = finalizers.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    Some((name.to_owned(), finalizers, serde_json::from_str(status).expect("it is JSON")))
}
