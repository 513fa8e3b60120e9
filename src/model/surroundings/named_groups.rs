//! The security groups of a VPC, as far as wishes refer to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::NamedGroup;
use crate::model::id::AwsId;

/// In how many pieces they are kept. A VPC has up to some thousands of groups (AWS's quota is 2,500
/// a region and may be raised): then one change copies some dozens of them.
const PIECES: usize = 64;

type Piece = Arc<BTreeMap<AwsId, NamedGroup>>;

/// The security groups of a VPC, by id. A copy shares what does not change: groups come and go one
/// by one, while visits hold what they have seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedGroups(Vec<Piece>);

impl Default for NamedGroups {
    fn default() -> Self {
        Self(vec![Piece::default(); PIECES])
    }
}

impl NamedGroups {
    /// The group of this id.
    #[must_use]
    pub fn get(&self, id: &AwsId) -> Option<&NamedGroup> {
        self.0.get(piece_of(id))?.get(id)
    }

    /// The groups whose tag `Name` says so, the lowest id first.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<&AwsId> {
        let called =
            self.iter().filter(|(_, group)| group.tags.get("Name").is_some_and(|is| is == name));
        let mut ids: Vec<&AwsId> = called.map(|(id, _)| id).collect();
        ids.sort();
        ids
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&AwsId, &NamedGroup)> {
        self.0.iter().flat_map(|piece| piece.iter())
    }

    /// Takes in a group, in place of what was known of it.
    pub fn insert(&mut self, id: AwsId, group: NamedGroup) {
        if let Some(piece) = self.0.get_mut(piece_of(&id)) {
            Arc::make_mut(piece).insert(id, group);
        }
    }

    /// Leaves out a group.
    pub fn remove(&mut self, id: &AwsId) {
        if let Some(piece) = self.0.get_mut(piece_of(id))
            && piece.contains_key(id)
        {
            Arc::make_mut(piece).remove(id);
        }
    }
}

impl FromIterator<(AwsId, NamedGroup)> for NamedGroups {
    fn from_iter<I: IntoIterator<Item = (AwsId, NamedGroup)>>(groups: I) -> Self {
        let mut made = Self::default();
        groups.into_iter().for_each(|(id, group)| made.insert(id, group));
        made
    }
}

/// Where a group is kept. AWS's ids are random, so their bytes are spread evenly.
fn piece_of(id: &AwsId) -> usize {
    let sum = id
        .as_str()
        .bytes()
        .fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    sum % PIECES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> NamedGroup {
        NamedGroup { tags: [("Name".to_owned(), name.to_owned())].into(), ..NamedGroup::default() }
    }

    #[test]
    fn groups_are_found_by_id_and_by_name() {
        let mut all: NamedGroups =
            (0..100).map(|n| (AwsId::new(format!("sg-{n}")), named("many"))).collect();
        all.insert(AwsId::new("sg-7"), named("one"));
        all.remove(&AwsId::new("sg-8"));
        all.remove(&AwsId::new("sg-unknown"));
        assert_eq!(all.named("one"), [&AwsId::new("sg-7")]);
        assert_eq!(all.named("many").len(), 98);
        assert_eq!(all.iter().count(), 99);
        assert_eq!(all.get(&AwsId::new("sg-8")), None);
    }

    #[test]
    fn a_change_copies_a_small_piece_and_leaves_the_rest_shared() {
        let before: NamedGroups =
            (0..10_000).map(|n| (AwsId::new(format!("sg-{n:017x}")), named("x"))).collect();
        let mut after = before.clone();
        after.insert(AwsId::new("sg-new"), named("y"));
        let pieces = || before.0.iter().zip(&after.0);
        assert_eq!(pieces().filter(|(old, new)| !Arc::ptr_eq(old, new)).count(), 1);
        assert!(pieces().all(|(piece, _)| piece.len() < 10_000 / PIECES * 3));
        assert_eq!(before.get(&AwsId::new("sg-new")), None);
    }
}
