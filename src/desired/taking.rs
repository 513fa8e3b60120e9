//! What members would take from members of other namespaces: requests that a rule of theirs answers
//! today, and the say in what the group shares.
//!
//! AWS Load Balancer Controller lets whoever joins a group take both. On its classes that is so
//! here, too; where a class of our own is concerned, who is in keeps what it has. Many namespaces
//! with disjoint rules of one host are what groups are for.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::group::Group;
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::rule::{Precedence, Rule};
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;

use super::annotations::MEANWHILE;
use super::brought::Brought;
use super::classes::{Claim, claim, class_of, is_own_class};
use super::groups::is_in_already;

/// Finds out what members take from others.
#[derive(Clone, Copy, Debug)]
pub struct Taking<'a> {
    /// What is known.
    pub snapshot: &'a Snapshot,
    /// The group.
    pub group: &'a Group,
    /// What its members bring.
    pub brought: &'a Brought,
}

impl<'a> Taking<'a> {
    /// The first rule that a member asks for anew and that takes requests which a rule of another
    /// namespace answers.
    #[must_use]
    pub fn requests(&self, part: &Part) -> Option<Problem> {
        let before = self.brought.instead.get(&part.source).map(AsRef::as_ref);
        if before.is_none() && self.is_in(&part.source) {
            // What stands is nobody's else.
            return None;
        }
        let others = self.others(&part.source).filter_map(|other| self.standing(other));
        let others: Vec<&Part> = others.collect();
        let is_taking = |rule: &&Rule| is_taking(part, before, rule, &others);
        let taken = part.rules.iter().find(is_taking)?;
        let conditions: Vec<String> = taken.conditions.iter().map(ToString::to_string).collect();
        Some(Problem {
            code: Code::Conflict,
            severity: Severity::Error,
            object: ObjectRef::of(&part.source),
            field: "spec.rules".to_owned(),
            found: format!("{}, of which requests are answered already", conditions.join(" ")),
            allowed: "requests that no rule of another namespace in the group takes, or a later \
                      place in it"
                .to_owned(),
            meanwhile: MEANWHILE.to_owned(),
        })
    }

    /// Whether a member may decide what nobody before it has decided: who is in and of another
    /// namespace sees that, too.
    #[must_use]
    pub fn may_decide(&self, source: &Source) -> bool {
        let is_known = self.brought.instead.contains_key(source);
        let owner = self.brought.standing.iter().find(|source| self.is_in(source));
        let is_owned_here = owner.is_some_and(|owner| owner.namespace() == source.namespace());
        is_owned_here || (!is_known && self.is_in(source)) || self.others(source).next().is_none()
    }

    /// What stands of a member, as far as anybody remembers; of one that is in and of which nobody
    /// does, what it asks for, which has been let in once.
    #[must_use]
    pub fn stands(&self, source: &Source, good: &BTreeMap<Source, Arc<Part>>) -> Option<Arc<Part>> {
        let known = self.brought.instead.get(source);
        known.or_else(|| good.get(source).filter(|_| self.is_in(source))).cloned()
    }

    /// The members of other namespaces that are in and safe from a member.
    fn others<'s>(&'s self, source: &'s Source) -> impl Iterator<Item = &'a Source> + 's {
        let elsewhere = |other: &&Source| other.namespace() != source.namespace();
        let mut others = self.brought.standing.iter().filter(elsewhere).peekable();
        // Most groups are of one namespace.
        let is_own = others.peek().is_some() && self.is_own(source);
        others.filter(move |other| (is_own || self.is_own(other)) && self.is_in(other))
    }

    /// What stands of a member.
    fn standing(&self, source: &Source) -> Option<&'a Part> {
        let Brought { instead, good, .. } = self.brought;
        instead.get(source).or_else(|| good.get(source)).map(AsRef::as_ref)
    }

    /// Whether a member was in before: where it is known who was, only they were.
    fn is_in(&self, source: &Source) -> bool {
        let standing = &self.snapshot.memory.standing;
        if standing.is_empty() {
            is_in_already(self.snapshot, self.group, source)
        } else {
            standing.contains(source)
        }
    }

    /// Whether a member is of a class of our own, or may be: one that is missing may have been.
    fn is_own(&self, source: &Source) -> bool {
        let (settings, objects) = (&self.snapshot.settings, &self.snapshot.objects);
        let Some(ingress) = objects.ingresses.get(&source.key) else { return false };
        match class_of(objects, ingress) {
            Some(class) => is_own_class(class),
            None => matches!(claim(settings, objects, &source.key, ingress), Claim::Unknown(_)),
        }
    }
}

/// Whether a rule of a member's takes requests that one of the others' answers.
fn is_taking(part: &Part, before: Option<&Part>, rule: &Rule, others: &[&Part]) -> bool {
    others.iter().any(|other| {
        let shared = || part.listens.keys().filter(|port| other.listens.contains_key(*port));
        other.rules.iter().any(|theirs| {
            // Where the other one comes first, it goes on answering.
            let was_first = |port: &u16| {
                let had = before.filter(|before| has(before, rule, *port));
                had.is_some_and(|before| is_first((before, rule), (other, theirs)))
            };
            is_first((part, rule), (other, theirs))
                && !shared().all(was_first)
                && rule.overlaps(theirs)
        })
    })
}

/// The place of a part among those of its group.
fn place(part: &Part) -> (i32, String) {
    (part.order, part.source.to_string())
}

/// Whether a member's rule comes before another's. Among those of members that ask for the
/// narrowest first that counts before their places.
fn is_first((part, rule): (&Part, &Rule), (other, theirs): (&Part, &Rule)) -> bool {
    let both = [part, other].map(|part| part.precedence == Precedence::Kubernetes);
    let openness = (both == [true, true]).then(|| rule.openness().cmp(&theirs.openness()));
    openness.unwrap_or(Ordering::Equal).then_with(|| place(part).cmp(&place(other))).is_lt()
}

/// Whether a member asks for the same of requests on a port.
fn has(part: &Part, rule: &Rule, port: u16) -> bool {
    part.listens.contains_key(&port) && part.rules.iter().any(|had| rule.is_for_what(had))
}
