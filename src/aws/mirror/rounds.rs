//! The rounds of a look, in each of which what is missing is read.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::aws::error::{CODE_UNSETTLED, CloudError, Kind};
use crate::aws::part::Part;

/// How often what is needed is read anew before that is an error. Two rounds are the rule (the
/// catalogue, then what hangs on a load balancer), and each takes one more where a read that began
/// before somebody's doubt is under way; only what AWS lists and does not know takes more.
pub(super) const ROUNDS_MAX: usize = 10;
/// How long to wait in the second round that asks for what an earlier one has read already; twice
/// as long in each further one, 16 seconds in all: AWS goes on listing for a while what it has
/// deleted.
const PAUSE: Duration = Duration::from_millis(250);

/// What was missing in the rounds of a look so far.
#[derive(Default)]
pub(super) struct Rounds {
    missing: BTreeSet<Part>,
    /// How many asked for what an earlier one has read already.
    again: u32,
}

impl Rounds {
    /// How long to wait before what is missing is read, if at all.
    pub(super) fn pause(&mut self, missing: &BTreeSet<Part>) -> Option<Duration> {
        let is_again = !self.missing.is_disjoint(missing);
        self.missing.extend(missing.iter().cloned());
        self.again += u32::from(is_again);
        let doubled = self.again.checked_sub(2).filter(|_| is_again)?;
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
