//! What stands when a policy comes, changes or goes.

use albedo::clock::Clock;
use albedo::model::settings::{DnsScope, Settings};
use albedo::model::tenure::Tenure;

use super::super::support::canon;
use super::super::support::site::Site;
use super::super::support::world::{key, settings, wait};
use super::{SHOP, policy, rules, told};

const OWN: &str = "ingress shop/a: {group.name: edge, rules: [a.example.com Prefix / s:80]}";
const SIBLING: &str = "ingress other/b: {group.name: edge, rules: [b.example.com Prefix / s:80]}";
const BOTH: [&str; 2] =
    ["80:1 b.example.com /* -> other/b-s:80", "80:2 a.example.com /* -> shop/a-s:80"];

/// A group of two.
fn site() -> Site {
    let site = Site::new(SHOP);
    site.cluster.add(OWN);
    site.cluster.add(SIBLING);
    site
}

#[test]
fn a_newcomer_is_refused_and_gets_in_once_a_policy_allows_it() {
    wait(async {
        let site = Site::new(SHOP);
        site.cluster.add(SIBLING);
        site.cluster.add(&policy("p", "shop", "groups: [own]"));
        let controller = site.settle().await;
        let before = canon::aws(&site.aws.everything());
        controller.cluster.add(OWN);
        controller.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        let texts = told(&site, "shop/a");
        let [only] = &texts[..] else { panic!("{texts:?}") };
        assert!(only.contains("TenantPolicy p") && only.contains("nothing is made"), "{only}");
        assert_eq!(told(&site, "other/b"), Vec::<String>::new());
        controller.cluster.add(&policy("p", "shop", "groups: [own, edge]"));
        controller.settle().await;
        assert_eq!(rules(&site), BOTH);
    });
}

#[test]
fn whom_a_policy_does_not_allow_what_stands_goes_after_a_while_and_hears_it() {
    wait(async {
        for starts_anew in [false, true] {
            let site = site();
            let mut controller = site.settle().await;
            assert_eq!(rules(&site), BOTH);
            site.cluster.forget_calls();
            if starts_anew {
                drop(controller);
                site.cluster.add(&policy("p", "shop", "groups: [own]"));
                controller = site.start();
            } else {
                controller.cluster.add(&policy("p", "shop", "groups: [own]"));
            }
            controller.settle_for(4 * 60).await;
            assert_eq!(rules(&site), BOTH, "a slip can be undone");
            assert!(told(&site, "shop/a")[0].contains("goes in five minutes"));
            controller.cluster.add(&policy("p", "shop", "groups: [edge]"));
            controller.settle().await;
            assert_eq!(rules(&site), BOTH);
            controller.cluster.add(&policy("p", "shop", "groups: [own]"));
            controller.settle().await;
            assert_eq!(rules(&site), BOTH[..1]);
            let texts = told(&site, "shop/a");
            assert!(texts.iter().any(|text| text.contains("what stood of it goes")), "{texts:?}");
            assert_eq!(told(&site, "other/b"), Vec::<String>::new());
            let ingresses = site.cluster.objects.read().unwrap().ingresses.clone();
            let finalizers = ingresses[&key("shop/a")].metadata.finalizers.clone();
            assert_eq!(finalizers, [""; 0]);
            assert!(site.cluster.memories().is_empty());
            // It stays out, and comes back with its right.
            drop(controller);
            let controller = site.settle().await;
            assert_eq!(rules(&site), BOTH[..1]);
            controller.cluster.remove_policy("p");
            controller.settle().await;
            assert_eq!(rules(&site), BOTH);
        }
    });
}

#[test]
fn who_asks_for_what_is_forbidden_keeps_what_is_allowed() {
    wait(async {
        let site = site();
        site.cluster.add(&policy("p", "shop", "hostSuffixes: [a.example.com]"));
        let controller = site.settle().await;
        assert_eq!(rules(&site), BOTH);
        let wide = OWN.replace("Prefix / s:80", "Prefix / s:80, c.example.com Prefix / s:80");
        controller.cluster.add(&wide);
        controller.settle().await;
        assert_eq!(rules(&site), BOTH);
        assert!(told(&site, "shop/a")[0].contains("what stands of it stays"));
        drop(controller);
        // So it is for another process, and for ever.
        let controller = site.settle().await;
        assert_eq!(rules(&site), BOTH);
        // What stands is forbidden by now, whatever is asked for besides.
        controller.cluster.add(&policy("p", "shop", "hostSuffixes: [d.example.com]"));
        controller.settle().await;
        assert_eq!(rules(&site), BOTH[..1]);
    });
}

#[test]
fn who_is_bad_does_not_stay_by_that() {
    wait(async {
        let site = site();
        let controller = site.settle().await;
        controller.cluster.add(&OWN.replace("rules:", "scheme: nonsense, rules:"));
        controller.settle().await;
        assert_eq!(rules(&site), BOTH);
        controller.cluster.add(&policy("p", "shop", "groups: []"));
        controller.settle().await;
        assert_eq!(rules(&site), BOTH[..1]);
    });
}

#[test]
fn who_is_bad_and_of_whom_nobody_knows_what_stands_does_not_stay_by_that() {
    wait(async {
        let wide = OWN.replace("Prefix / s:80", "Prefix / s:80, c.example.com Prefix / s:80");
        let of_a = "hostSuffixes: [a.example.com]";
        for (own, rights, goes) in [
            (OWN, "groups: [own]", true),
            (OWN, "hostSuffixes: [b.example.com]", true),
            (OWN, of_a, false),
            (wide.as_str(), of_a, true),
        ] {
            let site = site();
            site.cluster.add(own);
            drop(site.settle().await);
            let before = rules(&site);
            // It turns bad while nobody runs, so that nobody has taken note of what it was.
            site.cluster.add(&own.replace("rules:", "scheme: nonsense, rules:"));
            let controller = site.settle().await;
            assert_eq!(rules(&site), before);
            controller.cluster.add(&policy("p", "shop", rights));
            controller.settle_for(4 * 60).await;
            assert_eq!(rules(&site), before, "a slip can be undone");
            controller.settle().await;
            if !goes {
                assert_eq!(rules(&site), before);
                continue;
            }
            assert_eq!(rules(&site), BOTH[..1], "{rights}");
            let texts = told(&site, "shop/a");
            assert!(texts.iter().any(|text| text.contains("what stood of it goes")), "{texts:?}");
        }
    });
}

#[test]
fn who_goes_where_it_cannot_be_built_does_not_stay_by_that() {
    wait(async {
        for is_remembered in [true, false] {
            let site = site();
            let mut controller = site.settle().await;
            // It stays with what it has until it is served there.
            let elsewhere = OWN.replace("group.name: edge", "group.name: else, scheme: nonsense");
            if is_remembered {
                controller.cluster.add(&elsewhere);
            } else {
                drop(controller);
                site.cluster.add(&elsewhere);
                controller = site.start();
            }
            controller.settle().await;
            assert_eq!(rules(&site), BOTH);
            controller.cluster.add(&policy("p", "shop", "groups: []"));
            controller.settle_for(4 * 60).await;
            assert_eq!(rules(&site), BOTH, "a slip can be undone");
            controller.settle().await;
            assert_eq!(rules(&site), BOTH[..1], "{is_remembered}");
        }
    });
}

#[test]
fn who_goes_is_gone_also_from_a_load_balancer_that_is_being_replaced() {
    wait(async {
        let site = Site::new(SHOP);
        site.cluster.add(&OWN.replace("rules:", "scheme: internal, rules:"));
        let controller = site.settle().await;
        // As long as the other one is there it does not decide that.
        controller.cluster.add(&SIBLING.replace("rules:", "scheme: internet-facing, rules:"));
        controller.cluster.add(&SIBLING.replace("rules:", "scheme: internal, rules:"));
        controller.settle().await;
        assert_eq!(rules(&site), BOTH);
        controller.cluster.add(&SIBLING.replace("rules:", "scheme: internet-facing, rules:"));
        controller.settle().await;
        site.aws.take_time();
        controller.cluster.add(&policy("p", "shop", "groups: []"));
        controller.settle_for(5 * 60 + 1).await;
        assert_eq!(site.aws.everything().load_balancers.len(), 2);
        let rules = rules(&site);
        assert!(!rules.iter().any(|rule| rule.contains("shop/a")), "{rules:?}");
    });
}

#[test]
fn who_is_bad_and_has_a_load_balancer_to_itself_goes_with_it_once_its_names_are_gone() {
    wait(async {
        let mut settings = settings();
        settings.dns.scope = DnsScope::All;
        let site = Site::with(settings, SHOP);
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        site.cluster.add(OWN);
        let controller = site.settle().await;
        controller.cluster.add(&OWN.replace("rules:", "scheme: nonsense, rules:"));
        controller.settle().await;
        // What stands for it is known from what is remembered alone, also while it goes.
        controller.cluster.add(&policy("p", "shop", "groups: []"));
        controller.settle().await;
        let state = site.aws.everything();
        assert!(state.load_balancers.is_empty() && state.target_groups.is_empty(), "{state:#?}");
        assert_eq!(state.zones.values().map(|zone| zone.records.len()).sum::<usize>(), 0);
        assert!(site.cluster.memories().is_empty());
        let ingresses = site.cluster.objects.read().unwrap().ingresses.clone();
        assert_eq!(ingresses[&key("shop/a")].metadata.finalizers, [""; 0]);
    });
}

#[test]
fn labels_of_a_namespace_decide_at_once() {
    wait(async {
        let site = site();
        site.cluster.add(&policy("p", "tenant", "groups: []"));
        let controller = site.settle().await;
        assert_eq!(rules(&site), BOTH);
        controller.cluster.add("namespace shop: {labels: {team: tenant}}");
        controller.settle().await;
        assert_eq!(rules(&site), BOTH[..1]);
        controller.cluster.add("namespace shop: {labels: {team: shop}}");
        controller.settle().await;
        assert_eq!(rules(&site), BOTH);
    });
}

#[test]
fn whom_another_process_let_go_is_not_served_from_what_this_one_knew() {
    wait(async {
        let site = site();
        let first = site.settle().await;
        first.cluster.add(&OWN.replace("rules:", "scheme: nonsense, rules:"));
        first.settle().await;
        assert_eq!(rules(&site), BOTH);
        first.tenure.send_replace(None);
        let second = site.settle().await;
        second.cluster.add(&policy("p", "shop", "groups: []"));
        second.settle().await;
        assert_eq!(rules(&site), BOTH[..1]);
        second.cluster.remove_policy("p");
        second.settle().await;
        assert_eq!(rules(&site), BOTH[..1], "it is bad, and nothing stood of it any more");
        second.stop().await;
        let now = first.clock.moment();
        first.sight.all_listed(now);
        first.tenure.send_replace(Some(Tenure::for_ever(now)));
        first.settle().await;
        assert_eq!(rules(&site), BOTH[..1]);
    });
}

#[test]
fn who_goes_beside_a_member_of_which_nothing_is_known_is_gone() {
    wait(async {
        let site = site();
        drop(site.settle().await);
        // It turns bad while nobody runs, so that nobody has taken note of what it was.
        site.cluster.add(&SIBLING.replace("rules:", "scheme: nonsense, rules:"));
        let controller = site.settle().await;
        assert_eq!(rules(&site), BOTH);
        controller.cluster.add(&policy("p", "shop", "groups: []"));
        controller.settle().await;
        assert_eq!(rules(&site), BOTH[..1], "of the other one nothing is known");
        assert_eq!(site.aws.everything().target_groups.len(), 1);
    });
}

#[test]
fn who_goes_is_gone_also_from_a_load_balancer_that_names_of_somebody_else_hold() {
    wait(async {
        let mut settings = settings();
        settings.dns.scope = DnsScope::All;
        let mut site = Site::with(settings, SHOP);
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        site.cluster.add(OWN);
        drop(site.settle().await);
        let mut another = Settings::clone(&site.cluster.settings);
        "somebody-else".clone_into(&mut another.dns.owner);
        site.cluster = site.cluster.with(another);
        let controller = site.settle().await;
        controller.cluster.add(&policy("p", "shop", "groups: []"));
        controller.pass(20 * 60).await;
        assert_eq!(site.aws.everything().load_balancers.len(), 1);
        assert_eq!(rules(&site), Vec::<String>::new());
    });
}
