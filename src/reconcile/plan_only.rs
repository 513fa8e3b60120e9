//! What members would have changed of whom only the plan is asked for: worked out with all else
//! that a visit finds out, and told. Nothing of it is done.

use std::collections::BTreeSet;

use super::Visit;
use crate::aws::{Cloud, CloudError};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired;
use crate::desired::balancer::Built;
use crate::model::group::Group;
use crate::model::plan::{Plan, WaitKey};
use crate::model::problem::Problem;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::plan::plan_only::{PlannedOnly, Side, one_of_many};

/// Of how many members of a group plans are worked out in a visit: each takes as long as that of
/// the whole group.
const TOLD_MAX: usize = 10;

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// What is to be said to the members of a group whose changes are not made. What cannot be read
    /// for one of them holds up nobody.
    pub(super) async fn planned_only(
        &self,
        group: &Group,
        snapshot: &Snapshot,
        (built, plan): (&Built, &Plan),
        over: &BTreeSet<WaitKey>,
    ) -> Vec<Problem> {
        let mut told = Vec::new();
        for (place, member) in built.stack.planned_only.iter().enumerate() {
            if place >= TOLD_MAX {
                told.push(one_of_many(member));
                continue;
            }
            match self.freed(group, snapshot, member, (built, plan), over).await {
                Ok(planned) if !planned.is_news(&built.stack) => {}
                Ok(planned) => told.push(planned.problem()),
                Err(error) => {
                    tracing::warn!(ingress = %member, %error, "its plan could not be worked out");
                }
            }
        }
        told
    }

    /// What one member would change.
    async fn freed(
        &self,
        group: &Group,
        snapshot: &Snapshot,
        member: &Source,
        (held, plan): (&Built, &Plan),
        over: &BTreeSet<WaitKey>,
    ) -> Result<PlannedOnly, CloudError> {
        let snapshot = Snapshot { freed: BTreeSet::from([member.clone()]), ..snapshot.clone() };
        let mut built = desired::balancer::build(&snapshot, group);
        let inventory = self.look(group, &snapshot, &built).await?;
        desired::standing::prove(&snapshot, &mut built.stack, &inventory);
        built.stack.braked = held.stack.braked.clone();
        let freed = self.plan(&built, &inventory, over);
        Ok(PlannedOnly::of(self.subject, member, side(held, plan), side(&built, &freed)))
    }
}

/// What a group comes to.
#[must_use]
pub fn side<'a>(built: &'a Built, plan: &'a Plan) -> Side<'a> {
    Side { plan, names: &built.names, problems: &built.problems }
}
