//! What becomes of the shared network.

use std::collections::BTreeMap;

use super::Plans;
use crate::aws::{Cloud, CloudError, Mirror};
use crate::clock::Clock;
use crate::desired;
use crate::model::binding::Binding;
use crate::model::snapshot::Snapshot;
use crate::model::subject::Subject;
use crate::plan;

/// Plans the shared network for the bindings that stand once the groups have what they ask for:
/// `afterwards`, and those that are `planned`.
pub(super) async fn plan_fabric<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    (snapshot, afterwards): (&Snapshot, &Snapshot),
    planned: &[Binding],
    plans: &mut Plans,
) -> Result<(), CloudError> {
    let settings = &snapshot.settings;
    let mut stack = desired::fabric::build(afterwards, planned);
    let endpoints = stack.endpoint_rules.keys().cloned().collect();
    let fabric = mirror.fabric(&settings.cluster, &endpoints).await?;
    let subject = Subject::Fabric(settings.place.clone());
    let rules = || fabric.endpoint_rules.value().into_iter().flat_map(BTreeMap::values).flatten();
    stack.kept.extend(plans.braked(snapshot, &subject, || rules().cloned().collect()).owners);
    let mut plan = plan::fabric::plan(settings, &stack, &fabric);
    if plan::fabric::lets_less_in(&plan) {
        let mut bound = desired::fabric::bound(&snapshot.objects);
        bound.extend(planned.iter().filter_map(|binding| binding.target_group.given().cloned()));
        let groups = desired::groups::all(snapshot);
        stack.unbound = mirror.unbound(&settings.cluster, &bound).await?;
        stack.unbound.retain(|group, _| groups.contains(group));
        plan = plan::fabric::plan(settings, &stack, &fabric);
    }
    plans.judged(&subject, &plan, &plan::check::fabric(&plan, &fabric));
    plans.plans.push((subject, plan));
    Ok(())
}
