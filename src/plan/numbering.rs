//! Which priorities rules have: LBC's dense ones, or sparse ones that leave those alone which
//! stand.

use std::collections::BTreeSet;

use crate::model::stack::Numbering;

/// The highest priority (AWS).
pub const PRIORITY_MAX: u32 = 50_000;

/// How far apart rules are put where there is room: as far as leaves room behind a hundred of them,
/// which is what AWS gives to a load balancer.
const STRIDE: u32 = 256;

/// The priorities of rules in their order, of which some stand with one. `going` are those of rules
/// that go, and stand until others are made.
#[must_use]
pub fn numbers(numbering: Numbering, standing: &[Option<u32>], going: &BTreeSet<u32>) -> Vec<u32> {
    match numbering {
        Numbering::Dense => (1..).take(standing.len()).collect(),
        Numbering::Sparse => between(&staying(standing), going)
            .unwrap_or_else(|| spread(0, PRIORITY_MAX + 1, standing.len()).collect()),
    }
}

/// As many of the priorities that stand as can stay: the longest sequence of them that grows.
fn staying(standing: &[Option<u32>]) -> Vec<Option<u32>> {
    // For each rule that stands: how many stay up to it, and the one before it that stays.
    let mut longest: Vec<(usize, Option<usize>)> = vec![(0, None); standing.len()];
    for (i, priority) in standing.iter().enumerate().filter(|(_, priority)| priority.is_some()) {
        let before = (0..i).filter(|j| standing[*j].is_some() && standing[*j] < *priority);
        let best = before.max_by_key(|j| (longest[*j].0, std::cmp::Reverse(*j)));
        longest[i] = (1 + best.map_or(0, |j| longest[j].0), best);
    }
    let mut staying = vec![None; standing.len()];
    let mut next = (0..standing.len()).max_by_key(|i| (longest[*i].0, std::cmp::Reverse(*i)));
    while let Some(i) = next {
        staying[i] = standing[i];
        next = longest[i].1;
    }
    staying
}

/// Puts those without a priority between those that stay, where there is room; nothing where there
/// is not.
fn between(staying: &[Option<u32>], going: &BTreeSet<u32>) -> Option<Vec<u32>> {
    let mut numbers: Vec<u32> = Vec::with_capacity(staying.len());
    for run in staying.chunk_by(|one, _| one.is_none()) {
        // Each run ends with one that stays, but for the last.
        let last = run.last().copied().flatten();
        let count = if last.is_some() { run.len() - 1 } else { run.len() };
        let (low, high) = (numbers.last().copied().unwrap_or(0), last.unwrap_or(PRIORITY_MAX + 1));
        numbers.extend(free_between((low, high), count, going)?);
        numbers.extend(last);
    }
    Some(numbers)
}

/// So many priorities between two others, and none of those that go.
fn free_between((low, high): (u32, u32), count: usize, going: &BTreeSet<u32>) -> Option<Vec<u32>> {
    let mut found = Vec::with_capacity(count);
    let mut low = low;
    for wanted in spread(low, high, count) {
        let mut free = (wanted.max(low + 1)..high).filter(|number| !going.contains(number));
        low = free.next()?;
        found.push(low);
    }
    Some(found)
}

/// So many numbers between two others, equally far apart, and not farther than is of use.
fn spread(low: u32, high: u32, count: usize) -> impl Iterator<Item = u32> {
    let parts = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    let step = ((high - low) / parts).clamp(1, STRIDE);
    (1..parts).map(move |n| low.saturating_add(step.saturating_mul(n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(standing: &[Option<u32>], going: &[u32], expected: &[u32]) {
        let going = going.iter().copied().collect();
        assert_eq!(numbers(Numbering::Sparse, standing, &going), expected, "{standing:?}");
    }

    #[test]
    fn dense_numbers_follow_each_other() {
        let numbers = numbers(Numbering::Dense, &[Some(7), None, Some(1)], &BTreeSet::new());
        assert_eq!(numbers, [1, 2, 3]);
    }

    #[test]
    fn what_stands_in_order_stays_and_what_comes_goes_between() {
        check(&[None, None, None], &[], &[256, 512, 768]);
        check(&[Some(256), None, Some(512)], &[], &[256, 384, 512]);
        check(
            &[None, Some(256), None, None, Some(260), None],
            &[],
            &[128, 256, 257, 258, 260, 516],
        );
        check(&[Some(1), Some(2), Some(3)], &[], &[1, 2, 3]);
        check(&[], &[], &[]);
    }

    #[test]
    fn as_few_as_can_be_move() {
        check(&[Some(500), Some(100), Some(200), Some(300)], &[], &[50, 100, 200, 300]);
        check(&[Some(100), Some(900), Some(200), None], &[], &[100, 900, 1156, 1412]);
        // Where there is no room, all do.
        check(&[Some(1), None, Some(2)], &[], &[256, 512, 768]);
        check(&[None, Some(1)], &[], &[256, 512]);
        check(&[Some(50_000), None], &[], &[256, 512]);
    }

    #[test]
    fn what_goes_is_in_the_way_until_it_is_gone() {
        check(&[Some(1), None, Some(4)], &[2], &[1, 3, 4]);
        check(&[Some(1), None, Some(4)], &[2, 3], &[256, 512, 768]);
    }

    #[test]
    fn more_rules_than_fit_with_room_follow_closer() {
        let all = numbers(Numbering::Sparse, &vec![None; 1000], &BTreeSet::new());
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]) && all[999] <= PRIORITY_MAX);
    }
}
