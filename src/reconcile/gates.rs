//! The readiness gates of the pods that a binding serves: looked after for as long as one waits.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;

use super::Visit;
use crate::apply::of_cluster;
use crate::aws::{Cloud, CloudError, ElbPart, Part};
use crate::clock::Clock;
use crate::cluster::{Cluster, ClusterError};
use crate::desired;
use crate::model::gate::{GateNews, Opener, Waiting};
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::moment::Moment;
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::snapshot::Snapshot;
use crate::report::{self, Health, Rest};
use crate::world::Looks;

/// How often the health of targets is looked at while gates wait for it: a gate opens within three
/// seconds of AWS saying that its target is well, the look and the write included.
const LOOK_PAUSE: Duration = Duration::from_millis(1500);
/// How often at the most all those look together whose gates wait: half of the 40 reads a second
/// that AWS refills an account's bucket with.
const LOOK_PACE: Duration = Duration::from_millis(50);
/// How many looks in a row come at the first pace: five minutes of them. What has not got well by
/// then is looked at as rarely as LBC does, or what is all right waits behind it.
const LOOKS_QUICK: u32 = 200;
/// How often LBC looks.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(15);
/// How many conditions are written at once: with answers in some milliseconds, hundreds a second.
const WRITES_AT_ONCE: usize = 16;

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Tells the pods whose gates have to do with a binding whether their targets take requests.
    pub(super) async fn gates(
        &self,
        key: &ObjectKey,
        snapshot: &Snapshot,
        told: &mut Vec<Problem>,
    ) -> Result<Rest, CloudError> {
        let gates = self.world().lock().gates(key);
        let is_gone = gates.iter().all(|waiting| waiting.opener == Opener::Nobody);
        let (news, rest) = match served(snapshot, key) {
            _ if is_gone => {
                self.wait_no_more(key);
                (report::gates(&gates, &Health::of(&[])), Rest::Done)
            }
            Some(target_group) => self.looked(key, &target_group, &gates).await?,
            None => return Ok(Rest::Done),
        };
        let written = self.tell_gates(news).await;
        Ok(match written {
            Ok(()) => rest,
            Err(error) => {
                told.push(shut(key, &error));
                Rest::Again(of_cluster(error.kind))
            }
        })
    }

    /// What pods are to be told, after a look at their targets where it is time for one. While no
    /// gate waits nobody looks, and what is open stays so.
    async fn looked(
        &self,
        key: &ObjectKey,
        target_group: &AwsId,
        gates: &[Waiting],
    ) -> Result<(Vec<GateNews>, Rest), CloudError> {
        let known = self.mirror.targets(target_group).await?;
        let health = Health::of(known.targets.value().map_or(&[], Vec::as_slice));
        let (new, mut waiting): (Vec<&Waiting>, Vec<&Waiting>) =
            gates.iter().partition(|waiting| health.is_new(waiting));
        waiting.retain(|waiting| !waiting.gate.is_open());
        if new.is_empty() && waiting.is_empty() {
            self.wait_no_more(key);
            return Ok((Vec::new(), Rest::Done));
        }
        let now = self.reconciler.clock.moment();
        if !self.is_due(key, (&new, &waiting), now) {
            let news = report::gates(new.into_iter().chain(waiting), &health);
            return Ok((news, self.next_look(key, now)));
        }
        let part = Part::Elb(ElbPart::Targets(target_group.clone()));
        self.mirror.refresh(&part, LOOK_PAUSE / 2);
        let known = self.mirror.targets(target_group).await?;
        let health = Health::of(known.targets.value().map_or(&[], Vec::as_slice));
        if !gates.iter().any(|waiting| health.holds_up(waiting)) {
            self.wait_no_more(key);
        }
        Ok((report::gates(gates, &health), self.next_look(key, now)))
    }

    /// Whether it is time for a look, given the gates whose targets are new and the others that
    /// wait. What is new is not well at once, so that the first look at it comes after a pause.
    fn is_due(
        &self,
        key: &ObjectKey,
        (new, others): (&[&Waiting], &[&Waiting]),
        now: Moment,
    ) -> bool {
        let mut world = self.world().lock();
        let all = new.iter().chain(others).map(|waiting| waiting.pod.clone()).collect();
        let state = world.bindings.entry(key.clone()).or_default();
        let later = now.plus(LOOK_PAUSE);
        let looks =
            state.looks.get_or_insert(Looks { waiting: BTreeSet::new(), due: later, count: 0 });
        let before = std::mem::replace(&mut looks.waiting, all);
        if !looks.waiting.is_subset(&before) {
            let is_late = others.iter().any(|waiting| !before.contains(&waiting.pod));
            looks.due = looks.due.min(if is_late { now } else { later });
            looks.count = 0;
        }
        if looks.due > now {
            return false;
        }
        looks.count = looks.count.saturating_add(1);
        let slower = 1 + looks.count.saturating_sub(LOOKS_QUICK);
        let pause = LOOK_PAUSE.saturating_mul(slower).min(LOOK_PAUSE_MAX);
        let looking = world.bindings.values().filter(|state| state.looks.is_some()).count();
        let shared = LOOK_PACE.saturating_mul(u32::try_from(looking).unwrap_or(u32::MAX));
        let looks = world.bindings.get_mut(key).and_then(|state| state.looks.as_mut());
        if let Some(looks) = looks {
            looks.due = now.plus(pause.max(shared));
        }
        true
    }

    fn wait_no_more(&self, key: &ObjectKey) {
        if let Some(state) = self.world().lock().bindings.get_mut(key) {
            state.looks = None;
        }
    }

    /// How the subject is left: to be visited when the next look is due, if any gate waits for one.
    fn next_look(&self, key: &ObjectKey, now: Moment) -> Rest {
        let world = self.world().lock();
        let looks = world.bindings.get(key).and_then(|state| state.looks.as_ref());
        looks.map_or(Rest::Done, |looks| Rest::Later(looks.due.since(now)))
    }

    /// Writes conditions, several at once.
    async fn tell_gates(&self, news: Vec<GateNews>) -> Result<(), ClusterError> {
        let write = async |news: GateNews| {
            if !self.permit.may_write() {
                return Ok(());
            }
            let written = self.reconciler.cluster.gate(&news).await;
            if written.is_ok() {
                let GateNews { pod, binding, condition, .. } = &news;
                tracing::info!(%pod, %binding, state = condition.state.as_str(), "gate");
            }
            written
        };
        let writes = stream::iter(news).map(write).buffer_unordered(WRITES_AT_ONCE);
        writes.fold(Ok(()), async |all, one| all.and(one)).await
    }
}

/// The target group whose targets a binding looks after; nothing where it does not.
fn served(snapshot: &Snapshot, key: &ObjectKey) -> Option<AwsId> {
    let stack = desired::targets::build(snapshot, key).filter(|stack| !stack.leaving)?;
    match stack.target_group {
        Id::Is(id) => Some(id),
        Id::Of(_) => None,
    }
}

/// What is to be said where gates cannot be written.
fn shut(key: &ObjectKey, error: &ClusterError) -> Problem {
    Problem {
        code: Code::ShutGates,
        severity: Severity::Warning,
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: "status of pods with its readiness gate".to_owned(),
        found: format!("{}: {}", error.reason, error.message),
        allowed: "the right to patch pods/status, as deploy/rbac.yaml has it".to_owned(),
        meanwhile: "those pods do not get ready; it is tried again".to_owned(),
    }
}
