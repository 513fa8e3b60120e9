//! Who is in a group, in which order, and who leaves it.

use albedo::desired::groups::members;
use albedo::model::problem::Code;

use super::support::world::{World, group};

fn check(sketch: &str, of: &str, active: &[&str], leaving: &[&str]) {
    let snapshot = World::new(sketch).snapshot();
    let found = members(&snapshot, &group(of));
    let found_active: Vec<String> =
        found.active.iter().map(|member| member.key.to_string()).collect();
    let leaving_or_gone = found.leaving.iter().chain(found.moved.iter().map(|(member, _)| member));
    let found_leaving: Vec<String> = leaving_or_gone.map(ToString::to_string).collect();
    assert_eq!(found_active, active, "active in {of}:\n{sketch}");
    assert_eq!(found_leaving, leaving, "leaving {of}:\n{sketch}");
}

#[test]
fn an_ingress_without_a_group_name_is_alone() {
    check("ingress shop/web:\ningress shop/api:", "shop/web", &["shop/web"], &[]);
    check("ingress shop/web: {group.name: edge}", "shop/web", &[], &[]);
}

#[test]
fn members_are_ordered_by_number_and_then_by_their_name_as_one_text() {
    let sketch = "
ingress a/x: {group.name: edge}
ingress a-b/x: {group.name: edge}
ingress a/first: {group.name: edge, group.order: -1000}
ingress a/last: {group.name: edge, group.order: '1000'}
ingress a/middle: {group.name: edge, group.order: 1}
ingress b/x: {group.name: edge, group.order: 1}
";
    check(
        sketch,
        "edge",
        // '-' sorts before '/'.
        &["a/first", "a-b/x", "a/x", "a/middle", "b/x", "a/last"],
        &[],
    );
}

#[test]
fn an_order_out_of_bounds_makes_its_member_bad_and_nobody_else() {
    for order in ["1001", "-1001", "one", "1.0", "''", "' 1'", "99999999999"] {
        let sketch = format!(
            "service a/s: {{ports: [80]}}\n\
             ingress a/bad: {{group.name: edge, group.order: {order}, rules: [any Exact / s:80]}}\n\
             ingress a/good: {{group.name: edge, rules: [any Prefix / s:80]}}"
        );
        let built = World::new(&sketch).build("edge");
        let guilty: Vec<_> =
            built.problems.iter().map(|p| (p.object.key.name.as_str(), p.code)).collect();
        assert_eq!(guilty, [("bad", Code::InvalidAnnotation)], "{order}");
        assert!(built.good.keys().map(|member| member.key.name.as_str()).eq(["good"]), "{order}");
    }
}

#[test]
fn the_class_names_the_group_over_the_annotation() {
    let sketch = "
params p: {group: {name: platform}}
class p: {params: p}
ingress a/x: {class: p, group.name: edge}
ingress a/y: {group.name: edge}
";
    check(sketch, "platform", &["a/x"], &[]);
    check(sketch, "edge", &["a/y"], &[]);
}

#[test]
fn a_group_name_is_a_dns_name_of_at_most_63_characters() {
    let longest = "g".repeat(63);
    let too_long = "g".repeat(64);
    for (name, is_good) in [
        ("a", true),
        ("a.b-c", true),
        ("0", true),
        (longest.as_str(), true),
        (too_long.as_str(), false),
        ("Edge", false),
        ("-edge", false),
        ("edge.", false),
        ("ed_ge", false),
        ("", false),
    ] {
        let sketch = format!("ingress a/x: {{group.name: {name:?}}}");
        check(&sketch, name, if is_good { &["a/x"] } else { &[] }, &[]);
    }
}

#[test]
fn who_leaves_is_known_by_the_finalizer() {
    let edge = "finalizers: [group.ingress.k8s.aws/edge]";
    let own = "finalizers: [ingress.k8s.aws/resources]";
    let deleted = "deletionTimestamp: '2026-01-01T00:00:00Z'";
    // Deleted, with and without the finalizer.
    check(&format!("ingress a/x: {{group.name: edge, {edge}, {deleted}}}"), "edge", &[], &["a/x"]);
    check(&format!("ingress a/x: {{group.name: edge, {deleted}}}"), "edge", &[], &[]);
    check(&format!("ingress a/x: {{{own}, {deleted}}}"), "a/x", &[], &["a/x"]);
    check(&format!("ingress a/x: {{{own}, {deleted}}}"), "a/y", &[], &[]);
    // Moved to another group, or to another controller.
    let moved = format!("ingress a/x: {{group.name: other, {edge}}}");
    check(&moved, "edge", &[], &["a/x"]);
    check(&moved, "other", &["a/x"], &[]);
    let foreign = "class nginx: {controller: k8s.io/nginx}";
    check(&format!("{foreign}\ningress a/x: {{class: nginx, {edge}}}"), "edge", &[], &["a/x"]);
    check(&format!("{foreign}\ningress a/x: {{class: nginx}}"), "edge", &[], &[]);
}

#[test]
fn a_class_that_is_gone_tears_nothing_down() {
    let held = "finalizers: [group.ingress.k8s.aws/edge]";
    check(
        &format!("ingress a/x: {{class: gone, group.name: edge, {held}}}"),
        "edge",
        &["a/x"],
        &[],
    );
    check("ingress a/x: {class: gone, group.name: edge}", "edge", &[], &[]);
    // Nor does a group name that has become a bad one.
    check(&format!("ingress a/x: {{group.name: EDGE, {held}}}"), "edge", &["a/x"], &[]);
}
