//! What each kind of subject keeps from one visit to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use crate::desired::fabric::Demand;
use crate::model::action::{Action, AwsAction, Ec2Action, ElbAction, KubeAction};
use crate::model::flat::FlatMap;
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey, ObjectKey};
use crate::model::memory::{Memory, Remembered};
use crate::model::moment::Moment;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::{Need, Plan, WaitKey};
use crate::model::security::IngressRule;
use crate::model::seen::BindingStatus;
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::stack::BalancerStack;
use crate::model::surroundings::Surroundings;
use crate::model::target::Target;
use crate::report::Told;

use super::contest::Contest;
use super::kept::KeptParts;
use super::sync::Sync;

/// How often what changes without a word is looked at. Targets take tens of seconds to get well.
const POLL_PAUSE: Duration = Duration::from_secs(2);
/// How much longer each look in a row waits, until it waits this long: what has not got well within
/// minutes is not likely to do so within seconds.
const POLL_PAUSE_MAX: Duration = Duration::from_secs(60);
/// How many looks in a row come at the first pace.
const POLLS_QUICK: u32 = 30;

/// What a group keeps.
#[derive(Debug, Default)]
pub struct BalancerState {
    /// The last good part of each member.
    pub good: KeptParts,
    /// The generation of each member's `spec` that the last visit has seen.
    pub observed: FlatMap<Source, i64>,
    /// The members that are in, the one that has been for longest first.
    pub standing: Vec<Source>,
    /// What the cluster remembers of it.
    pub stored: Remembered,
    /// What AWS would not let go when we last tried.
    leftovers: BTreeSet<AwsId>,
    /// The leaving members that were let go and are in sight still: nothing is made for them again.
    released: BTreeSet<Source>,
    /// What people have been told already.
    pub told: Told,
    /// Whether a person has changed an Ingress of the group, and nobody has looked behind it yet.
    pub is_touched: bool,
    waits: Waits,
    /// The removals that a person has approved and that are not all made yet. Losing this, as a
    /// restart does, has the rest approved again.
    approved: BTreeSet<String>,
}

impl BalancerState {
    /// Whether removals may be made: a person has just approved them, or all of them before.
    pub fn may_remove(&mut self, removals: &BTreeSet<String>, is_approved: bool) -> bool {
        if is_approved || removals.is_empty() {
            self.approved.clone_from(removals);
        }
        removals.is_subset(&self.approved)
    }

    /// Begins a tenure: what was remembered and waited for is another process's to say.
    pub fn begin(&mut self) {
        self.good = KeptParts::default();
        self.stored = Remembered::default();
        self.observed.clear();
        self.standing.clear();
        self.leftovers.clear();
        self.released.clear();
        self.waits = Waits::default();
        self.approved.clear();
    }

    /// Takes note of the generations of the members that a visit has seen.
    pub fn observe(&mut self, objects: &Objects, stack: &BalancerStack) {
        let members = stack.active.iter().chain(&stack.leaving);
        let observed = members.filter_map(|member| {
            let generation = objects.metadata(member)?.generation?;
            Some((member.clone(), generation))
        });
        self.observed = observed.collect();
        self.released.retain(|member| stack.leaving.contains(member));
    }

    /// Whether a member has been let go that is still in sight.
    #[must_use]
    pub fn has_released(&self, member: &Source) -> bool {
        self.released.contains(member)
    }

    /// Whether a part of a member has been good, as far as anybody remembers.
    #[must_use]
    pub fn serves(&self, member: &Source) -> bool {
        self.good.contains(member) || self.stored.memory.held.contains_key(member)
    }

    /// Whether nothing is kept of the group that anybody needs once it is gone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty() && self.leftovers.is_empty()
    }

    /// The certificates that parts of members use, the last good ones and those that stand for a
    /// member that has turned bad, whether or not anybody asks for them by now.
    pub fn held_certificates(&self) -> impl Iterator<Item = &CertificateKey> {
        let held = self.stored.memory.held.values();
        self.good.certificates().chain(held.flat_map(|part| part.certificates()))
    }

    /// Changes what is kept. Says which certificates no part of a member uses any more.
    pub fn let_go_of(&mut self, change: impl FnOnce(&mut Self)) -> Vec<CertificateKey> {
        let held: BTreeSet<CertificateKey> = self.held_certificates().cloned().collect();
        change(self);
        let still: BTreeSet<&CertificateKey> = self.held_certificates().collect();
        held.into_iter().filter(|key| !still.contains(key)).collect()
    }

    /// What is known of a group beyond what can be seen.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let mut memory = self.stored.memory.clone();
        memory.held.extend(self.good.read().map(|(member, part)| (member.clone(), part)));
        if !self.standing.is_empty() {
            memory.standing.clone_from(&self.standing);
        }
        memory.leftovers.extend(self.leftovers.iter().cloned());
        memory
    }

    /// Takes note of what was written into the cluster's memory, of what AWS would not let go, and
    /// of who was let go.
    pub fn remember(&mut self, plan: &Plan, outcomes: &[Outcome]) {
        self.leftovers.clear();
        for (step, outcome) in plan.steps.iter().zip(outcomes) {
            match (&step.action, outcome) {
                (Action::Kube(KubeAction::Remember { entry, memory, .. }), Outcome::Done(_)) => {
                    self.stored.wrote(entry, memory);
                }
                (Action::Kube(KubeAction::Remember { entry, .. }), Outcome::Failed(..)) => {
                    self.stored.doubt(entry);
                }
                (
                    Action::Aws(
                        AwsAction::Ec2(Ec2Action::DeleteSecurityGroup { id })
                        | AwsAction::Elb(ElbAction::DeleteTargetGroup { id }),
                    ),
                    Outcome::Failed(Trouble::InUse, _),
                ) => {
                    self.leftovers.insert(id.clone());
                }
                (Action::Kube(KubeAction::Release { member, .. }), Outcome::Done(_)) => {
                    self.released.insert(member.clone());
                }
                _ => {}
            }
        }
    }

    /// The waits whose time is over; the plan that is made now knows that.
    pub fn over(&mut self, now: Moment) -> BTreeSet<WaitKey> {
        let over = self.waits.since.iter().filter(|(_, (since, time))| now.since(*since) >= *time);
        self.waits.over = over.map(|(key, _)| key.clone()).collect();
        self.waits.over.clone()
    }

    /// The members that have been followed to another group, or have not been selected, for long
    /// enough, as far as is known since this was asked last; and those of whom that is remembered.
    #[must_use]
    pub fn let_go(&self) -> BTreeSet<Source> {
        let followed = self.waits.over.iter().filter_map(|key| match key {
            WaitKey::Followed(member)
            | WaitKey::Unselected(member)
            | WaitKey::Succeeded(member) => Some(member.clone()),
            _ => None,
        });
        followed.chain(self.stored.memory.let_go.iter().cloned()).collect()
    }

    /// Takes note of a plan's waits. Says after how long to look again.
    pub fn wait_for(&mut self, plan: &Plan, now: Moment) -> Option<Duration> {
        let before = std::mem::take(&mut self.waits);
        let mut pauses = Vec::new();
        for wait in &plan.waits {
            match wait.need {
                Need::Poll => _ = self.waits.polled.insert(wait.key.clone()),
                Need::Elapsed(time) => {
                    let since = before.since.get(&wait.key).map_or(now, |(since, _)| *since);
                    self.waits.since.insert(wait.key.clone(), (since, time));
                    if !before.over.contains(&wait.key) {
                        pauses.push(time.saturating_sub(now.since(since)));
                    }
                }
            }
        }
        if !self.waits.polled.is_empty() {
            let is_same = self.waits.polled == before.polled;
            self.waits.polls = if is_same { before.polls.saturating_add(1) } else { 0 };
            let slower = 1 + self.waits.polls.saturating_sub(POLLS_QUICK);
            pauses.push(POLL_PAUSE.saturating_mul(slower).min(POLL_PAUSE_MAX));
        }
        pauses.into_iter().min()
    }

    /// Whether anything waits for a load balancer to be set up, or to serve.
    #[must_use]
    pub fn polls_load_balancers(&self) -> bool {
        let mut polled = self.waits.polled.iter();
        polled.any(|key| matches!(key, WaitKey::Serving(_) | WaitKey::SetUp(_)))
    }

    /// Whether anything waits for a person to switch off a deletion protection.
    #[must_use]
    pub fn polls_protection(&self) -> bool {
        let mut polled = self.waits.polled.iter();
        polled.any(|key| matches!(key, WaitKey::Protected(_) | WaitKey::Outlived(_)))
    }
}

/// The waits of one group. Losing them, as a restart does, makes waits longer.
#[derive(Debug, Default)]
struct Waits {
    /// Since when each wait for time is on, and how long it takes.
    since: BTreeMap<WaitKey, (Moment, Duration)>,
    /// The waits that the last plan knew to be over.
    over: BTreeSet<WaitKey>,
    /// What is looked at.
    polled: BTreeSet<WaitKey>,
    /// How many looks in a row found nothing to do.
    polls: u32,
}

/// What a binding keeps.
#[derive(Debug, Default)]
pub struct BindingState {
    /// Since when some of its endpoints are missed among pods.
    pub strange_since: Option<Moment>,
    /// The targets that AWS did not take.
    pub refused: BTreeMap<Target, RefusedTarget>,
    /// The looks at its targets, while readiness gates of pods wait for them.
    pub looks: Option<Looks>,
    /// The status with conditions that was written last: an API server may keep less of it.
    pub shown: Option<BindingStatus>,
    /// What people have been told already.
    pub told: Told,
}

impl BindingState {
    /// Whether nothing is kept but what people have been told.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let is_calm = self.strange_since.is_none() && self.looks.is_none();
        is_calm && self.refused.is_empty() && self.shown.is_none()
    }
}

/// A target that AWS did not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedTarget {
    /// What AWS said.
    pub answer: String,
    /// When AWS is asked again.
    pub again: Moment,
}

/// What waiting gates keep from one look to the next.
#[derive(Debug)]
pub struct Looks {
    /// The pods whose gates wait.
    pub waiting: BTreeSet<ObjectKey>,
    /// When the next look is due.
    pub due: Moment,
    /// How many looks in a row found no other pods waiting.
    pub count: u32,
}

/// What a certificate keeps.
#[derive(Debug, Default)]
pub struct CertificateState {
    /// What people have been told already.
    pub told: Told,
}

/// Names of a zone that Route 53 refused together, each with how many may share a batch from now
/// on.
pub type Suspects = BTreeMap<String, usize>;

/// What a zone keeps.
#[derive(Debug, Default)]
pub struct ZoneState {
    /// What people have been told already.
    pub told: Told,
    /// The names that Route 53 refused.
    pub suspects: Suspects,
    /// The names of a zone that is read by name which were asked for, and may stand.
    pub before: BTreeSet<String>,
    /// Whether Route 53 has said of some names of a batch that they are what it refuses, and nobody
    /// has tried the others since.
    pub is_told_apart: bool,
    /// Who changes back what is written.
    pub contest: Contest,
    /// Since when Route 53's servers answer by what is written.
    pub sync: Sync,
    /// Whether names wait for a load balancer to be active.
    pub is_awaiting: bool,
    /// How many groups' names were known at the last visit.
    pub known_groups: Option<usize>,
    /// How many looks in a row found load balancers that are not active yet.
    pub looks: u32,
}

/// What stands in the cluster's name and nobody owns.
#[derive(Debug, Default)]
pub struct Orphans {
    /// The groups that the last look found nobody in, by their tags.
    pub seen: BTreeSet<SmolStr>,
    /// Those of them that the look before found so, too.
    pub groups: BTreeSet<SmolStr>,
    /// What people have been told already.
    pub told: Told,
}

/// What the shared network keeps: who asks what of it, and what has changed since that was found
/// out.
#[derive(Debug, Default)]
pub struct FabricState {
    /// Who asks what.
    pub demand: Demand,
    /// The bindings that have changed, or whose endpoints have.
    pub changed_bindings: BTreeSet<ObjectKey>,
    /// The groups that have changed.
    pub changed_groups: BTreeSet<Group>,
    /// The security groups that were opened and in which rules of ours may stand.
    pub opened: BTreeSet<AwsId>,
    /// The endpoints whose network interfaces are not known, each with since when that is missed.
    pub unseen: BTreeMap<SmolStr, Moment>,
    /// Those of them that were looked for when somebody looked last.
    pub sought: BTreeSet<SmolStr>,
    /// What the demand was found out with.
    pub surroundings: Option<Arc<Surroundings>>,
    /// Since when rules wait for bindings that are about to be made.
    pub held_since: Option<Moment>,
    /// What people have been told already.
    pub told: Told,
    /// What nodes and pods let in from us, as it was when somebody looked last.
    pub standing: BTreeMap<AwsId, BTreeSet<IngressRule>>,
    /// The security groups that load balancers carry until nodes and pods let in what takes their
    /// place, by group.
    pub outgoing: BTreeMap<Group, BTreeSet<AwsId>>,
    /// The groups for whose sake rules stayed when somebody looked last: load balancers of theirs
    /// reach targets that no binding keeps.
    pub unbound: BTreeSet<Group>,
}

impl FabricState {
    /// Whether the endpoints of a binding, as it is now, let in what it asks for. Those whose
    /// network interfaces somebody still looks for may not.
    #[must_use]
    pub fn admits(&self, binding: &ObjectKey) -> bool {
        let is_judged =
            |address: &SmolStr| self.unseen.contains_key(address) && !self.sought.contains(address);
        !self.changed_bindings.contains(binding)
            && self.demand.unseen_of(binding).all(is_judged)
            && self.demand.is_met(binding, &self.standing)
    }

    /// The endpoints whose network interfaces have to be looked for: they are not known, and the
    /// last look began before anybody missed them.
    pub fn seek(&mut self, looked: Option<Moment>, now: Moment) -> BTreeSet<SmolStr> {
        let missed: BTreeSet<SmolStr> = self.demand.unseen().cloned().collect();
        self.unseen.retain(|address, _| missed.contains(address));
        for address in &missed {
            self.unseen.entry(address.clone()).or_insert(now);
        }
        let is_sought = |since: &Moment| looked.is_none_or(|looked| looked <= *since);
        let sought = self.unseen.iter().filter(|(_, since)| is_sought(since));
        sought.map(|(address, _)| address.clone()).collect()
    }

    /// How many things are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        let changed = self.changed_bindings.len() + self.changed_groups.len() + self.outgoing.len();
        self.demand.bindings().count() + changed + self.unseen.len() + self.unbound.len()
    }

    /// Whether nothing is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
