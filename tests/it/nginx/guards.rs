//! What keeps somebody out: nothing is served without it.

use albedo::model::problem::{Code, Severity};

use super::super::support::canon;
use super::super::support::site::Site;
use super::super::support::world::{CERTIFICATE, wait};
use super::{A, CLASS, ingress, of_one, rules, told, world};

#[test]
fn what_keeps_somebody_out_and_cannot_be_had_is_not_served() {
    for (annotation, code) in [
        (("n/auth-type", "basic"), Code::Unsupported),
        (("n/auth-url", "https://login.example.com"), Code::Unsupported),
        (("n/auth-tls-secret", "shop/ca"), Code::Unsupported),
        (("n/ssl-passthrough", "true"), Code::Unsupported),
        (("n/enable-modsecurity", "true"), Code::Unsupported),
        (("n/configuration-snippet", "deny all;"), Code::Unsupported),
        (("n/server-snippet", "if ($x) { return 403; }"), Code::Unsupported),
        (("n/whitelist-source-range", "10.0.0.0/8,x"), Code::InvalidAnnotation),
        (("n/whitelist-source-range", ","), Code::InvalidAnnotation),
        (("n/whitelist-source-rang", "10.0.0.0/8"), Code::UnknownAnnotation),
        (("n/my-auth-thing", "x"), Code::UnknownAnnotation),
        (("n/satisfy", "any"), Code::InvalidAnnotation),
        (("n/backend-protocol", "FCGI"), Code::InvalidAnnotation),
        (("n/permanent-redirect", "$uri"), Code::InvalidAnnotation),
    ] {
        let world = world(&[ingress("web", A, &[annotation])]);
        let problems = world.problems("shop/web");
        let [only] = &problems[..] else { panic!("{annotation:?}: {problems:?}") };
        assert_eq!((only.severity, only.code), (Severity::Error, code), "{only}");
        assert!(only.field.ends_with(&annotation.0[2..]), "{only}");
        assert_eq!(rules(&world, "shop/web", 80), [""; 0], "{annotation:?}");
    }
}

#[test]
fn nobody_is_led_from_https_to_http() {
    let plain = ("n/temporal-redirect", "http://b.example.com/");
    assert_eq!(of_one(A, &[plain]), ["a.example.com /* -> redirect HTTP_302"]);
    let world = world(&[ingress("web", A, &[plain, ("certificate-arn", CERTIFICATE)])]);
    let expected = ["Error InvalidAnnotation web n/temporal-redirect"];
    assert_eq!(told(&world.problems("shop/web")), expected);
}

#[test]
fn two_wishes_that_contradict_each_other_are_refused() {
    for both in [
        [("n/permanent-redirect", "https://b.c"), ("n/temporal-redirect", "https://b.d")],
        [("n/whitelist-source-range", "10.0.0.0/8"), ("n/denylist-source-range", "10.1.0.0/16")],
        [("n/whitelist-source-range", "10.0.0.0/8"), ("n/allowlist-source-range", "10.1.0.0/16")],
    ] {
        let world = world(&[ingress("web", A, &both)]);
        let problems = world.problems("shop/web");
        let [only] = &problems[..] else { panic!("{both:?}: {problems:?}") };
        assert_eq!(only.severity, Severity::Error, "{only}");
        assert_eq!(rules(&world, "shop/web", 80), [""; 0], "{both:?}");
    }
}

#[test]
fn what_keeps_nobody_out_is_named_and_left_out() {
    for (name, value) in [
        ("n/configuration-snippet", "more_set_headers \"X: y\";"),
        ("n/limit-rps", "5"),
        ("n/custom-http-errors", "404"),
        ("n/rewrite-targt", "/"),
        ("n/mirror-target", "https://x"),
        ("n/enable-cors-everywhere", "x"),
    ] {
        let world = world(&[ingress("web", A, &[(name, value)])]);
        let problems = world.problems("shop/web");
        let [only] = &problems[..] else { panic!("{name}: {problems:?}") };
        assert_eq!(only.severity, Severity::Warning, "{only}");
        assert_eq!(rules(&world, "shop/web", 80), ["a.example.com /* -> web:80"], "{name}");
        assert_eq!(only.allowed.contains("did you mean"), name.contains("targt"), "{only}");
    }
    for (name, value) in [
        ("n/auth-tls-verify-client", "off"),
        ("n/ssl-passthrough", "false"),
        ("n/enable-modsecurity", "false"),
        ("n/proxy-body-size", "8m"),
        ("n/satisfy", "all"),
    ] {
        assert_eq!(of_one(A, &[(name, value)]), ["a.example.com /* -> web:80"], "{name}");
    }
}

#[test]
fn what_takes_the_place_of_a_guard_opens_what_it_closed() {
    let pool = r#"{"userPoolARN":"arn:aws:cognito-idp:r:1:userpool/p",
        "userPoolClientID":"c","userPoolDomain":"d"}"#;
    let login = [
        ("n/auth-url", "https://login.example.com"),
        ("auth-type", "cognito"),
        ("auth-idp-cognito", pool),
        ("certificate-arn", CERTIFICATE),
    ];
    let world = world(&[ingress("web", A, &login)]);
    assert_eq!(told(&world.problems("shop/web")), [""; 0]);
    let expected = ["a.example.com /* -> login at d web:80"];
    assert_eq!(rules(&world, "shop/web", 443), expected);
}

#[test]
fn what_stood_before_a_guard_was_asked_for_is_closed() {
    wait(async {
        for broken in [
            &[("n/auth-url", "https://login.example.com")][..],
            &[("n/whitelist-source-range", "x")],
            &[("n/whitelist-source-rang", "10.0.0.0/8")],
            &[("n/whitelist-source-range", "10.0.0.0/8"), ("n/backend-protocol", "FCGI")],
            &[("n/denylist-source-range", "10.0.0.0/8"), ("n/backend-protocol", "FCGI")],
        ] {
            let site = Site::new(CLASS);
            site.cluster.add(&ingress("web", A, &[]));
            let controller = site.settle().await;
            let rules = || {
                let rules = canon::rules(&site.aws.everything()).into_iter();
                let texts = rules.map(|rule| rule.split_once(' ').unwrap().1.to_owned());
                texts.collect::<Vec<_>>()
            };
            assert_eq!(rules(), ["a.example.com /* -> shop/web-web:80"]);
            controller.cluster.add(&ingress("web", A, broken));
            controller.settle().await;
            assert_eq!(rules(), ["a.example.com /* -> 503"], "{broken:?}");
        }
    });
}

#[test]
fn who_may_not_come_is_answered_with_403() {
    let allowed = of_one(A, &[("n/whitelist-source-range", "10.0.0.0/8, 192.0.2.7")]);
    let expected =
        ["from 10.0.0.0/8|192.0.2.7/32 a.example.com /* -> web:80", "a.example.com /* -> 403"];
    assert_eq!(allowed, expected);
    let denied = of_one(A, &[("n/denylist-source-range", "10.0.0.0/8")]);
    let expected = ["from 10.0.0.0/8 a.example.com /* -> 403", "a.example.com /* -> web:80"];
    assert_eq!(denied, expected);
}
