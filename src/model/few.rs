//! A set that most often holds one thing.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set that most often holds one thing: a tree has room for eleven, which in a large cluster is
/// most of what its index takes.
///
/// ```
/// use albedo::model::few::Few;
///
/// let mut few: Few<u8> = [2, 1].into_iter().collect();
/// assert!(!few.insert(1) && few.insert(3) && few.remove(&2) && !few.remove(&2));
/// assert_eq!(few.iter().collect::<Vec<_>>(), [&1, &3]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Few<T> {
    /// One at the most.
    One(Option<T>),
    /// Several, once. In a box, so that those of one take no more than it does.
    Many(Box<BTreeSet<T>>),
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::One(None)
    }
}

impl<T: Ord> Few<T> {
    /// Puts a thing in. Says whether it was not there.
    pub fn insert(&mut self, thing: T) -> bool {
        match self {
            Self::One(one) => match one.take() {
                Some(other) if other == thing => {
                    *one = Some(other);
                    false
                }
                Some(other) => {
                    *self = Self::Many(Box::new(BTreeSet::from([other, thing])));
                    true
                }
                None => {
                    *one = Some(thing);
                    true
                }
            },
            Self::Many(many) => many.insert(thing),
        }
    }

    /// Takes a thing out. Says whether it was there.
    pub fn remove(&mut self, thing: &T) -> bool {
        match self {
            Self::One(one) => one.take_if(|one| *one == *thing).is_some(),
            Self::Many(many) => many.remove(thing),
        }
    }

    /// Takes no more room than the things need.
    pub fn pack(&mut self) {
        if let Self::Many(many) = self {
            **many = std::mem::take(&mut **many).into_iter().collect();
        }
    }

    /// Whether a thing is in it.
    #[must_use]
    pub fn contains(&self, thing: &T) -> bool {
        match self {
            Self::One(one) => one.as_ref() == Some(thing),
            Self::Many(many) => many.contains(thing),
        }
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::One(one) => one.is_none(),
            Self::Many(many) => many.is_empty(),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        let (one, many) = match self {
            Self::One(one) => (one.as_ref(), None),
            Self::Many(many) => (None, Some(many.as_ref())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

impl<T: Ord> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(things: I) -> Self {
        let mut few = Self::default();
        things.into_iter().for_each(|thing| _ = few.insert(thing));
        few
    }
}

impl<T: Serialize + Ord> Serialize for Few<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Deserialize<'de> + Ord> Deserialize<'de> for Few<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|things: Vec<T>| things.into_iter().collect())
    }
}
