//! What a change costs, reads included, once everything is known.

use std::collections::BTreeMap;

use albedo::model::action::{AwsAction, Ec2Action};
use albedo::model::id::AwsId;

use super::support::site::Site;
use super::support::world::{NODES, key, wait};

const SHOP: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1, 172.31.0.2]}
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80, any Exact /b s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /c s:80]}
";

fn check(change: &str, expected: &[(&str, usize)]) {
    let site = Site::new(SHOP);
    wait(async {
        let controller = site.settle().await;
        site.aws.forget_calls();
        site.cluster.forget_calls();
        controller.cluster.add(change);
        controller.settle().await;
    });
    let expected = expected.iter().map(|(call, count)| ((*call).to_owned(), *count));
    assert_eq!(site.aws.calls(), expected.collect::<BTreeMap<_, _>>(), "{change}");
    assert_eq!(site.cluster.performed(), [], "{change}");
}

#[test]
fn what_changes_nothing_costs_nothing() {
    check(
        "ingress shop/a: {example.com/note: x, group.name: edge, group.order: 1, \
         rules: [any Exact /a s:80, any Exact /b s:80]}",
        &[],
    );
    check("service shop/s: {example.com/note: x, ports: [80:8080]}", &[]);
    check(
        "endpoints shop/s: {labels: {kubernetes.io/service-name: s, x: y}, at: [172.31.0.1, 172.31.0.2]}",
        &[],
    );
    check("endpoints shop/s: {at: [172.31.0.2, 172.31.0.1]}", &[]);
    check("service other/s: {ports: [80]}\nendpoints other/s: {at: [172.31.0.9]}", &[]);
    check("class nginx: {controller: k8s.io/nginx}\ningress shop/n: {class: nginx}", &[]);
}

#[test]
fn one_path_changed_in_place_is_one_call() {
    check(
        "ingress shop/a: {group.name: edge, group.order: 1, \
         rules: [any Exact /a s:80, any Exact /x s:80]}",
        &[("elbv2.ModifyRule", 1)],
    );
}

#[test]
fn one_endpoint_is_one_call_for_each_target_group() {
    let at = |list: &str| format!("endpoints shop/s: {{at: [{list}]}}");
    check(&at("172.31.0.1, 172.31.0.2, 172.31.0.3"), &[("elbv2.RegisterTargets", 2)]);
    check(&at("172.31.0.1"), &[("elbv2.DeregisterTargets", 2)]);
    check(
        &at("172.31.0.1, 172.31.0.3"),
        &[("elbv2.DeregisterTargets", 2), ("elbv2.RegisterTargets", 2)],
    );
}

#[test]
fn a_restart_writes_nothing() {
    let site = Site::new(SHOP);
    wait(site.settle());
    site.aws.forget_calls();
    site.cluster.forget_calls();
    wait(site.settle());
    assert_eq!(site.aws.performed(), []);
    assert_eq!((site.cluster.performed(), site.cluster.statuses()), (Vec::new(), 0));
    assert_eq!(site.cluster.events(), []);
    // The VPC (4), and once each: interfaces, security groups, load balancers, target groups, ...
    assert!(site.aws.reads() <= 20, "{:?}", site.aws.calls());
}

#[test]
fn statuses_and_events_come_with_changes_only() {
    wait(async {
        let site = Site::new(SHOP);
        let controller = site.settle().await;
        let told: Vec<String> = site
            .cluster
            .events()
            .iter()
            .map(|event| format!("{} {}", event.object.key, event.reason))
            .collect();
        assert_eq!(told, ["shop/a SuccessfullyReconciled", "shop/b SuccessfullyReconciled"]);
        assert_eq!(site.cluster.statuses(), 2);
        site.cluster.forget_calls();
        // One member changes: it alone is told, and nobody's status differs.
        controller
            .cluster
            .add("ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /d s:80]}");
        controller.settle().await;
        let told: Vec<String> =
            site.cluster.events().iter().map(|event| event.object.key.to_string()).collect();
        assert_eq!((told, site.cluster.statuses()), (vec!["shop/b".to_owned()], 0));
        controller.cluster.delete(&key("shop/b"));
        controller.settle().await;
        assert_eq!(site.cluster.statuses(), 0);
    });
}

/// The calls about what nodes let in.
fn of_nodes(site: &Site) -> Vec<&'static str> {
    let performed = site.aws.performed();
    let of_nodes = performed.iter().filter(|action| match action {
        AwsAction::Ec2(
            Ec2Action::AuthorizeIngress { group, .. } | Ec2Action::RevokeIngress { group, .. },
        ) => group.to_string() == NODES,
        _ => false,
    });
    of_nodes.map(|action| action.operation().1).collect()
}

#[test]
fn what_nodes_let_in_is_not_widened_binding_by_binding() {
    wait(async {
        const THREE: &str = "
service shop/s: {ports: [80:8080]}
service shop/t: {ports: [80:9090]}
service shop/u: {ports: [80:7070]}
endpoints shop/s: {at: [172.31.0.1]}
endpoints shop/t: {at: [172.31.0.2]}
endpoints shop/u: {at: [172.31.0.3]}
ingress shop/a: {rules: [any Exact /a s:80]}
ingress shop/b: {rules: [any Exact /b t:80]}
ingress shop/c: {rules: [any Exact /c u:80]}
";
        let site = Site::new(THREE);
        let controller = site.start();
        controller.settle().await;
        assert_eq!(of_nodes(&site), ["AuthorizeSecurityGroupIngress"]);
        // The same for what comes later to what stands.
        site.aws.forget_calls();
        controller.cluster.add(
            "
service shop/v: {ports: [80:10010]}
service shop/w: {ports: [80:10020]}
endpoints shop/v: {at: [172.31.0.4]}
endpoints shop/w: {at: [172.31.0.5]}
ingress shop/d: {rules: [any Exact /d v:80]}
ingress shop/e: {rules: [any Exact /e w:80]}
",
        );
        controller.settle().await;
        assert_eq!(
            of_nodes(&site),
            ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]
        );
        // Nobody waits for what will not come.
        site.aws.forget_calls();
        for name in ["shop/d", "shop/e"] {
            controller.cluster.delete(&key(name));
        }
        controller.settle().await;
        let narrowed = site.aws.everything().security_groups[&AwsId::new(NODES)].rules.clone();
        let ports: Vec<(u16, u16)> =
            narrowed.keys().map(|rule| (rule.from_port, rule.to_port)).collect();
        assert_eq!(ports, [(7070, 9090)]);
    });
}
