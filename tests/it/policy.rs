//! TenantPolicies: what a namespace may do, and what becomes of what it may not.

use albedo::model::problem::{Code, Severity};

use super::support::canon;
use super::support::site::Site;
use super::support::world::{World, key, wait};

mod bindings;
mod fields;
mod standing;

const SHOP: &str = "
namespace shop: {labels: {team: shop}}
namespace other: {labels: {team: other}}
service shop/s: {ports: [80]}
service other/s: {ports: [80]}
endpoints shop/s: {at: [172.31.1.10]}
";

/// A policy for the team's namespaces.
fn policy(name: &str, team: &str, fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { ", " };
    format!(
        "policy {name}: {{namespaceSelector: {{matchLabels: {{team: {team}}}}}{comma}{fields}}}"
    )
}

/// What errors say to an object, as far as it has been told since somebody asked.
fn told(site: &Site, object: &str) -> Vec<String> {
    let events = site.cluster.events().into_iter();
    let errors = events.filter(|event| event.severity == Severity::Error);
    let of_one = errors.filter(|event| event.object.key == key(object));
    of_one.map(|event| event.message).collect()
}

fn rules(site: &Site) -> Vec<String> {
    canon::rules(&site.aws.everything())
}

/// A group of two, of which one is refused under these policies or not.
fn is_refused(policies: &[String]) -> bool {
    let mut world = World::new(SHOP);
    for policy in policies {
        world.add(policy);
    }
    world.add("ingress other/b: {group.name: edge, rules: [b.example.com Prefix / s:80]}");
    world.add("ingress shop/a: {group.name: edge, rules: [a.example.com Prefix / s:80]}");
    let built = world.build("edge");
    let front = built.stack.front.expect("the other one is served");
    let count = front.listeners[&80].rules.len();
    let refused = built.problems.iter().filter(|problem| problem.code == Code::NotAllowed);
    let refused: Vec<_> = refused.map(|problem| problem.object.key.to_string()).collect();
    assert_eq!(refused.len() + count, 2);
    assert!(refused.iter().all(|object| object == "shop/a"), "{refused:?}");
    !refused.is_empty()
}

#[test]
fn whom_a_policy_selects_may_do_what_any_of_those_allows_and_others_anything() {
    let all = |fields: &str| format!("policy all: {{namespaceSelector: {{}}, {fields}}}");
    for (policies, expected) in [
        (vec![], false),
        (vec![policy("p", "shop", "groups: [own]")], true),
        (vec![policy("p", "shop", "groups: [edge]")], false),
        (vec![policy("p", "shop", "hostSuffixes: [example.com]")], false),
        (vec![policy("p", "shop", "")], false),
        (vec![policy("p", "absent", "groups: []")], false),
        (vec![policy("p", "shop", "groups: [own]"), policy("q", "shop", "groups: [edge]")], false),
        (vec![policy("p", "shop", "groups: [own]"), policy("q", "shop", "subnets: []")], false),
        (vec![policy("p", "shop", "groups: [own]"), policy("q", "absent", "")], true),
        (vec![all("hostSuffixes: [b.example.com]")], true),
        (
            vec![
                all("hostSuffixes: [b.example.com]"),
                policy("p", "shop", "hostSuffixes: [a.example.com]"),
            ],
            false,
        ),
    ] {
        assert_eq!(is_refused(&policies), expected, "{policies:?}");
    }
}

#[test]
fn what_cannot_be_read_allows_nothing_new_and_takes_nothing_away() {
    let unread = policy("p", "shop", "grops: [edge]");
    assert!(is_refused(std::slice::from_ref(&unread)));
    // What another policy allows is allowed.
    assert!(!is_refused(&[unread.clone(), policy("q", "shop", "groups: [edge]")]));
    assert!(is_refused(&[unread.clone(), policy("q", "shop", "groups: []")]));
    assert!(!is_refused(&[policy("p", "absent", "grops: [edge]")]));
    wait(async {
        let site = Site::new(SHOP);
        site.cluster
            .add("ingress shop/a: {group.name: edge, rules: [a.example.com Prefix / s:80]}");
        let controller = site.settle().await;
        let before = canon::aws(&site.aws.everything());
        controller.cluster.add(&unread);
        controller.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        let texts = told(&site, "shop/a");
        let [only] = &texts[..] else { panic!("{texts:?}") };
        assert!(only.contains("TenantPolicy p, which cannot be read"), "{only}");
        assert!(only.contains("what stands of it stays"), "{only}");
        drop(controller);
        // So it is for another process.
        site.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
    });
}

#[test]
fn a_policy_and_no_other_namespace_is_named() {
    let mut world = World::new(SHOP);
    world.add(&policy("p", "shop", "groups: [own]"));
    world.add("policy q: {namespaceSelector: {}, groups: []}");
    world.add("ingress other/b: {class: null, group.name: edge}");
    world.add("ingress shop/a: {group.name: edge, rules: [a.example.com Prefix / s:80]}");
    let problems = world.problems("edge");
    let [only] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!(
        only.to_string(),
        "annotation alb.ingress.kubernetes.io/group.name: \"edge\"; \
         allowed: own, or a group of its own (TenantPolicies p, q); \
         meanwhile: nothing is made for it"
    );
}
