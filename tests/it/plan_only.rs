//! An Ingress of which only the plan is asked for: it is told, and nothing of it is done until the
//! annotation goes.

use std::sync::Arc;

use albedo::cluster::Object;
use albedo::model::report::Event;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{World, key, wait};

const SERVICE: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
";
const TWO: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /b s:80]}
";
const BEFORE: [&str; 2] = ["80:1 /a -> shop/a-s:80", "80:2 /b -> shop/b-s:80"];

/// A member of the group, with the annotation if it has a value.
fn member(name: &str, order: u8, path: &str, value: &str) -> String {
    let annotation = match value {
        "" => String::new(),
        value => format!("alb.ingress.k8s.aws/plan-only: \"{value}\", "),
    };
    format!(
        "ingress shop/{name}: {{group.name: edge, group.order: {order}, {annotation}rules: [any \
         Exact {path} s:80]}}"
    )
}

fn rules(site: &Site) -> Vec<String> {
    canon::rules(&site.aws.everything())
}

/// What was told since the last time of what is only planned, by Ingress.
fn told(site: &Site) -> Vec<(String, String)> {
    let events = site.cluster.events().into_iter().filter(|event| event.reason == "PlanOnly");
    let text = |event: Event| (event.object.key.to_string(), event.message);
    let told = events.map(text).collect();
    site.cluster.forget_calls();
    told
}

/// The hash in the only Event there is.
fn hash(told: &[(String, String)]) -> String {
    let [(_, text)] = told else { panic!("{told:?}") };
    let (_, rest) = text.split_once("its plan ").unwrap();
    rest.split_once(' ').unwrap().0.to_owned()
}

#[test]
fn for_who_is_new_nothing_is_made_until_the_annotation_goes() {
    wait(async {
        let site = Site::new(SERVICE);
        site.cluster.add(&member("a", 1, "/a", "true"));
        let controller = site.settle().await;
        assert!(site.aws.performed().is_empty());
        let ingress = site.cluster.objects.read().unwrap().ingresses[&key("shop/a")].clone();
        assert_eq!(ingress.metadata.finalizers, [""; 0]);
        let found = told(&site);
        let [(_, text)] = found.as_slice() else { panic!("{found:?}") };
        assert!(text.contains("1 elbv2.CreateLoadBalancer"), "{text}");
        assert!(text.contains("nothing of that is done"), "{text}");
        // It is told once.
        controller.look_again();
        controller.settle().await;
        assert_eq!(told(&site), []);
        controller.cluster.add(&member("a", 1, "/a", ""));
        controller.settle().await;
        assert_eq!(rules(&site), ["80:1 /a -> shop/a-s:80"]);
    });
}

#[test]
fn what_stands_of_a_member_stays_and_its_sibling_goes_on() {
    wait(async {
        for restarts in [false, true] {
            let site = Site::new(TWO);
            let mut controller = site.settle().await;
            controller.cluster.add(&member("b", 2, "/new", "true"));
            controller.settle().await;
            if restarts {
                controller = site.settle().await;
            }
            controller.cluster.add(&member("a", 1, "/other", ""));
            controller.settle().await;
            assert_eq!(rules(&site), ["80:1 /other -> shop/a-s:80", BEFORE[1]]);
            controller.cluster.add(&member("b", 2, "/new", "false"));
            controller.settle().await;
            let now = ["80:1 /other -> shop/a-s:80", "80:2 /new -> shop/b-s:80"];
            assert_eq!(rules(&site), now);
            assert!(site.cluster.memories().is_empty());
        }
    });
}

#[test]
fn who_says_so_while_nobody_looks_loses_nothing() {
    wait(async {
        let site = Site::new(TWO);
        drop(site.settle().await);
        site.cluster.add(&member("b", 2, "/new", "true"));
        site.settle().await;
        assert_eq!(rules(&site), BEFORE);
    });
}

#[test]
fn who_is_deleted_stays_until_the_annotation_goes() {
    wait(async {
        for restarts in [false, true] {
            let site = Site::new(TWO);
            let mut controller = site.settle().await;
            controller.cluster.add(&member("b", 2, "/b", "true"));
            controller.settle().await;
            told(&site);
            if restarts {
                controller = site.settle().await;
            }
            controller.cluster.delete(&key("shop/b"));
            controller.settle().await;
            assert_eq!(rules(&site), BEFORE);
            let found = told(&site);
            let last = &found.last().unwrap().1;
            assert!(last.contains("elbv2.DeleteTargetGroup"), "{found:?}");
            // A person takes the annotation from what is being deleted.
            let mut ingress =
                site.cluster.objects.read().unwrap().ingresses[&key("shop/b")].as_ref().clone();
            ingress
                .metadata
                .annotations
                .get_or_insert_default()
                .retain(|name, _| !name.ends_with("/plan-only"));
            controller.cluster.put(Object::Ingress(key("shop/b"), Arc::new(ingress)));
            controller.settle().await;
            assert_eq!(rules(&site), BEFORE[..1]);
            assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/b")));
        }
    });
}

#[test]
fn who_goes_to_another_group_stays_where_it_is() {
    wait(async {
        let site = Site::new(TWO);
        let controller = site.settle().await;
        controller.cluster.add(
            "ingress shop/b: {group.name: other, alb.ingress.k8s.aws/plan-only: \"true\", rules: \
             [any Exact /b s:80]}",
        );
        controller.settle().await;
        assert_eq!(rules(&site), BEFORE);
        assert_eq!(site.aws.everything().load_balancers.len(), 1);
        let found = told(&site);
        let [(_, text)] = found.as_slice() else { panic!("{found:?}") };
        assert!(text.contains("1 elbv2.CreateLoadBalancer"), "{text}");
    });
}

#[test]
fn a_class_says_so_of_all_its_ingresses_and_what_cannot_be_read_holds_them_as_well() {
    wait(async {
        for value in ["true", "perhaps"] {
            let site = Site::new(TWO);
            let controller = site.settle().await;
            let class = format!("class alb: {{alb.ingress.k8s.aws/plan-only: \"{value}\"}}");
            controller.cluster.add(&class);
            controller.cluster.add(&member("b", 2, "/new", ""));
            controller.settle().await;
            assert_eq!(rules(&site), BEFORE, "{value}");
            controller.cluster.add(&member("a", 1, "/a", value));
            controller.cluster.add("class alb:");
            controller.settle().await;
            assert_eq!(rules(&site), [BEFORE[0], "80:2 /new -> shop/b-s:80"], "{value}");
        }
    });
}

#[test]
fn nothing_is_imported_for_who_is_only_planned_and_what_was_is_renewed() {
    const OF_TLS: &str = "
class own: {controller: alb.ingress.k8s.aws/albedo}
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
secret shop/tls: {fixture: ec}
";
    let ingress = |value: &str| {
        format!(
            "ingress shop/a: {{class: own, alb.ingress.k8s.aws/plan-only: \"{value}\", tls: [tls \
             public.example.com], rules: [public.example.com Exact /a s:80]}}"
        )
    };
    wait(async {
        let site = Site::new(OF_TLS);
        let certificates = || site.aws.everything().certificates.len();
        let before = certificates();
        site.cluster.add(&ingress("true"));
        let controller = site.settle().await;
        assert!(site.aws.performed().is_empty());
        controller.cluster.add(&ingress("false"));
        controller.settle().await;
        assert_eq!(certificates(), before + 1);
        controller.cluster.add(&ingress("true"));
        controller.cluster.add("secret shop/tls: {fixture: renewed}");
        controller.settle().await;
        assert_eq!(site.aws.calls()["acm.ImportCertificate"], 2);
        assert_eq!(certificates(), before + 1);
    });
}

#[test]
fn acm_is_asked_for_nothing_for_who_is_only_planned() {
    let ingress = |annotations: &str| {
        format!("ingress shop/a: {{class: own, {annotations}rules: [a.example.com Exact /a s:80]}}")
    };
    wait(async {
        let site = Site::new(SERVICE);
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        site.cluster.add("class own: {controller: alb.ingress.k8s.aws/albedo}");
        site.cluster.add(&ingress(""));
        let controller = site.settle().await;
        let asks = "create-acm-cert: 'true', alb.ingress.k8s.aws/plan-only: ";
        controller.cluster.add(&ingress(&format!("{asks}'true', ")));
        controller.settle().await;
        assert_eq!(site.aws.everything().requested.len(), 0);
        controller.cluster.add(&ingress(&format!("{asks}'false', ")));
        controller.settle_for(600).await;
        assert_eq!(site.aws.everything().requested.len(), 1);
    });
}

#[test]
fn the_hash_is_that_of_what_would_be_done_and_plan_shows_the_same() {
    wait(async {
        let site = Site::new(TWO);
        let controller = site.settle().await;
        controller.cluster.add(&member("b", 2, "/new", "true"));
        controller.settle().await;
        let first = hash(&told(&site));
        // Another process says the same, and once, whatever siblings do.
        drop(controller);
        let restarted = site.settle().await;
        restarted.cluster.add(&member("a", 1, "/other", ""));
        restarted.settle().await;
        assert_eq!(hash(&told(&site)), first);
        restarted.cluster.add(&member("b", 2, "/newer", "true"));
        restarted.settle().await;
        assert_ne!(hash(&told(&site)), first);
    });
    let mut world = World::new(SERVICE);
    world.add(&member("a", 1, "/a", "true"));
    let site = Site::new(SERVICE);
    site.cluster.add(&member("a", 1, "/a", "true"));
    wait(async {
        site.settle().await;
    });
    let plans = world.plan(&site.aws);
    let [only] = plans.planned_only.as_slice() else { panic!("{:?}", plans.planned_only) };
    assert_eq!(only.hash, hash(&told(&site)));
    assert!(only.plan.steps.len() > 3, "{only:?}");
    assert!(plans.plans.iter().all(|(_, plan)| plan.is_empty()), "{:?}", plans.plans);
}
