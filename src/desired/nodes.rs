//! From a binding whose targets are nodes to the nodes that take its requests, each at the node
//! port of the Service.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::model::binding::{Binding, PortRef};
use crate::model::id::ObjectKey;
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::seen::Node;
use crate::model::selector::Selector;
use crate::model::snapshot::{Extent, Snapshot};
use crate::model::stack::{Doubts, TargetsStack};
use crate::model::target::Target;
use crate::model::target_group::TargetType;

use super::binder;

/// How many nodes a message names.
const NAMED_MAX: usize = 5;

/// How a node stands for those that choose nodes so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Role<'n> {
    /// The instance that it is, if any.
    instance: Option<&'n str>,
    /// Whether it is known to be ready; otherwise nobody hears of it any more.
    is_ready: bool,
}

/// How a node stands for those that choose nodes so; `None` where it takes none of their requests.
/// That it takes no new pods is no reason to send it nothing.
#[must_use]
pub fn role<'n>(node: &'n Node, selector: &Selector) -> Option<Role<'n>> {
    let is_ready = match node.ready.as_str() {
        "True" => true,
        "Unknown" => false,
        _ => return None,
    };
    let label = |key: &str| node.labels.get(key).map(SmolStr::as_str);
    let is_chosen = !node.excluded && selector.takes(label);
    is_chosen.then_some(Role { instance: node.instance.as_deref(), is_ready })
}

/// The nodes that a binding chooses.
#[derive(Clone, Debug, Default)]
struct Chosen<'a> {
    /// The instances that take requests.
    instances: BTreeSet<&'a str>,
    /// The instances of all nodes, where none takes requests: what is registered of them is better
    /// than nothing.
    spared: BTreeSet<&'a str>,
    /// The nodes that would take requests if they were instances.
    strange: BTreeSet<&'a str>,
}

impl<'a> Chosen<'a> {
    /// Where no node is ready, those of which nobody hears any more are better than none, unless
    /// LBC's gate EndpointsFailOpen is off.
    fn of(snapshot: &'a Snapshot, binding: &Binding) -> Self {
        let everything = Selector::default();
        let selector = binding.nodes.as_deref().unwrap_or(&everything);
        let nodes = &snapshot.objects.nodes;
        let mut chosen = Self::default();
        let mut unheard = BTreeSet::new();
        for (name, node) in nodes {
            match role(node, selector) {
                Some(Role { instance: Some(instance), is_ready: true }) => {
                    chosen.instances.insert(instance);
                }
                Some(Role { instance: Some(instance), is_ready: false }) => {
                    unheard.insert(instance);
                }
                Some(Role { instance: None, .. }) => _ = chosen.strange.insert(name.as_str()),
                None => {}
            }
        }
        if chosen.instances.is_empty() && snapshot.settings.gates.endpoints_fail_open {
            chosen.instances = unheard;
        }
        if chosen.instances.is_empty() {
            chosen.spared = nodes.values().filter_map(|node| node.instance.as_deref()).collect();
        }
        chosen
    }
}

/// The instances on which load balancers reach a binding's targets.
#[must_use]
pub fn instances(snapshot: &Snapshot, binding: &Binding) -> BTreeSet<SmolStr> {
    let Chosen { instances, spared, .. } = Chosen::of(snapshot, binding);
    instances.into_iter().chain(spared).map(SmolStr::from).collect()
}

/// What should be registered for a binding whose targets are nodes.
pub(super) fn stack(snapshot: &Snapshot, binding: &Binding, nothing: TargetsStack) -> TargetsStack {
    let Some(service) = snapshot.objects.services.get(&binding.service_key()) else {
        return TargetsStack { doubts: Doubts::All, ..nothing };
    };
    let port = service.port(&binding.port).and_then(|port| port.node_port);
    let chosen = Chosen::of(snapshot, binding);
    let targets = chosen.instances.into_iter().filter_map(|instance| {
        port.map(|port| Target { id: instance.into(), port, availability_zone: None })
    });
    let known = snapshot.objects.nodes.values().filter_map(|node| node.instance.clone());
    TargetsStack {
        targets: targets.collect(),
        doubts: Doubts::AllBut(known.collect()),
        spared: chosen.spared.into_iter().map(SmolStr::from).collect(),
        ..nothing
    }
}

/// Why nobody can tell what a binding whose targets are nodes should have registered: where in it,
/// what is found there, and what would be right.
pub(super) fn flaw(
    snapshot: &Snapshot,
    binding: &Binding,
) -> Option<(&'static str, String, String)> {
    if binding.target_type != TargetType::Instance {
        return None;
    }
    if let Some(flaw) = binding.nodes.as_deref().and_then(Selector::flaw) {
        let values = if flaw.values.is_empty() { "no values" } else { "values" };
        return Some((
            "spec.nodeSelector",
            format!("operator \"{}\" of {} with {values}", flaw.operator, flaw.key),
            "In and NotIn with values, Exists and DoesNotExist without".to_owned(),
        ));
    }
    let service = snapshot.objects.services.get(&binding.service_key())?;
    let Some(port) = service.port(&binding.port) else {
        return Some((
            "spec.serviceRef.port",
            format!("{}, which the Service {} lacks", binding.port, binding.service),
            "a port of the Service".to_owned(),
        ));
    };
    port.node_port.is_none().then(|| {
        (
            "spec.serviceRef",
            format!("the Service {}, whose port {} has no nodePort", binding.service, binding.port),
            "a Service of type NodePort or LoadBalancer; or targetType: ip".to_owned(),
        )
    })
}

/// What is to be said of a binding whose targets are nodes.
#[must_use]
pub fn problems(snapshot: &Snapshot, key: &ObjectKey) -> Vec<Problem> {
    let seen = snapshot.objects.bindings.get(key).filter(|seen| !seen.leaving);
    let Some(binding) = seen.map(|seen| seen.as_binding(key)) else { return Vec::new() };
    if binding.target_type != TargetType::Instance || !binder::is_served(snapshot, key) {
        return Vec::new();
    }
    let problem =
        |code, field: &str, (found, allowed): (String, String), meanwhile: &str| Problem {
            code,
            severity: Severity::Warning,
            object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
            field: field.to_owned(),
            found,
            allowed,
            meanwhile: meanwhile.to_owned(),
        };
    if let Some((field, found, allowed)) = flaw(snapshot, &binding) {
        let still = "its targets stay as they are";
        return vec![problem(Code::InvalidBinding, field, (found, allowed), still)];
    }
    let mut problems = Vec::new();
    let names_ports =
        |port: &Option<PortRef>| port.as_ref().is_some_and(|port| matches!(port, PortRef::Name(_)));
    if binding.openings.iter().any(|opening| names_ports(&opening.port)) {
        let found = "a port by name, which nodes do not have".to_owned();
        let allowed = "ports by number, or targetType: ip".to_owned();
        let said = (found, allowed);
        let still = "nothing is opened for it; the others are";
        problems.push(problem(Code::InvalidBinding, "spec.networking", said, still));
    }
    // Manifests show no nodes.
    if snapshot.extent == Extent::Manifests {
        return problems;
    }
    let chosen = Chosen::of(snapshot, &binding);
    if !chosen.strange.is_empty() {
        let found = format!("nodes that are no instances of EC2: {}", list(&chosen.strange));
        let allowed = "a providerID such as aws:///us-east-1a/i-0123456789abcdef0".to_owned();
        let said = (found, allowed);
        let still = "they get no requests; the others do";
        problems.push(problem(Code::NoNode, "spec.targetType", said, still));
    }
    if chosen.instances.is_empty() {
        let found = format!("no node of {} that can be a target", snapshot.objects.nodes.len());
        let allowed = "nodes that are ready, that no label or taint excludes, and that \
                       nodeSelector takes"
            .to_owned();
        let still = "nodes that are registered stay so for as long as they are there";
        problems.push(problem(Code::NoNode, "spec.targetType", (found, allowed), still));
    }
    problems
}

fn list(names: &BTreeSet<&str>) -> String {
    let named: Vec<&str> = names.iter().copied().take(NAMED_MAX).collect();
    match names.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
