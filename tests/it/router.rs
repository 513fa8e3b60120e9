//! Where requests go: the built rules, walked in their order, against LBC's documented semantics.

use albedo::model::rule::{Condition, Rule, RuleAction};
use proptest::prelude::*;

use super::support::router::{first, takes};
use super::support::world::World;

/// A path of an Ingress.
#[derive(Clone, Debug)]
struct Path {
    kind: &'static str,
    path: &'static str,
    service: &'static str,
}

/// A member of a group: rules of a host with its paths.
type Member = Vec<(Option<&'static str>, Vec<Path>)>;

const HOSTS: [Option<&str>; 4] =
    [None, Some("a.example.com"), Some("b.example.com"), Some("*.example.com")];
const REQUEST_HOSTS: [&str; 4] = ["a.example.com", "b.example.com", "c.d.example.com", "other.org"];
const PLAIN: [&str; 7] = ["/", "/a", "/a/", "/a/b", "/ab", "/a/b/c", "/b"];
const PATTERNS: [&str; 5] = ["/*", "/a/*", "/?", "/a*", "/"];
const REQUEST_PATHS: [&str; 9] =
    ["/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/a/b/c/d", "/b", "/abc"];

fn path() -> impl Strategy<Value = Path> {
    let plain = (prop_oneof![Just("Exact"), Just("Prefix")], prop::sample::select(&PLAIN[..]));
    let pattern = (Just("ImplementationSpecific"), prop::sample::select(&PATTERNS[..]));
    let service = prop::sample::select(&["web", "api"][..]);
    (prop_oneof![3 => plain, 1 => pattern], service).prop_map(|((kind, path), service)| Path {
        kind,
        path,
        service,
    })
}

fn member() -> impl Strategy<Value = Member> {
    let rule = (prop::sample::select(&HOSTS[..]), prop::collection::vec(path(), 1..5));
    prop::collection::vec(rule, 1..4)
}

/// Where a request goes by the words of the documentation: the first member, and in it the first
/// rule, whose
/// host fits and that has a path that fits; of its paths an exact one, else the longest prefix,
/// else the first
/// pattern.
fn documented(members: &[Member], host: &str, path: &str) -> Option<String> {
    for (number, member) in members.iter().enumerate() {
        for (of, paths) in member {
            let is_host = match of {
                None => true,
                Some(name) => match name.strip_prefix('*') {
                    Some(domain) => host.ends_with(domain),
                    None => host == *name,
                },
            };
            if !is_host {
                continue;
            }
            let exact = paths.iter().find(|one| one.kind == "Exact" && one.path == path);
            let below = |prefix: &str| {
                let stem = prefix.strip_suffix('/').unwrap_or(prefix);
                path == stem || path.starts_with(&format!("{stem}/"))
            };
            let prefixes = paths.iter().filter(|one| one.kind == "Prefix" && below(one.path));
            // Of several of the same length the first.
            let prefix = prefixes.rev().max_by_key(|one| one.path.len());
            let pattern = paths
                .iter()
                .find(|one| one.kind == "ImplementationSpecific" && takes(one.path, path));
            if let Some(found) = exact.or(prefix).or(pattern) {
                return Some(format!("shop/m{number}-{}:80", found.service));
            }
        }
    }
    None
}

/// Where a request goes by the rules of a listener.
fn routed(rules: &[Rule], host: &str, path: &str) -> Option<String> {
    let rule = &rules[first(rules, host, path)?];
    let [RuleAction::Forward { groups, .. }] = &rule.actions[..] else { panic!("{rule}") };
    Some(groups[0].group.short().replace("target group ", ""))
}

fn sketch(members: &[Member]) -> String {
    let mut text = "service shop/web: {ports: [80]}\nservice shop/api: {ports: [80]}\n".to_owned();
    for (number, member) in members.iter().enumerate() {
        text.push_str(&format!("ingress shop/m{number}:\n  group.name: edge\n  rules:\n"));
        for (host, paths) in member {
            for Path { kind, path, service } in paths {
                let host = host.unwrap_or("any");
                text.push_str(&format!("  - {:?}\n", format!("{host} {kind} {path} {service}:80")));
            }
        }
    }
    text
}

/// Rules of one host that follow each other are one rule in the sketch.
fn joined(members: Vec<Member>) -> Vec<Member> {
    let join = |member: Member| {
        let mut rules: Member = Vec::new();
        for (host, paths) in member {
            match rules.last_mut() {
                Some((last, all)) if *last == host => all.extend(paths),
                _ => rules.push((host, paths)),
            }
        }
        rules
    };
    members.into_iter().map(join).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn requests_go_where_the_documentation_says(members in prop::collection::vec(member(), 1..4)) {
        let members = joined(members);
        let built = World::new(&sketch(&members)).build("edge");
        prop_assert_eq!(&built.problems, &[]);
        let front = built.stack.front.unwrap();
        let rules = &front.listeners[&80].rules;
        let rules: Vec<Rule> = rules.iter().map(|(rule, _)| rule.clone()).collect();
        for host in REQUEST_HOSTS {
            for path in REQUEST_PATHS {
                let by_rules = routed(&rules, host, path);
                let by_words = documented(&members, host, path);
                prop_assert_eq!(by_rules, by_words, "{} {}", host, path);
            }
        }
    }
}

/// Conditions of one rule: patterns of hosts and of paths, and methods.
fn conditions() -> impl Strategy<Value = Rule> {
    let texts = |of: &'static str, most| {
        prop::collection::vec(of, 1..most).prop_map(|all| all.into_iter().map(Into::into).collect())
    };
    let host = texts("[aA*?.]{1,5}", 3).prop_map(Condition::Host);
    let path = texts("/[ab*?]{0,4}", 3).prop_map(Condition::Path);
    let method = texts("GET|PUT", 3).prop_map(Condition::Method);
    let regex = texts("/[ab.]{0,3}", 2).prop_map(Condition::PathRegex);
    let maybe = |of: BoxedStrategy<Condition>| prop::option::of(of);
    let each = (
        maybe(host.boxed()),
        maybe(prop_oneof![4 => path.boxed(), 1 => regex.boxed()].boxed()),
        maybe(method.boxed()),
    );
    each.prop_map(|(host, path, method)| {
        let conditions = host.into_iter().chain(path).chain(method).collect();
        Rule { conditions, actions: Vec::new(), transforms: Vec::new() }
    })
}

/// Whether a request meets all conditions of a rule, as far as they can be told here.
fn meets(rule: &Rule, (host, path, method): (&str, &str, &str)) -> bool {
    rule.conditions.iter().all(|condition| match condition {
        Condition::Host(values) => values
            .iter()
            .any(|value| takes(&value.to_ascii_lowercase(), &host.to_ascii_lowercase())),
        Condition::Path(values) => values.iter().any(|value| takes(value, path)),
        Condition::Method(values) => values.iter().any(|value| value == method),
        _ => true,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_request_meets_two_rules_that_do_not_overlap(
        (one, other) in (conditions(), conditions()),
        hosts in prop::collection::vec("[aA.]{1,4}", 8),
        paths in prop::collection::vec("/[ab]{0,3}", 8),
    ) {
        prop_assert_eq!(one.overlaps(&other), other.overlaps(&one));
        prop_assert!(one.overlaps(&one));
        let each = hosts.iter().flat_map(|host| paths.iter().map(move |path| (host, path)));
        for (host, path) in each {
            for method in ["GET", "PUT"] {
                let request = (host.as_str(), path.as_str(), method);
                if meets(&one, request) && meets(&other, request) {
                    prop_assert!(one.overlaps(&other), "{} {} {:?}", one, other, request);
                }
            }
        }
    }
}
