//! What stands in the cluster's name and has lost its owners while nobody watched.
//!
//! Nobody visits it, since nothing in the cluster tells of it, and so it is never taken away by
//! itself: its Ingresses may be in a cluster of the same name that this process does not see.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use super::{Visit, again};
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired::owners;
use crate::model::group::Group;
use crate::model::id::{AwsId, ObjectKey};
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::snapshot::Extent;
use crate::plan::brakes;
use crate::report::Rest;
use crate::world::{BalancerState, World};

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Looks for what nobody owns, and tells it where Ingresses of ours have their class: in the
    /// log, and on the class.
    pub(super) async fn look_for_orphans(&self) -> Rest {
        let settings = self.settings();
        if settings.extent != Extent::Cluster {
            return Rest::Done;
        }
        let stacks = match self.mirror().stacks(&settings.cluster).await {
            Ok(stacks) => stacks,
            Err(error) => return again(&error),
        };
        let mut world = self.world().lock();
        let unowned = unowned(&world, stacks);
        // What is about to be taken away, or about to be owned, is seen once.
        let seen = unowned.keys().cloned().collect();
        let before = std::mem::replace(&mut world.orphans.seen, seen);
        let orphans: BTreeMap<SmolStr, BTreeSet<AwsId>> =
            unowned.into_iter().filter(|(group, _)| before.contains(group)).collect();
        for (group, ids) in &orphans {
            if !world.orphans.groups.contains(group) {
                tracing::warn!(
                    %group,
                    things = ids.len(),
                    "no Ingress owns it any more: {}",
                    brakes::list(ids.iter().map(AwsId::as_str))
                );
            }
        }
        world.orphans.groups = orphans.keys().cloned().collect();
        let ours = world.objects.classes.iter().filter(|(_, class)| owners::is_ours(class));
        let names = ours.map(|(name, _)| name.clone());
        let names = names.filter(|_| !orphans.is_empty());
        let problems: Vec<Problem> = names.map(|class| problem(&class, &orphans)).collect();
        let World { objects, orphans, .. } = &mut *world;
        let events = orphans.told.problems(objects, &problems);
        drop(world);
        self.tell(events);
        Rest::Done
    }
}

/// What stands of groups that nobody is in, and of which nothing is remembered.
fn unowned(
    world: &World,
    stacks: BTreeMap<SmolStr, BTreeSet<AwsId>>,
) -> BTreeMap<SmolStr, BTreeSet<AwsId>> {
    let is_unowned = |stack: &SmolStr| {
        let group = Group::spelled(stack);
        let is_empty = world.balancers.get(&group).is_none_or(BalancerState::is_empty);
        is_empty && !world.index.has_group(&group)
    };
    stacks.into_iter().filter(|(stack, _)| is_unowned(stack)).collect()
}

/// What is to be said of what nobody owns.
fn problem(class: &str, orphans: &BTreeMap<SmolStr, BTreeSet<AwsId>>) -> Problem {
    let count: usize = orphans.values().map(BTreeSet::len).sum();
    Problem {
        code: Code::Orphaned,
        severity: Severity::Warning,
        object: ObjectRef { kind: Kind::IngressClass, key: ObjectKey::new("", class) },
        field: "load balancers".to_owned(),
        found: format!(
            "{count} things in AWS whose groups have no Ingress any more: {}",
            brakes::list(orphans.keys())
        ),
        allowed:
            "an Ingress for each, which takes them over; or `albedo sweep --delete`, which deletes \
             them"
                .to_owned(),
        meanwhile: "they stay as they are".to_owned(),
    }
}
