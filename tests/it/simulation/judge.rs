//! What has to hold at every moment: each write is looked at as it arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::aws::{Answer, CloudError};
use albedo::model::action::{AcmAction, Action, AwsAction, ElbAction, Sign};
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::index::Seen;
use albedo::model::moment::Moment;
use albedo::world::SharedWorld;

use super::naming::Naming;
use super::stage::{Pid, Stage};
use super::{acm, attack, nowhere, served, strangers};
use crate::support::clock::elapsed;
use crate::support::cluster::FakeCluster;
use crate::support::fake::State;

/// How long it usually takes at most until a change is heard of, planned for and sent.
const HEARD_MAX: Duration = Duration::from_secs(30);

/// What has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// What lacks our mark is not touched.
    Stranger,
    /// Nothing is sent outside of a tenure.
    Tenure,
    /// Two tenures never write at once.
    TwoTenures,
    /// Nothing is taken away before the cluster was seen as it was after the tenure began.
    Sight,
    /// After the last fault all comes to rest.
    Rest,
    /// A look at everything after that finds nothing to do.
    Wake,
    /// Nor does a process that knows nothing.
    Restart,
    /// At rest AWS is as a fresh start on the same cluster would make it.
    Fresh,
    /// What is kept is bounded by what stands.
    Memory,
    /// When nobody wants anything, nothing of ours is left.
    Leak,
    /// Nothing is deleted while something of ours points at it.
    Dangling,
    /// What is served before and after a change is served in between.
    Served,
    /// Where traffic leads there is a healthy target, if there was one and its pod still is there.
    Healthy,
    /// A host and path that reaches a healthy target goes on doing so.
    Reached,
    /// A name never leads to a load balancer that does not stand, and stays with whoever asks for
    /// it.
    Names,
    /// A member's fault changes nothing of its siblings.
    Neighbours,
    /// Listeners have certificates that are issued, and none is asked for in vain or too often.
    Certificates,
    /// What a process has done and heard of it does not do again.
    Again,
    /// Nobody takes what is another's.
    Attack,
    /// What an operator gets wrong at a start takes nothing away.
    Mistake,
}

/// For how long a path stays with what it reached before (`plan::switch`).
const PATIENCE: Duration = Duration::from_mins(5);

/// How long a plan takes at the most to get from rules to others, if nothing holds it up.
const PASSING_MAX: Duration = Duration::from_secs(1);

/// What was not as it has to be.
#[derive(Clone, Debug)]
pub struct Violation {
    pub invariant: Invariant,
    /// The operation after which it was so.
    pub operation: String,
    pub text: String,
    pub at: Duration,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invariant, operation, text, at } = self;
        write!(f, "{invariant:?}, {} s, after {operation}: {text}", at.as_secs_f64())
    }
}

/// Somebody who asks for a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asking {
    pub member: ObjectKey,
    pub group: String,
    pub host: String,
    /// What it says of its names.
    pub naming: Naming,
}

/// The one who looks at every write. Clones are the same.
#[derive(Clone)]
pub struct Judge {
    stage: Stage,
    cluster: FakeCluster,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// What each process knows.
    worlds: BTreeMap<Pid, SharedWorld>,
    /// When the tenure of each process began, also as its own clock has it.
    tenures: BTreeMap<Pid, (Duration, Moment)>,
    /// Up to when each process has seen all of the cluster, as its own clock has it.
    seen: BTreeMap<Pid, Moment>,
    /// Those who cannot know what stands: a reply was lost in their tenure, or another hand was
    /// there.
    unsure: BTreeSet<Pid>,
    /// The names that members have asked for in the same group since the last rest.
    asked: BTreeSet<Asking>,
    /// Those that members ask for now.
    asking: BTreeSet<Asking>,
    /// What has been served at each look since the last rest: how often each host and path was not.
    looks: usize,
    gaps: BTreeMap<String, (usize, String, String)>,
    first: BTreeSet<String>,
    /// Whether only a member has been broken since the last rest.
    is_still: bool,
    /// When something about the endpoints of each Service changed last.
    changed: BTreeMap<ObjectKey, Duration>,
    /// Since when each path has waited for the target groups that are to get its requests.
    waiting: BTreeMap<(String, AwsId), Duration>,
    /// Since when each path has reached healthy targets.
    reaching: BTreeMap<String, Duration>,
    /// What ACM was asked for last.
    requests: acm::Asked,
    /// Load balancers that another hand has taken away, by name.
    destroyed: BTreeSet<String>,
    /// Whether there are tenants that attack.
    is_attacked: bool,
}

impl Judge {
    pub fn new(stage: Stage, cluster: FakeCluster) -> Self {
        Self { stage, cluster, inner: Arc::default() }
    }

    /// A process that may write.
    pub fn know(&self, pid: Pid, world: SharedWorld) {
        self.inner.lock().unwrap().worlds.insert(pid, world);
    }

    pub fn forget(&self, pid: Pid) {
        let mut inner = self.inner.lock().unwrap();
        inner.worlds.remove(&pid);
        inner.tenures.remove(&pid);
        inner.seen.remove(&pid);
    }

    /// A process has seen all of the cluster as it was then or later.
    pub fn sees(&self, pid: Pid, moment: Moment) {
        self.inner.lock().unwrap().seen.insert(pid, moment);
    }

    /// The tenure of a process begins.
    pub fn leads(&self, pid: Pid, since: Moment) {
        let mut inner = self.inner.lock().unwrap();
        inner.tenures.insert(pid, (elapsed(), since));
        inner.unsure.remove(&pid);
    }

    /// A reply to a process has been lost.
    pub fn doubts(&self, pid: Pid) {
        self.inner.lock().unwrap().unsure.insert(pid);
    }

    /// Who asks for which names from now on.
    pub fn asks(&self, asking: BTreeSet<Asking>) {
        let mut inner = self.inner.lock().unwrap();
        inner.asked.retain(|one| asking.contains(one));
        inner.asking = asking;
    }

    /// Something about the endpoints of a Service changes.
    pub fn changes(&self, seen: &Seen) {
        let service = match seen {
            // Slices are called as their Services are.
            Seen::Service(key, _) | Seen::Slice(key, _) => key.clone(),
            Seen::Binding(key, Some(binding)) => {
                ObjectKey::new(key.namespace.clone(), binding.spec.service_ref.name.clone())
            }
            // So are nodes, which lie in no namespace.
            Seen::Node(name, _) => ObjectKey::new("", name.clone()),
            _ => return,
        };
        self.inner.lock().unwrap().changed.insert(service, elapsed());
    }

    /// Whether a process has heard of the last change of a Service, and acted on it.
    fn is_old(&self, pid: Pid, service: &ObjectKey) -> bool {
        let inner = self.inner.lock().unwrap();
        inner.changed.get(service).is_none_or(|changed| elapsed() > *changed + HEARD_MAX)
            && self.stage.has_heard_for(pid, HEARD_MAX)
    }

    /// Whether a Service is as it was when the tenure of a process began: it takes nothing away
    /// before it knows it so.
    fn is_as_it_was(&self, pid: Pid, service: &ObjectKey) -> bool {
        let inner = self.inner.lock().unwrap();
        let changed = inner.changed.get(service).copied().unwrap_or_default();
        inner.tenures.get(&pid).is_some_and(|(began, _)| changed < *began)
    }

    /// Tenants attack from now on, or do so no more.
    pub fn attacked(&self, is_attacked: bool) {
        self.inner.lock().unwrap().is_attacked = is_attacked;
    }

    /// From now on nothing may be written.
    pub fn be_still(&self, is_still: bool) {
        self.inner.lock().unwrap().is_still = is_still;
    }

    /// A write of ours has been done, or AWS has refused it.
    pub fn aws_write(
        &self,
        pid: Pid,
        action: &AwsAction,
        before: &State,
        (after, answer): (&State, &Result<Answer, CloudError>),
    ) {
        let (_, operation) = action.operation();
        if self.stage.may_others(pid) {
            let text = format!("{operation} of p{pid} arrives in another's tenure");
            self.stage.object(Invariant::TwoTenures, operation, text);
        }
        if self.inner.lock().unwrap().is_still {
            let text = format!("{operation} though only a member was broken");
            self.stage.object(Invariant::Neighbours, operation, text);
        }
        if answer.is_err() {
            return;
        }
        let is_renewal = matches!(action, AwsAction::Acm(AcmAction::ReimportCertificate { .. }));
        let counted = if is_renewal { "ReimportCertificate" } else { operation };
        self.stage.trace.count(format!("{counted}!"));
        self.sight(pid, action);
        self.strangers(operation, before, after);
        self.gains(operation, before, after);
        self.dangling(action, before);
        // Whose names are, and where they lead, is in these alone.
        if before.zones != after.zones || before.load_balancers != after.load_balancers {
            self.names(operation, before, after);
            self.holders(operation, before, after);
        }
        self.again(pid, operation, before, after);
        self.healthy(pid, action, before, after);
        self.certificates(pid, action, before, after);
        self.wait(after);
        self.reach(after);
        self.look(operation, after);
    }

    /// Whether whoever takes something away has seen the cluster as it was in this tenure.
    fn sight(&self, pid: Pid, action: &AwsAction) {
        if Action::Aws(action.clone()).sign() != Sign::Remove {
            return;
        }
        let inner = self.inner.lock().unwrap();
        let began = inner.tenures.get(&pid).map(|(_, since)| since);
        let seen = inner.seen.get(&pid);
        if began.is_some_and(|began| seen.is_none_or(|seen| seen < began)) {
            let text = format!("p{pid} has not seen the cluster since it leads");
            self.stage.object(Invariant::Sight, action.operation().1, text);
        }
    }

    fn strangers(&self, operation: &str, before: &State, after: &State) {
        for text in strangers::touched(served::US, before, after) {
            self.stage.object(Invariant::Stranger, operation, text);
        }
    }

    /// What attackers have got hold of by a write.
    fn gains(&self, operation: &str, before: &State, after: &State) {
        if !self.inner.lock().unwrap().is_attacked {
            return;
        }
        let old = attack::gains(before);
        for text in attack::gains(after).into_iter().filter(|text| !old.contains(text)) {
            self.stage.object(Invariant::Attack, operation, text);
        }
    }

    /// What goes, and what still leads to it.
    fn dangling(&self, action: &AwsAction, before: &State) {
        let (_, operation) = action.operation();
        let pointing = match action {
            AwsAction::Elb(ElbAction::DeleteLoadBalancer { id }) => served::names_of(before, id),
            _ => Vec::new(),
        };
        for text in pointing {
            self.stage.object(Invariant::Dangling, operation, text);
        }
    }

    fn names(&self, operation: &str, before: &State, after: &State) {
        let (old, new) = (served::lost_names(before), served::lost_names(after));
        let destroyed = self.inner.lock().unwrap().destroyed.clone();
        for name in new.difference(&old) {
            if destroyed.iter().any(|gone| name.contains(gone)) {
                continue;
            }
            self.stage.object(Invariant::Names, operation, name.clone());
        }
    }

    /// Whose names go to somebody else, though they have been asked for all the time.
    fn holders(&self, operation: &str, before: &State, after: &State) {
        let (old, new) = (served::holders(before), served::holders(after));
        let inner = self.inner.lock().unwrap();
        for (key, holder) in &old {
            let Some(other) = new.get(key).filter(|other| *other != holder) else { continue };
            let (host, set) = (&key.0, key.1.as_deref().unwrap_or_default());
            let is_asked =
                |one: &Asking| one.member == *holder && one.host == *host && one.naming.set == set;
            if inner.asked.iter().any(is_asked) {
                let text = format!("{host} goes from {holder}, who asks for it, to {other}");
                self.stage.object(Invariant::Names, operation, text);
            }
        }
    }

    /// What a write has changed that a process makes who knows what stands.
    fn again(&self, pid: Pid, operation: &str, before: &State, after: &State) {
        if before == after && !self.inner.lock().unwrap().unsure.contains(&pid) {
            let text = format!("p{pid} has heard of all that it did, and changes nothing");
            self.stage.object(Invariant::Again, operation, text);
        }
    }

    /// What has lost its last healthy target, though its pod is well as far as the process knows,
    /// or has to know before it takes anything away.
    fn healthy(&self, pid: Pid, action: &AwsAction, before: &State, after: &State) {
        let (_, operation) = action.operation();
        let sign = Action::Aws(action.clone()).sign();
        let world = self.inner.lock().unwrap().worlds.get(&pid).cloned();
        let Some(world) = world else { return };
        let lost = [
            (Invariant::Healthy, served::without_health(before, after)),
            (Invariant::Reached, served::out_of_reach(before, after)),
        ];
        for (invariant, lost) in lost {
            for (what, targets) in lost {
                let is_free = self.is_passing(&what) || Self::is_let_go(&world, &what, after);
                let is_excused =
                    invariant == Invariant::Reached && is_free || self.has_waited(&what);
                if is_excused || self.is_led_nowhere(pid, &world, &what, after) {
                    continue;
                }
                let still = {
                    let (world, objects) = (world.lock(), self.cluster.objects.read().unwrap());
                    let is_old = |service: &ObjectKey| self.is_old(pid, service);
                    let is_as_it_was = |service: &ObjectKey| {
                        sign == Sign::Remove && self.is_as_it_was(pid, service)
                    };
                    let is_ready = |member: &served::Member| {
                        served::is_ready(&world.objects, member, is_old)
                            || served::is_ready(&objects, member, is_as_it_was)
                    };
                    targets.into_iter().find(is_ready)
                };
                if let Some((_, target)) = still {
                    let text = format!("{what} has lost {target}, which is ready");
                    self.stage.object(invariant, operation, text);
                }
            }
        }
    }

    /// Whether nobody asks for a path any more, as far as a process knows, and no member that has
    /// turned bad has had it.
    fn is_let_go(world: &SharedWorld, path: &str, after: &State) -> bool {
        let world = world.lock();
        let held = world.balancers.values().flat_map(|state| state.stored.memory.held.values());
        let mut rules = held.flat_map(|part| &part.rules);
        nowhere::is_nobodys(path, after, &world.objects)
            && !rules.any(|rule| {
                path.split_once(' ').is_some_and(|(_, path)| served::is_for(rule, path))
            })
    }

    /// Whether a path is answered as somebody asks for who leads it to a Service that does not
    /// exist, or did not a moment ago.
    fn is_led_nowhere(&self, pid: Pid, world: &SharedWorld, path: &str, after: &State) -> bool {
        let (world, objects) = (world.lock(), self.cluster.objects.read().unwrap());
        nowhere::is_asked_for(path, after, &world.objects, |service| {
            let is_there = objects.services.contains_key(service) && self.is_old(pid, service);
            !is_there && !world.objects.services.contains_key(service)
        })
    }

    /// What listeners have, and what ACM is asked for.
    fn certificates(&self, pid: Pid, action: &AwsAction, before: &State, after: &State) {
        let (_, operation) = action.operation();
        let (old, new) = (acm::unissued(before), acm::unissued(after));
        let too_often = {
            let mut inner = self.inner.lock().unwrap();
            let is_unsure = inner.unsure.contains(&pid);
            acm::asks(&mut inner.requests, pid, action).filter(|_| !is_unsure)
        };
        for text in new.difference(&old).cloned().chain(too_often) {
            self.stage.object(Invariant::Certificates, operation, text);
        }
    }

    /// Whether a path has waited as long as anybody does for what is to get its requests.
    fn has_waited(&self, path: &str) -> bool {
        let inner = self.inner.lock().unwrap();
        let since = inner.waiting.iter().filter(|((what, _), _)| what == path);
        since.map(|(_, since)| *since).any(|since| elapsed() >= since + PATIENCE)
    }

    /// Takes note of what waits for its first requests.
    fn wait(&self, state: &State) {
        let mut inner = self.inner.lock().unwrap();
        let known = std::mem::take(&mut inner.waiting);
        let all = served::attached(state).into_iter();
        let since = all.map(|key| (known.get(&key).copied().unwrap_or_else(elapsed), key));
        inner.waiting = since.map(|(since, key)| (key, since)).collect();
    }

    /// Takes note of what reaches healthy targets.
    fn reach(&self, state: &State) {
        let mut inner = self.inner.lock().unwrap();
        let known = std::mem::take(&mut inner.reaching);
        let all = served::reaching(state).into_iter();
        let since = all.map(|what| (known.get(&what).copied().unwrap_or_else(elapsed), what));
        inner.reaching = since.map(|(since, what)| (what, since)).collect();
    }

    /// Whether a path has only just begun to reach anything: on the way of a plan from rules to
    /// others nobody relies on what lies between.
    fn is_passing(&self, what: &str) -> bool {
        let inner = self.inner.lock().unwrap();
        inner.reaching.get(what).is_some_and(|since| elapsed() < *since + PASSING_MAX)
    }

    /// Takes note of what is served. A name whose host no rule is for for a moment may go: whoever
    /// still asks for it is kept out.
    fn look(&self, operation: &str, state: &State) {
        let now = served::all(state);
        let mut inner = self.inner.lock().unwrap();
        let Inner { first, gaps, looks, .. } = &mut *inner;
        *looks += 1;
        for path in first.extract_if(.., |path| served::is_useless_name(state, path)) {
            gaps.remove(&path);
        }
        // A rule for more of the same host answers it, too.
        let is_alike = |own: &str, path: &str| own.split('/').next() == path.split('/').next();
        let covers = |own: &str, path: &str| is_alike(own, path) && served::covers(own, path);
        let is_served = |path: &String| now.iter().any(|own| covers(own, path));
        for path in first.iter().filter(|path| !is_served(path)) {
            let at = format!("at {:?}", elapsed());
            gaps.entry(path.clone()).or_insert((*looks, operation.to_owned(), at));
        }
    }

    /// Another hand has been in AWS: what was served until now is not ours to answer for, nor where
    /// names lead that led to what it took away.
    pub fn pardon(&self, before: &State, after: &State) {
        let names = |state: &State| -> BTreeSet<String> {
            state.load_balancers.values().map(|found| found.spec.name.clone()).collect()
        };
        let mut inner = self.inner.lock().unwrap();
        inner.destroyed.extend(names(before).difference(&names(after)).cloned());
        inner.first.clear();
        inner.gaps.clear();
        let all: Vec<Pid> = inner.worlds.keys().copied().collect();
        inner.unsure.extend(all);
    }

    /// Everything is at rest: what is served now and was served at the last rest, and wished for
    /// all the time, has to have been served in between.
    pub fn rest(&self, state: &State, always: &BTreeSet<String>) {
        let now = served::all(state);
        let gaps = {
            let mut inner = self.inner.lock().unwrap();
            inner.looks = 0;
            inner.first.clone_from(&now);
            let Inner { asked, asking, .. } = &mut *inner;
            asked.clone_from(asking);
            std::mem::take(&mut inner.gaps)
        };
        for (path, (_, operation, at)) in gaps {
            if now.contains(&path) && always.contains(&path) {
                let text = format!("{path} was not served {at}");
                self.stage.object(Invariant::Served, &operation, text);
            }
        }
    }
}
