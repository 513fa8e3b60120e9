//! Targets that are nodes: which ones, at which port, and who lets load balancers reach them.

mod hand;

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::action::{AwsAction, Ec2Action};
use albedo::model::id::AwsId;
use albedo::model::index::Seen;
use albedo::model::report::Event;
use albedo::model::security::SecurityGroup;
use albedo::model::settings::Settings;
use albedo::model::surroundings::Interface;
use albedo::model::target::TargetState;
use albedo::model::target_group::TargetType;

use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{NODES, World, key, settings, tags, wait};

/// LBC's default.
fn by_nodes() -> Settings {
    Settings { default_target_type: TargetType::Instance, ..settings() }
}

const APP: &str = "
service shop/s: {ports: ['http=80:8080@31007', 'more=81:9000@31008']}
endpoints shop/s: {ports: {http: 8080, more: 9000}, at: [172.31.0.1]}
ingress shop/web: {rules: [any Prefix / s:80]}
node n1: {ready: true, id: i-1, labels: {pool: web}}
node n2: {ready: true, id: i-2, labels: {pool: db}}
";

fn site(sketch: &str) -> Site {
    let site = Site::with(by_nodes(), APP);
    site.cluster.add(sketch);
    site
}

/// What is registered anywhere and does not drain.
fn registered(site: &Site) -> BTreeSet<String> {
    let state = site.aws.everything();
    let targets = state.target_groups.values().flat_map(|group| group.targets.clone());
    let standing = targets.filter(|(_, state)| *state != TargetState::Draining);
    standing.map(|(target, _)| target.to_string()).collect()
}

fn set(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&one| one.to_owned()).collect()
}

/// What a security group lets in.
fn let_in(site: &Site, group: &AwsId) -> Vec<String> {
    let state = site.aws.everything();
    let rules = state.security_groups[group].rules.keys();
    let backend = state.security_groups.keys().find(|id| id.as_str().contains("traffic"));
    let backend = backend.map_or("sg-none", AwsId::as_str);
    rules.map(|rule| rule.to_string().replace(backend, "backend")).collect()
}

fn told(site: &Site, reason: &str) -> Vec<Event> {
    site.cluster.events().into_iter().filter(|event| event.reason == reason).collect()
}

fn gone(site: &Site, node: &str) {
    site.cluster.see(&Seen::Node(node.to_owned(), None));
}

async fn settle(controller: &Controller<Fake>) {
    // Longer than a fresh look at the VPC is waited for, and shorter than the next one.
    controller.settle_for(60).await;
}

#[test]
fn a_target_group_of_nodes_is_made_as_lbc_makes_it() {
    let mut world = World::new(APP);
    world.settings = by_nodes();
    let built = |world: &World| {
        let built = world.build("shop/web");
        assert_eq!(built.problems, []);
        built.stack.target_groups.values().next().unwrap().clone()
    };
    let wished = built(&world);
    assert_eq!(wished.target_group.target_type, TargetType::Instance);
    assert_eq!(wished.target_group.port, 31007);
    assert_eq!(wished.target_group.health_check.port, "traffic-port");
    assert_eq!(wished.binding.nodes, None);
    let ports = |world: &World| {
        let openings = built(world).binding.openings.into_iter();
        openings.map(|opening| opening.port.map(|port| port.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(ports(&world), [Some("31007".to_owned())]);
    // A port by name is the node port of that name, and has to be let in as well.
    world.add(
        "ingress shop/web: {healthcheck-port: more, target-node-labels: 'pool=web,zone=a', \
         rules: [any Prefix / s:http]}",
    );
    let wished = built(&world);
    assert_eq!(wished.target_group.health_check.port, "31008");
    let labels = wished.binding.nodes.unwrap().match_labels;
    assert_eq!(
        labels,
        BTreeMap::from([("pool", "web"), ("zone", "a")].map(|(k, v)| (k.into(), v.into())))
    );
    assert_eq!(ports(&world), [31007, 31008].map(|port| Some(port.to_string())));
    world.settings.restricted_rules = false;
    assert_eq!(ports(&world), [None]);
}

#[test]
fn a_service_without_node_ports_is_told_of_and_holds_up_nobody() {
    let mut world = World::new(APP);
    world.settings = by_nodes();
    world.add(
        "
service shop/inner: {ports: ['http=80:8080']}
ingress shop/good: {group.name: edge, rules: [any Exact /good s:80]}
ingress shop/bad: {group.name: edge, rules: [any Exact /bad inner:http]}
ingress shop/pods: {group.name: edge, target-type: ip, rules: [any Exact /pods inner:80]}
",
    );
    let built = world.build("edge");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!(problem.object.key, key("shop/bad"));
    assert!(problem.found.contains("port http, which has no nodePort"), "{problem:?}");
    for way in ["type NodePort", "alb.ingress.kubernetes.io/target-type ip"] {
        assert!(problem.allowed.contains(way), "{problem:?}");
    }
    assert_eq!(built.stack.target_groups.len(), 2);
}

#[test]
fn nodes_that_come_are_tainted_and_go_are_targets_for_as_long_as_they_may_be() {
    wait(async {
        let site = site("node down: {ready: false, id: i-3}");
        let controller = site.settle().await;
        assert_eq!(registered(&site), set(&["i-1:31007", "i-2:31007"]));
        assert_eq!(let_in(&site, &AwsId::new(NODES)), ["tcp 31007 from backend"]);
        for (change, expected) in [
            ("node n3: {ready: false, id: i-3}", &["i-1:31007", "i-2:31007"][..]),
            ("node n3: {ready: true, id: i-3}", &["i-1:31007", "i-2:31007", "i-3:31007"]),
            (
                "node n1: {ready: true, id: i-1, taints: [ToBeDeletedByClusterAutoscaler]}",
                &["i-2:31007", "i-3:31007"],
            ),
            ("node n2: {ready: true, id: i-2, taints: [karpenter.sh/disrupted]}", &["i-3:31007"]),
            ("node n2: {ready: true, id: i-2}", &["i-2:31007", "i-3:31007"]),
            ("node n2: {ready: unknown, id: i-2}", &["i-3:31007"]),
            ("node n3: {ready: unknown, id: i-3}", &["i-2:31007", "i-3:31007"]),
            (
                "node n3: {ready: true, id: i-3, labels: \
                 {node.kubernetes.io/exclude-from-external-load-balancers: ''}}",
                &["i-2:31007"],
            ),
        ] {
            controller.cluster.add(change);
            controller.settle_for(2).await;
            assert_eq!(registered(&site), set(expected), "{change}");
        }
        controller.cluster.add("node n1: {ready: true, id: i-1}");
        gone(&site, "n2");
        controller.settle_for(2).await;
        assert_eq!(registered(&site), set(&["i-1:31007"]));
    });
}

#[test]
fn where_no_node_may_be_a_target_those_that_are_stay_until_they_are_gone() {
    wait(async {
        let site = site("");
        let controller = site.settle().await;
        let taints = "taints: [ToBeDeletedByClusterAutoscaler]";
        for (node, id) in [("n1", "i-1"), ("n2", "i-2")] {
            controller.cluster.add(&format!("node {node}: {{ready: true, id: {id}, {taints}}}"));
            settle(&controller).await;
        }
        assert_eq!(registered(&site), set(&["i-2:31007"]), "the last one stays");
        assert_eq!(let_in(&site, &AwsId::new(NODES)), ["tcp 31007 from backend"], "and is reached");
        let events = told(&site, "NoNode");
        let [event] = &events[..] else { panic!("{events:?}") };
        assert!(event.message.contains("no node of 2 that can be a target"), "{}", event.message);
        gone(&site, "n2");
        settle(&controller).await;
        assert_eq!(registered(&site), set(&[]));
    });
}

#[test]
fn what_a_node_says_every_few_seconds_wakes_nobody() {
    wait(async {
        let site = site("");
        let controller = site.settle().await;
        let world = controller.runtime.world();
        let decoded = |resource_version: &str, time: &str, more: &str| {
            let node = serde_json::json!({
                "apiVersion": "v1", "kind": "Node",
                "metadata": {
                    "name": "n1", "uid": "uid-n1", "resourceVersion": resource_version,
                    "labels": {"pool": "web"}, "annotations": {"beat": time},
                },
                "spec": {"providerID": "aws:///us-east-1a/i-1"},
                "status": {
                    "conditions": [
                        {"type": "Ready", "status": "True", "lastHeartbeatTime": time},
                        {"type": "DiskPressure", "status": more},
                    ],
                    "images": [{"names": [time], "sizeBytes": 1}],
                },
            });
            let albedo::cluster::Object::Node(name, node) = albedo::cluster::decode(node).unwrap()
            else {
                panic!("no node")
            };
            Seen::Node(name, Some(node))
        };
        let woken = |seen: Seen| world.lock().take(seen);
        assert_eq!(woken(decoded("2", "2026-01-01T00:00:00Z", "False")).len(), 0);
        assert_eq!(woken(decoded("3", "2026-01-01T00:00:10Z", "True")).len(), 0);
        // Nor does a label that nobody chooses nodes by.
        let labelled = "node n1: {ready: true, id: i-1, labels: {pool: web, colour: red}}";
        for object in super::support::sketch::objects(labelled) {
            let albedo::cluster::Object::Node(name, node) = object else { panic!("no node") };
            assert_eq!(woken(Seen::Node(name, Some(node))).len(), 0);
        }
        // That a node is gone is no news once it was told that it would be.
        let tainted = "node n1: {ready: true, id: i-1, taints: [karpenter.sh/disrupted]}";
        controller.cluster.add(tainted);
        controller.settle().await;
        assert_eq!(woken(Seen::Node("n1".to_owned(), None)).len(), 0);
        // And what does wake somebody wakes those only whose targets are nodes.
        controller.cluster.add(
            "
service shop/p: {ports: ['80:8080']}
endpoints shop/p: {at: [172.31.0.9]}
ingress shop/pods: {target-type: ip, rules: [any Prefix / p:80]}
",
        );
        controller.settle().await;
        site.aws.forget_calls();
        controller.cluster.add("node n3: {ready: true, id: i-3}");
        controller.settle().await;
        let calls = site.aws.calls();
        assert_eq!(calls, [("elbv2.RegisterTargets".to_owned(), 1)].into());
    });
}

/// A node whose first interface has a security group of its own.
fn guarded(site: &Site, instance: &str, groups: &[(&str, &[(&str, &str)])]) -> Vec<AwsId> {
    site.aws.change(|state| {
        let vpc = state.vpc.id.clone();
        let made = groups.iter().map(|(name, marks)| {
            let spec = SecurityGroup {
                name: (*name).to_owned(),
                description: (*name).to_owned(),
                vpc: vpc.clone(),
                ingress: BTreeSet::new(),
                tags: tags(marks),
            };
            state.add_security_group(spec)
        });
        let made: Vec<AwsId> = made.collect();
        state.interfaces.push(Interface {
            id: AwsId::new(format!("eni-{instance}")),
            addresses: BTreeSet::new(),
            prefixes: Vec::new(),
            security_groups: made.clone(),
            instance: Some(AwsId::new(instance)),
        });
        made
    })
}

#[test]
fn the_security_group_of_each_nodes_first_interface_lets_load_balancers_in() {
    wait(async {
        let site = site(
            "
node n2: {ready: true, id: i-20}
node n3: {ready: true, id: i-30}
node n4: {ready: true, id: i-40}
",
        );
        let of_cluster = ("kubernetes.io/cluster/demo", "owned");
        let alone = guarded(&site, "i-20", &[("alone", &[])]);
        let several = guarded(&site, "i-30", &[("other", &[]), ("marked", &[of_cluster])]);
        let closed = guarded(&site, "i-40", &[("one", &[]), ("two", &[])]);
        let controller = site.start();
        settle(&controller).await;
        let opened = ["tcp 31007 from backend"];
        assert_eq!(let_in(&site, &AwsId::new(NODES)), opened);
        assert_eq!(let_in(&site, &alone[0]), opened);
        assert_eq!(let_in(&site, &several[1]), opened);
        for group in [&several[0], &closed[0], &closed[1]] {
            assert_eq!(let_in(&site, group), [""; 0], "{group}");
        }
        let events = told(&site, "NoSecurityGroup");
        let [event] = &events[..] else { panic!("{events:?}") };
        assert!(event.message.contains("i-40"), "{}", event.message);
        // Where nodes go, what was opened for them alone is closed.
        gone(&site, "n4");
        gone(&site, "n2");
        settle(&controller).await;
        assert_eq!(let_in(&site, &alone[0]), [""; 0]);
        assert_eq!(let_in(&site, &several[1]), opened);
    });
}

#[test]
fn what_nodes_let_in_costs_no_look_but_the_one_at_all_interfaces() {
    wait(async {
        let site = site("");
        site.settle().await;
        let calls = site.aws.calls();
        let looks = calls.iter().filter(|(call, _)| call.contains("Instances"));
        assert_eq!(looks.count(), 0, "{calls:?}");
        assert_eq!(calls["ec2.DescribeNetworkInterfaces"], 1, "{calls:?}");
        // A node whose interface the last look did not show is looked for once more.
        site.aws.forget_calls();
        let controller = site.start();
        settle(&controller).await;
        site.aws.forget_calls();
        guarded(&site, "i-9", &[("late", &[])]);
        controller.cluster.add("node n9: {ready: true, id: i-9}");
        settle(&controller).await;
        assert_eq!(site.aws.calls()["ec2.DescribeNetworkInterfaces"], 1);
        assert!(registered(&site).contains("i-9:31007"));
    });
}

#[test]
fn another_node_port_is_let_in_before_the_old_one_no_longer_is() {
    wait(async {
        let site = site("");
        let controller = site.settle().await;
        site.aws.forget_calls();
        controller.cluster.add("service shop/s: {ports: ['http=80:8080@32000']}");
        controller.settle().await;
        assert_eq!(registered(&site), set(&["i-1:32000", "i-2:32000"]));
        assert_eq!(let_in(&site, &AwsId::new(NODES)), ["tcp 32000 from backend"]);
        let performed = site.aws.performed();
        let of_nodes = performed.iter().filter_map(|action| match action {
            AwsAction::Ec2(Ec2Action::AuthorizeIngress { .. }) => Some("authorize"),
            AwsAction::Ec2(Ec2Action::RevokeIngress { .. }) => Some("revoke"),
            _ => None,
        });
        assert_eq!(of_nodes.collect::<Vec<_>>(), ["authorize", "revoke"]);
        let made = performed.iter().any(|action| action.operation().1 == "CreateTargetGroup");
        assert!(!made, "a target group's own port is nobody's");
    });
}

#[test]
fn a_target_type_that_changes_replaces_the_target_group() {
    wait(async {
        let site = site("");
        let controller = site.settle().await;
        controller.cluster.add("ingress shop/web: {target-type: ip, rules: [any Prefix / s:80]}");
        controller.settle().await;
        assert_eq!(registered(&site), set(&["172.31.0.1:8080"]));
        assert_eq!(let_in(&site, &AwsId::new(NODES)), ["tcp 8080 from backend"]);
        controller.cluster.delete(&key("shop/web"));
        controller.settle().await;
        assert_eq!(site.aws.everything().target_groups.len(), 0);
        assert_eq!(let_in(&site, &AwsId::new(NODES)), [""; 0]);
    });
}

#[test]
fn instances_whose_nodes_are_gone_are_deregistered_after_a_restart_unless_nodes_are_missed() {
    wait(async {
        let nodes =
            |count: u32| (1..=count).map(|n| format!("node m{n}: {{ready: true, id: i-{n}0}}\n"));
        let site = site(&nodes(6).collect::<String>());
        let controller = site.start();
        settle(&controller).await;
        assert_eq!(registered(&site).len(), 8);
        controller.stop().await;
        for node in 1..=5 {
            gone(&site, &format!("m{node}"));
        }
        let controller = site.start();
        settle(&controller).await;
        assert_eq!(registered(&site), set(&["i-1:31007", "i-2:31007", "i-60:31007"]));
    });
}

#[test]
fn what_lbc_left_is_taken_over_without_a_call() {
    let site = site("");
    wait(async { drop(site.settle().await) });
    let mut world = World::new(APP);
    world.settings = by_nodes();
    world.objects = site.cluster.objects.read().unwrap().clone();
    let plans = world.plan(&site.aws).plans;
    let steps: usize = plans.iter().map(|(_, plan)| plan.steps.len()).sum();
    assert_eq!(steps, 0, "{plans:?}");
}
