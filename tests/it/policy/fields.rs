//! Each field of a policy: what it allows, what it does not, and what it is silent about.

use std::sync::Arc;

use albedo::model::id::AwsId;
use albedo::model::problem::{Code, Problem};
use albedo::model::record::{HostedZone, HostedZones};
use albedo::model::settings::DnsScope;
use albedo::model::surroundings::NamedGroup;

use super::super::support::world::{CERTIFICATE, NODES, World};
use super::{SHOP, policy};

const TARGET_GROUP: &str = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/0a";
const WEB_ACL: &str = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/one/1";
const POOL: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/one";

/// What an Ingress says, a field that allows it, one that does not, and what it is told: where
/// that is, what was found, and what is allowed.
type Case = [&'static str; 6];

const SHARED: [Case; 5] = [
    [
        "group.name: edge",
        "groups: [edge, own]",
        "groups: [own]",
        "group.name",
        "\"edge\"",
        "own, or a group of its own",
    ],
    [
        "group.name: edge",
        "groups: [edge]",
        "groups: []",
        "group.name",
        "\"edge\"",
        "nothing, or a group of its own",
    ],
    [
        "group.name: edge\n  group.order: '-5'",
        "groupOrder: {min: -10, max: 10}",
        "groupOrder: {min: 10}",
        "group.order",
        "\"-5\"",
        "10 and more",
    ],
    [
        "group.name: edge",
        "groupOrder: {max: 0}",
        "groupOrder: {min: 1, max: 9}",
        "group.order",
        "\"0\"",
        "1 to 9",
    ],
    [
        "group.name: edge\n  default: s:80",
        "hostSuffixes: [example.com]\n  groups: []",
        "hostSuffixes: [example.com]",
        "spec.defaultBackend",
        "a backend for requests to any host",
        "hosts that lie in example.com",
    ],
];

const HOSTS: [Case; 7] = [
    [
        "",
        "hostSuffixes: [example.com]",
        "hostSuffixes: [example.net]",
        "spec.rules",
        "\"a.example.com\"",
        "hosts that lie in example.net",
    ],
    [
        "",
        "hostSuffixes: [a.example.com]",
        "hostSuffixes: [xample.com]",
        "spec.rules",
        "\"a.example.com\"",
        "hosts that lie in xample.com",
    ],
    [
        "rules: [\"*.example.com Prefix / s:80\"]",
        "hostSuffixes: [example.com]",
        "hostSuffixes: [a.example.com]",
        "spec.rules",
        "\"*.example.com\"",
        "hosts that lie in a.example.com",
    ],
    [
        "rules: [any Prefix / s:80]\n  conditions.s: '[{\"field\": \"host-header\", \
         \"hostHeaderConfig\": {\"regexValues\": [\"^.*$\"]}}]'",
        "",
        "hostSuffixes: [example.com]",
        "spec.rules",
        "\"^.*$\"",
        "hosts that lie in example.com",
    ],
    [
        "rules: [any Prefix / s:80]\n  group.name: edge",
        "groups: [edge]",
        "hostSuffixes: [example.net]",
        "spec.rules",
        "a rule that takes requests for any host",
        "hosts that lie in example.net",
    ],
    [
        "external-dns.alpha.kubernetes.io/hostname: b.example.org",
        "hostSuffixes: [com, org]",
        "hostSuffixes: [com]",
        "hosts",
        "\"b.example.org\"",
        "hosts that lie in com",
    ],
    [
        "external-dns.alpha.kubernetes.io/hostname: b.example.org",
        "hostedZones: [ZCOM, ZORG]",
        "hostedZones: [ZCOM]",
        "hosts",
        "\"b.example.org\", whose name is kept in the hosted zone ZORG",
        "names in the hosted zones ZCOM",
    ],
];

const BALANCERS: [Case; 7] = [
    [
        "subnets: subnet-a, subnet-b",
        "subnets: [subnet-a, subnet-b]",
        "subnets: [subnet-a]",
        "subnets",
        "\"subnet-b\"",
        "subnet-a, or none",
    ],
    [
        "security-groups: sg-nodes-1",
        "securityGroups: [sg-nodes-1]\n  inboundSources: []",
        "securityGroups: []",
        "security-groups",
        "\"sg-nodes-1\"",
        "nothing, or none",
    ],
    [
        "inbound-cidrs: 10.1.0.0/16",
        "inboundSources: [10.0.0.0/8]",
        "inboundSources: [10.1.0.0/17]",
        "inbound-cidrs",
        "\"10.1.0.0/16\"",
        "what lies in 10.1.0.0/17",
    ],
    [
        "security-group-prefix-lists: pl-1",
        "inboundSources: [pl-1]",
        "inboundSources: [pl-2]",
        "inbound-cidrs",
        "\"pl-1\"",
        "what lies in pl-2",
    ],
    [
        "",
        "inboundSources: [0.0.0.0/0]",
        "inboundSources: [10.0.0.0/8, 11.0.0.0/8]",
        "inbound-cidrs",
        "nothing, which lets everybody in",
        "what lies in 10.0.0.0/8, 11.0.0.0/8",
    ],
    [
        "wafv2-acl-arn: WEBACL",
        "webACLs: ['WEBACL']",
        "webACLs: [none]",
        "wafv2-acl-arn",
        "\"WEBACL\"",
        "none",
    ],
    [
        "wafv2-acl-name: two",
        "webACLs: [two]",
        "webACLs: []",
        "wafv2-acl-name",
        "\"two\"",
        "nothing",
    ],
];

const HTTPS: [Case; 7] = [
    [
        "certificate-arn: CERTIFICATE",
        "certificates: {arns: ['CERTIFICATE']}",
        "certificates: {arns: []}",
        "certificate-arn",
        "\"CERTIFICATE\"",
        "certificates by ARN: nothing",
    ],
    [
        "certificate-arn: CERTIFICATE",
        "certificates: {discovery: false}",
        "certificates: {arns: [], discovery: true}",
        "certificate-arn",
        "\"CERTIFICATE\"",
        "certificates by ARN: nothing",
    ],
    [
        "",
        "authentication: {types: [none]}",
        "authentication: {types: [oidc, jwt]}",
        "auth-type",
        "\"none\"",
        "jwt, oidc",
    ],
    [
        "COGNITO",
        "authentication: {types: [cognito]}",
        "authentication: {types: [oidc]}",
        "auth-type",
        "\"cognito\"",
        "oidc",
    ],
    [
        "COGNITO",
        "authentication: {userPools: ['POOL']}",
        "authentication: {userPools: []}",
        "auth-type",
        "the user pool \"POOL\"",
        "the user pool nothing",
    ],
    [
        "certificate-arn: CERTIFICATE\n  jwt-validation: \
         '{\"jwksEndpoint\":\"https://k\",\"issuer\":\"https://i\"}'",
        "authentication: {issuers: ['https://i']}",
        "authentication: {issuers: ['https://j']}",
        "auth-type",
        "the issuer \"https://i\"",
        "the issuer https://j",
    ],
    [
        "rules: [a.example.com Prefix / to:use-annotation]\n  actions.to: \
         '{\"type\":\"forward\",\"targetGroupARN\":\"TARGETS\"}'",
        "targetGroups: ['TARGETS']",
        "targetGroups: []",
        "actions.",
        "\"TARGETS\"",
        "target groups nothing",
    ],
];

/// A text with the names that it calls.
fn full(text: &str) -> String {
    let cognito = "certificate-arn: CERTIFICATE\n  auth-type: cognito\n  auth-idp-cognito: \
         '{\"UserPoolArn\":\"POOL\",\"UserPoolClientId\":\"c\",\"UserPoolDomain\":\"d\"}'";
    let text = text.replace("COGNITO", cognito).replace("CERTIFICATE", CERTIFICATE);
    let text = text.replace("WEBACL", WEB_ACL).replace("TARGETS", TARGET_GROUP);
    text.replace("POOL", POOL)
}

/// What a cluster with one Ingress says of it, under a policy with this field.
fn problems(ingress: &str, field: &str) -> Vec<Problem> {
    let mut world = World::new(SHOP);
    let rules = "rules: [a.example.com Prefix / s:80]";
    let rules = if ingress.contains("rules:") { "" } else { rules };
    world.add(&format!("ingress shop/a:\n  {rules}\n  {}", full(ingress)));
    let fields = full(field);
    world.add(&format!(
        "policy p:\n  namespaceSelector: {{matchLabels: {{team: shop}}}}\n  {fields}"
    ));
    let zone = |id: &str, name: &str| {
        (
            AwsId::new(id),
            HostedZone { id: AwsId::new(id), name: name.to_owned(), is_private: false },
        )
    };
    let zones: HostedZones = [zone("ZCOM", "example.com"), zone("ZORG", "example.org")].into();
    world.zones = Some(Arc::new(zones));
    world.settings.dns.scope = DnsScope::All;
    let nodes = (AwsId::new(NODES), NamedGroup::default());
    world.surroundings.security_groups = Arc::new([nodes].into_iter().collect());
    let group = if ingress.contains("group.name") { "edge" } else { "shop/a" };
    world.problems(group)
}

#[test]
fn each_field_allows_what_it_lists_and_refuses_all_else_and_left_out_allows_everything() {
    for [ingress, allows, forbids, place, found, allowed] in
        [&SHARED[..], &HOSTS, &BALANCERS, &HTTPS].concat()
    {
        let refused = |field: &str| {
            let problems = problems(ingress, field).into_iter();
            problems.filter(|problem| problem.code == Code::NotAllowed).collect::<Vec<_>>()
        };
        // What is wrong besides would have nothing judged.
        let others = problems(ingress, "").into_iter();
        let others: Vec<Problem> = others.filter(|it| it.code != Code::NoSubnets).collect();
        assert_eq!(others, [], "{ingress}");
        assert_eq!(refused("subnets: [subnet-a, subnet-b]"), [], "{ingress}");
        if !ingress.contains("default:") {
            assert_eq!(refused(allows), [], "{ingress}: {allows}");
        }
        let problems = refused(forbids);
        let [only] = &problems[..] else { panic!("{ingress}: {forbids}: {problems:?}") };
        let field = only.field.trim_start_matches("annotation alb.ingress.kubernetes.io/");
        let told = [field, &*only.found, &*only.allowed];
        let allowed = format!("{} (TenantPolicy p)", full(allowed));
        assert_eq!(told, [place, &full(found), &allowed], "{ingress}");
    }
}

#[test]
fn names_stay_as_they_are_while_nobody_knows_where_they_lie() {
    for (fields, expected) in [("hostedZones: [ZCOM]", 0), ("hostSuffixes: [example.com]", 1)] {
        let mut world = World::new(SHOP);
        world.settings.dns.scope = DnsScope::All;
        world.add("ingress shop/a: {rules: [a.example.com Prefix / s:80]}");
        world.add(&policy("p", "shop", fields));
        let built = world.build("shop/a");
        assert!(built.stack.front.is_some(), "{fields}");
        assert_eq!(built.names.wished.len(), expected, "{fields}");
    }
}
