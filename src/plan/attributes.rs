//! Attributes that differ.

use crate::model::load_balancer::Attributes;

/// The attributes that somebody named and that stand otherwise.
#[must_use]
pub fn differing(live: &Attributes, wish: &Attributes) -> Attributes {
    let differ = wish.iter().filter(|(key, value)| live.get(*key) != Some(value));
    differ.map(|(key, value)| (key.clone(), value.clone())).collect()
}
