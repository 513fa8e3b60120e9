//! How many Events an object may have: what one object brings about must not drown what others are
//! told.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Duration;

use crate::model::moment::Moment;
use crate::model::problem::ObjectRef;

/// How many Events about one object may go out at once (client-go's event correlator).
const BURST: u32 = 25;
/// How long it takes until one more may (client-go's event correlator).
const REFILL: Duration = Duration::from_secs(5 * 60);
/// How many objects are known before those are forgotten that may have all of theirs again
/// (client-go's event correlator knows as many).
const OBJECTS_MAX: usize = 4096;

/// What each object may still have. Objects of the same kind and name share it, so nobody gets more
/// by making an object anew.
#[derive(Debug)]
pub struct EventBudget {
    /// When each object may have all of its Events at once again; absent: it may now. Each is known
    /// by what stands for its name: there may be thousands, and two that share one lose little.
    whole: BTreeMap<u64, Moment>,
    /// How many objects there are when the next look is taken for those that need not be known.
    look_at: usize,
}

impl Default for EventBudget {
    fn default() -> Self {
        Self { whole: BTreeMap::new(), look_at: OBJECTS_MAX }
    }
}

impl EventBudget {
    /// Takes an Event off an object's budget. Says whether there was one left.
    pub fn take(&mut self, object: &ObjectRef, now: Moment) -> bool {
        if self.whole.len() >= self.look_at {
            self.whole.retain(|_, whole| *whole > now);
            // Whatever is left has to grow that much before it is looked through again.
            self.look_at = OBJECTS_MAX.max(self.whole.len() * 2);
        }
        let mut hasher = DefaultHasher::new();
        object.hash(&mut hasher);
        let object = hasher.finish();
        let whole = self.whole.get(&object).copied().unwrap_or(now).max(now);
        let is_left = whole.since(now) <= REFILL * (BURST - 1);
        if is_left {
            self.whole.insert(object, whole.plus(REFILL));
        }
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ObjectKey;
    use crate::model::source::Source;

    fn object(name: &str) -> ObjectRef {
        ObjectRef::of(&Source::ingress(ObjectKey::new("shop", name)))
    }

    fn at(seconds: u64) -> Moment {
        Moment::after_start(Duration::from_secs(seconds))
    }

    /// How many of a thousand Events about an object may go out.
    fn taken(budget: &mut EventBudget, name: &str, seconds: u64) -> usize {
        (0..1000).filter(|_| budget.take(&object(name), at(seconds))).count()
    }

    #[test]
    fn an_object_has_a_burst_and_then_one_each_five_minutes() {
        let mut budget = EventBudget::default();
        assert_eq!(taken(&mut budget, "a", 10), 25);
        assert_eq!(taken(&mut budget, "a", 309), 0);
        assert_eq!(taken(&mut budget, "a", 310), 1);
        assert_eq!(taken(&mut budget, "a", 310 + 3 * 300), 3);
        // However long it is silent.
        assert_eq!(taken(&mut budget, "a", 1_000_000), 25);
    }

    #[test]
    fn one_object_takes_nothing_from_another() {
        let mut budget = EventBudget::default();
        assert_eq!(taken(&mut budget, "a", 10), 25);
        assert_eq!(taken(&mut budget, "b", 10), 25);
    }

    #[test]
    fn what_may_have_everything_again_is_forgotten() {
        let mut budget = EventBudget::default();
        for number in 0..OBJECTS_MAX {
            assert!(budget.take(&object(&number.to_string()), at(0)));
        }
        assert!(budget.take(&object("late"), at(299)));
        assert_eq!(budget.whole.len(), OBJECTS_MAX + 1);
        let mut budget = EventBudget::default();
        for number in 0..OBJECTS_MAX {
            assert!(budget.take(&object(&number.to_string()), at(0)));
        }
        assert!(budget.take(&object("late"), at(300)));
        assert_eq!(budget.whole.len(), 1);
    }
}
