//! Links from each of many to some of many, to be followed both ways.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::few::Few;
use crate::model::pack::pack;

/// Links from each of many to some of many, to be followed both ways.
#[derive(Debug)]
pub(super) struct Links<F, T> {
    to: BTreeMap<F, Few<T>>,
    from: BTreeMap<T, Few<F>>,
}

impl<F, T> Default for Links<F, T> {
    fn default() -> Self {
        Self { to: BTreeMap::new(), from: BTreeMap::new() }
    }
}

impl<F: Clone + Ord, T: Clone + Ord> Links<F, T> {
    /// Replaces the links of one. Answers with where they led and where they lead.
    pub(super) fn set(&mut self, from: &F, to: BTreeSet<T>) -> BTreeSet<T> {
        let old = self.to.remove(from).unwrap_or_default();
        for gone in old.iter().filter(|gone| !to.contains(gone)) {
            if let Some(sources) = self.from.get_mut(gone) {
                sources.remove(from);
                if sources.is_empty() {
                    self.from.remove(gone);
                }
            }
        }
        for new in &to {
            self.from.entry(new.clone()).or_default().insert(from.clone());
        }
        let either = old.iter().chain(&to).cloned().collect();
        if !to.is_empty() {
            self.to.insert(from.clone(), to.into_iter().collect());
        }
        either
    }

    /// Takes no more room than the links need.
    pub(super) fn pack(&mut self) {
        self.to.values_mut().for_each(Few::pack);
        self.from.values_mut().for_each(Few::pack);
        pack(&mut self.to);
        pack(&mut self.from);
    }

    /// Where the links of one lead.
    pub(super) fn of(&self, from: &F) -> impl Iterator<Item = &T> + Clone {
        self.to.get(from).into_iter().flat_map(Few::iter)
    }

    /// Whose links lead there.
    pub(super) fn leading_to<'a>(
        &'a self,
        to: &T,
    ) -> impl Iterator<Item = &'a F> + Clone + use<'a, F, T> {
        self.from.get(to).into_iter().flat_map(Few::iter)
    }

    /// Everything that links lead to, each with whose they are.
    pub(super) fn ends(&self) -> impl Iterator<Item = (&T, &Few<F>)> {
        self.from.iter()
    }
}
