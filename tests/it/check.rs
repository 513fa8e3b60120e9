//! What a plan must never do is found in a plan that does it.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::aws::Mirror;
use albedo::model::action::{AcmAction, Action, AwsAction, Ec2Action, ElbAction};
use albedo::model::id::{AwsId, CertificateKey, Id, ObjectKey};
use albedo::model::inventory::{BalancerInventory, FabricInventory, LiveRule, TargetsInventory};
use albedo::model::known::Known;
use albedo::model::marks::Tags;
use albedo::model::plan::{Plan, Reason, StepId};
use albedo::model::security::{IngressRule, Peer};
use albedo::model::snapshot::Extent;
use albedo::model::stack::{BalancerStack, Braked, CertificateStack, Doubts, TargetsStack, Use};
use albedo::model::target::{LiveTarget, Target, TargetState};
use albedo::plan::{check, targets};
use albedo::reconcile::scope;

use super::contract::suite::Stopped;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, CERTIFICATE_2, World, group, wait};

/// What a group wishes for and what stands of it, after a change that nobody has carried out.
fn changed(before: &str, after: &str) -> (BalancerStack, BalancerInventory) {
    let site = Site::new(before);
    wait(site.settle());
    site.aws.finish_provisioning();
    let mut world = World::new("");
    world.objects = site.cluster.objects.read().unwrap().clone();
    world.add(after);
    let stack = world.build("shop/web").stack;
    let mirror = Mirror::new(site.aws.clone(), Stopped);
    let found = wait(mirror.balancer("demo", &group("shop/web"), &scope(&stack)));
    (stack, found.unwrap())
}

/// The operations that are found guilty in the plan of a change, once nothing in it waits for
/// anything.
fn guilty_without_order(before: &str, after: &str) -> BTreeSet<&'static str> {
    let (stack, inventory) = changed(before, after);
    let settings = super::support::world::settings();
    let over = BTreeSet::new();
    let plan = albedo::plan::balancer::plan(&settings, &Extent::Cluster, &stack, &inventory, &over);
    assert_eq!(check::balancer(&plan, &stack, &inventory), [], "{plan:#?}");
    let mut hasty = plan;
    for step in &mut hasty.steps {
        step.after.clear();
        step.gate = None;
    }
    let breaches = check::balancer(&hasty, &stack, &inventory);
    breaches.iter().map(|breach| hasty.steps[breach.step.0].action.operation().1).collect()
}

const SERVICES: &str = "
service shop/web: {ports: ['80:8080']}
service shop/other: {ports: ['80:8080']}
";

fn web(settings: &str, rules: &str) -> String {
    format!("{SERVICES}ingress shop/web: {{{settings}rules: [{rules}]}}")
}

#[test]
fn what_goes_goes_after_what_takes_its_place() {
    let both = "public.example.com Exact /a web:80, public.example.com Exact /o other:80";
    let one = "public.example.com Exact /a web:80";
    let https = |certificate: &str| {
        format!("listen-ports: '[{{\"HTTPS\":443}}]', certificate-arn: {certificate}, ")
    };
    for (before, after, guilty) in [
        (web("", both), web("", one), &["DeleteTargetGroup"][..]),
        (
            web("", both),
            web("", "public.example.com Prefix /a web:80, a.example.com Exact /b web:80"),
            &["DeleteTargetGroup"],
        ),
        (
            web("", one),
            web(&https(CERTIFICATE), one),
            &["DeleteListener", "RevokeSecurityGroupIngress"],
        ),
        (
            web(&https(CERTIFICATE), one),
            web(&https(CERTIFICATE_2), one),
            &["RemoveListenerCertificates"],
        ),
        (web("", one), web("inbound-cidrs: 10.0.0.0/8, ", one), &["RevokeSecurityGroupIngress"]),
        (web("", one), web("security-groups: sg-nodes-1, ", one), &["DeleteSecurityGroup"]),
        (web("", one), web("scheme: internet-facing, ", one), &["DeleteTargetGroup"]),
    ] {
        let found = guilty_without_order(&before, &after);
        assert_eq!(found, guilty.iter().copied().collect(), "{after}");
    }
}

#[test]
fn a_load_balancer_goes_once_no_name_leads_to_it() {
    let (stack, inventory) = changed(&web("", "any Exact /a web:80"), "");
    let live = inventory.load_balancers.iter().next().unwrap();
    let mut plan = Plan::default();
    let go = AwsAction::Elb(ElbAction::DeleteLoadBalancer { id: live.live.id.clone() });
    plan.push(Action::Aws(go), Reason::Unwanted, Vec::new());
    let judged = |named| {
        let stack = BalancerStack { named, ..stack.clone() };
        breaches(&check::balancer(&plan, &stack, &inventory))
    };
    let name = AwsId::new(live.dns_name.to_lowercase());
    assert_eq!(judged(Some(Arc::default())), []);
    assert_eq!(judged(Some(Arc::new([(name, 1)].into()))), [StepId(0)]);
    // Where nobody knows, one may.
    assert_eq!(judged(None), [StepId(0)]);
}

#[test]
fn a_rule_goes_after_those_that_take_its_requests() {
    let before = web("", "a.example.com Exact /a web:80, a.example.com Exact /b web:80");
    let after = web("", "a.example.com Prefix /a web:80, a.example.com Exact /b web:80");
    let (stack, inventory) = changed(&before, &after);
    let live = inventory.load_balancers.iter().next().unwrap();
    let listener = live.listeners.iter().next().unwrap();
    let is_for_a = |rule: &&LiveRule| rule.rule.paths().is_some_and(|paths| paths == ["/a"]);
    let gone = listener.rules.iter().find(is_for_a).unwrap();
    let wished = &stack.front.as_ref().unwrap().listeners[&80].rules;
    let spec = wished.iter().find(|(spec, _)| spec.overlaps(&gone.rule)).unwrap();
    let come = AwsAction::Elb(ElbAction::CreateRule {
        listener: Id::Is(listener.live.id.clone()),
        priority: 9,
        spec: spec.0.clone(),
        tags: Tags::new(),
    });
    let go = AwsAction::Elb(ElbAction::DeleteRule { id: gone.id.clone() });
    let judged = |steps| breaches(&check::balancer(&plan(steps), &stack, &inventory));
    assert_eq!(judged([(&come, &[]), (&go, &[0])]), []);
    assert_eq!(judged([(&come, &[]), (&go, &[])]), [StepId(1)]);
    // It may make room for them.
    assert_eq!(judged([(&go, &[]), (&come, &[0])]), []);
}

fn plan(steps: [(&AwsAction, &[usize]); 2]) -> Plan {
    let mut plan = Plan::default();
    for (action, after) in steps {
        let after = after.iter().map(|id| StepId(*id)).collect();
        plan.push(Action::Aws(action.clone()), Reason::Missing, after);
    }
    plan
}

fn breaches(found: &[check::Breach]) -> Vec<StepId> {
    found.iter().map(|breach| breach.step).collect()
}

#[test]
fn a_source_goes_after_the_one_that_takes_its_place() {
    let group = AwsId::new("sg-x");
    let rule = |port| IngressRule {
        protocol: "tcp".to_owned(),
        from_port: port,
        to_port: port,
        source: Peer::Cidr("10.0.0.0/8".to_owned()),
    };
    let inventory = FabricInventory {
        endpoint_rules: Known::Is(
            [(group.clone(), [rule(8080)].into())].into(),
            jiff::Timestamp::UNIX_EPOCH,
        ),
        ..FabricInventory::default()
    };
    let come = AwsAction::Ec2(Ec2Action::AuthorizeIngress {
        group: Id::Is(group.clone()),
        rules: [rule(9090)].into(),
        description: String::new(),
    });
    let go = AwsAction::Ec2(Ec2Action::RevokeIngress {
        group: Id::Is(group),
        rules: [rule(8080)].into(),
        description: String::new(),
    });
    let judged = |steps| breaches(&check::fabric(&plan(steps), &inventory));
    assert_eq!(judged([(&come, &[]), (&go, &[0])]), []);
    assert_eq!(judged([(&come, &[]), (&go, &[])]), [StepId(1)]);
    // Neither may it make room for what comes by taking the last one.
    assert_eq!(judged([(&go, &[]), (&come, &[0])]), [StepId(0)]);
}

fn target(number: usize) -> Target {
    Target {
        id: format!("172.31.{}.{}", number / 250, number % 250).into(),
        port: 8080,
        availability_zone: None,
    }
}

fn standing(targets: impl Iterator<Item = (usize, TargetState)>) -> TargetsInventory {
    let live =
        targets.map(|(number, state)| LiveTarget { target: target(number), state, why: None });
    let now = jiff::Timestamp::UNIX_EPOCH;
    TargetsInventory { targets: Known::Is(live.collect(), now) }
}

/// Wants these targets and no others.
fn wishing(targets: impl IntoIterator<Item = usize>) -> TargetsStack {
    TargetsStack {
        target_group: Id::Is(AwsId::new("tg")),
        targets: targets.into_iter().map(target).collect(),
        unclaimed: false,
        may_deregister: true,
        shared: None,
        at_most: None,
        quota: None,
        leaving: false,
        doubts: Doubts::None,
        braked: Braked::default(),
        spared: BTreeSet::new(),
    }
}

#[test]
fn healthy_targets_go_after_those_that_take_their_place() {
    let inventory = standing([(0, TargetState::Healthy), (1, TargetState::Unhealthy)].into_iter());
    let come = AwsAction::Elb(ElbAction::RegisterTargets {
        target_group: Id::Is(AwsId::new("tg")),
        targets: vec![target(2)],
    });
    let go = |number| {
        AwsAction::Elb(ElbAction::DeregisterTargets {
            target_group: AwsId::new("tg"),
            targets: vec![target(number)],
        })
    };
    let (well, unwell) = (go(0), go(1));
    let stack = wishing([]);
    let judged = |steps| breaches(&check::targets(&plan(steps), &stack, &inventory));
    assert_eq!(judged([(&come, &[]), (&well, &[0])]), []);
    assert_eq!(judged([(&come, &[]), (&well, &[])]), [StepId(1)]);
    assert_eq!(judged([(&well, &[]), (&come, &[0])]), [StepId(0)]);
    // What takes no requests keeps nobody waiting.
    assert_eq!(judged([(&come, &[]), (&unwell, &[])]), []);
}

#[test]
fn a_full_target_group_makes_room_for_what_comes() {
    // AWS takes a thousand targets; thirty of those that stand take no requests.
    let state = |number| match number {
        500..530 => TargetState::Unhealthy,
        _ => TargetState::Healthy,
    };
    let inventory = standing((0..1000).map(|number| (number, state(number))));
    let stack = wishing(1000..1050);
    let plan = targets::plan(&ObjectKey::new("shop", "b"), &stack, &inventory);
    assert_eq!(check::targets(&plan, &stack, &inventory), []);
    let steps: Vec<(&str, usize, bool)> = plan
        .steps
        .iter()
        .map(|step| match &step.action {
            Action::Aws(AwsAction::Elb(ElbAction::RegisterTargets { targets, .. })) => {
                ("register", targets.len(), step.after.is_empty())
            }
            Action::Aws(AwsAction::Elb(ElbAction::DeregisterTargets { targets, .. })) => {
                ("deregister", targets.len(), step.after.is_empty())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    // As many as have no room go first, and before all those that take no requests; the others go
    // once the new ones are there.
    let (first, rest) = steps.split_at(2);
    assert_eq!(first, [("deregister", 50, true), ("register", 50, false)]);
    assert!(rest.iter().all(|(what, _, at_once)| *what == "deregister" && !at_once), "{rest:?}");
    assert_eq!(rest.iter().map(|(_, count, _)| count).sum::<usize>(), 950);
    let Action::Aws(AwsAction::Elb(ElbAction::DeregisterTargets { targets, .. })) =
        &plan.steps[0].action
    else {
        panic!("{plan:#?}");
    };
    let unwell = (500..530).map(target);
    assert_eq!(unwell.filter(|target| targets.contains(target)).count(), 30);
}

#[test]
fn a_certificate_goes_once_no_listener_uses_it() {
    let id = AwsId::new(CERTIFICATE);
    let judged = |used: Option<&[&str]>| {
        let used = used.map(|used| used.iter().map(|id| (AwsId::new(*id), 1)).collect());
        let stack = CertificateStack {
            key: CertificateKey::Secret(ObjectKey::new("shop", "tls")),
            certificate: None,
            use_of_it: Use::Unused,
            is_held: false,
            listening: used.map(Arc::new),
        };
        let mut plan = Plan::default();
        let action = AwsAction::Acm(AcmAction::DeleteCertificate { id: id.clone() });
        plan.push(Action::Aws(action), Reason::Unwanted, Vec::new());
        check::certificate(&plan, &stack).len()
    };
    assert_eq!(judged(None), 1);
    assert_eq!(judged(Some(&[CERTIFICATE])), 1);
    assert_eq!(judged(Some(&[CERTIFICATE_2])), 0);
}
