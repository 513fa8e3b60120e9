//! Trees without room to spare.

use std::collections::BTreeMap;

/// Moves all that a tree holds into full nodes. One that has grown in order, as when a process
/// starts, holds little more than half of what each has room for, and in a large cluster trees are
/// a quarter of all.
pub fn pack<K: Ord, V>(tree: &mut BTreeMap<K, V>) {
    *tree = std::mem::take(tree).into_iter().collect();
}
