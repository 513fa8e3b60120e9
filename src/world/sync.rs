//! Whether Route 53's servers answer by what was written to a zone: it takes changes in at once,
//! and answers by them within about a minute.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::id::AwsId;
use crate::model::moment::Moment;
use crate::model::record::Spread;

/// How long after a batch it is asked for the first time whether the servers have it: most have
/// after half a minute. The pauses after that double.
const PAUSE: Duration = Duration::from_secs(15);
/// How long they get: a batch that is not there after minutes is some trouble of AWS's.
const PAUSE_MAX: Duration = Duration::from_secs(60 * 60);
/// How much time lies between two such calls for a zone: Route 53 takes five calls a second from an
/// account (AWS quota), which are for more.
const PACE: Duration = Duration::from_secs(1);

/// What there is to tell of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All servers answer by it.
    InSync,
    /// Not yet, or nobody could tell.
    Pending,
    /// Nobody is told.
    Never,
}

/// The batches of a zone in this tenure whose changes may not be everywhere yet, and the names
/// whose changes are.
#[derive(Debug, Default)]
pub struct Sync {
    /// Since when the zone is looked at: what stood then was written before.
    since: Option<Timestamp>,
    batches: BTreeMap<AwsId, Batch>,
    /// Since when what was written of a name is everywhere.
    names: BTreeMap<String, Timestamp>,
    /// The names of which nobody is told whether that is so.
    untold: BTreeSet<String>,
    /// The names that nobody has been told of yet who shows how groups are.
    news: BTreeSet<String>,
    /// When it may be asked again.
    free: Option<Moment>,
}

/// A batch that may not be everywhere yet.
#[derive(Debug)]
struct Batch {
    names: BTreeSet<String>,
    due: Moment,
    pause: Duration,
}

impl Sync {
    /// Takes note that a zone was looked at, and who is still asked for in it.
    pub fn looked(&mut self, is_asked_for: impl Fn(&str) -> bool, at: Timestamp) {
        self.since.get_or_insert(at);
        self.names.retain(|name, _| is_asked_for(name));
        self.untold.retain(|name| is_asked_for(name));
    }

    /// Takes note of a batch that changed some names. Earlier ones tell nothing of these any more.
    pub fn wrote(&mut self, change: &AwsId, names: BTreeSet<String>, now: Moment) {
        for batch in self.batches.values_mut() {
            batch.names.retain(|name| !names.contains(name));
        }
        self.batches.retain(|_, batch| !batch.names.is_empty());
        self.names.retain(|name, _| !names.contains(name));
        self.untold.retain(|name| !names.contains(name));
        let batch = Batch { names, due: now.plus(PAUSE), pause: PAUSE };
        self.batches.insert(change.clone(), batch);
    }

    /// The batch to be asked about now. Whatever comes of that, it is asked about later next time.
    pub fn ask(&mut self, now: Moment) -> Option<AwsId> {
        if self.free.is_some_and(|free| now < free) {
            return None;
        }
        let due = self.batches.iter_mut().filter(|(_, batch)| batch.due <= now);
        let (id, batch) = due.min_by_key(|(_, batch)| batch.due)?;
        batch.pause = (batch.pause * 2).min(PAUSE_MAX);
        batch.due = now.plus(batch.pause);
        self.free = Some(now.plus(PACE));
        Some(id.clone())
    }

    /// Takes note of what came of asking.
    pub fn told(&mut self, change: &AwsId, progress: Progress, at: Timestamp) {
        if progress == Progress::Pending {
            return;
        }
        let Some(batch) = self.batches.remove(change) else { return };
        self.news.extend(batch.names.iter().cloned());
        match progress {
            Progress::InSync => {
                self.names.extend(batch.names.into_iter().map(|name| (name, at)));
            }
            Progress::Pending | Progress::Never => self.untold.extend(batch.names),
        }
    }

    /// The names of which it has been told since this was last asked how far they have come.
    pub fn news(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.news)
    }

    /// How far what was written of a name has come.
    #[must_use]
    pub fn spread(&self, name: &str) -> Spread {
        if self.batches.values().any(|batch| batch.names.contains(name)) {
            Spread::OnItsWay
        } else if self.untold.contains(name) {
            Spread::Untold
        } else {
            Spread::Everywhere
        }
    }

    /// How long it is until there is something to ask.
    #[must_use]
    pub fn next(&self, now: Moment) -> Option<Duration> {
        let due = self.batches.values().map(|batch| batch.due).min()?;
        Some(due.max(self.free.unwrap_or(due)).since(now))
    }

    /// Since when all servers answer by what stands of a name, or has gone; `None` while some may
    /// not, or nobody is told. What stood at the first look counts from then on.
    #[must_use]
    pub fn since(&self, name: &str) -> Option<Timestamp> {
        if self.spread(name) != Spread::Everywhere {
            return None;
        }
        self.names.get(name).copied().or(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Moment {
        Moment::after_start(Duration::from_secs(second))
    }

    fn date(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(second)
    }

    fn names(all: &[&str]) -> BTreeSet<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_name_is_in_sync_once_its_last_batch_is() {
        let mut sync = Sync::default();
        let (one, two) = (AwsId::new("C1"), AwsId::new("C2"));
        assert_eq!(sync.since("a"), None, "nobody has looked");
        sync.looked(|_| true, date(10));
        assert_eq!(sync.since("a"), Some(date(10)));
        sync.wrote(&one, names(&["a", "b"]), at(100));
        sync.wrote(&two, names(&["b"]), at(101));
        assert_eq!((sync.since("a"), sync.since("b")), (None, None));
        sync.told(&one, Progress::InSync, date(130));
        assert_eq!((sync.since("a"), sync.since("b")), (Some(date(130)), None));
        sync.told(&two, Progress::Pending, date(131));
        assert_eq!(sync.since("b"), None);
        sync.told(&two, Progress::Never, date(132));
        assert_eq!(sync.since("b"), None, "whoever is not told does not know");
        sync.wrote(&one, names(&["a", "b"]), at(200));
        sync.told(&one, Progress::InSync, date(230));
        assert_eq!(sync.since("b"), Some(date(230)));
        sync.looked(|name| name == "a", date(240));
        assert_eq!(sync.since("b"), Some(date(10)), "nobody asks for it, and nothing is kept");
    }

    #[test]
    fn a_batch_is_asked_about_a_few_times_and_many_one_after_the_other() {
        let mut sync = Sync::default();
        let change = |number: u64| AwsId::new(format!("C{number}"));
        sync.wrote(&change(0), names(&["a"]), at(0));
        let mut asked = Vec::new();
        for second in 0..=3600 {
            asked.extend(sync.ask(at(second)).map(|_| second));
        }
        assert_eq!(asked, [15, 45, 105, 225, 465, 945, 1905]);
        sync.told(&change(0), Progress::InSync, date(0));
        assert_eq!(sync.next(at(3600)), None);
        (1..=100).for_each(|number| {
            sync.wrote(&change(number), names(&[&number.to_string()]), at(4000));
        });
        assert_eq!(sync.next(at(4000)), Some(PAUSE));
        let calls = (4000..4030).filter_map(|second| sync.ask(at(second)));
        assert_eq!(calls.collect::<BTreeSet<_>>().len(), 15, "each once, one a second");
        assert_eq!(sync.next(at(4029)), Some(PACE));
    }
}
