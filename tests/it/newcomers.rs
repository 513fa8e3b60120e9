//! Who is bad from the start, cannot be claimed, or is perhaps not ours at all.

use albedo::model::problem::Severity;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{key, wait};

fn rules(site: &Site) -> Vec<String> {
    canon::rules(&site.aws.everything())
}

#[test]
fn an_ingress_whose_class_is_gone_loses_nothing_even_without_its_finalizer() {
    wait(async {
        const CLASS: &str = "class p: {}";
        let site = Site::new(&format!(
            "{CLASS}
service shop/s: {{ports: [80]}}
ingress shop/a: {{class: p, target-type: ip, rules: [any Exact /a s:80]}}
"
        ));
        site.settle().await;
        let before = canon::aws(&site.aws.everything());
        {
            let mut objects = site.cluster.objects.write().unwrap();
            objects.classes.remove("p");
            let ingress = objects.ingresses.get_mut(&key("shop/a")).unwrap();
            std::sync::Arc::make_mut(ingress).metadata.finalizers.clear();
        }
        site.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn a_class_that_does_not_exist_is_told_to_those_who_speak_to_us_once_as_a_note() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80]}
ingress shop/theirs: {class: gone, example.com/note: x, rules: [any Exact /a s:80]}
ingress shop/ours: {class: gone, target-type: ip, rules: [any Exact /a s:80]}
",
        );
        let controller = site.settle().await;
        controller.look_again();
        controller.settle().await;
        let events = site.cluster.events();
        let [event] = &events[..] else { panic!("{events:#?}") };
        assert_eq!(event.object.key, key("shop/ours"));
        assert_eq!((event.severity, event.reason.as_str()), (Severity::Note, "InvalidClass"));
        assert!(event.message.contains("\"gone\", which does not exist"), "{}", event.message);
        assert_eq!((site.aws.performed(), site.cluster.performed()), (Vec::new(), Vec::new()));
    });
}

#[test]
fn a_bad_ingress_alone_brings_no_backend_security_group_about_until_it_is_mended() {
    wait(async {
        let web = |more: &str| {
            format!("ingress shop/a: {{group.name: edge, {more}rules: [any Exact /a s:80]}}")
        };
        let site = Site::new("service shop/s: {ports: [80]}");
        site.cluster.add(&web("listen-ports: nonsense, "));
        let controller = site.settle().await;
        assert_eq!(site.aws.performed(), []);
        controller.cluster.add(&web(""));
        controller.settle().await;
        assert_eq!(rules(&site), ["80:1 /a -> shop/a-s:80"]);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn a_member_that_lets_no_finalizer_on_holds_nobody_up() {
    wait(async {
        for standing in [false, true] {
            let site = Site::new("service shop/s: {ports: [80]}");
            if standing {
                site.cluster.add("ingress shop/b: {group.name: edge, rules: [any Exact /b s:80]}");
                site.settle().await;
            }
            site.cluster.closed.lock().unwrap().insert(key("shop/a"));
            for name in ["a", "b", "c"] {
                let rules = format!("rules: [any Exact /{name} s:80]");
                site.cluster.add(&format!("ingress shop/{name}: {{group.name: edge, {rules}}}"));
            }
            // It is tried again for ever.
            let controller = site.start();
            controller.settle_for(60).await;
            let made = ["80:2 /b -> shop/b-s:80", "80:3 /c -> shop/c-s:80"];
            assert_eq!(rules(&site), made);
            assert_eq!(site.aws.everything().target_groups.len(), 2, "nothing is made for it");
            site.cluster.closed.lock().unwrap().clear();
            controller.settle().await;
            assert_eq!(rules(&site).len(), 3);
        }
    });
}
