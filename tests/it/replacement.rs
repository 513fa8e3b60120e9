//! What cannot be changed is replaced: the new one stands and serves before the old one goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use albedo::aws::Kind;
use albedo::model::id::AwsId;
use albedo::model::index::Seen;
use albedo::model::target::TargetState;

use super::support::canon;
use super::support::fake::{Death, Fake, Fault, Faulty, State, Struck, When};
use super::support::site::{Controller, Site};
use super::support::world::{CERTIFICATE, key, wait};

mod unknown;

const BEFORE: &str = "
service shop/s: {ports: [80:8080]}
service shop/t: {ports: [80:9090]}
endpoints shop/s: {at: [172.31.0.1, 172.31.0.2]}
endpoints shop/t: {at: [172.31.0.3]}
ingress shop/web: {rules: [any Exact /a s:80, any Exact /b t:80], default: s:80}
";

/// The same, with one more setting.
fn with(setting: &str) -> String {
    BEFORE.replace("web: {", &format!("web: {{{setting}, "))
}

/// Ingresses of one group and of one Service, each with a path of its name and the same settings.
fn edge(names: &[&str], settings: &str) -> String {
    const SERVICE: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
";
    let members = names.iter().map(|name| {
        format!(
            "ingress shop/{name}: {{group.name: edge, {settings}rules: [any Exact /{name} s:80]}}\n"
        )
    });
    members.fold(SERVICE.to_owned(), |all, member| all + &member)
}

/// A site at which all is well.
async fn standing() -> (Site, Controller<Fake>) {
    let site = Site::new(BEFORE);
    let controller = site.settle().await;
    site.aws.set_health(TargetState::Healthy);
    site.aws.forget_calls();
    (site, controller)
}

/// What the rules lead to, by protocol of the target group, with weights; the default action last.
fn led_to(state: &State) -> Vec<String> {
    let groups = |actions: &[albedo::model::rule::RuleAction]| {
        let weighted = actions.iter().flat_map(albedo::model::rule::RuleAction::target_groups);
        let each = weighted.map(|weighted| {
            let found = &state.target_groups[weighted.group.given().unwrap()];
            format!("{}:{}", found.spec.protocol, weighted.weight.unwrap())
        });
        each.collect::<Vec<_>>().join(" ")
    };
    let mut rules: Vec<_> = state.rules.values().collect();
    rules.sort_by_key(|rule| rule.priority);
    let of_rules = rules.into_iter().map(|rule| groups(&rule.rule.actions));
    let of_listeners =
        state.listeners.values().map(|listener| groups(&listener.spec.default_actions));
    of_rules.chain(of_listeners).collect()
}

/// The load balancers that members show, and those that stand, by scheme.
fn schemes(site: &Site) -> (BTreeSet<String>, Vec<String>) {
    let state = site.aws.everything();
    let ingresses = site.cluster.objects.read().unwrap().ingresses.clone();
    let shown = ingresses.values().filter_map(|ingress| {
        let hostname = ingress.status.first()?.hostname.clone()?;
        let mut balancers = state.load_balancers.values();
        let found = balancers.find(|found| hostname.starts_with(&found.spec.name));
        Some(found.map_or("gone".to_owned(), |found| found.spec.scheme.to_string()))
    });
    let standing = state.load_balancers.values().map(|found| found.spec.scheme.to_string());
    (shown.collect(), standing.collect())
}

/// At each moment every target group that is led to with some weight has as many targets as the one
/// that the rule led to before, if that one had any.
fn nobody_was_cut_off(start: &State, site: &Site) {
    let replay = super::support::world::fake();
    replay.change(|state| *state = start.clone());
    let mut before = cut_off(start);
    for action in site.aws.performed() {
        replay.meddle(&action).unwrap();
        let now = cut_off(&replay.everything());
        let new: Vec<&String> = now.difference(&before).collect();
        assert!(new.is_empty(), "after {action:?}: {new:?}");
        before = now;
    }
}

/// The rules of the load balancer that serves, all of whose targets are gone.
fn cut_off(state: &State) -> BTreeSet<String> {
    let mut led: BTreeMap<String, usize> = BTreeMap::new();
    for rule in state.rules.values() {
        let balancer = &state.listeners[&rule.listener].load_balancer;
        let scheme = state.load_balancers[balancer].spec.scheme;
        // Of two the one that was there before serves until it goes.
        if state.load_balancers.len() > 1 && scheme.as_str() != "internal" {
            continue;
        }
        let text = rule.rule.to_string();
        let patterns = text.split_once(" -> ").unwrap().0.to_owned();
        let weighted =
            rule.rule.actions.iter().flat_map(albedo::model::rule::RuleAction::target_groups);
        let serving = weighted.filter(|weighted| weighted.weight != Some(0));
        let targets = serving.map(|weighted| {
            let group = &state.target_groups[weighted.group.given().unwrap()];
            group.targets.values().filter(|state| **state != TargetState::Draining).count()
        });
        led.insert(patterns, targets.sum());
    }
    led.into_iter().filter(|(_, count)| *count == 0).map(|(patterns, _)| patterns).collect()
}

#[test]
fn a_target_group_is_led_to_once_its_targets_are_well() {
    wait(async {
        let (site, controller) = standing().await;
        let start = site.aws.everything();
        site.aws.take_time();
        controller.cluster.add(&with("backend-protocol: HTTPS"));
        controller.settle_for(30).await;
        // The new ones are attached, so that their targets are checked, and take nothing.
        assert_eq!(led_to(&site.aws.everything()), ["HTTP:1 HTTPS:0"; 3]);
        assert_eq!(site.aws.everything().target_groups.len(), 4);
        controller.settle_for(10).await;
        assert_eq!(led_to(&site.aws.everything()), ["HTTP:1 HTTPS:0"; 3]);
        // Unwell targets are waited for as long as it takes.
        let set = |state: TargetState, protocol: &str| {
            site.aws.change(|all| {
                for group in all.target_groups.values_mut() {
                    if group.spec.protocol.as_str() == protocol {
                        group.targets.values_mut().for_each(|target| *target = state);
                    }
                }
            });
        };
        set(TargetState::Unhealthy, "HTTPS");
        controller.settle_for(10).await;
        let events = site.cluster.events().into_iter();
        let told: Vec<_> = events.filter(|event| event.reason == "UnhealthyTargets").collect();
        // Once for each of the two backends.
        assert_eq!(told.len(), 2, "{told:#?}");
        assert!(told.iter().all(|event| event.object.key == key("shop/web")), "{told:#?}");
        assert_eq!(led_to(&site.aws.everything()), ["HTTP:1 HTTPS:0"; 3]);
        set(TargetState::Healthy, "HTTPS");
        controller.settle().await;
        let state = site.aws.everything();
        assert_eq!(led_to(&state), ["HTTPS:1"; 3]);
        assert_eq!(state.target_groups.len(), 2);
        assert_eq!(site.cluster.objects.read().unwrap().bindings.len(), 2);
        nobody_was_cut_off(&start, &site);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn a_member_of_which_nothing_good_is_known_stalls_nobodys_replacement() {
    wait(async {
        const GROUP: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1, 172.31.0.2]}
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /b s:80]}
";
        let site = Site::new(GROUP);
        drop(site.settle().await);
        site.aws.set_health(TargetState::Healthy);
        site.aws.take_time();
        site.cluster.add(&GROUP.replace("order: 1,", "order: 1, backend-protocol: HTTPS,"));
        site.cluster.add("ingress shop/b: {group.name: edge, group.order: 2, listen-ports: '[{'}");
        let controller = site.start();
        controller.settle_for(30).await;
        let rules = || led_to(&site.aws.everything())[..2].to_vec();
        assert_eq!(rules(), ["HTTP:1 HTTPS:0", "HTTP:1"]);
        site.aws.set_health(TargetState::Healthy);
        controller.settle().await;
        assert_eq!(rules(), ["HTTPS:1", "HTTP:1"]);
    });
}

#[test]
fn a_target_group_without_targets_is_replaced_without_waiting() {
    wait(async {
        let site = Site::new(BEFORE);
        site.cluster.add("endpoints shop/s: {at: []}\nendpoints shop/t: {at: []}");
        let controller = site.settle().await;
        site.aws.take_time();
        controller.cluster.add(&with("backend-protocol: HTTPS"));
        controller.cluster.add("endpoints shop/s: {at: []}\nendpoints shop/t: {at: []}");
        controller.settle().await;
        assert_eq!(led_to(&site.aws.everything()), ["HTTPS:1"; 3]);
        assert_eq!(site.aws.everything().target_groups.len(), 2);
    });
}

#[test]
fn a_target_group_of_which_no_target_is_well_is_replaced_in_the_end_by_one_that_has_none() {
    wait(async {
        let with = |target_type: &str| {
            format!(
                "node n0: {{id: i-1, ready: true}}
service shop/s: {{ports: ['80:8080@31000']}}
endpoints shop/s: {{at: []}}
ingress shop/web: {{target-type: {target_type}, rules: [any Exact /a s:80]}}"
            )
        };
        let site = Site::new(&with("instance"));
        let controller = site.settle().await;
        site.aws.set_health(TargetState::Unhealthy);
        controller.cluster.add(&with("ip"));
        controller.settle_for(200).await;
        assert_eq!(led_to(&site.aws.everything())[0], "HTTP:1 HTTP:0");
        controller.settle().await;
        assert_eq!(led_to(&site.aws.everything())[0], "HTTP:1");
        assert_eq!(site.aws.everything().target_groups.len(), 1);
    });
}

#[test]
fn a_change_of_mind_in_the_middle_costs_nobody_anything() {
    wait(async {
        let (site, controller) = standing().await;
        let start = site.aws.everything();
        site.aws.take_time();
        for setting in ["backend-protocol: HTTPS", "scheme: internet-facing"] {
            controller.cluster.add(&with(setting));
            controller.settle_for(30).await;
            assert_eq!(site.aws.everything().target_groups.len(), 4);
            controller.cluster.add(BEFORE);
            site.aws.be_quick();
            controller.settle().await;
            nobody_was_cut_off(&start, &site);
            let (end, start) = (site.aws.everything(), canon::rules(&start));
            assert_eq!(canon::rules(&end), start);
            assert_eq!((end.target_groups.len(), end.load_balancers.len()), (2, 1));
            assert_eq!(led_to(&end), ["HTTP:1"; 3]);
            site.aws.take_time();
        }
    });
}

#[test]
fn a_load_balancer_is_pointed_to_once_it_serves() {
    wait(async {
        let (site, controller) = standing().await;
        let start = site.aws.everything();
        site.aws.take_time();
        site.aws.finish_provisioning();
        controller.cluster.add(&with("scheme: internet-facing"));
        controller.settle_for(30).await;
        let one = |scheme: &str| BTreeSet::from([scheme.to_owned()]);
        let both = vec!["internal".to_owned(), "internet-facing".to_owned()];
        let sorted = |(shown, mut standing): (BTreeSet<String>, Vec<String>)| {
            standing.sort();
            (shown, standing)
        };
        assert_eq!(sorted(schemes(&site)), (one("internal"), both.clone()));
        // Twins of its target groups are there, under names of their own, and so are their
        // bindings.
        assert_eq!(site.aws.everything().target_groups.len(), 4);
        assert_eq!(site.cluster.objects.read().unwrap().bindings.len(), 4);
        // Its targets are well and it is not.
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(10).await;
        assert_eq!(sorted(schemes(&site)), (one("internal"), both.clone()));
        site.aws.finish_provisioning();
        controller.settle().await;
        assert_eq!(
            sorted(schemes(&site)),
            (one("internet-facing"), vec!["internet-facing".to_owned()])
        );
        let state = site.aws.everything();
        assert_eq!(state.target_groups.len(), 2);
        assert_eq!(site.cluster.objects.read().unwrap().bindings.len(), 2);
        assert_eq!(canon::rules(&state), canon::rules(&start));
        nobody_was_cut_off(&start, &site);
        assert_eq!(site.refused(), 0);
        // Back again: the plain names are free by now.
        site.aws.be_quick();
        controller.cluster.add(BEFORE);
        controller.settle().await;
        let names = |state: &State| -> BTreeSet<_> {
            state.target_groups.values().map(|found| found.spec.name.clone()).collect()
        };
        assert_eq!(names(&site.aws.everything()), names(&start));
    });
}

#[test]
fn a_target_group_that_nothing_leads_to_holds_up_no_load_balancer() {
    wait(async {
        let site = Site::new(&edge(&["a"], ""));
        let controller = site.settle().await;
        site.aws.set_health(TargetState::Healthy);
        site.aws.take_time();
        // Who joins has all that comes by HTTP redirected, so no rule leads to those of the other.
        let other = "scheme: internet-facing, ";
        let redirect = format!(
            "{other}certificate-arn: {CERTIFICATE}, ssl-redirect: 443, \
             listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]', "
        );
        controller.cluster.add(&edge(&["a"], other));
        controller.cluster.add(&edge(&["b"], &redirect));
        controller.settle_for(30).await;
        site.aws.finish_provisioning();
        site.aws.change(|state| {
            let used: BTreeSet<AwsId> = state.used().into_iter().cloned().collect();
            let led_to = state.target_groups.iter_mut().filter(|(id, _)| used.contains(id));
            for target in led_to.flat_map(|(_, group)| group.targets.values_mut()) {
                *target = TargetState::Healthy;
            }
        });
        controller.settle_for(600).await;
        assert_eq!(schemes(&site).1, ["internet-facing"]);
    });
}

#[test]
fn a_load_balancer_of_a_chosen_name_is_replaced_under_another() {
    wait(async {
        let named = |scheme: &str| with(&format!("load-balancer-name: mine, scheme: {scheme}"));
        let site = Site::new(&named("internal"));
        let controller = site.settle().await;
        controller.cluster.add(&named("internet-facing"));
        controller.settle().await;
        let state = site.aws.everything();
        let names: Vec<&String> =
            state.load_balancers.values().map(|found| &found.spec.name).collect();
        let [name] = names[..] else { panic!("{names:?}") };
        assert!(name.starts_with("mine-"), "{name}");
    });
}

#[test]
fn a_group_that_goes_in_the_middle_leaves_nothing() {
    wait(async {
        for setting in ["backend-protocol: HTTPS", "scheme: internet-facing"] {
            let (site, controller) = standing().await;
            site.aws.take_time();
            controller.cluster.add(&with(setting));
            controller.settle_for(30).await;
            controller.cluster.delete(&key("shop/web"));
            controller.settle().await;
            let nothing = Site::new("");
            assert_eq!(canon::aws(&site.aws.everything()), canon::aws(&nothing.aws.everything()));
            assert!(site.cluster.objects.read().unwrap().ingresses.is_empty());
            assert!(site.cluster.objects.read().unwrap().bindings.is_empty());
        }
    });
}

#[test]
fn who_leaves_in_the_middle_is_not_held() {
    wait(async {
        let site = Site::new(&edge(&["a", "b"], ""));
        let controller = site.settle().await;
        site.aws.take_time();
        controller.cluster.add(&edge(&["a", "b"], "scheme: internet-facing, "));
        controller.settle_for(30).await;
        controller.cluster.delete(&key("shop/b"));
        controller.settle_for(30).await;
        assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/b")));
        site.aws.be_quick();
        controller.settle().await;
        assert_eq!(canon::rules(&site.aws.everything()), ["80:1 /a -> shop/a-s:80"]);
        assert_eq!(site.aws.everything().target_groups.len(), 1);
    });
}

#[test]
fn a_restart_in_the_middle_goes_on_where_it_was() {
    for setting in ["backend-protocol: HTTPS", "scheme: internet-facing"] {
        let through = |writes: usize| {
            wait(async {
                let (site, controller) = standing().await;
                drop(controller);
                let start = site.aws.everything();
                let death = Death::new();
                let (struck, when, kind) = (Struck::Writes, When::After, Kind::Transient);
                let fault = Fault { struck, nth: writes, when, kind };
                let aws = Faulty::new(site.aws.clone(), vec![fault]).deadly(&death);
                let controller = site.start_on(aws);
                controller.cluster.add(&with(setting));
                tokio::select! {
                    biased;
                    () = death.awaited() => {}
                    () = controller.settle() => {}
                }
                drop(controller);
                site.settle().await;
                nobody_was_cut_off(&start, &site);
                assert_eq!(site.refused(), 0, "{setting}, restart after {writes} writes");
                canon::aws(&site.aws.everything())
            })
        };
        let straight = through(usize::MAX);
        for writes in 1..=30 {
            assert_eq!(through(writes), straight, "{setting}, restart after {writes} writes");
        }
    }
}

/// A target group goes first and then its binding, which may fail. Until that has gone its name is
/// wanted again, by a load balancer that has to serve before anything else goes.
#[test]
fn a_binding_that_has_outlived_its_target_group_is_in_nobodys_way() {
    wait(async {
        let (site, controller) = standing().await;
        let old = site.cluster.objects.read().unwrap().bindings.clone();
        controller.cluster.add(&with("scheme: internet-facing"));
        controller.settle().await;
        assert_eq!(schemes(&site).1, ["internet-facing"]);
        for (name, binding) in &old {
            site.cluster.see(&Seen::Binding(name.clone(), Some(Arc::clone(binding))));
        }
        controller.cluster.add(BEFORE);
        controller.settle().await;
        assert_eq!(schemes(&site).1, ["internal"]);
        let bindings = site.cluster.objects.read().unwrap().bindings.clone();
        assert_eq!(bindings.keys().collect::<Vec<_>>(), old.keys().collect::<Vec<_>>());
    });
}
