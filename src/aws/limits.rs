//! How fast calls go out: token buckets by service and operation, as LBC's `--aws-api-throttle`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use regex::Regex;

use super::tally::Tally;
use crate::clock::Clock;
use crate::model::moment::Moment;

/// The services as this program names them in operations, and as AWS's SDKs call them.
const SERVICES: [(&str, &str); 7] = [
    ("elbv2", "Elastic Load Balancing v2"),
    ("ec2", "EC2"),
    ("acm", "ACM"),
    ("route53", "Route 53"),
    ("wafv2", "WAFV2"),
    ("shield", "Shield"),
    ("tagging", "Resource Groups Tagging API"),
];

/// LBC's defaults, which are the rates of AWS's own documentation.
const DEFAULTS: &str = "\
Elastic Load Balancing v2:^RegisterTargets|^DeregisterTargets=4:20,\
Elastic Load Balancing v2:^Describe.*=50:200,\
Elastic Load Balancing v2:^Modify.*=3:20,\
WAFV2:^AssociateWebACL|^DisassociateWebACL=0.5:1,\
WAFV2:^GetWebACLForResource=1:1";

/// What endpoints come and go by.
const OF_ENDPOINTS: [&str; 2] = ["RegisterTargets", "DeregisterTargets"];
/// Some of the operations that are not endpoints'. A limit that holds for one of these as well is
/// shared with other work.
const OF_OTHERS: [&str; 4] = ["DescribeRules", "CreateRule", "ModifyRule", "DeleteRule"];
/// How much of a limit that endpoints share with other work is theirs alone: enough that they never
/// wait for what a start-up or a thousand changed rules have lined up, and little enough that those
/// hardly miss it.
const SHARE_OF_ENDPOINTS: f64 = 0.2;

/// How often some operations of a service may be called.
#[derive(Clone, Debug)]
struct Limit {
    /// The service, as AWS's SDKs call it: `Elastic Load Balancing v2`, `EC2`, `Route 53`.
    service: String,
    operation: Regex,
    /// Calls a second, for ever.
    rate: f64,
    /// Calls at once.
    burst: f64,
}

/// How often operations may be called. Those that nothing is said about, as often as AWS likes.
#[derive(Clone, Debug)]
pub struct Limits(Vec<Limit>);

impl Limits {
    /// No limits at all.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// The same, with so much time between two batches of changes of records. Whatever else is
    /// said of them holds as well.
    #[must_use]
    pub fn with_batches_apart(mut self, interval: Duration) -> Self {
        let operation = Regex::new("^ChangeResourceRecordSets$").ok();
        if let Some(operation) = operation.filter(|_| !interval.is_zero()) {
            let (service, rate) = ("Route 53".to_owned(), 1.0 / interval.as_secs_f64());
            self.0.push(Limit { service, operation, rate, burst: 1.0 });
        }
        self
    }
}

/// Why a text means no limits.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is no SERVICE:OPERATIONS=RATE:BURST such as {}", "EC2:^Describe.*=20:100")]
pub struct NoLimit {
    found: String,
}

impl FromStr for Limits {
    type Err = NoLimit;

    /// Reads limits as LBC writes them. Whoever names a service replaces all of its defaults.
    fn from_str(text: &str) -> Result<Self, NoLimit> {
        let given = parts(text)?;
        let named: BTreeSet<&String> = given.iter().map(|limit| &limit.service).collect();
        let mut all = parts(DEFAULTS)?;
        all.retain(|limit| !named.contains(&limit.service));
        all.extend(given.clone());
        Ok(Self(all))
    }
}

fn parts(text: &str) -> Result<Vec<Limit>, NoLimit> {
    let each = text.split(',').filter(|part| !part.trim().is_empty());
    each.map(|part| one(part).ok_or_else(|| NoLimit { found: part.to_owned() })).collect()
}

fn one(part: &str) -> Option<Limit> {
    let (service, rest) = part.split_once(':')?;
    let (operation, pace) = rest.rsplit_once('=')?;
    let (rate, burst) = pace.split_once(':')?;
    let rate: f64 = rate.trim().parse().ok().filter(|rate| *rate > 0.0)?;
    let burst: u32 = burst.trim().parse().ok().filter(|burst| *burst > 0)?;
    let operation = Regex::new(operation).ok()?;
    Some(Limit { service: service.trim().to_owned(), operation, rate, burst: burst.into() })
}

impl Limit {
    fn holds_for(&self, operations: &[&str]) -> bool {
        operations.iter().any(|operation| self.operation.is_match(operation))
    }
}

/// The calls that may go out at once under one limit, and those that wait for their turn.
#[derive(Debug)]
struct Bucket {
    limit: Limit,
    /// What everybody may take.
    common: Mutex<Tokens>,
    /// What only endpoints may take, where they share the limit with other work.
    reserved: Option<Mutex<Tokens>>,
}

/// A part of a limit.
#[derive(Debug)]
struct Tokens {
    /// How many come back in a second.
    rate: f64,
    /// How many there are at the most.
    burst: f64,
    /// How many are left; less than none: so many wait.
    left: f64,
    /// When that was counted.
    at: Option<Moment>,
}

impl Tokens {
    fn share(limit: &Limit, share: f64) -> Mutex<Self> {
        let (rate, burst) = (limit.rate * share, limit.burst * share);
        Mutex::new(Self { rate, burst, left: burst, at: None })
    }

    /// Counts what is left. Says how long who takes one now waits for it.
    fn pause(&mut self, now: Moment) -> Duration {
        let since = self.at.unwrap_or(now);
        let filled = self.left + now.since(since).as_secs_f64() * self.rate;
        (self.left, self.at) = (filled.min(self.burst), Some(now.max(since)));
        Duration::try_from_secs_f64((1.0 - self.left) / self.rate).unwrap_or_default()
    }
}

impl Bucket {
    fn new(limit: &Limit) -> Self {
        let is_shared = limit.holds_for(&OF_ENDPOINTS) && limit.holds_for(&OF_OTHERS);
        let reserved = if is_shared { SHARE_OF_ENDPOINTS } else { 0.0 };
        Self {
            limit: limit.clone(),
            common: Tokens::share(limit, 1.0 - reserved),
            reserved: is_shared.then(|| Tokens::share(limit, reserved)),
        }
    }

    /// Takes a turn, and says how long it is until then. Endpoints take whichever comes first.
    fn take(&self, operation: &str, now: Moment) -> Duration {
        let lock = |tokens| Mutex::lock(tokens).unwrap_or_else(PoisonError::into_inner);
        let mut common = lock(&self.common);
        let pause = common.pause(now);
        let reserved = self.reserved.as_ref().filter(|_| OF_ENDPOINTS.contains(&operation));
        if let Some(mut reserved) = reserved.map(lock) {
            let sooner = reserved.pause(now);
            if sooner < pause {
                reserved.left -= 1.0;
                return sooner;
            }
        }
        common.left -= 1.0;
        pause
    }
}

/// The turns of all calls. Clones share them.
#[derive(Clone)]
pub struct Turns(Arc<Inner>);

struct Inner {
    buckets: Vec<Bucket>,
    now: Box<dyn Fn() -> Moment + Send + Sync>,
    sleep: Box<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>,
    tally: Tally,
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.buckets.iter().map(|bucket| &bucket.limit)).finish()
    }
}

impl Turns {
    /// Nobody has called anything yet. `tally` is told how long calls wait.
    #[must_use]
    pub fn new<T: Clock>(limits: &Limits, clock: &T, tally: &Tally) -> Self {
        let (watch, alarm) = (clock.clone(), clock.clone());
        Self(Arc::new(Inner {
            buckets: limits.0.iter().map(Bucket::new).collect(),
            now: Box::new(move || watch.moment()),
            sleep: Box::new(move |pause| {
                let alarm = alarm.clone();
                Box::pin(async move { alarm.sleep(pause).await })
            }),
            tally: tally.clone(),
        }))
    }

    /// Waits until an operation may be called, as in `elbv2.CreateRule`.
    pub async fn wait(&self, operation: &str) {
        let pause = self.take(operation, (self.0.now)());
        if !pause.is_zero() {
            let (service, name) = parts_of(operation);
            self.0.tally.waited(service, name, pause);
            (self.0.sleep)(pause).await;
        }
    }

    /// Lets some time pass in which nothing is called.
    pub(super) async fn pause(&self, pause: Duration) {
        (self.0.sleep)(pause).await;
    }

    /// Takes a turn without waiting for it: whoever comes later waits longer. The service is named
    /// as in AWS's SDKs.
    pub(super) fn take_at_once(&self, service: &str, operation: &str) {
        self.take_of(service, operation, (self.0.now)());
    }

    fn take(&self, operation: &str, now: Moment) -> Duration {
        let (service, operation) = parts_of(operation);
        self.take_of(service, operation, now)
    }

    fn take_of(&self, service: &str, operation: &str, now: Moment) -> Duration {
        let concerned = self.0.buckets.iter().filter(|bucket| {
            bucket.limit.service == service && bucket.limit.operation.is_match(operation)
        });
        concerned.map(|bucket| bucket.take(operation, now)).max().unwrap_or_default()
    }
}

/// The service, as AWS's SDKs call it, and the operation of `elbv2.CreateRule`.
fn parts_of(operation: &str) -> (&str, &str) {
    let (short, operation) = operation.split_once('.').unwrap_or_default();
    let long = SERVICES.iter().find(|(known, _)| *known == short);
    (long.map_or(short, |(_, long)| long), operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(text: &str) -> Turns {
        let limits = text.parse().expect("it means limits");
        Turns::new(&limits, &crate::clock::SystemClock::new(), &Tally::default())
    }

    fn at(second: u64) -> Moment {
        Moment::after_start(Duration::from_secs(second))
    }

    /// How many of some calls at this second need not wait.
    fn at_once(turns: &Turns, operation: &str, second: u64) -> usize {
        let operation = format!("elbv2.{operation}");
        (0..1000).take_while(|_| turns.take(&operation, at(second)).is_zero()).count()
    }

    #[test]
    fn a_burst_goes_at_once_and_then_as_many_a_second_as_is_said() {
        let turns = turns("");
        assert_eq!(at_once(&turns, "RegisterTargets", 100), 20);
        // One took its turn in advance.
        assert_eq!(at_once(&turns, "DeregisterTargets", 101), 3);
        assert_eq!(at_once(&turns, "ModifyRule", 101), 20);
        assert_eq!(at_once(&turns, "DescribeRules", 101), 200);
        assert_eq!(at_once(&turns, "CreateRule", 101), 1000);
        // However long nobody calls, no more than the burst.
        assert_eq!(at_once(&turns, "RegisterTargets", 9_999), 20);
    }

    #[test]
    fn who_comes_later_waits_longer() {
        let turns = turns("");
        let take = || turns.take("elbv2.RegisterTargets", at(100));
        let waits = (0..24).map(|_| take().as_millis());
        let waits: Vec<u128> = waits.collect();
        assert_eq!(waits[19..], [0, 250, 500, 750, 1000]);
    }

    #[test]
    fn endpoints_never_wait_for_what_other_work_has_lined_up() {
        let turns = turns("Elastic Load Balancing v2:.*=5:10");
        let take = |operation: &str, second| turns.take(&format!("elbv2.{operation}"), at(second));
        assert_eq!(at_once(&turns, "CreateRule", 100), 8, "the rest is not theirs");
        (0..1000).for_each(|_| _ = take("CreateRule", 100));
        assert_eq!(take("RegisterTargets", 100), Duration::ZERO);
        assert_eq!(take("DeregisterTargets", 100), Duration::ZERO);
        assert_eq!(take("RegisterTargets", 100), Duration::from_secs(1));
        assert_eq!(take("RegisterTargets", 101), Duration::from_secs(1));
        assert!(take("ModifyRule", 101) > Duration::from_secs(200), "others wait in their line");
        // Where nobody else does anything, all of it is theirs.
        assert_eq!(at_once(&turns, "RegisterTargets", 9_999), 10);
    }

    #[test]
    fn who_names_a_service_replaces_its_defaults_alone() {
        let elb = turns("Elastic Load Balancing v2:^Create.*=1:2");
        assert_eq!(at_once(&elb, "CreateRule", 100), 2);
        assert_eq!(at_once(&elb, "RegisterTargets", 100), 1000);
        let ec2 = turns("EC2:^Describe.*=1:2,WAFV2:x=0.5:1");
        assert_eq!(at_once(&ec2, "RegisterTargets", 100), 20);
    }

    #[test]
    fn batches_lie_apart_whatever_else_is_said_of_them() {
        let limits: Limits = "Route 53:.*=5:5".parse().expect("it means limits");
        let limits = limits.with_batches_apart(Duration::from_secs(4));
        let turns = Turns::new(&limits, &crate::clock::SystemClock::new(), &Tally::default());
        let wait = |operation: &str| turns.take(&format!("route53.{operation}"), at(100)).as_secs();
        let batches = [0; 3].map(|_| wait("ChangeResourceRecordSets"));
        assert_eq!(batches, [0, 4, 8]);
        assert_eq!(wait("ListResourceRecordSets"), 0, "reads wait for no batch");
    }

    #[test]
    fn what_means_no_limit_is_refused() {
        for text in ["EC2", "EC2:x", "EC2:x=1", "EC2:x=0:1", "EC2:x=1:0", "EC2:(=1:1", "a:b=c:d"] {
            assert!(text.parse::<Limits>().is_err(), "{text}");
        }
    }
}
