//! Which endpoints become targets.

use albedo::desired::targets::of_binding;

use super::support::world::World;

const SERVICE: &str = "
service shop/s: {ports: [http=80:8080, admin=81:admin]}
ingress shop/web: {rules: [any Prefix / s:80]}
node n1: true
node lost: unknown
node down: false
";

fn check_port(port: &str, endpoints: &str, expected: &[&str]) {
    let mut world = World::new(&SERVICE.replace("s:80", &format!("s:{port}")));
    world.add(endpoints);
    let stack = world.build("shop/web").stack;
    let binding = &stack.target_groups.values().next().unwrap().binding;
    let built = of_binding(&world.snapshot(), binding);
    let told = built.targets.iter().map(|target| match &target.availability_zone {
        Some(zone) => format!("{target} {zone}"),
        None => target.to_string(),
    });
    assert_eq!(told.collect::<Vec<_>>(), expected, "{endpoints}");
}

fn check(endpoints: &str, expected: &[&str]) {
    check_port("80", endpoints, expected);
}

/// An endpoint that is not ready, and its pod.
fn unready(flags: &str, pod: &str) -> String {
    format!(
        "endpoints shop/s: {{ports: {{http: 8080}}, at: [172.31.0.1 {flags}]}}\n\
         pod shop/pod-172.31.0.1: {pod}"
    )
}

#[test]
fn what_is_ready_is_a_target() {
    let at = |list: &str| format!("endpoints shop/s: {{ports: {{http: 8080}}, at: [{list}]}}");
    check(&at("172.31.0.2, 172.31.0.1"), &["172.31.0.1:8080", "172.31.0.2:8080"]);
    check(&at("172.31.0.1, 172.31.0.2 unready"), &["172.31.0.1:8080"]);
    check(&at("172.31.0.1, 172.31.0.2 bare"), &["172.31.0.1:8080"]);
    check("endpoints shop/other: {ports: {http: 8080}, at: [172.31.0.1]}", &[]);
    check("endpoints shop/s: {ports: {other: 8080}, at: [172.31.0.1]}", &[]);
    check("endpoints shop/s: {type: IPv6, ports: {http: 8080}, at: ['2001:db8::1']}", &[]);
}

#[test]
fn a_pod_that_waits_for_nothing_but_its_gates_is_a_target() {
    check(&unready("unready", "{ready: true}"), &["172.31.0.1:8080"]);
    check(&unready("unready", "{ready: false}"), &[]);
    check(&unready("unready", "{ready: true, node: down}"), &[]);
    check(&unready("unready", "{ready: true, node: gone}"), &[]);
    check(&unready("unready terminating", "{ready: true}"), &[]);
    let leaving = "{ready: true, deletionTimestamp: '2026-01-01T00:00:00Z'}";
    check(&unready("unready", leaving), &[]);
}

#[test]
fn pods_on_nodes_that_nobody_hears_of_are_better_than_none() {
    check(&unready("unready", "{ready: true, node: lost}"), &["172.31.0.1:8080"]);
    let beside = unready("unready, 172.31.0.2", "{ready: true, node: lost}");
    check(&beside, &["172.31.0.2:8080"]);
}

#[test]
fn a_named_port_is_the_number_that_the_endpoints_have() {
    let both = "endpoints shop/s: {ports: {http: 8080, admin: 7001}, at: [172.31.0.1]}";
    check_port("81", both, &["172.31.0.1:7001"]);
    check_port("admin", both, &["172.31.0.1:7001"]);
    check_port("http", both, &["172.31.0.1:8080"]);
}

#[test]
fn each_slice_has_its_own_number_for_a_named_port() {
    let half = "endpoints shop/s: {ports: {http: 8080}, at: [172.31.0.1]}";
    let other_half = "endpoints shop/s-2: {labels: {kubernetes.io/service-name: s}, \
                      ports: {http: 9090}, at: [172.31.0.2]}";
    let both = format!("{half}\n{other_half}");
    check(&both, &["172.31.0.1:8080", "172.31.0.2:9090"]);
    // A port that half of the pods have.
    check(&both.replace("{http: 9090}", "{admin: 7001}"), &["172.31.0.1:8080"]);
}

#[test]
fn of_a_dual_stack_service_one_family_is_registered() {
    let four = "endpoints shop/s: {ports: {http: 8080}, at: [172.31.0.1]}";
    let six = "endpoints shop/s-6: {labels: {kubernetes.io/service-name: s}, type: IPv6, \
               ports: {http: 8080}, at: ['2001:db8::1']}";
    let both = format!("{four}\n{six}");
    check(&both, &["172.31.0.1:8080"]);
    let registered = |families: &str| {
        let service = format!("{{families: {families}, ports");
        let sketch = SERVICE.replacen("{ports", &service, 1);
        let sketch = sketch.replace("{rules", "{ip-address-type: dualstack, rules");
        let mut world = World::new(&sketch);
        world.add(&both);
        let stack = world.build("shop/web").stack;
        let group = stack.target_groups.values().next().unwrap();
        let built = of_binding(&world.snapshot(), &group.binding);
        let told: Vec<String> = built.targets.iter().map(|target| target.id.to_string()).collect();
        (group.target_group.ipv6, told)
    };
    assert_eq!(registered("[IPv4]"), (false, vec!["172.31.0.1".to_owned()]));
    // LBC's choice wherever a Service has any IPv6 address.
    for families in ["[IPv6]", "[IPv4, IPv6]", "[IPv6, IPv4]"] {
        assert_eq!(registered(families), (true, vec!["2001:db8::1".to_owned()]), "{families}");
    }
}

#[test]
fn an_address_outside_the_vpc_is_in_all_zones() {
    check(
        "endpoints shop/s: {ports: {http: 8080}, at: [172.31.0.1, 10.1.2.3]}",
        &["10.1.2.3:8080 all", "172.31.0.1:8080"],
    );
}

#[test]
fn addresses_are_in_all_zones_of_another_vpcs_target_group() {
    let mut world = World::new(SERVICE);
    world.add("endpoints shop/s: {ports: {http: 8080}, at: [172.31.0.1]}");
    let stack = world.build("shop/web").stack;
    let mut binding = stack.target_groups.values().next().unwrap().binding.clone();
    for (vpc, expected) in [("vpc-fake", None), ("vpc-hub", Some("all"))] {
        binding.vpc = Some(vpc.into());
        let built = of_binding(&world.snapshot(), &binding);
        let target = built.targets.first().unwrap();
        assert_eq!(
            target.availability_zone.as_deref().map(smol_str::SmolStr::as_str),
            expected,
            "{vpc}"
        );
    }
}
