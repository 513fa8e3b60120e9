//! One hosted zone that nobody may read holds up nothing but the names in it.

use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::model::id::AwsId;
use albedo::model::problem::Severity;
use albedo::model::settings::{DnsScope, Settings};

use crate::support::site::Site;
use crate::support::world::{World, key, settings, wait};

const APPS: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/web: {rules: [web.example.com Prefix / s:80]}
ingress shop/dark: {rules: [web.dark.org Prefix / s:80]}
";

fn site() -> Site {
    let mut meant: Settings = settings();
    meant.dns.scope = DnsScope::All;
    let site = Site::with(meant, APPS);
    site.aws.change(|state| {
        state.add_zone("ZPUB", "example.com", false);
        state.add_zone("ZDARK", "dark.org", false);
        state.unread_zones.insert(AwsId::new("ZDARK"));
    });
    site
}

fn load_balancers(site: &Site) -> Vec<String> {
    let state = site.aws.everything();
    state.load_balancers.values().map(|found| found.spec.name.clone()).collect()
}

#[test]
fn who_has_no_host_in_it_goes_and_who_has_is_told_what_that_waits_for() {
    wait(async {
        let site = site();
        let controller = site.start();
        controller.settle_for(120).await;
        assert_eq!(load_balancers(&site).len(), 2);
        let told = |site: &Site, name: &str| {
            let events = site.cluster.events();
            events.into_iter().find(|event| {
                event.object.key == key(name) && event.message.contains("cannot be read")
            })
        };
        let event = told(&site, "shop/dark").unwrap();
        assert!(event.severity == Severity::Warning, "{event:?}");
        assert!(event.message.contains("dark.org"), "{event:?}");
        assert!(told(&site, "shop/web").is_none());
        controller.cluster.delete(&key("shop/web"));
        controller.settle_for(600).await;
        assert_eq!(load_balancers(&site).len(), 1, "nobody waits for a zone that is not theirs");
        let records =
            |zone: &str| site.aws.change(|state| state.zones[&AwsId::new(zone)].records.len());
        assert_eq!(records("ZPUB"), 0);
        site.cluster.forget_calls();
        controller.cluster.delete(&key("shop/dark"));
        controller.settle_for(600).await;
        assert_eq!(load_balancers(&site).len(), 1, "a name may lead there");
        assert!(told(&site, "shop/dark").unwrap().message.contains("--zone-id-filter"));
        // Once it can be read, nothing is left of it.
        site.aws.change(|state| state.unread_zones.clear());
        controller.settle().await;
        assert_eq!(load_balancers(&site), [""; 0]);
    });
}

#[test]
fn a_plan_of_everything_is_made_all_the_same() {
    let mut world = World::new(APPS);
    world.settings.dns.scope = DnsScope::All;
    let plans = world.plan(&site().aws);
    assert!(plans.notes.iter().any(|note| note.contains("ZDARK")), "{:?}", plans.notes);
    assert!(plans.plans.iter().all(|(_, plan)| !plan.is_empty()));
}

/// Where another controller keeps the names, clients follow later.
#[test]
fn what_is_replaced_stays_longer_where_names_are_kept_by_others() {
    for (names, stays) in [(DnsScope::Off, 30), (DnsScope::All, 5)] {
        wait(async {
            let mut meant: Settings = settings();
            meant.dns.scope = names;
            meant.replacement_grace = Duration::from_secs(5);
            meant.replacement_grace_elsewhere = Duration::from_secs(30);
            let site = Site::with(meant, APPS);
            site.aws.change(|state| {
                state.add_zone("ZPUB", "example.com", false);
                state.add_zone("ZDARK", "dark.org", false);
            });
            let controller = site.settle().await;
            site.cluster.add(
                "ingress shop/web: {scheme: internet-facing,
                  rules: [web.example.com Prefix / s:80]}",
            );
            let from = controller.clock.moment();
            while load_balancers(&site).len() < 3 {
                controller.settle_for(1).await;
            }
            controller.settle().await;
            assert_eq!(load_balancers(&site).len(), 2);
            let took = controller.clock.moment().since(from);
            assert!(took >= Duration::from_secs(stays), "{names:?}: {took:?}");
            assert!(took < Duration::from_secs(stays + 25), "{names:?}: {took:?}");
        });
    }
}
