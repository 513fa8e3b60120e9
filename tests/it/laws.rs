//! The laws of the whole, over random small worlds.

use std::collections::BTreeSet;

use albedo::aws::Kind;
use albedo::model::action::{Action, AwsAction, ElbAction};
use albedo::model::id::AwsId;
use albedo::plan::show;
use proptest::prelude::*;

use super::support::arbitrary::{Small, small};
use super::support::canon;
use super::support::fake::{Fake, Fault, Faulty, State, Struck, When};
use super::support::site::Site;
use super::support::world::{World, group, key, wait};

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

/// Things of ours that are left where nothing should be.
fn leaked(site: &Site) -> Vec<String> {
    let nothing = Site::new("");
    let before = canon::aws(&nothing.aws.everything());
    canon::aws(&site.aws.everything()).into_iter().filter(|line| !before.contains(line)).collect()
}

proptest! {
    #![proptest_config(cases(20))]

    #[test]
    fn rest_nothing_is_left_to_do_once_it_is_done(before in small(), after in small()) {
        wait(async {
            let site = Site::new(&before.sketch());
            let controller = site.settle().await;
            controller.cluster.add(&after.sketch());
            before.gone_from(&after).for_each(|key| controller.cluster.delete(&key));
            controller.settle().await;
            // A look at everything, by this process and by a new one, changes nothing.
            site.aws.forget_calls();
            site.cluster.forget_calls();
            controller.look_again();
            controller.settle().await;
            site.settle().await;
            assert_eq!(site.aws.performed(), []);
            assert_eq!(site.cluster.performed(), []);
            assert_eq!(site.cluster.statuses(), 0);
            // What came of the change is what a fresh start would have made.
            let fresh = Site::new(&after.sketch());
            fresh.settle().await;
            assert_eq!(canon::rules(&site.aws.everything()), canon::rules(&fresh.aws.everything()));
            // And when all are deleted, nothing is left.
            after.keys().for_each(|key| controller.cluster.delete(&key));
            controller.settle().await;
            assert_eq!(leaked(&site), [""; 0]);
            assert!(site.cluster.objects.read().unwrap().bindings.is_empty());
            assert!(site.cluster.objects.read().unwrap().ingresses.is_empty());
        });
    }

    #[test]
    fn arrival_under_any_finite_faults(
        before in small(),
        after in small(),
        faults in prop::collection::vec((1usize..80, any::<bool>(), any::<bool>()), 1..5),
    ) {
        let end = |faults: Vec<Fault>| wait(async {
            let site = Site::new(&before.sketch());
            let controller = site.start_on(Faulty::new(site.aws.clone(), faults));
            controller.settle().await;
            controller.cluster.add(&after.sketch());
            before.gone_from(&after).for_each(|key| controller.cluster.delete(&key));
            controller.settle().await;
            let state = site.aws.everything();
            (canon::aws(&state), canon::cluster(&site.cluster, &state))
        });
        let fault = |(nth, is_done, is_throttled): (usize, bool, bool)| Fault {
            struck: Struck::Any,
            nth,
            // What was throttled was not done.
            when: if is_done && !is_throttled { When::After } else { When::Before },
            kind: if is_throttled { Kind::Throttled } else { Kind::Transient },
        };
        prop_assert_eq!(end(faults.into_iter().map(fault).collect()), end(Vec::new()));
    }

    #[test]
    fn plan_is_apply(world in small()) {
        let site = Site::new(&world.sketch());
        let planned = planned(&site);
        wait(site.settle());
        let mut performed = performed(&site);
        performed.sort();
        let only = |some: &[String], others: &[String]| {
            some.iter().filter(|call| !others.contains(call)).cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(only(&planned, &performed), only(&performed, &planned));
        prop_assert_eq!(planned.len(), performed.len());
    }

    #[test]
    fn determinism_the_same_world_gives_the_same_plan(world in small()) {
        let text = || {
            let plans = World::new(&world.sketch()).plan(&super::support::world::fake()).plans;
            plans.iter().map(|(subject, plan)| show::text(subject, plan)).collect::<String>()
        };
        prop_assert_eq!(text(), text());
    }

    #[test]
    fn strangers_things_are_untouched(before in small(), after in small()) {
        wait(async {
            let site = Site::new(&before.sketch());
            let foreign = foreign(&site.aws);
            let untouched = |state: &State| of(state, &foreign);
            let as_it_was = untouched(&site.aws.everything());
            let controller = site.settle().await;
            controller.cluster.add(&after.sketch());
            before.gone_from(&after).for_each(|key| controller.cluster.delete(&key));
            controller.settle().await;
            after.keys().for_each(|key| controller.cluster.delete(&key));
            controller.settle().await;
            assert_eq!(untouched(&site.aws.everything()), as_it_was);
        });
    }

    #[test]
    fn order_nothing_goes_while_something_leads_to_it(before in small(), after in small()) {
        wait(async {
            let site = Site::new(&before.sketch());
            let controller = site.settle().await;
            let start = site.aws.everything();
            site.aws.forget_calls();
            controller.cluster.add(&after.sketch());
            before.gone_from(&after).for_each(|key| controller.cluster.delete(&key));
            controller.settle().await;
            // The fake refuses what is in use; here, that nothing was even tried.
            assert_eq!(site.refused(), 0);
            hosts_served_before_and_after_are_served_between(&start, &site);
        });
    }

    #[test]
    fn neighbours_of_a_broken_member_are_as_they_were(world in small(), broken in 0usize..4) {
        wait(async {
            let keys: Vec<_> = world.keys().collect();
            let victim = &keys[broken % keys.len()];
            let site = Site::new(&world.sketch());
            let controller = site.settle().await;
            site.aws.forget_calls();
            controller.cluster.add(&format!(
                "ingress {victim}: {{group.name: edge, listen-ports: nonsense, rules: []}}"
            ));
            controller.settle().await;
            let in_edge = world.is_in_edge(victim);
            // One that moves into a group as a bad one leaves its old one; all others stay as they
            // are.
            let performed = site.aws.performed();
            assert!(performed.is_empty() || !in_edge, "{performed:#?}");
        });
    }

    #[test]
    fn bounds_a_visit_reads_each_part_once(world in small()) {
        wait(async {
            let site = Site::new(&world.sketch());
            site.settle().await;
            site.aws.forget_calls();
            site.settle().await;
            let state = site.aws.everything();
            let calls = site.aws.calls();
            let at_most = |operation: &str, count: usize| {
                let made = calls.get(operation).copied().unwrap_or_default();
                assert!(made <= count, "{operation}: {made} > {count}");
            };
            for once in ["DescribeSecurityGroups", "DescribeSubnets", "DescribeNetworkInterfaces"] {
                at_most(&format!("ec2.{once}"), 1);
            }
            at_most("elbv2.DescribeLoadBalancers", 1);
            at_most("elbv2.DescribeTargetGroups", 1);
            at_most("elbv2.DescribeListeners", state.load_balancers.len());
            at_most("elbv2.DescribeRules", state.listeners.len());
            at_most("elbv2.DescribeTargetHealth", state.target_groups.len());
            at_most("elbv2.DescribeLoadBalancerAttributes", state.load_balancers.len());
            at_most("elbv2.DescribeTargetGroupAttributes", state.target_groups.len());
        });
    }
}

/// The mutating calls that a plan lists, without identifiers.
fn planned(site: &Site) -> Vec<String> {
    let mut world = World::new("");
    world.objects = site.cluster.objects.read().unwrap().clone();
    let plans = world.plan(&site.aws).plans;
    let mut names = canon::planned_names(plans.iter().flat_map(|(_, plan)| &plan.steps));
    names.extend(canon::names(&site.aws.everything()));
    let steps = plans.iter().flat_map(|(_, plan)| &plan.steps);
    let mut calls: Vec<String> =
        steps.map(|step| canon::renamed(&names, canon::call(&step.action))).collect();
    calls.sort();
    calls
}

/// The mutating calls that were made.
fn performed(site: &Site) -> Vec<String> {
    let names = canon::names(&site.aws.everything());
    let aws = site.aws.performed().into_iter().map(Action::Aws);
    let kube = site.cluster.performed().into_iter().map(Action::Kube);
    aws.chain(kube).map(|action| canon::renamed(&names, canon::call(&action))).collect()
}

/// Puts things into an account that nobody has marked as ours.
fn foreign(aws: &Fake) -> Vec<AwsId> {
    use albedo::model::load_balancer::{IpAddressType, LoadBalancer, LoadBalancerKind, Scheme};
    use albedo::model::security::SecurityGroup;
    let group = aws.change(|state| {
        state.add_security_group(SecurityGroup {
            name: "theirs".to_owned(),
            description: "theirs".to_owned(),
            vpc: state.vpc.id.clone(),
            ingress: BTreeSet::new(),
            // Another cluster's group of the same name.
            tags: super::support::world::tags(&[
                ("elbv2.k8s.aws/cluster", "other"),
                ("ingress.k8s.aws/stack", "edge"),
                ("ingress.k8s.aws/resource", "ManagedLBSecurityGroup"),
            ]),
        })
    });
    let spec = LoadBalancer {
        kind: LoadBalancerKind::Application,
        ipv4_pool: None,
        customer_owned_pool: None,
        allocations: Vec::new(),
        name: "theirs".to_owned(),
        scheme: Scheme::Internal,
        ip_address_type: IpAddressType::Ipv4,
        subnets: vec![AwsId::new("subnet-a"), AwsId::new("subnet-b")],
        security_groups: vec![albedo::model::id::Id::Is(group.clone())],
        tags: super::support::world::tags(&[
            ("elbv2.k8s.aws/cluster", "other"),
            ("ingress.k8s.aws/stack", "edge"),
            ("ingress.k8s.aws/resource", "LoadBalancer"),
        ]),
    };
    let handle = albedo::model::id::Handle::LoadBalancer(group_named(), albedo::model::id::Slot(0));
    let made = aws.meddle(&AwsAction::Elb(ElbAction::CreateLoadBalancer { handle, spec })).unwrap();
    aws.finish_provisioning();
    vec![group, made.id().unwrap().clone()]
}

fn group_named() -> albedo::model::group::Group {
    group("edge")
}

/// Some things as they stand.
fn of(state: &State, ids: &[AwsId]) -> Vec<String> {
    let groups = ids.iter().filter_map(|id| Some(format!("{:?}", state.security_groups.get(id)?)));
    let balancers =
        ids.iter().filter_map(|id| Some(format!("{:?}", state.load_balancers.get(id)?)));
    let things: Vec<String> = groups.chain(balancers).collect();
    assert_eq!(things.len(), ids.len());
    things
}

/// The rules that stand, wherever they stand: listener, patterns and action.
fn served(state: &State) -> BTreeSet<String> {
    let names = canon::names(state);
    let lines = state
        .rules
        .values()
        .map(|rule| canon::renamed(&names, format!("{:?} {:?}", rule.listener, rule.rule)));
    lines.collect()
}

/// At every moment of a change, whatever is served before it and after it is served.
fn hosts_served_before_and_after_are_served_between(start: &State, site: &Site) {
    let replay = super::support::world::fake();
    replay.change(|state| *state = start.clone());
    let end = served(&site.aws.everything());
    let always: BTreeSet<String> = served(start).intersection(&end).cloned().collect();
    for action in site.aws.performed() {
        replay.meddle(&action).unwrap();
        let now = served(&replay.everything());
        let missing: Vec<&String> = always.difference(&now).collect();
        assert!(missing.is_empty(), "after {action:?}: {missing:?}");
    }
}

#[test]
fn blinkers_what_is_not_read_is_not_planned() {
    use albedo::model::inventory::{BalancerInventory, FabricInventory, TargetsInventory};
    use albedo::model::known::Known;
    let world = World::new(&Small::example().sketch());
    let settings = &world.settings;
    let stack = world.build("edge").stack;
    let now = jiff::Timestamp::UNIX_EPOCH;
    let read = || BalancerInventory {
        load_balancers: Known::Absent(now),
        security_groups: Known::Absent(now),
        target_groups: Known::Absent(now),
        ..BalancerInventory::default()
    };
    let plan = |inventory: &BalancerInventory| {
        albedo::plan::balancer::plan(settings, &world.extent, &stack, inventory, &BTreeSet::new())
    };
    assert!(!plan(&read()).is_empty());
    for unread in [
        BalancerInventory { load_balancers: Known::Unread, ..read() },
        BalancerInventory { security_groups: Known::Unread, ..read() },
        BalancerInventory { target_groups: Known::Unread, ..read() },
    ] {
        assert_eq!(plan(&unread).steps, []);
        assert!(!plan(&unread).notes.is_empty());
    }
    let fabric = albedo::desired::fabric::build(&world.snapshot(), &[]);
    let plan = albedo::plan::fabric::plan(settings, &fabric, &FabricInventory::default());
    assert_eq!(plan.steps, []);
    let mut targets = albedo::desired::targets::of_binding(
        &world.snapshot(),
        &stack.target_groups.values().next().unwrap().binding,
    );
    targets.target_group = albedo::model::id::Id::Is(AwsId::new("arn:x"));
    let unread = TargetsInventory::default();
    assert_eq!(albedo::plan::targets::plan(&key("a/b"), &targets, &unread).steps, []);
}
