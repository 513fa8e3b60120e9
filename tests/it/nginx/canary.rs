//! Canaries, which take a share of the rules of another Ingress.

use albedo::model::rule::{Request, Rule, RuleAction, route};

use super::super::support::world::World;
use super::{A, EDGE, ingress, rules, told, world};

/// Where a request from an address goes.
fn answer(rules: &[Rule], from: &str, header: Option<(&str, &str)>) -> String {
    let mut request = Request::get("a.example.com", "/x");
    request.source = from.parse().unwrap();
    request.headers.extend(header.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let taken = route(rules, &request).taken;
    taken.map_or_else(
        || "nothing".to_owned(),
        |taken| {
            let action = rules[taken].actions.last().unwrap();
            match action {
                RuleAction::Forward { groups, .. } => {
                    let each = groups.iter().map(|one| {
                        let name = one.group.short();
                        let name = name.rsplit('-').next().unwrap().to_owned();
                        one.weight.map_or(name.clone(), |weight| format!("{name} {weight}"))
                    });
                    each.collect::<Vec<_>>().join(", ")
                }
                other => other.to_string(),
            }
        },
    )
}

fn standing(world: &World, group: &str) -> Vec<Rule> {
    let front = world.build(group).stack.front.unwrap();
    front.listeners[&80].rules.iter().map(|(rule, _)| rule.clone()).collect()
}

fn with_canary(own: &[(&str, &str)], canary: &[(&str, &str)]) -> World {
    let main = ingress("main", A, &[&[EDGE], own].concat());
    let path = "a.example.com Prefix / next:80";
    let canary = ingress("canary", path, &[&[EDGE, ("n/canary", "true")], canary].concat());
    world(&[main, canary])
}

#[test]
fn a_canary_takes_its_share_of_the_rules_of_its_main_ingress() {
    let all = [
        ("n/canary-by-header", "X-Canary"),
        ("n/canary-by-cookie", "canary"),
        ("n/canary-weight", "30"),
    ];
    let world = with_canary(&[], &all);
    assert_eq!(told(&world.problems("edge")), [""; 0]);
    let rules = standing(&world, "edge");
    let ask = |header| answer(&rules, "192.0.2.1", header);
    assert_eq!(ask(None), "web:80 70, next:80 30");
    assert_eq!(ask(Some(("X-Canary", "always"))), "next:80");
    assert_eq!(ask(Some(("X-Canary", "never"))), "web:80");
    assert_eq!(ask(Some(("X-Canary", "perhaps"))), "web:80 70, next:80 30");
    assert_eq!(ask(Some(("Cookie", "a=b; canary=always"))), "next:80");
    assert_eq!(ask(Some(("Cookie", "canary=never; a=b"))), "web:80");
    assert_eq!(ask(Some(("Cookie", "xcanary=always"))), "web:80 70, next:80 30");
    for (value, expected) in [("yes", "next:80"), ("no", "web:80")] {
        let asks = [("n/canary-by-header", "X-Canary"), ("n/canary-by-header-value", "yes")];
        let rules = standing(&with_canary(&[], &asks), "edge");
        assert_eq!(answer(&rules, "192.0.2.1", Some(("X-Canary", value))), expected);
        let asks = [("n/canary-by-header", "X-Canary"), ("n/canary-by-header-pattern", "^y")];
        let rules = standing(&with_canary(&[], &asks), "edge");
        assert_eq!(answer(&rules, "192.0.2.1", Some(("X-Canary", value))), expected);
    }
    for (weight, total, expected) in [
        ("0", "100", "web:80"),
        ("100", "100", "next:80"),
        ("1", "100000", "web:80 998, next:80 1"),
    ] {
        let asks = [("n/canary-weight", weight), ("n/canary-weight-total", total)];
        let rules = standing(&with_canary(&[], &asks), "edge");
        assert_eq!(answer(&rules, "192.0.2.1", None), expected, "{weight} of {total}");
    }
}

#[test]
fn a_canary_that_cannot_be_used_leaves_its_main_ingress_alone() {
    for (canary, expected) in [
        (("n/canary-weight", "101"), "Error InvalidAnnotation canary n/canary-weight"),
        (("n/canary-by-header", "a b"), "Error InvalidAnnotation canary n/canary-by-header"),
        (("n/auth-url", "https://x"), "Error Unsupported canary n/auth-url"),
    ] {
        let world = with_canary(&[], &[("n/canary-by-cookie", "c"), canary]);
        assert_eq!(told(&world.problems("edge")), [expected]);
        assert_eq!(rules(&world, "edge", 80), ["a.example.com /* -> web:80"]);
    }
    let main = ingress("main", A, &[EDGE]);
    let gone = "a.example.com Prefix / gone:80";
    let canary = ingress("canary", gone, &[EDGE, ("n/canary", "true"), ("n/canary-weight", "9")]);
    let world = world(&[main, canary]);
    assert_eq!(rules(&world, "edge", 80), ["a.example.com /* -> web:80"]);
    assert_eq!(told(&world.problems("edge")), ["Warning InvalidBackend canary spec.rules"]);
    let alone = self::world(&[ingress("canary", A, &[("n/canary", "true")])]);
    let expected = ["Warning InvalidAnnotation canary n/canary"];
    assert_eq!(told(&alone.problems("shop/canary")), expected);
    assert_eq!(rules(&alone, "shop/canary", 80), [""; 0]);
}

#[test]
fn nobody_passes_a_list_of_addresses_by_way_of_a_canary() {
    let canary = [("n/canary-by-header", "X-Canary"), ("n/canary-weight", "50")];
    let allowed = [("n/whitelist-source-range", "10.0.0.0/8")];
    let rules = standing(&with_canary(&allowed, &canary), "edge");
    let header = Some(("X-Canary", "always"));
    assert_eq!(answer(&rules, "10.1.1.1", header), "next:80");
    assert_eq!(answer(&rules, "10.1.1.1", None), "web:80 50, next:80 50");
    assert_eq!(answer(&rules, "192.0.2.1", header), "403");
    assert_eq!(answer(&rules, "192.0.2.1", None), "403");
    let denied = [("n/denylist-source-range", "192.0.2.0/24")];
    let condition =
        r#"[{"field":"http-request-method","httpRequestMethodConfig":{"values":["GET"]}}]"#;
    for own in [&denied[..], &[denied[0], ("conditions.web", condition)]] {
        let rules = standing(&with_canary(own, &canary), "edge");
        assert_eq!(answer(&rules, "10.1.1.1", header), "next:80");
        assert_eq!(answer(&rules, "192.0.2.1", header), "403");
        assert_eq!(answer(&rules, "192.0.2.1", None), "403");
    }
}

#[test]
fn a_canary_takes_nothing_of_another_namespace() {
    let main = ingress("main", A, &[EDGE]);
    let asks = [EDGE, ("n/canary", "true"), ("n/canary-weight", "50")];
    let canary = ingress("canary", "a.example.com Prefix / s:80", &asks);
    let canary = canary.replace("shop/canary", "evil/canary");
    let world = world(&[main, canary, "service evil/s: {ports: [80]}\n".to_owned()]);
    assert_eq!(rules(&world, "edge", 80), ["a.example.com /* -> web:80"]);
    let expected = ["Warning InvalidAnnotation canary n/canary"];
    assert_eq!(told(&world.problems("edge")), expected);
}
