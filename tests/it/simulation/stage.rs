//! What everything in a run shares: dice, weather, who may write, and what has gone wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::dice::Dice;
use super::judge::{Invariant, Violation};
use super::trace::Trace;
use crate::support::clock::elapsed;

/// A process, by its number: each start is a new one.
pub type Pid = usize;

/// How calls to one side fare, in so many of a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub struct Climate {
    /// They fail and do nothing.
    pub error: usize,
    /// They are refused because there were too many, and do nothing.
    pub throttle: usize,
    /// They do their work, and nobody hears of it.
    pub lost: usize,
    /// They take seconds.
    pub slow: usize,
    /// Their turn comes late.
    pub queue: usize,
}

/// What the weather is like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    pub aws: Climate,
    pub cluster: Climate,
    /// Watch events that come with a delay of seconds, in so many of a thousand.
    pub late: usize,
    /// Watches that are behind and have to list again, in so many of a thousand events.
    pub expired: usize,
    /// Lists that break off, in so many of a thousand pages.
    pub partial: usize,
    /// Parts of AWS of which every answer takes long to arrive, in so many of a thousand.
    pub stuck: usize,
}

/// How a call fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Fine,
    Error,
    Throttle,
    Lost,
}

impl Fate {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Error => "error",
            Self::Throttle => "throttle",
            Self::Lost => "lost reply",
        }
    }
}

/// Which side a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Aws,
    Cluster,
}

impl Side {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Cluster => "cluster",
        }
    }
}

/// Every fault that there is, as it is counted.
pub const FAULTS: [&str; 19] = [
    "aws error",
    "aws throttle",
    "aws lost reply",
    "aws slow",
    "aws late turn",
    "aws stuck part",
    "cluster error",
    "cluster throttle",
    "cluster lost reply",
    "cluster slow",
    "late event",
    "expired watch",
    "partial list",
    "api server away",
    "watches cut",
    "lease flap",
    "lease runs out",
    "kill",
    "restart",
];

/// How long a call usually takes, one way.
const USUAL: Duration = Duration::from_millis(40);
/// How long a slow one takes, one way: a write that was begun in a tenure is done within 5 s.
const SLOW: Duration = Duration::from_millis(2400);
/// How long an answer about a part may take that is stuck: as long as several tries of a client.
const STUCK: Duration = Duration::from_secs(16);
/// How long a turn may be waited for.
const QUEUE: Duration = Duration::from_secs(20);
/// How late an event of a watch usually comes, and in bad weather.
const EVENT_USUAL: Duration = Duration::from_millis(60);
const EVENT_LATE: Duration = Duration::from_secs(8);

/// Far more calls and events than any life takes that comes to an end.
const CALLS_MAX: usize = 200_000;

/// The stage. Clones are the same.
#[derive(Clone)]
pub struct Stage {
    pub trace: Trace,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    dice: Dice,
    weather: Weather,
    /// Which weather this is: the parts that are stuck in it are others than before.
    weathers: u64,
    /// Until when the API server is away.
    away_until: Duration,
    /// Until when the watches of each process hear nothing.
    cut_until: BTreeMap<Pid, Duration>,
    /// Until when each process may write, as far as the Lease says.
    tenures: BTreeMap<Pid, Duration>,
    /// How many calls and events there were, and how many are under way.
    begun: usize,
    under_way: usize,
    violations: Vec<Violation>,
}

/// Something under way, for as long as this lives.
pub struct UnderWay(Stage);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
    }
}

impl Stage {
    pub fn new(dice: Dice, trace: Trace) -> Self {
        let inner = Inner {
            dice,
            weather: Weather::default(),
            weathers: 0,
            cut_until: BTreeMap::new(),
            away_until: Duration::ZERO,
            tenures: BTreeMap::new(),
            begun: 0,
            under_way: 0,
            violations: Vec::new(),
        };
        Self { trace, inner: Arc::new(Mutex::new(inner)) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn with_dice<T>(&self, throw: impl FnOnce(&mut Dice) -> T) -> T {
        throw(&mut self.lock().dice)
    }

    pub fn set_weather(&self, weather: Weather) {
        let mut inner = self.lock();
        inner.weather = weather;
        inner.weathers += 1;
    }

    pub fn begin(&self) -> UnderWay {
        let mut inner = self.lock();
        inner.begun += 1;
        inner.under_way += 1;
        UnderWay(self.clone())
    }

    /// Whether no call and no event is under way.
    pub fn is_quiet(&self) -> bool {
        self.lock().under_way == 0
    }

    /// Whether so much has happened that it will go on for ever. No call comes back from then on.
    pub fn is_exhausted(&self) -> bool {
        self.lock().begun > CALLS_MAX
    }

    /// The API server is away for so long.
    pub fn be_away(&self, time: Duration) {
        self.lock().away_until = elapsed() + time;
    }

    /// For how long the API server will be away.
    pub fn away(&self) -> Duration {
        self.lock().away_until.saturating_sub(elapsed())
    }

    /// The watches of a process hear nothing for so long.
    pub fn cut(&self, pid: Pid, time: Duration) {
        self.lock().cut_until.insert(pid, elapsed() + time);
    }

    /// For how long the watches of a process will hear nothing.
    pub fn cut_for(&self, pid: Pid) -> Duration {
        let inner = self.lock();
        let until = inner.cut_until.get(&pid).copied().unwrap_or_default();
        until.max(inner.away_until).saturating_sub(elapsed())
    }

    /// Whether a process has been able to hear of the cluster for so long.
    pub fn has_heard_for(&self, pid: Pid, time: Duration) -> bool {
        let inner = self.lock();
        let until = inner.cut_until.get(&pid).copied().unwrap_or_default();
        elapsed() > until.max(inner.away_until) + time
    }

    /// How a call fares.
    pub fn fate(&self, side: Side) -> Fate {
        let fate = {
            let mut inner = self.lock();
            let climate = inner.climate(side);
            let throw = inner.dice.below(1000);
            let Climate { error, throttle, lost, .. } = climate;
            if throw < error {
                Fate::Error
            } else if throw < error + throttle {
                Fate::Throttle
            } else if throw < error + throttle + lost {
                Fate::Lost
            } else {
                Fate::Fine
            }
        };
        if fate != Fate::Fine {
            self.trace.count(format!("{} {}", side.as_str(), fate.as_str()));
        }
        fate
    }

    /// How long a call takes, one way.
    pub fn travel(&self, side: Side) -> Duration {
        let (time, is_slow) = {
            let mut inner = self.lock();
            if inner.begun > CALLS_MAX {
                return Duration::MAX;
            }
            let climate = inner.climate(side);
            let is_slow = inner.dice.falls(climate.slow);
            (inner.dice.time(if is_slow { SLOW } else { USUAL }), is_slow)
        };
        if is_slow {
            self.trace.count(format!("{} slow", side.as_str()));
        }
        time
    }

    /// How much longer an answer about a part of AWS takes because that part is stuck.
    pub fn stuck(&self, part: impl fmt::Debug) -> Duration {
        let time = {
            let mut inner = self.lock();
            let (odds, weather) = (inner.weather.stuck, inner.weathers);
            // The same part is stuck for as long as the weather lasts.
            let is_stuck = odds > 0 && {
                let text = format!("{part:?}").into_bytes().into_iter().map(u64::from);
                let seed =
                    text.fold(weather, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte));
                Dice::new(seed).falls(odds)
            };
            if is_stuck { inner.dice.time(STUCK) } else { Duration::ZERO }
        };
        if !time.is_zero() {
            self.trace.count("aws stuck part");
        }
        time
    }

    /// How long a call to AWS waits for its turn.
    pub fn turn(&self) -> Duration {
        let time = {
            let mut inner = self.lock();
            let queue = inner.weather.aws.queue;
            if inner.dice.falls(queue) { inner.dice.time(QUEUE) } else { Duration::ZERO }
        };
        if !time.is_zero() {
            self.trace.count("aws late turn");
        }
        time
    }

    /// How late an event of a watch comes.
    pub fn lateness(&self) -> Duration {
        let (time, is_late) = {
            let mut inner = self.lock();
            let late = inner.weather.late;
            let is_late = inner.dice.falls(late);
            (inner.dice.time(if is_late { EVENT_LATE } else { EVENT_USUAL }), is_late)
        };
        if is_late {
            self.trace.count("late event");
        }
        time
    }

    /// Whether a watch is too far behind.
    pub fn expires(&self) -> bool {
        self.happens("expired watch", |weather| weather.expired)
    }

    /// Whether a list breaks off.
    pub fn breaks(&self) -> bool {
        self.happens("partial list", |weather| weather.partial)
    }

    fn happens(&self, what: &str, odds: impl Fn(&Weather) -> usize) -> bool {
        let happens = {
            let mut inner = self.lock();
            let odds = odds(&inner.weather);
            inner.dice.falls(odds)
        };
        if happens {
            self.trace.count(what);
        }
        happens
    }

    /// A process may write until then, as time goes here.
    pub fn grant(&self, pid: Pid, until: Duration) {
        self.lock().tenures.insert(pid, until);
    }

    /// A process may no longer write.
    pub fn withdraw(&self, pid: Pid) {
        self.lock().tenures.remove(&pid);
    }

    /// Whether a process may write now.
    pub fn may_write(&self, pid: Pid) -> bool {
        self.lock().tenures.get(&pid).is_some_and(|until| elapsed() < *until)
    }

    /// Whether another process may write now.
    pub fn may_others(&self, pid: Pid) -> bool {
        let inner = self.lock();
        inner.tenures.iter().any(|(other, until)| *other != pid && elapsed() < *until)
    }

    /// Something is not as it has to be.
    pub fn object(&self, invariant: Invariant, operation: &str, text: String) {
        let at = elapsed();
        self.trace.line("judge", || format!("{invariant:?} after {operation}: {text}"));
        let operation = operation.to_owned();
        self.lock().violations.push(Violation { invariant, operation, text, at });
    }

    pub fn violations(&self) -> Vec<Violation> {
        self.lock().violations.clone()
    }
}

impl Inner {
    fn climate(&self, side: Side) -> Climate {
        match side {
            Side::Aws => self.weather.aws,
            Side::Cluster => self.weather.cluster,
        }
    }
}
