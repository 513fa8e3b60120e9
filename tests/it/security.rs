//! Who may reach load balancers, and what load balancers may reach.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use albedo::desired::fabric;
use albedo::model::action::{Action, AwsAction, Ec2Action};
use albedo::model::binding::Binding;
use albedo::model::id::{AwsId, Handle, Id};
use albedo::model::inventory::FabricInventory;
use albedo::model::known::{Known, Live};
use albedo::model::security::{IngressRule, Peer, SecurityGroup};
use albedo::model::settings::BackendSecurityGroup;
use albedo::model::surroundings::{Interface, Interfaces, NamedGroup};

use jiff::Timestamp;

use super::support::site::Site;
use super::support::world::{NODES, World, key, settings, tags, wait};

mod entry;
mod spread;

fn frontend(annotations: &str, expected: &[&str]) {
    let world = World::new(&format!(
        "service shop/s: {{ports: [80]}}\n\
         ingress shop/web: {{{annotations}, rules: [any Exact /a s:80]}}"
    ));
    let built = world.build("shop/web");
    assert_eq!(built.problems, [], "{annotations}");
    let group = built.stack.front.unwrap().security_group.unwrap();
    let rules: Vec<String> = group.ingress.iter().map(ToString::to_string).collect();
    assert_eq!(rules, expected, "{annotations}");
}

#[test]
fn everybody_may_reach_a_load_balancer_unless_a_member_says_who() {
    frontend("scheme: internal", &["tcp 80 from 0.0.0.0/0"]);
    frontend("ip-address-type: dualstack", &["tcp 80 from 0.0.0.0/0", "tcp 80 from ::/0"]);
    frontend("inbound-cidrs: '10.1.2.3/8, 2001:db8::1/32'", &["tcp 80 from 10.0.0.0/8"]);
    frontend(
        "ip-address-type: dualstack, inbound-cidrs: '10.0.0.0/8, 2001:DB8::1/32'",
        &["tcp 80 from 10.0.0.0/8", "tcp 80 from 2001:db8::/32"],
    );
    frontend(
        "security-group-prefix-lists: 'pl-2, pl-1'",
        &["tcp 80 from pl-1", "tcp 80 from pl-2"],
    );
    frontend(
        "inbound-cidrs: 10.0.0.0/8, security-group-prefix-lists: pl-1",
        &["tcp 80 from 10.0.0.0/8", "tcp 80 from pl-1"],
    );
    frontend(
        r#"listen-ports: '[{"HTTP":80},{"HTTP":8080}]'"#,
        &["tcp 80 from 0.0.0.0/0", "tcp 8080 from 0.0.0.0/0"],
    );
}

/// The security groups of the load balancer, and of whom its pods let in.
fn groups(world: &World) -> (Vec<String>, Vec<String>) {
    let stack = world.build("shop/web").stack;
    let of_balancer = stack.front.unwrap().load_balancer.security_groups;
    let openings = stack.target_groups.values().flat_map(|wished| &wished.binding.openings);
    let let_in = openings.map(|opening| opening.group.as_ref().unwrap().short()).collect();
    (of_balancer.iter().map(Id::short).collect(), let_in)
}

#[test]
fn pods_let_in_the_backend_security_group_or_the_frontend_one() {
    let sketch = "service shop/s: {ports: [80]}\ningress shop/web: {rules: [any Exact /a s:80]}";
    let mut world = World::new(sketch);
    let (front, back) = ("frontend security group of shop/web", "backend security group");
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(groups(&world), (owned(&[front, back]), owned(&[back])));
    world.settings.backend = BackendSecurityGroup::Given(AwsId::new("sg-given"));
    assert_eq!(groups(&world), (owned(&[front, "sg-given"]), owned(&["sg-given"])));
    world.settings.backend = BackendSecurityGroup::Off;
    assert_eq!(groups(&world), (owned(&[front]), owned(&[front])));
    // Who names security groups sees to pods as well; an empty list names none.
    world.settings.backend = BackendSecurityGroup::Managed;
    world.add(&sketch.replace("rules", &format!("security-groups: {NODES}, rules")));
    assert_eq!(groups(&world), (owned(&[NODES]), owned(&[])));
    world.add(&sketch.replace("rules", "security-groups: '', rules"));
    assert_eq!(groups(&world), (owned(&[front, back]), owned(&[back])));
}

#[test]
fn the_backend_security_group_comes_beside_named_ones_where_somebody_says_so() {
    let sketch = |more: &str| {
        format!(
            "service shop/s: {{ports: [80]}}\n\
             ingress shop/web: {{security-groups: {NODES}, {more} rules: [any Exact /a s:80]}}"
        )
    };
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let (managed, alone) = (
        (owned(&[NODES, "backend security group"]), owned(&["backend security group"])),
        (owned(&[NODES]), owned(&[])),
    );
    let manages = |more: &str, flag: bool| {
        let mut world = World::new(&sketch(more));
        world.settings.manages_backend_rules = flag;
        let group = albedo::model::group::Group::Implicit(key("shop/web"));
        let is_needed = fabric::needs_backend(&world.snapshot(), &group);
        let found = groups(&world);
        assert_eq!(is_needed, found == managed, "{more} {flag}");
        found
    };
    let annotation = "manage-backend-security-group-rules";
    assert_eq!(manages("", false), alone);
    assert_eq!(manages("", true), managed);
    assert_eq!(manages(&format!("{annotation}: 'true',"), false), managed);
    assert_eq!(manages(&format!("{annotation}: 'F',"), true), alone);
    // One value for all of a group.
    let world = World::new(&format!(
        "service shop/s: {{ports: [80]}}\n\
         ingress shop/a: {{group.name: edge, {annotation}: 'true', rules: [any Exact /a s:80]}}\n\
         ingress shop/b: {{group.name: edge, {annotation}: 'false', rules: [any Exact /b s:80]}}"
    ));
    let problems = world.problems("edge");
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].field.ends_with(annotation) && problems[0].object.key == key("shop/b"));
    // Nobody keeps what there is not.
    let mut world = World::new(&sketch(&format!("{annotation}: 'true',")));
    world.settings.backend = BackendSecurityGroup::Off;
    let problems = world.problems("shop/web");
    assert!(problems[0].field.ends_with(annotation), "{problems:?}");
}

/// The rules that node security groups should have.
fn endpoint_rules(world: &World) -> Vec<String> {
    let groups = albedo::desired::groups::all(&world.snapshot());
    let stacks =
        groups.iter().map(|group| albedo::desired::balancer::build(&world.snapshot(), group).stack);
    let planned: Vec<Binding> = stacks
        .flat_map(|stack| stack.target_groups.into_values().map(|wished| wished.binding))
        .collect();
    let built = fabric::build(&world.snapshot(), &planned);
    let each = built.endpoint_rules.iter().flat_map(|(group, rules)| {
        rules.iter().map(move |rule| {
            format!("{group}: {rule}")
                .replace("(known after apply: backend security group)", "backend")
        })
    });
    each.collect()
}

const TWO: &str = "
service shop/a: {ports: [80:8080]}
service shop/b: {ports: [80:30]}
endpoints shop/a: {ports: {'': 8080}, at: [172.31.0.1]}
endpoints shop/b: {ports: {'': 30}, at: [172.31.0.2]}
ingress shop/a: {healthcheck-port: 9090, rules: [any Exact /a a:80]}
ingress shop/b: {rules: [any Exact /b b:80]}
";

#[test]
fn rules_of_all_bindings_on_a_group_become_one_range() {
    let mut world = World::new(TWO);
    assert_eq!(endpoint_rules(&world), ["sg-nodes-1: tcp 30-9090 from backend"]);
    world.objects.slices.remove(&key("shop/b"));
    assert_eq!(endpoint_rules(&world), ["sg-nodes-1: tcp 8080-9090 from backend"]);
    world.settings.restricted_rules = false;
    assert_eq!(endpoint_rules(&world), ["sg-nodes-1: tcp 0-65535 from backend"]);
}

#[test]
fn a_named_target_port_opens_what_the_pods_listen_on() {
    let world = World::new(
        "
service shop/s: {ports: [http=80:web]}
endpoints shop/s: {ports: {http: 7001}, at: [172.31.0.1]}
ingress shop/web: {rules: [any Exact /a s:http]}
",
    );
    assert_eq!(endpoint_rules(&world), ["sg-nodes-1: tcp 7001 from backend"]);
}

#[test]
fn of_several_groups_on_an_interface_the_one_tagged_for_the_cluster_counts() {
    let mut world = World::new(TWO);
    world.objects.ingresses.remove(&key("shop/b"));
    let interface = |groups: &[&str]| Interface {
        id: AwsId::new("eni-x"),
        addresses: ["172.31.0.1".to_owned()].into(),
        prefixes: Vec::new(),
        security_groups: groups.iter().map(|id| AwsId::new(*id)).collect(),
        instance: None,
    };
    let all = |interfaces: [Interface; 1]| Arc::new(Interfaces::from_iter(interfaces));
    let mut check = |groups: &[&str], expected: &[&str]| {
        world.surroundings.interfaces = all([interface(groups)]);
        assert_eq!(endpoint_rules(&world), expected, "{groups:?}");
    };
    check(&["sg-only"], &["sg-only: tcp 8080-9090 from backend"]);
    check(&["sg-aa", NODES], &["sg-nodes-1: tcp 8080-9090 from backend"]);
    // Nobody can tell which of these is about the pod: one of them may be the whole company's.
    check(&["sg-aa", "sg-bb"], &[]);
    // An address that no interface holds: its rules are not known, and nobody else's are taken
    // away.
    world.surroundings.interfaces = Arc::default();
    assert_eq!(endpoint_rules(&world), [""; 0]);
    let other = NamedGroup {
        tags: tags(&[("kubernetes.io/cluster/demo", "shared"), ("pool", "x")]),
        ..NamedGroup::default()
    };
    Arc::make_mut(&mut world.surroundings.security_groups).insert(AwsId::new("sg-aa"), other);
    world.settings.endpoint_group_tags = tags(&[("pool", "x")]);
    world.surroundings.interfaces = all([interface(&["sg-aa", NODES])]);
    assert_eq!(endpoint_rules(&world), ["sg-aa: tcp 8080-9090 from backend"]);
}

/// Whether an endpoint counts may be for its pod and its node to say.
#[test]
fn rules_of_a_node_security_group_follow_pods_and_nodes_that_get_well_by_themselves() {
    let pod = |is_ready| format!("pod shop/pod-172.31.0.1: {{ready: {is_ready}, node: n0}}");
    wait(async {
        let site = Site::new(&format!(
            "service shop/s: {{ports: ['80:8080']}}\n\
             endpoints shop/s: {{at: ['172.31.0.1 unready']}}\n\
             {}\nnode n0: true\n\
             ingress shop/web: {{rules: [any Exact /a s:80]}}",
            pod(false)
        ));
        let ports = || {
            let state = site.aws.everything();
            let rules = state.security_groups[&AwsId::new(NODES)].rules.keys();
            rules.map(|rule| rule.from_port).collect::<Vec<_>>()
        };
        let controller = site.settle().await;
        assert!(ports().is_empty());
        for (change, expected) in [
            (pod(true), vec![8080]),
            ("node n0: false".to_owned(), vec![]),
            ("node n0: true".to_owned(), vec![8080]),
            ("service shop/s: {ports: ['81:8080']}".to_owned(), vec![]),
        ] {
            site.cluster.add(&change);
            controller.settle().await;
            assert_eq!(ports(), expected, "after {change}");
        }
    });
}

#[test]
fn rules_of_a_node_security_group_follow_the_bindings_and_leave_others_alone() {
    wait(async {
        let site = Site::with(settings(), TWO);
        let foreign = IngressRule {
            protocol: "tcp".to_owned(),
            from_port: 22,
            to_port: 22,
            source: Peer::Cidr("10.0.0.0/8".to_owned()),
        };
        let rules = || {
            let state = site.aws.everything();
            let rules = state.security_groups[&AwsId::new(NODES)].rules.keys();
            rules.map(|rule| (rule.from_port, rule.to_port)).collect::<Vec<_>>()
        };
        site.aws.change(|state| {
            let nodes = state.security_groups.get_mut(&AwsId::new(NODES)).unwrap();
            nodes.rules.insert(foreign, "ssh".to_owned());
        });
        let controller = site.settle().await;
        assert_eq!(rules(), [(22, 22), (30, 9090)]);
        controller.cluster.delete(&key("shop/b"));
        controller.settle().await;
        assert_eq!(rules(), [(22, 22), (8080, 9090)]);
        controller.cluster.delete(&key("shop/a"));
        controller.settle().await;
        assert_eq!(rules(), [(22, 22)]);
        let state = site.aws.everything();
        let left = state.security_groups.values().map(|group| group.spec.name.as_str());
        assert_eq!(left.collect::<Vec<_>>(), ["default", "nodes"]);
    });
}

#[test]
fn what_was_opened_for_instances_stays_whatever_pods_are_behind_them() {
    let mut world = World::new(TWO);
    assert!(fabric::build(&world.snapshot(), &[]).is_complete);
    world.add_manifests(
        "
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {name: lbc, namespace: shop, uid: '1'}
spec:
  targetGroupARN: arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/lbc/1
  targetType: instance
  serviceRef: {name: a, port: 80}
  networking:
    ingress: [{from: [{securityGroup: {groupID: sg-1}}], ports: [{protocol: TCP, port: 30080}]}]
",
    );
    let built = fabric::build(&world.snapshot(), &[]);
    assert_eq!(built.endpoint_rules, BTreeMap::new(), "nothing of pods is opened for it");
    let kept: Vec<String> = built.kept.iter().map(ToString::to_string).collect();
    assert_eq!(kept, ["tcp 30080 from sg-1"]);
    let rule = |from_port, to_port| IngressRule {
        protocol: "tcp".to_owned(),
        from_port,
        to_port,
        source: Peer::Group(Id::Is(AwsId::new("sg-1"))),
    };
    let standing = BTreeSet::from([rule(30000, 30080), rule(30081, 30090), rule(30080, 30080)]);
    let inventory = FabricInventory {
        endpoint_rules: Known::Is([(AwsId::new(NODES), standing)].into(), Timestamp::UNIX_EPOCH),
        ..FabricInventory::default()
    };
    let plan = albedo::plan::fabric::plan(&world.settings, &built, &inventory);
    let revoked = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Aws(AwsAction::Ec2(Ec2Action::RevokeIngress { rules, .. })) => Some(rules),
        _ => None,
    });
    let revoked: Vec<String> = revoked.flatten().map(ToString::to_string).collect();
    assert_eq!(revoked, ["tcp 30081-30090 from sg-1"], "what lets that in stays");
}

/// AWS lets no security group go that a rule of another one names.
#[test]
fn the_backend_security_group_stays_while_a_binding_has_it_let_in() {
    let world = World::new("service shop/s: {ports: [80]}");
    let backend = SecurityGroup {
        name: "k8s-traffic-demo".into(),
        description: String::new(),
        vpc: AwsId::new("vpc-fake"),
        ingress: BTreeSet::new(),
        tags: tags(&[]),
    };
    let live = Live { id: AwsId::new("sg-1"), spec: backend };
    let from = |source| IngressRule {
        protocol: "tcp".to_owned(),
        from_port: 8080,
        to_port: 8080,
        source: Peer::Group(source),
    };
    let inventory = FabricInventory {
        backend: Known::Is(live, Timestamp::UNIX_EPOCH),
        endpoint_rules: Known::Is(BTreeMap::new(), Timestamp::UNIX_EPOCH),
        ..FabricInventory::default()
    };
    let asked =
        [None, Some(Id::Is(AwsId::new("sg-1"))), Some(Id::Of(Handle::BackendSecurityGroup))];
    for source in asked {
        let mut stack = fabric::build(&world.snapshot(), &[]);
        let rules = source.clone().map(|source| BTreeSet::from([from(source)]));
        stack.endpoint_rules.extend(rules.map(|rules| (AwsId::new(NODES), rules)));
        let plan = albedo::plan::fabric::plan(&world.settings, &stack, &inventory);
        let goes = plan.steps.iter().any(|step| {
            matches!(
                step.action,
                Action::Aws(AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { .. }))
            )
        });
        assert_eq!(goes, source.is_none(), "{plan:?}");
    }
}

#[test]
fn who_brings_security_groups_of_its_own_brings_no_backend_security_group_about() {
    let sketch = |annotations: &str| {
        format!(
            "service shop/s: {{ports: [80]}}\nendpoints shop/s: {{at: [172.31.0.1]}}\n\
             ingress shop/web: {{{annotations}rules: [any Exact /a s:80]}}"
        )
    };
    let stand = |site: &Site| {
        let state = site.aws.everything();
        state.security_groups.values().filter(|group| group.spec.name.starts_with("k8s-")).count()
    };
    wait(async {
        let site = Site::new(&sketch(&format!("security-groups: {NODES}, ")));
        let controller = site.settle().await;
        assert_eq!(stand(&site), 0);
        // There and back: each time there is as much as is needed.
        site.cluster.add(&sketch(""));
        controller.settle().await;
        assert_eq!(stand(&site), 2, "in front and behind");
        site.cluster.add(&sketch(&format!("security-groups: {NODES}, ")));
        controller.settle().await;
        assert_eq!(stand(&site), 0);
    });
}
