//! What members, their class and the flags ask for.

use std::collections::BTreeMap;

use albedo::model::id::AwsId;
use albedo::model::problem::{Code, Severity};
use albedo::model::protection::{Asked, Protection, ProtectionWish, WebAcl};

use super::super::support::world::{World, key, member};
use super::{OWN, SERVICE, arn, by_arn, web};

#[test]
fn members_that_ask_for_different_things_are_told_as_of_any_shared_setting() {
    let members = |first: &str, second: &str| {
        World::new(&format!(
            "{SERVICE}ingress shop/a: {{group.name: edge, {first}, rules: [any Exact /a s:80]}}\n\
             ingress shop/b: {{group.name: edge, {second}, rules: [any Exact /b s:80]}}"
        ))
    };
    let name = "wafv2-acl-name";
    let conflicts = [
        (format!("wafv2-acl-arn: '{}'", arn("one")), format!("wafv2-acl-arn: '{}'", arn("two"))),
        (format!("wafv2-acl-arn: '{}'", arn("one")), "wafv2-acl-arn: none".to_owned()),
        (format!("{name}: one"), format!("{name}: none")),
        (
            "shield-advanced-protection: 'true'".to_owned(),
            "shield-advanced-protection: 'false'".to_owned(),
        ),
    ];
    for (first, second) in conflicts {
        let built = members(&first, &second).build("edge");
        let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
        assert_eq!((problem.code, &problem.object.key), (Code::Conflict, &key("shop/b")));
        assert_eq!(built.good.len(), 1, "{second}");
    }
    // A name goes over the ARNs of all members, and whoever says it asks.
    let built = members(&format!("wafv2-acl-arn: '{}'", arn("one")), &format!("{name}: two"));
    let Protection { web_acl, shield } = built.build("edge").stack.front.unwrap().protection;
    let by = member("shop/b");
    assert_eq!(web_acl, Some(Asked { what: WebAcl::Named("two".to_owned()), by }));
    assert_eq!(shield, None);
}

#[test]
fn the_class_goes_over_its_ingresses_and_an_empty_field_asks_for_nothing() {
    let asked = |params: &str, annotations: &str| {
        let world = World::new(&format!(
            "class p: {{params: p}}\nparams p: {{{params}}}\n{SERVICE}\
             ingress shop/web: {{class: p, {annotations}rules: [any Exact /a s:80]}}"
        ));
        let built = world.build("shop/web");
        assert_eq!(built.problems, [], "{params}");
        built.stack.front.unwrap().protection.web_acl.map(|asked| asked.what)
    };
    let one = || WebAcl::Arn(AwsId::new(arn("one")));
    assert_eq!(asked("wafv2AclArn: ''", &by_arn("one")), Some(one()));
    assert_eq!(asked("wafv2AclArn: '', wafv2AclName: ''", ""), None);
    assert_eq!(asked(&format!("wafv2AclArn: '{}'", arn("one")), &by_arn("two")), Some(one()));
    assert_eq!(asked("wafv2AclArn: none", &by_arn("two")), Some(WebAcl::Nothing));
    let named = asked("wafv2AclName: two", &by_arn("one"));
    assert_eq!(named, Some(WebAcl::Named("two".to_owned())));
}

/// What is no ARN of a web ACL.
const NO_ARNS: [&str; 11] = [
    "arn:x",
    "one",
    "None",
    " ",
    "arn:aws:wafv2:us-east-1:123456789012:global/webacl/one/1",
    "arn:aws:wafv2:us-east-1:123456789012:regional/rulegroup/one/1",
    "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/one",
    "arn:aws:wafv2:us-east-1:123456789012:regional/webacl//1",
    "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/one/1/2",
    "arn:aws:wafv2::123456789012:regional/webacl/one/1",
    "arn:aws:waf-regional:us-east-1:123456789012:webacl/1",
];

#[test]
fn values_that_mean_nothing_make_their_ingress_bad() {
    let long = "x".repeat(129);
    let names = ["a b", "ä", "a/b", "a.b", long.as_str()];
    let truths = ["", "yes", "tRue", " true", "2"];
    let all = [
        ("wafv2-acl-arn", &NO_ARNS[..]),
        ("wafv2-acl-name", &names[..]),
        ("shield-advanced-protection", &truths[..]),
    ];
    for (annotation, values) in all {
        for value in values {
            let asked = web(&format!("class: own, {annotation}: '{value}', "));
            let built = World::new(&format!("{SERVICE}{OWN}{asked}")).build("shop/web");
            let [problem] = &built.problems[..] else { panic!("{value}: {:?}", built.problems) };
            assert_eq!(problem.code, Code::InvalidAnnotation, "{annotation}: {value}");
            assert_eq!(problem.severity, Severity::Error);
            assert!(built.good.is_empty());
        }
    }
}

#[test]
fn who_names_no_web_acl_is_bad_on_classes_of_ours_only() {
    for value in NO_ARNS {
        let sketch = format!("{SERVICE}{}", web(&format!("wafv2-acl-arn: '{value}', ")));
        let built = World::new(&sketch).build("shop/web");
        let [problem] = &built.problems[..] else { panic!("{value}: {:?}", built.problems) };
        assert_eq!((problem.code, problem.severity), (Code::Unprotected, Severity::Warning));
        assert!(problem.found.contains(value), "{problem}");
        assert_eq!(built.stack.front.unwrap().protection, Protection::default());
    }
    // Who shares a load balancer is not served without it; what a sibling asks for, that one has.
    let sketch = format!(
        "{SERVICE}\
         ingress shop/a: {{group.name: edge, wafv2-acl-arn: x, rules: [any Exact /a s:80]}}\n\
         ingress shop/b: {{group.name: edge, {}rules: [any Exact /b s:80]}}",
        by_arn("one")
    );
    let built = World::new(&sketch).build("edge");
    assert_eq!(built.good.len(), 1, "{:?}", built.problems);
    let asked = built.stack.front.unwrap().protection.web_acl.unwrap();
    assert_eq!((asked.what, asked.by), (WebAcl::Arn(AwsId::new(arn("one"))), member("shop/b")));
}

#[test]
fn a_web_acl_of_waf_classic_is_pointed_to_wafv2_and_makes_nothing_bad() {
    for annotation in ["waf-acl-id", "web-acl-id"] {
        let world = |value: &str| {
            World::new(&format!("{SERVICE}{}", web(&format!("{annotation}: '{value}', "))))
        };
        let built = world("4b6b1b8a").build("shop/web");
        let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
        assert_eq!((problem.code, problem.severity), (Code::Unsupported, Severity::Warning));
        assert!(problem.allowed.contains("wafv2-acl-arn"), "{problem}");
        assert_eq!(built.good.len(), 1);
        assert_eq!(built.stack.front.unwrap().protection, Protection::default());
        for nothing in ["", "none"] {
            assert_eq!(world(nothing).problems("shop/web"), [], "{nothing}");
        }
    }
}

#[test]
fn a_remembered_part_of_an_older_version_asks_for_nothing() {
    let read: BTreeMap<String, ProtectionWish> = serde_json::from_str("{\"a\": {}}").unwrap();
    assert!(read["a"].is_empty());
}
