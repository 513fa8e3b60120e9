//! What is remembered: it can be read again, by whichever version.

use albedo::model::binding::PortRef;
use albedo::model::id::{Handle, Id};
use albedo::model::part::Part;
use albedo::model::rule::RuleAction;

use super::support::world::{World, member};

/// A group's text for `shop/a` and the Service `b-c` is the same as for `shop/a-b` and `c`.
const WORLD: &str = "
class alb: {}
service shop/b-c: {ports: [80]}
service shop/c: {ports: ['http=80:8080']}
ingress shop/a: {group.name: edge, rules: [a.example.com Exact / b-c:80]}
ingress shop/a-b: {group.name: edge,
  rules: [b.example.com Exact / c:80, c.example.com Exact / c:http]}
";

#[test]
fn a_part_that_is_read_again_knows_whose_its_target_groups_are() {
    let built = World::new(WORLD).build("edge");
    for (name, backends) in [
        ("shop/a", vec![("b-c", PortRef::Number(80))]),
        ("shop/a-b", vec![("c", PortRef::Number(80)), ("c", PortRef::Name("http".to_owned()))]),
    ] {
        let part = built.good[&member(name)].as_ref();
        let text = serde_json::to_string(part).unwrap();
        let read: Part = serde_json::from_str(&text).unwrap();
        assert_eq!(read, *part);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let of_rules = read.rules.iter().flat_map(|rule| &rule.actions);
        let ids = of_rules.flat_map(RuleAction::target_groups).map(|weighted| &weighted.group);
        let of_bindings = read.target_groups.values().map(|wished| &wished.binding.target_group);
        let keys = ids.chain(of_bindings).map(|id| match id {
            Id::Of(Handle::TargetGroup(_, key)) => key,
            other => panic!("{other}"),
        });
        for key in keys.chain(read.target_groups.keys()) {
            assert_eq!(*key.backend.owner(), member(name));
            let backend = (key.backend.service(), key.backend.port().clone());
            assert!(backends.contains(&backend), "{key}");
        }
    }
}
