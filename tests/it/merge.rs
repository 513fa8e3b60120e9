//! What the members of a group have to agree on, and who is to blame where they do not.

use std::sync::Arc;

use albedo::model::problem::Code;

use super::support::world::{CERTIFICATE, World, key, member, subnet};

/// Two members of a group, the first in its order and the second.
fn world(first: &str, second: &str) -> World {
    let mut world = World::new(&format!(
        "
service red/s: {{ports: [80]}}
service blue/s: {{ports: [80]}}
ingress red/first: {{group.name: edge, group.order: -1, {first}, rules: [any Exact /1 s:80]}}
ingress blue/second: {{group.name: edge, {second}, rules: [any Exact /2 s:80]}}
"
    ));
    Arc::make_mut(&mut world.surroundings.vpc)
        .subnets
        .insert(albedo::model::id::AwsId::new("subnet-c"), subnet("us-east-1c"));
    world
}

fn agree(first: &str, second: &str) {
    let built = world(first, second).build("edge");
    assert_eq!(built.problems, [], "{first} | {second}");
    assert_eq!(built.good.len(), 2);
}

fn conflict(name: &str, first: &str, second: &str) {
    let with = world(&format!("{name}: {first}"), &format!("{name}: {second}"));
    blamed(&with, name, &format!("{first} | {second}"));
}

/// The second member is to blame and contributes nothing; nobody else hears of it, and it hears of
/// nobody.
fn blamed(with: &World, name: &str, case: &str) {
    let built = with.build("edge");
    assert!(!built.problems.is_empty(), "{name}: {case}");
    for problem in &built.problems {
        assert_eq!(problem.code, Code::Conflict, "{problem}");
        assert_eq!(problem.object.key, key("blue/second"), "{problem}");
        assert!(problem.field.contains(name), "{problem}");
        let text = problem.to_string();
        assert!(!text.contains("first") && !text.contains("red/"), "{text}");
    }
    let mut alone = with.clone();
    alone.objects.ingresses.remove(&key("blue/second"));
    let alone = alone.build("edge");
    assert_eq!(alone.problems, [], "{case}");
    assert_eq!(built.stack.front, alone.stack.front, "{case}");
    assert_eq!(built.stack.target_groups, alone.stack.target_groups, "{case}");
}

#[test]
fn the_second_to_want_something_else_is_to_blame() {
    conflict("scheme", "internal", "internet-facing");
    conflict("ip-address-type", "ipv4", "dualstack");
    conflict("load-balancer-name", "one", "two");
    conflict("subnets", "'subnet-a, subnet-b'", "'subnet-b, subnet-c'");
    conflict(
        "load-balancer-attributes",
        "idle_timeout.timeout_seconds=30",
        "idle_timeout.timeout_seconds=60",
    );
    conflict("tags", "team=a", "'team=b,more=c'");
    conflict("inbound-cidrs", "10.0.0.0/8", "10.0.0.0/16");
    conflict("security-group-prefix-lists", "pl-1", "pl-2");
    conflict(
        "listen-ports",
        r#"'[{"HTTP":80}]'"#,
        &format!(r#"'[{{"HTTPS":80}}]', certificate-arn: {CERTIFICATE}"#),
    );
    let https = |policy| format!("certificate-arn: {CERTIFICATE}, ssl-policy: {policy}");
    blamed(&world(&https("A"), &https("B")), "ssl-policy", "A | B");
    let mutual = |mode| {
        let json = format!(r#"'[{{"port":443,"mode":"{mode}"}}]'"#);
        format!("certificate-arn: {CERTIFICATE}, mutual-authentication: {json}")
    };
    let both = world(&mutual("off"), &mutual("passthrough"));
    blamed(&both, "mutual-authentication", "off | passthrough");
    let ports = |redirect| {
        format!(
            r#"certificate-arn: {CERTIFICATE}, listen-ports: '[{{"HTTP":80}},{{"HTTPS":443}},{{"HTTPS":8443}}]', ssl-redirect: {redirect}"#
        )
    };
    blamed(&world(&ports(443), &ports(8443)), "ssl-redirect", "443 | 8443");
}

#[test]
fn two_default_backends_are_one_too_many() {
    let with = world("default: s:80", "default: s:80");
    let built = with.build("edge");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!((problem.code, &problem.object.key), (Code::Conflict, &key("blue/second")));
    assert!(problem.field.contains("defaultBackend"), "{problem}");
    assert!(built.stack.front.unwrap().listeners[&80].rules.len() == 1);
}

#[test]
fn members_that_say_the_same_or_nothing_agree() {
    agree("scheme: internal", "scheme: internal");
    agree("scheme: internal", "x: y, scheme: internal".trim_start_matches("x: y, "));
    agree("subnets: 'subnet-a, subnet-b'", "subnets: 'subnet-b, subnet-a'");
    agree("tags: team=a", "tags: 'owner=b,team=a'");
    agree("inbound-cidrs: 10.0.0.0/8", "inbound-cidrs: 10.1.2.3/8");
    agree("inbound-cidrs: 10.0.0.0/8", "tags: a=b");
    agree(
        "load-balancer-attributes: routing.http2.enabled=true",
        "load-balancer-attributes: idle_timeout.timeout_seconds=30",
    );
    // Ports that only one of them has need no agreement.
    agree(
        r#"listen-ports: '[{"HTTP":80}]', inbound-cidrs: 10.0.0.0/8"#,
        r#"listen-ports: '[{"HTTP":81}]', inbound-cidrs: 11.0.0.0/8"#,
    );
}

#[test]
fn what_a_member_rejected_by_the_group_wants_conflicts_with_nobody() {
    // The first member is bad for itself (its redirect leads to no HTTPS port), so it cannot be
    // why the second
    // one may not have its scheme.
    let world = world("scheme: internal, ssl-redirect: 443", "scheme: internet-facing");
    let built = world.build("edge");
    let guilty: Vec<String> = built.problems.iter().map(|p| p.object.key.to_string()).collect();
    assert_eq!(guilty, ["red/first"], "{:?}", built.problems);
    assert!(built.good.contains_key(&member("blue/second")));
}

#[test]
fn certificates_of_all_members_serve_and_the_first_is_the_default_one() {
    let of = |names: &str| format!("certificate-arn: '{names}'");
    let world = world(&of("arn:b, arn:c"), &of("arn:a, arn:b"));
    let built = world.build("edge");
    assert_eq!(built.problems, []);
    let listener = &built.stack.front.unwrap().listeners[&443].listener;
    assert_eq!(listener.default_certificate.as_ref().unwrap().to_string(), "arn:b");
    let all: Vec<String> = listener.certificates.iter().map(ToString::to_string).collect();
    // The default one is among those chosen by host name, as LBC has it.
    assert_eq!(all, ["arn:a", "arn:b", "arn:c"]);
}
