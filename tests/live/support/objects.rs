//! Kubernetes objects as tests write them.

use serde_json::{Map, Value, json};

/// Start of every annotation of ours.
const PREFIX: &str = "alb.ingress.kubernetes.io/";

/// An Ingress with these annotations, and these rules as (host, path, Service); port 80 and Prefix
/// throughout.
pub fn ingress(
    name: &str,
    class: &str,
    annotations: &[(&str, &str)],
    rules: &[(&str, &str, &str)],
) -> Value {
    let annotations: Map<String, Value> = annotations
        .iter()
        .map(|(key, value)| (format!("{PREFIX}{key}"), Value::from(*value)))
        .collect();
    let rules: Vec<Value> = rules
        .iter()
        .map(|(host, path, service)| {
            let backend = json!({"service": {"name": service, "port": {"number": 80}}});
            let path = json!({"path": path, "pathType": "Prefix", "backend": backend});
            json!({"host": host, "http": {"paths": [path]}})
        })
        .collect();
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {"ingressClassName": class, "rules": rules},
    })
}

/// The annotations that nearly every Ingress here has.
pub const IP: [(&str, &str); 2] = [("target-type", "ip"), ("scheme", "internet-facing")];

/// Those, and an explicit group.
pub fn in_group(group: &str) -> [(&str, &str); 3] {
    [IP[0], IP[1], ("group.name", group)]
}

/// A Service whose port 80 leads to 8080.
pub fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
        "spec": {
            "type": "ClusterIP", "selector": {"app": name},
            "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
        },
    })
}

/// An IngressClass of LBC's controller.
pub fn class(name: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name},
        "spec": {"controller": "ingress.k8s.aws/alb"},
    })
}

/// An IngressClass of our own controller.
pub fn own_class(name: &str) -> Value {
    let mut class = class(name);
    class["spec"]["controller"] = "alb.ingress.k8s.aws/albedo".into();
    class
}

/// What the pod of a Service with this address is called: no other one ever has its name.
pub fn pod(service: &str, address: &str) -> String {
    format!("{service}-{}", address.replace('.', "-"))
}

/// The ready pods of a Service at these addresses, and the EndpointSlice that holds them.
pub fn endpoints(service: &Value, addresses: &[String]) -> Vec<Value> {
    let name = service["metadata"]["name"].as_str().expect("it has a name");
    let ports = service["spec"]["ports"].as_array().expect("it has ports");
    let numbered = |(place, port): (usize, &Value)| {
        // A named target port has some number of its pods' own.
        port["targetPort"].as_u64().unwrap_or(7000 + place as u64)
    };
    let slice_ports: Vec<Value> = ports
        .iter()
        .enumerate()
        .map(|(place, port)| {
            json!({"name": port["name"], "port": numbered((place, port)), "protocol": "TCP"})
        })
        .collect();
    let mut objects = Vec::new();
    let mut listed = Vec::new();
    for address in addresses {
        let pod = pod(name, address);
        listed.push(json!({
            "addresses": [address], "nodeName": "n1",
            "conditions": {"ready": true, "serving": true, "terminating": false},
            "targetRef": {"kind": "Pod", "name": pod},
        }));
        objects.push(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod, "labels": {"app": name}},
            "spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "x"}]},
            "status": {
                "phase": "Running", "podIP": address, "podIPs": [{"ip": address}],
                "conditions": [
                    {"type": "Ready", "status": "True"},
                    {"type": "ContainersReady", "status": "True"},
                ],
            },
        }));
    }
    objects.push(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "ports": slice_ports, "endpoints": listed,
    }));
    objects
}
