//! Tenants that attack: what they make in a namespace of their own. While they are there nobody
//! else has less of anything for it, and once they are gone nothing is left of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::clock::Clock as _;
use albedo::model::backend::BackendKey;
use albedo::model::binding::PortRef;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::index::Seen;
use albedo::model::marks::{Labels, TAG_RESOURCE, TAG_STACK};
use albedo::model::rule::RuleAction;
use albedo::model::seen::{SeenBinding, ServiceRef};
use albedo::model::snapshot::Objects;

use super::dice::Dice;
use super::edit::Change;
use super::life::NAMESPACES;
use super::served::{self, is_ours};
use crate::support::clock::VirtualClock;
use crate::support::fake::{Fake, State};

/// The attackers' namespace.
pub const NAMESPACE: &str = "evil";
/// The address of their own pod.
const OWN: &str = "172.31.66.1";
/// The address of a host that is no pod.
pub const HOST: &str = "172.31.77.7";
/// When they make their Ingresses: after everybody else.
const LAST: i64 = 1_000_000;
/// How often they exchange a Secret.
const FLIPS: usize = 6;

/// What they try.
pub const KINDS: [&str; 7] =
    ["binding", "slice", "requests", "settings", "name", "finalizer", "secret"];

/// What they say where they say nothing that concerns anybody else.
const HARMLESS: &str = "healthcheck-path: /";
/// What they say of a load balancer that they share with others.
const SETTINGS: [&str; 6] = [
    "inbound-cidrs: 0.0.0.0/0",
    "scheme: internet-facing",
    "ip-address-type: dualstack-without-public-ipv4",
    "load-balancer-attributes: idle_timeout.timeout_seconds=7",
    "subnets: 'subnet-a,subnet-c'",
    "shield-advanced-protection: 'true'",
];

/// What they have to begin with: a class of ours, a Service, and a pod of their own.
pub fn arrive() -> Vec<Change> {
    let sketches = [
        "class mean: {controller: alb.ingress.k8s.aws/mean}".to_owned(),
        format!("namespace {NAMESPACE}: {{}}"),
        format!("service {NAMESPACE}/s: {{ports: [80:8080]}}"),
        format!("endpoints {NAMESPACE}/s: {{at: [{OWN}]}}"),
    ];
    sketches.map(|sketch| Change::Apply(sketch, 0)).into()
}

/// One of their attacks, on what stands.
pub fn attack(kind: &str, dice: &mut Dice, objects: &Objects, state: &State) -> Vec<Change> {
    let groups = shared(state);
    let is_alone = groups.is_empty();
    let group = if is_alone { "edge".to_owned() } else { dice.one_of(&groups).clone() };
    let ingress = |name: &str, more: &str, rules: &str| {
        let sketch = format!(
            "ingress {NAMESPACE}/{name}: {{class: mean, group.order: '-1000', {more}, \
             rules: [{rules}]}}"
        );
        // Whoever comes last.
        Change::Apply(sketch, LAST)
    };
    let joins = |more: &str| format!("group.name: {group}, {more}");
    let held: BTreeSet<String> = served::holders(state).into_keys().map(|(host, _)| host).collect();
    let held: Vec<String> = held.into_iter().filter(|host| !host.contains('*')).collect();
    match kind {
        "requests" | "settings" if is_alone => Vec::new(),
        "binding" => steal(dice, objects, state).into_iter().collect(),
        "slice" => {
            let victims = served::our_targets(state);
            let victim = victims.first().map_or(HOST, String::as_str);
            let slice = format!(
                "endpoints {NAMESPACE}/s: {{at: [{OWN}, {HOST}, {victim}], pods: false}}\n"
            );
            let own = ingress("slice", HARMLESS, "evil.example.com Prefix / s:80");
            vec![own, Change::Apply(slice, 0)]
        }
        "requests" => {
            let rules = ["'any Prefix / s:80'", "'*.example.com Prefix / s:80'"]
                .into_iter()
                .map(str::to_owned)
                .chain(held.iter().map(|host| format!("{host} Prefix / s:80")));
            let rules: Vec<String> = rules.collect();
            let rule = dice.one_of(&rules).clone();
            vec![ingress("requests", &joins(HARMLESS), &rule)]
        }
        "settings" => {
            let says = joins(SETTINGS[dice.below(SETTINGS.len())]);
            vec![ingress("settings", &says, "evil2.example.com Prefix / s:80")]
        }
        "name" if held.is_empty() => Vec::new(),
        "name" => {
            let rule = format!("{} Prefix / s:80", dice.one_of(&held));
            vec![ingress("name", HARMLESS, &rule)]
        }
        "finalizer" => {
            let sketch = format!(
                "ingress {NAMESPACE}/finalizer: {{class: gone, group.name: {group}, finalizers: \
                 [group.ingress.k8s.aws/{group}], rules: [any Prefix / s:80]}}"
            );
            vec![Change::Apply(sketch, LAST)]
        }
        _ => {
            let secret = |fixture: &str| format!("secret {NAMESPACE}/tls: {{fixture: {fixture}}}");
            let own = ingress("secret", "tls: [tls evil3.example.com]", "any Prefix / s:80");
            let flips = (0..FLIPS).map(|number| secret(["ec", "renewed"][number % 2]));
            flips.map(|sketch| Change::Apply(sketch, 0)).chain([own]).rev().collect()
        }
    }
}

/// The groups whose load balancers listen where attackers do: nobody denies them a port of their
/// own.
fn shared(state: &State) -> Vec<String> {
    let ours = state.load_balancers.iter().filter(|(_, found)| is_ours(&found.spec.tags));
    let listening = ours.filter(|(id, _)| {
        state.listeners.values().any(|it| it.load_balancer == **id && it.port == 80)
    });
    let stacks = listening.filter_map(|(_, found)| found.spec.tags.get(TAG_STACK));
    stacks.filter(|stack| !stack.contains('/')).map(ToString::to_string).collect()
}

/// A binding of theirs on another's target group, which perhaps passes for the group's own.
fn steal(dice: &mut Dice, objects: &Objects, state: &State) -> Option<Change> {
    let ours = state.target_groups.iter().filter(|(_, found)| is_ours(&found.spec.tags));
    let ours: BTreeSet<&str> = ours.map(|(id, _)| id.as_str()).collect();
    let mut bindings = objects.bindings.values();
    let victim = bindings.find(|found| {
        found.spec.target_group_arn.as_ref().is_some_and(|arn| ours.contains(arn.as_str()))
    })?;
    let mut spec = victim.spec.clone();
    spec.service_ref = ServiceRef { name: "s".into(), port: PortRef::Number(80) };
    let labels = if dice.falls(500) { victim.labels.clone() } else { Labels::default() };
    let binding = SeenBinding {
        uid: "uid-steal".into(),
        created: VirtualClock::new().now(),
        generation: None,
        labels,
        finalizers: Vec::new(),
        leaving: false,
        spec,
        status: victim.status.clone(),
    };
    let key = ObjectKey::new(NAMESPACE, "steal");
    Some(Change::Now(Seen::Binding(key, Some(Arc::new(binding)))))
}

/// All that is theirs goes.
pub fn leave(objects: &Objects) -> Vec<Change> {
    let is_theirs = |key: &&ObjectKey| key.namespace == NAMESPACE;
    let ingresses = objects.ingresses.keys().filter(is_theirs);
    let mut changes: Vec<Change> = ingresses.map(|key| Change::Delete(key.clone())).collect();
    for (key, binding) in objects.bindings.iter().filter(|(key, _)| is_theirs(key)) {
        let leaving = SeenBinding { leaving: true, ..(**binding).clone() };
        let is_held = !leaving.finalizers.is_empty();
        let new = is_held.then(|| Arc::new(leaving));
        changes.push(Change::Now(Seen::Binding(key.clone(), new)));
    }
    let key = |name: &str| ObjectKey::new(NAMESPACE, name);
    changes.push(Change::Now(Seen::Slice(key("s"), None)));
    changes.push(Change::Now(Seen::Pod(key(&format!("pod-{OWN}")), None)));
    changes.push(Change::Now(Seen::Service(key("s"), None)));
    changes.push(Change::Now(Seen::Secret(key("tls"), None)));
    changes.push(Change::Now(Seen::Namespace(NAMESPACE.to_owned(), None)));
    changes.push(Change::Now(Seen::Class("mean".to_owned(), None)));
    changes
}

/// A host of the company's, which is no pod of anybody's.
pub fn settle_in(aws: &Fake) {
    use albedo::model::marks::Tags;
    use albedo::model::security::SecurityGroup;
    use albedo::model::surroundings::Interface;
    aws.change(|state| {
        let group = state.add_security_group(SecurityGroup {
            name: "company".to_owned(),
            description: "company".to_owned(),
            vpc: state.vpc.id.clone(),
            ingress: BTreeSet::new(),
            tags: Tags::new(),
        });
        state.interfaces.push(Interface {
            id: AwsId::new("eni-company"),
            addresses: BTreeSet::from([HOST.to_owned()]),
            prefixes: Vec::new(),
            security_groups: vec![group],
            instance: None,
        });
    });
}

/// What attackers have got hold of, in words.
pub fn gains(state: &State) -> Vec<String> {
    let mut gains = Vec::new();
    let owner = |id: &AwsId| {
        let tags = &state.target_groups.get(id)?.spec.tags;
        BackendKey::namespace_in(tags.get(TAG_RESOURCE)?)
    };
    let ours = state.target_groups.iter().filter(|(_, found)| is_ours(&found.spec.tags));
    for (id, group) in ours {
        let is_theirs = owner(id) == Some(NAMESPACE);
        for target in group.targets.keys() {
            let is_own = target.id == OWN;
            if target.id == HOST || (is_own != is_theirs && target.id.starts_with("172.31.")) {
                gains.push(format!("{id} has the target {target}"));
            }
        }
    }
    for (id, group) in &state.security_groups {
        if group.spec.name == "company" && !group.rules.is_empty() {
            gains.push(format!("{id} is open: {:?}", group.rules));
        }
    }
    let of = |namespace: fn(&str) -> bool| {
        state.rules.iter().filter(move |(_, rule)| {
            let groups = rule.rule.actions.iter().flat_map(RuleAction::target_groups);
            let mut owners = groups.filter_map(|weighted| owner(weighted.group.given()?));
            owners.any(namespace)
        })
    };
    for (id, theirs) in of(|namespace| namespace == NAMESPACE) {
        let behind = of(|namespace| NAMESPACES.contains(&namespace)).filter(|(_, rule)| {
            rule.listener == theirs.listener && rule.priority > theirs.priority
        });
        for (victim, rule) in behind.filter(|(_, rule)| theirs.rule.overlaps(&rule.rule)) {
            gains.push(format!("{id} ({}) takes from {victim} ({})", theirs.rule, rule.rule));
        }
    }
    gains
}
