//! A path that is led to another Service keeps what it reached until that one takes requests.

use std::collections::BTreeSet;

use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::rule::RuleAction;
use albedo::model::target::TargetState;

use super::support::fake::{Fake, State};
use super::support::site::{Controller, Site};
use super::support::world::{CERTIFICATE, wait};

/// Two Services, of which one has all paths.
const THREE: &str = "
service shop/s: {ports: [80:8080]}
service shop/t: {ports: [80:9090]}
endpoints shop/s: {at: [172.31.0.1, 172.31.0.2]}
endpoints shop/t: {at: [172.31.0.3]}
ingress shop/web: {rules: [any Exact /a s:80, any Exact /b s:80], default: s:80}
";

/// What the rules lead to, by the Service's port, with weights; the default action last.
fn led_to(state: &State) -> Vec<String> {
    let groups = |actions: &[RuleAction]| {
        let weighted = actions.iter().flat_map(RuleAction::target_groups);
        let each = weighted.map(|weighted| {
            let found = &state.target_groups[weighted.group.given().unwrap()];
            format!("{}:{}", found.spec.port, weighted.weight.unwrap_or(1))
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

/// A site at which all is well, and whose first path and default are led to another Service.
async fn led_elsewhere() -> (Site, Controller<Fake>) {
    let site = Site::new(THREE);
    let controller = site.settle().await;
    site.aws.set_health(TargetState::Healthy);
    site.aws.take_time();
    let edit = THREE.replace("/a s:80", "/a t:80").replace("default: s:80", "default: t:80");
    controller.cluster.add(&edit);
    controller.settle_for(30).await;
    (site, controller)
}

#[test]
fn a_path_is_led_elsewhere_once_somebody_is_well_there() {
    wait(async {
        let (site, controller) = led_elsewhere().await;
        assert_eq!(led_to(&site.aws.everything()), ["8080:1 9090:0", "8080:1", "8080:1 9090:0"]);
        site.aws.set_health(TargetState::Healthy);
        controller.settle().await;
        assert_eq!(led_to(&site.aws.everything()), ["9090:1", "8080:1", "9090:1"]);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn a_path_that_is_led_elsewhere_goes_on_asking_who_comes() {
    wait(async {
        let jwt = "jwt-validation: '{\"jwksEndpoint\":\"https://k\",\"issuer\":\"https://i\"}'";
        let sketch = THREE.replace(
            "web: {rules",
            &format!("web: {{{jwt}, certificate-arn: '{CERTIFICATE}', rules"),
        );
        let site = Site::new(&sketch);
        let controller = site.settle().await;
        site.aws.set_health(TargetState::Healthy);
        site.aws.take_time();
        let asks = || {
            let state = site.aws.everything();
            let rules = state.rules.values().map(|rule| &rule.rule.actions);
            let all = rules.chain(state.listeners.values().map(|one| &one.spec.default_actions));
            all.into_iter().all(|actions| actions[0].authenticates())
        };
        assert!(asks());
        controller.cluster.add(&sketch.replace(" s:80", " t:80"));
        controller.settle_for(30).await;
        assert_eq!(led_to(&site.aws.everything())[0], "8080:1 9090:0");
        assert!(asks());
        site.aws.set_health(TargetState::Healthy);
        controller.settle().await;
        assert_eq!(led_to(&site.aws.everything())[0], "9090:1");
        assert!(asks());
    });
}

#[test]
fn nobody_waits_for_ever_for_who_never_gets_well() {
    wait(async {
        let (site, controller) = led_elsewhere().await;
        controller.settle_for(260).await;
        assert_eq!(led_to(&site.aws.everything()), ["8080:1 9090:0", "8080:1", "8080:1 9090:0"]);
        controller.settle_for(60).await;
        assert_eq!(led_to(&site.aws.everything()), ["9090:1", "8080:1", "9090:1"]);
        // It is over, and looked at no more.
        let calls = site.aws.calls();
        controller.settle_for(600).await;
        assert_eq!(site.aws.calls(), calls);
    });
}

#[test]
fn a_path_whose_targets_are_gone_is_led_elsewhere_at_once() {
    wait(async {
        let site = Site::new(THREE);
        let controller = site.settle().await;
        site.aws.set_health(TargetState::Unhealthy);
        site.aws.take_time();
        controller.cluster.add(&THREE.replace("/a s:80", "/a t:80"));
        controller.settle_for(5).await;
        assert_eq!(led_to(&site.aws.everything()), ["9090:1", "8080:1", "8080:1"]);
    });
}

#[test]
fn a_rule_that_comes_in_front_changes_no_other() {
    wait(async {
        let site = Site::new(THREE);
        let controller = site.settle().await;
        site.aws.set_health(TargetState::Healthy);
        site.aws.forget_calls();
        // What stood at the first place is moved, and goes on with what it does.
        let edit = THREE.replace("[any", "[any Exact /0 s:80, any").replace("/b s:80", "/b t:80");
        controller.cluster.add(&edit);
        controller.settle().await;
        let changed = site.aws.performed().into_iter().filter_map(|action| match action {
            AwsAction::Elb(ElbAction::ModifyRule { spec, .. }) => {
                Some(spec.paths().unwrap().join(" "))
            }
            _ => None,
        });
        let changed: BTreeSet<String> = changed.collect();
        assert_eq!(changed, BTreeSet::from(["/b".to_owned()]));
    });
}

/// Two members of a group, of which the first one comes first; all are well.
async fn two_members(first: &str, second: &str) -> (Site, Controller<Fake>) {
    let site = Site::new(&members(first, second));
    let controller = site.settle().await;
    site.aws.set_health(TargetState::Healthy);
    site.aws.take_time();
    (site, controller)
}

fn members(first: &str, second: &str) -> String {
    let (services, _) = THREE.split_once("ingress").unwrap();
    format!(
        "{services}ingress shop/one: {{group.name: g, group.order: 1, {first}}}
ingress shop/two: {{group.name: g, group.order: 2, {second}}}
"
    )
}

#[test]
fn a_rule_that_takes_anothers_requests_leads_to_that_one_until_somebody_is_well() {
    wait(async {
        let (site, controller) =
            two_members("rules: [any Exact /z s:80]", "rules: [any Prefix / s:80]").await;
        let takes = |path: &str| {
            members(
                &format!("rules: [any Exact /z s:80, any {path} t:80]"),
                "rules: [any Prefix / s:80]",
            )
        };
        for path in ["Prefix /a", "Prefix /"] {
            controller.cluster.add(&takes(path));
            controller.settle_for(30).await;
            let led = led_to(&site.aws.everything());
            assert_eq!(led, ["8080:1", "8080:1 9090:0", "8080:1", ""], "{path}");
            site.aws.set_health(TargetState::Healthy);
            controller.settle().await;
            let led = led_to(&site.aws.everything());
            assert_eq!(led, ["8080:1", "9090:1", "8080:1", ""], "{path}");
            controller
                .cluster
                .add(&members("rules: [any Exact /z s:80]", "rules: [any Prefix / s:80]"));
            controller.settle().await;
        }
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn a_path_is_not_led_elsewhere_before_the_rule_stands_that_takes_its_requests() {
    wait(async {
        let first = "rules: [any Exact /z s:80]";
        let (site, controller) =
            two_members(first, "rules: [any Exact /a s:80, any Exact /b s:80]").await;
        site.aws.forget_calls();
        controller.cluster.add(&members(
            "rules: [any Exact /z s:80, any Prefix / t:80]",
            "rules: [any Exact /a t:80, any Exact /b s:80]",
        ));
        controller.settle_for(30).await;
        let performed = site.aws.performed();
        let makes =
            |action: &AwsAction| matches!(action, AwsAction::Elb(ElbAction::CreateRule { .. }));
        let before = performed.iter().take_while(|action| !makes(action));
        let taken = before.filter(|action| {
            let AwsAction::Elb(ElbAction::ModifyRule { spec, .. }) = action else { return false };
            spec.actions.iter().flat_map(RuleAction::target_groups).count() < 2
        });
        assert_eq!(taken.count(), 0, "{performed:?}");
        assert!(performed.iter().any(makes));
        site.aws.set_health(TargetState::Healthy);
        controller.settle().await;
        let led = led_to(&site.aws.everything());
        assert_eq!(led, ["8080:1", "9090:1", "9090:1", "8080:1", ""]);
    });
}

#[test]
fn of_two_rules_for_a_path_the_other_one_comes_first_once_somebody_is_well_there() {
    wait(async {
        let rules = |port: &str| format!("rules: [any Prefix /a {port}:80]");
        let site = Site::new(&members(&rules("s"), ""));
        let controller = site.settle().await;
        site.aws.set_health(TargetState::Healthy);
        site.aws.take_time();
        // The second one is not needed yet, and so it is as it is asked for at once.
        controller.cluster.add(&members(&rules("s"), &rules("t")));
        controller.settle_for(30).await;
        assert_eq!(led_to(&site.aws.everything()), ["8080:1", "9090:1", ""]);
        let turned = members(&rules("s"), &rules("t")).replace("order: 1", "order: 3");
        controller.cluster.add(&turned);
        controller.settle_for(30).await;
        assert_eq!(led_to(&site.aws.everything()), ["8080:1 9090:0", "8080:1", ""]);
        site.aws.set_health(TargetState::Healthy);
        controller.settle().await;
        assert_eq!(led_to(&site.aws.everything()), ["9090:1", "8080:1", ""]);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn nobody_gets_past_whoever_asks_who_comes_by_a_rule_in_front() {
    wait(async {
        let jwt = "jwt-validation: '{\"jwksEndpoint\":\"https://k\",\"issuer\":\"https://i\"}'";
        let https = format!("certificate-arn: '{CERTIFICATE}', rules");
        let second = format!("{jwt}, {https}: [any Prefix / s:80]");
        let open = format!("{https}: [any Exact /z t:80]");
        let (site, controller) = two_members(&open, &second).await;
        site.aws.set_health(TargetState::Initial);
        site.aws.change(|state| {
            let old = state.target_groups.values_mut().filter(|group| group.spec.port == 8080);
            old.flat_map(|group| group.targets.values_mut())
                .for_each(|state| *state = TargetState::Healthy);
        });
        let edit = members(&open.replace("t:80]", "t:80, any Exact /a t:80]"), &second);
        controller.cluster.add(&edit);
        controller.settle_for(30).await;
        let state = site.aws.everything();
        for rule in state.rules.values().filter(|rule| !rule.rule.actions[0].authenticates()) {
            let groups = rule.rule.actions.iter().flat_map(RuleAction::target_groups);
            for weighted in groups {
                let group = &state.target_groups[weighted.group.given().unwrap()];
                assert_eq!(group.spec.port, 9090, "{}", rule.rule);
            }
        }
        assert_eq!(led_to(&state)[..2], ["9090:1", "9090:1"]);
    });
}

#[test]
fn what_a_new_rule_leads_to_meanwhile_stays_until_it_leads_elsewhere() {
    wait(async {
        let rules = |rule: &str| format!("rules: [any Exact /z t:80, {rule}]");
        let second = "rules: [any Exact /y t:80]";
        let (site, controller) = two_members(&rules("any Prefix / s:80"), second).await;
        site.aws.set_health(TargetState::Initial);
        site.aws.change(|state| {
            let old = state.target_groups.values_mut().filter(|group| group.spec.port == 8080);
            old.flat_map(|group| group.targets.values_mut())
                .for_each(|state| *state = TargetState::Healthy);
        });
        // Nobody wants any more what has answered its requests.
        controller.cluster.add(&members(&rules("any Prefix /a t:80"), second));
        controller.settle_for(30).await;
        let led = led_to(&site.aws.everything());
        assert!(led.contains(&"8080:1 9090:0".to_owned()), "{led:?}");
        site.aws.set_health(TargetState::Healthy);
        controller.settle().await;
        let state = site.aws.everything();
        assert_eq!(led_to(&state), ["9090:1", "9090:1", "9090:1", ""]);
        assert!(state.target_groups.values().all(|group| group.spec.port == 9090));
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn a_rule_that_leads_elsewhere_behind_what_nobody_explains_is_the_same_rule() {
    wait(async {
        let second = "rules: [any Prefix / s:80]";
        let (site, _) = two_members("rules: [any Exact /z s:80]", second).await;
        // Of the second one nothing is known.
        let takes = "rules: [any Exact /z s:80, any Exact /a t:80]";
        site.cluster.add(&members(takes, "listen-ports: '[{', rules: []"));
        site.start().settle_for(30).await;
        assert_eq!(led_to(&site.aws.everything()), ["8080:1", "8080:1 9090:0", "8080:1", ""]);
        site.aws.set_health(TargetState::Healthy);
        site.settle().await;
        assert_eq!(led_to(&site.aws.everything()), ["8080:1", "9090:1", "8080:1", ""]);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn a_rule_on_its_way_goes_with_whoever_wants_it_no_more_beside_what_nobody_explains() {
    wait(async {
        let first = "rules: [any Exact /z s:80]";
        let (site, _) = two_members(first, "rules: [any Prefix / s:80]").await;
        let second = "listen-ports: '[{', rules: []";
        site.cluster.add(&members("rules: [any Exact /z s:80, any Exact /a t:80]", second));
        let controller = site.start();
        controller.settle_for(30).await;
        assert_eq!(led_to(&site.aws.everything()), ["8080:1", "8080:1 9090:0", "8080:1", ""]);
        controller.cluster.add(&members(first, second));
        controller.settle().await;
        assert_eq!(led_to(&site.aws.everything()), ["8080:1", "8080:1", ""]);
    });
}

#[test]
fn a_rule_that_stays_behind_another_one_is_led_nowhere_else_meanwhile() {
    wait(async {
        let site = Site::new(&members("rules: [any Prefix / s:80]", "rules: [any Exact /a t:80]"));
        drop(site.settle().await);
        site.aws.set_health(TargetState::Healthy);
        site.aws.take_time();
        site.aws.change(|state| {
            let new = state.target_groups.values_mut().filter(|group| group.spec.port == 9090);
            new.flat_map(|group| group.targets.values_mut())
                .for_each(|state| *state = TargetState::Unhealthy);
        });
        let before = led_to(&site.aws.everything());
        // Of the first one nothing is known: what stands of it stays in front.
        let second = "group.order: 2, rules: [any Exact /a t:80]";
        let (services, _) = THREE.split_once("ingress").unwrap();
        site.cluster.add(&format!(
            "{services}ingress shop/one: {{group.name: g, group.order: 1, listen-ports: '[{{', \
             rules: []}}\ningress shop/two: {{group.name: g, {second}}}\n"
        ));
        site.aws.forget_calls();
        for _ in 0..2 {
            site.start().settle_for(30).await;
            assert_eq!(led_to(&site.aws.everything()), before);
        }
        assert!(site.aws.performed().is_empty(), "{:?}", site.aws.performed());
    });
}
