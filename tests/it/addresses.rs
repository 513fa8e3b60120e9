//! What the load balancer has beside its attributes: capacity that AWS keeps ready, and pools that
//! its addresses come from.

use albedo::model::problem::Code;

use super::support::site::Site;
use super::support::world::{World, key, wait};

const POOL: &str = "ipam-pool-0123456789abcdef0";

/// Two members of a group, the first in its order and the second.
fn members(first: &str, second: &str) -> String {
    format!(
        "
service shop/web: {{ports: ['80:8080']}}
ingress shop/first: {{group.name: edge, group.order: -1, {first} rules: [any Exact /1 web:80]}}
ingress shop/second: {{group.name: edge, {second} rules: [any Exact /2 web:80]}}
"
    )
}

fn capacity(units: &str) -> String {
    format!("minimum-load-balancer-capacity: '{units}',")
}

fn reserved(site: &Site) -> Option<u32> {
    site.aws.everything().load_balancers.values().next().unwrap().capacity
}

fn pool(site: &Site) -> Option<String> {
    site.aws.everything().load_balancers.values().next().unwrap().spec.ipv4_pool.clone()
}

#[test]
fn capacity_is_reserved_once_the_load_balancer_is_set_up() {
    wait(async {
        let site = Site::new(&members(&capacity("CapacityUnits=100"), ""));
        site.aws.take_time();
        let controller = site.start();
        controller.settle_for(60).await;
        assert_eq!(reserved(&site), None);
        site.aws.be_quick();
        controller.settle().await;
        assert_eq!(reserved(&site), Some(100));
        site.aws.forget_calls();
        controller.cluster.add(&members(&capacity("CapacityUnits=200"), ""));
        controller.settle().await;
        assert_eq!((reserved(&site), site.aws.performed().len()), (Some(200), 1));
        // Who says nothing leaves what stands (LBC).
        controller.cluster.add(&members("", ""));
        controller.settle().await;
        assert_eq!(reserved(&site), Some(200));
        controller.cluster.add(&members(&capacity("CapacityUnits=0"), ""));
        controller.settle().await;
        assert_eq!(reserved(&site), None);
        site.aws.forget_calls();
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn capacity_is_asked_for_in_one_way_only() {
    for bad in ["CapacityUnits=abc", "CapacityUnits=-1", "Units=1", "CapacityUnits=1,Units=1"] {
        let built = World::new(&members(&capacity(bad), "")).build("edge");
        let [problem] = &built.problems[..] else { panic!("{bad}: {:#?}", built.problems) };
        assert_eq!(problem.object.key, key("shop/first"), "{bad}");
        assert!(problem.field.ends_with("minimum-load-balancer-capacity"), "{problem}");
        assert!(built.stack.front.is_some(), "its sibling is served");
    }
    let built = World::new(&members(&capacity(""), "")).build("edge");
    assert_eq!((built.problems, built.stack.front.unwrap().capacity), (Vec::new(), None));
}

#[test]
fn more_capacity_than_aws_gives_is_told_to_who_asks_for_it_and_holds_up_nothing() {
    wait(async {
        let site = Site::new(&members("", &capacity("CapacityUnits=1000000")));
        let controller = site.start();
        controller.settle_for(120).await;
        let events = site.cluster.events();
        let told = events.iter().filter(|one| one.reason == "FailedDeployModel");
        let told: Vec<_> = told.map(|one| (&one.object.key, &one.message)).collect();
        let [(whose, message)] = &told[..] else { panic!("{events:#?}") };
        assert_eq!(**whose, key("shop/second"));
        assert!(message.contains("CapacityUnitsLimitExceeded"), "{message}");
    });
}

#[test]
fn addresses_come_from_a_pool_until_nobody_asks_for_it() {
    wait(async {
        let asks = format!("ipam-ipv4-pool-id: {POOL},");
        let site = Site::new(&members(&asks, ""));
        site.aws.change(|state| _ = state.ipv4_pools.insert(POOL.to_owned()));
        let controller = site.settle().await;
        assert_eq!(pool(&site).as_deref(), Some(POOL));
        assert_eq!(site.aws.calls().get("elbv2.ModifyIpPools"), None);
        site.aws.forget_calls();
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
        for (asks, expected) in [("", None), (asks.as_str(), Some(POOL))] {
            site.aws.forget_calls();
            controller.cluster.add(&members(asks, ""));
            controller.settle().await;
            assert_eq!((pool(&site).as_deref(), site.aws.performed().len()), (expected, 1));
        }
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn the_class_of_the_member_that_comes_first_decides_over_all() {
    let both = |params: &str| {
        World::new(&format!(
            "class decided: {{params: p}}\nparams p: {{{params}}}{}",
            members(
                "class: decided, ipam-ipv4-pool-id: one, \
                 minimum-load-balancer-capacity: CapacityUnits=1,",
                "class: decided, ipam-ipv4-pool-id: two, \
                 minimum-load-balancer-capacity: CapacityUnits=2,",
            )
        ))
        .build("edge")
    };
    let built = both("");
    let codes: Vec<Code> = built.problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [Code::Conflict, Code::Conflict]);
    let decides = "minimumLoadBalancerCapacity: {capacityUnits: 3}, \
                   ipamConfiguration: {ipv4IPAMPoolId: three}";
    let built = both(decides);
    assert_eq!(built.problems, []);
    let front = built.stack.front.unwrap();
    assert_eq!(front.capacity.map(|capacity| capacity.units), Some(3));
    assert_eq!(front.load_balancer.ipv4_pool.as_deref(), Some("three"));
    // An empty one decides that there is none (LBC).
    let built = both(
        "minimumLoadBalancerCapacity: {capacityUnits: 0}, \
                      ipamConfiguration: {ipv4IPAMPoolId: ''}",
    );
    assert_eq!(built.stack.front.unwrap().load_balancer.ipv4_pool, None);
}

#[test]
fn without_its_gate_nobody_reads_what_capacity_is_asked_for() {
    let mut world = World::new(&members(&capacity("Units=1"), ""));
    world.settings.gates.capacity_reservation = false;
    let built = world.build("edge");
    assert_eq!((built.problems, built.stack.front.unwrap().capacity), (Vec::new(), None));
}

#[test]
fn a_pool_of_customer_owned_addresses_counts_when_the_load_balancer_is_made() {
    wait(async {
        let owned = "ipv4pool-coip-0123456789abcdef0";
        let asks = format!("customer-owned-ipv4-pool: {owned},");
        let built = World::new(&members(&asks, "")).build("edge");
        assert_eq!(built.problems, []);
        let spec = built.stack.front.unwrap().load_balancer;
        assert_eq!(spec.customer_owned_pool.as_deref(), Some(owned));
        let built = World::new(&members("customer-owned-ipv4-pool: '',", "")).build("edge");
        assert_eq!(built.problems.len(), 1);
        let site = Site::new(&members("", ""));
        let controller = site.settle().await;
        site.aws.forget_calls();
        controller.cluster.add(&members(&asks, ""));
        controller.settle().await;
        assert_eq!(site.aws.performed(), []);
    });
}

#[test]
fn prefix_lists_are_found_by_the_older_name_of_the_field_where_the_newer_one_is_empty() {
    for (params, expected) in [
        ("PrefixListsIDs: [pl-1]", "pl-1"),
        ("prefixListsIDs: [pl-2], PrefixListsIDs: [pl-1]", "pl-2"),
    ] {
        let sketch = members("class: listed,", "class: listed,");
        let built =
            World::new(&format!("class listed: {{params: p}}\nparams p: {{{params}}}{sketch}"))
                .build("edge");
        assert_eq!(built.problems, []);
        let rules = built.stack.front.unwrap().security_group.unwrap().ingress;
        assert!(format!("{rules:?}").contains(expected), "{rules:?}");
    }
}
