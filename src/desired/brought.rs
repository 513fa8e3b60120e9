//! What the members of a group bring, before anybody knows whether it fits together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::part::Part;
use crate::model::source::Source;

/// What the members of a group bring.
#[derive(Debug, Default)]
pub struct Brought {
    /// The members, in their order.
    pub active: Vec<Source>,
    /// The place of each by number.
    pub orders: BTreeMap<Source, i32>,
    /// The same, in the order in which they are let in: what they share is the first one's.
    pub standing: Vec<Source>,
    /// The parts of those that are good.
    pub good: BTreeMap<Source, Arc<Part>>,
    /// What takes the place of a part that is missing, or does not fit.
    pub instead: BTreeMap<Source, Arc<Part>>,
    /// What those add who answer challenges for hosts of members.
    pub solvers: Vec<Arc<Part>>,
    /// Those that leave, and of whom only what is remembered says that they have to.
    pub judged: BTreeSet<Source>,
}

impl Brought {
    /// Puts the members in their order: by number, then by their names as texts (LBC).
    pub fn sort(&mut self) {
        let Self { active, orders, .. } = self;
        active.sort_by_cached_key(|source| {
            (orders.get(source).copied().unwrap_or_default(), source.to_string())
        });
    }
}
