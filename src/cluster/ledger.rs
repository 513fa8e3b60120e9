//! What the objects of one kind were when they were last seen, so that every event becomes a turn.
//! Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kube::runtime::watcher::Event;

use super::wire::Wire;
use crate::model::index::Turn;

/// The turn of one object of a kind.
pub(super) type TurnOf<K> = Turn<<K as Wire>::Key, <K as Wire>::Noun>;

/// The objects of one kind.
#[derive(Debug)]
pub(super) struct Ledger<K: Wire> {
    known: BTreeMap<K::Key, Arc<K::Noun>>,
    /// While a list runs: what was known and has not been listed yet.
    missing: BTreeSet<K::Key>,
}

impl<K: Wire> Ledger<K> {
    /// Nothing has been seen.
    pub(super) fn new() -> Self {
        Self { known: BTreeMap::new(), missing: BTreeSet::new() }
    }

    /// Takes note of an event, and says what has changed by it: nothing, where an object is as it
    /// was.
    ///
    /// What vanished while nobody watched is told at the end of the next complete list, and not
    /// before: a list that breaks off proves nothing.
    pub(super) fn observe(&mut self, event: Event<K>) -> Vec<TurnOf<K>> {
        match event {
            Event::Init => {
                self.missing = self.known.keys().cloned().collect();
                Vec::new()
            }
            Event::InitApply(wire) | Event::Apply(wire) => {
                let (key, noun) = wire.noun();
                self.missing.remove(&key);
                self.turn(key, noun).into_iter().collect()
            }
            Event::Delete(wire) => {
                let (key, _) = wire.noun();
                self.turn(key, None).into_iter().collect()
            }
            Event::InitDone => {
                let missing = std::mem::take(&mut self.missing);
                missing.into_iter().filter_map(|key| self.turn(key, None)).collect()
            }
        }
    }

    fn turn(&mut self, key: K::Key, noun: Option<K::Noun>) -> Option<TurnOf<K>> {
        let (old, new) = match noun {
            Some(noun) => {
                if self.known.get(&key).is_some_and(|old| **old == noun) {
                    return None;
                }
                let new = Arc::new(noun);
                (self.known.insert(key.clone(), Arc::clone(&new)), Some(new))
            }
            None => (Some(self.known.remove(&key)?), None),
        };
        Some(Turn { key, old, new })
    }
}

#[cfg(test)]
mod tests;
