//! What we believe AWS holds: read once for everybody, written through, and doubted where it should
//! be.
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::atomic::{AtomicUsize, Ordering};
//! use std::time::Duration;
//!
//! use albedo::aws::{Answer, Cloud, CloudError, Mirror, Part, Reading, Route53Reading};
//! use albedo::clock::SystemClock;
//! use albedo::model::action::AwsAction;
//!
//! /// An account without hosted zones, and how often somebody looked.
//! struct Empty(Arc<AtomicUsize>);
//!
//! impl Cloud for Empty {
//!     async fn read(&self, _: &Part) -> Result<Reading, CloudError> {
//!         self.0.fetch_add(1, Ordering::Relaxed);
//!         Ok(Reading::Route53(Route53Reading::Zones(Vec::new())))
//!     }
//!
//!     async fn perform(&self, _: &AwsAction) -> Result<Answer, CloudError> {
//!         Ok(Answer::Done)
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! let looks = Arc::new(AtomicUsize::new(0));
//! let mirror = Mirror::new(Empty(Arc::clone(&looks)), SystemClock::new());
//! let hour = Duration::from_secs(60 * 60);
//! let (one, other) = tokio::join!(mirror.zones(hour), mirror.zones(hour));
//! assert!(one.unwrap().is_empty() && other.unwrap().is_empty());
//! mirror.zones(hour).await.unwrap();
//! assert_eq!(looks.load(Ordering::Relaxed), 1, "one look was enough for all of them");
//! # });
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Either, join_all, select, try_join_all};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::try_join;

use super::answer::Answer;
use super::belief::{Belief, Stamp};
use super::error::{CloudError, Kind};
use super::flights::{Outcome, SharedRead, State};
use super::part::{ElbPart, ElbReading, Lane, Part, Reading};
use super::read::TagsKnown;
use super::view::{BalancerScope, Reach, Reader, TagLook};
use super::{Cloud, effect, read};
use crate::clock::{Clock, SystemClock};
use crate::model::action::AwsAction;
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::inventory::{BalancerInventory, FabricInventory, TargetsInventory};
use crate::model::marks::Tags;
use crate::model::moment::Moment;
use crate::model::security::IngressRule;
use crate::model::surroundings::Surroundings;
use crate::model::target_group::Traits;

mod batch;
mod believed;
mod certificates;
mod fresh;
mod named;
mod protection;
mod roles;
mod rounds;
mod sweep;
mod zones;

use batch::{Asker, Batches};
pub use believed::BelievedGroup;
use rounds::{ROUNDS_MAX, Rounds};

/// How many parts are read at once in each lane: far below AWS's bucket of 40 reads, from which
/// others draw too.
const READS_AT_ONCE: usize = 16;
/// How long a visit waits for a newer look at what it knows already. AWS answers within one or two
/// seconds, or something is wrong with it.
const PATIENCE: Duration = Duration::from_secs(2);

/// What we believe AWS holds.
///
/// A part is read when somebody needs it and nobody has read it, once for all who ask meanwhile. A
/// write goes through here, and what it answered is believed, so that the next look costs no call;
/// a write that failed puts the parts that it touches in doubt. Clones share the same belief.
///
/// Who asks for a part that is in doubt, or that nobody has read, gets a look that began after he
/// asked, or an error. Who asks for a newer look at what is known gets an older one where AWS does
/// not answer in time.
pub struct Mirror<C, T = SystemClock> {
    shared: Arc<Inner<C, T>>,
}

struct Inner<C, T> {
    cloud: C,
    clock: T,
    /// How many reads may still go out, by lane.
    lanes: [Semaphore; 7],
    state: Mutex<State>,
    /// The reads that have come to an end and are not counted out yet. Whoever takes a look at the
    /// state does that: a read may end where somebody holds the state's lock and lets go of it.
    ended: Mutex<Vec<(Part, u64)>>,
    batches: Batches,
    roles: roles::Roles<C, T>,
}

impl<C, T> Clone for Mirror<C, T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<C, T> fmt::Debug for Mirror<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").finish_non_exhaustive()
    }
}

impl<C: Cloud, T: Clock> Mirror<C, T> {
    /// A mirror of AWS in which nothing is believed yet.
    pub fn new(cloud: C, clock: T) -> Self {
        let inner = Inner {
            cloud,
            clock,
            lanes: std::array::from_fn(|_| Semaphore::new(READS_AT_ONCE)),
            state: Mutex::default(),
            ended: Mutex::default(),
            batches: Batches::default(),
            roles: roles::Roles::default(),
        };
        Self { shared: Arc::new(inner) }
    }

    /// What stands in the VPC that is not ours, as far as it is needed, read no longer ago than
    /// `age_max` where AWS can be read.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn surroundings(
        &self,
        reach: Reach,
        age_max: Duration,
    ) -> Result<Arc<Surroundings>, CloudError> {
        self.view(|reader| reader.surroundings(reach, age_max)).await
    }

    /// What the VPC's security groups let in.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn security_groups(
        &self,
        age_max: Duration,
    ) -> Result<BTreeMap<AwsId, BTreeSet<IngressRule>>, CloudError> {
        self.view(|reader| reader.security_groups(age_max)).await
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
        self.view(|reader| reader.balancer(cluster, group, scope)).await
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
        self.view(|reader| reader.fabric(cluster, endpoints)).await
    }

    /// What is registered in a target group; `Absent` where the target group is gone.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn targets(&self, target_group: &AwsId) -> Result<TargetsInventory, CloudError> {
        let now = self.shared.clock.moment();
        self.shared.lock().belief.elb.forget_drained(target_group, now);
        self.view(|reader| reader.targets(target_group)).await
    }

    /// The tags of a target group that a binding names, read no longer ago than `age_max` where AWS
    /// can be read and the target group is no Ingress's; `None` where there is none.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn bound(
        &self,
        cluster: &str,
        target_group: &AwsId,
        look: TagLook,
        age_max: Duration,
    ) -> Result<Option<Tags>, CloudError> {
        self.view(|reader| reader.bound(cluster, target_group, look, age_max)).await
    }

    /// What of a target group never changes; `None` where there was none no longer ago than
    /// `age_max`.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn traits(
        &self,
        target_group: &AwsId,
        age_max: Duration,
    ) -> Result<Option<Traits>, CloudError> {
        self.view(|reader| reader.traits(target_group, age_max)).await
    }

    /// Waits until a write may go out, as far as the limits to our own calls are concerned. Whoever
    /// may write only for a time has to look at that afterwards.
    pub async fn turn(&self, action: &AwsAction) {
        self.shared.cloud.turn(action).await;
    }

    /// Performs a write and believes its answer. Says the identifier of what was made or changed,
    /// where AWS tells it.
    ///
    /// # Errors
    /// What AWS answered; that it does not know what was made less than a minute ago is a trouble
    /// that goes away. The parts that the write touches are then read again before they are
    /// believed, unless the call certainly did nothing.
    pub async fn perform(&self, action: &AwsAction) -> Result<Option<AwsId>, CloudError> {
        let doubt = Doubt { inner: &self.shared, about: Some(action) };
        let answer = self.shared.cloud.perform(action).await;
        doubt.settle(answer)
    }

    /// Asks for a fresh look at a part, because something is missing in it or changes without a
    /// word: whoever needs the part next reads it anew, unless a look began less than
    /// `at_most_every` ago. Where that fails, what is known goes on being told.
    pub fn refresh(&self, part: &Part, at_most_every: Duration) {
        let now = self.shared.clock.moment();
        self.shared.lock().want(part, now, at_most_every);
    }

    /// When the look at a part began that is believed; `None` where none is.
    #[must_use]
    pub fn looked_at(&self, part: &Part) -> Option<Moment> {
        self.shared.lock().belief.looks.get(part).map(|look| look.at)
    }

    /// How many parts are told although somebody asked for a newer look, because AWS does not give
    /// it.
    #[must_use]
    pub fn stale_parts(&self) -> usize {
        self.shared.lock().stale()
    }

    /// Takes no more room than is needed for what has grown.
    pub fn pack(&self) {
        self.shared.lock().belief.pack();
    }

    /// How many things are kept in mind; to be held against how many stand.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.shared.lock().kept()
    }

    /// Stops believing anything but the VPC: somebody else may have been writing.
    pub fn forget(&self) {
        self.shared.lock().forget();
        self.shared.roles.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Stops believing a part. The tags of load balancers and target groups go on being believed.
    pub fn forget_part(&self, part: &Part) {
        self.shared.lock().doubt(part);
    }

    /// Looks until nothing is missing, reading what is.
    async fn view<S>(&self, mut look: impl FnMut(&mut Reader<'_>) -> S) -> Result<S, CloudError> {
        let inner = &self.shared;
        let since = inner.lock().next();
        let (mut told, mut missing) = (BTreeSet::new(), BTreeSet::new());
        let mut rounds = Rounds::default();
        for _ in 0..ROUNDS_MAX {
            let (needed, newer) = {
                let (now, mut state) = (inner.clock.moment(), inner.lock());
                state.forget_made(now);
                let mut reader = Reader::new(&state.belief, since, now, &told);
                let seen = look(&mut reader);
                let Reader { missing: unknown, old, ahead, .. } = reader;
                inner.read_ahead(&mut state, ahead, now);
                if unknown.is_empty() && old.is_empty() {
                    return Ok(seen);
                }
                missing = unknown;
                let newer = old.into_iter().map(|part| inner.newer(&mut state, part, now));
                let newer: Vec<_> = newer.collect();
                let needed = match rounds.pause(state.is_disproved(&missing)) {
                    None => Ok(inner.needed(&mut state, &missing, now)?),
                    Some(pause) => Err(pause),
                };
                (needed, newer)
            };
            let needed = match needed {
                Ok(needed) => needed,
                Err(pause) => {
                    inner.clock.sleep(pause).await;
                    inner.needed(&mut inner.lock(), &missing, inner.clock.moment())?
                }
            };
            let newer = join_all(newer.into_iter().map(|newer| inner.wait_a_while(newer)));
            let (_, old) = try_join!(try_join_all(needed), newer.map(Ok))?;
            for part in old.into_iter().flatten() {
                inner.lock().tell_stale(&part);
                told.insert(part);
            }
        }
        Err(Rounds::unsettled(&missing))
    }
}

/// A newer look at what is known.
struct Newer {
    part: Part,
    /// The read to wait for, and how long; `None` where it is known not to be worth while.
    read: Option<(SharedRead, Duration)>,
}

impl<C: Cloud, T: Clock> Inner<C, T> {
    /// The reads of what has to be known, or why one of them cannot be had just now.
    fn needed(
        self: &Arc<Self>,
        state: &mut State,
        parts: &BTreeSet<Part>,
        now: Moment,
    ) -> Result<Vec<SharedRead>, CloudError> {
        let under_way: Vec<_> = parts.iter().map(|part| state.under_way(part)).collect();
        let idle = parts.iter().zip(&under_way).filter(|(_, read)| read.is_none());
        if let Some(error) = idle.map(|(part, _)| part).find_map(|part| state.failure(part, now)) {
            return Err(error.clone());
        }
        let reads = parts.iter().zip(under_way);
        let reads = reads.map(|(part, read)| match read {
            Some((read, _)) => read,
            None => self.read(state, part, now),
        });
        let reads = reads.collect();
        for part in parts {
            let Part::Elb(ElbPart::Listeners(id)) = part else { continue };
            for next in state.read_ahead(id) {
                drop(self.clock.spawn(self.read(state, &next, now)));
            }
        }
        Ok(reads)
    }

    /// Begins to read what takes long and nobody waits for.
    fn read_ahead(self: &Arc<Self>, state: &mut State, parts: BTreeSet<Part>, now: Moment) {
        for part in parts {
            if state.under_way(&part).is_none() {
                drop(self.clock.spawn(self.read(state, &part, now)));
            }
        }
    }

    /// The read that gives a newer look at a part.
    fn newer(self: &Arc<Self>, state: &mut State, part: Part, now: Moment) -> Newer {
        let read = match state.under_way(&part) {
            Some((read, began)) => Some((read, PATIENCE.saturating_sub(now.since(began)))),
            None if state.failure(&part, now).is_some() => None,
            None => {
                let read = self.read(state, &part, now);
                // Nobody waits long for it, and yet it should come to an end.
                drop(self.clock.spawn(read.clone()));
                Some((read, PATIENCE))
            }
        };
        Newer { part, read: read.filter(|(_, patience)| !patience.is_zero()) }
    }

    /// Waits for a newer look, but not for long. Answers with the part if the look that is known
    /// has to do.
    async fn wait_a_while(&self, newer: Newer) -> Option<Part> {
        let Some((read, patience)) = newer.read else { return Some(newer.part) };
        let timeout = pin!(self.clock.sleep(patience));
        match select(read, timeout).await {
            Either::Left((Ok(()), _)) => None,
            Either::Left((Err(_), _)) | Either::Right(_) => Some(newer.part),
        }
    }

    /// Begins to read a part.
    fn read(self: &Arc<Self>, state: &mut State, part: &Part, now: Moment) -> SharedRead {
        let number = state.begin();
        let at = Stamp { date: self.clock.now(), moment: now };
        let asker = matches!(part, Part::Elb(ElbPart::Listeners(_))).then(|| self.batches.asker());
        let ticket = Ticket { inner: Arc::clone(self), part: part.clone(), number, at, asker };
        let read = ticket.read().boxed().shared();
        state.share(part, number, now, &read);
        read
    }
}

impl<C, T> Inner<C, T> {
    /// The lock is never held over an await. What panicked while holding it left nothing half-done
    /// that a later read would not find.
    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = std::mem::take(&mut *self.ended());
        for (part, number) in ended {
            state.end(&part, number);
        }
        state
    }

    /// Nobody does anything else while holding this.
    fn ended(&self) -> MutexGuard<'_, Vec<(Part, u64)>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a read may go out among its like. The semaphores are never closed; if one were,
    /// reading unbounded would be the right thing.
    pub(super) async fn permit(&self, lane: Lane) -> Option<SemaphorePermit<'_>> {
        let lane = match lane {
            Lane::Targets => &self.lanes[0],
            Lane::Balancing => &self.lanes[1],
            Lane::Tags => &self.lanes[2],
            Lane::Network => &self.lanes[3],
            Lane::Certificates => &self.lanes[4],
            Lane::Names => &self.lanes[5],
            Lane::Protection => &self.lanes[6],
        };
        lane.acquire().await.ok()
    }
}

/// A read under way. However it ends, also if nobody waits for it any more, it is counted out.
struct Ticket<C, T> {
    inner: Arc<Inner<C, T>>,
    part: Part,
    number: u64,
    /// When the read began: what it finds is at least that new.
    at: Stamp,
    /// Where tags of what is found will be asked for.
    asker: Option<Asker>,
}

impl<C: Cloud, T: Clock> Ticket<C, T> {
    async fn read(mut self) -> Outcome {
        let asker = self.asker.take();
        let found = self.look(asker).await;
        let inner = &self.inner;
        let now = inner.clock.moment();
        let mut state = inner.lock();
        match found {
            Ok(found) => {
                state.land(&self.part, self.number, found);
                Ok(())
            }
            Err(error) => state.fail(&self.part, self.number, error, now),
        }
    }

    async fn look(&self, asker: Option<Asker>) -> Result<Belief, CloudError> {
        let (inner, lane) = (&self.inner, self.part.about().lane);
        if let (Part::Elb(ElbPart::Listeners(id)), Some(asker)) = (&self.part, asker) {
            // Whoever waits for others to ask for tags too holds up no other read.
            let permit = inner.permit(lane).await;
            let mut listeners = read::listeners(&inner.cloud, id).await?;
            drop(permit);
            let tags = inner.tags(asker, read::tagged(&listeners)).await?;
            read::tag(&mut listeners, &tags);
            let reading = Reading::Elb(ElbReading::Listeners(id.clone(), listeners));
            return Ok(Belief::of(reading, Vec::new(), self.at.date));
        }
        let _permit = inner.permit(lane).await;
        let known = |id: &AwsId| {
            let belief = &inner.lock().belief;
            match belief.tags.contains(id) {
                _ if belief.doubtful_tags.contains(id) => TagsKnown::InDoubt,
                true => TagsKnown::Well,
                false => TagsKnown::NotAtAll,
            }
        };
        read::part(&inner.cloud, &self.part, known, self.at.date).await
    }
}

impl<C, T> Drop for Ticket<C, T> {
    fn drop(&mut self) {
        self.inner.ended().push((self.part.clone(), self.number));
    }
}

/// A write under way: until its answer is here, also if nobody waits for that any more, it may have
/// been done or not.
struct Doubt<'a, C, T: Clock> {
    inner: &'a Inner<C, T>,
    about: Option<&'a AwsAction>,
}

impl<C, T: Clock> Doubt<'_, C, T> {
    fn settle(mut self, answer: Result<Answer, CloudError>) -> Result<Option<AwsId>, CloudError> {
        let (date, moment) = (self.inner.clock.now(), self.inner.clock.moment());
        match answer {
            Ok(answer) => {
                let id = answer.id().cloned();
                if let Some(action) = self.about.take() {
                    let mut state = self.inner.lock();
                    if let Some(refusal) = effect::mistaken(&state.belief, action, &answer) {
                        return Err(refusal);
                    }
                    state.believe(action, answer, Stamp { date, moment });
                }
                Ok(id)
            }
            Err(mut error) => {
                let mut state = self.inner.lock();
                let is_too_early = |action| state.is_too_early(action, &error.code, moment);
                if self.about.is_some_and(is_too_early) {
                    error.kind = Kind::Transient;
                    self.about = None;
                } else if error.is_void() {
                    self.about = None;
                } else if let Some(part) = effect::suspected(&error) {
                    state.suspect(&part, moment);
                }
                Err(error)
            }
        }
    }
}

impl<C, T: Clock> Drop for Doubt<'_, C, T> {
    fn drop(&mut self) {
        let Some(action) = self.about else { return };
        let mut state = self.inner.lock();
        for part in effect::doubted(&state.belief, action) {
            state.doubt(&part);
        }
        state.doubt_tags(action);
    }
}
