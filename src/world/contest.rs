//! Somebody else who changes back what is written to a hosted zone.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::model::moment::Moment;
use crate::model::record::{RecordChange, Verb};

/// For how long nothing is written to a zone after what was written to it was changed back again. A
/// repaired name is looked at four times meanwhile, so who changes it back every hour is noticed.
const PAUSE: Duration = Duration::from_secs(60 * 60);
/// How often in a row a name is changed back before somebody is at work who will do so again. Once
/// may be a mistake by hand, which is mended.
const TIMES: u32 = 2;
/// For how long it is remembered that a name was changed back: who has done so twice and waits for
/// longer than a pause is noticed at once.
const MEMORY: Duration = Duration::from_secs(24 * 60 * 60);

/// What was written to a zone in this tenure, and what of it somebody has changed back. Of what was
/// written only prints are kept.
#[derive(Debug, Default)]
pub struct Contest {
    /// The last change to each record, by prints of both, and when it was made.
    written: BTreeMap<u64, (u64, Moment)>,
    /// How often a name was changed back, and when that was last found.
    undone: BTreeMap<String, (u32, Moment)>,
}

impl Contest {
    /// Takes note of changes that were made.
    pub fn wrote(&mut self, changes: &[RecordChange], now: Moment) {
        self.written.retain(|_, (_, at)| now.since(*at) < PAUSE);
        let made = outcome(changes).into_iter();
        self.written.extend(made.map(|(record, what)| (record, (what, now))));
    }

    /// Takes note of changes that are to be made now, by name: where one of them is the last that
    /// was made to its record, somebody has changed it back.
    pub fn look(&mut self, due: &BTreeMap<String, Vec<&RecordChange>>, now: Moment) {
        self.undone.retain(|_, (_, at)| now.since(*at) < MEMORY);
        for (name, changes) in due {
            let mut is_undone = false;
            for (record, what) in outcome(changes.iter().copied()) {
                // It counts once, until it is made again.
                let is_same = self.written.get(&record).is_some_and(|(last, _)| *last == what);
                if is_same {
                    self.written.remove(&record);
                }
                is_undone |= is_same;
            }
            if is_undone {
                let (times, at) = self.undone.entry(name.clone()).or_insert((0, now));
                (*times, *at) = (times.saturating_add(1), now);
            }
        }
    }

    /// The names that somebody changes back again and again, and for how long nothing is written
    /// yet; none where nobody has for a while.
    #[must_use]
    pub fn names(&self, now: Moment) -> (BTreeSet<String>, Duration) {
        let often = self.undone.iter().filter(|(_, (times, _))| *times >= TIMES);
        let lately = often.filter(|(_, (_, at))| now.since(*at) < PAUSE);
        let pause = lately.clone().map(|(_, (_, at))| PAUSE.saturating_sub(now.since(*at))).max();
        (lately.map(|(name, _)| name.clone()).collect(), pause.unwrap_or_default())
    }
}

/// What becomes of each record in a batch, by prints of both: one that goes and comes again is made
/// another.
fn outcome<'c>(changes: impl IntoIterator<Item = &'c RecordChange>) -> BTreeMap<u64, u64> {
    changes.into_iter().map(prints).collect()
}

/// Prints of which record a change is about, and of what becomes of it.
fn prints(change: &RecordChange) -> (u64, u64) {
    let print = |text: String| {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        hasher.finish()
    };
    let RecordChange { verb, record } = change;
    let stays = (*verb != Verb::Delete).then_some(record);
    (print(format!("{:?}", record.key)), print(format!("{stays:?}")))
}
