//! From a binding and the endpoints of its Service to the targets of its target group.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::model::binding::Binding;
use crate::model::id::ObjectKey;
use crate::model::marks::FINALIZER_BINDING;
use crate::model::seen::{Endpoint, EndpointSlice, ServicePort};
use crate::model::snapshot::Snapshot;
use crate::model::stack::TargetsStack;
use crate::model::target::Target;
use crate::model::target_group::TargetType;

use super::binder;

/// Builds what should be registered for a binding that stands. `None` where this version has no
/// say: an instance binding, one for another account, or one that may not have its target group.
#[must_use]
pub fn build(snapshot: &Snapshot, key: &ObjectKey) -> Option<TargetsStack> {
    let seen = snapshot.objects.bindings.get(key)?;
    let binding = seen.as_binding(key);
    let spec = &seen.spec;
    if binding.target_type != TargetType::Ip
        || spec.target_group_arn.is_none()
        || spec.iam_role_arn_to_assume.is_some()
    {
        return None;
    }
    let claimed = seen.finalizers.iter().any(|held| held == FINALIZER_BINDING);
    let is_refused = binder::refusal(snapshot, key).is_some();
    if (seen.leaving && !claimed) || (is_refused && !seen.leaving) {
        return None;
    }
    let mut stack = of_binding(snapshot, &binding);
    stack.unclaimed = !claimed;
    if seen.leaving {
        stack.targets.clear();
        stack.leaving = true;
        // What it leaves behind is the binder's to keep or to take away.
        stack.may_deregister &= !is_refused;
    }
    Some(stack)
}

/// Builds what should be registered for a binding, standing or planned.
#[must_use]
pub fn of_binding(snapshot: &Snapshot, binding: &Binding) -> TargetsStack {
    let vpc = &snapshot.surroundings.vpc;
    let target = |(address, port): (SmolStr, u16)| {
        // AWS wants to be told of addresses outside the VPC.
        let availability_zone = vpc.is_outside(&address).then(|| SmolStr::new_static("all"));
        Target { id: address, port, availability_zone }
    };
    TargetsStack {
        target_group: binding.target_group.clone(),
        targets: endpoints(snapshot, binding).into_iter().map(target).collect(),
        may_deregister: snapshot.extent.shows(&binding.namespace) && !binding.multi_cluster,
        leaving: false,
        unclaimed: true,
    }
}

/// The addresses of a binding's endpoints.
#[must_use]
pub fn addresses(snapshot: &Snapshot, binding: &Binding) -> BTreeSet<SmolStr> {
    endpoints(snapshot, binding).into_iter().map(|(address, _)| address).collect()
}

/// The port numbers that a binding's endpoints listen on.
#[must_use]
pub fn ports(snapshot: &Snapshot, binding: &Binding) -> BTreeSet<u16> {
    endpoints(snapshot, binding).into_iter().map(|(_, port)| port).collect()
}

/// The endpoints that should get requests. Where none should, those on nodes of which nobody hears
/// any more are better than none (LBC's fail-open).
fn endpoints(snapshot: &Snapshot, binding: &Binding) -> BTreeSet<(SmolStr, u16)> {
    let Some(port) = service_port(snapshot, binding) else { return BTreeSet::new() };
    let slices = snapshot.objects.slices.get(&binding.service_key()).into_iter().flatten();
    let slices = slices.map(|(_, slice)| slice).filter(|slice| slice.ipv6 == binding.ipv6);
    let (mut ready, mut unheard) = (BTreeSet::new(), BTreeSet::new());
    for slice in slices {
        let Some(number) = slice_port(slice, port) else { continue };
        for endpoint in &slice.endpoints {
            match standing(snapshot, &binding.namespace, endpoint) {
                Standing::Ready => _ = ready.insert((endpoint.address.clone(), number)),
                Standing::Unheard => _ = unheard.insert((endpoint.address.clone(), number)),
                Standing::Out => {}
            }
        }
    }
    if ready.is_empty() { unheard } else { ready }
}

/// How an endpoint stands.
enum Standing {
    Ready,
    Unheard,
    Out,
}

/// An endpoint is a target if it is ready, or if nothing but its readiness gates keeps its pod from
/// being so.
fn standing(snapshot: &Snapshot, namespace: &str, endpoint: &Endpoint) -> Standing {
    if endpoint.ready {
        return Standing::Ready;
    }
    let Some(pod_name) = &endpoint.pod else { return Standing::Out };
    let pod = snapshot.objects.pods.get(&ObjectKey::new(namespace, pod_name.clone()));
    let Some(pod) = pod.filter(|pod| pod.containers_ready) else { return Standing::Out };
    let node = snapshot.objects.nodes.get(pod.node.as_str());
    match node.map(|node| node.ready.as_str()) {
        Some("True") if !endpoint.terminating && !pod.leaving => Standing::Ready,
        Some("Unknown") => Standing::Unheard,
        Some(_) | None => Standing::Out,
    }
}

fn service_port<'a>(snapshot: &'a Snapshot, binding: &Binding) -> Option<&'a ServicePort> {
    snapshot.objects.services.get(&binding.service_key())?.port(&binding.port)
}

/// The number that a slice's endpoints listen on for a Service port.
fn slice_port(slice: &EndpointSlice, port: &ServicePort) -> Option<u16> {
    let name = port.name.as_deref().unwrap_or_default();
    let found = slice.ports.iter().find(|candidate| name.is_empty() || candidate.name == name);
    found.map(|found| found.port)
}
