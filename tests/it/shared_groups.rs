//! Target groups that members of a group share, where their class says so.

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::group::Group;
use albedo::model::rule::RuleAction;
use albedo::model::target::TargetState;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{key, wait};

const SHARING: &str =
    "{controller: alb.ingress.k8s.aws/albedo, alb.ingress.k8s.aws/shared-target-groups: 'true'}";
const OWN: &str = "{controller: alb.ingress.k8s.aws/albedo}";

fn app(class: &str) -> String {
    format!(
        "
class own: {class}
service shop/web: {{ports: ['http=80:8080']}}
endpoints shop/web: {{ports: {{http: 8080}}, at: [172.31.0.1, 172.31.0.2]}}
"
    )
}

fn tenant(name: &str, more: &str) -> String {
    format!(
        "ingress shop/{name}: {{class: own, group.name: edge, target-type: ip, {more} \
         rules: [{name}.example.com Prefix / web:80]}}\n"
    )
}

/// How many rules lead to each target group, by what it was made for.
fn led_to(site: &Site) -> BTreeMap<String, usize> {
    let state = site.aws.everything();
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for (id, found) in &state.target_groups {
        let resource = Group::resource_in(&found.spec.tags).unwrap().to_string();
        let leads = state.rules.values().filter(|rule| {
            let mut groups = rule.rule.actions.iter().flat_map(RuleAction::target_groups);
            groups.any(|weighted| weighted.group.given() == Some(id) && weighted.weight != Some(0))
        });
        *all.entry(resource).or_default() += leads.count();
    }
    all
}

#[test]
fn many_tenants_of_one_service_have_one_target_group() {
    wait(async {
        let site = Site::new(&app(SHARING));
        let tenants: String = (0..90).map(|number| tenant(&format!("t{number}"), "")).collect();
        site.cluster.add(&tenants);
        let controller = site.settle().await;
        let state = site.aws.everything();
        assert_eq!((state.target_groups.len(), state.rules.len()), (1, 90));
        let (_, one) = state.target_groups.first_key_value().unwrap();
        assert_eq!(one.targets.len(), 2);
        assert!(Group::resource_in(&one.spec.tags).unwrap().starts_with("shop/@web:80@"));
        assert_eq!(site.cluster.objects.read().unwrap().bindings.len(), 1);
        // Whoever leaves takes nothing of the others', whoever was first.
        site.aws.forget_calls();
        for name in ["shop/t0", "shop/t45"] {
            site.cluster.delete(&key(name));
        }
        controller.settle().await;
        let gone = site.aws.performed();
        let is_rule =
            |action: &&AwsAction| matches!(action, AwsAction::Elb(ElbAction::DeleteRule { .. }));
        assert_eq!(gone.iter().filter(is_rule).count(), 2);
        assert_eq!(site.aws.everything().target_groups.len(), 1);
        // Another process sees it as this one does.
        site.aws.forget_calls();
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
        // The last ones take it with them.
        for number in (0..90).filter(|number| ![0, 45].contains(number)) {
            site.cluster.delete(&key(&format!("shop/t{number}")));
        }
        controller.settle().await;
        assert_eq!(site.aws.everything().target_groups.len(), 0);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn only_those_of_a_namespace_who_want_the_same_share() {
    wait(async {
        let site = Site::new(&app(SHARING));
        let other = "
service bank/web: {ports: ['http=80:8080']}
ingress bank/a:
  {class: own, group.name: edge, target-type: ip, rules: [bank.example.com Prefix / web:80]}
class lbc: {controller: ingress.k8s.aws/alb}
ingress shop/l1:
  {class: lbc, group.name: edge, target-type: ip, rules: [l1.example.com Prefix / web:80]}
ingress shop/l2:
  {class: lbc, group.name: edge, target-type: ip, rules: [l2.example.com Prefix / web:80]}
";
        let slow = "target-group-attributes: slow_start.duration_seconds=30,";
        let tenants =
            [tenant("a", ""), tenant("b", ""), tenant("c", slow), tenant("d", slow)].concat();
        site.cluster.add(&format!("{other}{tenants}"));
        site.settle().await;
        let shared: Vec<usize> = led_to(&site).into_values().collect();
        let names: BTreeSet<String> = led_to(&site)
            .into_keys()
            .map(|name| name.split('@').take(2).collect::<Vec<_>>().join("@"))
            .collect();
        let expected = ["bank/@web:80", "shop/@web:80", "shop/l1-web:80", "shop/l2-web:80"];
        assert_eq!(names, expected.map(str::to_owned).into());
        assert_eq!((shared.len(), shared.iter().sum::<usize>()), (5, 7), "{:?}", led_to(&site));
    });
}

#[test]
fn a_class_of_lbc_s_that_asks_for_it_is_told_and_shares_none() {
    wait(async {
        let lbc =
            "{controller: ingress.k8s.aws/alb, alb.ingress.k8s.aws/shared-target-groups: 'true'}";
        let site = Site::new(&app(lbc));
        site.cluster.add(&[tenant("a", ""), tenant("b", "")].concat());
        site.settle().await;
        assert_eq!(led_to(&site).into_values().collect::<Vec<_>>(), [1, 1]);
        let events = site.cluster.events().into_iter();
        let told = events.filter(|event| event.message.contains("shared-target-groups"));
        assert_eq!(told.count(), 2, "each hears it once");
    });
}

#[test]
fn who_wants_something_else_goes_to_another_one_once_somebody_is_well_there() {
    wait(async {
        let site = Site::new(&app(SHARING));
        site.cluster.add(&[tenant("a", ""), tenant("b", "")].concat());
        let controller = site.settle().await;
        site.aws.set_health(TargetState::Healthy);
        site.aws.take_time();
        site.cluster.add(&tenant("b", "healthcheck-path: /b,"));
        controller.settle_for(30).await;
        // It is attached and gets nothing before a target of it is well.
        let split = led_to(&site);
        assert_eq!(split.values().copied().collect::<BTreeSet<_>>(), [0, 2].into(), "{split:?}");
        site.aws.be_quick();
        site.aws.set_health(TargetState::Healthy);
        controller.settle().await;
        let split: Vec<usize> = led_to(&site).into_values().collect();
        assert_eq!(split, [1, 1]);
        // And back.
        site.cluster.add(&tenant("b", ""));
        controller.settle().await;
        assert_eq!(led_to(&site).into_values().collect::<Vec<_>>(), [2]);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn sharing_is_switched_on_and_off_without_a_gap() {
    wait(async {
        let site = Site::new(&app(OWN));
        site.cluster.add(&[tenant("a", ""), tenant("b", "")].concat());
        let controller = site.settle().await;
        assert_eq!(led_to(&site).into_values().collect::<Vec<_>>(), [1, 1]);
        let before = canon::aws(&site.aws.everything());
        for (class, expected) in [(SHARING, vec![2]), (OWN, vec![1, 1])] {
            site.aws.forget_calls();
            site.cluster.add(&format!("class own: {class}"));
            controller.settle().await;
            assert_eq!(led_to(&site).into_values().collect::<Vec<_>>(), expected);
            assert_eq!(site.refused(), 0);
            // No rule went or came: each was led from one to the other.
            let moved = site.aws.performed();
            let is_other = |action: &&AwsAction| {
                matches!(
                    action,
                    AwsAction::Elb(ElbAction::CreateRule { .. } | ElbAction::DeleteRule { .. })
                )
            };
            assert_eq!(moved.iter().filter(is_other).count(), 0, "{moved:#?}");
        }
        assert_eq!(canon::aws(&site.aws.everything()), before);
    });
}

#[test]
fn who_turns_bad_keeps_what_it_shares() {
    wait(async {
        let site = Site::new(&app(SHARING));
        site.cluster.add(&[tenant("a", ""), tenant("b", "")].concat());
        let controller = site.settle().await;
        site.cluster.add(&tenant("a", "healthcheck-interval-seconds: never,"));
        controller.settle().await;
        assert_eq!(led_to(&site).into_values().collect::<Vec<_>>(), [2]);
        drop(controller);
        // Also where only what is remembered stands for it, and the other one leaves.
        let controller = site.settle().await;
        site.cluster.delete(&key("shop/b"));
        controller.settle().await;
        assert_eq!(led_to(&site).into_values().collect::<Vec<_>>(), [1]);
        assert_eq!(site.refused(), 0);
    });
}
