//! `precedence: kubernetes`: the narrowest rule takes a request, whoever asks for it, and a rule
//! that comes seldom moves those that stand.

use albedo::model::problem::Severity;
use albedo::model::rule::{Request, Rule, RuleAction, route};
use proptest::prelude::*;

use super::support::fake::Fake;
use super::support::site::Site;
use super::support::world::{World, wait};

const CLASS: &str = "class k8s: {controller: alb.ingress.k8s.aws/k8s, \
                     alb.ingress.k8s.aws/precedence: kubernetes}\n";
const SERVICES: &str = "service shop/web: {ports: [80]}\n";

/// A path of an Ingress: its host, how it is matched, and itself.
type Path = (Option<&'static str>, &'static str, &'static str);

const HOSTS: [Option<&str>; 6] = [
    None,
    Some("a.example.com"),
    Some("b.example.com"),
    Some("*.example.com"),
    Some("*.b.example.com"),
    Some("x.b.example.com"),
];
const PATHS: [&str; 8] = ["/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/b", "/b/"];
const REQUEST_HOSTS: [&str; 6] = [
    "a.example.com",
    "A.example.com:8080",
    "b.example.com",
    "x.b.example.com",
    "c.example.com",
    "other.org",
];
const REQUEST_PATHS: [&str; 11] =
    ["/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/a/b/cd", "/ab", "/abc", "/b/x", "/c"];

fn path() -> impl Strategy<Value = Path> {
    (
        prop::sample::select(&HOSTS[..]),
        prop::sample::select(&["Exact", "Prefix"][..]),
        prop::sample::select(&PATHS[..]),
    )
}

/// Whether a host of an Ingress is a request's, and how narrow it is: by its name before by a
/// wildcard, by a longer one before by a shorter one. As AWS has it, a wildcard takes more than
/// one label.
fn by_host(host: Option<&str>, asked: &str) -> Option<usize> {
    let asked = asked.to_lowercase();
    let asked = asked.split(':').next().unwrap();
    match host.map(|host| (host, host.strip_prefix('*'))) {
        None => Some(0),
        Some((host, None)) => (host == asked).then_some(usize::MAX),
        Some((host, Some(domain))) => asked.ends_with(domain).then_some(host.len()),
    }
}

/// Whether a path is a request's, and how narrow it is: the longer one, of the same length the
/// exact one (the API's documentation of `pathType`).
fn by_path(kind: &str, path: &str, asked: &str) -> Option<(usize, bool)> {
    fn elements(text: &str) -> Vec<&str> {
        text.split('/').filter(|element| !element.is_empty()).collect()
    }
    if kind == "Exact" {
        return (path == asked).then_some((path.len(), true));
    }
    let (prefix, asked) = (elements(path), elements(asked));
    let length = path.strip_suffix('/').unwrap_or(path).len();
    asked.starts_with(&prefix).then_some((length, false))
}

/// The members whose path is the narrowest that takes a request: of several that are as narrow it
/// is open which.
fn by_the_book(members: &[Vec<Path>], host: &str, path: &str) -> Vec<usize> {
    let paths = members.iter().enumerate().flat_map(|(n, all)| all.iter().map(move |one| (n, one)));
    let taking = paths.filter_map(|(member, (of, kind, at))| {
        Some(((by_host(*of, host)?, by_path(kind, at, path)?), member))
    });
    let taking: Vec<_> = taking.collect();
    let best = taking.iter().map(|(narrow, _)| *narrow).max();
    let best = taking.iter().filter(|(narrow, _)| Some(*narrow) == best);
    best.map(|(_, member)| *member).collect()
}

fn member(number: usize, order: i32, paths: &[Path]) -> String {
    let rules = paths.iter().map(|(host, kind, path)| {
        let host = host.unwrap_or("any");
        format!("\n  - {:?}", format!("{host} {kind} {path} web:80"))
    });
    let rules: String = rules.collect();
    format!(
        "ingress shop/m{number}:\n  class: k8s\n  group.name: edge\n  group.order: {order}\n  \
         rules:{rules}\n"
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_narrowest_rule_takes_a_request_whoever_asks_for_it(
        members in prop::collection::vec(prop::collection::vec(path(), 1..6), 1..5),
    ) {
        let all = members.iter().enumerate();
        let all: String = all.map(|(number, paths)| member(number, 0, paths)).collect();
        let built = World::new(&format!("{CLASS}{SERVICES}{all}")).build("edge");
        let error = built.problems.iter().find(|problem| problem.severity == Severity::Error);
        prop_assert_eq!(error, None);
        let front = built.stack.front.unwrap();
        let rules: Vec<&Rule> = front.listeners[&80].rules.iter().map(|(rule, _)| rule).collect();
        for host in REQUEST_HOSTS {
            for path in REQUEST_PATHS {
                let taken = route(rules.iter().copied(), &Request::get(host, path)).taken;
                let member = taken.map(|place| {
                    let RuleAction::Forward { groups, .. } = &rules[place].actions[0] else {
                        panic!("{}", rules[place]);
                    };
                    let group = groups[0].group.short();
                    let rest = group.strip_prefix("target group shop/m").unwrap();
                    rest.split('-').next().unwrap().parse::<usize>().unwrap()
                });
                let expected = by_the_book(&members, host, path);
                let is_right = match member {
                    None => expected.is_empty(),
                    Some(member) => expected.contains(&member),
                };
                prop_assert!(is_right, "{} {}: {:?}, not {:?}", host, path, member, expected);
            }
        }
    }
}

/// The rules that stand, by priority, and what they ask for.
fn standing(aws: &Fake) -> Vec<(u32, String)> {
    let state = aws.everything();
    let rules = state.rules.values();
    let mut rules: Vec<(u32, String)> = rules
        .map(|rule| (rule.priority, rule.rule.to_string()))
        .map(|(priority, text)| (priority, text.split(" -> ").next().unwrap().to_owned()))
        .collect();
    rules.sort();
    rules
}

fn moves(site: &Site) -> usize {
    let calls = site.aws.performed();
    let names = calls.iter().map(|action| action.operation().1);
    names.filter(|name| *name == "SetRulePriorities").count()
}

/// One longer than the last: each goes between the exact path and those that came before.
const LONGER: [&str; 9] =
    ["/b", "/bb", "/bbb", "/bbbb", "/bbbbb", "/bbbbbb", "/bbbbbbb", "/bbbbbbbb", "/bbbbbbbbb"];

#[test]
fn a_rule_that_comes_moves_none_as_long_as_there_is_room() {
    const FIRST: [Path; 3] = [
        (Some("a.example.com"), "Prefix", "/"),
        (None, "Prefix", "/"),
        (Some("a.example.com"), "Exact", "/a"),
    ];
    wait(async {
        let site = Site::new(&format!("{CLASS}{SERVICES}{}", member(0, 0, &FIRST)));
        let controller = site.settle().await;
        let priorities = |site: &Site| -> Vec<u32> {
            standing(&site.aws).into_iter().map(|(priority, _)| priority).collect()
        };
        assert_eq!(priorities(&site), [256, 512, 768]);
        site.aws.forget_calls();
        let mut moved = Vec::new();
        for (number, path) in (1..).zip(LONGER) {
            let path = [(Some("a.example.com"), "Prefix", path)];
            controller.cluster.add(&member(number, 0, &path));
            controller.settle().await;
            moved.push(moves(&site));
        }
        assert_eq!(moved, [0, 0, 0, 0, 0, 0, 0, 0, 1], "{:?}", standing(&site.aws));
        let rules: Vec<String> = standing(&site.aws).into_iter().map(|(_, rule)| rule).collect();
        let mut expected = vec!["a.example.com /a".to_owned()];
        let longest_first = LONGER.iter().rev();
        expected.extend(longest_first.map(|path| format!("a.example.com {path}|{path}/*")));
        expected.extend(["a.example.com /*".to_owned(), "/*".to_owned()]);
        assert_eq!(rules, expected);
    });
}

#[test]
fn a_class_that_changes_its_mind_moves_all_rules_in_one_call() {
    const THREE: [Path; 3] = [
        (None, "Prefix", "/"),
        (Some("b.example.com"), "Prefix", "/"),
        (Some("a.example.com"), "Exact", "/a"),
    ];
    wait(async {
        let plain = "class k8s: {controller: alb.ingress.k8s.aws/k8s}\n";
        let site = Site::new(&format!("{plain}{SERVICES}{}", member(0, 0, &THREE)));
        let controller = site.settle().await;
        let dense = standing(&site.aws);
        assert_eq!(dense.iter().map(|(priority, _)| *priority).collect::<Vec<_>>(), [1, 2, 3]);
        site.aws.forget_calls();
        controller.cluster.add(CLASS);
        controller.settle().await;
        let texts: Vec<String> = standing(&site.aws).into_iter().map(|(_, rule)| rule).collect();
        assert_eq!(texts, ["a.example.com /a", "b.example.com /*", "/*"]);
        assert_eq!(moves(&site), 1);
        controller.cluster.add(plain);
        controller.settle().await;
        assert_eq!(standing(&site.aws), dense);
        assert_eq!(moves(&site), 2);
    });
}

#[test]
fn members_of_other_classes_stay_where_they_are() {
    let other = "ingress shop/other: {group.name: edge, group.order: 1, \
                 rules: [any Prefix /x web:80]}\n";
    let world = World::new(&format!(
        "{CLASS}{SERVICES}{other}{}{}",
        member(0, 0, &[(None, "Prefix", "/")]),
        member(2, 2, &[(None, "Exact", "/a"), (Some("a.example.com"), "Exact", "/a")]),
    ));
    let front = world.build("edge").stack.front.unwrap();
    let rules = front.listeners[&80].rules.iter().map(|(rule, _)| rule.to_string());
    let rules: Vec<String> = rules.map(|text| text.split(" -> ").next().unwrap().into()).collect();
    assert_eq!(rules, ["/*", "/x|/x/*", "a.example.com /a", "/a"]);
}

#[test]
fn a_narrower_rule_of_another_namespace_takes_nothing_that_is_answered() {
    let text = format!(
        "{CLASS}{SERVICES}service pay/web: {{ports: [80]}}\n{}",
        member(0, 0, &[(Some("a.example.com"), "Prefix", "/")])
    );
    wait(async {
        let site = Site::new(&text);
        let controller = site.settle().await;
        let before = standing(&site.aws);
        controller.cluster.add(
            "ingress pay/late: {class: k8s, group.name: edge, group.order: 5, \
             rules: [a.example.com Exact /login web:80, b.example.com Exact /x web:80]}",
        );
        controller.settle().await;
        assert_eq!(standing(&site.aws), before);
        let events = site.cluster.events();
        let told = events.iter().find(|event| event.severity == Severity::Error);
        let told = told.map(|event| format!("{} {}", event.object.key, event.reason));
        assert_eq!(told.as_deref(), Some("pay/late Conflict"));
    });
}
