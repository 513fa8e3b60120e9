//! What we believe AWS holds: read once for everybody, written through, and doubted where it should
//! be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared, try_join_all};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::answer::Answer;
use super::belief::{Belief, Part};
use super::error::{CODE_UNSETTLED, CloudError, Kind};
use super::view::{BalancerScope, View};
use super::{Cloud, arn, effect, read};
use crate::model::action::AwsAction;
use crate::model::group::Group;
use crate::model::id::{AwsId, ObjectKey};
use crate::model::inventory::{
    BalancerInventory, CertificateInventory, FabricInventory, TargetsInventory, ZoneInventory,
};
use crate::model::record::HostedZones;
use crate::model::surroundings::Surroundings;

/// How often what is needed is read anew because it was put in doubt meanwhile, before that is an
/// error. Two rounds are the rule (the catalogue, then what hangs on a load balancer).
const ROUNDS_MAX: usize = 8;
/// How many parts are read at once: far below AWS's bucket of 40 reads, from which others draw too.
const READS_AT_ONCE: usize = 16;

/// What we believe AWS holds.
///
/// A part is read when somebody needs it and nobody has read it, once for all who ask meanwhile. A
/// write goes through here, and what it answered is believed, so that the next look costs no call;
/// a write that failed puts the parts that it touches in doubt. Clones share the same belief.
pub struct Mirror<C> {
    shared: Arc<Inner<C>>,
}

struct Inner<C> {
    cloud: C,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    reads: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    belief: Belief,
    /// The reads under way, by the part they read.
    flights: BTreeMap<Part, Flight>,
    /// How many reads were begun; their numbers.
    begun: u64,
    /// How many reads are under way, those included that nobody wants any more.
    reading: usize,
    /// The writes since the oldest read under way began.
    journal: Vec<Written>,
}

/// A write that was done, and what AWS answered.
struct Written {
    action: AwsAction,
    answer: Answer,
    at: Timestamp,
}

type Outcome = Result<(), CloudError>;

struct Flight {
    number: u64,
    /// Weak: when all who wait for a read go away, it is given up.
    outcome: WeakShared<BoxFuture<'static, Outcome>>,
}

impl<C> Clone for Mirror<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<C> fmt::Debug for Mirror<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").finish_non_exhaustive()
    }
}

impl<C: Cloud> Mirror<C> {
    /// A mirror of AWS in which nothing is believed yet; `now` tells the time.
    pub fn new(cloud: C, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let inner = Inner {
            cloud,
            now: Box::new(now),
            reads: Semaphore::new(READS_AT_ONCE),
            state: Mutex::default(),
        };
        Self { shared: Arc::new(inner) }
    }

    /// What stands in the VPC that is not ours, read no longer ago than `age_max`.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn surroundings(&self, age_max: Duration) -> Result<Arc<Surroundings>, CloudError> {
        let since = self.since(age_max);
        self.view(|belief| belief.surroundings(since)).await
    }

    fn since(&self, age_max: Duration) -> Timestamp {
        (self.shared.now)().checked_sub(age_max).unwrap_or(Timestamp::MIN)
    }

    /// What stands of an Ingress group in AWS; `bindings` is empty. What is tagged with the cluster
    /// and the group is the group's.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn balancer(
        &self,
        cluster: &str,
        group: &Group,
        scope: &BalancerScope,
    ) -> Result<BalancerInventory, CloudError> {
        self.view(|belief| belief.balancer(cluster, group, scope)).await
    }

    /// What stands of the VPC's shared network, as far as it is the cluster's.
    ///
    /// Of the rules that carry the description of our rules, those are the cluster's that are on a
    /// security group tagged for it or named in `endpoints` (the security groups that bindings need
    /// now), or that let in a security group of the cluster. A rule that lets in the security group
    /// of another cluster never is.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn fabric(
        &self,
        cluster: &str,
        endpoints: &BTreeSet<AwsId>,
    ) -> Result<FabricInventory, CloudError> {
        self.view(|belief| belief.fabric(cluster, endpoints)).await
    }

    /// What is registered in a target group; `Absent` where the target group is gone.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn targets(&self, target_group: &AwsId) -> Result<TargetsInventory, CloudError> {
        self.view(|belief| belief.targets(target_group)).await
    }

    /// The certificates that a TLS Secret was imported as.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn certificate(
        &self,
        cluster: &str,
        secret: &ObjectKey,
    ) -> Result<CertificateInventory, CloudError> {
        self.view(|belief| belief.certificate(cluster, secret)).await
    }

    /// The TLS Secrets of the cluster of which a certificate stands.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn imported_secrets(&self, cluster: &str) -> Result<BTreeSet<ObjectKey>, CloudError> {
        self.view(|belief| belief.imported_secrets(cluster)).await
    }

    /// The account's hosted zones, read no longer ago than `age_max`.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn zones(&self, age_max: Duration) -> Result<Arc<HostedZones>, CloudError> {
        let since = self.since(age_max);
        self.view(|belief| belief.zones(since)).await
    }

    /// What stands of a hosted zone, and the load balancers that its names may lead to, the latter
    /// read no longer ago than `age_max`.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn zone(
        &self,
        cluster: &str,
        zone: &AwsId,
        age_max: Duration,
    ) -> Result<ZoneInventory, CloudError> {
        let since = self.since(age_max);
        self.view(|belief| belief.zone(cluster, zone, since)).await
    }

    /// Performs a write and believes its answer. Says the identifier of what was made or changed,
    /// where AWS tells it.
    ///
    /// # Errors
    /// What AWS answered. The parts that the write touches are then read again before they are
    /// believed, unless the call was throttled and thus did nothing.
    pub async fn perform(&self, action: &AwsAction) -> Result<Option<AwsId>, CloudError> {
        let doubt = Doubt { inner: &self.shared, about: Some(action) };
        let answer = self.shared.cloud.perform(action).await;
        doubt.settle(answer)
    }

    /// Stops believing anything: somebody else may have been writing.
    pub fn forget(&self) {
        let mut state = self.shared.lock();
        state.belief = Belief::default();
        state.flights.clear();
    }

    /// Stops believing a part. The tags of load balancers and target groups go on being believed.
    pub fn forget_part(&self, part: &Part) {
        self.shared.lock().forget(part);
    }

    /// Stops believing which load balancers, target groups and security groups there are, and their
    /// tags.
    pub fn forget_catalogue(&self) {
        let mut state = self.shared.lock();
        // Certificates are found by their tags and are not doubted here, so they keep them.
        state.belief.tags.retain(|id, _| arn::named(id) == Some(arn::Named::Certificate));
        for part in [Part::LoadBalancers, Part::TargetGroups, Part::SecurityGroups] {
            state.forget(&part);
        }
    }

    /// Stops believing what hangs on the load balancers and target groups of an Ingress group:
    /// listeners, rules and attributes.
    pub fn forget_group(&self, cluster: &str, group: &Group) {
        let mut state = self.shared.lock();
        for part in state.belief.parts_of_group(cluster, group) {
            state.forget(&part);
        }
    }

    /// Looks until nothing is missing, reading what is.
    async fn view<T>(&self, mut look: impl FnMut(&mut Belief) -> View<T>) -> Result<T, CloudError> {
        let mut missing = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let flights: Vec<_> = {
                let mut state = self.shared.lock();
                missing = match look(&mut state.belief) {
                    Ok(seen) => return Ok(seen),
                    Err(missing) => missing,
                };
                missing.iter().map(|part| self.shared.flight(&mut state, part)).collect()
            };
            try_join_all(flights).await?;
        }
        Err(CloudError {
            kind: Kind::Transient,
            operation: "read".to_owned(),
            code: CODE_UNSETTLED.to_owned(),
            message: format!("{missing:?} changed whenever it was read, {ROUNDS_MAX} times"),
        })
    }
}

impl<C: Cloud> Inner<C> {
    /// The read of a part that is under way, or one that begins now.
    fn flight(
        self: &Arc<Self>,
        state: &mut State,
        part: &Part,
    ) -> Shared<BoxFuture<'static, Outcome>> {
        let under_way = state.flights.get(part).and_then(|flight| flight.outcome.upgrade());
        if let Some(outcome) = under_way {
            return outcome;
        }
        state.begun += 1;
        state.reading += 1;
        let ticket = Ticket {
            inner: Arc::clone(self),
            part: part.clone(),
            number: state.begun,
            journal_start: state.journal.len(),
            at: (self.now)(),
        };
        let number = ticket.number;
        let outcome = ticket.read().boxed().shared();
        if let Some(weak) = outcome.downgrade() {
            state.flights.insert(part.clone(), Flight { number, outcome: weak });
        }
        outcome
    }
}

impl<C> Inner<C> {
    /// The lock is never held over an await. What panicked while holding it left nothing half-done
    /// that a later read would not find.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Believes that a write was done; the reads under way may not have seen it.
    fn believe(&mut self, action: &AwsAction, answer: Answer, at: Timestamp) {
        effect::apply(&mut self.belief, action, &answer, at);
        if self.reading > 0 {
            self.journal.push(Written { action: action.clone(), answer, at });
        }
    }

    /// Stops believing a part, and what a read of it that is under way will find.
    fn forget(&mut self, part: &Part) {
        self.belief.forget(part);
        self.flights.remove(part);
    }
}

/// A read under way. However it ends, also if nobody waits for it any more, it is counted out.
struct Ticket<C> {
    inner: Arc<Inner<C>>,
    part: Part,
    number: u64,
    /// Where in the journal the writes begin that the read may not have seen.
    journal_start: usize,
    /// When the read began: what it finds is at least that new.
    at: Timestamp,
}

impl<C: Cloud> Ticket<C> {
    async fn read(self) -> Outcome {
        let inner = &self.inner;
        // The semaphore is never closed; if it were, reading unbounded would be the right thing.
        let _permit = inner.reads.acquire().await.ok();
        let untagged = |id: &AwsId| !inner.lock().belief.tags.contains_key(id);
        let reading = read::part(&inner.cloud, &self.part, untagged).await;
        let mut state = inner.lock();
        let is_wanted =
            state.flights.get(&self.part).is_some_and(|flight| flight.number == self.number);
        if is_wanted {
            state.flights.remove(&self.part);
        }
        match reading {
            Ok(reading) if is_wanted => {
                let mut found = Belief::of(reading, self.at);
                for written in &state.journal[self.journal_start..] {
                    effect::apply(&mut found, &written.action, &written.answer, written.at);
                }
                state.belief.adopt(&self.part, found);
                Ok(())
            }
            // It was put in doubt while it was read: whoever waited looks again.
            Ok(_) => Ok(()),
            Err(error) => match read::disproved(&self.part) {
                Some(part) if error.kind == Kind::NotFound => {
                    state.forget(&part);
                    Ok(())
                }
                _ => Err(error),
            },
        }
    }
}

impl<C> Drop for Ticket<C> {
    fn drop(&mut self) {
        let mut state = self.inner.lock();
        state.reading -= 1;
        if state.reading == 0 {
            state.journal.clear();
        }
    }
}

/// A write under way: until its answer is here, also if nobody waits for that any more, it may have
/// been done or not.
struct Doubt<'a, C> {
    inner: &'a Inner<C>,
    about: Option<&'a AwsAction>,
}

impl<C> Doubt<'_, C> {
    fn settle(mut self, answer: Result<Answer, CloudError>) -> Result<Option<AwsId>, CloudError> {
        match answer {
            Ok(answer) => {
                let id = answer.id().cloned();
                if let Some(action) = self.about.take() {
                    let mut state = self.inner.lock();
                    if let Some(refusal) = effect::mistaken(&state.belief, action, &answer) {
                        return Err(refusal);
                    }
                    state.believe(action, answer, (self.inner.now)());
                }
                Ok(id)
            }
            Err(error) => {
                if error.is_void() {
                    self.about = None;
                } else if let Some(part) = effect::suspected(&error) {
                    self.inner.lock().forget(&part);
                }
                Err(error)
            }
        }
    }
}

impl<C> Drop for Doubt<'_, C> {
    fn drop(&mut self) {
        let Some(action) = self.about else { return };
        let mut state = self.inner.lock();
        for part in effect::touched(action) {
            state.forget(&part);
        }
        if let AwsAction::AddTags { id, .. } | AwsAction::RemoveTags { id, .. } = action {
            state.belief.tags.remove(id);
        }
    }
}
