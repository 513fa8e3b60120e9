//! The story of a visit to a VPC's shared network.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::aws::{Cloud, CloudError, Part as AwsPart};
use crate::build;
use crate::build::visits::gather;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::binding::Binding;
use crate::model::id::{Handle, Id};
use crate::model::memory::Memory;
use crate::model::news::News;
use crate::model::outcome::Trouble;
use crate::model::plan::Plan;
use crate::model::snapshot::Snapshot;
use crate::model::stack::FabricStack;
use crate::model::subject::Subject;
use crate::plan;
use crate::report::{self, Rest};

use super::{Reconciler, Visited, lock};

/// How often network interfaces are looked at anew because nobody knows an endpoint's: a new node's
/// are there within seconds, and a node elsewhere has none.
const INTERFACES_PAUSE: Duration = Duration::from_secs(10);

impl<C: Cloud, K: Cluster, T: Clock> Reconciler<C, K, T> {
    pub(super) async fn fabric(&self, subject: &Subject) -> Result<Visited, CloudError> {
        let cluster = &self.settings.cluster;
        let snapshot = self.snapshot(subject, Memory::default()).await?;
        let mut stack = build::fabric::build(&snapshot, &[]);
        let mut plan = self.plan_fabric(&stack).await?;
        if plan::fabric::moves_rules(&plan) {
            // Where pods are let in or shut out, what is about to come is reckoned with: each port
            // by itself would widen the same rule again and again.
            stack = build::fabric::build(&snapshot, &self.expected_bindings(&snapshot));
            plan = self.plan_fabric(&stack).await?;
        }
        let endpoints: BTreeSet<_> = stack.endpoint_rules.keys().cloned().collect();
        let outcomes = self.apply(subject, &plan).await;
        let current = self.mirror.fabric(cluster, &endpoints).await?;
        let is_news = {
            let facts = &mut lock(&self.shared).facts;
            match current.backend.value() {
                Some(live) => facts.learn(Handle::BackendSecurityGroup, live.id.clone()),
                None => facts.forget(&Handle::BackendSecurityGroup),
            }
        };
        let mut rest = report::rest(&outcomes);
        if !stack.is_complete && rest == Rest::Done {
            // An endpoint whose network interface nobody knows: it may be a new one.
            self.mirror.refresh(&AwsPart::Interfaces, INTERFACES_PAUSE);
            rest = Rest::Again(Trouble::Stale);
        }
        let mut wakes = self.stray_certificates().await?;
        let unseen = lock(&self.shared).facts.unseen_zones();
        wakes.extend(self.woken(&News::Unseen(unseen)));
        if is_news {
            wakes.extend(self.woken(&News::Backend));
        }
        Ok(Visited { rest, wakes })
    }

    async fn plan_fabric(&self, stack: &FabricStack) -> Result<Plan, CloudError> {
        let endpoints = stack.endpoint_rules.keys().cloned().collect();
        let inventory = self.mirror.fabric(&self.settings.cluster, &endpoints).await?;
        Ok(plan::fabric::plan(&self.settings, stack, &inventory))
    }

    /// The bindings that groups wish for on which visits have not settled yet, as far as it is
    /// known whom they let in.
    fn expected_bindings(&self, whole: &Snapshot) -> Vec<Binding> {
        let index = lock(&self.index);
        let bindings = index.unsettled().flat_map(|group| {
            let subject = Subject::Balancer(self.settings.place.clone(), group.clone());
            let snapshot = Snapshot {
                now: whole.now,
                extent: whole.extent,
                settings: Arc::clone(&whole.settings),
                objects: gather(&index, &whole.objects, &subject),
                surroundings: Arc::clone(&whole.surroundings),
                zones: whole.zones.clone(),
                facts: whole.facts.clone(),
                memory: lock(&self.shared).memory(group).0,
            };
            let stack = build::balancer::build(&snapshot, group).stack;
            stack.target_groups.into_values().map(|wished| wished.binding)
        });
        let is_known = |id: &Id| matches!(id, Id::Is(_) | Id::Of(Handle::BackendSecurityGroup));
        bindings
            .filter(|binding| {
                binding.openings.iter().all(|opening| opening.group.as_ref().is_none_or(is_known))
            })
            .collect()
    }
}
