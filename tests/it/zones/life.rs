//! Names over the life of an Ingress, on an AWS and a cluster in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use albedo::desired;
use albedo::model::action::{AwsAction, ElbAction, Route53Action};
use albedo::model::fact::{FactStore, NameWish, Names};
use albedo::model::id::{AwsId, Id};
use albedo::model::naming::Naming;
use albedo::model::problem::Severity;
use albedo::model::record::{Record, RecordType};
use albedo::model::settings::{DnsScope, Settings};

use super::{alias, txt};
use crate::support::site::Site;
use crate::support::world::{World, group, key, member, settings, wait};

const APPS: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {group.name: edge,
  rules: [a.example.com Prefix / s:80, w.example.com Exact /w s:80]}
ingress shop/b: {group.name: edge, rules: [w.example.com Prefix / s:80, b.other.org Prefix / s:80]}
";

fn all() -> Settings {
    let mut settings = settings();
    settings.dns.scope = DnsScope::All;
    settings
}

pub fn site(sketch: &str) -> Site {
    let site = Site::with(all(), sketch);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site
}

/// The names and types of what stands in the zone.
pub fn names(site: &Site) -> Vec<String> {
    site.aws.change(|state| {
        let records = &state.zones[&AwsId::new("ZPUB")].records;
        records.keys().map(|key| format!("{} {}", key.record_type, key.name)).collect()
    })
}

const NAMED: [&str; 4] =
    ["TXT a-a.example.com", "TXT a-w.example.com", "A a.example.com", "A w.example.com"];

#[test]
fn names_come_once_the_load_balancer_is_active_and_go_before_it_does() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        assert_eq!(names(&site), NAMED);
        let events = site.cluster.events();
        let told: Vec<_> = events.iter().filter(|event| event.reason == "NoHostedZone").collect();
        let [told] = told[..] else { panic!("{events:?}") };
        assert!(
            told.severity == Severity::Note && told.message.contains("b.other.org"),
            "{told:?}"
        );
        site.aws.forget_calls();
        controller.look_again();
        controller.settle().await;
        assert_eq!(site.aws.performed(), [], "nothing has changed");
        for name in ["shop/a", "shop/b"] {
            controller.cluster.delete(&key(name));
        }
        controller.settle().await;
        assert_eq!(names(&site), [""; 0]);
        let writes = site.aws.performed();
        let at = |wanted: fn(&AwsAction) -> bool| writes.iter().position(wanted).unwrap();
        let withdrawn =
            at(|action| matches!(action, AwsAction::Route53(Route53Action::ChangeRecords { .. })));
        assert!(
            withdrawn
                < at(|action| matches!(
                    action,
                    AwsAction::Elb(ElbAction::DeleteLoadBalancer { .. })
                ))
        );
        assert!(site.aws.everything().load_balancers.is_empty());
    });
}

#[test]
fn a_changed_host_is_one_batch_and_no_read() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        site.aws.forget_calls();
        controller
            .cluster
            .add("ingress shop/a: {group.name: edge, rules: [new.example.com Prefix / s:80]}");
        controller.settle().await;
        let calls = site.aws.calls();
        assert_eq!(calls.get("route53.ChangeResourceRecordSets"), Some(&1), "{calls:?}");
        assert_eq!(calls.get("route53.ListResourceRecordSets"), None, "{calls:?}");
        assert_eq!(calls.get("route53.GetChange"), Some(&1), "the servers have it: {calls:?}");
        let expected = [
            "TXT a-new.example.com",
            "TXT a-w.example.com",
            "A new.example.com",
            "A w.example.com",
        ];
        assert_eq!(names(&site), expected);
    });
}

#[test]
fn a_load_balancer_waits_for_a_zone_that_cannot_be_changed() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        for name in ["shop/a", "shop/b"] {
            controller.cluster.delete(&key(name));
        }
        // Somebody else's hand: what stands is no longer what was read, until it is read again.
        site.aws.change(|state| {
            let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
            let other = txt("a-a.example.com", "other", "x/y");
            zone.records.insert(other.key.clone(), other);
        });
        controller.settle().await;
        assert_eq!(names(&site), ["TXT a-a.example.com", "A a.example.com"], "theirs now");
        assert!(site.aws.everything().load_balancers.is_empty());
    });
}

#[test]
fn a_bad_member_keeps_its_names() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        controller.cluster.add(
            "ingress shop/a: {group.name: edge, listen-ports: nonsense,
           rules: [new.example.com Prefix / s:80]}",
        );
        controller.settle().await;
        assert_eq!(names(&site), NAMED);
        // Nor does a process that knows nothing of what it once wanted take them away.
        site.settle().await;
        assert_eq!(names(&site), NAMED);
    });
}

#[test]
fn records_of_others_are_left_and_told_of_once() {
    wait(async {
        let site = site(APPS);
        let theirs = alias("a.example.com", RecordType::A, "elsewhere.example.net");
        site.aws.change(|state| {
            let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
            zone.records.insert(theirs.key.clone(), theirs.clone());
        });
        let controller = site.settle().await;
        assert_eq!(names(&site), ["TXT a-w.example.com", "A a.example.com", "A w.example.com"]);
        let told = || {
            let events = site.cluster.events();
            events.iter().filter(|event| event.reason == "ForeignRecord").count()
        };
        assert_eq!(told(), 1);
        controller.look_again();
        controller.settle().await;
        assert_eq!(told(), 1);
    });
}

#[test]
fn one_name_that_route_53_refuses_holds_up_no_other() {
    wait(async {
        let many: Vec<String> = (0..9).map(|i| format!("h{i}.example.com Prefix / s:80")).collect();
        let sketch = format!("ingress shop/a: {{rules: [{}]}}", many.join(", "));
        let site = site("service shop/s: {ports: [80:8080]}");
        site.cluster.add(&sketch);
        site.aws.change(|state| state.refused_names.insert("h4.example.com".to_owned()));
        let controller = site.start();
        controller.settle_for(60).await;
        let standing = names(&site);
        assert_eq!(
            standing.iter().filter(|name| name.starts_with("A ")).count(),
            8,
            "{standing:?}"
        );
        let events = site.cluster.events();
        let told = events.iter().filter(|event| event.reason == "RefusedRecord");
        let told: Vec<&str> = told.map(|event| event.message.as_str()).collect();
        assert!(
            !told.is_empty() && told.iter().all(|text| text.contains("h4.example.com")),
            "{told:?}"
        );
    });
}

#[test]
fn what_route_53_names_as_refused_goes_apart_at_once() {
    wait(async {
        let many: Vec<String> = (0..9).map(|i| format!("h{i}.example.com Prefix / s:80")).collect();
        let site = site("service shop/s: {ports: [80:8080]}");
        site.cluster.add(&format!("ingress shop/a: {{rules: [{}]}}", many.join(", ")));
        site.aws.change(|state| state.refused_names.insert("h4.example.com".to_owned()));
        let controller = site.start();
        controller.settle_for(60).await;
        let performed = site.aws.performed();
        let batches = performed.iter().filter_map(|action| match action {
            AwsAction::Route53(Route53Action::ChangeRecords { changes, .. }) => Some(changes.len()),
            _ => None,
        });
        assert_eq!(batches.collect::<Vec<_>>(), [16], "all others, with their TXT records");
    });
}

#[test]
fn of_zones_with_one_name_somebody_has_to_choose() {
    wait(async {
        let told = async |zone_ids: Vec<String>| {
            let mut settings = all();
            settings.dns.filter.zone_ids = zone_ids;
            let site = Site::with(settings, APPS);
            for (id, is_private) in [("ZPUB", false), ("ZPUB2", false), ("ZPRIVATE", true)] {
                site.aws.change(|state| state.add_zone(id, "example.com", is_private));
            }
            site.settle().await;
            let events = site.cluster.events();
            let told = events.into_iter().find(|event| event.message.contains("have one name"));
            let count = |id: &str| {
                let id = AwsId::new(id);
                site.aws.change(|state| state.zones[&id].records.len())
            };
            (told, [count("ZPUB"), count("ZPUB2"), count("ZPRIVATE")])
        };
        let (event, counts) = told(Vec::new()).await;
        let event = event.unwrap();
        assert!(event.severity == Severity::Warning && event.message.contains("--zone-id-filter"));
        assert_eq!(counts, [0, 0, 0]);
        let (event, counts) = told(vec!["PUB2".to_owned(), "PRIVATE".to_owned()]).await;
        assert!(event.is_none());
        assert_eq!(counts, [0, NAMED.len(), NAMED.len()]);
    });
}

#[test]
fn while_zones_cannot_be_read_nothing_goes_that_a_name_may_lead_to() {
    wait(async {
        let site = site(APPS);
        drop(site.settle().await);
        let before = names(&site);
        site.aws.forbid(&["route53.ListHostedZones"]);
        // Whoever leads now has never seen a zone.
        let controller = site.start();
        controller.settle_for(60).await;
        let schemes = || -> BTreeSet<String> {
            let state = site.aws.everything();
            state.load_balancers.values().map(|found| found.spec.scheme.to_string()).collect()
        };
        let changed = APPS.replace("{group.name: edge,", "{group.name: edge, scheme: internal,");
        let was = schemes();
        controller.cluster.add(&changed.replace("internal", other(&was)));
        controller.settle_for(3600).await;
        assert_eq!((names(&site), schemes().len()), (before.clone(), 2));
        site.aws.forbid(&[]);
        controller.settle().await;
        assert_eq!((names(&site), schemes().len()), (before, 1));
        assert_ne!(schemes(), was);
    });
}

/// The scheme that none of these load balancers has.
fn other(schemes: &BTreeSet<String>) -> &'static str {
    if schemes.contains("internal") { "internet-facing" } else { "internal" }
}

#[test]
fn whoever_leaves_while_zones_cannot_be_read_is_told_what_that_waits_for() {
    wait(async {
        let site = site(APPS);
        drop(site.settle().await);
        site.aws.forbid(&["route53.ListHostedZones"]);
        let controller = site.start();
        controller.settle_for(60).await;
        site.cluster.forget_calls();
        for name in ["shop/a", "shop/b"] {
            controller.cluster.delete(&key(name));
        }
        controller.settle_for(3600).await;
        assert_eq!(site.aws.everything().load_balancers.len(), 1);
        let events = site.cluster.events();
        let told: Vec<_> = events.iter().filter(|event| event.reason == "NoHostedZone").collect();
        assert_eq!(told.len(), 2, "{events:?}");
        assert!(told.iter().all(|event| event.message.contains("--dns=false")), "{told:?}");
        // Nothing of it is left once the names can be withdrawn.
        site.aws.forbid(&[]);
        controller.settle().await;
        assert_eq!(names(&site), [""; 0]);
        assert!(site.aws.everything().load_balancers.is_empty());
    });
}

#[test]
fn without_zones_to_keep_names_in_nobody_asks_route_53() {
    wait(async {
        let site = Site::new(APPS);
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        let controller = site.settle().await;
        controller.cluster.delete(&key("shop/a"));
        controller.cluster.delete(&key("shop/b"));
        controller.settle().await;
        assert!(site.aws.everything().load_balancers.is_empty());
        let calls = site.aws.calls();
        assert!(!calls.keys().any(|operation| operation.starts_with("route53.")), "{calls:?}");
    });
}

#[test]
fn a_name_of_an_ingress_that_vanishes_goes_though_no_group_asked_for_it() {
    wait(async {
        let site = site(APPS);
        site.settle().await;
        let name = site.aws.change(|state| {
            let mut records = state.zones[&AwsId::new("ZPUB")].records.values();
            records.find_map(Record::alias_target).cloned().expect("it has one")
        });
        // Left by a process before: the Ingress is another controller's now.
        site.cluster.add("class nginx: {controller: k8s.io/nginx}");
        site.cluster.add("ingress shop/old: {class: nginx}");
        site.aws.change(|state| {
            let zone = state.zones.get_mut(&AwsId::new("ZPUB")).expect("it is there");
            let left = [
                alias("old.example.com", RecordType::A, name.as_str()),
                txt("a-old.example.com", "default", "shop/old"),
            ];
            zone.records.extend(left.map(|record| (record.key.clone(), record)));
        });
        let controller = site.settle().await;
        assert_eq!(names(&site).len(), NAMED.len() + 2, "whose Ingress stands stays");
        controller.cluster.delete(&key("shop/old"));
        controller.settle().await;
        assert_eq!(names(&site), NAMED);
    });
}

#[test]
fn a_load_balancer_that_becomes_dualstack_gets_its_records_without_another_event() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        controller.cluster.add(
            "ingress shop/a: {group.name: edge, ip-address-type: dualstack,
           rules: [a.example.com Prefix / s:80, w.example.com Exact /w s:80]}",
        );
        controller.settle().await;
        let found = names(&site);
        for name in ["AAAA a.example.com", "AAAA w.example.com", "TXT aaaa-a.example.com"] {
            assert!(found.contains(&name.to_owned()), "{name}: {found:?}");
        }
    });
}

#[test]
fn what_is_wished_for_no_more_while_a_zone_is_looked_at_is_known_at_once() {
    let id = |name: &str| Id::Is(AwsId::new(name));
    let told = |load_balancer: &str, hosts: &[&str]| {
        let wish = NameWish {
            source: member("shop/web"),
            others: BTreeSet::new(),
            naming: Arc::new(Naming::plain(true)),
        };
        let wished = hosts.iter().map(|host| ((*host).to_owned(), vec![wish.clone()])).collect();
        let known = BTreeSet::from([member("shop/web")]);
        let arriving = BTreeSet::new();
        Names { load_balancer: id(load_balancer), has_ipv6: false, wished, known, arriving }
    };
    let mut facts = FactStore::default();
    let wishes = |facts: &FactStore, load_balancer: &str| {
        let planned = id(load_balancer);
        facts.still_wishes(&[(&planned, "a.example.com")].into())
    };
    let revision = facts.revision();
    facts.names_of(&group("edge"), told("old", &["a.example.com"]), revision);
    assert!(wishes(&facts, "old") && !wishes(&facts, "new"));
    // It is replaced, and then its names are gone.
    facts.names_of(&group("edge"), told("new", &["a.example.com"]), revision);
    assert!(wishes(&facts, "new") && !wishes(&facts, "old"));
    facts.names_of(&group("edge"), told("new", &["b.example.com"]), revision);
    assert!(!wishes(&facts, "new"));
    assert!(facts.still_wishes(&BTreeSet::new()), "who asks for nothing waits for nobody");
}

/// Of several who ask for a name, the first one goes to another group, or is not served yet.
#[test]
fn who_asks_beside_somebody_that_went_goes_on_asking() {
    let zone = super::zone();
    let names = |arriving: &[&str]| Names {
        load_balancer: Id::Is(AwsId::new("one")),
        has_ipv6: false,
        wished: BTreeMap::from([(
            "a.example.com".to_owned(),
            vec![NameWish {
                source: member("shop/goes"),
                others: BTreeSet::from([member("shop/stays")]),
                naming: Arc::new(Naming::plain(true)),
            }],
        )]),
        known: BTreeSet::new(),
        arriving: arriving.iter().map(|name| member(name)).collect(),
    };
    let asking = |facts: &FactStore| {
        let mut world = World::new("{}");
        world.settings = all();
        world.zones = Some(Arc::new(BTreeMap::from([(zone.id.clone(), zone.clone())])));
        world.facts = facts.for_zone(|_| false);
        let stack = desired::zone::build(&world.snapshot(), &zone.id).unwrap();
        let asking = stack.names.get("a.example.com").into_iter().flatten();
        asking.map(|wish| wish.source.key.name.to_string()).collect::<Vec<_>>()
    };
    let mut facts = FactStore::default();
    facts.zones([zone.id.clone()]);
    let at = facts.revision();
    facts.names_of(&group("one"), names(&[]), at);
    assert_eq!(asking(&facts), ["goes"]);
    facts.arrives(&group("two"), &BTreeSet::from([member("shop/goes")]));
    assert_eq!(asking(&facts), ["stays"], "the group that it went to says what it asks for");
    facts.arrives(&group("two"), &BTreeSet::new());
    facts.names_of(&group("one"), names(&["shop/goes"]), at);
    assert_eq!(asking(&facts), ["stays"], "it is not served here yet");
}
