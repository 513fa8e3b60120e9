//! Which visits wait, in four lanes; one worker a subject; and how long a troubled one waits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::model::moment::Moment;
use crate::model::outcome::Trouble;
use crate::model::subject::{Lane, Subject, SubjectKind};
use crate::report::Rest;

/// The first pause after trouble.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause after trouble; a person who has mended something waits no longer.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// The longest pause after throttling, which is nobody's mistake.
const PAUSE_THROTTLED_MAX: Duration = Duration::from_secs(30);

/// A visit that waits for a worker.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    lane: Lane,
    /// Its place in the lane: the lowest comes first.
    ticket: u64,
    since: Moment,
}

#[derive(Debug, Default)]
struct State {
    lanes: BTreeMap<Lane, BTreeMap<u64, Subject>>,
    waiting: BTreeMap<Subject, Waiting>,
    /// The subjects being visited, with the lane that each came from.
    running: BTreeMap<Subject, Lane>,
    /// The subjects being visited that were asked for again meanwhile.
    again: BTreeMap<Subject, Lane>,
    /// How troubled subjects are.
    troubled: BTreeMap<Subject, ExponentialBackoff>,
    /// When subjects are visited again that nobody asks for: one deadline each.
    deadlines: BTreeMap<Subject, (Moment, Lane)>,
    by_deadline: BTreeSet<(Moment, Subject)>,
    tickets: u64,
}

struct Inner<T> {
    clock: T,
    state: Mutex<State>,
    /// Wakes a worker of each lane.
    news: BTreeMap<Lane, Notify>,
}

/// The visits that wait. Clones are the same queue.
pub struct Queue<T>(Arc<Inner<T>>);

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.state.fmt(f)
    }
}

/// Which lanes a worker serves, the first one first.
pub type Lanes = &'static [Lane];

impl<T: Clock> Queue<T> {
    /// Nothing waits.
    #[must_use]
    pub fn new(clock: T) -> Self {
        let news = Lane::ALL.map(|lane| (lane, Notify::new())).into();
        Self(Arc::new(Inner { clock, state: Mutex::default(), news }))
    }

    /// Asks for a visit. One that waits already in a slower lane moves up; one that waits for its
    /// deadline need not wait any longer.
    pub fn push(&self, subject: Subject, lane: Lane) {
        let now = self.0.clock.moment();
        let is_new = self.lock().push(subject, lane, now);
        if is_new {
            self.wake(lane);
        }
    }

    fn wake(&self, lane: Lane) {
        if let Some(news) = self.0.news.get(&lane) {
            news.notify_one();
        }
    }

    /// Waits for a visit of one of these lanes, the earlier ones first. Says which lane it came
    /// from.
    pub async fn next(&self, lanes: Lanes) -> (Subject, Lane) {
        loop {
            let news = lanes.iter().filter_map(|lane| self.0.news.get(lane));
            let mut news: Vec<_> = news.map(|news| Box::pin(news.notified())).collect();
            for notified in &mut news {
                // From here on no wake-up is missed.
                notified.as_mut().enable();
            }
            let now = self.0.clock.moment();
            let (taken, due, deadline) = {
                let mut state = self.lock();
                let due = state.due(now);
                (state.take(lanes), due, state.by_deadline.first().map(|(moment, _)| *moment))
            };
            for lane in due {
                self.wake(lane);
            }
            if let Some(taken) = taken {
                return taken;
            }
            let woken = futures::future::select_all(news);
            match deadline {
                None => drop(woken.await),
                Some(deadline) => tokio::select! {
                    biased;
                    _ = woken => {}
                    () = self.0.clock.sleep_until(deadline) => {}
                },
            }
        }
    }

    /// Says how a visit left its subject. A troubled one is visited again after a pause that grows,
    /// in the lane that it came from.
    pub fn done(&self, subject: &Subject, rest: Rest) {
        let now = self.0.clock.moment();
        let lane = self.lock().done(subject, rest, now);
        if let Some(lane) = lane {
            self.wake(lane);
        }
    }

    /// How many visits wait in a lane, and for how long the oldest has.
    #[must_use]
    pub fn waiting(&self, lane: Lane) -> (usize, Duration) {
        let now = self.0.clock.moment();
        let state = self.lock();
        let lane = state.lanes.get(&lane);
        let first = lane.and_then(|lane| lane.values().next());
        let since = first.and_then(|first| state.waiting.get(first)).map(|first| first.since);
        (lane.map_or(0, BTreeMap::len), since.map_or(Duration::ZERO, |since| now.since(since)))
    }

    /// Whether nothing waits for a worker and nothing runs. What waits for its deadline is idle.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && state.running.is_empty()
    }

    /// Whether nothing runs.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.lock().running.is_empty()
    }

    /// The visits that nobody asks for yet, each with when it is due; the next one comes first.
    #[must_use]
    pub fn deadlines(&self) -> Vec<(Moment, Subject)> {
        self.lock().by_deadline.iter().cloned().collect()
    }

    /// The first of the visits that nobody asks for yet, among those to the subjects that count.
    #[must_use]
    pub fn next_deadline(&self, counts: impl Fn(&Subject) -> bool) -> Option<(Moment, Subject)> {
        self.lock().by_deadline.iter().find(|(_, subject)| counts(subject)).cloned()
    }

    /// Whether the last visit to a subject went wrong.
    #[must_use]
    pub fn is_troubled(&self, subject: &Subject) -> bool {
        self.lock().troubled.contains_key(subject)
    }

    /// How many subjects something is kept of; to be held against how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let state = self.lock();
        let kept = state.waiting.keys().chain(state.running.keys()).chain(state.deadlines.keys());
        kept.chain(state.troubled.keys()).collect::<BTreeSet<_>>().len()
    }

    /// Whether nothing waits, not even for its deadline, and nothing runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what waits: this process no longer writes.
    pub fn clear(&self) {
        let mut state = self.lock();
        let running = std::mem::take(&mut state.running);
        *state = State { running, tickets: state.tickets, ..State::default() };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere has not broken it.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Says whether a worker has to hear of it.
    fn push(&mut self, subject: Subject, lane: Lane, now: Moment) -> bool {
        if self.running.contains_key(&subject) {
            let asked = self.again.entry(subject).or_insert(lane);
            *asked = lane.min(*asked);
            return false;
        }
        self.undo_deadline(&subject);
        let since = match self.waiting.get(&subject) {
            Some(waiting) if waiting.lane <= lane => return false,
            Some(waiting) => {
                let Waiting { lane, ticket, since } = *waiting;
                self.lanes.entry(lane).or_default().remove(&ticket);
                since
            }
            None => now,
        };
        let ticket = self.tickets;
        self.tickets += 1;
        self.waiting.insert(subject.clone(), Waiting { lane, ticket, since });
        self.lanes.entry(lane).or_default().insert(ticket, subject);
        true
    }

    fn take(&mut self, lanes: Lanes) -> Option<(Subject, Lane)> {
        let found = lanes.iter().find_map(|lane| {
            let (_, subject) = self.lanes.get_mut(lane)?.pop_first()?;
            Some((*lane, subject))
        });
        let (lane, subject) = found?;
        self.waiting.remove(&subject);
        self.running.insert(subject.clone(), lane);
        Some((subject, lane))
    }

    /// Lets those whose deadline has come wait for a worker. Answers with their lanes.
    fn due(&mut self, now: Moment) -> BTreeSet<Lane> {
        let mut lanes = BTreeSet::new();
        while let Some((moment, subject)) = self.by_deadline.first().cloned() {
            if moment > now {
                break;
            }
            self.by_deadline.pop_first();
            if let Some((_, lane)) = self.deadlines.remove(&subject)
                && self.push(subject, lane, now)
            {
                lanes.insert(lane);
            }
        }
        lanes
    }

    /// Answers with a lane of which a worker has to hear: that the subject waits in it again, or
    /// that its deadline is the next one.
    fn done(&mut self, subject: &Subject, rest: Rest, now: Moment) -> Option<Lane> {
        let lane = self.running.remove(subject).unwrap_or(Lane::Background);
        if !matches!(rest, Rest::Again(_)) {
            self.troubled.remove(subject);
        }
        let pause = match rest {
            Rest::Done => None,
            // What was found out at a start-up about targets is as urgent as any other endpoint.
            Rest::Later(pause) if subject.kind() == SubjectKind::Targets => {
                Some((pause, Lane::Targets))
            }
            Rest::Later(pause) => Some((pause, lane)),
            Rest::Again(trouble) => Some((self.pause(subject, trouble), lane)),
        };
        if let Some(asked) = self.again.remove(subject) {
            return self.push(subject.clone(), asked, now).then_some(asked);
        }
        let (pause, lane) = pause?;
        let moment = now.plus(pause);
        self.deadlines.insert(subject.clone(), (moment, lane));
        self.by_deadline.insert((moment, subject.clone()));
        self.by_deadline.first().is_some_and(|(_, first)| first == subject).then_some(lane)
    }

    fn undo_deadline(&mut self, subject: &Subject) {
        if let Some((moment, _)) = self.deadlines.remove(subject) {
            self.by_deadline.remove(&(moment, subject.clone()));
        }
    }

    fn pause(&mut self, subject: &Subject, trouble: Trouble) -> Duration {
        let longest = match trouble {
            Trouble::Throttled => PAUSE_THROTTLED_MAX,
            Trouble::Transient | Trouble::InUse | Trouble::Stale | Trouble::Refused => PAUSE_MAX,
        };
        let backoff = self.troubled.entry(subject.clone()).or_insert_with(|| ExponentialBackoff {
            initial_interval: PAUSE_MIN,
            current_interval: PAUSE_MIN,
            max_interval: PAUSE_MAX,
            max_elapsed_time: None,
            // Subjects fail at moments of their own, so nobody has to be kept apart by chance, and
            // the same history gives the same pauses.
            randomization_factor: 0.0,
            ..ExponentialBackoff::default()
        });
        backoff.next_backoff().unwrap_or(PAUSE_MAX).min(longest)
    }
}
