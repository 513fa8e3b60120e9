//! Annotations that whoever runs the controller does not allow any more: newcomers are refused, and
//! who is in already stays.

use std::sync::Arc;

use albedo::model::problem::Code;
use albedo::model::settings::{Refusals, Settings};

use super::support::canon;
use super::support::site::Site;
use super::support::world::{World, key, settings, wait};

const STANDING: &str = "
service shop/s: {ports: [80]}
ingress shop/old: {class: null, kubernetes.io/ingress.class: alb, group.name: edge,
  target-type: ip, rules: [old.example.com Exact /a s:80]}
";
const NEW: &str = "
ingress shop/new: {class: null, kubernetes.io/ingress.class: alb, group.order: '-1000',
  target-type: ip, rules: [new.example.com Exact /a s:80]}
ingress shop/late: {group.name: edge, target-type: ip, group.order: '-1000',
  rules: [late.example.com Exact /a s:80]}
";

/// The same site, whose controller is started with other settings.
fn restarted(site: &Site, refuses: Refusals) -> Site {
    let settings = Settings { refuses, ..settings() };
    Site { cluster: site.cluster.with(settings), ..site.clone() }
}

fn has(site: &Site, host: &str) -> bool {
    canon::rules(&site.aws.everything()).iter().any(|rule| rule.contains(host))
}

#[test]
fn newcomers_do_not_get_in_by_annotations_that_are_disabled() {
    wait(async {
        let site = Site::new(STANDING);
        site.settle().await;
        assert!(has(&site, "old.example.com"));
        let both = Refusals { class: true, group_name: true };
        let site = restarted(&site, both);
        site.cluster.add(NEW);
        let before = canon::aws(&site.aws.everything());
        let controller = site.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before, "who is in stays, nobody comes");
        let refused = |name: &str| {
            let events = site.cluster.events();
            let mut told = events.into_iter().filter(|event| event.object.key == key(name));
            told.any(|event| event.reason == "NotAllowed")
        };
        assert!(refused("shop/new") && refused("shop/late") && !refused("shop/old"));
        controller.look_again();
        controller.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        drop(controller);
        restarted(&site, Refusals::default()).settle().await;
        assert!(has(&site, "new.example.com") && has(&site, "late.example.com"));
    });
}

#[test]
fn a_finalizer_that_somebody_wrote_makes_no_member() {
    let mut world = World::new(
        "service shop/s: {ports: [80]}\n\
         ingress shop/late: {group.name: edge, rules: [any Exact /a s:80]}",
    );
    world.settings.refuses = Refusals { class: false, group_name: true };
    let ingress = world.objects.ingresses.get_mut(&key("shop/late")).unwrap();
    let finalizers = vec!["group.ingress.k8s.aws/edge".into()];
    Arc::make_mut(ingress).metadata.finalizers = finalizers;
    let built = world.build("edge");
    let codes: Vec<Code> = built.problems.iter().map(|problem| problem.code).collect();
    assert_eq!((codes, built.stack.front.is_some()), (vec![Code::NotAllowed], false));
}

#[test]
fn the_class_may_choose_the_group_and_an_annotation_beside_it_changes_nothing() {
    let mut world = World::new(
        "params p: {group: {name: platform}}\nclass p: {params: p}\n\
         service shop/s: {ports: [80]}\n\
         ingress shop/a: {class: p, group.name: edge, rules: [any Exact /a s:80]}",
    );
    world.settings.refuses = Refusals { class: true, group_name: true };
    assert_eq!(world.problems("platform"), []);
}
