//! Rules.

use albedo::aws::{Answer, Cloud, Kind};
use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::inventory::LiveRule;
use albedo::model::rule::{
    Condition, GroupStickiness, QueryValue, Redirect, Rewrite, Rule, RuleAction, Transform,
    Weighted,
};

use super::wishes::{
    done, fixed, forward, made, refused, rule, rule_spec, standing_listener, target_group,
    target_group_spec,
};
use super::{Looks as _, Site};

async fn read<C: Cloud>(site: &Site<C>, listener: &AwsId) -> Vec<LiveRule> {
    site.cloud.rules(listener).await.unwrap()
}

/// The priorities with the hosts, in the order read.
async fn order<C: Cloud>(site: &Site<C>, listener: &AwsId) -> Vec<(u32, String)> {
    let rules = read(site, listener).await;
    rules.iter().map(|rule| (rule.priority, rule.rule.hosts().unwrap()[0].to_string())).collect()
}

pub async fn rules_are_made_as_asked_and_read_by_priority<C: Cloud>(site: Site<C>) {
    let listener = standing_listener(&site, "ruled").await;
    let mut answers = Vec::new();
    for (priority, host) in [(20, "b.example.com"), (3, "a.example.com")] {
        let answer = done(&site, rule(&listener, priority, rule_spec(host, fixed("200")))).await;
        let Answer::Rules(mut rules) = answer else { panic!("{answer:?}") };
        answers.append(&mut rules);
    }
    answers.reverse();
    assert_eq!(read(&site, &listener).await, answers);
    assert_eq!(answers[0].rule, rule_spec("a.example.com", fixed("200")));
}

pub async fn a_standing_rule_satisfies_its_wish<C: Cloud>(site: Site<C>) {
    let listener = standing_listener(&site, "ruled").await;
    let one = made(&site, target_group(target_group_spec(&site, "one"))).await;
    let two = made(&site, target_group(target_group_spec(&site, "two"))).await;
    let weighted = |group: &AwsId, weight| Weighted { group: Id::Is(group.clone()), weight };
    let redirect = Redirect {
        port: Some("443".to_owned()),
        protocol: Some("HTTPS".to_owned()),
        status_code: "HTTP_301".to_owned(),
        ..Redirect::default()
    };
    let actions = [
        forward(&one),
        RuleAction::Forward {
            groups: vec![weighted(&one, Some(20)), weighted(&two, Some(80))],
            stickiness: Some(GroupStickiness { enabled: Some(true), duration_seconds: Some(200) }),
        },
        RuleAction::Redirect(Box::new(redirect)),
        fixed("503"),
        RuleAction::FixedResponse {
            status_code: "200".to_owned(),
            content_type: Some("application/json".to_owned()),
            body: Some("{}".to_owned()),
        },
    ];
    for (priority, action) in (1..).zip(actions) {
        let wish = rule_spec("a.example.com", action);
        done(&site, rule(&listener, priority, wish.clone())).await;
        let found = read(&site, &listener).await.pop().unwrap();
        assert!(wish.is_satisfied_by(&found.rule), "{wish:?} is not satisfied by {found:?}");
    }
}

pub async fn every_kind_of_condition_is_told_as_it_was_asked<C: Cloud>(site: Site<C>) {
    let listener = standing_listener(&site, "ruled").await;
    let texts = |values: &[&str]| values.iter().copied().map(Into::into).collect::<Vec<_>>();
    let query = |key: Option<&str>, value: &str| QueryValue {
        key: key.map(Into::into),
        value: value.into(),
    };
    let kinds = [
        vec![Condition::HostRegex(texts(&["^a[0-9]$"])), Condition::PathRegex(texts(&["^/b$"]))],
        vec![Condition::Header { name: "X-T".into(), values: texts(&["one", "two*"]) }],
        vec![Condition::HeaderRegex { name: "X-T".into(), regexes: texts(&["^one$"]) }],
        vec![Condition::Method(texts(&["GET", "HEAD"]))],
        vec![Condition::Query(vec![query(Some("k"), "v"), query(None, "w")])],
        vec![Condition::SourceIp(texts(&["10.0.0.0/8"]))],
    ];
    let rewrite = |regex: &str, replace: &str| {
        vec![Rewrite { regex: regex.to_owned(), replace: replace.to_owned() }]
    };
    for (priority, conditions) in (1..).zip(kinds) {
        let wish = Rule {
            conditions,
            actions: vec![fixed("200")],
            transforms: vec![
                Transform::Host(rewrite("^a$", "b.example.com")),
                Transform::Url(rewrite("^/(.*)$", "/x/$1")),
            ],
        };
        let id = made(&site, rule(&listener, priority, wish.clone())).await;
        let found = read(&site, &listener).await.pop().unwrap();
        assert_eq!(found.rule, wish);
        let plain = Rule { transforms: Vec::new(), ..wish };
        done(&site, AwsAction::Elb(ElbAction::ModifyRule { id, spec: plain.clone() })).await;
        assert_eq!(read(&site, &listener).await.pop().unwrap().rule, plain);
    }
}

pub async fn a_priority_is_given_once<C: Cloud>(site: Site<C>) {
    let listener = standing_listener(&site, "ruled").await;
    done(&site, rule(&listener, 1, rule_spec("a.example.com", fixed("200")))).await;
    let again = rule(&listener, 1, rule_spec("b.example.com", fixed("200")));
    let error = refused(&site, again, Kind::Conflict).await;
    assert_eq!(error.code, "PriorityInUse");
}

pub async fn rules_trade_places_at_once<C: Cloud>(site: Site<C>) {
    let listener = standing_listener(&site, "ruled").await;
    let a = made(&site, rule(&listener, 1, rule_spec("a.example.com", fixed("200")))).await;
    let b = made(&site, rule(&listener, 2, rule_spec("b.example.com", fixed("200")))).await;
    let swap = vec![(a.clone(), 2), (b.clone(), 1)];
    let answer =
        done(&site, AwsAction::Elb(ElbAction::SetRulePriorities { priorities: swap })).await;
    let Answer::Rules(moved) = answer else { panic!("{answer:?}") };
    assert_eq!(moved.len(), 2);
    let expected = [(1, "b.example.com".to_owned()), (2, "a.example.com".to_owned())];
    assert_eq!(order(&site, &listener).await, expected);
    let clash = vec![(a.clone(), 1)];
    let error = refused(
        &site,
        AwsAction::Elb(ElbAction::SetRulePriorities { priorities: clash }),
        Kind::Conflict,
    )
    .await;
    assert_eq!(error.code, "PriorityInUse");
    assert_eq!(order(&site, &listener).await, expected);
    let far = vec![(b, 50_000), (a, 1)];
    done(&site, AwsAction::Elb(ElbAction::SetRulePriorities { priorities: far })).await;
    let expected = [(1, "a.example.com".to_owned()), (50_000, "b.example.com".to_owned())];
    assert_eq!(order(&site, &listener).await, expected);
}

pub async fn a_rule_is_changed_in_place<C: Cloud>(site: Site<C>) {
    let listener = standing_listener(&site, "ruled").await;
    let id = made(&site, rule(&listener, 1, rule_spec("a.example.com", fixed("200")))).await;
    let wish = rule_spec("b.example.com", fixed("503"));
    let action = AwsAction::Elb(ElbAction::ModifyRule { id: id.clone(), spec: wish.clone() });
    let answer = done(&site, action).await;
    let found = read(&site, &listener).await;
    assert_eq!(answer, Answer::Rules(found.clone()));
    assert_eq!((found.len(), &found[0].rule), (1, &wish));
    done(&site, AwsAction::Elb(ElbAction::DeleteRule { id: id.clone() })).await;
    assert_eq!(read(&site, &listener).await, []);
    refused(&site, AwsAction::Elb(ElbAction::DeleteRule { id: id.clone() }), Kind::NotFound).await;
    refused(&site, AwsAction::Elb(ElbAction::ModifyRule { id, spec: wish }), Kind::NotFound).await;
}

pub async fn a_rule_has_at_most_five_values<C: Cloud>(site: Site<C>) {
    let listener = standing_listener(&site, "ruled").await;
    let hosts = |count| (0..count).map(|n| format!("h{n}.example.com")).collect::<Vec<_>>();
    let spec = |count| Rule {
        conditions: vec![
            Condition::Host(hosts(count).into_iter().map(Into::into).collect()),
            Condition::Path(vec!["/a".into(), "/a/*".into()]),
        ],
        actions: vec![fixed("200")],
        transforms: Vec::new(),
    };
    done(&site, rule(&listener, 1, spec(3))).await;
    refused(&site, rule(&listener, 2, spec(4)), Kind::Refused).await;
}
