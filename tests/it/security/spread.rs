//! What one security group has no room for.

use std::collections::BTreeSet;

use albedo::model::action::{AwsAction, Ec2Action};
use albedo::model::id::AwsId;

use super::super::support::site::Site;
use super::super::support::world::{World, key, wait};
use super::entry::carried;

/// How many rules each of the security groups has that the load balancer carries, by the role that
/// its tag says.
fn spread(site: &Site) -> Vec<String> {
    let state = site.aws.everything();
    let carried: BTreeSet<String> = carried(site).into_iter().map(|(id, _)| id).collect();
    let all = state.security_groups.iter().filter_map(|(id, found)| {
        let role = found.spec.tags.get("ingress.k8s.aws/resource")?;
        let mark = if carried.contains(id.as_str()) { "" } else { " (loose)" };
        Some(format!("{role} {}{mark}", found.rules.len()))
    });
    let mut all: Vec<String> = all.collect();
    all.sort();
    all
}

/// An Ingress that lets in so many ranges.
fn many(class: &str, blocks: std::ops::Range<usize>) -> String {
    let cidrs: Vec<String> = blocks.map(|i| format!("10.{}.{}.0/24", i / 200, i % 200)).collect();
    format!(
        "class own: {{controller: alb.ingress.k8s.aws/albedo}}
service shop/s: {{ports: [80]}}
ingress shop/web: {{class: {class}, inbound-cidrs: '{}', rules: [any Exact /a s:80]}}",
        cidrs.join(",")
    )
}

/// What the security groups of the load balancer let in together.
fn sources(site: &Site) -> BTreeSet<String> {
    let state = site.aws.everything();
    let all = carried(site).into_iter().map(|(id, _)| AwsId::new(id));
    let rules = all.flat_map(|id| state.security_groups[&id].rules.clone().into_keys());
    rules.map(|rule| rule.source.to_string()).collect()
}

#[test]
fn on_classes_of_ours_what_one_security_group_has_no_room_for_is_in_others() {
    wait(async {
        let site = Site::new(&many("own", 0..150));
        let controller = site.settle().await;
        assert_eq!(
            spread(&site),
            [
                "ManagedLBSecurityGroup 60",
                "ManagedLBSecurityGroup-2 60",
                "ManagedLBSecurityGroup-3 30"
            ]
        );
        assert_eq!((sources(&site).len(), site.refused()), (150, 0));
        let names = site.aws.everything().security_groups;
        let names: BTreeSet<String> = names.values().map(|found| found.spec.name.clone()).collect();
        assert!(names.iter().any(|name| name.ends_with("-3")), "{names:?}");
        // It rests, also when somebody else leads.
        drop(controller);
        site.aws.forget_calls();
        let controller = site.settle().await;
        assert_eq!(site.aws.performed(), []);
        // What comes goes where there is room, and nothing else moves.
        site.cluster.add(&many("own", 10..151));
        controller.settle().await;
        assert_eq!((sources(&site).len(), site.refused()), (141, 0));
        let actions = site.aws.performed();
        let is_rule = |action: &AwsAction| {
            matches!(
                action,
                AwsAction::Ec2(
                    Ec2Action::AuthorizeIngress { .. } | Ec2Action::RevokeIngress { .. }
                )
            )
        };
        assert!(actions.len() <= 4 && actions.iter().all(is_rule), "{actions:?}");
        // Once all fit into one again, that has them before the others go.
        site.cluster.add(&many("own", 100..151));
        controller.settle_for(30 * 60).await;
        assert_eq!(spread(&site), ["ManagedLBSecurityGroup 51"]);
        assert_eq!(sources(&site).len(), 51);
        // All of them go with their load balancer.
        site.cluster.add(&many("own", 0..240));
        controller.settle().await;
        assert_eq!(spread(&site).len(), 4, "{:?}", spread(&site));
        assert_eq!(site.refused(), 0);
        site.cluster.delete(&key("shop/web"));
        controller.settle_for(30 * 60).await;
        assert_eq!(spread(&site), Vec::<String>::new());
    });
}

#[test]
fn nobody_is_cut_off_while_rules_move_between_security_groups() {
    wait(async {
        let site = Site::new(&many("own", 0..60));
        let controller = site.settle().await;
        // Nothing can be attached, so nothing goes.
        site.aws.forbid(&["elbv2.SetSecurityGroups"]);
        site.cluster.add(&many("own", 30..150));
        controller.settle_for(120).await;
        let before = sources(&site);
        assert!(before.contains("10.0.29.0/24") && before.len() >= 60, "{before:?}");
        site.aws.forbid(&[]);
        controller.settle_for(30 * 60).await;
        assert_eq!(sources(&site).len(), 120);
        // What there is no room for in one again stays in the others until it is there.
        site.aws.forbid(&["ec2.AuthorizeSecurityGroupIngress"]);
        site.cluster.add(&many("own", 100..150));
        controller.settle_for(120).await;
        assert!(sources(&site).len() >= 50);
        let wished = |i: usize| format!("10.0.{i}.0/24");
        assert!((100..150).all(|i| sources(&site).contains(&wished(i))));
        site.aws.forbid(&[]);
        controller.settle_for(30 * 60).await;
        assert_eq!(sources(&site).len(), 50);
        assert_eq!(spread(&site).len(), 1);
    });
}

#[test]
fn on_classes_of_lbc_s_there_is_one_security_group_whatever_it_takes() {
    let mut world = World::new(&many("alb", 0..150));
    let built = world.build("shop/web");
    let front = built.stack.front.unwrap();
    assert_eq!((front.security_groups_max, front.load_balancer.security_groups.len()), (1, 2));
    world.add(&many("own", 0..150));
    assert_eq!(world.build("shop/web").stack.front.unwrap().security_groups_max, 4);
}
