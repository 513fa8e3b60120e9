//! What goes out of service waits for a person where the class has it so, who says the hash of just
//! that.

use std::collections::BTreeSet;
use std::thread;

use albedo::model::id::AwsId;
use albedo::model::settings::{DnsScope, DnsSettings};
use albedo::plan::approval;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{World, key, settings, wait};

const TWO: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80, any Exact /c s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /b s:80]}
";
const BEFORE: [&str; 3] =
    ["80:1 /a -> shop/a-s:80", "80:2 /c -> shop/a-s:80", "80:3 /b -> shop/b-s:80"];
const WITHOUT_C: &str =
    "ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80]}";
/// Longer than it takes to look again at what is held.
const A_WHILE: u64 = 100;

fn class(accepted: &str) -> String {
    let accepts = match accepted {
        "" => String::new(),
        hash => format!(", alb.ingress.k8s.aws/accept-removals: \"{hash}\""),
    };
    format!("class alb: {{alb.ingress.k8s.aws/approve-removals: \"true\"{accepts}}}")
}

fn rules(site: &Site) -> Vec<String> {
    canon::rules(&site.aws.everything())
}

/// The hash in the last Event, if there is any.
fn hash(site: &Site) -> Option<String> {
    let mut events = site.cluster.events();
    events.retain(|event| event.reason == "RemovalsUnapproved");
    site.cluster.forget_calls();
    let text = events.pop()?.message;
    let (_, rest) = text.split_once("accept-removals: ").unwrap();
    Some(rest.split_once(' ').unwrap().0.to_owned())
}

/// What `albedo plan` says of the cluster as it is.
fn planned(site: &Site) -> BTreeSet<String> {
    let mut world = World::new("");
    world.objects = site.cluster.objects.read().unwrap().clone();
    // It waits by itself, and nobody may wait within a wait.
    let plans = thread::scope(|scope| scope.spawn(|| world.plan(&site.aws).plans).join().unwrap());
    plans.iter().filter_map(|(_, plan)| approval::awaited(plan).map(str::to_owned)).collect()
}

#[test]
fn a_rule_goes_once_the_hash_is_said_and_what_comes_does_not_wait() {
    wait(async {
        let site = Site::new(TWO);
        site.cluster.add(&class(""));
        let controller = site.settle().await;
        assert_eq!(hash(&site), None);
        controller.cluster.add(WITHOUT_C);
        controller.settle_for(A_WHILE).await;
        assert_eq!(rules(&site), BEFORE);
        let first = hash(&site).unwrap();
        assert_eq!(planned(&site), BTreeSet::from([first.clone()]));
        // Another process asks for the same, whatever else is done meanwhile.
        let restarted = site.start();
        restarted.cluster.add(
            "ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /b s:80, any \
             Exact /new s:80]}",
        );
        restarted.settle_for(A_WHILE).await;
        assert_eq!(rules(&site).len(), 4, "{:?}", rules(&site));
        assert_eq!(hash(&site).as_ref(), Some(&first));
        // What is said of something else lets nothing go.
        restarted.cluster.add(&class("0123456789"));
        restarted.settle_for(A_WHILE).await;
        assert_eq!(rules(&site).len(), 4);
        restarted.cluster.add(&class(&format!("0123456789, {first}")));
        restarted.settle_for(A_WHILE).await;
        let now = ["/a -> shop/a-s:80", "/b -> shop/b-s:80", "/new -> shop/b-s:80"];
        let found = rules(&site);
        let found: Vec<&str> = found.iter().map(|rule| rule.split_once(' ').unwrap().1).collect();
        assert_eq!(found, now);
        assert_eq!(planned(&site), BTreeSet::new());
        // The next removal is another one.
        restarted.cluster.delete(&key("shop/b"));
        restarted.settle_for(A_WHILE).await;
        assert_eq!(rules(&site).len(), 3);
        assert_ne!(hash(&site), Some(first));
    });
}

#[test]
fn a_load_balancer_goes_with_its_names_once_the_hash_is_said() {
    wait(async {
        let settings = settings();
        let dns = DnsSettings { scope: DnsScope::All, ..settings.dns };
        let site = Site::with(albedo::model::settings::Settings { dns, ..settings }, &class(""));
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        site.cluster.add(
            "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {rules: [a.example.com Exact /a s:80]}
",
        );
        let controller = site.settle().await;
        let standing = || {
            let state = site.aws.everything();
            let records = state.zones[&AwsId::new("ZPUB")].records.len();
            (state.load_balancers.len(), state.rules.len(), state.target_groups.len(), records)
        };
        let before = standing();
        controller.cluster.delete(&key("shop/a"));
        controller.settle_for(A_WHILE).await;
        assert_eq!(standing(), before);
        let hash = hash(&site).unwrap();
        controller.cluster.add(&class(&hash));
        controller.settle().await;
        let after = standing();
        assert_eq!((after.0, after.1, after.2), (0, 0, 0));
        assert!(after.3 < before.3, "{after:?}");
        assert!(site.cluster.objects.read().unwrap().ingresses.is_empty());
    });
}

#[test]
fn who_is_of_another_class_waits_for_nobody() {
    wait(async {
        let site = Site::new(TWO);
        site.cluster.add("class own: {alb.ingress.k8s.aws/approve-removals: \"true\"}");
        let controller = site.settle().await;
        controller.cluster.add(WITHOUT_C);
        controller.settle().await;
        assert_eq!(rules(&site).len(), 2);
        assert_eq!(hash(&site), None);
    });
}
