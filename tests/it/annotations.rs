//! The grammars of annotations, as an Ingress meets them.

use albedo::desired::annotations::{Support, all};
use albedo::model::problem::{Code, Kind, Severity};

use super::support::world::{CERTIFICATE, World, key, tags};

fn world(ingress: &str, service: &str) -> World {
    World::new(&format!(
        "service shop/s:\n  ports: [http=80:8080, named=81:web]\n  {service}\n\
         ingress shop/web:\n  rules: [any Exact /a s:80]\n  {ingress}"
    ))
}

/// The value is good.
fn good(name: &str, value: &str) -> World {
    let world = world(&format!("{name}: {value:?}"), "");
    assert_eq!(world.problems("shop/web"), [], "{name}: {value:?}");
    world
}

/// The value is refused, by an error on the Ingress that names the annotation and what is allowed.
fn bad(name: &str, values: &[&str], allowed: &str) {
    for value in values {
        let problems = world(&format!("{name}: {value:?}"), "").problems("shop/web");
        let [problem] = &problems[..] else { panic!("{name}: {value:?}: {problems:?}") };
        assert_eq!(problem.severity, Severity::Error);
        assert_eq!(problem.object.kind, Kind::Ingress);
        assert_eq!(problem.field, format!("annotation alb.ingress.kubernetes.io/{name}"));
        assert!(problem.allowed.contains(allowed), "{name}: {value:?}: {problem}");
    }
}

#[test]
fn words_are_taken_as_they_are_spelt() {
    good("scheme", "internal");
    good("scheme", "internet-facing");
    bad("scheme", &["Internal", "", " internal"], "internal, internet-facing");
    for kind in ["ipv4", "dualstack", "dualstack-without-public-ipv4"] {
        good("ip-address-type", kind);
    }
    bad("ip-address-type", &["ipv6"], "dualstack");
    good("backend-protocol", "HTTPS");
    bad("backend-protocol", &["https", "TCP"], "HTTP, HTTPS");
    bad("healthcheck-protocol", &["TCP"], "HTTP, HTTPS");
    bad("target-type", &["pod"], "ip, instance");
}

#[test]
fn numbers_have_bounds() {
    for (name, min, max) in [
        ("healthcheck-interval-seconds", 5, 300),
        ("healthcheck-timeout-seconds", 2, 120),
        ("healthy-threshold-count", 2, 10),
        ("unhealthy-threshold-count", 2, 10),
        ("group.order", -1000, 1000),
    ] {
        let allowed = format!("a whole number from {min} to {max}");
        good(name, &min.to_string());
        good(name, &max.to_string());
        let (below, above) = ((min - 1).to_string(), (max + 1).to_string());
        bad(name, &[&below, &above, "", "ten", "5 ", "5.0", "99999999999"], &allowed);
    }
}

#[test]
fn names_of_load_balancers_are_aws_names() {
    good("load-balancer-name", "a");
    good("load-balancer-name", &"a".repeat(32));
    let long = "a".repeat(33);
    bad("load-balancer-name", &["", &long, "a_b", "-a", "a-", "internal-a"], "1 to 32 letters");
}

#[test]
fn cidrs_are_canonical_or_nothing() {
    bad(
        "inbound-cidrs",
        &["10.0.0.0", "10.0.0.0/33", "all", "10.0.0.0/8;11.0.0.0/8"],
        "CIDRs such as",
    );
    good("inbound-cidrs", " 10.0.0.0/8 , ,11.0.0.0/8,");
    good("inbound-cidrs", "");
}

#[test]
fn ports_to_listen_on_are_json() {
    bad(
        "listen-ports",
        &["", "80", "[]", "[{\"http\":80}]", "[{\"HTTP\":0}]", "[{\"HTTP\":\"80\"}]"],
        "a JSON array",
    );
    good("listen-ports", "[{\"HTTP\":80},{\"HTTP\":8080}]");
    let front = good("listen-ports", "[{\"HTTP\":8080}]").build("shop/web").stack.front.unwrap();
    assert!(front.listeners.keys().eq([&8080]));
    let front = good("certificate-arn", CERTIFICATE).build("shop/web").stack.front.unwrap();
    assert!(front.listeners.keys().eq([&443]));
}

#[test]
fn pairs_follow_lbcs_scanner() {
    let tagged =
        |value: &str| good("tags", value).build("shop/web").stack.front.unwrap().load_balancer.tags;
    let has = |value: &str, pairs: &[(&str, &str)]| {
        let mut found = tagged(value);
        found.retain(|key, _| !key.contains("k8s.aws/"));
        assert_eq!(found, tags(pairs), "{value:?}");
    };
    has("", &[]);
    has("a=b, c = d", &[("a", "b"), ("c", "d")]);
    has(r"a=b\,c", &[("a", "b,c")]);
    has("a=b,", &[("a", "b,")]);
    let wrong = [" ", "a", "=b", ",a=b", "a=b,,c=d"];
    for name in ["tags", "target-group-attributes"] {
        bad(name, &wrong, "key=value pairs between commas");
    }
    bad("load-balancer-attributes", &wrong[..4], "key=value pairs between commas");
}

#[test]
fn a_port_for_health_checks_is_a_number_or_leads_to_one() {
    let port = |value| {
        let stack = good("healthcheck-port", value).build("shop/web").stack;
        stack.target_groups.into_values().next().unwrap().target_group.health_check.port
    };
    assert_eq!(port("traffic-port"), "traffic-port");
    assert_eq!(port("9090"), "9090");
    assert_eq!(port("09090"), "9090", "as AWS tells it");
    assert_eq!(port("http"), "8080");
    bad("healthcheck-port", &["named", "gone", "0", "70000", ""], "traffic-port, a port number");
}

#[test]
fn what_the_service_says_the_ingress_does_not() {
    let check = |ingress: &str, service: &str, expected: &str| {
        let world = world(ingress, service);
        assert_eq!(world.problems("shop/web"), []);
        let stack = world.build("shop/web").stack;
        let group = stack.target_groups.into_values().next().unwrap().target_group;
        assert_eq!(group.health_check.path, expected);
    };
    check("healthcheck-path: /i", "healthcheck-path: /s", "/s");
    check("healthcheck-path: /i", "tags: a=b", "/i");
    check("tags: a=b", "healthcheck-path: /s", "/s");
    check("tags: a=b", "tags: a=b", "/");
}

#[test]
fn a_mistake_in_a_service_is_the_services() {
    let world = world("scheme: internal", "healthy-threshold-count: 11");
    let problems = world.problems("shop/web");
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!((problem.object.kind, &problem.object.key), (Kind::Service, &key("shop/s")));
    assert_eq!(world.build("shop/web").good.len(), 0);
}

#[test]
fn tags_of_service_ingress_class_and_flag_go_over_each_other() {
    let mut world = World::new(
        "
service shop/s: {ports: [80], tags: 's=service,i=service,c=service,d=service'}
params p: {tags: [{key: c, value: class}, {key: d, value: class}]}
class p: {params: p}
ingress shop/web: {class: p, tags: 'i=ingress,c=ingress,d=ingress', rules: [any Exact /a s:80]}
",
    );
    world.settings.default_tags = tags(&[("d", "flag")]);
    let built = world.build("shop/web");
    assert_eq!(built.problems, []);
    let own = |mut found: albedo::model::marks::Tags| {
        found.retain(|key, _| !key.contains("k8s.aws/"));
        found
    };
    let front = built.stack.front.unwrap();
    let of_balancer = tags(&[("i", "ingress"), ("c", "class"), ("d", "flag")]);
    assert_eq!(own(front.load_balancer.tags), of_balancer);
    assert_eq!(own(front.listeners[&80].rules[0].1.clone()), of_balancer);
    let of_group = built.stack.target_groups.into_values().next().unwrap().target_group.tags;
    assert_eq!(
        own(of_group),
        tags(&[("s", "service"), ("i", "service"), ("c", "class"), ("d", "flag")])
    );
}

#[test]
fn attributes_of_the_class_go_over_the_ingresss_key_by_key() {
    let world = World::new(
        "
service shop/s: {ports: [80]}
params p: {loadBalancerAttributes: [{key: idle_timeout.timeout_seconds, value: '61'}]}
class p: {params: p}
ingress shop/web: {class: p, rules: [any Exact /a s:80], load-balancer-attributes:
    'idle_timeout.timeout_seconds=30,routing.http2.enabled=false'}
",
    );
    let built = world.build("shop/web");
    assert_eq!(built.problems, []);
    let found = built.stack.front.unwrap().attributes;
    let expected = [("idle_timeout.timeout_seconds", "61"), ("routing.http2.enabled", "false")];
    assert_eq!(found.values, tags(&expected));
}

#[test]
fn tracking_tags_cannot_be_had_and_others_keys_not_be_named() {
    let mut world = good("tags", "elbv2.k8s.aws/cluster=mine,ingress.k8s.aws/stack=mine,team=a");
    let front = world.build("shop/web").stack.front.unwrap();
    assert_eq!(front.load_balancer.tags["elbv2.k8s.aws/cluster"], "demo");
    assert_eq!(front.load_balancer.tags["ingress.k8s.aws/stack"], "shop/web");
    assert_eq!(front.load_balancer.tags["team"], "a");
    world.settings.external_managed_tags = vec!["team".to_owned()];
    let problems = world.problems("shop/web");
    assert!(problems[0].to_string().contains("--external-managed-tags"), "{problems:?}");
    let mut world = World::new(
        "
service shop/s: {ports: [80]}
params p: {tags: [{key: team, value: b}]}
class p: {params: p}
ingress shop/web: {class: p, rules: [any Exact /a s:80]}
",
    );
    world.settings.external_managed_tags = vec!["team".to_owned()];
    let problems = world.problems("shop/web");
    let [problem] = &problems[..] else { panic!("{problems:#?}") };
    assert_eq!(problem.code, Code::InvalidClass);
}

#[test]
fn what_is_not_built_yet_makes_bad_unless_it_asks_for_nothing() {
    for known in all() {
        let name = if known.name.ends_with('.') {
            format!("{}s", known.name)
        } else {
            known.name.to_owned()
        };
        let Support::Only(accepted) = known.support else { continue };
        for value in accepted {
            good(&name, value);
        }
        let problems = world(&format!("{name}: something"), "").problems("shop/web");
        let [problem] = &problems[..] else { panic!("{name}: {problems:?}") };
        assert_eq!((problem.code, problem.severity), (Code::Unsupported, Severity::Error));
    }
}

#[test]
fn what_nobody_looks_for_on_a_service_is_said_and_changes_nothing() {
    let world = world("scheme: internal", "wafv2-acl-arn: x");
    let built = world.build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!((problem.code, problem.severity), (Code::UnknownAnnotation, Severity::Note));
    assert_eq!(problem.object.kind, Kind::Service);
    assert_eq!(built.good.len(), 1);
}
