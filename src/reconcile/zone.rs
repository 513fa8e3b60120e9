//! Visits to hosted zones, and what others have to know of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::{REFRESH_PAUSE, Reconciler, SURROUNDINGS_AGE_MAX, Visited, lock};
use crate::aws::{Cloud, CloudError, Kind, Part as AwsPart};
use crate::build;
use crate::build::balancer::Built;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::action::{Action, AwsAction};
use crate::model::fact::Names;
use crate::model::group::Group;
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::inventory::{BalancerInventory, Records};
use crate::model::memory::Memory;
use crate::model::news::News;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::{Plan, Step, WaitKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::record::{HostedZones, RecordType};
use crate::model::settings::DnsPolicy;
use crate::model::snapshot::Extent;
use crate::model::stack::ZoneStack;
use crate::model::subject::Subject;
use crate::plan;
use crate::report::{self, Rest};

/// How often a load balancer that is being set up is looked at while a name waits for it; AWS takes
/// two or three minutes.
const ACTIVE_PAUSE: Duration = Duration::from_secs(1);

/// Names of a zone that Route 53 refused together, each with how many may share a batch from now
/// on.
pub(super) type Suspects = BTreeMap<String, usize>;

impl<C: Cloud, K: Cluster, T: Clock> Reconciler<C, K, T> {
    /// The hosted zones, where names are kept at all. What cannot be read holds up nothing but
    /// names.
    pub(super) async fn zones(&self) -> Option<Arc<HostedZones>> {
        let is_on = {
            let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
            build::names::is_on(&self.settings, &objects)
        };
        if !is_on {
            lock(&self.shared).facts.zones([]);
            return None;
        }
        match self.mirror.zones(SURROUNDINGS_AGE_MAX).await {
            Ok(zones) => {
                let dns = &self.settings.dns;
                // Names that are never withdrawn hold up no load balancer.
                let in_use = build::zone::in_use(dns, &zones);
                let in_use = in_use.filter(|_| dns.policy == DnsPolicy::Sync);
                lock(&self.shared).facts.zones(in_use);
                Some(zones)
            }
            Err(error) => {
                tracing::warn!(%error, "hosted zones cannot be read; no names are kept meanwhile");
                if error.kind == Kind::Refused {
                    // Who may not read zones has made no names.
                    lock(&self.shared).facts.zones([]);
                }
                None
            }
        }
    }

    pub(super) async fn zone(&self, subject: &Subject, id: &AwsId) -> Result<Visited, CloudError> {
        let groups = self.groups();
        lock(&self.shared).facts.keep_groups(&groups);
        let snapshot = self.snapshot(subject, Memory::default()).await?;
        let Some(mut stack) = build::zone::build(&snapshot, id, &groups) else {
            return Ok(Visited { rest: Rest::Done, wakes: Vec::new() });
        };
        if self.is_filling(id, &stack) {
            return Ok(Visited { rest: Rest::Later(ACTIVE_PAUSE), wakes: Vec::new() });
        }
        let is_awaited = {
            let shared = lock(&self.shared);
            stack.suspects = shared.suspects.get(id).cloned().unwrap_or_default();
            shared.awaiting.contains(subject)
        };
        let (cluster, dns) = (&self.settings.cluster, &self.settings.dns);
        let age_max = if is_awaited { ACTIVE_PAUSE } else { SURROUNDINGS_AGE_MAX };
        let inventory = self.mirror.zone(cluster, id, age_max).await?;
        let plan = plan::zone::plan(dns, snapshot.extent, &stack, &inventory);
        let targets = |records: Option<&Records>| {
            let leading = records.map(|all| plan::zone::leading(dns, &stack.zone.name, all));
            leading.unwrap_or_default()
        };
        // A load balancer must not go while a name for it is being made.
        let standing = targets(inventory.records.value().map(AsRef::as_ref));
        let announced = standing.union(&coming(&plan)).cloned().collect();
        let was_news = lock(&self.shared).facts.leads(id, announced);
        let outcomes = self.apply(subject, &plan).await;
        let current = self.mirror.zone(cluster, id, SURROUNDINGS_AGE_MAX).await?;
        let records = current.records.value().map(AsRef::as_ref);
        if records.is_none() {
            self.mirror.refresh(&AwsPart::Zones, REFRESH_PAUSE);
        }
        let is_awaited =
            plan.steps.iter().any(|step| matches!(step.gate, Some(WaitKey::Active(_))));
        let (events, is_news) = {
            let mut shared = lock(&self.shared);
            let is_news = shared.facts.leads(id, targets(records)) || was_news;
            let refused = shared.suspect(id, &stack, &plan, &outcomes);
            let problems: Vec<Problem> = plan.refusals.iter().cloned().chain(refused).collect();
            if is_awaited {
                shared.awaiting.insert(subject.clone());
            } else {
                shared.awaiting.remove(subject);
            }
            let told = shared.told_of_zones.entry(id.clone()).or_default();
            let events = told.problems(&snapshot.objects, &problems);
            (events, is_news)
        };
        for event in events {
            self.send(&event).await;
        }
        let rest = match report::rest(&outcomes) {
            Rest::Done if is_awaited => Rest::Later(ACTIVE_PAUSE),
            rest => rest,
        };
        let wakes = if is_news { self.woken(&News::Leading) } else { Vec::new() };
        Ok(Visited { rest, wakes })
    }

    /// Whether groups are being looked at for the first time and more of them make their names
    /// known from one visit to the next: together they take fewer batches.
    fn is_filling(&self, id: &AwsId, stack: &ZoneStack) -> bool {
        if stack.is_complete {
            return false;
        }
        let shared = &mut *lock(&self.shared);
        let known = shared.facts.names().count();
        shared.known_groups.insert(id.clone(), known) != Some(known)
    }

    /// Makes known which names should lead to a group's load balancer. Answers with the zones that
    /// should hear of it.
    pub(super) fn tell_names(
        &self,
        zones: Option<&HostedZones>,
        group: &Group,
        built: &Built,
        current: &BalancerInventory,
    ) -> Vec<Subject> {
        let groups = self.groups();
        let load_balancer = match plan::balancer::current(Extent::Cluster, &built.stack, current) {
            Some(live) => Id::Is(live.live.id.clone()),
            None => built.names.load_balancer.clone(),
        };
        let names = Names { load_balancer, ..built.names.clone() };
        let (changed, is_for_all) = {
            let facts = &mut lock(&self.shared).facts;
            let was_complete = facts.knows_names(&groups);
            let changed = facts.names_of(group, names);
            // Once everybody's names are known, those that nobody wants may go.
            (changed, !was_complete && facts.knows_names(&groups))
        };
        let Some(zones) = zones else { return Vec::new() };
        let concerned = build::zone::in_use(&self.settings.dns, zones).filter(|id| {
            let zone = zones.get(id);
            is_for_all || zone.is_some_and(|zone| changed.iter().any(|host| zone.holds(host)))
        });
        self.woken(&News::Names(concerned.collect()))
    }

    fn groups(&self) -> BTreeSet<Group> {
        lock(&self.index).groups().cloned().collect()
    }
}

impl super::Shared {
    /// Takes note of the names whose batches Route 53 refused: next time only half as many go
    /// together, so that one bad name is alone in the end. Says which are.
    fn suspect(
        &mut self,
        zone: &AwsId,
        stack: &ZoneStack,
        plan: &Plan,
        outcomes: &[Outcome],
    ) -> Vec<Problem> {
        let suspects = self.suspects.entry(zone.clone()).or_default();
        let mut refused = Vec::new();
        for (step, outcome) in plan.steps.iter().zip(outcomes) {
            let hosts = hosts(step);
            match outcome {
                Outcome::Done(_) => suspects.retain(|host, _| !hosts.contains(host)),
                Outcome::Failed(Trouble::Refused | Trouble::Stale, text) => {
                    let is_known =
                        hosts.len() == 1 && hosts.iter().all(|h| suspects.contains_key(h));
                    let limit = (hosts.len() / 2).max(1);
                    suspects.extend(hosts.iter().map(|host| (host.clone(), limit)));
                    if is_known {
                        refused.extend(hosts.iter().filter_map(|host| {
                            let asking = stack.names.get(host)?.first()?;
                            Some(refusal(&asking.ingress, host, text))
                        }));
                    }
                }
                Outcome::Failed(..) | Outcome::Held => {}
            }
        }
        if suspects.is_empty() {
            self.suspects.remove(zone);
        }
        refused
    }
}

/// The load balancers that names will lead to once the plan is carried out, by their DNS names.
fn coming(plan: &Plan) -> BTreeSet<AwsId> {
    let free = plan.steps.iter().filter(|step| step.gate.is_none());
    let changes = free.flat_map(|step| match &step.action {
        Action::Aws(AwsAction::ChangeRecords { changes, .. }) => changes.as_slice(),
        Action::Aws(_) | Action::Kube(_) => &[],
    });
    changes.filter_map(|change| change.record.alias_target()).cloned().collect()
}

/// The names that a step changes.
fn hosts(step: &Step) -> BTreeSet<String> {
    let Action::Aws(AwsAction::ChangeRecords { changes, .. }) = &step.action else {
        return BTreeSet::new();
    };
    let keys = changes.iter().map(|change| &change.record.key);
    keys.filter(|key| key.record_type != RecordType::Txt).map(|key| key.name.clone()).collect()
}

fn refusal(ingress: &ObjectKey, host: &str, text: &str) -> Problem {
    Problem {
        code: Code::RefusedRecord,
        severity: Severity::Warning,
        object: ObjectRef::ingress(ingress),
        field: "hosts".to_owned(),
        found: format!("{host}, which Route 53 refuses: {text}"),
        allowed: "what Route 53 says".to_owned(),
        meanwhile: "its records stay as they are, other names are not concerned, and it is tried \
                    again"
            .to_owned(),
    }
}
