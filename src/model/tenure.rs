//! Tenures: the right to write, as a value that runs out.

use super::moment::Moment;

/// The number of a tenure. Each one that this process wins has a higher number than those before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// The right to write, from winning an election on until a moment that each renewal puts off.
///
/// Whatever is planned, read or remembered in one tenure belongs to it: between two of them
/// somebody else may have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// Which one.
    pub epoch: Epoch,
    /// When it was won.
    pub since: Moment,
    /// Until when it holds, if it is not renewed.
    pub until: Moment,
}

impl Tenure {
    /// The tenure of a process that nobody competes with.
    #[must_use]
    pub const fn for_ever(since: Moment) -> Self {
        Self { epoch: Epoch(1), since, until: since.plus(std::time::Duration::MAX) }
    }

    /// Whether something may be written now by whoever began in the tenure with this number.
    #[must_use]
    pub fn is_current(&self, epoch: Epoch, now: Moment) -> bool {
        self.epoch == epoch && now < self.until
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_tenure_ends_by_itself_and_with_the_next_one() {
        let at = |seconds| Moment::after_start(Duration::from_secs(seconds));
        let tenure = Tenure { epoch: Epoch(2), since: at(1), until: at(10) };
        assert!(tenure.is_current(Epoch(2), at(9)));
        assert!(!tenure.is_current(Epoch(2), at(10)));
        assert!(!tenure.is_current(Epoch(1), at(9)), "what an earlier one planned is void");
        assert!(Tenure::for_ever(at(1)).is_current(Epoch(1), at(u64::MAX)));
    }
}
