//! A bad member keeps what it had, brings nothing new, and holds nobody up.

use albedo::model::problem::Severity;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{key, wait};

const GOOD: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /b s:80]}
";
const A_CHANGED: &str = "
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80, any Exact /new s:80]}
";
const B_BAD: &str = "
ingress shop/b: {group.name: edge, group.order: 2, listen-ports: nonsense,
  rules: [any Exact /c s:80]}
";

fn rules(site: &Site) -> Vec<String> {
    canon::rules(&site.aws.everything())
}

/// What was told about errors since the last time, by object and reason.
fn errors(site: &Site) -> Vec<(String, String)> {
    let events =
        site.cluster.events().into_iter().filter(|event| event.severity == Severity::Error);
    let errors = events.map(|event| (event.object.key.to_string(), event.reason)).collect();
    site.cluster.forget_calls();
    errors
}

const HELD: [&str; 3] =
    ["80:1 /a -> shop/a-s:80", "80:2 /new -> shop/a-s:80", "80:3 /b -> shop/b-s:80"];
const SAID: [(&str, &str); 1] = [("shop/b", "InvalidAnnotation")];

fn said() -> Vec<(String, String)> {
    SAID.map(|(object, reason)| (object.to_owned(), reason.to_owned())).into()
}

#[test]
fn a_member_turned_bad_keeps_its_rules_and_its_sibling_goes_on() {
    wait(async {
        let site = Site::new(GOOD);
        let controller = site.settle().await;
        controller.cluster.add(B_BAD);
        controller.cluster.add(A_CHANGED);
        controller.settle().await;
        assert_eq!(rules(&site), HELD);
        assert_eq!(errors(&site), said());
        // It is told once.
        controller.look_again();
        controller.settle().await;
        assert_eq!(errors(&site), []);
    });
}

#[test]
fn so_it_does_when_the_process_restarts() {
    wait(async {
        let site = Site::new(GOOD);
        let controller = site.settle().await;
        controller.cluster.add(B_BAD);
        controller.settle().await;
        errors(&site);
        let restarted = site.settle().await;
        restarted.cluster.add(A_CHANGED);
        restarted.settle().await;
        assert_eq!(rules(&site), HELD);
        assert_eq!(errors(&site), said());
    });
}

#[test]
fn a_member_that_turned_bad_while_nobody_looked_loses_nothing() {
    wait(async {
        let site = Site::new(GOOD);
        drop(site.settle().await);
        site.cluster.add(B_BAD);
        site.cluster.add(A_CHANGED);
        site.settle().await;
        // Nothing is remembered of it; what stands and nobody explains stays.
        assert_eq!(rules(&site), HELD);
        assert_eq!(errors(&site), said());
        assert!(site.cluster.memories().is_empty());
        site.settle().await;
        assert_eq!(rules(&site), HELD);
    });
}

#[test]
fn a_member_mended_is_as_if_it_had_never_been_bad() {
    wait(async {
        const MENDED: &str = "
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /c s:80]}
";
        let straight = Site::new(GOOD);
        straight.cluster.add(MENDED);
        straight.settle().await;
        for restart in [false, true] {
            let site = Site::new(GOOD);
            let mut controller = site.settle().await;
            controller.cluster.add(B_BAD);
            controller.settle().await;
            if restart {
                controller = site.settle().await;
            }
            controller.cluster.add(MENDED);
            controller.settle().await;
            let (state, wished) = (site.aws.everything(), straight.aws.everything());
            assert_eq!(canon::aws(&state), canon::aws(&wished));
            assert_eq!(
                canon::cluster(&site.cluster, &state),
                canon::cluster(&straight.cluster, &wished)
            );
            assert!(site.cluster.memories().is_empty());
        }
    });
}

#[test]
fn a_bad_member_that_is_deleted_takes_its_rules_with_it() {
    wait(async {
        for restart in [false, true] {
            let site = Site::new(GOOD);
            let mut controller = site.settle().await;
            controller.cluster.add(B_BAD);
            controller.settle().await;
            if restart {
                controller = site.settle().await;
            }
            controller.cluster.delete(&key("shop/b"));
            controller.settle().await;
            assert_eq!(rules(&site), ["80:1 /a -> shop/a-s:80"]);
            assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/b")));
        }
    });
}

/// Something bad comes beside something good: it is told, once and to the guilty only, what was
/// found and what
/// happens meanwhile; and AWS and the cluster are as they would be without it.
pub async fn check(bad: &str, guilty: &str, reason: &str, text: &str) {
    const GOOD: &str = "
service shop/s: {ports: [http=80:8080]}
service shop/own: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/good: {group.name: edge, rules: [any Exact /good s:80]}
ingress shop/other: {rules: [any Exact /other own:80]}
";
    let without = Site::new(GOOD);
    without.settle().await;
    let site = Site::new(GOOD);
    site.cluster.add(bad);
    // What the VPC lacks is looked for again for ever.
    site.start().settle_for(40).await;
    let (state, wished) = (site.aws.everything(), without.aws.everything());
    assert_eq!(canon::aws(&state), canon::aws(&wished), "{bad}");
    let events = site.cluster.events();
    let (of_guilty, others): (Vec<_>, Vec<_>) =
        events.iter().partition(|event| event.object.key == key(guilty));
    assert!(others.iter().all(|event| event.severity == Severity::Note), "{bad}: {others:#?}");
    let [event] = of_guilty[..] else { panic!("{bad}: {of_guilty:#?}") };
    assert_eq!((event.severity, event.reason.as_str()), (Severity::Error, reason), "{bad}");
    assert!(event.message.contains(text), "{bad}: {}", event.message);
    assert!(event.message.contains("; meanwhile: "), "{bad}: {}", event.message);
    let ingresses = &site.cluster.objects.read().unwrap().ingresses;
    assert_eq!(ingresses[&key(guilty)].metadata.finalizers, [""; 0], "{bad}");
}

#[test]
fn bad_input_is_told_once_and_touches_nothing() {
    wait(async {
        let web = |body: &str| format!("ingress shop/bad: {{group.name: edge, {body}}}");
        for (body, reason, text) in [
            (
                "rules: [any Exact /x s:81]",
                "InvalidBackend",
                "port 81, which the Service lacks; allowed: a port of the Service: 80 (http)",
            ),
            (
                "listen-ports: '[{\"HTTP\": 80}', rules: [any Exact /x s:80]",
                "InvalidAnnotation",
                "a JSON array of",
            ),
            ("rules: [a_b.example.com Exact /x s:80]", "InvalidRule", "\"a_b.example.com\""),
            ("rules: ['a.*.com Exact /x s:80']", "InvalidRule", "the first label may be a lone *"),
            (
                "scheme: public, rules: [any Exact /x s:80]",
                "InvalidAnnotation",
                "\"public\"; allowed: internal, internet-facing",
            ),
            (
                "subnets: 'subnet-a, nowhere', rules: [any Exact /x s:80]",
                "NoSubnets",
                "nowhere, which vpc-fake does not have",
            ),
            (
                "subnets: subnet-a, rules: [any Exact /x s:80]",
                "NoSubnets",
                "one zone only: subnet-a",
            ),
            (
                "security-groups: sg-gone, rules: [any Exact /x s:80]",
                "NoSecurityGroup",
                "sg-gone, which vpc-fake does not have",
            ),
            (
                "target-type: instance, rules: [any Exact /x s:80]",
                "InvalidBackend",
                "port 80, which has no nodePort",
            ),
            (
                "auth-type: oidc, rules: [any Exact /x s:80]",
                "InvalidAnnotation",
                "auth-idp-oidc, which is missing",
            ),
            (
                "wafv2-acl-name: a b, rules: [any Exact /x s:80]",
                "InvalidAnnotation",
                "the name of a WAFv2 web ACL",
            ),
            (
                "mutual-authentication: '[]', rules: [any Exact /x s:80]",
                "InvalidAnnotation",
                "an array of objects with port and mode",
            ),
            (
                "listen-ports: '[{\"HTTPS\": 443}]', rules: [any Exact /x s:80]",
                "NoCertificate",
                "an HTTPS port",
            ),
            (
                "group.order: 1001, rules: [any Exact /x s:80]",
                "InvalidAnnotation",
                "from -1000 to 1000",
            ),
            (
                "healthcheck-interval-seconds: 4, rules: [any Exact /x s:80]",
                "InvalidAnnotation",
                "from 5 to 300",
            ),
            (
                "ssl-redirect: 443, rules: [any Exact /x s:80]",
                "InvalidAnnotation",
                "no HTTPS port of the group",
            ),
        ] {
            check(&web(body), "shop/bad", reason, text).await;
        }
    });
}

#[test]
fn a_class_or_group_that_cannot_be_is_told_to_its_ingress() {
    wait(async {
        let rules = "rules: [any Exact /x s:80]";
        for (bad, reason, text) in [
            (
                format!("class p: {{params: gone}}\ningress shop/bad: {{class: p, {rules}}}"),
                "InvalidClass",
                "\"gone\", which do not exist",
            ),
            (
                format!("ingress shop/bad: {{group.name: Edge, {rules}}}"),
                "InvalidGroup",
                "lower-case letters",
            ),
        ] {
            check(&bad, "shop/bad", reason, text).await;
        }
    });
}

#[test]
fn an_unknown_annotation_is_noted_with_the_nearest_known_one() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80]}
ingress shop/a: {shceme: internal, rules: [any Exact /a s:80]}
",
        );
        site.settle().await;
        assert_eq!(rules(&site), ["80:1 /a -> shop/a-s:80"]);
        let events = site.cluster.events();
        let note = events.iter().find(|event| event.reason == "UnknownAnnotation").unwrap();
        assert_eq!(note.severity, Severity::Note);
        assert!(
            note.message.contains("did you mean alb.ingress.kubernetes.io/scheme?"),
            "{}",
            note.message
        );
    });
}

#[test]
fn no_subnets_make_no_load_balancer_and_nothing_else() {
    wait(async {
        let site = Site::new(
            "service shop/s: {ports: [80]}\ningress shop/a: {rules: [any Exact /a s:80]}",
        );
        site.aws.change(|state| state.vpc.subnets.clear());
        let controller = site.start();
        // It is tried again for ever; so look at the first visits only.
        controller.settle_for(10).await;
        let state = site.aws.everything();
        assert!(state.load_balancers.is_empty() && state.target_groups.is_empty());
        let events = site.cluster.events();
        let [event] = &events[..] else { panic!("{events:#?}") };
        assert_eq!(
            (event.reason.as_str(), event.object.key.to_string()),
            ("NoSubnets", "shop/a".to_owned())
        );
        // Once there are some, all is well.
        site.aws.change(|state| {
            state.vpc.subnets = super::support::world::surroundings().vpc.subnets.clone();
        });
        controller.look_again();
        controller.settle().await;
        assert_eq!(rules(&site), ["80:1 /a -> shop/a-s:80"]);
    });
}

#[test]
fn two_groups_that_want_one_name_do_not_share_a_load_balancer() {
    wait(async {
        // With security groups of their own, what the two ask for differs in nothing but its tags.
        let site = Site::new(
            "
service shop/s: {ports: [80]}
ingress shop/a: {load-balancer-name: mine, security-groups: sg-nodes-1, rules: [any Exact /a s:80]}
",
        );
        site.settle().await;
        let before = canon::aws(&site.aws.everything());
        site.cluster.add(
        "
ingress shop/b: {load-balancer-name: mine, security-groups: sg-nodes-1, rules: [any Exact /b s:80], listen-ports: '[{\"HTTP\":81}]'}
",
    );
        let controller = site.start();
        controller.settle_for(30).await;
        let after = canon::aws(&site.aws.everything());
        let touched: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
        assert!(touched.is_empty(), "{touched:#?}");
        assert_eq!(rules(&site), ["80:1 /a -> shop/a-s:80"], "b's rules are on a's load balancer");
    });
}

#[test]
fn an_ingress_whose_class_became_unusable_loses_nothing_even_without_its_finalizer() {
    wait(async {
        let site = Site::new(
            "
params p: {}
class p: {params: p}
service shop/s: {ports: [80]}
ingress shop/a: {class: p, rules: [any Exact /a s:80]}
",
        );
        site.settle().await;
        let before = canon::aws(&site.aws.everything());
        // Somebody breaks the class, and somebody takes the finalizer off by hand.
        site.cluster.add("class p: {params: gone}");
        {
            let mut objects = site.cluster.objects.write().unwrap();
            let ingress = objects.ingresses.get_mut(&key("shop/a")).unwrap();
            std::sync::Arc::make_mut(ingress).metadata.finalizers.clear();
        }
        // The backend security group, which nobody needs any more, is in use: it is not even tried.
        site.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn an_ingress_that_can_have_nothing_brings_nothing_about() {
    wait(async {
        let site = Site::new("class p: {params: gone}\ningress shop/a: {class: p, rules: []}");
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!(site.cluster.performed(), []);
        assert_eq!(site.cluster.events().len(), 1);
    });
}

#[test]
fn a_service_that_goes_is_answered_with_503_and_deleting_needs_none() {
    wait(async {
        let site = Site::new(GOOD);
        let controller = site.settle().await;
        controller.cluster.delete_service(&key("shop/s"));
        controller.settle().await;
        assert_eq!(rules(&site), ["80:1 /a -> 503", "80:2 /b -> 503"]);
        let state = site.aws.everything();
        assert!(state.target_groups.is_empty(), "{:?}", state.target_groups);
        controller.cluster.delete(&key("shop/a"));
        controller.cluster.delete(&key("shop/b"));
        controller.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), canon::aws(&Site::new("").aws.everything()));
        assert!(site.cluster.objects.read().unwrap().ingresses.is_empty());
    });
}
