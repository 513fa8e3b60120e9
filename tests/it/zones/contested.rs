//! Somebody else who changes back what is written to a zone.

use std::time::Duration;

use albedo::model::id::AwsId;

use super::life::{names, site};
use crate::support::site::Site;
use crate::support::world::wait;

const SHOP: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/a: {rules: [a.example.com Prefix / s:80]}
ingress shop/b: {rules: [b.example.com Prefix / s:80]}
";
const LATER: &str = "ingress shop/c: {rules: [c.example.com Prefix / s:80]}";
/// In how much time everything is looked at, and within which what was changed by hand is mended.
const PERIOD: Duration = Duration::from_secs(12 * 60);
const QUARTER: u64 = 15 * 60;

fn shop() -> Site {
    let mut site = site(SHOP);
    site.sweep_period = Some(PERIOD);
    site
}

/// Another hand takes the records of a name away.
fn take(site: &Site, host: &str) {
    site.aws.change(|state| {
        let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
        let before = zone.records.len();
        zone.records.retain(|key, _| !key.name.ends_with(host));
        assert_eq!(zone.records.len() + 2, before, "the record and whose it is");
    });
}

fn stands(site: &Site, host: &str) -> bool {
    names(site).contains(&format!("A {host}"))
}

#[test]
fn nothing_is_written_to_a_zone_where_somebody_changes_it_back_until_an_hour_has_passed() {
    wait(async {
        let site = shop();
        let controller = site.settle().await;
        take(&site, "a.example.com");
        controller.pass(QUARTER).await;
        assert!(stands(&site, "a.example.com"), "once is a mistake");
        assert!(!site.cluster.events().iter().any(|event| event.reason == "ContestedName"));
        take(&site, "a.example.com");
        controller.pass(QUARTER).await;
        assert!(!stands(&site, "a.example.com"), "{:?}", names(&site));
        let events = site.cluster.events();
        let told: Vec<_> = events.iter().filter(|event| event.reason == "ContestedName").collect();
        let [told] = told[..] else { panic!("{events:?}") };
        assert_eq!(told.object.key.name, "a", "{told:?}");
        assert!(told.message.contains("a.example.com"), "{told:?}");
        controller.cluster.add(LATER);
        controller.pass(60).await;
        assert!(!stands(&site, "c.example.com"), "nothing is written to the zone");
        assert!(stands(&site, "b.example.com"), "nothing is taken away");

        controller.pass(4 * QUARTER + QUARTER).await;
        assert!(stands(&site, "a.example.com") && stands(&site, "c.example.com"));
        take(&site, "a.example.com");
        controller.pass(QUARTER).await;
        assert!(!stands(&site, "a.example.com"), "this time it is known at once");
    });
}

#[test]
fn mistakes_by_hand_are_mended_however_many_names_they_are_about() {
    wait(async {
        let site = shop();
        let controller = site.settle().await;
        for host in ["a.example.com", "b.example.com"] {
            take(&site, host);
            controller.pass(QUARTER).await;
            assert!(stands(&site, host));
        }
        assert!(!site.cluster.events().iter().any(|event| event.reason == "ContestedName"));
    });
}

#[test]
fn a_person_who_changes_a_name_to_and_fro_is_nobody_else() {
    wait(async {
        let site = shop();
        let controller = site.settle().await;
        for _ in 0..3 {
            for (host, other) in [("z", "a"), ("a", "z")] {
                let next = format!("ingress shop/a: {{rules: [{host}.example.com Prefix / s:80]}}");
                controller.cluster.add(&next);
                controller.settle().await;
                assert!(stands(&site, &format!("{host}.example.com")));
                assert!(!stands(&site, &format!("{other}.example.com")));
            }
        }
        assert!(!site.cluster.events().iter().any(|event| event.reason == "ContestedName"));
    });
}
