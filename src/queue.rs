//! Which visits wait, in three lanes; one worker a subject; and how long a troubled one waits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock;
use crate::model::outcome::Trouble;
use crate::model::subject::Subject;
use crate::report::Rest;

/// The first pause after trouble.
const PAUSE_MIN: Duration = Duration::from_millis(500);
/// The longest pause after trouble; a person who has mended something waits no longer.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// The longest pause after throttling, which is nobody's mistake.
const PAUSE_THROTTLED_MAX: Duration = Duration::from_secs(30);

/// How urgent a visit is. Each lane has workers of its own, so that endpoints never wait behind
/// load balancers and a person's change never waits behind a start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Endpoints came or went.
    Targets,
    /// Somebody changed something.
    User,
    /// Nobody changed anything: start-up, drift.
    Background,
}

impl Lane {
    /// As the log and metrics name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Targets => "targets",
            Self::User => "user",
            Self::Background => "background",
        }
    }
}

/// The visits that wait.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    lanes: BTreeMap<Lane, VecDeque<Subject>>,
    /// The lane that each waiting subject waits in.
    waiting: BTreeMap<Subject, Lane>,
    /// The subjects being visited.
    running: BTreeSet<Subject>,
    /// The subjects being visited that were asked for again meanwhile.
    again: BTreeMap<Subject, Lane>,
    /// How troubled subjects are.
    pauses: BTreeMap<Subject, ExponentialBackoff>,
    /// When subjects that wait for something are looked at again.
    looks: BTreeMap<Subject, Timestamp>,
}

impl Queue {
    /// Asks for a visit. One that waits already in a slower lane moves up.
    pub fn push(&self, subject: Subject, lane: Lane) {
        let mut state = self.lock();
        if state.running.contains(&subject) {
            let asked = state.again.entry(subject).or_insert(lane);
            *asked = lane.min(*asked);
            return;
        }
        match state.waiting.get(&subject) {
            Some(current) if *current <= lane => return,
            Some(current) => {
                let current = *current;
                state.lanes.entry(current).or_default().retain(|other| *other != subject);
            }
            None => {}
        }
        state.waiting.insert(subject.clone(), lane);
        state.lanes.entry(lane).or_default().push_back(subject);
        drop(state);
        self.inner.news.notify_waiters();
    }

    /// Waits for a visit of one of these lanes, the earlier ones first.
    pub async fn next(&self, lanes: &[Lane]) -> Subject {
        loop {
            let news = self.inner.news.notified();
            if let Some(subject) = self.take(lanes) {
                return subject;
            }
            news.await;
        }
    }

    fn take(&self, lanes: &[Lane]) -> Option<Subject> {
        let mut state = self.lock();
        let subject = lanes
            .iter()
            .find_map(|lane| state.lanes.get_mut(lane).and_then(VecDeque::pop_front))?;
        state.waiting.remove(&subject);
        state.running.insert(subject.clone());
        Some(subject)
    }

    /// Says how a visit left its subject. A troubled one is visited again after a pause that grows.
    pub fn done(&self, subject: &Subject, rest: Rest) {
        let mut state = self.lock();
        state.running.remove(subject);
        let again = state.again.remove(subject);
        if !matches!(rest, Rest::Again(_)) {
            state.pauses.remove(subject);
        }
        let pause = match rest {
            Rest::Done | Rest::Later(_) => None,
            Rest::Again(trouble) => Some(pause(&mut state, subject, trouble)),
        };
        if let Rest::Later(pause) = rest {
            self.look_after(&mut state, subject, pause);
        }
        drop(state);
        if let Some(lane) = again {
            self.push(subject.clone(), lane);
        } else if let Some(pause) = pause {
            self.push_after(subject.clone(), Lane::User, pause);
        }
    }

    /// Asks for a visit later.
    #[expect(clippy::disallowed_methods, reason = "this is one of the rooms that start tasks")]
    pub fn push_after(&self, subject: Subject, lane: Lane, pause: Duration) {
        let queue = self.clone();
        tokio::spawn(async move {
            clock::sleep(pause).await;
            queue.push(subject, lane);
        });
    }

    /// Asks for a look later, once: whoever looks before may ask again.
    #[expect(clippy::disallowed_methods, reason = "this is one of the rooms that start tasks")]
    fn look_after(&self, state: &mut State, subject: &Subject, pause: Duration) {
        let at = clock::now().saturating_add(pause).unwrap_or(Timestamp::MAX);
        if state.looks.get(subject).is_some_and(|look| *look <= at) {
            return;
        }
        state.looks.insert(subject.clone(), at);
        let (queue, subject) = (self.clone(), subject.clone());
        tokio::spawn(async move {
            clock::sleep(pause).await;
            let mut state = queue.lock();
            if state.looks.get(&subject) == Some(&at) {
                state.looks.remove(&subject);
                drop(state);
                queue.push(subject, Lane::User);
            }
        });
    }

    /// How many visits wait in a lane.
    #[must_use]
    pub fn len(&self, lane: Lane) -> usize {
        self.lock().lanes.get(&lane).map_or(0, VecDeque::len)
    }

    /// Whether nothing waits and nothing runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && state.running.is_empty()
    }

    /// Forgets what waits: this process no longer writes.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.lanes.clear();
        state.waiting.clear();
        state.again.clear();
        state.pauses.clear();
        state.looks.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere has not broken it.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pause(state: &mut State, subject: &Subject, trouble: Trouble) -> Duration {
    let longest = match trouble {
        Trouble::Throttled => PAUSE_THROTTLED_MAX,
        Trouble::Transient | Trouble::InUse | Trouble::Stale | Trouble::Refused => PAUSE_MAX,
    };
    let backoff = state.pauses.entry(subject.clone()).or_insert_with(|| ExponentialBackoff {
        initial_interval: PAUSE_MIN,
        current_interval: PAUSE_MIN,
        max_interval: PAUSE_MAX,
        max_elapsed_time: None,
        ..ExponentialBackoff::default()
    });
    backoff.next_backoff().unwrap_or(PAUSE_MAX).min(longest)
}
