//! The story of a visit: gather, build, look, plan, apply, report. The same for every subject.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use crate::apply::{apply, of_aws};
use crate::aws::{BalancerScope, Cloud, CloudError, Mirror, Part as AwsPart, Reach};
use crate::build::visits::{Index, gather};
use crate::build::{self, balancer::Built};
use crate::clock::{Clock, SystemClock};
use crate::cluster::Cluster;
use crate::model::action::{Action, AwsAction, KubeAction};
use crate::model::fact::Facts;
use crate::model::group::Group;
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::inventory::BalancerInventory;
use crate::model::memory::Memory;
use crate::model::news::News;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::part::Part;
use crate::model::plan::Plan;
use crate::model::problem::{Code, Problem};
use crate::model::report::Event;
use crate::model::settings::Settings;
use crate::model::snapshot::{Extent, Objects, Snapshot};
use crate::model::stack::BalancerStack;
use crate::model::subject::Subject;
use crate::plan;
use crate::report::{self, Rest, Told};

mod certificate;
mod fabric;
mod news;
mod waits;
mod zone;

pub use waits::read_targets;

/// How old what we know of the VPC may be. Nothing in it changes by itself; what a person changes
/// there is looked for at once when something is missing.
const SURROUNDINGS_AGE_MAX: Duration = Duration::from_secs(60 * 60);

/// How often the VPC is looked at anew because something in it is missing: soon enough for whoever
/// makes it, and seldom enough for a thousand groups that miss it.
const REFRESH_PAUSE: Duration = Duration::from_secs(30);

/// What a visit left behind.
#[derive(Debug)]
pub struct Visited {
    /// How the subject is left.
    pub rest: Rest,
    /// The subjects that should hear of it.
    pub wakes: Vec<Subject>,
}

/// All that visits share.
pub struct Reconciler<C, K, T = SystemClock> {
    /// How the process was started.
    pub settings: Arc<Settings>,
    /// What we believe AWS holds.
    pub mirror: Mirror<C, T>,
    /// The cluster, to write to.
    pub cluster: K,
    /// The cluster, as seen.
    pub objects: Arc<RwLock<Objects>>,
    /// What refers to what.
    pub index: Arc<Mutex<Index>>,
    /// Whether this process may write, asked before each write.
    pub may_write: Box<dyn Fn() -> bool + Send + Sync>,
    /// Tells the time.
    pub now: fn() -> Timestamp,
    /// What visits leave for later ones.
    pub shared: Mutex<Shared>,
}

/// What visits leave for later ones.
#[derive(Debug, Default)]
pub struct Shared {
    facts: Facts,
    /// The last good part of each member, by group.
    good: BTreeMap<Group, BTreeMap<ObjectKey, Part>>,
    /// What the cluster remembers for us, by group.
    stored: BTreeMap<Group, Memory>,
    /// What AWS would not let go when we last tried, by group.
    leftovers: BTreeMap<Group, BTreeSet<AwsId>>,
    /// What people have been told already, by group.
    told: BTreeMap<Group, Told>,
    /// Who waits for listeners or names to let go of something.
    waiting: BTreeSet<Subject>,
    /// The zones with names that wait for a load balancer to be active.
    awaiting: BTreeSet<Subject>,
    /// How many groups' names were known when each zone was last visited.
    known_groups: BTreeMap<AwsId, usize>,
    /// The names that Route 53 refused, by zone.
    suspects: BTreeMap<AwsId, zone::Suspects>,
    /// What people have been told already about certificates that ACM refused, by Secret.
    told_of_certificates: BTreeMap<ObjectKey, Told>,
    /// What people have been told already about the names of each zone.
    told_of_zones: BTreeMap<AwsId, Told>,
    /// What each group waits for that nobody tells of.
    waits: BTreeMap<Group, waits::Waits>,
}

/// Locks what a panic elsewhere cannot have left half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: Cloud, K: Cluster, T: Clock> Reconciler<C, K, T> {
    /// Visits a subject: brings AWS closer to what is wished for, and says so.
    pub async fn visit(&self, subject: &Subject) -> Visited {
        let visited = match subject {
            Subject::Fabric(_) => self.fabric(subject).await,
            Subject::Balancer(_, group) => self.balancer(subject, group).await,
            Subject::Targets(_, binding) => self.targets(subject, binding).await,
            Subject::Certificate(_, secret) => self.certificate(subject, secret).await,
            Subject::Zone(_, zone) => self.zone(subject, zone).await,
        };
        visited.unwrap_or_else(|error| {
            tracing::warn!(%subject, %error, "AWS could not be read");
            Visited { rest: Rest::Again(of_aws(error.kind)), wakes: Vec::new() }
        })
    }

    /// Every subject there is, the fabric first: others rely on it.
    pub fn subjects(&self) -> Vec<Subject> {
        let place = &self.settings.place;
        let mut subjects = vec![Subject::Fabric(place.clone())];
        let index = lock(&self.index);
        // A group may be remembered that no Ingress is in any more: something of it is left over.
        let shared = lock(&self.shared);
        let groups: BTreeSet<&Group> = index.groups().chain(shared.stored.keys()).collect();
        let groups =
            groups.into_iter().map(|group| Subject::Balancer(place.clone(), group.clone()));
        subjects.extend(groups);
        let secrets = index.secrets();
        subjects.extend(secrets.map(|key| Subject::Certificate(place.clone(), key.clone())));
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        let bindings = objects.bindings.keys();
        subjects.extend(bindings.map(|key| Subject::Targets(place.clone(), key.clone())));
        subjects
    }

    /// Forgets what was known of AWS: somebody else may have written.
    pub fn forget(&self) {
        self.mirror.forget();
        lock(&self.shared).facts = Facts::default();
    }

    /// Takes what the cluster remembers for what is known of each group.
    pub fn recall(&self, memories: BTreeMap<Group, Memory>) {
        lock(&self.shared).stored = memories;
    }

    async fn snapshot(&self, subject: &Subject, memory: Memory) -> Result<Snapshot, CloudError> {
        let reach = match subject {
            Subject::Fabric(_) => Reach::Interfaces,
            Subject::Balancer(..) => Reach::Groups,
            Subject::Targets(..) => Reach::Vpc,
            Subject::Certificate(..) | Subject::Zone(..) => Reach::Nothing,
        };
        let surroundings = self.mirror.surroundings(reach, SURROUNDINGS_AGE_MAX).await?;
        let zones = match subject {
            Subject::Fabric(_) | Subject::Balancer(..) | Subject::Zone(..) => self.zones().await,
            Subject::Targets(..) | Subject::Certificate(..) => None,
        };
        let objects = {
            let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
            gather(&lock(&self.index), &objects, subject)
        };
        Ok(Snapshot {
            now: (self.now)(),
            extent: Extent::Cluster,
            settings: Arc::clone(&self.settings),
            objects,
            surroundings,
            zones,
            facts: lock(&self.shared).facts.clone(),
            memory,
        })
    }

    async fn apply(&self, subject: &Subject, plan: &Plan) -> Vec<Outcome> {
        if !plan.is_empty() {
            tracing::info!(plan = %plan::show::text(subject, plan).trim_end(), "planned");
        }
        apply(plan, &self.mirror, &self.cluster, &self.may_write).await
    }

    async fn targets(&self, subject: &Subject, key: &ObjectKey) -> Result<Visited, CloudError> {
        let snapshot = self.snapshot(subject, Memory::default()).await?;
        let nothing = Visited { rest: Rest::Done, wakes: Vec::new() };
        let Some(stack) = build::targets::build(&snapshot, key) else { return Ok(nothing) };
        let Id::Is(target_group) = &stack.target_group else { return Ok(nothing) };
        let inventory = self.mirror.targets(target_group).await?;
        let plan = plan::targets::plan(key, &stack, &inventory);
        let outcomes = self.apply(subject, &plan).await;
        Ok(Visited { rest: report::rest(&outcomes), wakes: Vec::new() })
    }

    async fn balancer(&self, subject: &Subject, group: &Group) -> Result<Visited, CloudError> {
        self.learn_certificates(group).await?;
        let (memory, stored) = lock(&self.shared).memory(group);
        let seen = lock(&self.index).turns();
        let snapshot = self.snapshot(subject, memory).await?;
        let built = build::balancer::build(&snapshot, group);
        let scope = scope(&built.stack);
        let cluster = &self.settings.cluster;
        let mut inventory = self.inventory(group, &built.stack, &scope).await?;
        let bindings = snapshot.objects.bindings.iter();
        let bindings = bindings.map(|(key, seen)| (key.clone(), seen.as_ref().clone()));
        inventory.bindings = bindings.collect();
        inventory.memory = stored;
        let over = lock(&self.shared).over(group, snapshot.now);
        let plan =
            plan::balancer::plan(&self.settings, Extent::Cluster, &built.stack, &inventory, &over);
        // Before anything goes: no name is made for it any more.
        let zones = snapshot.zones.as_deref();
        let mut wakes = self.tell_names(zones, group, &built, &inventory);
        let outcomes = self.apply(subject, &plan).await;
        if !plan::balancer::binds(&plan) {
            lock(&self.index).settle(group, seen);
        }
        let current = if plan.is_empty() {
            inventory
        } else {
            let now = self.mirror.balancer(cluster, group, &scope).await?;
            BalancerInventory { bindings: inventory.bindings, targets: inventory.targets, ..now }
        };
        lock(&self.shared).remember(group, &plan, &outcomes);
        let mut rest = report::rest(&outcomes);
        rest = self.statuses(&snapshot, &built, &current).await.unwrap_or(rest);
        self.tell(&snapshot, group, &built, &plan, &outcomes).await;
        if self.misses_something(&built.problems, &plan) && rest == Rest::Done {
            rest = Rest::Again(Trouble::Stale);
        }
        self.wait(subject, &plan);
        wakes.extend(self.tell_listening(group, &current));
        wakes.extend(self.tell_names(zones, group, &built, &current));
        if built.stack.front.is_none() || plan::balancer::lets_go(&plan) {
            wakes.extend(self.woken(&News::Bare));
        }
        if plan::balancer::asks_for_backend(&plan) {
            wakes.extend(self.woken(&News::Asked));
        }
        let pause = lock(&self.shared).wait_for(group, &plan, (self.now)());
        if let (Rest::Done, Some(pause)) = (rest, pause) {
            rest = Rest::Later(pause);
        }
        if rest == Rest::Done && !built.stack.memory.leftovers.is_empty() {
            // They are gone now, and need not be remembered any longer.
            wakes.push(subject.clone());
        }
        Ok(Visited { rest, wakes })
    }

    /// Writes the status of the members that show another one.
    async fn statuses(
        &self,
        snapshot: &Snapshot,
        built: &Built,
        current: &BalancerInventory,
    ) -> Option<Rest> {
        let current = plan::balancer::current(Extent::Cluster, &built.stack, current)?;
        let entries = report::status(current);
        let mut rest = None;
        for key in &built.stack.active {
            let ingress = snapshot.objects.ingresses.get(key);
            let is_served = built.good.contains_key(key) || snapshot.memory.held.contains_key(key);
            let differs = ingress.is_some_and(|ingress| report::shown(ingress) != entries);
            if is_served
                && differs
                && (self.may_write)()
                && let Err(error) = self.cluster.status(key, &entries).await
            {
                tracing::warn!(ingress = %key, %error, "the status could not be written");
                rest = Some(Rest::Again(Trouble::Transient));
            }
        }
        rest
    }

    /// Sends the Events that say something new, and keeps the good parts for when a member turns
    /// bad.
    async fn tell(
        &self,
        snapshot: &Snapshot,
        group: &Group,
        built: &Built,
        plan: &Plan,
        outcomes: &[Outcome],
    ) {
        let events = {
            let mut shared = lock(&self.shared);
            let good = shared.good.entry(group.clone()).or_default();
            let changed = built.good.iter().filter(|(key, part)| good.get(*key) != Some(*part));
            let changed: Vec<ObjectKey> = changed.map(|(key, _)| key.clone()).collect();
            good.extend(built.good.clone());
            good.retain(|key, _| built.stack.active.contains(key));
            if good.is_empty() {
                shared.good.remove(group);
            }
            let done = report::Done { plan, outcomes, changed: &changed };
            let told = shared.told.entry(group.clone()).or_default();
            let events = told.events(&snapshot.objects, &built.stack, &built.problems, &done);
            if built.stack.active.is_empty() && built.problems.is_empty() {
                shared.told.remove(group);
            }
            events
        };
        for event in events {
            self.send(&event).await;
        }
    }

    async fn send(&self, event: &Event) {
        if (self.may_write)()
            && let Err(error) = self.cluster.event(event).await
        {
            tracing::warn!(object = %event.object, %error, "an Event could not be sent");
        }
    }

    /// Whether somebody names something that the VPC did not have when we last looked: then a fresh
    /// look.
    fn misses_something(&self, problems: &[Problem], plan: &Plan) -> bool {
        let all = problems.iter().chain(&plan.refusals);
        let missing: BTreeSet<Code> = all.map(|problem| problem.code).collect();
        let is_missing =
            missing.contains(&Code::NoSubnets) || missing.contains(&Code::NoSecurityGroup);
        if is_missing {
            self.mirror.refresh(&AwsPart::Vpc, REFRESH_PAUSE);
            self.mirror.refresh(&AwsPart::SecurityGroups, REFRESH_PAUSE);
        }
        is_missing
    }
}

impl Shared {
    /// What is known of a group beyond what can be seen, and what of that the cluster remembers.
    fn memory(&self, group: &Group) -> (Memory, Memory) {
        let stored = self.stored.get(group).cloned().unwrap_or_default();
        let mut memory = stored.clone();
        memory.held.extend(self.good.get(group).cloned().unwrap_or_default());
        memory.leftovers.extend(self.leftovers.get(group).cloned().unwrap_or_default());
        (memory, stored)
    }

    /// Takes note of what was written into the cluster's memory, and of what AWS would not let go.
    fn remember(&mut self, group: &Group, plan: &Plan, outcomes: &[Outcome]) {
        let mut kept = BTreeSet::new();
        for (step, outcome) in plan.steps.iter().zip(outcomes) {
            match (&step.action, outcome) {
                (Action::Kube(KubeAction::Remember { memory, .. }), Outcome::Done(_)) => {
                    self.stored.insert(group.clone(), memory.clone());
                }
                (
                    Action::Aws(
                        AwsAction::DeleteSecurityGroup { id } | AwsAction::DeleteTargetGroup { id },
                    ),
                    Outcome::Failed(Trouble::InUse, _),
                ) => {
                    kept.insert(id.clone());
                }
                _ => {}
            }
        }
        self.stored.retain(|_, memory| !memory.is_empty());
        if kept.is_empty() {
            self.leftovers.remove(group);
        } else {
            self.leftovers.insert(group.clone(), kept);
        }
    }
}

/// Which attributes have to be read for a wish: those of things whose attributes somebody named.
#[must_use]
pub fn scope(stack: &BalancerStack) -> BalancerScope {
    let named = stack.target_groups.iter().filter(|(_, wished)| !wished.attributes.is_empty());
    BalancerScope {
        load_balancer_attributes: stack.front.as_ref().is_some_and(|f| !f.attributes.is_empty()),
        target_group_attributes: named.map(|(key, _)| key.resource.clone()).collect(),
    }
}
