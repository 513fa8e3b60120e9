//! What many have alike and is kept once.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// How many values that nobody has are kept at least before they are looked for.
const UNUSED_MIN: usize = 256;

/// A value out of a pool: it is the same as another one of there if it is the same pointer.
pub(super) struct Shared<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T: ?Sized> Eq for Shared<T> {}

impl<T: ?Sized + Ord> PartialOrd for Shared<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: ?Sized + Ord> Ord for Shared<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl<T: ?Sized + Hash> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Values that many have alike, each kept once while somebody has it.
pub(super) struct Pool<T: ?Sized>(Mutex<Kept<T>>);

/// The values that somebody has, and a few that nobody has any more.
struct Kept<T: ?Sized> {
    values: HashSet<Arc<T>>,
    /// How many there may be before those that nobody has go.
    most: usize,
}

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::new(Kept { values: HashSet::new(), most: UNUSED_MIN }))
    }
}

impl<T: ?Sized + Eq + Hash> Pool<T> {
    /// The one value of all that are like this one: they are one pointer.
    pub(super) fn share(&self, value: impl Borrow<T> + Into<Arc<T>>) -> Shared<T> {
        let kept = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.values.get(value.borrow()) {
            return Shared(Arc::clone(known));
        }
        if kept.values.len() >= kept.most {
            // Nobody gets a value out of here meanwhile: who has none now will not have this one.
            kept.values.retain(|value| Arc::strong_count(value) > 1);
            kept.most = kept.values.len() + kept.values.len() / 8 + UNUSED_MIN;
            kept.values.shrink_to(kept.most);
        }
        let value = value.into();
        kept.values.insert(Arc::clone(&value));
        Shared(value)
    }

    /// How many values are kept.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_one_and_what_nobody_has_goes() {
        let pool: Pool<str> = Pool::default();
        let one = pool.share("one");
        assert_eq!(one, pool.share("one".to_owned()));
        for number in 0..UNUSED_MIN * 8 {
            pool.share(number.to_string());
        }
        assert!(pool.len() <= UNUSED_MIN * 2, "{}", pool.len());
        assert_eq!((&one, &*one), (&pool.share("one"), "one"));
    }
}
