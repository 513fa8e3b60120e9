//! Who has to say who they are: `auth-*` and `jwt-validation`.

use std::collections::BTreeMap;

use albedo::model::action::Action;
use albedo::model::id::ObjectKey;
use albedo::model::part::Part;
use albedo::model::problem::{Code, Problem, Severity};
use albedo::model::rule::{Claim, Cognito, Jwt, Oidc, RuleAction, Session};
use albedo::model::secret::fingerprint;
use albedo::plan::wire::parameters;

use super::super::support::fake::Fake;
use super::super::support::site::{Controller, Site};
use super::super::support::world::{CERTIFICATE, World, fake, key, member, wait};
use super::{SERVICES, world};

/// An Ingress over HTTPS.
const HTTPS: &str = "listen-ports: '[{\"HTTPS\":443}]'";
/// One over both.
const BOTH: &str = "listen-ports: '[{\"HTTP\":80},{\"HTTPS\":443}]'";
const COGNITO: &str = r#"auth-type: cognito
  auth-idp-cognito: '{"UserPoolArn":"arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_a",
    "userPoolClientID":"c","UserPoolDomain":"d"}'"#;
const OIDC: &str = r#"auth-type: oidc
  auth-idp-oidc: '{"Issuer":"https://i","AuthorizationEndpoint":"https://a",
    "TokenEndpoint":"https://t","UserInfoEndpoint":"https://u","secretName":"login"}'"#;
const LOGIN: &str = "secret shop/login: {texts: {clientID: \"id\\n\", clientSecret: \"s3\\r\\n\"}}";
const JWT: &str = r#"jwt-validation: '{"jwksEndpoint":"https://k","Issuer":"https://i",
    "additionalClaims":[{"format":"string-array","name":"scope","values":["a","b"]}]}'"#;

fn with(class: &str, annotations: &str) -> World {
    world(&format!(
        "class own: {{controller: alb.ingress.k8s.aws/own}}\n{LOGIN}\n\
         ingress shop/web:\n  class: {class}\n  certificate-arn: {CERTIFICATE}\n  \
         rules: [a.example.com Exact /a web:80]\n  {annotations}"
    ))
}

fn both(one: &str, other: &str) -> String {
    format!("{one}\n  {other}")
}

fn session(extra_params: &[(&str, &str)]) -> Session {
    let pairs = extra_params.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Session {
        on_unauthenticated: "authenticate".into(),
        scope: "openid".into(),
        cookie: "AWSELBAuthSessionCookie".into(),
        timeout_seconds: 604_800,
        extra_params: pairs.collect::<BTreeMap<_, _>>(),
    }
}

/// The actions of the only rule of a port.
fn actions(world: &World, port: u16) -> Vec<RuleAction> {
    let built = world.build("shop/web");
    assert!(built.problems.iter().all(|p| p.severity != Severity::Error), "{:?}", built.problems);
    let front = built.stack.front.unwrap();
    let [(rule, _)] = &front.listeners[&port].rules[..] else { panic!("{front:?}") };
    rule.actions.clone()
}

fn kinds(world: &World, port: u16) -> Vec<String> {
    actions(world, port).iter().map(ToString::to_string).collect()
}

const TO_WEB: &str = "target group shop/web-web:80";

#[test]
fn clients_log_in_with_a_user_pool() {
    let found = actions(&with("alb", &both(HTTPS, COGNITO)), 443);
    let [RuleAction::AuthenticateCognito(cognito), RuleAction::Forward { .. }] = &found[..] else {
        panic!("{found:?}");
    };
    let expected = Cognito {
        user_pool: "arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_a".to_owned(),
        client: "c".to_owned(),
        domain: "d".to_owned(),
        session: session(&[]),
    };
    assert_eq!(**cognito, expected);
}

#[test]
fn clients_log_in_with_a_provider_and_the_secret_is_trimmed_and_nowhere_shown() {
    let world = with("alb", &both(HTTPS, OIDC));
    let found = actions(&world, 443);
    let [RuleAction::AuthenticateOidc(oidc), RuleAction::Forward { .. }] = &found[..] else {
        panic!("{found:?}");
    };
    let Oidc { issuer, client, client_secret, session: found, .. } = &**oidc;
    assert_eq!((issuer.as_str(), client.as_str()), ("https://i", "id"));
    assert_eq!(client_secret.as_ref().unwrap().fingerprint(), fingerprint(b"s3"));
    assert_eq!(*found, session(&[]));
    let plans = world.plan(&fake()).plans;
    let steps = plans.iter().flat_map(|(_, plan)| &plan.steps);
    let texts: Vec<String> =
        steps.map(|step| format!("{step:?} {}", parameters(&step.action))).collect();
    assert!(texts.iter().any(|text| text.contains("ClientSecret")));
    assert!(texts.iter().all(|text| !text.contains("s3")), "{texts:#?}");
    let part = serde_json::to_string(&*world.build("shop/web").good[&member("shop/web")]).unwrap();
    assert!(!part.contains("\"s3"), "{part}");
}

#[test]
fn all_settings_of_a_session_are_passed_on() {
    let annotations = "auth-scope: email openid\n  auth-session-cookie: c\n  \
                       auth-session-timeout: 60\n  auth-on-unauthenticated-request: deny";
    let found = actions(&with("alb", &both(HTTPS, &both(COGNITO, annotations))), 443);
    let RuleAction::AuthenticateCognito(cognito) = &found[0] else { panic!("{found:?}") };
    let expected = Session {
        on_unauthenticated: "deny".into(),
        scope: "email openid".into(),
        cookie: "c".into(),
        timeout_seconds: 60,
        ..session(&[])
    };
    assert_eq!(cognito.session, expected);
    let extra = COGNITO.replace(
        "\"userPoolClientID\"",
        "\"authenticationRequestExtraParams\":{\"k\":\"v\"},\"userPoolClientID\"",
    );
    let found = actions(&with("alb", &both(HTTPS, &extra)), 443);
    let RuleAction::AuthenticateCognito(cognito) = &found[0] else { panic!("{found:?}") };
    assert_eq!(cognito.session, session(&[("k", "v")]));
}

#[test]
fn tokens_are_validated() {
    let found = actions(&with("alb", &both(HTTPS, JWT)), 443);
    let [RuleAction::ValidateJwt(jwt), RuleAction::Forward { .. }] = &found[..] else {
        panic!("{found:?}");
    };
    let claim = Claim {
        format: "string-array".into(),
        name: "scope".to_owned(),
        values: vec!["a".to_owned(), "b".to_owned()],
    };
    let (jwks_endpoint, issuer) = ("https://k".to_owned(), "https://i".to_owned());
    assert_eq!(**jwt, Jwt { jwks_endpoint, issuer, claims: vec![claim] });
}

#[test]
fn what_the_only_service_says_goes_over_the_ingress() {
    let service =
        |annotations: &str| format!("service shop/web:\n  ports: [http=80:8080]\n  {annotations}");
    let check = |ingress: &str, of_service: &str, expected: &[&str]| {
        let mut world = with("alb", &both(HTTPS, ingress));
        world.add(&service(of_service));
        assert_eq!(kinds(&world, 443), expected, "{ingress} {of_service}");
    };
    check(COGNITO, "auth-type: none", &[TO_WEB]);
    check("tags: a=b", COGNITO, &["login at d", TO_WEB]);
    // Of several targets no Service speaks for all.
    let action = r#"actions.do: '{"type":"forward","forwardConfig":{"targetGroups":[
        {"serviceName":"web","servicePort":80,"weight":1},
        {"serviceName":"api","servicePort":80,"weight":1}]}}'"#;
    let mut world = with("alb", &both(HTTPS, &both(COGNITO, action)));
    world.add(&format!(
        "{}\ningress shop/web:\n  certificate-arn: {CERTIFICATE}\n  {HTTPS}\n  {COGNITO}\n  \
         {action}\n  rules: [any Exact /a do:use-annotation]",
        service("auth-type: none")
    ));
    let groups = format!("{TO_WEB} target group shop/web-api:80");
    assert_eq!(kinds(&world, 443), ["login at d", &groups]);
}

#[test]
fn the_default_backend_asks_as_well() {
    let world = with("alb", &both(HTTPS, &both(COGNITO, "default: web:80")));
    let front = world.build("shop/web").stack.front.unwrap();
    let found = &front.listeners[&443].listener.default_actions;
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), ["login at d", TO_WEB]);
}

#[test]
fn over_http_a_class_of_lbc_s_serves_everybody_and_says_so() {
    let world = with("alb", &both(BOTH, COGNITO));
    assert_eq!(kinds(&world, 80), [TO_WEB]);
    assert_eq!(kinds(&world, 443), ["login at d", TO_WEB]);
    let problems = world.problems("shop/web");
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!((problem.code, problem.severity), (Code::OpenOverHttp, Severity::Warning));
    let redirected = with("alb", &both("ssl-redirect: 443", &both(BOTH, COGNITO)));
    assert_eq!(redirected.problems("shop/web"), []);
}

#[test]
fn over_http_a_class_of_our_own_serves_nobody_who_has_to_log_in() {
    let world = with("own", &both(BOTH, &both(COGNITO, "default: web:80")));
    assert_eq!(world.problems("shop/web"), []);
    assert_eq!(kinds(&world, 80), ["redirect HTTP_301"]);
    let front = world.build("shop/web").stack.front.unwrap();
    let default = &front.listeners[&80].listener.default_actions;
    let [RuleAction::Redirect(redirect)] = &default[..] else { panic!("{default:?}") };
    assert_eq!(
        (redirect.port.as_deref(), redirect.protocol.as_deref()),
        (Some("443"), Some("HTTPS"))
    );
    let alone = with("own", &both("listen-ports: '[{\"HTTP\":80}]'", JWT));
    assert_eq!(kinds(&alone, 80), ["403"]);
    let asks_nobody = with("own", &both(BOTH, "auth-type: none"));
    assert_eq!(kinds(&asks_nobody, 80), [TO_WEB]);
}

/// The one error of an Ingress, of which nothing is built.
fn refused(annotations: &str) -> Problem {
    let world = with("alb", &both(HTTPS, annotations));
    let built = world.build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{annotations}: {:?}", built.problems) };
    assert_eq!(problem.severity, Severity::Error, "{problem}");
    assert_eq!(built.stack.front, None);
    problem.clone()
}

#[test]
fn who_asks_for_what_cannot_be_is_not_served_without() {
    let long = format!("auth-session-cookie: '{}'", " ".repeat(1 << 20));
    for (annotations, field, allowed) in [
        ("auth-type: ldap", "auth-type", "none, cognito, oidc"),
        ("auth-type: ''", "auth-type", "none, cognito, oidc"),
        ("auth-type: cognito", "auth-type", "auth-idp-cognito"),
        ("auth-type: oidc", "auth-type", "auth-idp-oidc"),
        ("auth-idp-oidc: '[]'", "auth-idp-oidc", "a JSON object"),
        ("auth-idp-cognito: '{\"userPoolARN\":1}'", "auth-idp-cognito", "a text"),
        ("auth-type: cognito\n  auth-idp-cognito: '{}'", "auth-idp-cognito", "userPoolARN"),
        ("auth-type: oidc\n  auth-idp-oidc: '{\"secretName\":\"x\"}'", "auth-idp-oidc", "https://"),
        ("auth-session-timeout: '0'", "auth-session-timeout", "from 1 to 604800"),
        ("auth-session-timeout: 1h", "auth-session-timeout", "from 1 to 604800"),
        ("auth-on-unauthenticated-request: Deny", "auth-on-unauthenticated-request", "deny"),
        ("auth-scope: ''", "auth-scope", "not empty"),
        (&long, "auth-session-cookie", "not empty"),
        ("jwt-validation: '{}'", "jwt-validation", "jwksEndpoint"),
        (
            "jwt-validation: '{\"jwksEndpoint\":\"http://k\",\"issuer\":\"i\"}'",
            "jwt-validation",
            "https",
        ),
        (&both(COGNITO, JWT), "jwt-validation", "either auth-type or jwt-validation"),
    ] {
        let problem = refused(annotations);
        assert_eq!(problem.field, format!("annotation alb.ingress.kubernetes.io/{field}"));
        assert!(problem.allowed.contains(allowed), "{annotations:.200}: {problem}");
    }
}

#[test]
fn a_secret_without_what_is_needed_is_one_error() {
    for (secret, found) in [
        ("{texts: {clientSecret: s}}", "has no clientID"),
        ("{texts: {clientID: c}}", "has no clientSecret"),
        ("{texts: {clientID: c, clientSecret: \"\\n\"}}", "has no clientSecret"),
    ] {
        let mut world = with("alb", &both(HTTPS, OIDC));
        world.add(&format!("secret shop/login: {secret}"));
        let built = world.build("shop/web");
        let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
        assert_eq!((problem.code, problem.severity), (Code::InvalidSecret, Severity::Error));
        assert_eq!(problem.found, format!("Secret shop/login, which {found}"));
    }
    let mut world = with("alb", &both(HTTPS, OIDC));
    world.add("secret shop/login: {texts: {clientId: older, clientSecret: s}}");
    let found = actions(&world, 443);
    let RuleAction::AuthenticateOidc(oidc) = &found[0] else { panic!("{found:?}") };
    assert_eq!(oidc.client, "older");
}

#[test]
fn a_secret_that_nobody_has_looked_at_is_waited_for_without_a_word() {
    let mut world = with("alb", &both(HTTPS, OIDC));
    world.objects.secrets.clear();
    let built = world.build("shop/web");
    assert_eq!((built.problems.len(), built.good.len()), (0, 0));
}

#[test]
fn only_who_logs_clients_in_names_a_secret() {
    let named = |annotations: &str, services: &str| {
        let mut world = with("alb", &both(HTTPS, annotations));
        if !services.is_empty() {
            world.add(services);
        }
        let ingress = &world.objects.ingresses[&key("shop/web")];
        let settings = &world.settings;
        albedo::desired::visits::logins(settings, &world.objects, &key("shop/web"), ingress)
    };
    let login: std::collections::BTreeSet<ObjectKey> = [key("shop/login")].into();
    assert_eq!(named(OIDC, ""), login);
    assert_eq!(named(&OIDC.replace("auth-type: oidc", "auth-type: none"), ""), [].into());
    assert_eq!(named("tags: a=b", ""), [].into());
    let service = format!("service shop/web:\n  ports: [80]\n  {OIDC}");
    assert_eq!(named("tags: a=b", &service), login);
}

/// Whoever logs in with a provider; `secret` is the client's.
fn sketch(secret: &str, scope: &str) -> String {
    format!(
        "{SERVICES}secret shop/login: {{texts: {{clientID: id, clientSecret: {secret}}}}}\n\
         ingress shop/web:\n  certificate-arn: {CERTIFICATE}\n  {HTTPS}\n  {OIDC}\n  \
         auth-scope: {scope}\n  default: web:80\n  rules: [a.example.com Exact /a web:80]"
    )
}

/// The secrets that calls of AWS carry, each with the call.
fn given(site: &Site) -> Vec<(String, Option<String>)> {
    let calls = site.aws.performed();
    let each = calls.iter().map(|action| {
        let mut secret = None;
        let mut whole = Action::Aws(action.clone());
        whole.visit_secrets(&mut |bytes| secret = bytes.given().cloned());
        let text = secret.map(|sealed| String::from_utf8(sealed.open().to_vec()).unwrap());
        (action.operation().1.to_owned(), text)
    });
    each.collect()
}

#[test]
fn a_secret_is_sent_again_when_it_changes_and_never_else() {
    wait(async {
        let site = Site::new(&sketch("one", "openid"));
        let controller = site.settle().await;
        let sent: Vec<_> =
            given(&site).into_iter().filter(|(_, secret)| secret.is_some()).collect();
        let one = |operation: &str| (operation.to_owned(), Some("one".to_owned()));
        assert_eq!(sent, [one("CreateListener"), one("CreateRule")]);
        let change = async |controller: &Controller<Fake>, secret: &str, scope: &str| {
            site.aws.forget_calls();
            controller.cluster.add(&sketch(secret, scope));
            controller.look_again();
            controller.settle().await;
            given(&site)
        };
        assert_eq!(change(&controller, "one", "openid").await, []);
        let call = |operation: &str, secret: Option<&str>| {
            (operation.to_owned(), secret.map(str::to_owned))
        };
        // What else changes goes with the secret that stands.
        let expected = [call("ModifyListener", None), call("ModifyRule", None)];
        assert_eq!(change(&controller, "one", "email").await, expected);
        let expected = [call("ModifyListener", Some("two")), call("ModifyRule", Some("two"))];
        assert_eq!(change(&controller, "two", "email").await, expected);
        assert_eq!(change(&controller, "two", "email").await, []);
        drop(controller);
        // Another process knows it, and sees what changed while nobody looked.
        site.aws.forget_calls();
        drop(site.settle().await);
        assert_eq!(given(&site), []);
        site.cluster.add(&sketch("three", "email"));
        let _controller = site.settle().await;
        let expected = [call("ModifyListener", Some("three")), call("ModifyRule", Some("three"))];
        assert_eq!(given(&site), expected);
    });
}

#[test]
fn what_is_remembered_of_secrets_shows_none_and_goes_with_the_last_of_them() {
    wait(async {
        let site = Site::new(&sketch("hush-hush", "openid"));
        let controller = site.settle().await;
        let written = format!("{:?}", site.cluster.memories());
        assert!(written.contains("https://i id") && !written.contains("hush"), "{written}");
        controller.cluster.add("ingress shop/web: {rules: [any Exact /a web:80]}");
        controller.settle().await;
        assert!(site.cluster.memories().is_empty(), "{:?}", site.cluster.memories());
    });
}

#[test]
fn who_takes_over_takes_the_secrets_that_stand_for_right() {
    wait(async {
        let site = Site::new(&sketch("one", "openid"));
        drop(site.settle().await);
        site.cluster.forget_memories();
        site.aws.forget_calls();
        let _controller = site.settle().await;
        assert_eq!(given(&site), []);
    });
}

#[test]
fn a_dry_run_over_what_stands_shows_nothing_to_do() {
    let sketch = sketch("one", "openid");
    let site = Site::new(&sketch);
    wait(async {
        drop(site.settle().await);
    });
    let mut world = World::new(&sketch);
    world.objects = site.cluster.objects.read().unwrap().clone();
    let plans = world.plan(&site.aws).plans;
    let steps: Vec<_> = plans.iter().flat_map(|(_, plan)| &plan.steps).collect();
    assert!(steps.is_empty(), "{steps:#?}");
}

#[test]
fn a_part_with_all_kinds_of_rules_is_remembered_and_read_again() {
    let rules = r#"conditions.web: '[{"field":"source-ip","sourceIpConfig":{"values":["::/0"]}},
        {"field":"query-string","queryStringConfig":{"values":[{"value":"v"}]}}]'
  transforms.web: '[{"type":"url-rewrite","urlRewriteConfig":{"rewrites":[{"regex":"a"}]}}]'"#;
    for (class, login) in [("alb", OIDC), ("own", COGNITO), ("own", JWT)] {
        let world = with(class, &both(HTTPS, &both(login, rules)));
        let built = world.build("shop/web");
        assert_eq!(built.problems, []);
        let part = built.good[&member("shop/web")].as_ref();
        let text = serde_json::to_string(part).unwrap();
        assert_eq!(serde_json::from_str::<Part>(&text).unwrap(), *part, "{text}");
    }
}
