//! Apps that ask clients to log in, and whose targets addresses reach past the load balancer.
//!
//! Load balancers ask, targets do not: whoever reaches a target by itself is served without, and
//! what a load balancer would tell it of a client can be made up. Only what is known already
//! counts: the security groups that are opened for a binding, and what else they let in. Members
//! of security groups are not meant: nodes let in each other nearly everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::id::{AwsId, Handle, Id, ObjectKey, TargetGroupKey};
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::rule::RuleAction;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;

use super::annotations::table::{AUTH_TYPE, JWT_VALIDATION};
use super::fabric::Openings;

/// What is to be said of the parts of members; `asked` is what bindings that stand ask security
/// groups to let in.
#[must_use]
pub fn problems(
    snapshot: &Snapshot,
    parts: &BTreeMap<Source, Arc<Part>>,
    asked: &BTreeMap<ObjectKey, Openings>,
) -> Vec<Problem> {
    parts.values().filter_map(|part| problem(snapshot, part, asked)).collect()
}

/// Whether a part asks any client to log in.
#[must_use]
pub fn asks(part: &Part) -> bool {
    of_part(part).flatten().any(RuleAction::authenticates)
}

fn of_part(part: &Part) -> impl Iterator<Item = &[RuleAction]> {
    let of_rules = part.rules.iter().map(|rule| rule.actions.as_slice());
    of_rules.chain(part.default_actions.as_deref())
}

fn problem(
    snapshot: &Snapshot,
    part: &Part,
    asked: &BTreeMap<ObjectKey, Openings>,
) -> Option<Problem> {
    let (service, port, group) = guarded(part).into_iter().find_map(|key| {
        let wished = &part.target_groups.get(key)?.binding;
        let mut bindings = snapshot.objects.bindings.iter().filter(|(key, seen)| {
            let spec = &seen.spec.service_ref;
            key.namespace == wished.namespace
                && spec.name == wished.service
                && spec.port == wished.port
        });
        let (port, group) = bindings.find_map(|(key, _)| open(snapshot, asked.get(key)?))?;
        Some((&wished.service, port, group))
    })?;
    let has_jwt = |actions: &[RuleAction]| {
        actions.iter().any(|action| matches!(action, RuleAction::ValidateJwt(_)))
    };
    let field = if of_part(part).any(has_jwt) { JWT_VALIDATION.field() } else { AUTH_TYPE.field() };
    Some(Problem {
        code: Code::ReachedPast,
        severity: Severity::Warning,
        object: ObjectRef::of(&part.source),
        field,
        found: format!(
            "port {port} of the targets of Service {service}, which security group {group} opens \
             to addresses"
        ),
        allowed: "targets that let in load balancers alone".to_owned(),
        meanwhile: "whoever reaches them past the load balancer is asked nothing".to_owned(),
    })
}

/// The target groups that clients come to once they have logged in.
fn guarded(part: &Part) -> BTreeSet<&TargetGroupKey> {
    let asking = of_part(part).filter(|actions| actions.iter().any(RuleAction::authenticates));
    let groups = asking.flatten().flat_map(RuleAction::target_groups);
    let keys = groups.filter_map(|weighted| match &weighted.group {
        Id::Of(Handle::TargetGroup(_, key)) => Some(key),
        Id::Of(_) | Id::Is(_) => None,
    });
    keys.collect()
}

/// The first port of some openings that addresses reach as well, and by which security group.
fn open<'a>(snapshot: &Snapshot, openings: &'a Openings) -> Option<(u16, &'a AwsId)> {
    let groups = &snapshot.surroundings.security_groups;
    openings.iter().find_map(|(id, rules)| {
        let group = groups.get(id)?;
        let opened = rules.iter().find(|rule| group.opens((rule.from_port, rule.to_port)))?;
        Some((opened.from_port, id))
    })
}
