//! Objects of Kubernetes from short YAML.
//!
//! ```yaml
//! ingress shop/web:                      # any other key is an annotation, its prefix left out
//!   group.name: edge
//! rules: [a.example.com Prefix / web:80] # host ("any" for none), path type, path, Service and
//! port
//!   default: web:80
//!   tls: [tls a.example.com]             # Secret ("-" for none) and hosts
//! secret shop/tls: {fixture: ec}          # of tests/it/fixtures/tls
//! secret shop/login: {texts: {clientID: c}}
//! # name (may be left out), port, target port, node port (no Service but of type NodePort has one)
//! service shop/web: {ports: ["http=80:8080@31007"]}
//! node n1: true                          # whether it is ready; an instance of EC2 has more to say
//! node n2: {ready: unknown, id: i-2, taints: [karpenter.sh/disrupted], labels: {pool: web}}
//! policy p: {namespaceSelector: {}, groups: []}  # a TenantPolicy
//! endpoints shop/web: {ports: {http: 8080}, at: [172.31.1.10, 172.31.1.11 unready]}
//! pod shop/pod-172.31.1.12: {ready: true, gates: [binding], preStop: 15, grace: 60}
//! # what its container is asked, and the ports that it lists, as in a manifest; or all containers
//! pod shop/pod-172.31.1.13: {probe: {httpGet: {port: 8080}}, containerPorts: [{containerPort: 1}]}
//! ```
//!
//! Endpoints come with their pods, unless `pods: false` says that somebody else sees to them.

use albedo::cluster::{Object, decode};
use albedo::model::gate::GATE_PREFIX;
use albedo::model::marks::ANNOTATION_PREFIX;
use base64::Engine as _;
use serde_json::{Map, Value, json};

/// Reads a sketch; what is wrong with it is a mistake of the test.
pub fn objects(sketch: &str) -> Vec<Object> {
    let entries: serde_yaml_ng::Mapping = serde_yaml_ng::from_str(sketch).unwrap();
    let entries = entries.into_iter().map(|(title, body)| {
        let title: String = serde_yaml_ng::from_value(title).unwrap();
        let body: Value = serde_yaml_ng::from_value(body).unwrap();
        (title, body)
    });
    let entries: Vec<(String, Value)> = entries.collect();
    // Pods that are sketched by themselves come later and count.
    let housed = entries.iter().flat_map(|(title, body)| pods_behind(title, body));
    let all = housed.chain(entries.iter().cloned());
    all.map(|(title, body)| decode(manifest(&title, body)).unwrap()).collect()
}

/// The pods behind endpoints.
fn pods_behind(title: &str, body: &Value) -> Vec<(String, Value)> {
    let Some(service) = title.strip_prefix("endpoints ") else { return Vec::new() };
    if body["pods"] == Value::Bool(false) {
        return Vec::new();
    }
    let (namespace, _) = service.split_once('/').unwrap();
    let lines = body["at"].as_array().into_iter().flatten().map(text);
    let lines: Vec<String> = lines.filter(|line| !line.ends_with(" bare")).collect();
    let pod = |line: &String| {
        let address = line.split(' ').next().unwrap();
        let is_ready = !line.contains(" unready");
        (format!("pod {namespace}/pod-{address}"), json!({"ready": is_ready, "ip": address}))
    };
    lines.iter().map(pod).collect()
}

/// What of a sketch is metadata.
const META: [&str; 5] =
    ["finalizers", "labels", "creationTimestamp", "deletionTimestamp", "resourceVersion"];

/// The manifest of one entry.
fn manifest(title: &str, body: Value) -> Value {
    let (kind, name) = title.split_once(' ').unwrap();
    let (namespace, name) = name.split_once('/').unwrap_or(("", name));
    let mut meta = json!({"name": name, "namespace": namespace, "uid": format!("uid-{name}")});
    let mut body = match body {
        Value::Object(body) => body,
        Value::Null => Map::new(),
        other => Map::from_iter([("is".to_owned(), other)]),
    };
    let (api_version, kind, fields) = match kind {
        "ingress" => ("networking.k8s.io/v1", "Ingress", json!({"spec": ingress(&mut body)})),
        "service" => ("v1", "Service", json!({"spec": service(&mut body)})),
        "secret" => ("v1", "Secret", secret(&mut body)),
        "class" => ("networking.k8s.io/v1", "IngressClass", json!({"spec": class(&mut body)})),
        "params" => {
            let spec = Value::Object(std::mem::take(&mut body));
            ("elbv2.k8s.aws/v1beta1", "IngressClassParams", json!({"spec": spec}))
        }
        "policy" => {
            let spec = Value::Object(std::mem::take(&mut body));
            ("alb.ingress.k8s.aws/v1", "TenantPolicy", json!({"spec": spec}))
        }
        "namespace" => ("v1", "Namespace", json!({})),
        "node" => ("v1", "Node", node(&mut body)),
        "pod" => ("v1", "Pod", pod(name, &mut body)),
        "endpoints" => {
            meta["labels"] = json!({"kubernetes.io/service-name": name});
            ("discovery.k8s.io/v1", "EndpointSlice", endpoints(&mut body))
        }
        other => panic!("no sketch of {other}"),
    };
    for field in META {
        if let Some(value) = body.remove(field) {
            meta[field] = value;
        }
    }
    let annotation = |(key, value): (String, Value)| {
        let key = if key.contains('/') { key } else { format!("{ANNOTATION_PREFIX}{key}") };
        (key, Value::String(text(&value)))
    };
    meta["annotations"] = Value::Object(body.into_iter().map(annotation).collect());
    let mut manifest = fields;
    manifest["apiVersion"] = api_version.into();
    manifest["kind"] = kind.into();
    manifest["metadata"] = meta;
    manifest
}

/// A scalar as an annotation holds it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn list(body: &mut Map<String, Value>, field: &str) -> Vec<String> {
    let values = body.remove(field).unwrap_or_default();
    values.as_array().into_iter().flatten().map(text).collect()
}

fn number_or_name(text: &str, number: &str, name: &str) -> Value {
    match text.parse::<i32>() {
        Ok(value) => json!({number: value}),
        Err(_) => json!({name: text}),
    }
}

fn backend(text: &str) -> Value {
    let (name, port) = text.split_once(':').unwrap();
    json!({"service": {"name": name, "port": number_or_name(port, "number", "name")}})
}

/// Lines of one host that follow each other become one rule.
fn ingress(body: &mut Map<String, Value>) -> Value {
    let mut rules: Vec<(String, Vec<Value>)> = Vec::new();
    for line in list(body, "rules") {
        let words: Vec<&str> = line.split(' ').collect();
        let [host, path_type, path, service] = words[..] else { panic!("{line}") };
        let path = json!({"pathType": path_type, "path": path, "backend": backend(service)});
        match rules.last_mut() {
            Some((last, paths)) if last == host => paths.push(path),
            _ => rules.push((host.to_owned(), vec![path])),
        }
    }
    let rules = rules.into_iter().map(|(host, paths)| match host.as_str() {
        "any" => json!({"http": {"paths": paths}}),
        host => json!({"host": host, "http": {"paths": paths}}),
    });
    let mut spec = json!({"rules": rules.collect::<Vec<_>>()});
    let tls = list(body, "tls").into_iter().map(|line| {
        let mut words = line.split(' ').map(str::to_owned);
        let secret = words.next().filter(|name| name != "-");
        json!({"secretName": secret, "hosts": words.collect::<Vec<_>>()})
    });
    spec["tls"] = tls.collect();
    match body.remove("class") {
        Some(Value::Null) => {}
        Some(class) => spec["ingressClassName"] = class,
        None => spec["ingressClassName"] = "alb".into(),
    }
    if let Some(default) = body.remove("default") {
        spec["defaultBackend"] = backend(&text(&default));
    }
    spec
}

fn secret(body: &mut Map<String, Value>) -> Value {
    if let Some(texts) = body.remove("texts") {
        return json!({"type": "Opaque", "stringData": texts});
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/tls");
    let fixture = text(&body.remove("fixture").unwrap());
    let file = |end: &str| {
        let bytes = std::fs::read(format!("{folder}/{fixture}.{end}")).unwrap();
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    json!({"type": "kubernetes.io/tls", "data": {"tls.crt": file("pem"), "tls.key": file("key")}})
}

fn service(body: &mut Map<String, Value>) -> Value {
    let ports = list(body, "ports").into_iter().map(|port| {
        let (name, rest) = match port.split_once('=') {
            Some((name, rest)) => (Some(name.to_owned()), rest.to_owned()),
            None => (None, port),
        };
        let (rest, node_port) = match rest.split_once('@') {
            Some((rest, node_port)) => (rest.to_owned(), node_port.parse::<i32>().ok()),
            None => (rest, None),
        };
        let (number, target) = match rest.split_once(':') {
            Some((number, target)) => (number.to_owned(), Some(target.to_owned())),
            None => (rest, None),
        };
        let mut port = json!({"port": number.parse::<i32>().unwrap()});
        if let Some(node_port) = node_port {
            port["nodePort"] = node_port.into();
        }
        if let Some(name) = name {
            port["name"] = name.into();
        }
        if let Some(target) = target {
            port["targetPort"] = target.parse::<i32>().map_or(json!(target), |n| json!(n));
        }
        port
    });
    let mut spec = json!({"ports": ports.collect::<Vec<_>>()});
    if let Some(selector) = body.remove("selector") {
        spec["selector"] = selector;
    }
    if let Some(families) = body.remove("families") {
        spec["ipFamilies"] = families;
    }
    spec
}

fn class(body: &mut Map<String, Value>) -> Value {
    let controller = body.remove("controller").unwrap_or_else(|| "ingress.k8s.aws/alb".into());
    let mut spec = json!({"controller": controller});
    if let Some(params) = body.remove("params") {
        spec["parameters"] =
            json!({"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": params});
    }
    if let Some(parameters) = body.remove("parameters") {
        spec["parameters"] = parameters;
    }
    spec
}

fn node(body: &mut Map<String, Value>) -> Value {
    let ready = body.remove("is").or_else(|| body.remove("ready"));
    let ready = match ready {
        Some(Value::Bool(true)) => "True",
        Some(Value::Bool(false)) => "False",
        _ => "Unknown",
    };
    let id = body.remove("id").map(|id| format!("aws:///us-east-1a/{}", text(&id)));
    let taints = list(body, "taints").into_iter();
    let taints = taints.map(|key| json!({"key": key, "effect": "NoSchedule"}));
    json!({
        "spec": {"providerID": id, "taints": taints.collect::<Vec<_>>()},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    })
}

/// A pod has the address that it is called by, or the one that is given.
fn pod(name: &str, body: &mut Map<String, Value>) -> Value {
    let ready = if body.remove("ready") == Some(Value::Bool(true)) { "True" } else { "False" };
    let address = body.remove("ip").map(|ip| text(&ip));
    let address = address.unwrap_or_else(|| name.trim_start_matches("pod-").to_owned());
    let gates = list(body, "gates").into_iter();
    let gates = gates.map(|name| json!({"conditionType": format!("{GATE_PREFIX}{name}")}));
    let hook =
        body.remove("preStop").map(|seconds| json!({"preStop": {"sleep": {"seconds": seconds}}}));
    let mut container = json!({"lifecycle": hook});
    for (field, named) in [("readinessProbe", "probe"), ("ports", "containerPorts")] {
        if let Some(value) = body.remove(named) {
            container[field] = value;
        }
    }
    let containers = body.remove("containers").unwrap_or_else(|| json!([container]));
    json!({
        "spec": {
            "nodeName": body.remove("node").unwrap_or_else(|| "n1".into()),
            "readinessGates": gates.collect::<Vec<_>>(),
            "containers": containers,
            "initContainers": body.remove("initContainers"),
            "terminationGracePeriodSeconds": body.remove("grace"),
        },
        "status": {
            "podIPs": [{"ip": address}],
            "conditions": [{"type": "ContainersReady", "status": ready}],
        },
    })
}

/// Addresses may be followed by `unready`, `terminating` or `bare` (no pod); pods are called by
/// address.
fn endpoints(body: &mut Map<String, Value>) -> Value {
    body.remove("pods");
    let ports = body.remove("ports").unwrap_or_else(|| json!({"": 8080}));
    let ports = ports.as_object().into_iter().flatten().map(|(name, port)| match name.as_str() {
        "" => json!({"port": port}),
        name => json!({"name": name, "port": port}),
    });
    let at = list(body, "at").into_iter().map(|line| {
        let mut words = line.split(' ');
        let address = words.next().unwrap();
        let flags: Vec<&str> = words.collect();
        let has = |flag| flags.contains(&flag);
        let mut endpoint = json!({
            "addresses": [address],
            "conditions": {"ready": !has("unready"), "terminating": has("terminating")},
        });
        if !has("bare") {
            endpoint["targetRef"] = json!({"kind": "Pod", "name": format!("pod-{address}")});
        }
        endpoint
    });
    json!({
        "addressType": body.remove("type").unwrap_or_else(|| "IPv4".into()),
        "ports": ports.collect::<Vec<_>>(),
        "endpoints": at.collect::<Vec<_>>(),
    })
}
