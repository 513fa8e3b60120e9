//! What AWS allows of a load balancer, told before it is reached.

use albedo::model::problem::{Code, Problem, Severity};

use super::support::world::{CERTIFICATE, World, key};

/// Two members of a group, with so many rules.
fn with_rules(first: usize, second: usize) -> Vec<Problem> {
    let rules = |count: usize, stem: &str| {
        let rules: Vec<String> =
            (0..count).map(|i| format!("any Exact /{stem}{i} web:80")).collect();
        rules.join(", ")
    };
    World::new(&format!(
        "
service shop/web: {{ports: ['80:8080']}}
ingress shop/first: {{group.name: edge, group.order: -1, rules: [{}]}}
ingress shop/second: {{group.name: edge, rules: [{}]}}
",
        rules(first, "a"),
        rules(second, "b"),
    ))
    .build("edge")
    .problems
}

fn only(problems: &[Problem]) -> &Problem {
    let [problem] = problems else { panic!("{problems:#?}") };
    assert_eq!((problem.code, problem.severity), (Code::NearLimit, Severity::Warning));
    problem
}

#[test]
fn who_comes_close_to_the_rules_that_aws_allows_hears_of_it() {
    assert_eq!(with_rules(40, 39), []);
    let problems = with_rules(40, 40);
    assert_eq!(only(&problems).object.key, key("shop/second"));
    assert!(only(&problems).found.starts_with("80 or more rules"), "{}", only(&problems));
    let problems = with_rules(85, 10);
    assert_eq!(only(&problems).object.key, key("shop/first"));
    let problems = with_rules(85, 16);
    assert_eq!(only(&problems).object.key, key("shop/second"));
    assert!(only(&problems).found.starts_with("more than 100 rules"), "{}", only(&problems));
}

#[test]
fn certificates_are_counted_without_the_default_one_wherever_they_are_from() {
    let with = |count: usize| {
        let server = "arn:aws:iam::123456789012:server-certificate";
        let others = (0..count).map(|i| format!("{server}/web-{i}"));
        let all: Vec<String> = std::iter::once(CERTIFICATE.to_owned()).chain(others).collect();
        World::new(&format!(
            "service shop/web: {{ports: ['80:8080']}}\n\
             ingress shop/web: {{certificate-arn: '{}', rules: [any Exact /a web:80]}}",
            all.join(",")
        ))
        .build("shop/web")
    };
    let built = with(19);
    assert_eq!(built.problems, []);
    let listener = built.stack.front.unwrap().listeners.remove(&443).unwrap().listener;
    assert_eq!(listener.certificates.len(), 20, "those of IAM are as good as those of ACM");
    let problems = with(20).problems;
    assert!(only(&problems).found.starts_with("20 or more certificates"), "{}", only(&problems));
    let problems = with(26).problems;
    assert!(only(&problems).found.starts_with("more than 25 certificates"), "{}", only(&problems));
}
