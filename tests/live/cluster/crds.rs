//! The CRDs in `deploy/crds`: LBC's objects apply unchanged.

use serde_json::{Value, json};

use super::name;
use crate::support::control_plane::ControlPlane;

/// A TargetGroupBinding with this spec, in the API version that everybody writes.
fn binding(namespace: &str, name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
        "metadata": {"namespace": namespace, "name": name}, "spec": spec,
    })
}

/// IngressClassParams with this spec.
fn params(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "IngressClassParams",
        "metadata": {"name": name}, "spec": spec,
    })
}

/// A rule that lets one security group in.
fn rule(port: &Value) -> Value {
    json!({
        "from": [{"securityGroup": {"groupID": "sg-0a"}}],
        "ports": [{"port": port, "protocol": "TCP"}],
    })
}

/// The specs that LBC 3.5 left in the recorded scenarios: V01, V17, V08, V21, V07, and V09 without
/// a rule.
fn specs_of_lbc() -> Vec<Value> {
    let spec = |service: Value, target_type: &str, protocol: &str, rules: &[Value]| {
        let mut spec = json!({
            "ipAddressType": "ipv4", "serviceRef": service, "targetType": target_type,
            "targetGroupARN": "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/k8s-x/0a",
            "targetGroupProtocol": protocol, "vpcID": "vpc-0a",
        });
        if !rules.is_empty() {
            spec["networking"] = json!({"ingress": rules});
        }
        spec
    };
    let web = json!({"name": "web", "port": 80});
    vec![
        spec(web.clone(), "ip", "HTTP", &[rule(&json!(8080))]),
        spec(json!({"name": "multi", "port": "admin"}), "ip", "HTTP", &[rule(&json!("admin"))]),
        spec(web.clone(), "ip", "HTTP", &[rule(&json!(8080)), rule(&json!(9090))]),
        spec(web.clone(), "ip", "HTTPS", &[rule(&json!(8080))]),
        spec(web.clone(), "instance", "HTTP", &[rule(&json!(31007))]),
        spec(web, "ip", "HTTP", &[]),
    ]
}

/// Applies a manifest, and says what `spec` the API server keeps of it.
fn kept(plane: &ControlPlane, kind: &str, manifest: &Value) -> Value {
    plane.apply(manifest).expect("the API server takes it");
    let namespace = manifest["metadata"]["namespace"].as_str().unwrap_or("default");
    let spec = ["get", kind, name(manifest), "-n", namespace, "-o", "jsonpath={.spec}"];
    serde_json::from_str(&plane.kubectl(&spec)).expect("it has a spec")
}

#[tokio::test]
async fn bindings_that_lbc_made_are_kept_whole() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace(&plane.client().await, "crds").await;
    for (number, spec) in specs_of_lbc().into_iter().enumerate() {
        let manifest = binding(&namespace, &format!("lbc-{number}"), &spec);
        assert_eq!(kept(plane, "targetgroupbinding.v1beta1.elbv2.k8s.aws", &manifest), spec);
    }
}

#[tokio::test]
async fn every_field_of_lbc_is_kept() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace(&plane.client().await, "crds").await;
    let spec = json!({
        "targetGroupARN": "arn", "targetGroupName": "name", "multiClusterTargetGroup": true,
        "targetType": "instance", "targetGroupProtocol": "TCP_QUIC",
        "serviceRef": {"name": "web", "port": "http"},
        "networking": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{}]}]},
        "nodeSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
        "ipAddressType": "ipv6", "vpcID": "vpc-0a", "iamRoleArnToAssume": "role",
        "assumeRoleExternalId": "id",
    });
    let kind = "targetgroupbinding.v1beta1.elbv2.k8s.aws";
    assert_eq!(kept(plane, kind, &binding(&namespace, "all", &spec)), spec);
    let attributes = json!([{"key": "a", "value": "b"}]);
    let spec = json!({
        "group": {"name": "g"}, "namespaceSelector": {"matchLabels": {"team": "x"}},
        "scheme": "internal", "ipAddressType": "dualstack-without-public-ipv4",
        "loadBalancerName": "lb", "certificateArn": ["arn"], "sslPolicy": "p",
        "sslRedirectPort": "443", "inboundCIDRs": ["10.0.0.0/8"], "prefixListsIDs": ["pl-1"],
        "subnets": {"ids": ["subnet-0a"], "tags": {"tier": ["a", "b"]}}, "tags": attributes,
        "targetType": "ip", "loadBalancerAttributes": attributes,
        "listeners": [{"protocol": "HTTPS", "port": 443, "listenerAttributes": attributes}],
        "minimumLoadBalancerCapacity": {"capacityUnits": 100},
        "ipamConfiguration": {"ipv4IPAMPoolId": "pool"}, "wafv2AclArn": "arn", "wafv2AclName": "n",
    });
    let name = format!("{namespace}-all");
    assert_eq!(kept(plane, "ingressclassparams", &params(&name, &spec)), spec);
    let spec = json!({"PrefixListsIDs": ["pl-1"]});
    let name = format!("{namespace}-old");
    assert_eq!(kept(plane, "ingressclassparams", &params(&name, &spec)), spec);
}

#[tokio::test]
async fn bindings_are_served_in_the_older_version_too() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace(&plane.client().await, "crds").await;
    let spec = json!({"targetGroupARN": "arn", "serviceRef": {"name": "web", "port": 80}});
    let mut manifest = binding(&namespace, "old", &spec);
    manifest["apiVersion"] = "elbv2.k8s.aws/v1alpha1".into();
    assert_eq!(kept(plane, "targetgroupbinding.v1alpha1.elbv2.k8s.aws", &manifest), spec);
    assert_eq!(kept(plane, "targetgroupbinding.v1beta1.elbv2.k8s.aws", &manifest), spec);
}

#[tokio::test]
async fn what_lbc_refuses_is_refused() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace(&plane.client().await, "crds").await;
    let service = json!({"name": "web", "port": 80});
    let refused = [
        (binding(&namespace, "x", &json!({"targetGroupARN": "arn"})), "spec.serviceRef: Required"),
        (
            binding(&namespace, "x", &json!({"serviceRef": service, "targetType": "lambda"})),
            "spec.targetType",
        ),
        (params("x", &json!({"scheme": "public"})), "spec.scheme"),
        (params("x", &json!({"subnets": {"ids": []}})), "spec.subnets.ids"),
        (params("x", &json!({"subnets": {"ids": ["a"]}})), "spec.subnets.ids[0]"),
        (
            params("x", &json!({"prefixListsIDs": ["a"], "PrefixListsIDs": ["b"]})),
            "cannot specify both 'prefixListsIDs' and 'PrefixListsIDs' fields",
        ),
    ];
    for (manifest, expected) in refused {
        let said = plane.apply(&manifest).expect_err("it is refused");
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[tokio::test]
async fn people_see_the_columns_of_lbc() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace(&plane.client().await, "crds").await;
    for (number, spec) in specs_of_lbc().into_iter().take(1).enumerate() {
        plane.apply(&binding(&namespace, &format!("lbc-{number}"), &spec)).expect("it is good");
    }
    let table = plane.kubectl(&["get", "targetgroupbindings", "-n", &namespace]);
    let row: Vec<&str> = table.split_whitespace().take(9).collect();
    let expected =
        ["NAME", "SERVICE-NAME", "SERVICE-PORT", "TARGET-TYPE", "AGE", "lbc-0", "web", "80", "ip"];
    assert_eq!(row, expected);
}
