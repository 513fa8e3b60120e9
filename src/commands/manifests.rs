//! Manifests from files: reading them, and filling in what a person need not write to see a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use k8s_openapi::api::networking::v1::IngressClassSpec;
use serde::Deserialize as _;
use serde_json::Value;

use crate::cluster::{Object, decode_all, insert};
use crate::desired::classes::CONTROLLER_LBC;
use crate::model::binding::PortRef;
use crate::model::id::ObjectKey;
use crate::model::seen::{
    Ingress, IngressBackend, IngressClass, Service, ServiceBackend, ServicePort,
};
use crate::model::snapshot::Objects;

/// Objects read from files.
#[derive(Debug, Default)]
pub struct Manifests {
    /// The objects.
    pub objects: Objects,
    /// What was left out or filled in.
    pub notes: Vec<String>,
    /// What Kubernetes does not take any more, and what to write instead.
    pub removed: Vec<String>,
}

/// Reads manifests from files and folders; "-" is standard input.
///
/// # Errors
/// The file and the document that cannot be read, and why.
pub fn read(files: &[String]) -> anyhow::Result<Manifests> {
    let mut manifests = load(files)?;
    fill_in(&mut manifests);
    Ok(manifests)
}

/// The same without filling anything in.
///
/// # Errors
/// The file and the document that cannot be read, and why.
pub fn load(files: &[String]) -> anyhow::Result<Manifests> {
    let mut manifests = Manifests::default();
    for given in files {
        for file in in_folder(given)? {
            let text = read_text(&file)?;
            read_documents(&mut manifests, &file, &text)?;
        }
    }
    if manifests.objects.ingresses.is_empty() {
        let removed = manifests.removed.join("; ");
        let files = files.join(", ");
        if removed.is_empty() {
            bail!("{files}: no Ingress in there; give manifests with at least one");
        }
        bail!("{files}: no Ingress in there that Kubernetes takes: {removed}");
    }
    Ok(manifests)
}

/// What a folder of kustomize's holds; it says which manifests are meant, and how they are changed.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// How the names of manifests end.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// The manifests in a folder and the folders in it, by their names; a file is itself.
fn in_folder(given: &str) -> anyhow::Result<Vec<String>> {
    let path = Path::new(given);
    if given == "-" || !path.is_dir() {
        return Ok(vec![given.to_owned()]);
    }
    if KUSTOMIZATIONS.iter().any(|name| path.join(name).exists()) {
        bail!("{given} is for kustomize; kubectl kustomize {given} | albedo plan -f -");
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("{given} cannot be read"))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>, std::io::Error>>()
        .with_context(|| format!("{given} cannot be read"))?;
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let is_manifest =
            path.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
        // A link may lead to where it lies.
        let is_folder = path.is_dir() && !path.is_symlink();
        let name = path.to_string_lossy();
        if is_folder {
            found.extend(in_folder(&name)?);
        } else if is_manifest && path.is_file() {
            found.push(name.into_owned());
        }
    }
    Ok(found)
}

fn read_text(file: &str) -> anyhow::Result<String> {
    if file == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))
}

fn read_documents(manifests: &mut Manifests, file: &str, text: &str) -> anyhow::Result<()> {
    for (index, document) in serde_yaml_ng::Deserializer::from_str(text).enumerate() {
        let place = || format!("{file}, document {}", index + 1);
        let mut value = Value::deserialize(document)
            .with_context(|| format!("{}: not YAML that Kubernetes would read", place()))?;
        fill_in_node_ports(&mut manifests.notes, &mut value);
        for object in decode_all(value) {
            match object.with_context(place)? {
                Object::Other { api_version, kind, name } => {
                    if let Some((since, instead)) = removed(&api_version, &kind) {
                        manifests.removed.push(format!(
                            "{}: {kind} {name}: Kubernetes {since} has removed {api_version}; write \
                             {instead}",
                            place()
                        ));
                        continue;
                    }
                    let what = format!("{}: {kind} {name} ({api_version})", place());
                    manifests.notes.push(format!("{what} has no part in load balancers; left out"));
                }
                object => insert(&mut manifests.objects, object),
            }
        }
    }
    Ok(())
}

/// Since which version Kubernetes does not take an API version any more, and what it takes instead
/// (Kubernetes: deprecation guide).
fn removed(api_version: &str, kind: &str) -> Option<(&'static str, &'static str)> {
    match (api_version, kind) {
        ("extensions/v1beta1" | "networking.k8s.io/v1beta1", "Ingress" | "IngressClass") => {
            Some(("1.22", "networking.k8s.io/v1"))
        }
        ("discovery.k8s.io/v1beta1", "EndpointSlice") => Some(("1.25", "discovery.k8s.io/v1")),
        _ => None,
    }
}

/// The first node port that an API server gives (Kubernetes: `--service-node-port-range`).
const NODE_PORT: u16 = 30_000;

/// Makes up what an API server gives Services whose ports nodes listen on.
fn fill_in_node_ports(notes: &mut Vec<String>, value: &mut Value) {
    let items = value.get_mut("items").and_then(Value::as_array_mut);
    items.into_iter().flatten().for_each(|item| fill_in_node_ports(notes, item));
    let has_them = ["NodePort", "LoadBalancer"].iter().any(|kind| value["spec"]["type"] == *kind);
    if value["kind"] != "Service" || !has_them {
        return;
    }
    let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let ports = value.pointer_mut("/spec/ports").and_then(Value::as_array_mut);
    let ports = ports.into_iter().flatten().filter_map(Value::as_object_mut);
    let mut is_any = false;
    for port in ports.filter(|port| !port.contains_key("nodePort")) {
        port.insert("nodePort".to_owned(), NODE_PORT.into());
        is_any = true;
    }
    if is_any {
        let given = "gets its nodePorts from the API server";
        notes.push(format!("Service {name} {given}; taken to be {NODE_PORT}"));
    }
}

/// The label that the API server gives each namespace: its name.
const NAMESPACE_LABEL: &str = "kubernetes.io/metadata.name";

/// Makes up the labels of namespaces, where policies judge them.
fn fill_in_namespaces(manifests: &mut Manifests) {
    let Manifests { objects, notes, .. } = manifests;
    if objects.policies.is_empty() {
        return;
    }
    let names: BTreeSet<String> =
        objects.ingresses.keys().map(|key| key.namespace.to_string()).collect();
    for name in names {
        if !objects.namespaces.contains_key(&name) {
            notes.push(format!(
                "Namespace {name} is not among the manifests; taken to have no labels but its name"
            ));
        }
        let labels = objects.namespaces.entry(name.clone()).or_default();
        Arc::make_mut(labels).insert(NAMESPACE_LABEL.to_owned(), name);
    }
}

/// Makes up what manifests need not hold: the class, the Services of backends, and labels.
pub fn fill_in(manifests: &mut Manifests) {
    fill_in_namespaces(manifests);
    let ingresses = manifests.objects.ingresses.clone();
    let mut made_up: BTreeMap<ObjectKey, Vec<ServicePort>> = BTreeMap::new();
    for (key, ingress) in &ingresses {
        fill_in_class(manifests, ingress);
        for backend in backends(ingress) {
            let service = ObjectKey::new(key.namespace.clone(), backend.name.clone());
            if !manifests.objects.services.contains_key(&service) {
                add_port(made_up.entry(service).or_default(), backend);
            }
        }
    }
    for (key, ports) in made_up {
        manifests.notes.push(format!(
            "Service {key} is not among the manifests; taken to pass its ports on as they are"
        ));
        let service = Service { ports: ports.into(), ..Service::default() };
        manifests.objects.services.insert(key, Arc::new(service));
    }
}

/// The classes that the charts of other controllers make, with the controllers.
const OTHERS: [(&str, &str); 6] = [
    ("cilium", "cilium.io/ingress-controller"),
    ("contour", "projectcontour.io/ingress-controller"),
    ("haproxy", "haproxy-ingress.github.io/controller"),
    ("kong", "ingress-controllers.konghq.com/kong"),
    ("nginx", "k8s.io/ingress-nginx"),
    ("traefik", "traefik.io/ingress-controller"),
];

fn fill_in_class(manifests: &mut Manifests, ingress: &Ingress) {
    let Some(name) = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.clone()) else {
        return;
    };
    if manifests.objects.classes.contains_key(name.as_str()) {
        return;
    }
    let other = OTHERS.iter().find(|(class, _)| *class == name);
    manifests.notes.push(match other {
        Some((_, controller)) => format!(
            "IngressClass {name} is not among the manifests; taken for {controller}'s, so its \
             Ingresses are left alone: add the class if it is ours"
        ),
        None => format!(
            "IngressClass {name} is not among the manifests; taken for one of {CONTROLLER_LBC} \
             without parameters"
        ),
    });
    let controller = Some(other.map_or(CONTROLLER_LBC, |(_, controller)| controller).to_owned());
    let spec = Some(IngressClassSpec { controller, parameters: None });
    let mut class = IngressClass { spec, ..IngressClass::default() };
    class.metadata.name = Some(name.as_str().into());
    manifests.objects.classes.insert(name.to_string(), Arc::new(class));
}

fn backends(ingress: &Ingress) -> impl Iterator<Item = &ServiceBackend> {
    let spec = ingress.spec.iter();
    let backends = spec.flat_map(|spec| {
        let rules = spec.rules.iter().flatten().flat_map(|rule| &rule.http);
        let of_rules = rules.flat_map(|http| &http.paths).map(|path| &path.backend);
        spec.default_backend.as_deref().into_iter().chain(of_rules)
    });
    backends.filter_map(|backend: &IngressBackend| backend.service.as_ref())
}

fn add_port(ports: &mut Vec<ServicePort>, backend: &ServiceBackend) {
    let Some(port) = &backend.port else { return };
    let number = port.number.unwrap_or(1);
    let name = port.name.clone();
    let node_port = u16::try_from(number).ok();
    let port = ServicePort { name, port: number, target: PortRef::Number(number), node_port };
    if !ports.contains(&port) {
        ports.push(port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::seen::TenantPolicy;

    const MANIFESTS: &str = "
kind: List
items:
- {kind: Service, metadata: {name: a}, spec: {type: NodePort, ports: [{port: 80}]}}
- {kind: Service, metadata: {name: b}, spec: {type: NodePort, ports: [{nodePort: 31000}]}}
- {kind: Service, metadata: {name: c}, spec: {ports: [{port: 80}]}}
- {kind: Service, metadata: {name: d}, spec: {type: NodePort, ports: nonsense}}
---
just a line
";

    #[test]
    fn what_nodes_listen_on_is_made_up_where_an_api_server_would_choose() {
        let mut notes = Vec::new();
        let mut found = Vec::new();
        for document in serde_yaml_ng::Deserializer::from_str(MANIFESTS) {
            let mut value = Value::deserialize(document).expect("it is YAML");
            fill_in_node_ports(&mut notes, &mut value);
            let items = value["items"].as_array().into_iter().flatten();
            found.extend(items.map(|item| item["spec"]["ports"][0]["nodePort"].clone()));
        }
        assert_eq!(found, [NODE_PORT.into(), 31000.into(), Value::Null, Value::Null]);
        let taken = "Service a gets its nodePorts from the API server; taken to be 30000";
        assert_eq!(notes, [taken]);
    }

    #[test]
    fn namespaces_have_their_names_as_labels_where_policies_judge_them() {
        let mut manifests = Manifests::default();
        let key = ObjectKey::new("shop", "web");
        manifests.objects.ingresses.insert(key, Arc::default());
        fill_in(&mut manifests);
        assert!(manifests.objects.namespaces.is_empty());
        manifests.objects.policies.insert("p".to_owned(), Arc::new(TenantPolicy::default()));
        fill_in(&mut manifests);
        let labels = &manifests.objects.namespaces["shop"];
        assert_eq!(labels.get(NAMESPACE_LABEL).map(String::as_str), Some("shop"));
        assert!(manifests.notes[0].contains("Namespace shop"), "{:?}", manifests.notes);
    }

    #[test]
    fn a_class_that_another_controllers_chart_makes_is_not_taken_for_ours() {
        let mut manifests = Manifests::default();
        for (name, class) in [("web", "alb"), ("theirs", "nginx")] {
            let document = serde_json::json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": {"name": name}, "spec": {"ingressClassName": class},
            });
            for object in decode_all(document) {
                insert(&mut manifests.objects, object.expect("it is one"));
            }
        }
        fill_in(&mut manifests);
        let controller = |class: &str| {
            let spec = manifests.objects.classes[class].spec.as_ref();
            spec.and_then(|spec| spec.controller.clone()).unwrap_or_default()
        };
        assert_eq!(controller("alb"), CONTROLLER_LBC);
        assert_eq!(controller("nginx"), "k8s.io/ingress-nginx");
        assert!(manifests.notes.iter().any(|note| note.contains("left alone")), "{manifests:?}");
    }
}
