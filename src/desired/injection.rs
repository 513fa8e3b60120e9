//! Which readiness gates a new pod should have: those of the bindings that will serve it (LBC).

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::model::gate::GATE_PREFIX;
use crate::model::id::ObjectKey;
use crate::model::snapshot::Objects;
use crate::model::target_group::TargetType;

/// The gates of a new pod with these labels, by the type of their conditions: one for each binding
/// of the namespace that registers pods, and whose Service selects it.
#[must_use]
pub fn gates(
    objects: &Objects,
    namespace: &str,
    labels: &BTreeMap<String, String>,
) -> Vec<SmolStr> {
    let first = ObjectKey::new(namespace, "");
    let bindings =
        objects.bindings.range(first..).take_while(|(key, _)| key.namespace == namespace);
    let serving = bindings.filter(|(key, seen)| {
        let binding = seen.as_binding(key);
        let service = objects.services.get(&binding.service_key());
        let selects = || service.is_some_and(|service| service.selects(labels));
        !seen.leaving && binding.target_type == TargetType::Ip && selects()
    });
    serving.map(|(key, _)| SmolStr::from(format!("{GATE_PREFIX}{}", key.name))).collect()
}
