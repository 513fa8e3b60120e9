//! What the benches on LocalStack and a real control plane share.

use std::time::Duration;

use futures::{Stream, StreamExt as _};
use serde_json::Value;

use crate::support::controller::Controller;
use crate::support::stage::Stage;

/// How many requests to the API server are under way at once.
const CONNECTIONS: usize = 8;
/// Nothing has happened for so long: nothing will.
pub const QUIET: Duration = Duration::from_secs(3);
/// How often something awaited is looked for.
const PAUSE: Duration = Duration::from_millis(50);
/// The kernel counts CPU time in hundredths of a second (Linux: `USER_HZ`).
const TICKS_A_SECOND: f64 = 100.0;

/// A call of the request log, as far as benches need it.
pub struct Logged {
    pub name: String,
    pub time: f64,
    pub is_write: bool,
}

/// All calls since somebody forgot them.
pub async fn log(stage: &Stage) -> Vec<Logged> {
    let entries = stage.account.ask("GET", "log", None).await;
    let entries = entries.as_array().expect("it is a list");
    let read = |entry: &Value| {
        let name = entry["operation"].as_str().expect("it has one").to_owned();
        let time = entry["time"].as_f64().expect("it has one");
        Logged { is_write: !is_read(&name), name, time }
    };
    entries.iter().map(read).collect()
}

fn is_read(operation: &str) -> bool {
    ["Describe", "List", "Get"].iter().any(|verb| operation.starts_with(verb))
}

/// How many calls there were of each operation, as `service.Operation`.
async fn summary(stage: &Stage) -> Vec<(String, u64)> {
    let summary = stage.account.ask("GET", "log?summary=1", None).await;
    let calls = summary.as_object().expect("it is one").iter();
    calls.map(|(name, of)| (name.clone(), of["calls"].as_u64().unwrap_or_default())).collect()
}

/// How many calls there were of this operation.
pub async fn counted(stage: &Stage, operation: &str) -> u64 {
    let calls = summary(stage).await;
    calls.iter().find(|(name, _)| name == operation).map_or(0, |(_, count)| *count)
}

/// How many reads and how many writes there were.
pub async fn totals(stage: &Stage) -> (u64, u64) {
    let (mut reads, mut writes) = (0, 0);
    for (name, count) in summary(stage).await {
        let operation = name.rsplit_once('.').map_or(name.as_str(), |(_, operation)| operation);
        if is_read(operation) {
            reads += count;
        } else {
            writes += count;
        }
    }
    (reads, writes)
}

/// Waits until a look is as it should be, however long that takes within reason.
pub async fn awaited<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> T {
    let end = now() + patience.as_secs_f64();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(now() < end, "it never came: {what}");
        albedo::clock::sleep(PAUSE).await;
    }
}

/// Waits until no call has come for a while.
pub async fn quiet(stage: &Stage, patience: Duration) {
    let all = async || summary(stage).await.iter().map(|(_, count)| count).sum();
    still(patience, all).await;
}

/// Waits until nothing has been written for a while: what nobody changed is read again and again,
/// for ever.
pub async fn settled(stage: &Stage, patience: Duration) {
    still(patience, async || totals(stage).await.1).await;
}

/// Waits until a count has been the same for a while.
async fn still(patience: Duration, count: impl AsyncFn() -> u64) {
    let mut last = (0, now());
    awaited("the controller comes to rest", patience, async || {
        let calls = count().await;
        if calls != last.0 {
            last = (calls, now());
        }
        (now() - last.1 > QUIET.as_secs_f64()).then_some(())
    })
    .await;
}

/// Seconds, as the request log has them.
#[expect(clippy::cast_precision_loss, reason = "a microsecond of this century fits")]
pub fn now() -> f64 {
    albedo::clock::now().as_microsecond() as f64 / 1e6
}

/// Applies objects, several at once and in no order.
pub async fn apply_all(stage: &Stage, objects: impl IntoIterator<Item = Value>) {
    apply_each(stage, futures::stream::iter(objects)).await;
}

/// Applies objects as they come, several at once.
pub async fn apply_each(stage: &Stage, objects: impl Stream<Item = Value>) {
    let applied = objects.for_each_concurrent(CONNECTIONS, async |object| {
        stage.apply(&[object]).await;
    });
    applied.await;
}

/// A line of what the kernel says of a controller's memory, in MiB: `VmRSS` now, `VmHWM` at most so
/// far.
pub fn memory(controller: &Controller, line: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", controller.pid()));
    let status = status.expect("it runs");
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kilobytes = found.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.expect("the kernel tells") / 1024.0
}

/// What a controller at rest has in memory, in MiB, once its allocator has given back what nobody
/// needs: jemalloc takes ten seconds for that (its `dirty_decay_ms`).
pub async fn memory_at_rest(controller: &Controller) -> f64 {
    albedo::clock::sleep(Duration::from_secs(12)).await;
    memory(controller, "VmRSS")
}

/// The CPU time that a controller has taken so far, in seconds.
pub fn cpu(controller: &Controller) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", controller.pid()));
    let stat = stat.expect("it runs");
    // The name of the program, in parentheses, comes before; user and system time are the 14th and
    // 15th field.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks = fields.skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / TICKS_A_SECOND
}
