//! Zones that are too large to be read for the sake of a name: what is read of them, how often, and
//! that nothing of it is lost.

use std::time::Duration;

use albedo::aws::Mirror;
use albedo::model::moment::Moment;
use albedo::plan::zone::{plan as planned, scope};

use super::life::{names, site};
use super::starts::{starts_at, strangers};
use super::*;
use crate::support::clock::VirtualClock;
use crate::support::fake::{Faulty, When};
use crate::support::site::{Controller, Site};
use crate::support::world::wait;

const HOUR: Duration = Duration::from_secs(60 * 60);
/// In how much time everything is looked at.
const PERIOD: Duration = Duration::from_secs(12 * 60);
const QUARTER: u64 = 15 * 60;
/// How many records of others the zone has.
const OTHERS: usize = 400_000;
/// How many calls it takes to read them all.
const PAGES: usize = 1334;
const LIST: &str = "route53.ListResourceRecordSets";
const CHANGE: &str = "route53.ChangeResourceRecordSets";

fn large(sketch: &str) -> Site {
    let site = site(sketch);
    site.aws.change(|state| state.zones.get_mut(&zone().id).unwrap().others = OTHERS);
    site.cluster.add("service shop/s: {ports: [80:8080]}");
    site
}

fn calls(site: &Site, operation: &str) -> usize {
    let calls = site.aws.calls();
    calls.iter().filter(|(made, _)| made.starts_with(operation)).map(|(_, count)| count).sum()
}

fn ask(site: &Site, hosts: &[&str]) {
    let rules: Vec<String> = hosts.iter().map(|host| format!("{host} Prefix / s:80")).collect();
    site.cluster.add(&format!("ingress shop/a: {{rules: [\"{}\"]}}", rules.join("\", \"")));
}

fn put(site: &Site, record: Record) {
    site.aws.change(|state| {
        state.zones.get_mut(&zone().id).unwrap().records.insert(record.key.clone(), record)
    });
}

async fn until_named(site: &Site, controller: &Controller<Fake>, host: &str) -> Duration {
    let began: Moment = albedo::clock::Clock::moment(&controller.clock);
    let wanted = format!("A {host}");
    for _ in 0..10_000 {
        if names(site).contains(&wanted) {
            return albedo::clock::Clock::moment(&controller.clock).since(began);
        }
        albedo::clock::Clock::sleep(&controller.clock, Duration::from_millis(10)).await;
        site.aws.pass_time();
    }
    panic!("{host} has no record");
}

#[test]
fn one_host_into_a_zone_of_400_000_records_takes_three_calls_and_a_second() {
    wait(async {
        for host in [HOST, ZONE, "*.w.example.com"] {
            let site = large("");
            let controller = site.settle().await;
            site.aws.forget_calls();
            ask(&site, &[host]);
            let took = until_named(&site, &controller, host).await;
            controller.settle_for(120).await;
            let made = (calls(&site, LIST), calls(&site, CHANGE));
            assert!(made.0 <= 2 && made.1 == 1, "{host}: {:?}", site.aws.calls());
            // Most of it is the load balancer's.
            assert!(took <= Duration::from_secs(2), "{host}: {took:?}");
            assert_eq!(names(&site).len(), 2, "{host}: {:?}", names(&site));
            // Nothing has changed, and nobody asks.
            site.aws.forget_calls();
            controller.pass(4 * QUARTER).await;
            let lists = calls(&site, "route53.ListHostedZones");
            assert_eq!(calls(&site, "route53."), lists, "{:?}", site.aws.calls());
            assert!(lists <= 20, "new zones are looked for every three minutes: {lists}");
        }
    });
}

#[test]
fn three_hundred_fresh_hosts_into_such_a_zone_take_at_most_four_batches() {
    wait(async {
        let site = large("");
        let controller = site.settle().await;
        let group = |group: usize| -> String {
            let hosts = (0..50).map(|host| format!("h{group}-{host}.example.com Prefix / s:80"));
            let hosts: Vec<String> = hosts.collect();
            // A load balancer takes a hundred rules (AWS quota).
            let (edge, hosts) = (group / 2, hosts.join(", "));
            format!("ingress shop/g{group}: {{group.name: edge{edge}, rules: [{hosts}]}}\n")
        };
        site.aws.forget_calls();
        site.cluster.add(&(0..6).map(group).collect::<String>());
        controller.settle_for(300).await;
        assert_eq!(names(&site).len(), 600);
        assert!(calls(&site, CHANGE) <= 4, "{:?}", site.aws.calls());
        assert!(calls(&site, LIST) <= PAGES / 2, "{:?}", site.aws.calls());
    });
}

#[test]
fn a_name_and_its_load_balancer_go_though_the_zone_was_never_read_as_a_whole() {
    wait(async {
        let site = large("");
        let controller = site.settle().await;
        ask(&site, &[HOST, ZONE]);
        controller.settle().await;
        assert_eq!(names(&site).len(), 4);
        site.aws.forget_calls();
        ask(&site, &[ZONE]);
        controller.settle().await;
        assert_eq!(names(&site), ["TXT a-_apex.example.com", "A example.com"]);
        let made = site.aws.calls();
        assert!(calls(&site, LIST) <= 3, "{made:?}");
        controller.cluster.delete(&key("shop/a"));
        controller.settle().await;
        assert_eq!(names(&site), [""; 0]);
        assert!(site.aws.everything().load_balancers.is_empty());
        // Whether another name leads to a load balancer is known only of a whole zone.
        let lists = calls(&site, LIST);
        assert!((PAGES..PAGES + 20).contains(&lists), "{lists}");
    });
}

#[test]
fn what_stands_in_the_way_is_found_though_nobody_has_looked_for_it() {
    wait(async {
        let site = large("");
        put(&site, txt("a-taken.example.com", "other", "x/y"));
        put(&site, txt("aaaa-named.example.com", "other", "x/y"));
        put(&site, values("cname.example.com", RecordType::Cname, "lb.example.net"));
        let controller = site.settle().await;
        let hosts = ["taken", "named", "cname", "free"].map(|host| format!("{host}.example.com"));
        ask(&site, &hosts.each_ref().map(String::as_str));
        controller.settle_for(30).await;
        let made: Vec<String> =
            names(&site).into_iter().filter(|name| name.starts_with("A ")).collect();
        assert_eq!(made, ["A free.example.com"], "in the same pass");
        let events = site.cluster.events();
        let told = events.iter().filter(|event| event.reason == "ForeignRecord").count();
        assert_eq!(told, 3, "{events:?}");
        assert!(calls(&site, LIST) < 30, "{:?}", site.aws.calls());
    });
}

#[test]
fn a_new_process_takes_its_names_as_they_stand_and_finds_the_others_with_the_whole_zone() {
    wait(async {
        let mut site = large("");
        ask(&site, &[HOST, ZONE, "*.example.com"]);
        drop(site.settle().await);
        let mine = names(&site);
        let target = site.aws.change(|state| {
            let mut records = state.zones[&zone().id].records.values();
            records.find_map(Record::alias_target).cloned().unwrap()
        });
        put(&site, alias("gone.example.com", RecordType::A, target.as_str()));
        put(&site, txt("a-gone.example.com", "default", "shop/gone"));
        site.aws.forget_calls();
        site.sweep_period = Some(PERIOD);
        let controller = site.settle().await;
        let first = calls(&site, LIST);
        assert!(first <= 15 && calls(&site, CHANGE) == 0, "{:?}", site.aws.calls());
        controller.pass(QUARTER).await;
        assert_eq!(names(&site), mine, "of whom nobody asks goes");
        let lists = calls(&site, LIST);
        assert!((PAGES..PAGES + 40).contains(&lists), "{lists}");
        // From then on the names are looked at, and the whole zone as seldom as its size asks for.
        site.aws.forget_calls();
        controller.pass(4 * QUARTER).await;
        let lists = calls(&site, LIST);
        assert!(lists > 10 && lists <= 2 * PAGES + 60, "{lists}");
        assert_eq!(calls(&site, CHANGE), 0);
    });
}

#[test]
fn what_another_hand_changes_in_a_large_zone_is_mended_within_a_quarter_of_an_hour() {
    wait(async {
        for passes in [0, 2] {
            let mut site = large("");
            site.sweep_period = Some(PERIOD);
            ask(&site, &[HOST, ZONE]);
            let controller = site.settle().await;
            let mine = names(&site);
            controller.pass(60 + passes * QUARTER).await;
            site.aws.change(|state| {
                let zone = state.zones.get_mut(&zone().id).unwrap();
                zone.records.retain(|key, _| key.name != ZONE);
            });
            assert_ne!(names(&site), mine);
            controller.pass(QUARTER).await;
            assert_eq!(names(&site), mine, "after {passes} quarters");
        }
    });
}

#[test]
fn a_write_of_which_nobody_knows_whether_it_was_done_takes_looks_at_its_names_alone() {
    wait(async {
        for (passes, when) in [(0, When::After), (0, When::Before), (2, When::After)] {
            let mut site = large("");
            site.sweep_period = Some(PERIOD);
            let faulty = Faulty::new(site.aws.clone(), Vec::new());
            let controller = site.start_on(faulty.clone());
            controller.settle().await;
            ask(&site, &[ZONE]);
            controller.settle().await;
            controller.pass(60 + passes * QUARTER).await;
            site.aws.forget_calls();
            // The rules come before the names.
            (1..6).for_each(|nth| faulty.fail_write(nth, when));
            ask(&site, &[ZONE, HOST]);
            controller.settle_for(120).await;
            assert_eq!(names(&site).len(), 4, "{:?}", names(&site));
            let lists = calls(&site, LIST);
            assert!(lists < 30, "{lists} after {passes} {when:?}");
        }
    });
}

/// The zone once all is done, by a process that reads names alone.
async fn done_by_name(case: &Case, start: &Records) -> Records {
    let aws = Fake::new();
    aws.change(|state| {
        state.add_zone("ZPUB", ZONE, false);
        let zone = state.zones.get_mut(&zone().id).unwrap();
        zone.records.clone_from(start);
        zone.others = OTHERS;
    });
    let mirror = Mirror::new(aws.clone(), VirtualClock::new());
    mirror.zones(HOUR).await.unwrap();
    let (mut case, settings) = (case.clone(), case.settings());
    let before = BTreeSet::from([HOST.to_owned(), ZONE.to_owned()]);
    for _ in 0..5 {
        let scope = scope(&case.dns, &case.stack, &before);
        let mut inventory = mirror.zone(&zone().id, Some(&scope), HOUR).await.unwrap();
        assert!(!inventory.sight.is_whole());
        inventory.load_balancers.clone_from(&case.load_balancers);
        let plan = planned(&settings, &case.extent, &case.stack, &inventory);
        assert_eq!(check::zone(&plan, &settings, &case.stack, &inventory), [], "{plan:?}");
        if plan.is_empty() {
            return aws.change(|state| state.zones[&zone().id].records.clone());
        }
        for step in plan.steps.iter().filter(|step| step.gate.is_none()) {
            let Action::Aws(action) = &step.action else { panic!("{step:?}") };
            if mirror.perform(action).await.is_err() {
                let names = case.stack.names.keys().cloned();
                case.stack.suspects.extend(names.map(|name| (name, 1)));
            }
        }
    }
    panic!("no rest from {start:?}");
}

#[test]
fn from_every_start_it_ends_as_if_the_zone_had_been_read_as_a_whole() {
    let affixes = |prefix: &str, suffix: &str| TxtNames {
        prefix: prefix.to_owned(),
        suffix: suffix.to_owned(),
        wildcard: None,
    };
    let all = [
        (HOST, affixes("", ""), 5),
        (ZONE, affixes("", ""), 17),
        (HOST, affixes("%{record_type}-x.", ""), 41),
        (ZONE, affixes("%{record_type}-x.", ""), 41),
        (HOST, affixes("", "-%{record_type}"), 41),
    ];
    wait(async {
        for (host, names, each) in all {
            let wish = format!("default/web {host} one");
            let starts = starts_at(host, &names).into_iter().step_by(each);
            for start in starts {
                for case in [Case::new(&[&wish]), Case::new(&[&wish]).dualstack(), Case::new(&[])] {
                    let mut case = case;
                    case.dns.txt_names.clone_from(&names);
                    let end = done_by_name(&case, &start).await;
                    let whole = case.carried_out(&start);
                    let whole = case.carried_out(&whole);
                    let stood = start.keys().any(|key| key.name == host);
                    if stood || !case.stack.names.is_empty() {
                        // What spoke of a record that is gone is in the sight of nobody.
                        let spoken_of = |it: &Record| {
                            let (name, record_type) = names.subject(ZONE, &it.key.name)?;
                            Some(RecordKey { name, record_type, ..it.key.clone() })
                        };
                        let mut end = end.clone();
                        end.retain(|key, it| {
                            let of = spoken_of(it).filter(|_| key.record_type == RecordType::Txt);
                            whole.contains_key(key) || of.is_none_or(|of| whole.contains_key(&of))
                        });
                        assert_eq!(end, whole, "{host} {names:?} from {start:#?}");
                    }
                    if names == TxtNames::default() && host == HOST {
                        let strangers = strangers(&start);
                        let stay = |(key, it): (&_, &_)| end.get(key) == Some(it);
                        assert!(strangers.iter().all(stay), "{start:?}");
                    }
                }
            }
        }
    });
}
