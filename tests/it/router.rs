//! Where requests go: the built rules, walked in their order, against LBC's documented semantics.

use albedo::model::problem::Severity;
use albedo::model::rule::{Fit, Request, Rule, RuleAction, RulesByHost, route};
use proptest::prelude::*;

use super::support::conditions::{request, rule};
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
    let rule = &rules[route(rules, &Request::get(host, path)).taken?];
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
        let refused = built.problems.iter().find(|problem| problem.severity == Severity::Error);
        prop_assert_eq!(refused, None);
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

#[test]
fn rules_for_other_hosts_are_not_near() {
    let built = World::new(
        "
service shop/s: {ports: [80]}
ingress shop/a: {rules: [a.example.com Prefix / s:80, b.example.com Prefix / s:80,
  '*.example.com Prefix / s:80', any Prefix / s:80, b.example.com Prefix /b s:80]}
",
    )
    .build("shop/a");
    let front = built.stack.front.unwrap();
    let rules: Vec<&Rule> = front.listeners[&80].rules.iter().map(|(rule, _)| rule).collect();
    let found: RulesByHost<'_> = rules.iter().copied().collect();
    let near = rules.iter().map(|rule| found.near(rule).map(|(place, _)| place).collect());
    let near: Vec<Vec<usize>> = near.collect();
    let all: Vec<usize> = (0..5).collect();
    assert_eq!(near, [vec![0, 2, 3], vec![1, 2, 3, 4], all.clone(), all, vec![1, 2, 3, 4]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_request_meets_two_rules_that_do_not_overlap(
        (one, other) in (rule(), rule()),
        requests in prop::collection::vec(request(), 20),
    ) {
        prop_assert_eq!(one.overlaps(&other), other.overlaps(&one));
        prop_assert!(one.overlaps(&one));
        for request in requests {
            if one.fit(&request) == Fit::Takes && other.fit(&request) == Fit::Takes {
                prop_assert!(one.overlaps(&other), "{} {} {:?}", one, other, request);
            }
        }
    }

    #[test]
    fn rules_that_may_take_each_others_requests_are_found_by_host(
        rules in prop::collection::vec(rule(), 1..8),
        asked in rule(),
    ) {
        let found: RulesByHost<'_> = rules.iter().collect();
        let near: Vec<usize> = found.near(&asked).map(|(place, _)| place).collect();
        prop_assert!(near.is_sorted_by(|one, next| one < next), "{:?}", near);
        for (place, rule) in rules.iter().enumerate().filter(|(place, _)| !near.contains(place)) {
            let contains = rule.contains(&asked) || asked.contains(rule);
            prop_assert!(!contains && !rule.overlaps(&asked), "{}: {} {}", place, rule, asked);
        }
    }

    #[test]
    fn every_request_that_meets_a_rule_meets_those_that_contain_it(
        rules in prop::collection::vec(rule(), 2..6),
        requests in prop::collection::vec(request(), 20),
    ) {
        for (one, other) in rules.iter().flat_map(|one| rules.iter().map(move |o| (one, o))) {
            if !one.contains(other) {
                prop_assert!(!std::ptr::eq(one, other), "{} does not contain itself", one);
                continue;
            }
            prop_assert!(one.overlaps(other), "{} {}", one, other);
            let taken = |rule: &Rule, request| rule.fit(request) == Fit::Takes;
            for request in requests.iter().filter(|request| taken(other, request)) {
                prop_assert!(taken(one, request), "{} {} {:?}", one, other, request);
            }
        }
    }
}

/// Whether a pattern takes a text, written down once more and as simply as can be.
fn takes(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            takes(&pattern[1..], text) || (!text.is_empty() && takes(pattern, &text[1..]))
        }
        (Some('?'), Some(_)) => takes(&pattern[1..], &text[1..]),
        (Some(a), Some(b)) => a == b && takes(&pattern[1..], &text[1..]),
        _ => false,
    }
}
