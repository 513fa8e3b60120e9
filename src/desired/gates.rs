//! Which readiness gates of pods a visit to a binding has to do with, and what opens each.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::model::gate::{Gate, Gates, Opener, Waiting};
use crate::model::id::ObjectKey;
use crate::model::seen::{Pod, SeenBinding};
use crate::model::settings::Scope;
use crate::model::snapshot::Objects;
use crate::model::target_group::TargetType;

use super::targets::Endpoints;
use super::visits::Index;

/// An address and a port, as targets have them.
type At = (SmolStr, u16);

/// The gates that a visit to a binding has to do with. Of one that stands, those of the pods that
/// it serves: its own, and those of bindings that are gone, which it has inherited. Of one that
/// leaves or is gone, those that nobody inherits.
#[must_use]
pub fn gather(scope: Scope, index: &Index, objects: &Objects, key: &ObjectKey) -> Vec<Waiting> {
    if !index.has_gates() {
        return Vec::new();
    }
    match stands(objects, key) {
        Some(seen) => served(scope, objects, key, seen),
        // Beside LBC nobody can tell whose a binding was that is gone.
        None if scope == Scope::Own && !objects.bindings.contains_key(key) => Vec::new(),
        None => orphans(index, objects, key),
    }
}

/// A binding that is there and does not leave.
fn stands<'o>(objects: &'o Objects, key: &ObjectKey) -> Option<&'o SeenBinding> {
    objects.bindings.get(key).map(AsRef::as_ref).filter(|seen| !seen.leaving)
}

fn served(scope: Scope, objects: &Objects, key: &ObjectKey, seen: &SeenBinding) -> Vec<Waiting> {
    let binding = seen.as_binding(key);
    if binding.target_type != TargetType::Ip {
        return Vec::new();
    }
    let mut served: BTreeMap<&ObjectKey, (&Pod, &Gates, Vec<At>)> = BTreeMap::new();
    for (endpoint, port) in Endpoints::of(objects, &binding).each() {
        let Some(named) = &endpoint.pod else { continue };
        let pod = objects.pods.get(named);
        // Anybody can write a slice that names a pod; it is the pod that knows its addresses.
        let pod = pod.filter(|pod| pod.addresses.contains(&endpoint.address));
        let Some((pod, gates)) = pod.and_then(|pod| Some((pod, pod.gates.as_deref()?))) else {
            continue;
        };
        let served = served.entry(named).or_insert_with(|| (pod, gates, Vec::new()));
        served.2.push((endpoint.address.clone(), port));
    }
    let waits = |pod: &Pod| pod.containers_ready && !pod.leaving;
    let served = served.into_iter().filter(|(_, (pod, ..))| waits(pod));
    let each = served.flat_map(|(pod, (_, gates, at))| {
        gates.each.iter().filter_map(move |gate| {
            let opener = || {
                if gate.binding == key.name {
                    return Some(Opener::Own(at.clone()));
                }
                let named = ObjectKey::new(key.namespace.clone(), gate.binding.clone());
                let is_inherited = scope == Scope::All && stands(objects, &named).is_none();
                (is_inherited && !gate.is_open()).then(|| Opener::Heir(at.clone()))
            };
            Some(waiting(pod, gates, (gate, opener()?)))
        })
    });
    each.collect()
}

/// The gates that are closed and that nobody opens any more, once this binding is gone.
fn orphans(index: &Index, objects: &Objects, key: &ObjectKey) -> Vec<Waiting> {
    let pods = index.gated(key).filter(|pod| !has_heir(index, objects, pod));
    let gates = pods.filter_map(|pod| {
        let gates = objects.pods.get(pod)?.gates.as_deref()?;
        let mut closed = gates.each.iter().filter(|gate| !gate.is_open());
        let gate = closed.find(|gate| gate.binding == key.name)?;
        Some(waiting(pod, gates, (gate, Opener::Nobody)))
    });
    gates.collect()
}

/// Whether another binding serves a pod, and so opens what gates it has.
fn has_heir(index: &Index, objects: &Objects, pod: &ObjectKey) -> bool {
    let mut heirs = index.serving(pod).filter_map(|key| Some((key, stands(objects, key)?)));
    heirs.any(|(key, seen)| seen.as_binding(key).target_type == TargetType::Ip)
}

fn waiting(pod: &ObjectKey, gates: &Gates, of: (&Gate, Opener)) -> Waiting {
    let (gate, opener) = of;
    Waiting { pod: pod.clone(), uid: gates.uid.clone(), gate: gate.clone(), opener }
}
