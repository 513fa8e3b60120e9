//! The mirror's state: what is believed, which reads are under way, and which ones failed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use futures::future::{BoxFuture, Shared, WeakShared};

use super::answer::Answer;
use super::belief::{Belief, Look, Stamp};
use super::effect;
use super::error::{CloudError, Kind};
use super::part::{Belonging, Ec2Part, ElbPart, Part};
use super::shelf::{Mark, Marked};
use crate::model::action::AwsAction;
use crate::model::id::AwsId;
use crate::model::moment::Moment;

#[cfg(test)]
mod tests;

/// How long a failed read of what many visits need is not tried again, at least: a service that
/// answers at once costs little more than the call.
const PAUSE_MIN: Duration = Duration::from_secs(2);
/// How long at most. The pause doubles with each failure.
const PAUSE_MAX: Duration = Duration::from_secs(120);
/// How many times as long as it took a read to fail it is not tried again, at least: whoever waits
/// for a service that hangs does so for a third of the time at most.
const PAUSE_FACTOR: u32 = 2;

/// How often the VPC is read anew because AWS refuses subnets.
const SUSPICION_PAUSE: Duration = Duration::from_secs(30);

/// For how long AWS may not know everywhere yet what was just made: EC2 promises consistency in the
/// end, ELB does not say, and clients see up to a minute.
const LATE_MAX: Duration = Duration::from_secs(60);

/// How many groups are read ahead of the visits to them. At a start all of them are visited, in
/// about their order but few at once, and tags are read for several load balancers together.
const READ_AHEAD: usize = 16;

/// How a read ended, for those who wait for it.
pub(super) type Outcome = Result<(), CloudError>;
/// A read that many wait for.
pub(super) type SharedRead = Shared<BoxFuture<'static, Outcome>>;

/// What the mirror knows. Pure: whoever changes it says what time it is.
#[derive(Default)]
pub(super) struct State {
    pub(super) belief: Belief,
    /// The reads under way that somebody wants, by the part they read.
    flights: BTreeMap<Part, Flight>,
    /// The number of the last thing that was begun, written or put in doubt.
    count: u64,
    /// The numbers of all reads under way, those included that nobody wants any more.
    under_way: BTreeSet<u64>,
    /// The writes since the oldest read under way began.
    journal: VecDeque<Written>,
    /// The parts that could not be read when somebody last tried.
    failures: BTreeMap<Part, Failure>,
    /// The parts that are told although somebody asked for a newer look, because that fails.
    stale: BTreeSet<Part>,
    /// The lists that hold what AWS does not know, until they are read anew.
    disproved: BTreeSet<Part>,
    /// What was made a short while ago, and when; the oldest first.
    made: VecDeque<(Moment, AwsId)>,
}

/// A write that was done, and what AWS answered.
struct Written {
    number: u64,
    parts: Vec<Part>,
    action: AwsAction,
    answer: Answer,
    at: Stamp,
}

struct Flight {
    look: Look,
    /// Weak: when all who wait for a read go away, it is given up.
    outcome: WeakShared<BoxFuture<'static, Outcome>>,
}

/// A read that failed.
struct Failure {
    error: CloudError,
    /// The moment from which on it may be tried again.
    until: Moment,
    pause: Duration,
}

impl State {
    /// The number of something that begins now.
    pub(super) fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    /// The read of a part that is under way, and when it began.
    pub(super) fn under_way(&self, part: &Part) -> Option<(SharedRead, Moment)> {
        let flight = self.flights.get(part)?;
        Some((flight.outcome.upgrade()?, flight.look.at))
    }

    /// Takes note of a read that begins. Answers with its number.
    pub(super) fn begin(&mut self) -> u64 {
        let number = self.next();
        self.under_way.insert(number);
        number
    }

    /// Lets others wait for a read.
    pub(super) fn share(&mut self, part: &Part, number: u64, at: Moment, read: &SharedRead) {
        if let Some(outcome) = read.downgrade() {
            let look = Look { number, at, ..Look::default() };
            self.flights.insert(part.clone(), Flight { look, outcome });
        }
    }

    /// Takes note that a read has come to an end of any kind.
    pub(super) fn end(&mut self, part: &Part, number: u64) {
        self.take(part, number);
        self.under_way.remove(&number);
        // What the oldest read under way has seen, all others have.
        let oldest = self.under_way.first().copied().unwrap_or(u64::MAX);
        while self.journal.front().is_some_and(|written| written.number < oldest) {
            self.journal.pop_front();
        }
    }

    /// The look of a read that somebody wants; from now on nobody can wait for it any more.
    fn take(&mut self, part: &Part, number: u64) -> Option<Look> {
        self.flights.get(part).filter(|flight| flight.look.number == number)?;
        self.flights.remove(part).map(|flight| flight.look)
    }

    /// Believes what a read found, and what was written since it began.
    pub(super) fn land(&mut self, part: &Part, number: u64, mut found: Belief) {
        // Somebody else may have written since it began, and nobody waits for it.
        let Some(look) = self.take(part, number) else { return };
        let unseen = self.journal.iter().filter(|written| written.number > number);
        for written in unseen.filter(|written| written.parts.contains(part)) {
            effect::apply(&mut found, &written.action, &written.answer, written.at);
        }
        self.belief.adopt(part, found, look);
        self.failures.remove(part);
        self.disproved.remove(part);
        if self.stale.remove(part) {
            tracing::info!(?part, "read anew");
        }
    }

    /// Takes note that a read failed.
    pub(super) fn fail(
        &mut self,
        part: &Part,
        number: u64,
        error: CloudError,
        now: Moment,
    ) -> Outcome {
        let Some(look) = self.take(part, number) else { return Err(error) };
        if error.kind == Kind::NotFound
            && let Belonging::OwnOf(disproved) = part.about().belonging
        {
            self.doubt(&disproved);
            self.disproved.insert(*disproved);
            return Ok(());
        }
        if part.is_shared() {
            let before = self.failures.get(part).map_or(Duration::ZERO, |failure| failure.pause);
            let pause = (before * 2).max(now.since(look.at) * PAUSE_FACTOR);
            let pause = pause.clamp(PAUSE_MIN, PAUSE_MAX);
            let failure = Failure { error: error.clone(), until: now.plus(pause), pause };
            self.failures.insert(part.clone(), failure);
        }
        Err(error)
    }

    /// Why a part cannot be read just now, where somebody tried a short while ago.
    pub(super) fn failure(&self, part: &Part, now: Moment) -> Option<&CloudError> {
        let failure = self.failures.get(part)?;
        (now < failure.until).then_some(&failure.error)
    }

    /// Whether any of these is a list that holds what AWS does not know.
    pub(super) fn is_disproved(&self, parts: &BTreeSet<Part>) -> bool {
        !self.disproved.is_disjoint(parts)
    }

    /// Takes note that a part is told although it is older than somebody asked for.
    pub(super) fn tell_stale(&mut self, part: &Part) {
        if self.stale.insert(part.clone()) {
            let error = self.failures.get(part).map(|failure| failure.error.to_string());
            let error = error.unwrap_or_else(|| "no answer yet".to_owned());
            tracing::warn!(?part, error, "cannot be read anew; what was read before still counts");
        }
    }

    /// How many parts are told although they are older than somebody asked for.
    pub(super) fn stale(&self) -> usize {
        self.stale.len()
    }

    /// Believes that a write was done; the reads under way may not have seen it.
    pub(super) fn believe(&mut self, action: &AwsAction, answer: Answer, at: Stamp) {
        if action.makes().is_some()
            && let Some(id) = answer.id()
        {
            self.made.push_back((at.moment, id.clone()));
        }
        effect::apply(&mut self.belief, action, &answer, at);
        if !self.under_way.is_empty() {
            let (number, parts) = (self.next(), effect::touched(action));
            let action = action.clone();
            self.journal.push_back(Written { number, parts, action, answer, at });
        }
    }

    /// Stops believing a part. What a read of it that is under way finds is told to those who
    /// waited for it already, and to nobody who comes later.
    pub(super) fn doubt(&mut self, part: &Part) {
        self.belief.forget(part);
        if let Part::Route53(part) = part {
            let number = self.next();
            self.belief.route53.doubt(part, number);
        }
        if let Some(flight) = self.flights.get_mut(part) {
            flight.look.is_doubted = true;
        }
    }

    /// Forgets what was made longer ago than AWS takes to know it everywhere.
    pub(super) fn forget_made(&mut self, now: Moment) {
        while self.made.front().is_some_and(|(made, _)| now.since(*made) >= LATE_MAX) {
            self.made.pop_front();
        }
    }

    /// Whether AWS refused a write because it does not know yet what was just made. That tells
    /// nothing: a list may not show it yet either.
    pub(super) fn is_too_early(&self, action: &AwsAction, code: &str, now: Moment) -> bool {
        let is_new = |id: &AwsId| {
            self.made.iter().any(|(made, new)| new == id && now.since(*made) < LATE_MAX)
        };
        let mut found = false;
        action.clone().visit_ids(&mut |id| {
            found |= id.given().is_some_and(|id| effect::is_missed(code, id) && is_new(id));
        });
        found
    }

    /// Takes note that AWS refused a write because of what a part is believed to be. Our own things
    /// are looked for at once. A subnet is nobody's of ours, AWS says the same of one that is full,
    /// and a thousand groups may name it.
    pub(super) fn suspect(&mut self, part: &Part, now: Moment) {
        if *part == Part::Ec2(Ec2Part::Vpc) {
            self.want(part, now, SUSPICION_PAUSE);
        } else {
            self.doubt(part);
        }
    }

    /// Stops believing the tags of what a write may or may not have tagged.
    pub(super) fn doubt_tags(&mut self, action: &AwsAction) {
        let Some(id) = effect::retagged(action) else { return };
        // Those of listeners and rules are read with them, known or not.
        if self.belief.tags.contains(id) {
            self.belief.doubtful_tags.insert(id.clone());
        }
    }

    /// Wants a fresh look at a part, unless one began a short while ago.
    pub(super) fn want(&mut self, part: &Part, now: Moment, at_most_every: Duration) {
        let is_old = |look: &Look| now.since(look.at) >= at_most_every;
        if let Some(flight) = self.flights.get_mut(part) {
            flight.look.is_outdated |= is_old(&flight.look);
        }
        if self.belief.holds(part) {
            let look = self.belief.looks.entry(part.clone()).or_default();
            look.is_outdated |= is_old(look);
        }
    }

    /// Stops believing anything that a controller writes.
    pub(super) fn forget(&mut self) {
        self.belief.forget_all();
        self.flights.clear();
        self.failures.clear();
        self.stale.clear();
        self.disproved.clear();
    }

    /// The load balancers of the groups that come next after one's, whose listeners nobody has read
    /// or was about to. Each is told once: whoever needs it then reads it himself.
    pub(super) fn read_ahead(&mut self, load_balancer: &AwsId) -> Vec<Part> {
        let Some(tags) = self.belief.tags.get(load_balancer) else { return Vec::new() };
        let mark = tags.marks().into_iter().find(|mark| matches!(mark, Mark::Group(..)));
        let Some(mark) = mark else { return Vec::new() };
        let stand = self.belief.elb.load_balancers.value();
        let next = self.belief.tags.after(&mark).take(READ_AHEAD).flatten();
        let next = next.filter(|id| stand.is_some_and(|stand| stand.contains(id)));
        let part = |id: &AwsId| Part::Elb(ElbPart::Listeners(id.clone()));
        let unread = next.filter(|id| {
            !self.belief.holds(&part(id))
                && !self.flights.contains_key(&part(id))
                && !self.belief.elb.read_ahead.contains(*id)
        });
        let unread: Vec<AwsId> = unread.cloned().collect();
        let parts = unread.iter().map(part).collect();
        self.belief.elb.read_ahead.extend(unread);
        parts
    }

    /// How many things are kept in mind, but for what was made within the last minute; to be held
    /// against how many stand.
    pub(super) fn kept(&self) -> usize {
        let reads = self.flights.len() + self.under_way.len() + self.journal.len();
        self.belief.kept() + reads + self.failures.len() + self.stale.len()
    }

    /// How many writes, reads and failures are kept in mind.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize, usize) {
        (self.journal.len(), self.flights.len() + self.under_way.len(), self.failures.len())
    }
}
