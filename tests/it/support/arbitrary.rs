//! Random small worlds: a few Ingresses in and out of one group, with settings that may meet.

use albedo::model::id::ObjectKey;
use proptest::prelude::*;

use super::world::{CERTIFICATE, key};

/// An Ingress.
#[derive(Clone, Debug)]
struct SmallIngress {
    is_in_edge: bool,
    order: i32,
    listens: usize,
    settings: usize,
    tags: usize,
    rules: Vec<(usize, usize, usize)>,
    default: Option<usize>,
}

/// A world: Ingresses by their number, and how many endpoints each Service has.
#[derive(Clone, Debug)]
pub struct Small {
    ingresses: Vec<Option<SmallIngress>>,
    endpoints: Vec<usize>,
    /// What the nodes but the first are like, by number.
    nodes: Vec<usize>,
    /// What the second Service says of its targets, by number.
    targets: usize,
    scheme: &'static str,
}

const HOSTS: [&str; 3] = ["any", "a.example.com", "b.example.com"];
const PATHS: [&str; 6] =
    ["Prefix /", "Prefix /a", "Exact /a", "Exact /b", "Prefix /a/b", "Exact /c"];
const PORTS: [&str; 5] = ["s0:80", "s1:http", "s1:81", "do:use-annotation", "go:use-annotation"];
/// What the backends with use-annotation do.
const ACTIONS: [(&str, &str); 2] = [
    (
        "do:use-annotation",
        r#"actions.do: '{"type":"forward","forwardConfig":{"targetGroups":[
           {"serviceName":"s0","servicePort":80,"weight":1},
           {"serviceName":"s1","servicePort":"http","weight":2}]}}', "#,
    ),
    (
        "go:use-annotation",
        r#"actions.go: '{"type":"redirect","redirectConfig":
           {"port":"443","protocol":"HTTPS","statusCode":"HTTP_301"}}', "#,
    ),
];
const SCHEMES: [&str; 2] = ["internal", "internet-facing"];
const SETTINGS: [&str; 10] = [
    "",
    "backend-protocol: HTTPS, ",
    "inbound-cidrs: 10.0.0.0/8, ",
    "load-balancer-attributes: idle_timeout.timeout_seconds=30, ",
    "healthcheck-path: /healthz, healthcheck-port: 9090, ",
    "target-group-attributes: deregistration_delay.timeout_seconds=5, ",
    r#"jwt-validation: '{"jwksEndpoint":"https://k","issuer":"https://i"}', "#,
    r#"conditions.s0: '[{"field":"http-header","httpHeaderConfig":
       {"httpHeaderName":"X","values":["a","b","c","d","e"]}}]', "#,
    r#"conditions.s1: '[{"field":"http-request-method","httpRequestMethodConfig":
       {"values":["GET"]}}]', "#,
    r#"transforms.s0: '[{"type":"url-rewrite","urlRewriteConfig":
       {"rewrites":[{"regex":"^/a","replace":"/b"}]}}]', "#,
];
/// What the second Service says of its targets: pods or nodes.
const TARGETS: [&str; 5] = [
    "",
    "",
    "target-type: instance, ",
    "target-type: instance, healthcheck-port: more, ",
    "target-type: instance, target-node-labels: pool=web, ",
];
/// What nodes may be like; the first one takes whatever anybody asks of it.
const NODES: [&str; 5] = [
    "ready: true",
    "ready: true, labels: {pool: web}",
    "ready: unknown, labels: {pool: web}",
    "ready: false",
    "ready: true, taints: [ToBeDeletedByClusterAutoscaler]",
];
const TAGS: [&str; 3] = ["", "tags: team=a, ", "tags: 'owner=b,stage=c', "];

fn ingress() -> impl Strategy<Value = SmallIngress> {
    let rule = (0..HOSTS.len(), 0..PATHS.len(), 0..PORTS.len());
    (
        any::<bool>(),
        -1..2,
        0usize..4,
        0..SETTINGS.len(),
        0..TAGS.len(),
        prop::collection::vec(rule, 0..5),
        prop::option::of(0..PORTS.len()),
    )
        .prop_map(|(is_in_edge, order, listens, settings, tags, rules, default)| {
            SmallIngress { is_in_edge, order, listens, settings, tags, rules, default }
        })
}

/// A world of at least one Ingress.
pub fn small() -> impl Strategy<Value = Small> {
    let others = prop::collection::vec(prop::option::of(ingress()), 3);
    // What replaces targets waits for its first one, which pods are for nodes as well.
    let endpoints = (0usize..3, 1usize..3);
    let nodes = (prop::collection::vec(0..NODES.len(), 2), 0..TARGETS.len());
    (ingress(), others, endpoints, nodes, prop::sample::select(&SCHEMES[..])).prop_map(
        |(first, others, endpoints, (nodes, targets), scheme)| {
            let mut ingresses = vec![Some(first)];
            ingresses.extend(others);
            let endpoints = vec![endpoints.0, endpoints.1];
            Small { ingresses, endpoints, nodes, targets, scheme }
        },
    )
}

impl Small {
    /// One with something of most things.
    pub fn example() -> Self {
        let ingress = |order, settings| SmallIngress {
            is_in_edge: true,
            order,
            listens: 2,
            settings,
            tags: 1,
            rules: vec![(0, 0, 0), (1, 2, 1)],
            default: None,
        };
        let ingresses = vec![Some(ingress(0, 0)), Some(ingress(1, 5))];
        let (endpoints, nodes) = (vec![2, 1], vec![0, 1]);
        Self { ingresses, endpoints, nodes, targets: 0, scheme: SCHEMES[0] }
    }

    fn standing(&self) -> impl Iterator<Item = (usize, &SmallIngress)> {
        let each = self.ingresses.iter().enumerate();
        each.filter_map(|(number, ingress)| Some((number, ingress.as_ref()?)))
    }

    pub fn keys(&self) -> impl Iterator<Item = ObjectKey> {
        self.standing().map(|(number, _)| key(&format!("shop/w{number}")))
    }

    /// The Ingresses of this world that another one lacks.
    pub fn gone_from(&self, other: &Self) -> impl Iterator<Item = ObjectKey> {
        let kept: Vec<ObjectKey> = other.keys().collect();
        self.keys().filter(move |key| !kept.contains(key))
    }

    pub fn is_in_edge(&self, key: &ObjectKey) -> bool {
        self.standing().any(|(number, one)| one.is_in_edge && key.name == format!("w{number}"))
    }

    pub fn sketch(&self) -> String {
        let mut text = format!(
            "
service shop/s0: {{ports: ['80:8080@31000']}}
service shop/s1: {{{}ports: ['http=80:8081@31001', 'more=81:9000@31002']}}
node n1: {{id: i-1, ready: true, labels: {{pool: web}}}}
",
            TARGETS[self.targets]
        );
        for (number, count) in self.endpoints.iter().enumerate() {
            let at: Vec<String> =
                (0..*count).map(|i| format!("172.31.{number}.{}", i + 1)).collect();
            let ports = ["{'': 8080}", "{http: 8081, more: 9000}"][number];
            text.push_str(&format!("endpoints shop/s{number}: {{ports: {ports}, at: {at:?}}}\n"));
        }
        for (number, node) in self.nodes.iter().enumerate() {
            let id = number + 2;
            text.push_str(&format!("node n{id}: {{id: i-{id}, {}}}\n", NODES[*node]));
        }
        for (number, ingress) in self.standing() {
            let (scheme, body) = (self.scheme, ingress.body(number));
            text.push_str(&format!("ingress shop/w{number}: {{scheme: {scheme}, {body}}}\n"));
        }
        text
    }
}

impl SmallIngress {
    fn body(&self, number: usize) -> String {
        let Self { order, settings, tags, .. } = self;
        let listens = match self.listens {
            1 => r#"listen-ports: '[{"HTTP":80},{"HTTP":8080}]', "#.to_owned(),
            2 => format!(
                "certificate-arn: {CERTIFICATE}, listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]', "
            ),
            3 => format!("certificate-arn: {CERTIFICATE}, "),
            _ => String::new(),
        };
        let group = if self.is_in_edge { "group.name: edge, " } else { "" };
        let default = self.default.map(|port| format!("default: {}, ", PORTS[port]));
        let default = default.filter(|_| number == 0).unwrap_or_default();
        let rules: Vec<String> = self
            .rules
            .iter()
            .map(|(host, path, port)| format!("{} {} {}", HOSTS[*host], PATHS[*path], PORTS[*port]))
            .collect();
        let (settings, tags) = (SETTINGS[*settings], TAGS[*tags]);
        let used = rules.concat() + &default;
        let actions: String = ACTIONS
            .iter()
            .filter(|(backend, _)| used.contains(backend))
            .map(|(_, action)| *action)
            .collect();
        format!(
            "{group}group.order: {order}, {listens}{settings}{tags}{actions}{default}rules: \
             {rules:?}"
        )
    }
}
