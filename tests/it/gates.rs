//! What LBC's feature gates switch, and how many targets a target group gets at most.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::desired::targets::of_binding;
use albedo::flags::{Cli, Command};
use albedo::model::action::{Action, AwsAction, ElbAction};
use albedo::model::id::{AwsId, Id, ObjectKey};
use albedo::model::inventory::TargetsInventory;
use albedo::model::known::Known;
use albedo::model::problem::Severity;
use albedo::model::settings::{FeatureGates, Settings};
use albedo::model::stack::{Braked, Doubts, TargetsStack};
use albedo::model::surroundings::Subnet;
use albedo::model::target::{LiveTarget, Target, TargetState};
use albedo::plan::targets;

use super::support::world::{World, subnet, tags};

/// What a command line means.
fn settings(flags: &[&str]) -> Settings {
    let args = ["albedo", "plan"].iter().chain(flags).map(Into::into);
    let (cli, _) = Cli::parse_with_notes(args).unwrap();
    let Command::Plan(plan) = cli.command else { panic!("{cli:?}") };
    plan.build.settings("demo", "us-east-1".into(), AwsId::new("vpc-fake")).unwrap()
}

fn gates(switched: &str) -> FeatureGates {
    settings(&[&format!("--feature-gates={switched}")]).gates
}

/// The subnets of an Ingress in a VPC with these, under these gates.
fn chosen(switched: &str, subnets: Vec<(&str, Subnet)>) -> String {
    let mut world = World::new(
        "service shop/s: {ports: [80]}\n\
         ingress shop/web: {scheme: internet-facing, rules: [any Exact /a s:80]}",
    );
    world.settings.gates = gates(switched);
    let subnets = subnets.into_iter().map(|(id, subnet)| (AwsId::new(id), subnet));
    Arc::make_mut(&mut world.surroundings.vpc).subnets = subnets.collect();
    let front = world.build("shop/web").stack.front.unwrap();
    match (front.no_subnets, front.subnets) {
        (Some(_), _) => "none".to_owned(),
        (None, subnets) => {
            let ids: Vec<&str> = subnets.found().iter().map(AwsId::as_str).collect();
            ids.join(" ")
        }
    }
}

#[test]
fn a_load_balancer_may_have_a_single_subnet() {
    let only = || vec![("subnet-a", subnet("us-east-1a"))];
    assert_eq!(chosen("", only()), "none");
    assert_eq!(chosen("ALBSingleSubnet=true", only()), "subnet-a");
}

#[test]
fn subnets_of_other_clusters_may_be_taken() {
    let of_other = |zone: &str| Subnet {
        tags: tags(&[("kubernetes.io/role/elb", "1"), ("kubernetes.io/cluster/other", "owned")]),
        ..subnet(zone)
    };
    let both = || vec![("subnet-a", of_other("us-east-1a")), ("subnet-b", of_other("us-east-1b"))];
    assert_eq!(chosen("", both()), "none");
    assert_eq!(chosen("SubnetsClusterTagCheck=false", both()), "subnet-a subnet-b");
}

#[test]
fn subnets_may_have_to_be_tagged() {
    let bare = |zone: &str| Subnet { tags: tags(&[]), ..subnet(zone) };
    let both = || vec![("subnet-a", bare("us-east-1a")), ("subnet-b", bare("us-east-1b"))];
    assert_eq!(chosen("", both()), "subnet-a subnet-b");
    assert_eq!(chosen("SubnetDiscoveryByReachability=false", both()), "none");
}

#[test]
fn the_tags_of_the_flag_may_come_below_all() {
    let built = |switched: &str| {
        let mut world = World::new(
            "service shop/s: {ports: [80], tags: 'env=service'}\n\
             ingress shop/web: {tags: 'env=ingress', target-type: ip, rules: [any Exact /a s:80]}\n\
             ingress shop/bare: {group.name: edge, rules: [any Exact /a s:80]}\n\
             ingress shop/full: {group.name: edge, tags: 'env=ingress', rules: [any Exact /b s:80]}",
        );
        world.settings.default_tags = tags(&[("env", "flag"), ("team", "flag")]);
        world.settings.gates = gates(switched);
        world
    };
    let env = |world: &World, group: &str| {
        let stack = world.build(group).stack;
        let front = stack.front.unwrap();
        let listener = front.listeners.values().next().unwrap();
        let group = stack.target_groups.values().next().unwrap();
        let all = [
            &front.load_balancer.tags,
            &front.security_group.as_ref().unwrap().tags,
            &listener.listener.tags,
            &listener.rules[0].1,
            &group.target_group.tags,
        ];
        all.map(|tags| {
            assert_eq!(tags.get("team").unwrap(), "flag");
            tags.get("env").unwrap().to_string()
        })
    };
    assert_eq!(env(&built(""), "shop/web"), ["flag"; 5]);
    let low = built("EnableDefaultTagsLowPriority=true");
    assert_eq!(env(&low, "shop/web"), ["ingress", "ingress", "ingress", "ingress", "service"]);
    // What nobody asks for is no reason for a conflict with who does.
    assert_eq!(env(&low, "edge")[0], "ingress");
    assert_eq!(low.problems("edge"), []);
}

#[test]
fn pods_on_nodes_that_nobody_hears_of_may_be_left_out() {
    let targets = |switched: &str| {
        let mut world = World::new(
            "service shop/s: {ports: [http=80:8080]}\n\
             ingress shop/web: {rules: [any Prefix / s:80]}\n\
             node lost: unknown\n\
             endpoints shop/s: {ports: {http: 8080}, at: [172.31.0.1 unready]}\n\
             pod shop/pod-172.31.0.1: {ready: true, node: lost}",
        );
        world.settings.gates = gates(switched);
        let stack = world.build("shop/web").stack;
        let binding = &stack.target_groups.values().next().unwrap().binding;
        of_binding(&world.snapshot(), binding).targets.len()
    };
    assert_eq!((targets(""), targets("EndpointsFailOpen=false")), (1, 0));
}

fn target(number: u8) -> Target {
    Target { id: format!("172.31.0.{number}").into(), port: 8080, availability_zone: None }
}

/// What is registered and deregistered where these stand and those are wanted.
fn moved(at_most: Option<usize>, live: &[u8], wanted: &[u8]) -> (Vec<Target>, Vec<Target>, usize) {
    let live = live.iter().map(|number| LiveTarget {
        target: target(*number),
        state: TargetState::Healthy,
        why: None,
    });
    let now = jiff::Timestamp::UNIX_EPOCH;
    let inventory = TargetsInventory { targets: Known::Is(live.collect(), now) };
    let stack = TargetsStack {
        target_group: Id::Is(AwsId::new("tg")),
        targets: wanted.iter().map(|number| target(*number)).collect::<BTreeSet<_>>(),
        may_deregister: true,
        shared: None,
        at_most,
        quota: None,
        leaving: false,
        unclaimed: false,
        doubts: Doubts::None,
        braked: Braked::default(),
        spared: BTreeSet::new(),
    };
    let plan = targets::plan(&ObjectKey::new("shop", "b"), &stack, &inventory);
    let (mut came, mut went) = (Vec::new(), Vec::new());
    for step in &plan.steps {
        match &step.action {
            Action::Aws(AwsAction::Elb(ElbAction::RegisterTargets { targets, .. })) => {
                came.extend(targets.clone());
            }
            Action::Aws(AwsAction::Elb(ElbAction::DeregisterTargets { targets, .. })) => {
                went.extend(targets.clone());
            }
            other => panic!("{other:?}"),
        }
    }
    (came, went, plan.notes.len())
}

#[test]
fn a_target_group_takes_no_more_targets_than_it_may() {
    assert_eq!(settings(&["--max-targets-per-target-group=2"]).max_targets, Some(2));
    assert_eq!(settings(&[]).max_targets, None);
    assert_eq!(moved(None, &[], &[1, 2, 3]).0.len(), 3);
    assert_eq!(moved(Some(2), &[], &[1, 2, 3]), (vec![target(1), target(2)], vec![], 1));
    assert_eq!(moved(Some(2), &[1], &[1, 2, 3]), (vec![target(2)], vec![], 1));
    assert_eq!(
        moved(Some(2), &[1, 2], &[1, 2, 3]),
        (vec![], vec![], 1),
        "that is all there can be"
    );
    assert_eq!(moved(Some(2), &[1, 2, 3], &[1, 2, 3, 4]), (vec![], vec![], 1), "what stands stays");
    assert_eq!(moved(Some(2), &[1, 2], &[1, 3]), (vec![target(3)], vec![target(2)], 0));
}

#[test]
fn an_action_that_no_annotation_holds_is_an_error_where_the_flag_says_so() {
    let built = |flags: &[&str]| {
        let mut world = World::new(
            "service shop/s: {ports: [80]}\n\
             ingress shop/web: {rules: [any Exact /a gone:use-annotation]}",
        );
        world.settings.tolerate_missing_action = settings(flags).tolerate_missing_action;
        let built = world.build("shop/web");
        (built.stack.front.is_some(), built.problems[0].severity)
    };
    assert_eq!(built(&[]), (true, Severity::Note));
    let strict = built(&["--tolerate-non-existent-backend-action=false"]);
    assert_eq!(strict, (false, Severity::Error));
}
