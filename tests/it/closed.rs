//! A protection that is asked for and cannot be given: what lacks it is closed, and nothing else.

use albedo::model::problem::Severity;

use super::support::canon;
use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{CERTIFICATE, wait};

const OPEN: &str = "
service shop/web: {ports: [80:8080]}
service shop/api: {ports: [80:8080]}
service other/s: {ports: [80:8080]}
secret shop/empty: {texts: {clientID: c}}
endpoints shop/web: {at: [172.31.1.10]}
";
const COGNITO: &str = r#"auth-idp-cognito: '{"UserPoolArn":"arn:aws:cognito-idp:r:1:userpool/p",
    "userPoolClientID":"c","UserPoolDomain":"d"}'"#;
const B: &str = "443:1 b.example.com /* -> other/b-s:80";

/// The Ingress with what else is written on it; its rule comes after its sibling's.
fn web(more: &str) -> String {
    format!(
        "ingress shop/a:\n  group.name: edge\n  certificate-arn: {CERTIFICATE}\n  \
         rules: [a.example.com Exact /a web:80]\n  {more}"
    )
}

fn rules(site: &Site) -> Vec<String> {
    canon::rules(&site.aws.everything())
}

/// What is told of errors from now on.
fn errors(site: &Site) -> Vec<String> {
    let events = site.cluster.events().into_iter();
    let errors = events.filter(|event| event.severity == Severity::Error);
    let errors = errors.map(|event| format!("{}: {}", event.object.key, event.message)).collect();
    site.cluster.forget_calls();
    errors
}

async fn standing(ingress: &str) -> (Site, Controller<Fake>) {
    let site = Site::new(OPEN);
    site.aws.change(|state| state.guards.add_web_acl("one"));
    let sibling = format!("ingress other/b: {{group.name: edge, certificate-arn: {CERTIFICATE}, ");
    site.cluster.add(&format!("{sibling}rules: [b.example.com Prefix / s:80]}}"));
    site.cluster.add(ingress);
    let controller = site.settle().await;
    errors(&site);
    (site, controller)
}

const CLOSED: &str = "443:2 a.example.com /a -> 503";
const SERVED: &str = "443:2 a.example.com /a -> shop/a-web:80";

#[test]
fn who_asks_for_a_login_that_nobody_understands_is_closed_until_it_is_mended() {
    wait(async {
        for broken in [
            "auth-type: oidc",
            "auth-type: ldap",
            "auth-type: cognito\n  auth-idp-cognito: '{}'",
            "jwt-validation: '{}'",
            "auth-type: oidc\n  auth-idp-oidc: '{\"Issuer\":\"https://i\",\
             \"AuthorizationEndpoint\":\"https://a\",\"TokenEndpoint\":\"https://t\",\
             \"UserInfoEndpoint\":\"https://u\",\"secretName\":\"empty\"}'",
        ] {
            let (site, controller) = standing(&web("")).await;
            assert_eq!(rules(&site), [B, SERVED]);
            controller.cluster.add(&web(broken));
            controller.settle().await;
            assert_eq!(rules(&site), [B, CLOSED], "{broken}");
            let told = errors(&site);
            let [only] = &told[..] else { panic!("{broken}: {told:?}") };
            assert!(only.starts_with("shop/a: ") && only.contains("answer 503"), "{only}");
            drop(controller);
            // So it is for another process.
            let controller = site.settle().await;
            assert_eq!(rules(&site), [B, CLOSED], "{broken}");
            controller.cluster.add(&web(&format!("auth-type: cognito\n  {COGNITO}")));
            controller.settle().await;
            let mended = "443:2 a.example.com /a -> login at d shop/a-web:80";
            assert_eq!(rules(&site), [B, mended], "{broken}");
            assert!(site.cluster.memories().is_empty(), "{broken}");
            assert_eq!(site.refused(), 0, "{broken}");
        }
    });
}

#[test]
fn a_login_beside_another_mistake_is_not_left_out() {
    wait(async {
        let (site, controller) = standing(&web("")).await;
        let both = format!("auth-type: cognito\n  {COGNITO}\n  scheme: nonsense");
        controller.cluster.add(&web(&both));
        controller.settle().await;
        assert_eq!(rules(&site), [B, CLOSED]);
    });
}

#[test]
fn what_carries_a_login_stays_as_it_is() {
    wait(async {
        let (site, controller) = standing(&web(&format!("auth-type: cognito\n  {COGNITO}"))).await;
        let before = rules(&site);
        assert_eq!(before, [B, "443:2 a.example.com /a -> login at d shop/a-web:80"]);
        controller.cluster.add(&web("auth-type: oidc"));
        controller.settle().await;
        assert_eq!(rules(&site), before);
        let told = errors(&site);
        assert!(!told[0].contains("503"), "{told:?}");
    });
}

#[test]
fn what_the_service_opens_to_everybody_stays_open() {
    wait(async {
        let two = |more: &str| {
            let rules = "rules: [a.example.com Exact /a web:80, a.example.com Exact /p api:80]";
            let rules = format!("{rules}\n  {more}");
            web("").replace("rules: [a.example.com Exact /a web:80]", &rules)
        };
        let (site, controller) = standing(&two("")).await;
        controller.cluster.add("service shop/api: {ports: [80:8080], auth-type: none}");
        controller.cluster.add(&two("auth-type: oidc"));
        controller.settle().await;
        assert_eq!(rules(&site), [B, CLOSED, "443:3 a.example.com /p -> shop/a-api:80"]);
    });
}

#[test]
fn another_mistake_closes_nothing() {
    wait(async {
        for mistake in ["scheme: nonsense", "auth-type: none\n  auth-idp-oidc: '['"] {
            let (site, controller) = standing(&web("")).await;
            controller.cluster.add(&web(mistake));
            controller.settle().await;
            assert_eq!(rules(&site), [B, SERVED], "{mistake}");
        }
    });
}

#[test]
fn who_takes_over_closes_nothing_that_stands() {
    wait(async {
        let (site, controller) = standing(&web("")).await;
        drop(controller);
        site.cluster.forget_memories();
        site.cluster.add(&web("auth-type: oidc"));
        let before = canon::aws(&site.aws.everything());
        site.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        assert!(errors(&site)[0].contains("what stands of it stays"));
    });
}

#[test]
fn who_is_guarded_already_keeps_that_and_who_is_not_is_closed() {
    wait(async {
        let acl = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/one/1";
        for (guarded, broken) in [
            ("inbound-cidrs: 10.0.0.0/8".to_owned(), "inbound-cidrs: 10.0.0.0/33"),
            (format!("wafv2-acl-arn: {acl}"), "wafv2-acl-arn: arn:x"),
        ] {
            let (site, controller) = standing(&web(&guarded)).await;
            let before = canon::aws(&site.aws.everything());
            controller.cluster.add(&web(broken));
            controller.settle().await;
            assert_eq!(canon::aws(&site.aws.everything()), before, "{broken}");
            let (site, controller) = standing(&web("")).await;
            controller.cluster.add(&web(broken));
            controller.settle().await;
            assert_eq!(rules(&site), [B, CLOSED], "{broken}");
        }
    });
}
