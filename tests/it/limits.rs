//! What AWS allows of a load balancer, told before it is reached.

use albedo::model::account_limits::{AccountLimits, Limit};
use albedo::model::id::AwsId;
use albedo::model::problem::{Code, Kind, Problem, Severity};
use albedo::model::target::TargetState;

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

/// A member of the group `edge` with so many rules, whose paths start alike.
fn member(name: &str, rules: usize) -> String {
    let rules: Vec<String> = (0..rules).map(|i| format!("any Exact /{name}{i} web:80")).collect();
    format!("ingress shop/{name}: {{group.name: edge, rules: [{}]}}\n", rules.join(", "))
}

/// Those who have been told that there is no room for them, since this was asked last.
fn kept_out(site: &Site) -> Vec<String> {
    let events = site.cluster.events().into_iter();
    let told = events.filter(|event| event.reason == "OverLimit");
    told.map(|event| event.object.key.name.to_string()).collect()
}

#[test]
fn who_comes_last_is_not_let_in_where_there_is_no_room_and_what_stands_stays() {
    wait(async {
        let site = Site::new("service shop/web: {ports: ['80:8080']}");
        site.cluster.add(&format!("{}{}", member("one", 40), member("two", 50)));
        let controller = site.settle().await;
        let count = || site.aws.everything().rules.len();
        assert_eq!(count(), 90);
        // Whatever its place in the group, it comes last.
        site.cluster.add(&member("three", 15).replace("edge,", "edge, group.order: -10,"));
        controller.settle().await;
        assert_eq!(kept_out(&site), ["three"]);
        assert_eq!((count(), site.refused()), (90, 0), "AWS is not even asked");
        // Who has room is let in, and who stands goes on within it.
        site.cluster.add(&member("four", 5));
        controller.settle().await;
        assert_eq!(count(), 95);
        site.cluster.add(&member("one", 46));
        controller.settle().await;
        assert!(kept_out(&site).contains(&"one".to_owned()));
        assert_eq!(count(), 95, "what stood of it stays");
        site.cluster.add(&member("one", 45));
        controller.settle().await;
        assert_eq!(count(), 100);
        // Another process sees the same.
        drop(controller);
        let controller = site.settle().await;
        assert_eq!((count(), site.refused()), (100, 0));
        site.cluster.delete(&key("shop/two"));
        controller.settle().await;
        assert_eq!((count(), site.refused()), (65, 0));
        let events = site.cluster.events().into_iter();
        let told = events.filter(|event| event.object.key == key("shop/three"));
        let told: Vec<_> = told.filter(|event| event.reason == "OverLimit").collect();
        // Once by each process, however many others came and went.
        assert_eq!(told.len(), 2, "{told:#?}");
        let text = &told[0].message;
        assert!(text.contains("15 rules more, with which there would be more than 100"), "{text}");
        assert_eq!(site.aws.calls()["elbv2.DescribeAccountLimits"], 2, "one for each process");
    });
}

#[test]
fn who_stands_already_stays_where_aws_allows_less_than_there_is() {
    wait(async {
        let site = Site::new("service shop/web: {ports: ['80:8080']}");
        site.cluster.add(&format!("{}{}", member("one", 40), member("two", 50)));
        site.settle().await;
        let allow = |count: usize| {
            let limits = [(Limit::Rules.name().into(), count)];
            site.aws.change(|state| state.account_limits = AccountLimits(limits.into()));
        };
        allow(70);
        let controller = site.settle().await;
        assert_eq!(site.aws.everything().rules.len(), 90);
        assert_eq!(kept_out(&site), Vec::<String>::new());
        // It may change what it has, and have less.
        site.cluster.add(&member("two", 49));
        controller.settle().await;
        assert_eq!(site.aws.everything().rules.len(), 89);
        assert_eq!(kept_out(&site), Vec::<String>::new());
        site.cluster.add(&member("two", 50));
        controller.settle().await;
        assert_eq!(kept_out(&site), ["two"]);
    });
}

#[test]
fn certificates_target_groups_and_listeners_are_counted_as_aws_does() {
    wait(async {
        let site = Site::new("service shop/web: {ports: ['80:8080']}");
        let arns = |from: usize, to: usize| {
            let server = "arn:aws:iam::123456789012:server-certificate";
            let all: Vec<String> = (from..to).map(|i| format!("{server}/web-{i}")).collect();
            all.join(",")
        };
        let with = |name: &str, annotation: &str| {
            format!(
                "ingress shop/{name}: {{group.name: edge, {annotation}, \
                 rules: [any Exact /{name} web:80]}}\n"
            )
        };
        let certificates =
            |name: &str, from, to| with(name, &format!("certificate-arn: '{}'", arns(from, to)));
        site.aws.change(|state| {
            let all = arns(0, 30);
            state.certificates.extend(all.split(',').map(AwsId::new));
        });
        site.cluster.add(&certificates("one", 0, 23));
        let controller = site.settle().await;
        // What others have brought counts once, and the default one does not.
        site.cluster.add(&certificates("two", 10, 25));
        controller.settle().await;
        assert_eq!(kept_out(&site), Vec::<String>::new());
        site.cluster.add(&certificates("three", 0, 3));
        site.cluster.add(&certificates("four", 25, 27));
        controller.settle().await;
        assert_eq!(kept_out(&site), ["four"]);
        let ports = |name: &str, from: u16, to: u16| {
            let ports: Vec<String> =
                (from..to).map(|port| format!("{{\"HTTP\": {port}}}")).collect();
            with(name, &format!("listen-ports: '[{}]'", ports.join(",")))
        };
        site.cluster.add(&ports("five", 8000, 8049));
        site.cluster.add(&ports("six", 8048, 8050));
        controller.settle().await;
        assert!(kept_out(&site).contains(&"six".to_owned()));
        assert_eq!(site.refused(), 0);
    });
}

/// The endpoints of the Service, so many.
fn endpoints(count: usize) -> String {
    let addresses: Vec<String> =
        (0..count).map(|i| format!("172.31.{}.{}", i / 250, i % 250 + 1)).collect();
    format!("endpoints shop/web: {{ports: {{http: 8080}}, at: [{}]}}", addresses.join(", "))
}

#[test]
fn no_more_targets_are_tried_than_aws_takes_and_who_comes_close_hears_of_it() {
    wait(async {
        let site = Site::new(
            "
service shop/web: {ports: ['http=80:8080']}
ingress shop/web: {target-type: ip, rules: [any Exact /a web:http]}
",
        );
        let registered = || {
            let state = site.aws.everything();
            let all = state.target_groups.values().flat_map(|found| found.targets.values());
            all.filter(|state| **state != TargetState::Draining).count()
        };
        let told = |kind: Kind| {
            let events = site.cluster.events().into_iter();
            let told = events.filter(|event| event.reason == "NearLimit");
            let told = told.filter(|event| event.object.kind == kind);
            told.map(|event| event.message).collect::<Vec<_>>()
        };
        let (binding, ingress) = (Kind::TargetGroupBinding, Kind::Ingress);
        site.cluster.add(&endpoints(799));
        let controller = site.settle().await;
        assert_eq!((registered(), told(binding)), (799, Vec::new()));
        site.cluster.add(&endpoints(801));
        controller.settle().await;
        assert_eq!(registered(), 801);
        let [text] = &told(binding)[..] else { panic!("{:?}", told(binding)) };
        assert!(text.contains("800 or more endpoints"), "{text}");
        site.cluster.add(&endpoints(1005));
        controller.settle().await;
        assert_eq!((registered(), site.refused()), (1000, 0));
        let text = told(binding).pop().unwrap();
        assert!(text.contains("more than 1000 endpoints"), "{text}");
        // The load balancer has room for hardly more either, wherever they come from.
        let tagged = "tags: team=shop, rules: [any Exact /a web:http]";
        site.cluster.add(&format!("ingress shop/web: {{target-type: ip, {tagged}}}"));
        controller.settle().await;
        let text = told(ingress).pop().unwrap();
        assert!(text.contains("800 or more targets of one load balancer"), "{text}");
        // Others take the place of those that go.
        site.cluster.add(&endpoints(990));
        controller.settle().await;
        assert_eq!((registered(), site.refused()), (990, 0));
        assert_eq!(site.aws.calls()["elbv2.DescribeAccountLimits"], 1);
    });
}

#[test]
fn who_may_come_in_is_counted_as_security_groups_do() {
    let with = |count: usize, second: usize| {
        let cidrs = |block: usize, count: usize| {
            let all: Vec<String> = (0..count).map(|i| format!("10.{block}.{i}.0/24")).collect();
            all.join(",")
        };
        World::new(&format!(
            "
service shop/web: {{ports: ['80:8080']}}
ingress shop/first:
  group.name: edge
  group.order: -1
  inbound-cidrs: '{}'
  rules: [any Exact /a web:80]
ingress shop/second:
  group.name: edge
  listen-ports: '[{{\"HTTP\": 81}}]'
  inbound-cidrs: '{}'
  rules: [any Exact /b web:80]
",
            cidrs(0, count),
            cidrs(1, second),
        ))
        .build("edge")
        .problems
    };
    assert_eq!(with(30, 17), []);
    let problems = with(30, 18);
    assert_eq!(only(&problems).object.key, key("shop/second"));
    assert!(only(&problems).found.starts_with("48 or more rules"), "{}", only(&problems));
    let problems = with(61, 1);
    assert_eq!(only(&problems).object.key, key("shop/first"));
    assert!(only(&problems).meanwhile.contains("all of it or nothing"), "{}", only(&problems));
}
