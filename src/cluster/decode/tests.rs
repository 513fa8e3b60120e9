use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::model::binding::PortRef;
use crate::model::gate::{Gate, GateCondition, GateState, Gates};
use crate::model::id::ObjectKey;
use crate::model::listener::Protocol;
use crate::model::seen::{self, Container, HttpProbe, Probe};

fn decoded(value: Value) -> Object {
    decode(value).expect("the manifest is good")
}

fn message(value: Value) -> String {
    decode(value).expect_err("the manifest is bad").to_string()
}

/// How a pod of these containers ends.
fn termination(containers: &Value) -> seen::Termination {
    let object = decoded(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": "shop"},
        "spec": {"containers": containers, "terminationGracePeriodSeconds": 60},
    }));
    let Object::Pod(_, pod) = object else { panic!("not a pod") };
    pod.termination
}

#[test]
fn a_pod_sleeps_before_it_stops_for_as_long_as_its_containers_say() {
    let hook = |hook: Value| json!({"lifecycle": {"preStop": hook}});
    let exec = |command: Value| hook(json!({"exec": {"command": command}}));
    let plain = json!({"lifecycle": null});
    for (containers, expected) in [
        (json!([plain]), Some(0)),
        (json!([plain, hook(json!({"sleep": {"seconds": 15}}))]), Some(15)),
        (json!([exec(json!(["/bin/sleep", "20"]))]), Some(20)),
        (json!([exec(json!(["sh", "-c", "sleep 12 && nginx -s quit"]))]), Some(12)),
        (json!([exec(json!(["/app/drain"]))]), None),
        (json!([hook(json!({"httpGet": {"port": 80}})), plain]), None),
    ] {
        let found = termination(&containers);
        assert_eq!((found.grace, found.pre_stop), (60, expected), "{containers}");
    }
}

#[test]
fn a_pod_is_kept_slim() {
    let object = decoded(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "web-1", "namespace": "shop", "uid": "u1",
            "annotations": {"big": "…"}, "managedFields": [{"manager": "kubelet"}],
        },
        "spec": {
            "nodeName": "n1",
            "containers": [{
                "name": "web", "ports": [{"name": "http", "containerPort": 8080}],
                "readinessProbe": {"httpGet": {"path": "ready", "port": "http"}, "periodSeconds": 7},
            }],
            "initContainers": [
                {"name": "once", "readinessProbe": null},
                {"name": "always", "restartPolicy": "Always", "readinessProbe": {"exec": {}}},
            ],
            "readinessGates": [
                {"conditionType": "target-health.elbv2.k8s.aws/a"},
                {"conditionType": "target-health.elbv2.k8s.aws/b"},
                {"conditionType": "target-health.elbv2.k8s.aws/"}, {"conditionType": "www.example.com/c"},
            ],
        },
        "status": {
            "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
            "conditions": [{"type": "ContainersReady", "status": "True"}, {"type": "Ready", "status": "False"}, {
                "type": "target-health.elbv2.k8s.aws/a", "status": "False",
                "reason": "Elb.InitialHealthChecking", "message": "Initial health checks in progress",
            }],
        },
    }));
    let http = HttpProbe {
        scheme: Protocol::Http,
        port: Some(8080),
        path: "/ready".into(),
        period_seconds: 7,
        timeout_seconds: 1,
        success_threshold: 1,
        failure_threshold: 3,
    };
    let probes = [
        Container { ports: [("http".into(), 8080)].into(), probe: Some(Probe::Http(http)) },
        Container { ports: [].into(), probe: Some(Probe::Exec) },
    ];
    let expected = seen::Pod {
        termination: seen::Termination::default(),
        node: "n1".into(),
        addresses: ["10.0.0.1", "fd00::1"].map(Into::into).into_iter().collect(),
        containers_ready: true,
        leaving: false,
        probes: Some(Arc::new(Box::new(probes))),
        gates: Some(Box::new(Gates {
            uid: "u1".into(),
            each: vec![
                Gate {
                    binding: "a".into(),
                    shown: Some(GateCondition {
                        state: GateState::Closed,
                        reason: "Elb.InitialHealthChecking".into(),
                        message: "Initial health checks in progress".into(),
                    }),
                },
                Gate { binding: "b".into(), shown: None },
            ],
        })),
    };
    assert_eq!(object, Object::Pod(ObjectKey::new("shop", "web-1"), Arc::new(expected)));
}

#[test]
fn nulls_that_go_writes_for_empty_lists_are_empty_lists() {
    let object = decoded(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "web-a", "labels": {"kubernetes.io/service-name": "web"}},
        "endpoints": null, "ports": null,
    }));
    let expected = seen::EndpointSlice {
        service: ObjectKey::new("default", "web"),
        ipv6: false,
        ports: vec![],
        endpoints: vec![],
        recency: 0,
    };
    assert_eq!(object, Object::Slice(ObjectKey::new("default", "web-a"), Arc::new(expected)));
}

#[test]
fn an_endpoint_without_conditions_is_ready_and_only_pods_are_named() {
    let Object::Slice(_, slice) = decoded(json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv6",
        "metadata": {"name": "web-a", "labels": {"kubernetes.io/service-name": "web"}},
        "ports": [{"name": null, "port": 80}, {"name": "every", "port": null}, {"name": "odd", "port": 70000}],
        "endpoints": [
            {"addresses": ["fd00::1"], "targetRef": {"kind": "Pod", "name": "web-1"}, "nodeName": "n1"},
            {"addresses": ["fd00::2"], "conditions": {"ready": false, "terminating": true},
             "targetRef": {"kind": "Pod", "name": "web-2"}},
            {"addresses": ["fd00::3"], "targetRef": {"kind": "Node", "name": "n2"}},
        ],
    })) else {
        panic!("not a slice")
    };
    assert!(slice.ipv6);
    assert_eq!(slice.ports, [seen::SlicePort { name: "".into(), port: 80 }]);
    let [first, second, third] = &slice.endpoints[..] else { panic!("three endpoints") };
    assert_eq!((first.ready, first.terminating), (true, false));
    assert_eq!(first.pod, Some(ObjectKey::new("default", "web-1")));
    assert_eq!(third.pod, None, "a node is no pod");
    assert_eq!((second.ready, second.terminating), (false, true));
    assert_eq!(second.pod, Some(ObjectKey::new("default", "web-2")));
}

#[test]
fn a_pod_that_has_ended_has_no_address() {
    for (phase, expected) in [("Running", 1), ("Pending", 1), ("Succeeded", 0), ("Failed", 0)] {
        let Object::Pod(_, pod) = decoded(json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1"}, "spec": {},
            "status": {"phase": phase, "podIP": "10.0.0.1"},
        })) else {
            panic!("not a pod")
        };
        assert_eq!(pod.addresses.iter().count(), expected, "{phase}");
    }
}

#[test]
fn slices_of_no_service_and_of_host_names_are_nothing_to_us() {
    for (kind, labels) in
        [("IPv4", json!({})), ("FQDN", json!({"kubernetes.io/service-name": "web"}))]
    {
        let object = decoded(json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": kind,
            "metadata": {"name": "s", "labels": labels}, "endpoints": [], "ports": [],
        }));
        assert!(matches!(object, Object::Other { .. }), "{object:?}");
    }
}

#[test]
fn a_node_is_its_instance_and_whether_it_is_ready() {
    let node = |provider_id: &str, conditions: Value| {
        let object = decoded(json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"},
            "spec": {"providerID": provider_id}, "status": {"conditions": conditions},
        }));
        let Object::Node(_, node) = object else { panic!("not a node") };
        (node.instance.clone(), node.ready.clone())
    };
    let ready = json!([{"type": "Ready", "status": "Unknown"}]);
    assert_eq!(node("aws:///us-east-1a/i-0abc", ready), (Some("i-0abc".into()), "Unknown".into()));
    for (provider_id, instance) in [
        ("aws:///us-east-1a/i-0abc", Some("i-0abc")),
        ("aws://i-0abc", Some("i-0abc")),
        ("i-0abc", Some("i-0abc")),
        ("aws:///us-east-1a/fargate-10.0.0.1", None),
        ("eks-hybrid:///eu-west-1/demo/mi-0abc", None),
        ("rke2://n1", None),
        ("", None),
    ] {
        let found = node(provider_id, json!([]));
        assert_eq!(found, (instance.map(Into::into), "False".into()), "{provider_id}");
    }
}

#[test]
fn a_node_is_excluded_by_labels_by_taints_and_by_what_it_is_made_of() {
    let node = |labels: Value, spec: Value| {
        let metadata = json!({"name": "n1", "labels": labels});
        let object = decoded(json!({
            "apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec,
        }));
        let Object::Node(_, node) = object else { panic!("not a node") };
        node.excluded
    };
    let label = |name: &str, value: &str| node(json!({name: value}), json!({}));
    assert!(!label("node-role.kubernetes.io/control-plane", ""));
    assert!(label("node-role.kubernetes.io/master", ""));
    assert!(label("node.kubernetes.io/exclude-from-external-load-balancers", "false"));
    assert!(label("alpha.service-controller.kubernetes.io/exclude-balancer", ""));
    assert!(label("eks.amazonaws.com/compute-type", "fargate"));
    assert!(label("eks.amazonaws.com/compute-type", "hybrid"));
    assert!(!label("eks.amazonaws.com/compute-type", "auto"));
    let taint = |key: &str, effect: &str| {
        node(json!(null), json!({"taints": [{"key": key, "effect": effect}]}))
    };
    assert!(taint("ToBeDeletedByClusterAutoscaler", "NoSchedule"));
    assert!(taint("ToBeDeletedByClusterAutoscaler", "PreferNoSchedule"));
    assert!(taint("karpenter.sh/disrupted", "NoSchedule"));
    assert!(!taint("karpenter.sh/disrupted", "NoExecute"));
    assert!(!taint("node.kubernetes.io/unschedulable", "NoSchedule"));
    assert!(!node(json!({}), json!({"unschedulable": true, "taints": null})));
    assert!(node(json!({}), json!({"providerID": "eks-hybrid:///eu-west-1/demo/mi-0abc"})));
}

#[test]
fn a_binding_made_by_lbc_keeps_every_field() {
    let spec = json!({
        "ipAddressType": "ipv4",
        "networking": {"ingress": [{
            "from": [{"securityGroup": {"groupID": "sg-1"}}],
            "ports": [{"port": "admin", "protocol": "TCP"}],
        }]},
        "serviceRef": {"name": "multi", "port": "admin"},
        "targetGroupARN": "arn:aws:elasticloadbalancing:…",
        "targetGroupProtocol": "HTTP", "targetType": "ip", "vpcID": "vpc-1",
        "nodeSelector": {"matchLabels": {"pool": "web"}},
    });
    let Object::Binding(key, binding) = decoded(json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
        "metadata": {
            "name": "tgb", "namespace": "shop", "uid": "u", "generation": 2,
            "finalizers": ["elbv2.k8s.aws/resources"],
        },
        "spec": spec, "status": {"observedGeneration": 1},
    })) else {
        panic!("not a binding")
    };
    assert_eq!(key, ObjectKey::new("shop", "tgb"));
    assert_eq!(binding.finalizers, ["elbv2.k8s.aws/resources"]);
    let generations = (binding.generation, binding.status.observed_generation);
    assert_eq!(generations, (Some(2), Some(1)));
    assert_eq!(binding.spec.service_ref.port, PortRef::Name("admin".into()));
    assert_eq!(serde_json::to_value(&binding.spec).expect("it is plain data"), spec);
}

/// Metadata as `kubectl apply` and controllers leave it.
fn laden(name: &str) -> Value {
    json!({
        "name": name, "resourceVersion": "7", "uid": "u1", "generation": 3,
        "managedFields": [{"manager": "kubectl"}],
        "labels": {"helm.sh/chart": "web-1.0"},
        "ownerReferences": [{"apiVersion": "v1", "kind": "App", "name": "web", "uid": "u0"}],
        "finalizers": ["example.com/held"],
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": "{}".repeat(1 << 20),
            "alb.ingress.kubernetes.io/scheme": "internal",
            "example.com/note": "b",
        },
    })
}

#[test]
fn an_ingress_loses_what_says_nothing_about_it() {
    let Object::Ingress(key, ingress) = decoded(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": laden("web"),
        "spec": {"ingressClassName": "alb"},
        "status": {"loadBalancer": {"ingress": [
            {"hostname": "a", "ports": [{"port": 80, "protocol": "TCP"}]},
        ]}},
    })) else {
        panic!("not an ingress")
    };
    assert_eq!(key, ObjectKey::new("default", "web"));
    let annotations = [("alb.ingress.kubernetes.io/scheme", "internal"), ("example.com/note", "b")];
    let expected = seen::Metadata {
        name: Some("web".into()),
        namespace: Some("default".into()),
        uid: Some("u1".into()),
        generation: Some(3),
        finalizers: vec!["example.com/held".into()],
        labels: Some([("helm.sh/chart", "web-1.0")].into()),
        annotations: Some(annotations.into()),
        ..seen::Metadata::default()
    };
    assert_eq!(ingress.metadata, expected);
    // What people are told is compared with what they were told.
    let told = seen::IngressStatus { hostname: Some("a".into()), ports: Box::new([80]) };
    assert_eq!(*ingress.status, [told]);
}

#[test]
fn a_service_is_its_ports_and_what_it_says_of_target_groups() {
    let ports = json!([{"name": "http", "port": 80, "targetPort": "web", "nodePort": 31007}]);
    let Object::Service(_, service) = decoded(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": laden("web"),
        "spec": {
            "ports": ports, "ipFamilies": ["IPv4"], "type": "LoadBalancer", "clusterIP": "10.0.0.1",
            "selector": {"app": "web"},
        },
        "status": {"loadBalancer": {"ingress": [{"hostname": "a.example.com"}]}},
    })) else {
        panic!("not a service")
    };
    let annotation = ("alb.ingress.kubernetes.io/scheme".to_owned(), "internal".to_owned());
    let expected = seen::Service {
        uid: Some("u1".into()),
        has_load_balancer: false,
        ipv6: false,
        annotations: Some(Box::new([annotation].into())),
        ports: Box::new([seen::ServicePort {
            name: Some("http".into()),
            port: 80,
            target: PortRef::Name("web".to_owned()),
            node_port: Some(31007),
        }]),
        selector: Box::new([("app".into(), "web".into())]),
    };
    assert_eq!(*service, expected);
}

#[test]
fn lists_of_lists_are_flattened_and_a_bad_item_spoils_no_other() {
    let decoded = decode_all(json!({
        "apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "NamespaceList", "metadata": {}, "items": [
                {"metadata": {"name": "a", "labels": {"team": "x"}}}, {"metadata": {"name": "b"}},
            ]},
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {}},
            null,
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}},
        ],
    }));
    let [Ok(a), Ok(b), Err(_), Ok(Object::Other { kind, name, .. })] = &decoded[..] else {
        panic!("{decoded:?}")
    };
    let labels = BTreeMap::from([("team".to_owned(), "x".to_owned())]);
    assert_eq!(*a, Object::Namespace("a".into(), Arc::new(labels)));
    assert_eq!(*b, Object::Namespace("b".into(), Arc::default()));
    assert_eq!((kind.as_str(), name.as_str()), ("Deployment", "web"));
    assert_eq!(decode_all(Value::Null), []);
}

#[test]
fn an_error_says_what_was_found() {
    assert_eq!(
        message(json!(["a"])),
        r#"a manifest has to be a mapping with apiVersion, kind and metadata; found ["a"]"#
    );
    assert_eq!(
        message(json!({"kind": "Ingress", "metadata": {}})),
        "a manifest has to have a text in apiVersion; found only kind, metadata"
    );
    assert_eq!(
        message(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"generateName": "web-"}})
        ),
        r#"Service has to have a text in metadata.name; found metadata: {"generateName":"web-"}"#
    );
    let malformed = message(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},
        "spec": {"rules": "none"},
    }));
    assert!(malformed.starts_with("Ingress web: invalid type: string \"none\""), "{malformed}");
}
