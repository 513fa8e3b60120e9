//! The page of every annotation and every field of IngressClassParams, made of the code's tables
//! and of examples that are applied here.
//!
//! `ALBEDO_WRITE_DOCS=1 cargo test --test it examples` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use albedo::desired::annotations::{Known, Support, all};
use albedo::model::marks::{ANNOTATION_PREFIX, OWN_ANNOTATION_PREFIX};
use albedo::model::problem::{Kind, Problem};
use serde_json::Value;

use super::support::world::{CERTIFICATE, World};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/annotations.md");
const CRD: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/crds/ingressclassparams.elbv2.k8s.aws.yaml");

/// For each annotation what follows its name, if something does, and a value.
const ANNOTATIONS: &[(&str, &str, &str)] = &[
    ("group.name", "", "edge"),
    ("group.order", "", "-10"),
    ("load-balancer-name", "", "edge"),
    ("scheme", "", "internet-facing"),
    ("ip-address-type", "", "dualstack"),
    ("subnets", "", "subnet-a, subnet-b"),
    ("security-groups", "", "sg-nodes-1"),
    ("manage-backend-security-group-rules", "", "true"),
    ("inbound-cidrs", "", "10.0.0.0/8, 2001:db8::/32"),
    ("security-group-prefix-lists", "", "pl-0123456789abcdef0"),
    (
        "load-balancer-attributes",
        "",
        "idle_timeout.timeout_seconds=120,routing.http.drop_invalid_header_fields.enabled=true",
    ),
    ("minimum-load-balancer-capacity", "", "CapacityUnits=100"),
    ("ipam-ipv4-pool-id", "", "ipam-pool-0123456789abcdef0"),
    ("customer-owned-ipv4-pool", "", "ipv4pool-coip-0123456789abcdef0"),
    ("listen-ports", "", r#"[{"HTTP":80},{"HTTPS":443}]"#),
    (
        "listener-attributes.",
        "HTTPS-443",
        "routing.http.response.strict_transport_security.header_value=max-age=31536000",
    ),
    ("certificate-arn", "", CERTIFICATE),
    ("create-acm-cert", "", "true"),
    (
        "acm-pca-arn",
        "",
        "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/0123abcd-0123-0123-0123-0123456789ab",
    ),
    ("ssl-policy", "", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
    ("mutual-authentication", "", r#"[{"port":443,"mode":"passthrough"}]"#),
    ("ssl-redirect", "", "443"),
    (
        "wafv2-acl-arn",
        "",
        "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/edge/0123abcd-0123-0123-0123-0123456789ab",
    ),
    ("wafv2-acl-name", "", "edge"),
    ("waf-acl-id", "", "none"),
    ("web-acl-id", "", "none"),
    ("shield-advanced-protection", "", "true"),
    ("enable-frontend-nlb", "", "true"),
    ("frontend-nlb-scheme", "", "internet-facing"),
    ("frontend-nlb-subnets", "", "subnet-a, subnet-b"),
    ("frontend-nlb-security-groups", "", "sg-nodes-1"),
    ("frontend-nlb-listener-port-mapping", "", "8443=443"),
    ("frontend-nlb-eip-allocations", "", "eipalloc-0123456789abcdef0, eipalloc-0123456789abcdef1"),
    ("frontend-nlb-healthcheck-port", "", "traffic-port"),
    ("frontend-nlb-healthcheck-protocol", "", "HTTP"),
    ("frontend-nlb-healthcheck-path", "", "/healthz"),
    ("frontend-nlb-healthcheck-interval-seconds", "", "15"),
    ("frontend-nlb-healthcheck-timeout-seconds", "", "5"),
    ("frontend-nlb-healthcheck-healthy-threshold-count", "", "2"),
    ("frontend-nlb-healthcheck-unhealthy-threshold-count", "", "3"),
    ("frontend-nlb-healthcheck-success-codes", "", "200-399"),
    ("frontend-nlb-attributes", "", "load_balancing.cross_zone.enabled=true"),
    ("frontend-nlb-tags", "", "team=edge"),
    (
        "actions.",
        "teapot",
        r#"{"type":"fixed-response","fixedResponseConfig":{"statusCode":"418"}}"#,
    ),
    (
        "conditions.",
        "web",
        r#"[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-Beta","values":["yes"]}}]"#,
    ),
    (
        "transforms.",
        "web",
        r#"[{"type":"url-rewrite","urlRewriteConfig":{"rewrites":[{"regex":"^/a","replace":"/"}]}}]"#,
    ),
    ("use-regex-path-match", "", "true"),
    ("auth-type", "", "none"),
    (
        "auth-idp-cognito",
        "",
        r#"{"userPoolARN":"arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a","userPoolClientID":"client","userPoolDomain":"login"}"#,
    ),
    (
        "auth-idp-oidc",
        "",
        r#"{"issuer":"https://login.example.com","authorizationEndpoint":"https://login.example.com/authorize","tokenEndpoint":"https://login.example.com/token","userInfoEndpoint":"https://login.example.com/user","secretName":"login"}"#,
    ),
    ("auth-on-unauthenticated-request", "", "deny"),
    ("auth-scope", "", "openid email"),
    ("auth-session-cookie", "", "session"),
    ("auth-session-timeout", "", "3600"),
    (
        "jwt-validation",
        "",
        r#"{"jwksEndpoint":"https://login.example.com/keys","issuer":"https://login.example.com"}"#,
    ),
    ("tags", "", "team=edge,cost-centre=42"),
    ("target-type", "", "ip"),
    ("target-node-labels", "", "pool=web"),
    ("multi-cluster-target-group", "", "true"),
    ("backend-protocol", "", "HTTPS"),
    ("backend-protocol-version", "", "HTTP2"),
    ("target-control-port.", "web.80", "3000"),
    ("target-group-attributes", "", "deregistration_delay.timeout_seconds=30"),
    ("healthcheck-port", "", "traffic-port"),
    ("healthcheck-protocol", "", "HTTP"),
    ("healthcheck-path", "", "/healthz"),
    ("healthcheck-interval-seconds", "", "15"),
    ("healthcheck-timeout-seconds", "", "5"),
    ("healthy-threshold-count", "", "2"),
    ("unhealthy-threshold-count", "", "3"),
    ("success-codes", "", "200-299"),
    ("tls-secrets", "", "true"),
    ("request-certificates", "", "true"),
    ("dns", "", "true"),
    ("accept-removals", "", "0123456789abcdef"),
    ("approve-removals", "", "false"),
    ("precedence", "", "kubernetes"),
    ("zones-out", "", "none"),
    ("healthcheck-from-readiness-probe", "", "true"),
    ("shared-target-groups", "", "true"),
    ("nginx", "", "true"),
    ("plan-only", "", "false"),
];

/// For each field of IngressClassParams a value, as it stands behind `spec`.
const FIELDS: &[(&str, &str)] = &[
    ("group", "{name: edge}"),
    ("namespaceSelector", "{matchLabels: {team: edge}}"),
    ("scheme", "internet-facing"),
    ("ipAddressType", "dualstack"),
    ("loadBalancerName", "edge"),
    ("certificateArn", "['arn:aws:acm:us-east-1:123456789012:certificate/web']"),
    ("sslPolicy", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
    ("sslRedirectPort", "'443'"),
    ("inboundCIDRs", "[10.0.0.0/8]"),
    ("prefixListsIDs", "[pl-0123456789abcdef0]"),
    ("PrefixListsIDs", "[pl-0123456789abcdef0]"),
    ("subnets", "{ids: [subnet-a, subnet-b]}"),
    ("tags", "[{key: team, value: edge}]"),
    ("targetType", "ip"),
    ("loadBalancerAttributes", "[{key: idle_timeout.timeout_seconds, value: '120'}]"),
    (
        "listeners",
        "[{protocol: HTTPS, port: 443, listenerAttributes: [{key: routing.http.response.server.enabled, value: 'false'}]}]",
    ),
    ("minimumLoadBalancerCapacity", "{capacityUnits: 100}"),
    ("ipamConfiguration", "{ipv4IPAMPoolId: ipam-pool-0123456789abcdef0}"),
    (
        "wafv2AclArn",
        "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/edge/0123abcd-0123-0123-0123-0123456789ab",
    ),
    ("wafv2AclName", "edge"),
];

/// An Ingress on HTTPS, what it needs, and what else stands there.
fn world(annotations: &BTreeMap<String, String>, class: &str, rule: &str) -> World {
    let pairs = annotations.iter().map(|(key, value)| format!("  {key}: {value:?}\n"));
    let pairs = pairs.collect::<Vec<_>>().concat();
    World::new(&format!(
        "
namespace shop: {{labels: {{team: edge}}}}
service shop/web: {{ports: ['http=80:8080']}}
secret shop/login: {{texts: {{clientID: id, clientSecret: s3}}}}
{class}
ingress shop/web:
  class: example
{pairs}  rules: ['any Exact /a web:80'{rule}]
"
    ))
}

/// What is wrong with an Ingress that has one annotation more.
fn annotated(known: &Known, rest: &str, value: &str) -> Vec<Problem> {
    let mut annotations = BTreeMap::from([
        ("certificate-arn".to_owned(), CERTIFICATE.to_owned()),
        ("listen-ports".to_owned(), r#"[{"HTTPS":443}]"#.to_owned()),
    ]);
    let mut class = "class example:".to_owned();
    if known.carriers.include(Kind::IngressClass) {
        let key = format!("{OWN_ANNOTATION_PREFIX}{}", known.name);
        // What LBC's classes cannot ask for is asked for by one of ours.
        let of_ours = ", controller: alb.ingress.k8s.aws/albedo";
        let controller = if known.name == "shared-target-groups" { of_ours } else { "" };
        class = format!("class example: {{{key}: {value:?}{controller}}}");
        if known.carriers.include(Kind::Ingress) {
            annotations.insert(key, value.to_owned());
        }
    } else {
        annotations.insert(format!("{}{rest}", known.name), value.to_owned());
    }
    let is_action = known.name == "actions.";
    let rule = if is_action { ", 'any Exact /tea teapot:use-annotation'" } else { "" };
    let group = if known.name == "group.name" { value } else { "shop/web" };
    world(&annotations, &class, rule).build(group).problems
}

#[test]
fn every_annotation_has_an_example_that_can_be_applied() {
    let built = all().filter(|known| known.support == Support::Built);
    let names: Vec<&str> = built.clone().map(|known| known.name).collect();
    assert_eq!(names, ANNOTATIONS.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
    for (known, (name, rest, value)) in built.zip(ANNOTATIONS) {
        assert_eq!(annotated(known, rest, value), [], "{name}{rest}: {value}");
    }
}

#[test]
fn every_field_of_ingress_class_params_has_an_example_that_can_be_applied() {
    let fields = fields();
    let named: BTreeMap<&str, &str> = FIELDS.iter().copied().collect();
    assert!(fields.keys().eq(named.keys()), "{:?}", fields.keys());
    for (field, value) in FIELDS {
        let class = format!("params p: {{{field}: {value}}}\nclass example: {{params: p}}");
        let annotations = BTreeMap::from([
            ("certificate-arn".to_owned(), CERTIFICATE.to_owned()),
            ("listen-ports".to_owned(), r#"[{"HTTPS":443}]"#.to_owned()),
        ]);
        let group = if *field == "group" { "edge" } else { "shop/web" };
        let built = world(&annotations, &class, "").build(group);
        assert_eq!(built.problems, [], "{field}: {value}");
        assert!(built.stack.front.is_some(), "{field}: {value}");
    }
}

/// The fields that the custom resource has, each with what it is for.
fn fields() -> BTreeMap<String, String> {
    let crd: Value = serde_yaml_ng::from_str(&fs::read_to_string(CRD).unwrap()).unwrap();
    let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let fields = spec["properties"].as_object().unwrap().iter();
    let text = |field: &Value| field["description"].as_str().unwrap().trim().to_owned();
    fields.map(|(name, field)| (name.clone(), text(field))).collect()
}

/// The page as it should be.
fn page() -> String {
    let mut page = format!(
        "# Annotations and IngressClassParams\n\n\
         Made by `tests/it/examples.rs`, which applies every example. Annotations begin with \
         `{ANNOTATION_PREFIX}`, those that an IngressClass may carry with \
         `{OWN_ANNOTATION_PREFIX}`.\n\n\
         | annotation | on | example | IngressClassParams go over it by | |\n|---|---|---|---|---|\n"
    );
    let examples: BTreeMap<&str, (&str, &str)> =
        ANNOTATIONS.iter().map(|(name, rest, value)| (*name, (*rest, *value))).collect();
    for known in all().filter(|known| known.support == Support::Built) {
        let (rest, value) = examples[known.name];
        let on = known.carriers.kinds();
        let field = known.class_field.map(|path| format!("`{path}`")).unwrap_or_default();
        let help = known.help.trim();
        writeln!(page, "| `{}{rest}` | {on} | `{value}` | {field} | {help} |", known.name).unwrap();
    }
    page.push_str(
        "\nThese are AWS Load Balancer Controller's as well, and not built: an Ingress that asks \
         for one of them keeps what it has.\n\n| annotation | takes only |\n|---|---|\n",
    );
    for known in all() {
        let Support::Only(values) = known.support else { continue };
        let values: Vec<String> = values.iter().map(|value| format!("`\"{value}\"`")).collect();
        writeln!(page, "| `{}` | {} |", known.name, values.join(", ")).unwrap();
    }
    page.push_str(
        "\n## IngressClassParams\n\nWhat the administrator of a class decides, below `spec`. \
         `loadBalancerAttributes`, `listeners`, `minimumLoadBalancerCapacity` and \
         `ipamConfiguration` count of the class of the member that comes first in its group, or \
         first among those that listen on the port, as with AWS Load Balancer Controller; a field \
         that nobody knows makes the Ingresses of the class keep what they have.\n\n\
         | field | example | |\n|---|---|---|\n",
    );
    let fields = fields();
    for (field, value) in FIELDS {
        writeln!(page, "| `{field}` | `{value}` | {} |", fields[*field]).unwrap();
    }
    page
}

#[test]
fn the_page_of_annotations_is_as_it_should_be() {
    let expected = page();
    if std::env::var_os("ALBEDO_WRITE_DOCS").is_some() {
        fs::write(PAGE, &expected).unwrap();
    }
    let found = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(found == expected, "ALBEDO_WRITE_DOCS=1 writes docs/annotations.md anew");
}
