//! What somebody writes into any annotation of a rule that cannot be: one Problem of a bounded
//! length that says what was found and what can be, and rules of others as they were.

use albedo::model::problem::{Kind, Severity};
use albedo::model::rule::Rule;

use super::super::support::world::{CERTIFICATE, World, key};
use super::SERVICES;

/// More than an Event's note may have (Kubernetes).
const LENGTH_MAX: usize = 1024;
/// As much as anybody can write: annotations have 256 KiB together (Kubernetes), and what comes
/// from a file has no bound.
const MANY: usize = 1 << 20;

/// What nothing can be meant by, wherever it stands.
const NONSENSE: [(&str, &str); 7] = [
    ("wrong type: a list", "[1]"),
    ("wrong type: a number", "-99999999999999999999"),
    ("wrong type: a text of JSON", "\"x\""),
    ("wrong type: null", "null"),
    ("broken", "{\"type\":"),
    ("unknown", "moon-phase"),
    ("empty", ""),
];

/// Of an annotation, what is wrong in a way of its own: out of range, contradictory, a reference to
/// what is missing.
const OWN: [(&str, &[&str]); 9] = [
    (
        "actions.act",
        &[
            r#"{"type":"reboot"}"#,
            r#"{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"web",
                "servicePort":80,"weight":1000}]}}"#,
            r#"{"type":"fixed-response","fixedResponseConfig":{"statusCode":"302"}}"#,
        ],
    ),
    (
        "conditions.act",
        &[
            r#"[{"field":"source-ip","sourceIpConfig":{"values":["10.0.0.0/33"]}}]"#,
            r#"[{"field":"path-pattern","pathPatternConfig":{"values":["/a"],"regexValues":["b"]}}]"#,
            r#"[{"field":"http-header","httpHeaderConfig":{"values":["a"]}}]"#,
        ],
    ),
    (
        "transforms.act",
        &[
            r#"[{"type":"url-rewrite"}]"#,
            r#"[{"type":"url-rewrite","urlRewriteConfig":{"rewrites":[]}}]"#,
        ],
    ),
    ("use-regex-path-match", &["2", "TRUE!"]),
    ("auth-type", &["cognito", "oidc", "ldap"]),
    ("auth-idp-oidc", &[r#"{"issuer":3}"#]),
    ("auth-session-timeout", &["0", "604801"]),
    ("auth-on-unauthenticated-request", &["Deny"]),
    ("jwt-validation", &["{}", r#"{"jwksEndpoint":"http://k","issuer":"i"}"#]),
];

/// Those for which nonsense is a text like any other.
const WORDS: [&str; 2] = ["auth-scope", "auth-session-cookie"];

/// All annotations of rules.
const NAMES: [&str; 13] = [
    "actions.act",
    "conditions.act",
    "transforms.act",
    "use-regex-path-match",
    "auth-type",
    "auth-idp-cognito",
    "auth-idp-oidc",
    "auth-on-unauthenticated-request",
    "auth-session-timeout",
    "jwt-validation",
    "ssl-redirect",
    "auth-scope",
    "auth-session-cookie",
];

/// A good member and, with an annotation more, one that leads to an action.
fn with(name: &str, value: &str) -> World {
    let mut world = World::new(&format!(
        "{SERVICES}
ingress shop/good:
  {{group.name: edge, certificate-arn: {CERTIFICATE}, rules: [g.example.com Exact /g web:80]}}
ingress shop/bad:
  group.name: edge
  certificate-arn: {CERTIFICATE}
  rules: [b.example.com Exact /b act:use-annotation]
  actions.act: '{{\"type\":\"fixed-response\",\"fixedResponseConfig\":{{\"statusCode\":\"200\"}}}}'
"
    ));
    let ingress = world.objects.ingresses.get_mut(&key("shop/bad")).unwrap();
    let annotations = &mut std::sync::Arc::make_mut(ingress).metadata.annotations;
    let name = format!("alb.ingress.kubernetes.io/{name}");
    annotations.get_or_insert_default().insert(name.into(), value.into());
    world
}

/// The rules of the good member.
fn good(world: &World) -> Vec<Rule> {
    let front = world.build("edge").stack.front.unwrap();
    let rules = front.listeners[&443].rules.iter().map(|(rule, _)| rule.clone());
    rules.filter(|rule| rule.to_string().contains("/g ")).collect()
}

/// One error, told to the guilty only and in few words; the rules of the other are as they were.
fn refused(name: &str, kind: &str, value: &str) {
    let case = format!("{name} ({kind}): {value:.100}");
    let world = with(name, value);
    let built = world.build("edge");
    let errors: Vec<_> =
        built.problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    let [error] = errors[..] else { panic!("{case}: {:?}", built.problems) };
    assert_eq!((error.object.kind, &error.object.key), (Kind::Ingress, &key("shop/bad")), "{case}");
    assert!(error.field.contains(name.split('.').next().unwrap()), "{case}: {error}");
    assert!(!error.found.is_empty() && !error.allowed.is_empty(), "{case}: {error}");
    let length = error.to_string().len();
    assert!(length <= LENGTH_MAX, "{case}: {length}");
    assert_eq!(good(&world), good(&with("tags", "a=b")), "{case}");
    assert_eq!(built.good.len(), 1, "{case}");
}

#[test]
fn nonsense_in_any_annotation_of_rules_is_one_problem_of_its_ingress() {
    for name in NAMES.into_iter().filter(|name| !WORDS.contains(name)) {
        for (kind, value) in NONSENSE {
            refused(name, kind, value);
        }
        refused(name, "long", &"x".repeat(MANY));
        refused(name, "deep", &"[".repeat(MANY));
    }
    for name in WORDS {
        refused(name, "empty", "");
        refused(name, "blank", &" ".repeat(MANY));
    }
}

#[test]
fn what_is_wrong_in_an_annotation_s_own_way_is_one_problem_of_its_ingress() {
    for (name, values) in OWN {
        for value in values {
            refused(name, "own", &value.replace('\n', " "));
        }
    }
}
