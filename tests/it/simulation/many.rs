//! Many seeds, as many at once as there are processors.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::run::{Report, run};
use super::trace::Writing;

/// How often it is told how far they are.
const TELLING: Duration = Duration::from_secs(10);

/// What came of many runs.
#[derive(Default)]
pub struct Tally {
    pub runs: u64,
    /// How often each thing happened.
    pub counts: BTreeMap<String, usize>,
    /// The seeds that fail.
    pub failed: Vec<u64>,
    next: u64,
    told: Duration,
}

impl Tally {
    fn add(&mut self, seed: u64, report: &Report) {
        self.runs += 1;
        for (what, count) in &report.counts {
            *self.counts.entry(what.clone()).or_default() += count;
        }
        for violation in &report.violations {
            println!("seed {seed}: {violation}");
        }
        if !report.violations.is_empty() {
            self.failed.push(seed);
            self.failed.sort_unstable();
        }
    }

    /// Says now and then how far they are.
    fn tell(&mut self, since: Duration) {
        if since < self.told + TELLING {
            return;
        }
        self.told = since;
        let (runs, failed) = (self.runs, self.failed.len());
        let pace = f64::from(u32::try_from(runs).unwrap()) / since.as_secs_f64();
        println!("{runs} seeds in {} s, {pace:.1} a second, {failed} fail", since.as_secs());
    }
}

/// How many failures are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enough {
    One,
    All,
}

/// Runs seeds; where one failure is enough, no others after it.
#[expect(clippy::disallowed_methods, reason = "how far they are is told in real time")]
pub fn run_all(seeds: Range<u64>, enough: Enough) -> Tally {
    let tally = Mutex::new(Tally { next: seeds.start, ..Tally::default() });
    let (count, start) =
        (std::thread::available_parallelism().map_or(1, usize::from), Instant::now());
    let next = || {
        let mut tally = tally.lock().unwrap();
        let seed = tally.next;
        let is_over = seed >= seeds.end || (enough == Enough::One && !tally.failed.is_empty());
        tally.next += 1;
        (!is_over).then_some(seed)
    };
    std::thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| {
                while let Some(seed) = next() {
                    let report = run(seed, Writing::Nothing);
                    let mut tally = tally.lock().unwrap();
                    tally.add(seed, &report);
                    tally.tell(start.elapsed());
                }
            });
        }
    });
    tally.into_inner().unwrap()
}
