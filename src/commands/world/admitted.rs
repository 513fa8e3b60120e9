//! Which bindings wait for nobody: nodes and pods let in already what they ask for.

use std::collections::BTreeSet;

use crate::aws::{Cloud, CloudError, Mirror};
use crate::clock::Clock;
use crate::desired;
use crate::desired::fabric::Demand;
use crate::model::id::ObjectKey;
use crate::model::snapshot::Snapshot;

/// The bindings whose endpoints let in all that they ask for.
pub(super) async fn admitted<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    snapshot: &Snapshot,
) -> Result<BTreeSet<ObjectKey>, CloudError> {
    let mut demand = Demand::default();
    let mut endpoints = BTreeSet::new();
    for key in snapshot.objects.bindings.keys() {
        let asked = desired::fabric::asked(snapshot, key);
        endpoints.extend(asked.iter().flat_map(|asked| asked.rules.keys().cloned()));
        demand.ask(key, asked);
    }
    let fabric = mirror.fabric(&snapshot.settings.cluster, &endpoints).await?;
    let standing = fabric.endpoint_rules.value().cloned().unwrap_or_default();
    Ok(demand.bindings().filter(|key| demand.is_met(key, &standing)).cloned().collect())
}
