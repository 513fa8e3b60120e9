//! The runtime itself: what outlives a visit, what ends with a tenure, and who waits for whom.

use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::model::action::{Action, AwsAction, ElbAction, Route53Action};
use albedo::model::record::{RecordChange, Verb};
use albedo::model::tenure::{Epoch, Tenure};
use albedo::serve::Health;

use super::support::canon;
use super::support::fake::{Fake, Held};
use super::support::site::{Controller, Site};
use super::support::world::{key, settings, wait};

const WEB: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/web: {rules: [any Exact /a s:80]}
";

/// A site with a hosted zone, whose hosts and Secrets count whatever their class.
fn site(sketch: &str) -> Site {
    let mut settings = settings();
    settings.tls_secrets = true;
    settings.dns.scope = albedo::model::settings::DnsScope::All;
    let site = Site::with(settings, sketch);
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site
}

/// What stands in the end, in AWS and in the cluster.
fn end(site: &Site) -> (Vec<String>, Vec<String>) {
    let state = site.aws.everything();
    (canon::aws(&state), canon::cluster(&site.cluster, &state))
}

fn operations(site: &Site) -> Vec<&'static str> {
    site.aws.performed().iter().map(|action| action.operation().1).collect()
}

/// The tenure with a number, won now, for so long.
fn won<C: albedo::aws::Cloud>(controller: &Controller<C>, epoch: u64, seconds: u64) -> Tenure {
    let since = controller.clock.moment();
    Tenure { epoch: Epoch(epoch), since, until: since.plus(Duration::from_secs(seconds)) }
}

#[test]
fn a_panic_in_a_visit_is_its_subjects_trouble_and_ends_well() {
    let clean = Site::new(WEB);
    wait(clean.settle());
    let writes = clean.aws.performed().len();
    for nth in 1..=writes {
        let site = Site::new(WEB);
        site.aws.panic_at(nth);
        wait(async {
            let controller = site.settle().await;
            assert!(controller.runtime.vitals().health().is_ok, "no task has ended");
        });
        assert_eq!(end(&site), end(&clean), "panic at write {nth} of {writes}");
    }
}

const THREE: &str = "
service shop/a: {ports: [80:8080]}
service shop/b: {ports: [80:8080]}
service shop/c: {ports: [80:8080]}
endpoints shop/a: {at: [172.31.0.1]}
endpoints shop/b: {at: [172.31.0.2]}
endpoints shop/c: {at: [172.31.0.3]}
ingress shop/web: {rules: [any Exact /a a:80, any Exact /b b:80, any Exact /c c:80]}
";

#[test]
fn a_start_looks_first_at_those_whose_endpoints_were_written_last() {
    let site = Site::new(THREE);
    wait(site.settle());
    site.cluster.add(
        "
endpoints shop/a: {at: [172.31.1.1], resourceVersion: '9'}
endpoints shop/b: {at: [172.31.1.2], resourceVersion: '1000'}
endpoints shop/c: {at: [172.31.1.3], resourceVersion: '80'}
",
    );
    site.aws.forget_calls();
    wait(site.settle());
    let performed = site.aws.performed();
    let registered = performed.iter().filter_map(|action| match action {
        AwsAction::Elb(ElbAction::RegisterTargets { targets, .. }) => Some(targets[0].id.as_str()),
        _ => None,
    });
    let registered: Vec<&str> = registered.collect();
    assert_eq!(registered, ["172.31.1.2", "172.31.1.3", "172.31.1.1"]);
}

const EVERYTHING: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
secret shop/tls: {fixture: ec}
ingress shop/plain: {rules: [any Exact /a s:80]}
ingress shop/named: {rules: [a.example.com Exact /a s:80]}
ingress shop/tls: {rules: [public.example.com Exact /a s:80], tls: [tls public.example.com]}
";

/// The hosts of the load balancers that stand, and how many targets are registered.
fn served(site: &Site) -> (usize, usize) {
    let state = site.aws.everything();
    let targets = state.target_groups.values().map(|group| group.targets.len()).sum();
    (state.load_balancers.len(), targets)
}

#[test]
fn a_service_that_is_out_at_the_start_holds_up_only_what_needs_it() {
    let clean = site(EVERYTHING);
    wait(clean.settle());
    for (out, load_balancers) in [("route53", 3), ("acm", 3)] {
        let site = site(EVERYTHING);
        site.aws.outage(&[out]);
        wait(async {
            let controller = site.start();
            controller.settle_for(20).await;
            assert_eq!(served(&site), (load_balancers, 3), "while {out} is out");
            site.aws.outage(&[]);
            controller.settle().await;
        });
        assert_eq!(end(&site), end(&clean), "after {out} was out");
    }
}

#[test]
fn endpoints_are_registered_while_interfaces_and_groups_cannot_be_read() {
    let site = Site::new(WEB);
    wait(async {
        let controller = site.settle().await;
        drop(controller);
        site.aws.outage(&["ec2.DescribeNetworkInterfaces", "ec2.DescribeSecurityGroups"]);
        let controller = site.start();
        controller.settle_for(5).await;
        controller.cluster.add("endpoints shop/s: {at: [172.31.0.1, 172.31.0.2]}");
        controller.settle_for(5).await;
        assert_eq!(served(&site), (1, 2));
    });
}

#[test]
fn new_endpoints_are_registered_while_target_groups_are_not_listed_yet() {
    let site = Site::new(WEB);
    wait(async {
        let controller = site.settle().await;
        drop(controller);
        site.aws.outage(&["elbv2.DescribeTargetGroups"]);
        let controller = site.start();
        controller.settle_for(5).await;
        controller.cluster.add("endpoints shop/s: {at: [172.31.0.1, 172.31.0.2]}");
        controller.settle_for(5).await;
        assert_eq!(served(&site), (1, 2));
    });
}

#[test]
fn a_service_that_asks_for_fewer_calls_holds_up_its_own_steps_alone() {
    let site = Site::new(WEB);
    site.aws.throttle(&["ec2.CreateSecurityGroup", "ec2.AuthorizeSecurityGroupIngress"]);
    wait(async {
        let controller = site.start();
        controller.settle_for(0).await;
        assert_eq!(operations(&site), ["CreateTargetGroup"]);
        site.aws.throttle(&[]);
        controller.settle().await;
    });
    let clean = Site::new(WEB);
    wait(clean.settle());
    assert_eq!(end(&site), end(&clean));
}

/// A process that has won a tenure, for so many seconds, and whose first writes are under way; AWS
/// answers none of them yet.
async fn under_way(site: &Site, seconds: u64) -> (Held<Fake>, Controller<Held<Fake>>) {
    let held = Held::new(site.aws.clone());
    let controller = site.standby_on(held.clone());
    controller.sight.all_listed(controller.clock.moment());
    held.hold_writes();
    controller.tenure.send_replace(Some(won(&controller, 1, seconds)));
    controller.settle_for(1).await;
    assert!(held.waiting() > 0);
    (held, controller)
}

#[test]
fn a_plan_ends_with_its_tenure() {
    let site = Site::new(WEB);
    wait(async {
        let (held, controller) = under_way(&site, 1000).await;
        let under_way = operations(&site);
        assert_eq!(under_way.len(), held.waiting(), "each worker waits for one answer");
        // Lost, and won again before anything was answered.
        controller.tenure.send_replace(None);
        controller.settle_for(1).await;
        held.release();
        controller.settle_for(1).await;
        assert_eq!(operations(&site), under_way, "nobody goes on with what was planned");
        controller.sight.all_listed(controller.clock.moment());
        controller.tenure.send_replace(Some(won(&controller, 2, 1000)));
        controller.settle().await;
    });
    let clean = Site::new(WEB);
    wait(clean.settle());
    assert_eq!(end(&site), end(&clean));
    assert_eq!(site.refused(), 0, "nothing was made twice");
}

#[test]
fn a_tenure_that_nobody_renews_is_over_though_nobody_says_so() {
    let site = Site::new(WEB);
    wait(async {
        let (held, controller) = under_way(&site, 10).await;
        let under_way = operations(&site);
        controller.clock.sleep(Duration::from_secs(11)).await;
        held.release();
        controller.settle_for(60).await;
        assert_eq!(operations(&site), under_way);
    });
}

#[test]
fn nothing_is_taken_away_before_the_cluster_was_seen_as_it_was_after_the_tenure_began() {
    let site = Site::new(WEB);
    wait(site.settle());
    wait(async {
        let controller = site.standby_on(site.aws.clone());
        controller.sight.all_listed(controller.clock.moment());
        controller.clock.sleep(Duration::from_secs(1)).await;
        // What it has heard of is older than its tenure: another endpoint, and not the old one.
        controller.cluster.add("endpoints shop/s: {at: [172.31.0.2]}");
        site.aws.forget_calls();
        controller.tenure.send_replace(Some(won(&controller, 1, 1000)));
        controller.settle_for(30).await;
        assert_eq!(operations(&site), ["RegisterTargets"]);
        controller.sight.all_listed(controller.clock.moment());
        controller.settle().await;
        assert_eq!(operations(&site), ["RegisterTargets", "DeregisterTargets"]);
    });
}

#[test]
fn for_who_may_be_gone_nothing_is_made_that_would_stay_behind() {
    let site = Site::new(WEB);
    wait(async {
        let controller = site.standby_on(site.aws.clone());
        controller.sight.all_listed(controller.clock.moment());
        controller.clock.sleep(Duration::from_secs(10)).await;
        // What it has heard of is older than its tenure, and not by a moment.
        controller.tenure.send_replace(Some(won(&controller, 1, 1000)));
        controller.settle_for(30).await;
        controller.cluster.delete(&key("shop/web"));
        controller.sight.all_listed(controller.clock.moment());
        controller.settle().await;
        // The one that all share is looked after, whoever goes.
        assert_eq!(operations(&site), ["CreateSecurityGroup", "DeleteSecurityGroup"]);
        assert_eq!(end(&site), end(&Site::new("")));
        // Whoever is there has it all, a moment later than else.
        controller.cluster.add(WEB);
        controller.settle().await;
        assert!(operations(&site).contains(&"CreateLoadBalancer"));
    });
}

#[test]
fn a_name_that_moves_with_its_ingress_is_never_withdrawn() {
    let member = |group: &str, path: &str, host: &str| {
        format!("{{group.name: {group}, rules: [{host} Exact {path} s:80]}}")
    };
    // Whichever of the two groups is visited first.
    for (from, to) in [("aa", "bb"), ("bb", "aa")] {
        let site = site("service shop/s: {ports: [80]}");
        site.cluster.add(&format!("ingress shop/moved: {}", member(from, "/m", "m.example.com")));
        site.cluster.add(&format!("ingress shop/stays: {}", member(from, "/s", "s.example.com")));
        site.cluster.add(&format!("ingress shop/other: {}", member(to, "/o", "o.example.com")));
        wait(async {
            let controller = site.settle().await;
            site.aws.forget_calls();
            let cluster = &controller.cluster;
            cluster.add(&format!("ingress shop/other: {}", member(to, "/new", "o.example.com")));
            cluster.add(&format!("ingress shop/moved: {}", member(to, "/m", "m.example.com")));
            controller.settle().await;
        });
        let performed = site.aws.performed();
        let changes = performed.iter().flat_map(|action| match action {
            AwsAction::Route53(Route53Action::ChangeRecords { changes, .. }) => changes.clone(),
            _ => Vec::new(),
        });
        let changes: Vec<_> =
            changes.filter(|change| change.record.key.name.starts_with('m')).collect();
        assert!(!changes.is_empty());
        let stays = |change: &RecordChange| {
            let mut of_key = changes.iter().rev();
            let last = of_key.find(|other| other.record.key == change.record.key);
            last.is_some_and(|last| last.verb != Verb::Delete)
        };
        assert!(changes.iter().all(stays), "{changes:#?}");
    }
}

#[test]
fn who_stands_for_election_has_seen_the_cluster_and_aws() {
    let site = Site::new(WEB);
    wait(async {
        site.aws.outage(&["ec2"]);
        let mut controller = site.standby_on(site.aws.clone());
        let stands = controller.runtime.stand();
        let vitals = controller.runtime.vitals();
        let pass = || controller.clock.sleep(Duration::from_secs(20));
        pass().await;
        assert!(!*stands.borrow(), "nothing is listed yet");
        assert!(!vitals.readiness().is_ok);
        controller.sight.all_listed(controller.clock.moment());
        pass().await;
        assert!(!*stands.borrow(), "AWS has not answered yet");
        assert_eq!(vitals.readiness().reasons, ["AWS has not answered yet"]);
        site.aws.outage(&[]);
        for _ in 0..8 {
            pass().await;
        }
        assert!(*stands.borrow());
        assert_eq!(vitals.readiness(), Health::well());
        // Nothing has been heard of the cluster for minutes.
        for _ in 0..8 {
            pass().await;
        }
        assert!(!*stands.borrow(), "somebody else should lead");
        assert!(vitals.health().is_ok, "and this one need not be started anew");
    });
}

#[test]
fn who_is_told_to_stop_begins_nothing_and_waits_for_what_is_under_way() {
    let site = Site::new(WEB);
    wait(async {
        let (held, controller) = under_way(&site, 1000).await;
        let under_way = operations(&site);
        let began = controller.clock.moment();
        let clock = controller.clock;
        controller.stop().await;
        let took = clock.moment().since(began);
        assert!(took >= Duration::from_secs(9) && took <= Duration::from_secs(11), "{took:?}");
        held.release();
        clock.sleep(Duration::from_secs(10)).await;
        assert_eq!(operations(&site), under_way);
    });
}

#[test]
fn an_idle_one_stops_at_once() {
    let site = Site::new(WEB);
    wait(async {
        let controller = site.settle().await;
        let (clock, began) = (controller.clock, controller.clock.moment());
        controller.stop().await;
        assert!(clock.moment().since(began) < Duration::from_millis(100));
    });
}

#[test]
fn what_is_kept_is_bounded_by_what_stands() {
    let site = site(EVERYTHING);
    wait(async {
        let controller = site.settle().await;
        let kept = || (controller.runtime.world().lock().kept(), controller.runtime.queue().len());
        let mut before = kept();
        for round in 0..20 {
            let host = format!("h{round}.example.com");
            controller.cluster.add(&format!(
                "
service shop/t{round}: {{ports: [80]}}
ingress shop/new{round}: {{group.name: g{round}, rules: [{host} Exact /{round} t{round}:80]}}
"
            ));
            controller.settle().await;
            controller.cluster.delete(&key(&format!("shop/new{round}")));
            controller.settle().await;
            if round == 0 {
                // Some things happened for the first time, and others come with time.
                controller.pass(30 * 60).await;
                controller.settle().await;
                before = kept();
            }
        }
        assert_eq!(kept(), before);
    });
}

/// A change to something is carried out by a step of a plan; no step is left out of it.
#[test]
fn a_look_again_after_rest_finds_nothing_to_do() {
    let site = site(EVERYTHING);
    wait(async {
        let controller: Controller<Fake> = site.settle().await;
        site.aws.forget_calls();
        site.cluster.forget_calls();
        controller.look_again();
        controller.settle().await;
        assert_eq!(site.aws.performed(), []);
        let performed = site.cluster.performed().into_iter().map(Action::Kube);
        assert_eq!(performed.count(), 0);
    });
}
