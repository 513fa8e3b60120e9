//! An AWS that takes its time and refuses what comes too fast, in virtual time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::aws::{Answer, Cloud, CloudError, Kind, Limits, Part, Reading, Tally, Turns};
use albedo::clock::Clock as _;
use albedo::model::action::AwsAction;
use albedo::model::role::Role;

use super::clock::{VirtualClock, elapsed};
use super::fake::Fake;

/// How long AWS takes for an answer, about.
const LATENCY: Duration = Duration::from_millis(30);

/// A token bucket of AWS's: what it holds for, how many calls at once, how many a second.
struct Limit {
    start: &'static str,
    burst: f64,
    rate: f64,
}

/// AWS's buckets of writes for load balancers; of two that fit the first one counts (LBC's own pace
/// and AWS's page on throttling). Reads go out no faster than LBC's pace, which is AWS's.
const LIMITS: [Limit; 4] = [
    Limit { start: "elbv2.RegisterTargets", burst: 20.0, rate: 4.0 },
    Limit { start: "elbv2.DeregisterTargets", burst: 20.0, rate: 4.0 },
    Limit { start: "elbv2.Modify", burst: 20.0, rate: 3.0 },
    Limit { start: "elbv2.", burst: 40.0, rate: 10.0 },
];

/// How fast calls may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buckets {
    /// As fast as anybody likes.
    Off,
    /// As fast as AWS and LBC's defaults let them.
    Aws,
}

/// A write, or the try of one.
#[derive(Clone, Debug)]
pub struct Write {
    /// When its answer came, since the thread began.
    pub at: Duration,
    /// What was asked for.
    pub action: AwsAction,
    /// Whether it was refused because it came too fast.
    pub is_throttled: bool,
}

/// An AWS that takes its time. Clones are the same.
#[derive(Clone)]
pub struct Paced {
    inner: Fake,
    clock: VirtualClock,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    buckets: Buckets,
    /// What buckets hold, and when that was.
    held: BTreeMap<&'static str, (f64, Duration)>,
    writes: Vec<Write>,
}

impl Paced {
    /// In front of an AWS, without buckets.
    pub fn new(inner: Fake) -> Self {
        let shared = Shared { buckets: Buckets::Off, held: BTreeMap::new(), writes: Vec::new() };
        Self { inner, clock: VirtualClock::new(), shared: Arc::new(Mutex::new(shared)) }
    }

    /// From now on, with buckets that are full.
    pub fn hold(&self, buckets: Buckets) {
        let limits = match buckets {
            Buckets::Off => Limits::none(),
            Buckets::Aws => "".parse().expect("LBC's defaults"),
        };
        self.inner.pace_by(Turns::new(&limits, &self.clock, &Tally::default()));
        let mut shared = self.shared.lock().unwrap();
        shared.buckets = buckets;
        shared.held.clear();
    }

    /// The writes since somebody asked.
    pub fn writes(&self) -> Vec<Write> {
        std::mem::take(&mut self.shared.lock().unwrap().writes)
    }
}

impl Shared {
    /// Whether there is a token for a call.
    fn has_token(&mut self, operation: &str) -> bool {
        let limit = LIMITS.iter().find(|limit| operation.starts_with(limit.start));
        let Some(limit) = limit.filter(|_| self.buckets == Buckets::Aws) else { return true };
        let now = elapsed();
        let (held, since) = self.held.entry(limit.start).or_insert((limit.burst, now));
        *held = (*held + now.saturating_sub(*since).as_secs_f64() * limit.rate).min(limit.burst);
        *since = now;
        let has = *held >= 1.0;
        *held -= if has { 1.0 } else { 0.0 };
        has
    }
}

#[deny(clippy::missing_trait_methods)]
impl Cloud for Paced {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        self.clock.sleep(LATENCY).await;
        self.inner.read(part).await
    }

    async fn turn(&self, action: &AwsAction) {
        self.inner.turn(action).await;
    }

    fn assume(&self, _role: &Role, _session: &str) -> Option<Self> {
        None
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        self.clock.sleep(LATENCY).await;
        let (service, operation) = action.operation();
        let operation = format!("{service}.{operation}");
        let mut shared = self.shared.lock().unwrap();
        let is_throttled = !shared.has_token(&operation);
        let (at, action) = (elapsed(), action.clone());
        let answer = if is_throttled {
            Err(CloudError {
                kind: Kind::Throttled,
                operation,
                code: "Throttling".to_owned(),
                message: "Rate exceeded".to_owned(),
            })
        } else {
            self.inner.change(|state| state.perform_in_place(&action))
        };
        shared.writes.push(Write { at, action, is_throttled });
        answer
    }
}
