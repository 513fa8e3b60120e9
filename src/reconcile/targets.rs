//! The story of a visit to the targets of a binding.

use super::Visit;
use crate::aws::{Cloud, CloudError, Reach};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired;
use crate::model::id::{Id, ObjectKey};
use crate::plan;
use crate::report::Rest;

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Registers the endpoints of a binding's Service, for which the VPC's CIDRs are all that has
    /// to be known of it.
    pub(super) async fn targets(&self, key: &ObjectKey) -> Result<Rest, CloudError> {
        let (snapshot, _) = self.snapshot(Reach::Vpc).await?;
        let Some(stack) = desired::targets::build(&snapshot, key) else { return Ok(Rest::Done) };
        let Id::Is(target_group) = &stack.target_group else { return Ok(Rest::Done) };
        let inventory = self.mirror().targets(target_group).await?;
        let plan = plan::targets::plan(key, &stack, &inventory);
        let breaches = plan::check::targets(&plan, &inventory);
        let outcomes = self.apply_judged(&plan, &breaches).await;
        Ok(self.rest(&plan, &outcomes))
    }
}
