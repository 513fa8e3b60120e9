//! What AWS allows of a load balancer, told before it is reached.

use albedo::model::account_limits::{AccountLimits, Limit};
use albedo::model::problem::{Code, Problem, Severity};

use super::support::site::Site;
use super::support::world::{CERTIFICATE, World, key, wait};

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

#[test]
fn an_account_that_is_allowed_more_hears_of_it_later_and_is_asked_for_once() {
    wait(async {
        let rules: Vec<String> = (0..85).map(|i| format!("any Exact /{i} web:80")).collect();
        let sketch = format!(
            "service shop/web: {{ports: ['80:8080']}}\n\
             ingress shop/web: {{rules: [{}]}}",
            rules.join(", ")
        );
        let told = async |allowed: Option<usize>| {
            let site = Site::new(&sketch);
            let limits = allowed.map(|count| (Limit::Rules.name().into(), count));
            site.aws.change(|state| {
                state.account_limits = AccountLimits(limits.into_iter().collect());
            });
            let controller = site.settle().await;
            controller.cluster.add("service shop/other: {ports: ['80:8080']}");
            controller.settle().await;
            assert_eq!(site.aws.calls()["elbv2.DescribeAccountLimits"], 1);
            let events = site.cluster.events().into_iter();
            events.filter(|event| event.reason == "NearLimit").count()
        };
        assert_eq!(told(None).await, 1);
        assert_eq!(told(Some(200)).await, 0);
        assert_eq!(told(Some(100)).await, 1);
        // Who may not ask is told as everybody is, and served.
        let site = Site::new(&sketch);
        site.aws.forbid(&["elbv2.DescribeAccountLimits"]);
        site.settle().await;
        assert_eq!(site.aws.everything().rules.len(), 85);
    });
}
