//! The worked example of the specification, end to end.

use albedo::model::action::AwsAction;
use albedo::model::id::{AwsId, Id};
use albedo::model::listener::Protocol;
use albedo::model::marks::Tags;
use albedo::model::security::SecurityGroup;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{key, settings, tags, wait};

const CLUSTER: &str = "prod-eks";
const TARGET_GROUP: &str = "k8s-shop-checkout-d5eded7941";

fn site() -> Site {
    let mut settings = settings();
    CLUSTER.clone_into(&mut settings.cluster);
    let site = Site::with(settings, "");
    site.aws.change(|state| {
        for name in ["a", "b"] {
            let arn = format!("arn:aws:acm:eu-west-1:1:certificate/{name}");
            state.certificates.insert(AwsId::new(arn));
        }
        // The backend security group stands already; it is found by its tags.
        state.add_security_group(SecurityGroup {
            name: "back".to_owned(),
            description: "somebody's".to_owned(),
            vpc: state.vpc.id.clone(),
            ingress: std::collections::BTreeSet::new(),
            tags: tags(&[
                ("elbv2.k8s.aws/cluster", CLUSTER),
                ("elbv2.k8s.aws/resource", "backend-sg"),
            ]),
        });
    });
    let mut objects = site.cluster.objects.write().unwrap();
    for document in serde_yaml_ng::Deserializer::from_str(MANIFESTS) {
        use serde::Deserialize as _;
        let value = serde_json::Value::deserialize(document).unwrap();
        albedo::cluster::insert(&mut objects, albedo::cluster::decode(value).unwrap());
    }
    drop(objects);
    site
}

const MANIFESTS: &str = r#"
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: checkout-api, uid: 0b6f6c1e-8a33-4c55-9d3b-2f6f0f0d8a11}
spec: {ports: [{port: 80, targetPort: 8080}], ipFamilies: [IPv4]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  {namespace: shop, name: checkout-api-1, labels: {kubernetes.io/service-name: checkout-api}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [172.31.0.1], conditions: {ready: true}, targetRef: {kind: Pod, name: p}}]
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: p}
status: {podIP: 172.31.0.1}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  namespace: shop
  name: checkout-web
  uid: "1"
  annotations:
    alb.ingress.kubernetes.io/scheme: internet-facing
    alb.ingress.kubernetes.io/target-type: ip
    alb.ingress.kubernetes.io/listen-ports: '[{"HTTP":80},{"HTTPS":443}]'
    alb.ingress.kubernetes.io/ssl-redirect: "443"
    alb.ingress.kubernetes.io/certificate-arn: >-
      arn:aws:acm:eu-west-1:1:certificate/b, arn:aws:acm:eu-west-1:1:certificate/a
    alb.ingress.kubernetes.io/healthcheck-path: /healthz
    alb.ingress.kubernetes.io/tags: team=shop
spec:
  ingressClassName: alb
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: checkout-api, port: {number: 80}}}}
      - {path: /api, pathType: Prefix, backend: {service: {name: checkout-api, port: {number: 80}}}}
      - {path: /ping, pathType: Exact, backend: {service: {name: checkout-api, port: {number: 80}}}}
"#;

fn tagged(resource: &str) -> Tags {
    tags(&[
        ("elbv2.k8s.aws/cluster", CLUSTER),
        ("ingress.k8s.aws/stack", "shop/checkout-web"),
        ("ingress.k8s.aws/resource", resource),
        ("team", "shop"),
    ])
}

#[test]
fn the_golden_example_comes_out_to_the_byte() {
    wait(async {
        let site = site();
        site.settle().await;
        let state = site.aws.everything();
        let back = AwsId::new("sg-back-1");
        let (front_id, front) = state
            .security_groups
            .iter()
            .find(|(_, group)| group.spec.name == "k8s-shop-checkout-f71060c71f")
            .unwrap();
        let rules: Vec<String> = front.rules.keys().map(ToString::to_string).collect();
        assert_eq!(rules, ["tcp 80 from 0.0.0.0/0", "tcp 443 from 0.0.0.0/0"]);
        assert_eq!(front.spec.tags, tagged("ManagedLBSecurityGroup"));
        assert_eq!(state.security_groups.len(), 4, "default, nodes, back, front");

        let balancer = state.load_balancers.values().next().unwrap();
        assert_eq!(balancer.spec.name, "k8s-shop-checkout-e2320b951b");
        assert_eq!(balancer.spec.scheme.as_str(), "internet-facing");
        assert_eq!(balancer.spec.ip_address_type.as_str(), "ipv4");
        let groups: Vec<&AwsId> =
            balancer.spec.security_groups.iter().filter_map(|id| id.given()).collect();
        assert_eq!(groups, [&back, front_id]);
        assert_eq!(balancer.spec.tags, tagged("LoadBalancer"));

        let group = state.target_groups.values().next().unwrap();
        assert_eq!(state.target_groups.len(), 1);
        assert_eq!(group.spec.name.as_deref(), Some(TARGET_GROUP));
        assert_eq!(
            (group.spec.protocol, group.spec.port, group.spec.ipv6),
            (Protocol::Http, 8080, false)
        );
        assert_eq!(group.spec.protocol_version, "HTTP1");
        let check = &group.spec.health_check;
        assert_eq!((check.port.as_str(), check.protocol), ("traffic-port", Protocol::Http));
        assert_eq!((check.path.as_str(), check.success_codes.as_str()), ("/healthz", "200"));
        assert_eq!((check.interval_seconds, check.timeout_seconds), (15, 5));
        assert_eq!((check.healthy_threshold, check.unhealthy_threshold), (2, 2));
        assert_eq!(group.spec.tags, tagged("shop/checkout-web-checkout-api:80"));
        let targets: Vec<String> = group.targets.keys().map(ToString::to_string).collect();
        assert_eq!(targets, ["172.31.0.1:8080"]);

        let http = state.listeners.values().find(|listener| listener.port == 80).unwrap();
        assert_eq!(http.spec.tags, tagged("80"));
        let https = state.listeners.values().find(|listener| listener.port == 443).unwrap();
        assert_eq!(https.spec.tags, tagged("443"));
        assert_eq!(https.spec.ssl_policy.as_deref(), Some("ELBSecurityPolicy-2016-08"));
        let certificate =
            |name| Id::Is(AwsId::new(format!("arn:aws:acm:eu-west-1:1:certificate/{name}")));
        assert_eq!(https.spec.default_certificate, Some(certificate("b")));
        assert_eq!(https.spec.certificates, [certificate("a"), certificate("b")].into());
        assert_eq!(
            canon::rules(&state),
            [
                "443:1 shop.example.com /ping -> shop/checkout-web-checkout-api:80",
                "443:2 shop.example.com /api|/api/* -> shop/checkout-web-checkout-api:80",
                "443:3 shop.example.com /* -> shop/checkout-web-checkout-api:80",
            ]
        );
        for rule in state.rules.values() {
            assert_eq!(rule.tags, tagged(&format!("443:{}", rule.priority)));
        }
        let attributes = |action: &AwsAction| action.operation().1.ends_with("Attributes");
        assert!(!site.aws.performed().iter().any(attributes), "no attributes are touched");

        let nodes = state.security_groups[&AwsId::new("sg-nodes-1")].rules.iter();
        let nodes: Vec<String> = nodes.map(|(rule, text)| format!("{rule}: {text}")).collect();
        assert_eq!(nodes, ["tcp 8080 from sg-back-1: elbv2.k8s.aws/targetGroupBinding=shared"]);
    });
}

#[test]
fn so_does_what_is_kept_in_the_cluster() {
    wait(async {
        let site = site();
        site.settle().await;
        let objects = site.cluster.objects.read().unwrap();
        let ingress = &objects.ingresses[&key("shop/checkout-web")];
        assert_eq!(ingress.metadata.finalizers, ["ingress.k8s.aws/resources"]);
        let shown = albedo::report::shown(ingress);
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].hostname, shown[0].hostname.to_lowercase());
        assert_eq!(shown[0].ports, [80, 443]);
        let binding = &objects.bindings[&key(&format!("shop/{TARGET_GROUP}"))];
        let group = site.aws.everything().target_groups.keys().next().unwrap().clone();
        assert_eq!(
            serde_json::to_value(&binding.labels).unwrap(),
            serde_json::json!({
                "ingress.k8s.aws/stack-namespace": "shop",
                "ingress.k8s.aws/stack-name": "checkout-web",
            })
        );
        assert_eq!(
            serde_json::to_value(&binding.spec).unwrap(),
            serde_json::json!({
                "targetGroupARN": group,
                "targetType": "ip",
                "targetGroupProtocol": "HTTP",
                "serviceRef": {"name": "checkout-api", "port": 80},
                "ipAddressType": "ipv4",
                "vpcID": "vpc-fake",
                "networking": {"ingress": [{
                    "from": [{"securityGroup": {"groupID": "sg-back-1"}}],
                    "ports": [{"protocol": "TCP", "port": 8080}],
                }]},
            })
        );
    });
}
