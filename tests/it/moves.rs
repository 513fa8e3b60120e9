//! A member that goes from one group to another is served all the time, and its names lead where it
//! is served.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use albedo::cluster::Intake;
use albedo::model::action::{AwsAction, ElbAction, Route53Action};
use albedo::model::id::AwsId;
use albedo::model::index::Seen;
use albedo::model::record::{RecordChange, RecordType, Verb};
use albedo::model::settings::{DnsScope, Settings};
use albedo::model::target::TargetState;

use super::support::clock::now;
use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{key, settings, wait};

/// One who goes, and one who stays, in one group; and a third in another.
const THREE: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/goes: {group.name: one, rules: [goes.example.com Prefix / s:80]}
ingress shop/stays: {group.name: one, rules: [stays.example.com Prefix / s:80]}
ingress shop/there: {group.name: two, rules: [there.example.com Prefix / s:80]}
";

const GOES: &str = "goes.example.com";

/// As it is unless somebody says otherwise.
const GRACE: Duration = Duration::from_secs(90);

fn site() -> Site {
    let mut settings =
        Settings { replacement_grace: GRACE, replacement_grace_elsewhere: GRACE, ..settings() };
    settings.dns.scope = DnsScope::All;
    let site = Site::with(settings, THREE);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site
}

/// The group that a load balancer, or what hangs on it, is of.
fn group_of(id: &str) -> &'static str {
    if id.contains("k8s-one") { "one" } else { "two" }
}

/// The groups whose load balancers have a rule for a host.
fn serving(site: &Site, host: &str) -> BTreeSet<&'static str> {
    let state = site.aws.everything();
    let rules = state.rules.iter().filter(|(_, rule)| {
        rule.rule.conditions.iter().any(|condition| format!("{condition:?}").contains(host))
    });
    rules.map(|(id, _)| group_of(id.as_str())).collect()
}

/// The group that a name leads to.
fn led_to(site: &Site, host: &str) -> Option<&'static str> {
    site.aws.change(|state| {
        let records = &state.zones[&AwsId::new("ZPUB")].records;
        let found =
            records.iter().find(|(key, _)| key.name == host && key.record_type == RecordType::A);
        found.and_then(|(_, record)| record.alias_target()).map(|target| group_of(target.as_str()))
    })
}

/// Whether a record goes, and does not come again as it should be.
fn is_removal(changes: &[RecordChange], change: &RecordChange) -> bool {
    let comes =
        |other: &RecordChange| other.verb != Verb::Delete && other.record.key == change.record.key;
    change.verb == Verb::Delete && !changes.iter().any(comes)
}

fn moves(controller: &Controller<Fake>, edit: &str) {
    let from = "shop/goes: {group.name: one,";
    let edited = THREE.replace(from, &format!("shop/goes: {{group.name: {edit},"));
    assert_ne!(edited, THREE);
    controller.cluster.add(&edited);
}

fn finalizers(site: &Site) -> Vec<String> {
    let objects = site.cluster.objects.read().unwrap();
    let finalizers = &objects.ingresses[&key("shop/goes")].metadata.finalizers;
    finalizers.iter().map(ToString::to_string).collect()
}

#[test]
fn who_goes_is_served_by_the_old_group_until_clients_have_followed() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        assert_eq!(led_to(&site, GOES), Some("one"));
        site.aws.take_time();
        moves(&controller, "two");
        controller.settle_for(60).await;
        // The new targets are not well yet.
        assert_eq!(serving(&site, GOES), ["one", "two"].into());
        assert_eq!(led_to(&site, GOES), Some("one"));
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(70).await;
        assert_eq!(led_to(&site, GOES), Some("two"));
        assert_eq!(serving(&site, GOES), ["one", "two"].into(), "resolvers still tell the old one");
        controller.settle().await;
        assert_eq!(serving(&site, GOES), ["two"].into());
        assert_eq!(serving(&site, "stays.example.com"), ["one"].into());
        assert_eq!(finalizers(&site).len(), 1, "{:?}", finalizers(&site));
        assert_eq!(site.refused(), 0);
        // It is over, and looked at no more.
        let calls = site.aws.calls();
        controller.settle_for(600).await;
        assert_eq!(site.aws.calls(), calls);
    });
}

#[test]
fn who_goes_alone_takes_its_load_balancer_along_last() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        let edited =
            THREE.replace("shop/there: {group.name: two,", "shop/there: {group.name: one,");
        controller.cluster.add(&edited);
        controller.settle_for(60).await;
        assert_eq!(led_to(&site, "there.example.com"), Some("one"));
        assert_eq!(site.aws.everything().load_balancers.len(), 2, "clients are to follow");
        controller.settle().await;
        assert_eq!(site.aws.everything().load_balancers.len(), 1);
        assert_eq!(site.aws.everything().target_groups.len(), 3);
    });
}

#[test]
fn who_goes_where_it_cannot_be_built_stays_with_all_it_has() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        site.aws.forget_calls();
        moves(&controller, "two, target-type: nonsense");
        controller.settle().await;
        assert_eq!(serving(&site, GOES), ["one"].into());
        assert_eq!(led_to(&site, GOES), Some("one"));
        assert_eq!(site.aws.performed(), []);
        // Another process knows no more of it than the cluster remembers.
        drop(controller);
        let controller = site.settle().await;
        assert_eq!(site.aws.performed(), []);
        // Mended, it goes on its way.
        moves(&controller, "two");
        controller.settle().await;
        assert_eq!(serving(&site, GOES), ["two"].into());
        assert_eq!(led_to(&site, GOES), Some("two"));
    });
}

#[test]
fn who_is_on_the_way_at_a_restart_goes_on() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        site.aws.take_time();
        moves(&controller, "two");
        controller.settle_for(30).await;
        drop(controller);
        site.aws.forget_calls();
        let controller = site.start();
        controller.settle_for(30).await;
        assert_eq!(serving(&site, GOES), ["one", "two"].into());
        assert_eq!(led_to(&site, GOES), Some("one"));
        site.aws.set_health(TargetState::Healthy);
        controller.settle().await;
        assert_eq!((serving(&site, GOES), led_to(&site, GOES)), (["two"].into(), Some("two")));
        let removals = site
            .aws
            .performed()
            .into_iter()
            .filter(|action| matches!(action, AwsAction::Elb(ElbAction::DeleteRule { .. })));
        assert_eq!(removals.count(), 1);
    });
}

#[test]
fn who_comes_back_before_it_was_gone_is_where_it_was() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        site.aws.take_time();
        site.aws.forget_calls();
        moves(&controller, "two");
        controller.settle_for(30).await;
        controller.cluster.add(THREE);
        controller.settle().await;
        assert_eq!((serving(&site, GOES), led_to(&site, GOES)), (["one"].into(), Some("one")));
        assert_eq!(finalizers(&site).len(), 1, "{:?}", finalizers(&site));
        let renamed = site.aws.performed().into_iter().filter(|action| {
            matches!(action, AwsAction::Route53(Route53Action::ChangeRecords { .. }))
        });
        assert_eq!(renamed.count(), 0);
    });
}

#[test]
fn a_name_that_who_stays_asks_for_as_well_stays() {
    wait(async {
        let site = site();
        let shared =
            THREE.replace("[goes.example.com Prefix / s:80]", "[stays.example.com Exact /g s:80]");
        site.cluster.add(&shared);
        let controller = site.settle().await;
        site.aws.forget_calls();
        // It takes along no host.
        let gone = shared.replace("shop/goes: {group.name: one,", "shop/goes: {group.name: two,");
        controller.cluster.add(&gone.replace("[stays.example.com Exact /g", "[any Exact /g"));
        controller.settle().await;
        assert_eq!(led_to(&site, "stays.example.com"), Some("one"));
        let removed = site.aws.performed().into_iter().filter(|action| match action {
            AwsAction::Route53(Route53Action::ChangeRecords { changes, .. }) => {
                changes.iter().any(|change| is_removal(changes, change))
            }
            _ => false,
        });
        assert_eq!(removed.count(), 0);
    });
}

#[test]
fn without_names_clients_have_as_long_to_follow() {
    wait(async {
        let site = Site::with(
            Settings { replacement_grace: GRACE, replacement_grace_elsewhere: GRACE, ..settings() },
            THREE,
        );
        let controller = site.settle().await;
        moves(&controller, "two");
        controller.settle_for(60).await;
        assert_eq!(serving(&site, GOES), ["one", "two"].into());
        controller.settle().await;
        assert_eq!(serving(&site, GOES), ["two"].into());
    });
}

/// Somebody puts an object in the place of another one: it is made now.
fn renames(controller: &Controller<Fake>, more: &str) {
    let made = now();
    controller.cluster.add(&format!(
        "ingress shop/new: {{creationTimestamp: '{made}', {more}rules: [goes.example.com Prefix / \
         s:80]}}"
    ));
    controller.cluster.delete(&key("shop/goes"));
}

fn is_gone(site: &Site) -> bool {
    !site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/goes"))
}

#[test]
fn who_is_deleted_stays_until_another_object_serves_its_host_and_clients_have_followed() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        site.aws.take_time();
        renames(&controller, "group.name: two, ");
        controller.settle_for(60).await;
        // The new targets are not well yet.
        assert_eq!(serving(&site, GOES), ["one", "two"].into());
        assert_eq!(led_to(&site, GOES), Some("one"));
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(70).await;
        assert_eq!(led_to(&site, GOES), Some("two"));
        assert_eq!(serving(&site, GOES), ["one", "two"].into(), "resolvers still tell the old one");
        assert!(!is_gone(&site));
        controller.settle().await;
        assert_eq!(serving(&site, GOES), ["two"].into());
        assert!(is_gone(&site));
        assert_eq!(led_to(&site, GOES), Some("two"));
        assert_eq!(site.refused(), 0);
        let calls = site.aws.calls();
        controller.settle_for(600).await;
        assert_eq!(site.aws.calls(), calls);
    });
}

#[test]
fn who_goes_on_before_its_name_came_gets_it_once_it_is_served_where_it_stays() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        site.aws.take_time();
        renames(&controller, "group.name: two, ");
        controller.settle_for(30).await;
        // Where it goes it cannot be built.
        let made = now();
        controller.cluster.add(&format!(
            "ingress shop/new: {{creationTimestamp: '{made}', group.name: three, \
             target-type: nonsense, rules: [goes.example.com Prefix / s:80]}}"
        ));
        controller.settle_for(60).await;
        assert_eq!(led_to(&site, GOES), Some("one"));
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(7 * 60).await;
        assert!(is_gone(&site));
        assert_eq!(led_to(&site, GOES), Some("two"));
    });
}

#[test]
fn who_is_deleted_gets_no_name_that_somebody_else_has() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        for (name, group) in [("holds", "one"), ("wants", "two")] {
            let made = now();
            controller.cluster.add(&format!(
                "ingress shop/{name}: {{creationTimestamp: '{made}', group.name: {group}, rules: \
                 [goes-by.example.com Prefix / s:80]}}"
            ));
            controller.settle_for(10).await;
        }
        assert_eq!(led_to(&site, "goes-by.example.com"), Some("one"));
        site.aws.set_health(TargetState::Unhealthy);
        site.aws.take_time();
        site.aws.forget_calls();
        controller.cluster.delete(&key("shop/wants"));
        controller.pass(400).await;
        let changes = site.aws.performed().into_iter();
        let changes = changes.filter(|action| matches!(action, AwsAction::Route53(_)));
        assert_eq!(changes.collect::<Vec<_>>(), []);
        assert_eq!(led_to(&site, "goes-by.example.com"), Some("one"));
    });
}

#[test]
fn nobody_who_is_deleted_waits_for_ever_for_who_never_serves_its_host() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        site.aws.take_time();
        renames(&controller, "group.name: two, target-type: nonsense, ");
        controller.pass(290).await;
        assert_eq!(serving(&site, GOES), ["one"].into());
        assert_eq!(led_to(&site, GOES), Some("one"));
        controller.pass(20).await;
        controller.settle().await;
        assert!(is_gone(&site));
        assert!(serving(&site, GOES).is_empty());
    });
}

#[test]
fn who_was_let_go_stays_let_go_while_its_name_leaves_the_load_balancer_that_goes_with_it() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        controller.cluster.delete(&key("shop/stays"));
        controller.settle().await;
        site.aws.forget_calls();
        renames(&controller, "group.name: two, target-type: nonsense, ");
        controller.pass(310).await;
        controller.settle().await;
        assert!(is_gone(&site) && serving(&site, GOES).is_empty());
        let renamed = site.aws.performed().into_iter().filter(|action| {
            matches!(action, AwsAction::Route53(Route53Action::ChangeRecords { .. }))
        });
        assert_eq!((renamed.count(), led_to(&site, GOES)), (1, None));
    });
}

#[test]
fn nothing_is_made_again_for_whoever_was_let_go_and_is_still_in_sight() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        // The watch does not tell yet that it is gone.
        let (intake, last) = (controller.runtime.intake(), Mutex::new(None));
        site.cluster.hear(move |seen| match seen {
            Seen::Ingress(of, Some(_)) if *of == key("shop/goes") => {
                *last.lock().unwrap() = Some(seen.clone());
            }
            Seen::Ingress(of, None) if *of == key("shop/goes") => {
                intake.take(last.lock().unwrap().take().unwrap());
            }
            _ => {}
        });
        controller.cluster.delete(&key("shop/goes"));
        controller.settle_for(5).await;
        assert!(is_gone(&site) && serving(&site, GOES).is_empty());
        site.aws.take_time();
        controller.cluster.add(&format!(
            "ingress shop/new: {{creationTimestamp: '{}', group.name: two, rules: \
             [goes.example.com Prefix / s:80]}}",
            now()
        ));
        controller.settle_for(5).await;
        assert_eq!(serving(&site, GOES), ["two"].into());
    });
}

#[test]
fn who_is_deleted_goes_at_once_where_another_has_served_its_host_for_long() {
    wait(async {
        let site = site();
        site.cluster.add(
            "ingress shop/too: {creationTimestamp: '2026-01-01T00:00:00Z', group.name: two, \
             rules: [goes.example.com Exact /too s:80]}",
        );
        let controller = site.settle().await;
        controller.cluster.delete(&key("shop/goes"));
        controller.settle_for(5).await;
        assert!(is_gone(&site));
        // Nor does it wait for anybody where it leads to nothing itself.
        let site = self::site();
        let controller = site.settle().await;
        renames(&controller, "group.name: two, target-type: nonsense, ");
        controller.cluster.delete_service(&key("shop/s"));
        controller.settle_for(5).await;
        assert!(is_gone(&site));
    });
}

#[test]
fn a_load_balancer_of_whoever_is_deleted_stays_over_a_restart_until_the_next_one_serves() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        site.cluster.delete(&key("shop/stays"));
        controller.settle().await;
        site.aws.take_time();
        renames(&controller, "");
        controller.settle_for(10).await;
        drop(controller);
        let controller = site.start();
        controller.settle_for(20).await;
        assert_eq!(led_to(&site, GOES), Some("one"));
        site.aws.finish_provisioning();
        site.aws.set_health(TargetState::Healthy);
        controller.settle().await;
        assert!(is_gone(&site));
        assert_eq!(serving(&site, GOES).len(), 1);
        let balancers = site.aws.everything().load_balancers.into_keys();
        let names: Vec<String> = balancers.map(|id| id.to_string()).collect();
        assert!(!names.iter().any(|id| id.contains("k8s-one")), "{names:?}");
    });
}
