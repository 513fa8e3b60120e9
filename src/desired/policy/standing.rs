//! What becomes of a member by what its namespace may do.
//!
//! What it asks for and may not have is refused: what stood before goes on, as of any other member
//! that asks for what cannot be had. But a right that is taken back is no mistake of the member's:
//! where what stands is what is forbidden, the member leaves after a while.

use crate::desired::groups::{GOING, GONE, Member, evicted, holds};
use crate::model::group::Group;
use crate::model::part::Part;
use crate::model::problem::Problem;
use crate::model::snapshot::Snapshot;

use super::{NOTHING_MADE, Verdict, part};

/// What becomes of a member.
#[derive(Debug)]
pub enum Standing {
    /// It contributes what it comes to.
    Allowed,
    /// What stands of it stays as it is, if anything does.
    Refused(Vec<Problem>),
    /// Nothing is made for it, and what is remembered of it counts for nothing.
    Out(Vec<Problem>),
    /// What stands of it stays for a while.
    Going(Vec<Problem>),
    /// That is over.
    Gone(Vec<Problem>),
}

/// Decides what becomes of a member that comes to `now`, unless that cannot be told, and for which
/// `held` stands, as far as anybody remembers.
#[must_use]
pub fn decide(
    snapshot: &Snapshot,
    group: &Group,
    member: &Member<'_>,
    (now, held): (Option<&Part>, Option<&Part>),
) -> Standing {
    let wished = now.map(|now| part::judge(snapshot, group, member, now));
    if wished == Some(Verdict::Allowed) {
        return Standing::Allowed;
    }
    let is_in = holds(member.ingress, &group.finalizer(snapshot.settings.scope));
    let before = match (held, now) {
        (Some(held), _) => Some(part::judge_standing(snapshot, group, member, (held, now))),
        (None, None) => Some(part::judge_forgotten(snapshot, group, member)),
        (None, Some(_)) => None,
    };
    match (before, wished) {
        (Some(Verdict::Forbidden(all)), None) | (None, Some(Verdict::Forbidden(all))) if is_in => {
            leaving(snapshot, member, all)
        }
        (Some(Verdict::Forbidden(before)), Some(Verdict::Forbidden(all))) if is_in => {
            leaving(snapshot, member, if all.is_empty() { before } else { all })
        }
        (Some(Verdict::Forbidden(all)), None | Some(Verdict::Allowed)) => Standing::Out(out(all)),
        (_, Some(Verdict::Forbidden(all))) if !is_in => Standing::Out(out(all)),
        (_, Some(Verdict::Forbidden(all))) => Standing::Refused(all),
        (_, Some(Verdict::Unknown(problem))) => Standing::Refused(vec![problem]),
        (_, None | Some(Verdict::Allowed)) => Standing::Refused(Vec::new()),
    }
}

fn leaving(snapshot: &Snapshot, member: &Member<'_>, problems: Vec<Problem>) -> Standing {
    let told =
        |meanwhile: &str| problems.into_iter().map(|problem| evicted(problem, meanwhile)).collect();
    if snapshot.let_go.contains(&member.source()) {
        Standing::Gone(told(GONE))
    } else {
        Standing::Going(told(GOING))
    }
}

fn out(problems: Vec<Problem>) -> Vec<Problem> {
    problems.into_iter().map(|problem| evicted(problem, NOTHING_MADE)).collect()
}
