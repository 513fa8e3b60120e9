//! Names whose Ingress goes, is renamed or is given away: none is left that leads nowhere.

use std::collections::BTreeSet;
use std::time::Duration;

use albedo::clock::Clock;
use albedo::model::action::{AwsAction, ElbAction, Route53Action};
use albedo::model::id::AwsId;
use albedo::model::index::Seen;
use albedo::model::problem::Severity;
use albedo::model::record::{Record, Verb};
use albedo::model::settings::{DnsScope, Settings};

use crate::support::clock::VirtualClock;
use crate::support::fake::{Death, Faulty, When};
use crate::support::site::Site;
use crate::support::world::{key, settings, wait};

const SERVICE: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
";
const RULE: &str = "rules: [web.example.com Prefix / s:80]";

fn site(sketch: &str) -> Site {
    let mut meant: Settings = settings();
    meant.dns.scope = DnsScope::All;
    let site = Site::with(meant, SERVICE);
    site.cluster.add(sketch);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site
}

/// The names and types of what stands in the zone.
fn names(site: &Site) -> Vec<String> {
    site.aws.change(|state| {
        let records = &state.zones[&AwsId::new("ZPUB")].records;
        records.keys().map(|key| format!("{} {}", key.record_type, key.name)).collect()
    })
}

const NAMED: [&str; 2] = ["TXT a-web.example.com", "A web.example.com"];

/// Holds that no record leads to a load balancer that does not stand.
fn nothing_dangles(site: &Site) {
    let state = site.aws.everything();
    let standing: BTreeSet<String> = state
        .load_balancers
        .values()
        .map(|found| format!("{}-1234567890.us-east-1.elb.amazonaws.com", found.spec.name))
        .collect();
    let records = state.zones.values().flat_map(|zone| zone.records.values());
    for target in records.filter_map(Record::alias_target) {
        assert!(standing.contains(target.as_str()), "{target} does not stand");
    }
}

fn without_class(site: &Site) {
    site.cluster.see(&Seen::Class("ours".to_owned(), None));
}

fn deletions(site: &Site) -> usize {
    let all = site.aws.performed();
    all.iter()
        .filter(|action| matches!(action, AwsAction::Elb(ElbAction::DeleteLoadBalancer { .. })))
        .count()
}

#[test]
fn a_protected_load_balancer_keeps_its_names_until_a_person_lets_it_go() {
    for by_annotation in [true, false] {
        wait(async {
            let attribute = "load-balancer-attributes: deletion_protection.enabled=true, ";
            let asked = if by_annotation { attribute } else { "" };
            let site = site(&format!("ingress shop/web: {{{asked}{RULE}}}"));
            let controller = site.settle().await;
            let protect = |value: &str| {
                site.aws.change(|state| {
                    let found = state.load_balancers.values_mut().next().unwrap();
                    let key = "deletion_protection.enabled".into();
                    found.attributes.insert(key, value.into());
                });
            };
            protect("true");
            assert_eq!(names(&site), NAMED);
            site.aws.forget_calls();
            site.cluster.forget_calls();
            controller.cluster.delete(&key("shop/web"));
            controller.settle_for(600).await;
            assert_eq!(site.aws.performed(), [], "nothing of it is begun");
            let events = site.cluster.events();
            let told = events.iter().filter(|event| event.reason == "DeletionProtected");
            let told: Vec<_> = told.collect();
            let [told] = told[..] else { panic!("{events:?}") };
            assert_eq!(told.severity, Severity::Warning);
            assert_eq!(told.object.key, key("shop/web"));
            drop(controller);
            // Nor does whoever leads next begin with anything.
            let controller = site.start();
            controller.settle_for(600).await;
            assert_eq!(site.aws.performed(), []);
            assert_eq!(names(&site), NAMED);
            protect("false");
            controller.settle().await;
            assert_eq!(names(&site), [""; 0]);
            assert!(site.aws.everything().load_balancers.is_empty());
        });
    }
}

#[test]
fn a_replaced_load_balancer_that_is_protected_stays_and_holds_up_nobody() {
    wait(async {
        let members = |scheme: &str| {
            format!(
                "
ingress shop/web: {{group.name: edge, scheme: {scheme}, {RULE}}}
ingress shop/api: {{group.name: edge, rules: [api.example.com Prefix / s:80]}}
"
            )
        };
        let site = site(&members("internal"));
        let controller = site.settle().await;
        site.aws.change(|state| {
            let found = state.load_balancers.values_mut().next().unwrap();
            found.attributes.insert("deletion_protection.enabled".into(), "true".into());
        });
        site.aws.forget_calls();
        controller.cluster.add(&members("internet-facing"));
        controller.settle_for(3600).await;
        assert_eq!(site.aws.everything().load_balancers.len(), 2);
        assert_eq!(deletions(&site), 0);
        assert_eq!(site.refused(), 0, "{:?} {:?}", site.aws.calls(), site.aws.performed());
        let events = site.cluster.events();
        assert!(events.iter().any(|event| event.reason == "DeletionProtected"), "{events:?}");
        controller.cluster.delete(&key("shop/api"));
        controller.settle_for(3600).await;
        let standing = site.cluster.objects.read().unwrap().ingresses.clone();
        assert!(!standing.contains_key(&key("shop/api")), "it is let go all the same");
        assert_eq!(names(&site), NAMED);
        site.aws.change(|state| {
            for found in state.load_balancers.values_mut() {
                found.attributes.insert("deletion_protection.enabled".into(), "false".into());
            }
        });
        controller.settle().await;
        assert_eq!(site.aws.everything().load_balancers.len(), 1);
        nothing_dangles(&site);
    });
}

/// The class is gone, comes back as another controller's, or the Ingress goes while it is gone.
#[test]
fn a_name_goes_with_its_load_balancer_though_the_class_is_another_controllers() {
    for restarts in [false, true] {
        wait(async {
            let site = site(&format!("class ours:\ningress shop/web: {{class: ours, {RULE}}}"));
            let controller = site.settle().await;
            assert_eq!(names(&site), NAMED);
            let controller = if restarts {
                drop(controller);
                site.cluster.add("class ours: {controller: k8s.io/ingress-nginx}");
                site.start()
            } else {
                site.cluster.add("class ours: {controller: k8s.io/ingress-nginx}");
                controller
            };
            controller.settle().await;
            assert!(site.aws.everything().load_balancers.is_empty());
            nothing_dangles(&site);
        });
    }
}

#[test]
fn a_name_goes_with_an_ingress_whose_class_is_gone() {
    for restarts in [0, 1, 2] {
        wait(async {
            let site = site(&format!("class ours:\ningress shop/web: {{class: ours, {RULE}}}"));
            let mut controller = site.settle().await;
            if restarts == 2 {
                drop(controller);
                without_class(&site);
                controller = site.start();
            } else {
                without_class(&site);
            }
            controller.settle().await;
            assert_eq!(names(&site), NAMED, "nobody can tell whose it is");
            if restarts == 1 {
                drop(controller);
                site.cluster.delete(&key("shop/web"));
                controller = site.start();
            } else {
                site.cluster.delete(&key("shop/web"));
            }
            controller.settle().await;
            assert!(site.aws.everything().load_balancers.is_empty());
            nothing_dangles(&site);
        });
    }
}

/// Whether each change of names made or put one, and took none away alone.
fn is_never_without(site: &Site) -> bool {
    let all = site.aws.performed();
    all.iter().all(|action| match action {
        AwsAction::Route53(Route53Action::ChangeRecords { changes, .. }) => {
            changes.iter().any(|change| change.verb != Verb::Delete)
        }
        _ => true,
    })
}

#[test]
fn a_renamed_ingress_of_a_group_keeps_its_name() {
    for together in [true, false] {
        wait(async {
            let site = site(&format!("ingress shop/web: {{group.name: edge, {RULE}}}"));
            let controller = site.settle().await;
            site.aws.forget_calls();
            if together {
                controller.cluster.delete(&key("shop/web"));
                controller.cluster.add(&format!("ingress shop/new: {{group.name: edge, {RULE}}}"));
            } else {
                controller.cluster.add(&format!("ingress shop/new: {{group.name: edge, {RULE}}}"));
                controller.settle().await;
                controller.cluster.delete(&key("shop/web"));
            }
            controller.settle().await;
            assert_eq!(names(&site), NAMED);
            assert!(is_never_without(&site), "{:?}", site.aws.performed());
            nothing_dangles(&site);
            controller.cluster.delete(&key("shop/new"));
            controller.settle().await;
            assert_eq!(names(&site), [""; 0]);
        });
    }
}

#[test]
fn a_renamed_ingress_without_a_group_keeps_its_name() {
    for together in [true, false] {
        wait(async {
            let site = site(&format!("ingress shop/web: {{{RULE}}}"));
            let controller = site.settle().await;
            site.aws.forget_calls();
            if together {
                controller.cluster.delete(&key("shop/web"));
                controller.cluster.add(&format!("ingress shop/new: {{{RULE}}}"));
            } else {
                controller.cluster.add(&format!("ingress shop/new: {{{RULE}}}"));
                controller.settle().await;
                controller.cluster.delete(&key("shop/web"));
            }
            controller.settle().await;
            assert_eq!(names(&site), NAMED);
            assert!(is_never_without(&site), "{:?}", site.aws.performed());
            assert_eq!(site.aws.everything().load_balancers.len(), 1);
            nothing_dangles(&site);
        });
    }
}

/// Names of before a start with another owner id are kept by nobody who runs. Somebody may have
/// mistaken the id; and where another controller keeps them, it withdraws them by itself.
#[test]
fn a_load_balancer_stays_for_an_hour_while_names_of_another_owner_lead_there() {
    for goes_by_itself in [true, false] {
        wait(async {
            let mut site = site(&format!("ingress shop/web: {{{RULE}}}"));
            drop(site.settle().await);
            let mut another = Settings::clone(&site.cluster.settings);
            "somebody-else".clone_into(&mut another.dns.owner);
            site.cluster = site.cluster.with(another);
            site.sweep_period = Some(Duration::from_secs(600));
            let controller = site.start();
            controller.settle_for(60).await;
            controller.cluster.delete(&key("shop/web"));
            controller.pass(1800).await;
            assert_eq!(deletions(&site), 0, "{:?}", site.aws.performed());
            nothing_dangles(&site);
            let events = site.cluster.events();
            let told: Vec<_> =
                events.iter().filter(|event| event.reason == "NamedByAnother").collect();
            let [told] = told[..] else { panic!("{events:?}") };
            assert_eq!(told.object.key, key("shop/web"));
            if goes_by_itself {
                site.aws.change(|state| {
                    state.zones.get_mut(&AwsId::new("ZPUB")).unwrap().records.clear();
                });
                controller.pass(900).await;
            } else {
                controller.pass(2400).await;
            }
            assert_eq!(deletions(&site), 1);
            assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/web")));
        });
    }
}

/// What a restart would do otherwise: serve once more for a while who has been followed, and take
/// it back.
#[test]
fn who_has_been_followed_and_cannot_go_yet_is_not_served_anew_by_the_next_process() {
    wait(async {
        let mut site = site(
            "
class own: {controller: alb.ingress.k8s.aws/albedo}
ingress shop/web: {class: own, load-balancer-attributes: idle_timeout.timeout_seconds=90,
  rules: [web.example.com Prefix / s:80]}
",
        );
        drop(site.settle().await);
        let mut another = Settings::clone(&site.cluster.settings);
        "somebody-else".clone_into(&mut another.dns.owner);
        site.cluster = site.cluster.with(another);
        drop(site.settle().await);
        let controller = site.start();
        controller.settle_for(60).await;
        controller.cluster.delete(&key("shop/web"));
        let made = VirtualClock::new().now();
        controller
            .cluster
            .add(&format!("ingress shop/new: {{creationTimestamp: '{made}', {RULE}}}"));
        controller.pass(1800).await;
        assert_eq!(deletions(&site), 0, "somebody leads a name there");
        controller.stop().await;
        site.aws.forget_calls();
        site.cluster.forget_calls();
        let controller = site.start();
        controller.settle_for(60).await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!(site.cluster.performed(), []);
        controller.pass(3600).await;
        assert_eq!(deletions(&site), 1);
        assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/web")));
        let maps = site.cluster.maps.lock().unwrap();
        assert_eq!(maps.keys().collect::<Vec<_>>(), ["albedo-memory-mark"]);
    });
}

/// A name of ours that is left of an Ingress which was made anew for another controller, while
/// nobody looked. Whoever keeps that one's names may lead it elsewhere.
#[test]
fn a_name_that_is_left_of_who_went_to_another_controller_holds_a_load_balancer_for_an_hour() {
    wait(async {
        let mut site = site(&format!(
            "
ingress shop/web: {{group.name: edge, {RULE}}}
ingress shop/api: {{group.name: edge, rules: [api.example.org Prefix / s:80]}}
"
        ));
        site.sweep_period = Some(Duration::from_secs(600));
        drop(site.settle().await);
        site.cluster.add("class nginx: {controller: k8s.io/ingress-nginx}");
        site.cluster.see(&Seen::Ingress(key("shop/web"), None));
        site.cluster.add(&format!("ingress shop/web: {{class: nginx, {RULE}}}"));
        let controller = site.start();
        controller.pass(3 * 3600).await;
        assert_eq!(names(&site), NAMED, "whoever is still served leads there");
        controller.cluster.delete(&key("shop/api"));
        controller.pass(1800).await;
        assert!(site.cluster.events().iter().any(|event| event.reason == "NamedByAnother"));
        assert_eq!(names(&site), NAMED);
        assert_eq!(deletions(&site), 0, "{:?}", site.aws.performed());
        controller.pass(2400).await;
        assert_eq!(names(&site), Vec::<String>::new());
        assert_eq!(deletions(&site), 1);
        let order = site.aws.performed().into_iter().filter_map(|action| match action {
            AwsAction::Route53(Route53Action::ChangeRecords { .. }) => Some("names"),
            AwsAction::Elb(ElbAction::DeleteLoadBalancer { .. }) => Some("load balancer"),
            _ => None,
        });
        assert_eq!(order.collect::<Vec<_>>(), ["names", "names", "load balancer"]);
        assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/api")));
    });
}

#[test]
fn names_that_lead_to_addresses_go_whenever_a_process_dies() {
    let moments = [When::Before, When::After].into_iter();
    let moments = moments.flat_map(|when| (1..=10).map(move |writes| (when, writes)));
    for (when, writes) in moments {
        for is_deleted in [true, false] {
            wait(async {
                let target = "external-dns.alpha.kubernetes.io/target: 192.0.2.1";
                let site = site(&format!("ingress shop/web: {{{target}, {RULE}}}"));
                site.cluster.add("class nginx: {controller: k8s.io/ingress-nginx}");
                drop(site.settle().await);
                assert_eq!(names(&site), NAMED);
                let death = Death::new();
                let aws = Faulty::new(site.aws.clone(), Vec::new()).deadly(&death);
                let controller = site.start_on(aws.clone());
                controller.settle().await;
                aws.fail_write(writes, when);
                if is_deleted {
                    controller.cluster.delete(&key("shop/web"));
                } else {
                    let given = format!("ingress shop/web: {{class: nginx, {target}, {RULE}}}");
                    controller.cluster.add(&given);
                }
                tokio::select! {
                    biased;
                    () = death.awaited() => {}
                    () = controller.settle() => {}
                }
                drop(controller);
                site.settle().await;
                let left = (names(&site), is_held(&site));
                assert_eq!(left, (Vec::new(), false), "{when:?} write {writes} {is_deleted}");
            });
        }
    }
}

/// Whether anything holds `shop/web`.
fn is_held(site: &Site) -> bool {
    let ingresses = site.cluster.objects.read().unwrap().ingresses.clone();
    let found = ingresses.get(&key("shop/web"));
    found.is_some_and(|found| !found.metadata.finalizers.is_empty())
}

#[test]
fn who_goes_to_another_controller_in_sight_takes_its_names_along_at_once() {
    wait(async {
        let site = site(&format!("ingress shop/web: {{{RULE}}}"));
        site.cluster.add("class nginx: {controller: k8s.io/ingress-nginx}");
        let controller = site.settle().await;
        controller.cluster.add(&format!("ingress shop/web: {{class: nginx, {RULE}}}"));
        controller.pass(60).await;
        assert_eq!((names(&site), deletions(&site), is_held(&site)), (Vec::new(), 1, false));
        let events = site.cluster.events();
        assert!(!events.iter().any(|event| event.reason == "NamedByAnother"), "{events:?}");
    });
}
