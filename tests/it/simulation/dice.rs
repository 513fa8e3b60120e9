//! Chance that is none: every throw follows from the seed.

use std::time::Duration;

/// Dice that fall as their seed says (SplitMix64, Steele et al. 2014).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0xa076_1d64_78bd_642f).wrapping_add(1));
        // Seeds that are neighbours begin alike.
        dice.throw();
        dice.throw();
        dice
    }

    /// Dice of their own, so that one use of them leaves others as they are.
    pub fn split(&mut self) -> Self {
        Self(self.throw())
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another one.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap();
        usize::try_from(self.throw() % end).unwrap()
    }

    /// True in so many of a thousand throws.
    pub fn falls(&mut self, of_thousand: usize) -> bool {
        self.below(1000) < of_thousand
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Some time up to this long, short ones more often.
    pub fn time(&mut self, longest: Duration) -> Duration {
        let (part, of) = (self.below(1001), self.below(1001));
        let longest = u64::try_from(longest.as_micros()).unwrap();
        let time = longest / 1000 * u64::try_from(part).unwrap() / 1000;
        Duration::from_micros(time * u64::try_from(of).unwrap())
    }
}
