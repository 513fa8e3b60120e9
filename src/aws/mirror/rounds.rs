//! The rounds of a look, in each of which what is missing is read.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::aws::error::{CODE_UNSETTLED, CloudError, Kind};
use crate::aws::part::Part;

/// How often what is needed is read anew before that is an error. Two rounds are the rule (the
/// catalogue, then what hangs on a load balancer), and each takes one more where a read that began
/// before somebody's doubt is under way; only what AWS lists and does not know takes more.
pub(super) const ROUNDS_MAX: usize = 12;
/// How long to wait before a list is read that AWS itself has disproved twice; twice as long each
/// further time, 15 seconds in all: AWS goes on listing for a while what it has deleted.
const PAUSE: Duration = Duration::from_secs(1);

/// The rounds of a look so far.
#[derive(Default)]
pub(super) struct Rounds {
    /// In how many a list was missing because AWS does not know what it holds.
    disproved: u32,
}

impl Rounds {
    /// How long to wait before what is missing is read, if at all: `is_disproved` says whether a
    /// list among it holds what AWS does not know. What was listed long ago may be gone by now;
    /// what is listed now and not known is told otherwise a moment later.
    pub(super) fn pause(&mut self, is_disproved: bool) -> Option<Duration> {
        self.disproved += u32::from(is_disproved);
        let doubled = self.disproved.checked_sub(2).filter(|_| is_disproved)?;
        Some(PAUSE * 2_u32.pow(doubled))
    }

    /// Why there is no further round.
    pub(super) fn unsettled(missing: &BTreeSet<Part>) -> CloudError {
        CloudError {
            kind: Kind::Transient,
            operation: "read".to_owned(),
            code: CODE_UNSETTLED.to_owned(),
            message: format!("{missing:?} changed whenever it was read, {ROUNDS_MAX} times"),
        }
    }
}
