//! What AWS allows of one load balancer, counted before it is asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::account_limits::{AccountLimits, Limit};
use crate::model::id::Id;
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::rule::Rule;
use crate::model::source::Source;
use crate::model::stack::Front;

/// From how much of what AWS allows on people hear of it, in percent.
const NEAR: usize = 80;

/// Says who comes close to what AWS allows, or beyond it: the first member with which it does, in
/// the group's order.
pub fn near(front: &Front, parts: &[Arc<Part>], limits: &AccountLimits) -> Vec<Problem> {
    let rules = parts.iter().map(|part| (&part.source, rules(front, part)));
    let mut seen = BTreeSet::new();
    let certificates: Vec<(&Source, usize)> =
        parts.iter().map(|part| (&part.source, certificates(front, part, &mut seen))).collect();
    let groups = parts.iter().map(|part| (&part.source, part.target_groups.len()));
    [
        judge("rules", limits.of(Limit::Rules), rules),
        judge(
            "certificates beyond the default ones",
            limits.of(Limit::Certificates),
            certificates.into_iter(),
        ),
        judge("target groups", limits.of(Limit::TargetGroups), groups),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The rules that a member has on all listeners, as AWS takes them: some in pieces.
fn rules(front: &Front, part: &Part) -> usize {
    let pieces = |rule: &Rule| {
        if rule.fits() { 1 } else { rule.split().map_or(1, |pieces| pieces.len()) }
    };
    // A listener that only redirects has none.
    let has_some =
        |port: &&u16| front.listeners.get(port).is_some_and(|listener| !listener.rules.is_empty());
    part.listens.keys().filter(has_some).count() * part.rules.iter().map(pieces).sum::<usize>()
}

/// The certificates that a member brings to listeners and that nobody before it has.
fn certificates<'f>(front: &'f Front, part: &Part, seen: &mut BTreeSet<(u16, &'f Id)>) -> usize {
    let before = seen.len();
    for (port, wish) in &part.listens {
        let Some((port, wished)) = front.listeners.get_key_value(port) else { continue };
        let default = wished.listener.default_certificate.as_ref();
        let all = wished.listener.certificates.iter();
        let own = all.filter(|id| wish.certificates.contains(id) && Some(*id) != default);
        seen.extend(own.map(|id| (*port, id)));
    }
    seen.len() - before
}

fn judge<'p>(
    what: &str,
    max: usize,
    counts: impl Iterator<Item = (&'p Source, usize)> + Clone,
) -> Option<Problem> {
    let total: usize = counts.clone().map(|(_, count)| count).sum();
    let near = max * NEAR / 100;
    let (found, bound, meanwhile) = if total > max {
        let meanwhile = "all of it is tried, and what AWS takes is made";
        (format!("more than {max} {what} of one load balancer"), max + 1, meanwhile)
    } else if total >= near {
        let meanwhile = "all of it is made; what is new beyond that may be refused";
        (format!("{near} or more {what} of one load balancer"), near, meanwhile)
    } else {
        return None;
    };
    let mut so_far = 0;
    let mut reaching = counts.filter(|(_, count)| {
        so_far += count;
        so_far >= bound
    });
    reaching.next().map(|(source, _)| Problem {
        code: Code::NearLimit,
        severity: Severity::Warning,
        object: ObjectRef::of(source),
        field: "the group's load balancer".to_owned(),
        found,
        allowed: format!("{max}, unless AWS allows this account more"),
        meanwhile: meanwhile.to_owned(),
    })
}
