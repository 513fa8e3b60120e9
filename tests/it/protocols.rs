//! In which version of HTTP load balancers speak to targets.

use albedo::model::binding::PortRef;

use super::support::site::Site;
use super::support::world::{World, wait};

const SHOP: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
";

fn ingress(annotations: &str) -> String {
    format!("ingress shop/web: {{{annotations}rules: [any Exact /a s:80]}}")
}

/// Version, path of health checks, and their codes.
fn check(annotations: &str, expected: (&str, &str, &str)) {
    let world = World::new(&format!("{SHOP}{}", ingress(annotations)));
    let built = world.build("shop/web");
    assert_eq!(built.problems, [], "{annotations}");
    let wished = built.stack.target_groups.values().next().unwrap();
    let group = &wished.target_group;
    let found = (
        group.protocol_version.as_str(),
        group.health_check.path.as_str(),
        group.health_check.success_codes.as_str(),
    );
    assert_eq!(found, expected, "{annotations}");
}

#[test]
fn health_checks_speak_the_version_of_the_targets() {
    check("", ("HTTP1", "/", "200"));
    check("backend-protocol-version: HTTP2, ", ("HTTP2", "/", "200"));
    check("backend-protocol-version: GRPC, ", ("GRPC", "/AWS.ALB/healthcheck", "12"));
    check(
        "backend-protocol-version: GRPC, healthcheck-path: /grpc.health.v1.Health/Check, \
         success-codes: 0-5, ",
        ("GRPC", "/grpc.health.v1.Health/Check", "0-5"),
    );
}

#[test]
fn a_version_that_there_is_not_says_which_there_are() {
    let world = World::new(&format!("{SHOP}{}", ingress("backend-protocol-version: HTTP3, ")));
    let problems = world.problems("shop/web");
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert!(problem.field.ends_with("backend-protocol-version"), "{problem}");
    assert_eq!(
        (problem.found.as_str(), problem.allowed.as_str()),
        ("\"HTTP3\"", "HTTP1, HTTP2, GRPC")
    );
}

#[test]
fn another_version_takes_another_target_group_which_serves_before_the_old_one_goes() {
    let versions = |site: &Site| {
        let state = site.aws.everything();
        let groups = state.target_groups.values();
        groups.map(|group| group.spec.protocol_version.to_string()).collect::<Vec<_>>()
    };
    wait(async {
        let site = Site::new(SHOP);
        site.cluster.add(&ingress(""));
        let controller = site.settle().await;
        assert_eq!(versions(&site), ["HTTP1"]);
        site.cluster.add(&ingress("backend-protocol-version: HTTP2, "));
        controller.settle().await;
        assert_eq!(versions(&site), ["HTTP2"]);
        let state = site.aws.everything();
        let led_to: Vec<_> = state.rules.values().flat_map(|rule| &rule.rule.actions).collect();
        let standing = state.target_groups.keys().next().unwrap();
        assert!(led_to.iter().any(|action| {
            action.target_groups().iter().any(|weighted| weighted.group.given() == Some(standing))
        }));
    });
}

#[test]
fn the_port_of_targets_agents_is_let_in_and_takes_another_target_group() {
    let world = World::new(&format!("{SHOP}{}", ingress("target-control-port.s.80: \"3000\", ")));
    let built = world.build("shop/web");
    assert_eq!(built.problems, []);
    let wished = built.stack.target_groups.values().next().unwrap();
    assert_eq!(wished.target_group.control_port, Some(3000));
    let ports: Vec<Option<PortRef>> =
        wished.binding.openings.iter().map(|opening| opening.port.clone()).collect();
    assert_eq!(ports, [8080, 3000].map(|port| Some(PortRef::Number(port))));

    // That of another backend is none of this one's.
    let world = World::new(&format!("{SHOP}{}", ingress("target-control-port.s.http: \"3000\", ")));
    let built = world.build("shop/web");
    let wished = built.stack.target_groups.values().next().unwrap();
    assert_eq!(wished.target_group.control_port, None);

    let ports = |site: &Site| {
        let state = site.aws.everything();
        let groups = state.target_groups.values();
        groups.map(|group| group.spec.control_port).collect::<Vec<_>>()
    };
    wait(async {
        let site = Site::new(SHOP);
        site.cluster.add(&ingress(""));
        let controller = site.settle().await;
        assert_eq!(ports(&site), [None]);
        site.cluster.add(&ingress("target-control-port.s.80: \"3000\", "));
        controller.settle().await;
        assert_eq!(ports(&site), [Some(3000)]);
    });
}

#[test]
fn nodes_have_no_agents() {
    let asked = "target-type: instance, target-control-port.s.80: \"3000\", ";
    let nodes = SHOP.replace("[80:8080]", "[\"80:8080@31007\"]");
    let world = World::new(&format!("{nodes}{}", ingress(asked)));
    let problems = world.problems("shop/web");
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert!(problem.field.ends_with("target-control-port.s.80"), "{problem}");
    assert!(problem.allowed.contains("target-type ip"), "{problem}");
}
