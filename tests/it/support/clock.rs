//! Time that passes only when nothing else can happen: whoever sleeps is woken at once, in order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use albedo::clock::Clock;
use albedo::model::moment::Moment;
use jiff::Timestamp;
use tokio::task::JoinHandle;

/// While the certificates of the fixtures hold: 2030.
pub const BEGINNING: i64 = 1_893_456_000;
/// Whoever sleeps longer than that sleeps for ever.
const FOR_EVER: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);
/// Longer than any test takes: what waits by then waits for nothing.
const LIFE_MAX: Duration = Duration::from_secs(2 * 365 * 24 * 60 * 60);
/// How often the time is asked for at most while it stands: whoever asks more often goes round in
/// circles.
const ASKED_MAX: usize = 1_000_000;

thread_local! {
    /// Each test has a thread of its own, and a time of its own.
    static TIMERS: RefCell<Timers> = RefCell::default();
}

#[derive(Default)]
struct Timers {
    now: Duration,
    asleep: BTreeMap<(Duration, u64), Waker>,
    number: u64,
    asked: usize,
}

/// The time since this thread began.
pub fn elapsed() -> Duration {
    TIMERS.with_borrow(|timers| timers.now)
}

/// Lets time pass until the first sleeper's time has come, and wakes all whose has.
fn pass() {
    let wakers = TIMERS.with_borrow_mut(|timers| {
        assert!(timers.asked < ASKED_MAX, "somebody goes round in circles, at {:?}", timers.now);
        timers.asked = 0;
        let Some(((moment, _), _)) = timers.asleep.first_key_value() else { return Vec::new() };
        timers.now = timers.now.max(*moment);
        assert!(timers.now < LIFE_MAX, "a test waits for what never happens");
        let later = timers.asleep.split_off(&(timers.now, u64::MAX));
        std::mem::replace(&mut timers.asleep, later).into_values().collect()
    });
    wakers.into_iter().for_each(Waker::wake);
}

/// Runs in virtual time.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // A thread that is about to park has nothing to do but to wait for the time.
    builder.on_thread_park(pass).build().unwrap().block_on(future)
}

/// The time on the wall.
pub fn now() -> Timestamp {
    Timestamp::from_second(BEGINNING).unwrap().checked_add(elapsed()).unwrap()
}

/// The clock of one process.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    began: Duration,
}

impl VirtualClock {
    /// A clock whose moments count from now.
    pub fn new() -> Self {
        Self { began: elapsed() }
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn moment(&self) -> Moment {
        let asked = TIMERS.with_borrow_mut(|timers| {
            timers.asked += 1;
            timers.asked
        });
        // A visit that panics is made later, so time passes, and that ends the test.
        assert!(asked != ASKED_MAX, "somebody goes round in circles");
        Moment::after_start(elapsed().saturating_sub(self.began))
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send {
        let until = elapsed().saturating_add(duration);
        Sleep { until: (duration < FOR_EVER).then_some(until), number: None }
    }

    #[expect(clippy::disallowed_methods, reason = "this is a clock")]
    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        tokio::spawn(task)
    }
}

struct Sleep {
    /// `None`: for ever.
    until: Option<Duration>,
    /// Which sleeper this is, once it sleeps.
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.until else { return Poll::Pending };
        TIMERS.with_borrow_mut(|timers| {
            if timers.now >= until {
                return Poll::Ready(());
            }
            let number = *self.number.get_or_insert_with(|| {
                timers.number += 1;
                timers.number
            });
            timers.asleep.insert((until, number), context.waker().clone());
            Poll::Pending
        })
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(until), Some(number)) = (self.until, self.number) {
            // A thread that ends has no timers any more.
            let _ = TIMERS.try_with(|timers| timers.borrow_mut().asleep.remove(&(until, number)));
        }
    }
}
