//! A map of a few things, kept flat.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Index;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A map of a few things: a sorted list with no room to spare. A tree has room for eleven, which in
/// a large cluster is most of what tags and labels take; it pays for maps that grow.
///
/// ```
/// use albedo::model::flat::FlatMap;
///
/// let mut map: FlatMap<String, u8> = [("b", 2), ("a", 0), ("a", 1)].into_iter().collect();
/// assert_eq!(map.get("a"), Some(&1));
/// assert_eq!(map.insert("c".to_owned(), 3), None);
/// assert_eq!(map.insert("b".to_owned(), 4), Some(2));
/// assert_eq!(map.remove("a"), Some(1));
/// assert_eq!(map.iter().collect::<Vec<_>>(), [(&"b".to_owned(), &4), (&"c".to_owned(), &3)]);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlatMap<K, V>(Box<[(K, V)]>);

impl<K, V> FlatMap<K, V> {
    /// A map of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many things are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of it, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> + Clone {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &K> + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// What the keys lead to, by key.
    pub fn values(&self) -> impl Iterator<Item = &V> + Clone {
        self.0.iter().map(|(_, value)| value)
    }

    /// What the keys lead to, by key, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Keeps some things only.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &V) -> bool) {
        self.edit(|all| all.retain(|(key, value)| keep(key, value)));
    }

    /// The keys by themselves, in order.
    pub fn into_keys(self) -> impl Iterator<Item = K> {
        self.into_iter().map(|(key, _)| key)
    }

    fn edit<T>(&mut self, edit: impl FnOnce(&mut Vec<(K, V)>) -> T) -> T {
        let mut all = std::mem::take(&mut self.0).into_vec();
        let answer = edit(&mut all);
        self.0 = all.into_boxed_slice();
        answer
    }
}

impl<K: Ord, V> FlatMap<K, V> {
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(other, _)| other.borrow().cmp(key))
    }

    /// What a key leads to.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// What a key leads to, to be changed.
    #[must_use]
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        self.0.get_mut(place).map(|(_, value)| value)
    }

    /// Whether a key is in it.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Lets a key lead to something. Answers with what it led to before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].1, value)),
            Err(place) => {
                self.edit(|all| {
                    all.reserve_exact(1);
                    all.insert(place, (key, value));
                });
                None
            }
        }
    }

    /// Takes a key out. Answers with what it led to.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).ok()?;
        Some(self.edit(|all| all.remove(place).1))
    }
}

impl<K: Ord + Clone, V: PartialEq + Clone> FlatMap<K, V> {
    /// Takes the keys that another map has as well from there, and what they lead to where that is
    /// the same: what clones share is then kept once.
    pub fn share(&mut self, other: &Self) {
        for (key, value) in &mut self.0 {
            if let Ok(place) = other.place(key) {
                let (known, same) = &other.0[place];
                key.clone_from(known);
                if value == same {
                    value.clone_from(same);
                }
            }
        }
    }
}

impl<K, V> Default for FlatMap<K, V> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for FlatMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord + Borrow<Q>, V, Q: Ord + ?Sized> Index<&Q> for FlatMap<K, V> {
    type Output = V;

    /// What a key leads to. Panics where it is not in the map, as every map does.
    fn index(&self, key: &Q) -> &V {
        let place = self.place(key).unwrap_or(self.0.len());
        &self.0[place].1
    }
}

impl<K: Ord, V, A: Into<K>, B: Into<V>, const N: usize> From<[(A, B); N]> for FlatMap<K, V> {
    fn from(pairs: [(A, B); N]) -> Self {
        pairs.into_iter().collect()
    }
}

/// Of several things with one key the last one counts.
impl<K: Ord, V, A: Into<K>, B: Into<V>> FromIterator<(A, B)> for FlatMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (A, B)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value.into()));
        let mut all: Vec<(K, V)> = pairs.collect();
        // Equal keys stay in their order; of those, what comes later takes the earlier one's place.
        all.sort_by(|(left, _), (right, _)| left.cmp(right));
        all.dedup_by(|later, kept| {
            let is_same = later.0 == kept.0;
            if is_same {
                std::mem::swap(&mut later.1, &mut kept.1);
            }
            is_same
        });
        Self(all.into_boxed_slice())
    }
}

impl<K: Ord, V, A: Into<K>, B: Into<V>> Extend<(A, B)> for FlatMap<K, V> {
    fn extend<I: IntoIterator<Item = (A, B)>>(&mut self, pairs: I) {
        let old = std::mem::take(&mut self.0).into_vec();
        let new = pairs.into_iter().map(|(key, value)| (key.into(), value.into()));
        *self = old.into_iter().chain(new).collect();
    }
}

impl<K, V> IntoIterator for FlatMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_vec().into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a FlatMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

impl<K: Serialize, V: Serialize> Serialize for FlatMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for FlatMap<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

/// Reads pairs into a map.
struct Pairs<K, V>(PhantomData<fn() -> (K, V)>);

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Pairs<K, V> {
    type Value = FlatMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all: Vec<(K, V)> = Vec::new();
        while let Some(pair) = map.next_entry()? {
            all.push(pair);
        }
        Ok(all.into_iter().collect())
    }
}
