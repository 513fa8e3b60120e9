//! Brakes: what is merely no longer there takes little with it before the API server has been asked
//! for the very owners, and what was there before the cluster was stays.

use std::collections::BTreeSet;

use albedo::desired::owners;
use albedo::model::id::AwsId;
use albedo::model::index::Seen;
use albedo::model::record::RecordType;
use albedo::model::report::Event;
use albedo::model::settings::{DnsScope, Removals, Settings};
use albedo::model::target::TargetState;

use super::support::cluster::FakeCluster;
use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{NODES, World, key, settings, wait};

/// Longer than it takes to look again at what is held.
const A_WHILE: u64 = 100;

/// A site with a hosted zone, whose hosts become names.
fn site(settings: Settings, sketch: &str) -> Site {
    let settings = Settings {
        dns: albedo::model::settings::DnsSettings { scope: DnsScope::All, ..settings.dns },
        ..settings
    };
    let site = Site::with(settings, sketch);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site
}

/// Two members of a group: one with many rules, and one with a few.
fn apps(rules: usize) -> String {
    let rules: Vec<String> = (0..rules).map(|n| format!("any Exact /{n} s:80")).collect();
    format!(
        "
service shop/s: {{ports: [80:8080]}}
endpoints shop/s: {{at: [172.31.0.1, 172.31.0.2, 172.31.0.3, 172.31.0.4]}}
ingress shop/many: {{group.name: edge, rules: [{}]}}
ingress shop/one: {{group.name: edge, rules: [any Exact /one s:80]}}
",
        rules.join(", ")
    )
}

/// The paths that are served.
fn paths(site: &Site) -> usize {
    let state = site.aws.everything();
    state.rules.len()
}

/// The names of the zone.
fn names(site: &Site) -> BTreeSet<String> {
    let state = site.aws.everything();
    let records = state.zones[&AwsId::new("ZPUB")].records.keys();
    records.filter(|key| key.record_type.to_string() == "A").map(|key| key.name.clone()).collect()
}

fn targets(site: &Site) -> usize {
    let state = site.aws.everything();
    let all = state.target_groups.values().flat_map(|group| &group.targets);
    all.filter(|(_, state)| **state != TargetState::Draining).count()
}

fn held(site: &Site) -> Vec<Event> {
    let mut events = site.cluster.events();
    events.retain(|event| event.reason == "RemovalsHeld");
    events
}

/// The process believes that an object is gone, of which the API server knows.
fn misses(controller: &Controller<Fake>, seen: &Seen) {
    use albedo::cluster::Intake as _;
    controller.runtime.intake().take(seen.clone());
}

#[test]
fn rules_of_an_ingress_that_a_list_does_not_have_stay_while_the_api_server_has_it() {
    wait(async {
        let site = site(settings(), &apps(5));
        let controller = site.settle().await;
        let all = paths(&site);
        let many = site.cluster.objects.read().unwrap().ingresses[&key("shop/many")].clone();
        misses(&controller, &Seen::Ingress(key("shop/many"), None));
        controller.settle_for(A_WHILE).await;
        assert_eq!(paths(&site), all);
        let events = held(&site);
        let [event] = &events[..] else { panic!("{events:?}") };
        assert_eq!(event.object.key, key("shop/one"));
        assert!(event.message.contains("1 backends"), "{}", event.message);
        assert!(!event.message.contains("shop/many"), "whose they are is not said");
        // It is heard of again, and nothing has happened.
        site.aws.forget_calls();
        misses(&controller, &Seen::Ingress(key("shop/many"), Some(many)));
        controller.settle().await;
        assert_eq!(site.aws.performed(), []);
        // Gone in truth, finalizer and all: the API server says so.
        site.cluster.see(&Seen::Ingress(key("shop/many"), None));
        controller.settle().await;
        assert!(paths(&site) < all - 3);
    });
}

#[test]
fn the_last_member_stays_while_rules_of_one_that_a_list_does_not_have_do() {
    wait(async {
        let site = site(settings(), &apps(5));
        let controller = site.settle().await;
        let all = paths(&site);
        misses(&controller, &Seen::Ingress(key("shop/many"), None));
        controller.settle_for(A_WHILE).await;
        site.cluster.delete(&key("shop/one"));
        controller.settle_for(A_WHILE).await;
        assert_eq!(paths(&site), all);
        assert!(site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/one")));
        assert!(held(&site).iter().any(|event| event.object.key == key("shop/one")));
        // Gone in truth.
        site.cluster.see(&Seen::Ingress(key("shop/many"), None));
        controller.settle_for(A_WHILE).await;
        assert_eq!(paths(&site), 0);
        assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/one")));
    });
}

#[test]
fn a_few_rules_of_an_ingress_that_is_not_there_go_at_once() {
    wait(async {
        let site = site(settings(), &apps(2));
        let controller = site.settle().await;
        let all = paths(&site);
        misses(&controller, &Seen::Ingress(key("shop/many"), None));
        controller.settle_for(A_WHILE).await;
        assert_eq!((paths(&site), held(&site)), (all - 2, Vec::new()));
    });
}

#[test]
fn what_a_person_deletes_goes_whole() {
    wait(async {
        let site = site(settings(), &apps(20));
        let controller = site.settle().await;
        let all = paths(&site);
        site.cluster.delete(&key("shop/many"));
        controller.settle().await;
        assert_eq!((paths(&site), held(&site)), (all - 20, Vec::new()));
    });
}

/// Ingresses with a host each.
fn hosts(count: usize) -> String {
    let each = (0..count).map(|n| {
        format!(
            "ingress shop/i{n}: {{group.name: edge, rules: [h{n}.example.com Prefix / s:80]}}\n"
        )
    });
    format!(
        "service shop/s: {{ports: [80:8080]}}\nendpoints shop/s: {{at: [172.31.0.1]}}\n{}",
        each.collect::<String>()
    )
}

#[test]
fn names_of_many_ingresses_that_a_list_does_not_have_stay_while_the_api_server_has_them() {
    wait(async {
        let site = site(settings(), &hosts(20));
        let controller = site.settle().await;
        assert_eq!(names(&site).len(), 20);
        for n in 0..15 {
            misses(&controller, &Seen::Ingress(key(&format!("shop/i{n}")), None));
        }
        controller.settle_for(A_WHILE).await;
        assert_eq!(names(&site).len(), 20);
        let told: Vec<Event> = held(&site);
        assert!(
            told.iter().any(|event| event.message.contains("records of 15 Ingresses")),
            "{told:?}"
        );
        for n in 0..15 {
            site.cluster.see(&Seen::Ingress(key(&format!("shop/i{n}")), None));
        }
        controller.settle().await;
        assert_eq!(names(&site).len(), 5);
    });
}

#[test]
fn targets_of_which_lists_tell_nothing_stay_while_the_api_server_has_their_slices_or_pods() {
    wait(async {
        let site = site(settings(), &apps(1));
        let controller = site.settle().await;
        site.aws.set_health(TargetState::Healthy);
        let all = targets(&site);
        let objects = site.cluster.objects.read().unwrap().clone();
        let slices: Vec<Seen> =
            objects.slice_services.keys().map(|slice| Seen::Slice(slice.clone(), None)).collect();
        let pods: Vec<Seen> = objects.pods.keys().map(|pod| Seen::Pod(pod.clone(), None)).collect();
        drop(controller);
        for lost in [&slices, &pods] {
            // A new process believes what AWS says of their health.
            let controller = site.settle().await;
            lost.iter().for_each(|seen| misses(&controller, seen));
            controller.settle_for(A_WHILE).await;
            assert_eq!(targets(&site), all, "{lost:?}");
            assert!(held(&site).iter().any(|event| event.message.contains("4 healthy targets")));
            drop(controller);
        }
        let controller = site.settle().await;
        slices.iter().for_each(|seen| site.cluster.see(seen));
        controller.settle().await;
        assert_eq!(targets(&site), 0);
    });
}

/// The account of a site, and a new cluster that has the same name.
fn rebuilt(old: &Site, settings: Settings, sketch: &str) -> Site {
    let settings = Settings {
        dns: albedo::model::settings::DnsSettings { scope: DnsScope::All, ..settings.dns },
        ..settings
    };
    let site = Site { cluster: FakeCluster::new(settings), ..old.clone() };
    site.cluster.add(sketch);
    site
}

/// A cluster that has just been made, and the first of its apps.
const FIRST: &str = "
class alb: {controller: ingress.k8s.aws/alb}
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/one: {group.name: edge, rules: [any Exact /one s:80]}
";

/// What stands, as far as a new cluster could take it away.
fn standing(site: &Site) -> (usize, BTreeSet<String>, usize) {
    let state = site.aws.everything();
    let nodes = &state.security_groups[&AwsId::new(NODES)];
    (paths(site), names(site), nodes.spec.ingress.len())
}

#[test]
fn a_new_cluster_of_the_same_name_takes_nothing_away_before_a_person_says_so() {
    wait(async {
        let old = site(settings(), &hosts(4));
        let controller = old.settle().await;
        drop(controller);
        let before = standing(&old);
        for sketch in ["", FIRST] {
            let site = rebuilt(&old, settings(), sketch);
            let controller = site.start();
            controller.settle_for(A_WHILE).await;
            let (paths, names, rules) = standing(&site);
            assert!(paths >= before.0 && rules >= before.2, "{sketch}");
            assert_eq!(names, before.1, "{sketch}");
            drop(controller);
        }
        let accepts = Settings { removals: Removals::Accepted, ..settings() };
        let site = rebuilt(&old, accepts, FIRST);
        let controller = site.start();
        controller.settle_for(A_WHILE).await;
        assert_eq!((paths(&site), names(&site)), (1, BTreeSet::new()));
        drop(controller);
    });
}

#[test]
fn what_says_whose_a_name_was_stays_with_what_else_was_there_before_the_cluster() {
    wait(async {
        let old = site(settings(), &hosts(1));
        drop(old.settle().await);
        let zone = AwsId::new("ZPUB");
        old.aws.change(|state| {
            let records = &mut state.zones.get_mut(&zone).unwrap().records;
            records.retain(|key, _| key.record_type == RecordType::Txt);
        });
        let texts = || old.aws.everything().zones[&zone].records.len();
        let before = texts();
        assert!(before > 0);
        let accepts = Settings { removals: Removals::Accepted, ..settings() };
        for (settings, expected) in [(settings(), before), (accepts, 0)] {
            let site = rebuilt(&old, settings, FIRST);
            site.start().settle_for(A_WHILE).await;
            assert_eq!(texts(), expected);
        }
    });
}

#[test]
fn what_is_held_goes_with_the_annotation_that_the_event_says() {
    wait(async {
        let old = site(settings(), &hosts(4));
        drop(old.settle().await);
        let site = rebuilt(&old, settings(), FIRST);
        let controller = site.start();
        controller.settle_for(A_WHILE).await;
        let events = held(&site);
        let [event] = &events[..] else { panic!("{events:?}") };
        let (_, token) = event.message.split_once("accept-removals: ").unwrap();
        let token = token.split_whitespace().next().unwrap();
        let annotation = format!("alb.ingress.k8s.aws/accept-removals: {token}");
        site.cluster.add(&format!("class alb: {{{annotation}}}"));
        controller.settle_for(A_WHILE).await;
        assert_eq!(paths(&site), 1);
        assert_eq!(names(&site).len(), 4, "each has a token of its own");
    });
}

#[test]
fn a_backend_is_in_sight_where_an_ingress_of_its_namespace_may_own_it() {
    let world = World::new("ingress shop/a-b: {rules: [any Exact /a s:80]}");
    let is_in_sight = |resource| owners::is_in_sight(&world.objects, resource);
    for resource in ["shop/a-b-s:80", "shop/a-b-s-t:http"] {
        assert!(is_in_sight(resource), "{resource}");
    }
    for resource in ["shop/a-s:80", "shop/a-b:80", "team/a-b-s:80", "shop/x-a-b-s:80", "80", ""] {
        assert!(!is_in_sight(resource), "{resource}");
    }
}
