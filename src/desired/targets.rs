//! From a binding and the endpoints of its Service to the targets of its target group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::binding::{Binding, PortRef};
use crate::model::flat::FlatMap;
use crate::model::id::ObjectKey;
use crate::model::marks::NOTE_PREFIX;
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::seen::{Endpoint, EndpointSlice, ServicePort};
use crate::model::settings::Podless;
use crate::model::snapshot::{Objects, Snapshot};
use crate::model::stack::{Braked, Doubts, Noted, TargetsStack};
use crate::model::target::Target;
use crate::model::target_group::TargetType;

use super::{binder, completion, nodes};

/// Builds what should be registered for a binding that stands. `None` where nobody has a say: one
/// that names no target group or may not have it, or one whose nodes nobody can tell.
#[must_use]
pub fn build(snapshot: &Snapshot, key: &ObjectKey) -> Option<TargetsStack> {
    let seen = snapshot.objects.bindings.get(key)?;
    let binding = seen.as_binding(key);
    // What leaves without ever having had a target group has its finalizer all the same.
    if !seen.leaving && completion::arn(seen).is_none() {
        return None;
    }
    if !seen.leaving && nodes::flaw(snapshot, &binding).is_some() {
        return None;
    }
    let finalizer = snapshot.settings.scope.binding_finalizer();
    let claimed = seen.finalizers.iter().any(|held| held == finalizer);
    if !binder::is_served(snapshot, key) {
        return None;
    }
    let is_refused = binder::refusal(snapshot, key).is_some();
    if (seen.leaving && !claimed) || (is_refused && !seen.leaving) {
        return None;
    }
    let mut stack = of_binding(snapshot, &binding);
    stack.unclaimed = !claimed;
    if seen.leaving {
        stack.targets.clear();
        stack.spared.clear();
        stack.leaving = true;
        stack.doubts = Doubts::None;
        // What it leaves behind is the binder's to keep or to take away; and an Ingress's target
        // group gets another binding for as long as it is wanted.
        let is_of_ingress =
            stack.target_group.given().is_some_and(|arn| binder::is_of_ingress(snapshot, arn));
        let has_none = completion::arn(seen).is_none();
        stack.may_deregister &= !has_none && !is_refused && !is_of_ingress;
    }
    Some(stack)
}

/// Builds what should be registered for a binding, standing or planned.
#[must_use]
pub fn of_binding(snapshot: &Snapshot, binding: &Binding) -> TargetsStack {
    let nothing = TargetsStack {
        target_group: binding.target_group.clone(),
        targets: BTreeSet::new(),
        may_deregister: snapshot.extent.shows(&binding.namespace),
        shared: binding.multi_cluster.then_some(Noted::Unread),
        at_most: snapshot.settings.max_targets,
        quota: None,
        leaving: false,
        unclaimed: true,
        doubts: Doubts::None,
        braked: Braked::default(),
        spared: BTreeSet::new(),
    };
    match binding.target_type {
        TargetType::Instance => nodes::stack(snapshot, binding, nothing),
        // No binding has load balancers.
        TargetType::Alb => TargetsStack { may_deregister: false, ..nothing },
        TargetType::Ip => TargetsStack {
            targets: pods(snapshot, binding),
            doubts: doubts(snapshot, binding),
            ..nothing
        },
    }
}

/// The endpoints as targets.
fn pods(snapshot: &Snapshot, binding: &Binding) -> BTreeSet<Target> {
    let vpc = &snapshot.surroundings.vpc;
    // The VPC's CIDRs say nothing of another VPC, which has none of its addresses.
    let is_elsewhere =
        binding.vpc.as_deref().is_some_and(|of_group| of_group != snapshot.settings.vpc.as_str());
    let target = |(address, port): (SmolStr, u16)| {
        // AWS wants to be told of addresses outside the target group's VPC.
        let is_outside = is_elsewhere || vpc.is_outside(&address);
        let availability_zone = is_outside.then(|| Box::new(SmolStr::new_static("all")));
        Target { id: address, port, availability_zone }
    };
    endpoints(snapshot, binding).into_iter().map(target).collect()
}

/// Of which endpoints nobody has said that they are gone. A slice that is there says which ones it
/// has; where there is none, or not the pod that it tells of, that may not have been heard of.
fn doubts(snapshot: &Snapshot, binding: &Binding) -> Doubts {
    if !snapshot.objects.slices.contains_key(&binding.service_key()) {
        return Doubts::All;
    }
    let strange = strange(snapshot, binding);
    if strange.is_empty() {
        Doubts::None
    } else {
        Doubts::Of(strange.into_iter().map(SmolStr::from).collect())
    }
}

/// The addresses of endpoints that should get requests and that no pod has.
fn strange<'a>(snapshot: &'a Snapshot, binding: &Binding) -> BTreeSet<&'a str> {
    let ready =
        Endpoints::of(&snapshot.objects, binding).each().filter(|(endpoint, _)| endpoint.ready);
    let strange = ready
        .filter(|(endpoint, _)| holder(snapshot, &binding.namespace, endpoint) == Holder::Nobody);
    strange.map(|(endpoint, _)| endpoint.address.as_str()).collect()
}

/// The addresses of a binding's endpoints, each with whether a pod of the namespace has it.
#[must_use]
pub fn addresses(snapshot: &Snapshot, binding: &Binding) -> BTreeMap<SmolStr, Holder> {
    let targets: BTreeSet<SmolStr> =
        endpoints(snapshot, binding).into_iter().map(|(address, _)| address).collect();
    let named = Endpoints::of(&snapshot.objects, binding).each().filter_map(|(endpoint, _)| {
        let address = targets.get(&endpoint.address)?.clone();
        Some((address, holder(snapshot, &binding.namespace, endpoint)))
    });
    // Of several that have the same address, one that tells the truth is enough.
    let mut held = BTreeMap::new();
    for (address, holder) in named {
        let known = held.entry(address).or_insert(holder);
        *known = (*known).min(holder);
    }
    held
}

/// The port numbers that a binding's endpoints listen on.
#[must_use]
pub fn ports(snapshot: &Snapshot, binding: &Binding) -> BTreeSet<u16> {
    endpoints(snapshot, binding).into_iter().map(|(_, port)| port).collect()
}

/// What is to be said of a binding that asks for what this version does not do.
#[must_use]
pub fn unserved(snapshot: &Snapshot, key: &ObjectKey) -> Option<Problem> {
    let seen = snapshot.objects.bindings.get(key).filter(|seen| !seen.leaving)?;
    if !binder::is_served(snapshot, key) {
        return None;
    }
    let spec = &seen.spec;
    let (field, found, allowed) =
        if completion::arn(seen).is_none() && spec.target_group_name.is_none() {
            ("spec.targetGroupARN", "neither an ARN nor a name", "the target group's")
        } else {
            return None;
        };
    Some(Problem {
        code: Code::Unsupported,
        severity: Severity::Warning,
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: field.to_owned(),
        found: found.to_owned(),
        allowed: allowed.to_owned(),
        meanwhile: "its targets stay as they are".to_owned(),
    })
}

/// What is to be said where nobody may look which targets of a shared group are ours.
#[must_use]
pub fn unnoted(key: &ObjectKey) -> Problem {
    Problem {
        code: Code::UnreadNote,
        severity: Severity::Warning,
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: "spec.multiClusterTargetGroup".to_owned(),
        found: format!(
            "the ConfigMap {}{}, which says what is registered from here, cannot be read",
            NOTE_PREFIX, key.name
        ),
        allowed: format!(
            "kubectl create rolebinding albedo-shared-targets -n {} \
             --clusterrole=albedo-shared-targets --serviceaccount=kube-system:albedo",
            key.namespace
        ),
        meanwhile: "endpoints are registered, and never deregistered".to_owned(),
    }
}

/// What is to be said of a binding's endpoints that are no targets because no pod has their
/// addresses.
#[must_use]
pub fn strangers(snapshot: &Snapshot, key: &ObjectKey) -> Option<Problem> {
    let seen = snapshot.objects.bindings.get(key).filter(|seen| !seen.leaving)?;
    let binding = seen.as_binding(key);
    let is_registered = snapshot.settings.podless == Podless::Registered;
    let is_served = binder::is_served(snapshot, key);
    if is_registered || !is_served || binding.target_type != TargetType::Ip {
        return None;
    }
    let strangers = strange(snapshot, &binding);
    (!strangers.is_empty()).then(|| problem(key, &binding.service, &strangers))
}

/// What is to be said of a binding's endpoints that are no targets because their pods do not have
/// the port that the Service calls by its name.
#[must_use]
pub fn portless(snapshot: &Snapshot, key: &ObjectKey) -> Option<Problem> {
    let seen = snapshot.objects.bindings.get(key).filter(|seen| !seen.leaving)?;
    let binding = seen.as_binding(key);
    if binding.target_type != TargetType::Ip || !binder::is_served(snapshot, key) {
        return None;
    }
    let service = snapshot.objects.services.get(&binding.service_key())?;
    // A number is a port of every pod; slices without it are somebody's own.
    let named = |port: &&ServicePort| matches!(port.target, PortRef::Name(_));
    let port = service.port(&binding.port).filter(named)?;
    let slices = snapshot.objects.slices.get(&binding.service_key())?.values();
    let without = slices.filter(|slice| slice.ipv6 == binding.ipv6);
    let without = without.filter(|slice| slice_port(slice, port).is_none());
    let endpoints = without.flat_map(|slice| &slice.endpoints);
    let standing = endpoints.filter(|endpoint| !endpoint.terminating);
    let addresses: BTreeSet<&str> = standing.map(|endpoint| endpoint.address.as_str()).collect();
    (!addresses.is_empty()).then(|| Problem {
        code: Code::InvalidBackend,
        severity: Severity::Warning,
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: "spec.serviceRef".to_owned(),
        found: format!(
            "endpoints of the Service {} without its port {}, which is {} of their pods: {}",
            binding.service,
            binding.port,
            port.target,
            listed(&addresses)
        ),
        allowed: "pods that all have a container port of that name".to_owned(),
        meanwhile: "they get no requests; the others do".to_owned(),
    })
}

/// Some addresses, as many as a message takes.
fn listed(addresses: &BTreeSet<&str>) -> String {
    let named: Vec<&str> = addresses.iter().copied().take(NAMED_MAX).collect();
    match addresses.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn problem(key: &ObjectKey, service: &str, strangers: &BTreeSet<&str>) -> Problem {
    Problem {
        code: Code::NoPod,
        severity: Severity::Warning,
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: "spec.serviceRef".to_owned(),
        found: format!(
            "endpoints of the Service {service} whose addresses no pod of the namespace has: {}",
            listed(strangers)
        ),
        allowed: "addresses that the status of the endpoint's own pod holds; others where the \
                  controller runs with --targets-without-pods"
            .to_owned(),
        meanwhile: "they get no requests; the others do".to_owned(),
    }
}

/// How many addresses a message names.
const NAMED_MAX: usize = 5;

/// The endpoints that should get requests. Where none should, those on nodes of which nobody hears
/// any more are better than none, unless LBC's gate EndpointsFailOpen is off.
fn endpoints(snapshot: &Snapshot, binding: &Binding) -> BTreeSet<(SmolStr, u16)> {
    let (mut ready, mut unheard) = (BTreeSet::new(), BTreeSet::new());
    for (endpoint, number) in Endpoints::of(&snapshot.objects, binding).each() {
        match standing(snapshot, &binding.namespace, endpoint) {
            Standing::Ready => _ = ready.insert((endpoint.address.clone(), number)),
            Standing::Unheard => _ = unheard.insert((endpoint.address.clone(), number)),
            Standing::Out => {}
        }
    }
    let fails_open = snapshot.settings.gates.endpoints_fail_open;
    if ready.is_empty() && fails_open { unheard } else { ready }
}

/// The endpoints behind a binding's port.
pub(super) struct Endpoints<'a> {
    slices: Option<&'a FlatMap<SmolStr, Arc<EndpointSlice>>>,
    port: Option<&'a ServicePort>,
    ipv6: bool,
}

impl<'a> Endpoints<'a> {
    pub(super) fn of(objects: &'a Objects, binding: &Binding) -> Self {
        let service = objects.services.get(&binding.service_key());
        Self {
            slices: objects.slices.get(&binding.service_key()),
            port: service.and_then(|service| service.port(&binding.port)),
            ipv6: binding.ipv6,
        }
    }

    /// Each with the number that it listens on.
    pub(super) fn each(self) -> impl Iterator<Item = (&'a Endpoint, u16)> {
        let slices = self.slices.into_iter().flat_map(FlatMap::values);
        let numbered = slices
            .filter(move |slice| slice.ipv6 == self.ipv6)
            .filter_map(move |slice| Some((slice, slice_port(slice, self.port?)?)));
        numbered.flat_map(|(slice, number)| {
            slice.endpoints.iter().map(move |endpoint| (endpoint, number))
        })
    }
}

/// Who has the address of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// The pod that the endpoint names, by its own status.
    Pod,
    /// Nobody can tell: pods of the namespace are not shown.
    Unknown,
    /// No pod that the endpoint names.
    Nobody,
}

fn holder(snapshot: &Snapshot, namespace: &str, endpoint: &Endpoint) -> Holder {
    let pod = endpoint.pod.as_ref().and_then(|named| snapshot.objects.pods.get(named));
    if pod.is_some_and(|pod| pod.addresses.contains(&endpoint.address)) {
        Holder::Pod
    } else if snapshot.extent.shows(namespace) || endpoint.pod.is_none() {
        Holder::Nobody
    } else {
        Holder::Unknown
    }
}

/// How an endpoint stands.
enum Standing {
    Ready,
    Unheard,
    Out,
}

/// An endpoint is a target if it is ready, or if nothing but its readiness gates keeps its pod from
/// being so; and if its pod has the address, for anybody can write a slice.
fn standing(snapshot: &Snapshot, namespace: &str, endpoint: &Endpoint) -> Standing {
    let is_held = snapshot.settings.podless == Podless::Registered
        || holder(snapshot, namespace, endpoint) != Holder::Nobody;
    if !is_held {
        return Standing::Out;
    }
    if endpoint.ready {
        return Standing::Ready;
    }
    let pod = endpoint.pod.as_ref().and_then(|named| snapshot.objects.pods.get(named));
    let Some(pod) = pod.filter(|pod| pod.containers_ready) else { return Standing::Out };
    let node = snapshot.objects.nodes.get(pod.node.as_str());
    match node.map(|node| node.ready.as_str()) {
        Some("True") if !endpoint.terminating && !pod.leaving => Standing::Ready,
        Some("Unknown") => Standing::Unheard,
        Some(_) | None => Standing::Out,
    }
}

/// The number that a slice's endpoints listen on for a Service port.
fn slice_port(slice: &EndpointSlice, port: &ServicePort) -> Option<u16> {
    let name = port.name.as_deref().unwrap_or_default();
    let found = slice.ports.iter().find(|candidate| name.is_empty() || candidate.name == name);
    found.map(|found| found.port)
}
