//! Text in the place of a web ACL's ARN, on a class of LBC's: what is asked for is built without a
//! web ACL, and nobody is led there who was not before.

use albedo::model::problem::{Code, Severity};

use super::super::support::canon;
use super::super::support::site::Site;
use super::super::support::world::{key, wait};
use super::super::zones::life;
use super::{SERVICE, by_arn, guards, performed, unprotected};

/// What people leave in a manifest.
const UNMEANT: &str = "wafv2-acl-arn: REPLACE_WAF_WEB_ACL_ARN, ";

/// An Ingress with a host, whose names are kept.
fn web(annotations: &str, path: &str) -> String {
    format!("ingress shop/web: {{{annotations}rules: [a.example.com Exact {path} s:80]}}")
}

fn site(annotations: &str) -> Site {
    let site = life::site(SERVICE);
    site.cluster.add(&web(annotations, "/a"));
    site.aws.change(|state| state.guards.add_web_acl("one"));
    site
}

/// How many load balancers the Ingress shows.
fn shown(site: &Site) -> usize {
    let objects = site.cluster.objects.read().unwrap();
    albedo::report::shown(&objects.ingresses[&key("shop/web")]).len()
}

/// The rules that stand.
fn rules(site: &Site) -> Vec<String> {
    canon::rules(&site.aws.everything())
}

#[test]
fn a_new_load_balancer_is_built_and_nobody_is_led_there_until_it_is_mended() {
    wait(async {
        let site = site(UNMEANT);
        let controller = site.start();
        controller.settle_for(600).await;
        assert_eq!(site.aws.everything().load_balancers.len(), 1);
        assert_eq!(rules(&site), ["80:1 a.example.com /a -> shop/web-s:80"]);
        assert_eq!((shown(&site), life::names(&site)), (0, Vec::<String>::new()));
        let events = unprotected(&site);
        let [event] = &events[..] else { panic!("{events:#?}") };
        assert_eq!((&event.object.key, event.severity), (&key("shop/web"), Severity::Warning));
        assert!(event.message.contains("REPLACE_WAF_WEB_ACL_ARN"), "{}", event.message);
        assert_eq!(performed(&site.aws), Vec::<&str>::new(), "AWS is asked nothing");
        // A restart changes nothing, and nothing is written again and again.
        site.aws.forget_calls();
        drop(controller);
        let again = site.start();
        again.settle_for(600).await;
        assert_eq!((site.aws.performed(), shown(&site)), (Vec::new(), 0));
        site.cluster.add(&web(&by_arn("one"), "/a"));
        again.settle_for(60).await;
        assert_eq!(guards(&site.aws).0, ["one"]);
        assert_eq!((shown(&site), life::names(&site).is_empty()), (1, false));
    });
}

#[test]
fn who_is_shown_already_keeps_what_stands() {
    wait(async {
        let site = site(&by_arn("one"));
        let controller = site.settle().await;
        let before = canon::aws(&site.aws.everything());
        site.cluster.add(&web(UNMEANT, "/b"));
        controller.settle_for(600).await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        assert_eq!((shown(&site), guards(&site.aws).0), (1, vec!["one".to_owned()]));
        let events = site.cluster.events();
        let told =
            events.iter().filter(|event| event.reason == Code::InvalidAnnotation.to_string());
        assert_eq!(told.count(), 1, "{events:#?}");
    });
}

#[test]
fn who_shares_a_load_balancer_is_not_served_without_a_web_acl() {
    wait(async {
        let site = life::site(SERVICE);
        site.cluster.add(
            "
ingress shop/web: {group.name: edge, wafv2-acl-arn: x, rules: [a.example.com Exact /a s:80]}
ingress shop/other: {group.name: edge, rules: [b.example.com Exact /b s:80]}
",
        );
        let controller = site.start();
        controller.settle_for(600).await;
        let objects = site.cluster.objects.read().unwrap();
        assert_eq!(albedo::report::shown(&objects.ingresses[&key("shop/other")]).len(), 1);
        drop(objects);
        let rules = rules(&site);
        assert!(rules.iter().all(|rule| !rule.contains("shop/web")), "{rules:?}");
        assert!(rules.iter().any(|rule| rule.contains("shop/other")), "{rules:?}");
        assert_eq!(life::names(&site), ["TXT a-b.example.com", "A b.example.com"]);
    });
}
