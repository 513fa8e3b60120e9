//! What stands and nobody explains, beside what good members wish for.

use albedo::model::id::ObjectKey;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{key, wait};

fn rules(site: &Site) -> Vec<String> {
    canon::rules(&site.aws.everything())
}

/// A change that comes, while nobody looks, together with a member of the group that is bad and of
/// which nothing is remembered.
async fn changed_beside_the_unexplained(before: &str, changes: &str, expected: &[&str]) {
    let site = Site::new("service shop/s: {ports: [80]}");
    site.cluster.add(before);
    drop(site.settle().await);
    site.cluster.add(changes);
    for _ in 0..2 {
        site.settle().await;
        assert_eq!(rules(&site), expected, "{before} and then {changes}");
    }
}

#[test]
fn a_good_members_own_rule_is_changed_beside_a_bad_member_that_never_had_one() {
    wait(async {
        changed_beside_the_unexplained(
            "ingress shop/a: {group.name: edge, rules: [a.example.com Prefix / s:80]}",
            "
ingress shop/a: {group.name: edge, rules: [a.example.com Prefix /v2 s:80]}
ingress shop/b: {group.name: edge, listen-ports: '[{', finalizers: [group.ingress.k8s.aws/edge],
  rules: [b.example.com Prefix / s:80]}
",
            &["80:1 a.example.com /v2|/v2/* -> shop/a-s:80"],
        )
        .await;
    });
}

#[test]
fn whoever_leaves_beside_a_bad_member_that_never_had_a_rule_is_not_served_any_more() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80]}
ingress shop/a: {group.name: edge, listen-ports: '[{', finalizers: [group.ingress.k8s.aws/edge],
  rules: [a.example.com Prefix / s:80]}
ingress shop/a-b: {group.name: edge, rules: [b.example.com Prefix / s:80]}
ingress shop/c: {group.name: edge, rules: [c.example.com Prefix / s:80]}
ingress shop/d: {group.name: edge, rules: [d.example.com Prefix / s:80]}
",
        );
        let controller = site.settle().await;
        for name in ["a-b", "c"] {
            controller.cluster.delete(&key(&format!("shop/{name}")));
        }
        controller.settle().await;
        // What was made for `a-b` may have been made for `a`, by its name.
        let expected =
            ["80:1 b.example.com /* -> shop/a-b-s:80", "80:2 d.example.com /* -> shop/d-s:80"];
        assert_eq!(rules(&site), expected);
    });
}

#[test]
fn a_good_members_new_rule_is_not_behind_what_nobody_explains_of_a_later_one() {
    wait(async {
        changed_beside_the_unexplained(
            "
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Prefix / s:80]}
",
            "
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80, any Exact /n s:80]}
ingress shop/b: {group.name: edge, group.order: 2, listen-ports: '[{', rules: []}
",
            &["80:1 /a -> shop/a-s:80", "80:2 /n -> shop/a-s:80", "80:3 /* -> shop/b-s:80"],
        )
        .await;
    });
}

#[test]
fn a_good_members_new_rule_is_not_in_front_of_what_nobody_explains_of_an_earlier_one() {
    wait(async {
        let before = "
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /b s:80]}
";
        // Not even if it is the member's first one.
        changed_beside_the_unexplained(
            before,
            "
ingress shop/b: {group.name: edge, group.order: 2, listen-ports: '[{', rules: []}
ingress shop/c: {group.name: edge, group.order: 3, rules: [any Prefix / s:80]}
",
            &["80:1 /a -> shop/a-s:80", "80:2 /b -> shop/b-s:80", "80:3 /* -> shop/c-s:80"],
        )
        .await;
        changed_beside_the_unexplained(
            before,
            "
ingress shop/a: {group.name: edge, group.order: 1, listen-ports: '[{', rules: []}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Prefix / s:80]}
",
            &["80:1 /a -> shop/a-s:80", "80:2 /* -> shop/b-s:80"],
        )
        .await;
    });
}

/// Who is let in from outside, after one member turned bad and the other one changed while nobody
/// looked.
async fn let_in_beside_the_unexplained(before: &str, after: &str) -> Vec<String> {
    let web = |name: &str, more: &str| {
        format!(
            "ingress shop/{name}: {{group.name: edge, {more}, rules: [any Exact /{name} s:80]}}"
        )
    };
    let site = Site::new("service shop/s: {ports: [80]}");
    site.cluster.add(&web("a", before));
    site.cluster.add(&web("b", "inbound-cidrs: 10.0.0.0/8"));
    drop(site.settle().await);
    site.cluster.add(&web("a", after));
    site.cluster.add(&web("b", "inbound-cidrs: nonsense"));
    site.settle().await;
    let groups = site.aws.everything().security_groups;
    let rules = groups.values().flat_map(|found| found.rules.keys()).map(ToString::to_string);
    rules.filter(|rule| rule.contains('/')).collect()
}

#[test]
fn nobody_else_is_let_in_beside_the_unexplained_and_fewer_may_be() {
    wait(async {
        let silent = "tags: a=b";
        let named = |cidrs: &str| format!("inbound-cidrs: '{cidrs}'");
        let (all, some) = ("tcp 80 from 10.0.0.0/8", "tcp 80 from 10.1.0.0/16");
        for (before, after, expected) in [
            (silent.to_owned(), "tags: a=c".to_owned(), all),
            (silent.to_owned(), r#"listen-ports: '[{"HTTP":80},{"HTTP":81}]'"#.to_owned(), all),
            (named("10.0.0.0/8"), named("0.0.0.0/0"), all),
            (named("10.0.0.0/8"), named("10.1.0.0/16"), some),
            (named("10.0.0.0/8"), named("10.1.0.0/16,11.0.0.0/8"), some),
        ] {
            let found = let_in_beside_the_unexplained(&before, &after).await;
            assert_eq!(found, [expected], "{after}");
        }
    });
}

#[test]
fn nobody_takes_requests_of_the_unexplained_of_another_namespace() {
    wait(async {
        for class in ["", "class: own, "] {
            let before = format!(
                "
class own: {{controller: alb.ingress.k8s.aws/own}}
service pay/s: {{ports: [80]}}
service evil/s: {{ports: [80]}}
ingress pay/b: {{{class}group.name: edge, rules: [pay.example.com Prefix / s:80]}}
ingress evil/a: {{{class}group.name: edge, group.order: -5,
  rules: [evil.example.com Exact /a s:80]}}
"
            );
            for (taking, names) in [
                ("pay.example.com Prefix / s:80", "pay.example.com /*"),
                ("'*.example.com Exact /x s:80'", "*.example.com /x"),
                ("any Prefix / s:80", "/*"),
            ] {
                let changes = format!(
                    "
ingress pay/b: {{{class}group.name: edge, listen-ports: '[{{', rules: []}}
ingress evil/a: {{{class}group.name: edge, group.order: -5, rules: [{taking}]}}
"
                );
                let expected = [
                    "80:1 pay.example.com /* -> pay/b-s:80",
                    &format!("80:2 {names} -> evil/a-s:80"),
                ];
                changed_beside_the_unexplained(&before, &changes, &expected).await;
            }
        }
    });
}

/// A member whose pod nodes let load balancers reach.
const BOUND: &str = "
service shop/s: {ports: [8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {group.name: edge, rules: [a.example.com Prefix / s:8080]}
";

/// What security groups let in: nodes and pods among them.
fn let_in(site: &Site) -> Vec<String> {
    let groups = site.aws.everything().security_groups;
    let each = groups
        .iter()
        .flat_map(|(id, found)| found.rules.keys().map(move |rule| format!("{id}: {rule}")));
    each.collect()
}

#[test]
fn nodes_let_in_what_leads_to_targets_that_no_binding_keeps() {
    wait(async {
        let site = Site::new(BOUND);
        drop(site.settle().await);
        let before = let_in(&site);
        assert!(before.iter().any(|rule| rule.starts_with("sg-nodes")), "{before:?}");
        site.cluster.add("ingress shop/a: {group.name: edge, listen-ports: '[{', rules: []}");
        let controller = site.settle().await;
        site.cluster.delete_binding(&only_binding(&site));
        controller.settle().await;
        assert_eq!(let_in(&site), before);
        // Once somebody explains it, nothing is held any more.
        site.cluster.add("ingress shop/a: {group.name: edge, rules: []}");
        controller.settle().await;
        let after = let_in(&site);
        assert!(!after.iter().any(|rule| rule.starts_with("sg-nodes")), "{after:?}");
    });
}

/// Whether nodes let in what comes to a port.
fn lets_in(site: &Site, port: u16) -> bool {
    let is_of = |rule: &String| {
        rule.starts_with("sg-nodes")
            && rule.split(|c: char| !c.is_ascii_digit()).any(|number| number == port.to_string())
    };
    let_in(site).iter().any(is_of)
}

#[test]
fn what_no_binding_keeps_and_cannot_be_read_holds_up_no_newcomer() {
    wait(async {
        let site = Site::new(BOUND);
        let controller = site.settle().await;
        assert!(lets_in(&site, 8080), "{:?}", let_in(&site));
        drop(controller);
        site.cluster.delete_binding(&only_binding(&site));
        site.cluster.add(
            "
ingress shop/a: {group.name: edge, listen-ports: '[{', rules: []}
service shop/t: {ports: [9090]}
endpoints shop/t: {at: [172.31.1.11]}
ingress shop/b: {group.name: other, rules: [b.example.com Prefix / t:9090]}
",
        );
        site.aws.take_down("elbv2.DescribeTargetHealth");
        let controller = site.start();
        controller.settle_for(60).await;
        assert!(lets_in(&site, 9090), "{:?}", let_in(&site));
        assert!(lets_in(&site, 8080), "{:?}", let_in(&site));
        // Once it can be read again, what no binding keeps stays.
        site.aws.mend();
        controller.settle().await;
        assert!(lets_in(&site, 9090) && lets_in(&site, 8080), "{:?}", let_in(&site));
    });
}

fn only_binding(site: &Site) -> ObjectKey {
    let objects = site.cluster.objects.read().unwrap();
    objects.bindings.keys().next().unwrap().clone()
}

#[test]
fn two_rules_that_say_the_same_do_not_change_places_behind_what_nobody_explains() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80]}
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80, any Exact /a s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /b s:80]}
",
        );
        drop(site.settle().await);
        // What is another member's stands in front of both.
        site.aws.change(|state| {
            for rule in state.rules.values_mut() {
                rule.priority = [2, 3, 1][rule.priority as usize - 1];
            }
        });
        site.cluster.add(
            "ingress shop/b: {group.name: edge, group.order: 2, listen-ports: '[{', rules: []}",
        );
        let before = rules(&site);
        for _ in 0..2 {
            site.aws.forget_calls();
            site.settle().await;
            assert_eq!(rules(&site), before);
            assert_eq!(site.aws.calls().get("elbv2.SetRulePriorities"), None);
        }
    });
}

/// The rule that nobody explains stands behind one of a good member, and stays behind it.
#[test]
fn who_is_new_and_first_takes_nothing_of_what_nobody_explains_behind_others() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80]}
service evil/s: {ports: [80]}
ingress shop/a: {group.name: edge, group.order: 1, rules: [a.example.com Prefix / s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [b.example.com Prefix /b s:80]}
",
        );
        drop(site.settle().await);
        site.cluster.add(
            "
ingress shop/b: {group.name: edge, group.order: 2, listen-ports: '[{', rules: []}
ingress evil/all: {group.name: edge, group.order: -1000,
  rules: [evil.example.net Prefix / s:80, '*.example.com Prefix / s:80']}
",
        );
        for _ in 0..2 {
            site.settle().await;
            assert_eq!(
                rules(&site),
                [
                    "80:1 evil.example.net /* -> evil/all-s:80",
                    "80:2 a.example.com /* -> shop/a-s:80",
                    "80:3 b.example.com /b|/b/* -> shop/b-s:80",
                    "80:4 *.example.com /* -> evil/all-s:80",
                ]
            );
        }
    });
}
