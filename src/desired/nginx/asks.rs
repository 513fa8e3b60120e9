//! What the annotations of ingress-nginx ask for, held against the table.

use std::collections::BTreeMap;

use crate::desired::annotations::table::{MUTUAL_AUTHENTICATION, WAFV2_ACL_ARN, WAFV2_ACL_NAME};
use crate::desired::annotations::{Annotations, Lookup, boolean, nearest_of};
use crate::desired::groups::Member;
use crate::desired::rule::authentication;
use crate::model::problem::{Code, Kind, Problem, Severity};

use super::snippet;
use super::table::{Effect, Form, PREFIX, Row, Unless, lookup, names};

/// What happens without what cannot be had, in the words of an Event.
const WITHOUT: &str = "it is served without";
/// What names of guards have in them: one that nobody knows may be meant for one.
const GUARDS: [&str; 5] = ["auth", "allow", "deny", "whitelist", "secret"];

/// What annotations ask for, by their names without the prefix: what can be read, and asks for
/// anything.
#[derive(Clone, Debug, Default)]
pub struct Asks<'a> {
    values: BTreeMap<&'static str, &'a str>,
}

impl<'a> Asks<'a> {
    /// Reads those of an Ingress, and says what is wrong with them.
    #[must_use]
    pub fn of(member: &Member<'a>) -> (Self, Vec<Problem>) {
        let values = member.ingress.metadata.annotations.as_ref();
        let mut annotations = Annotations::new(Kind::Ingress, member.key, values);
        let mut asks = Self::default();
        let mut problems = Vec::new();
        for (key, text) in values.into_iter().flatten() {
            let Some(name) = key.strip_prefix(PREFIX) else { continue };
            let Some(row) = lookup(name) else {
                problems.push(unknown(&annotations, name));
                continue;
            };
            if row.is_idle(text) {
                continue;
            }
            if let Some(allowed) = row.fault(text) {
                let found = quoted(text);
                problems.push(annotations.error(
                    Code::InvalidAnnotation,
                    field(name),
                    found,
                    &allowed,
                ));
                continue;
            }
            let ours = &Lookup { class: member.params, service: None, ingress: &mut annotations };
            let refused = refused(ours, row, text);
            if refused.is_none() {
                asks.values.insert(row.name, text);
            }
            problems.extend(refused);
        }
        (asks, problems)
    }

    /// A value as it is written.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.values.get(name).copied()
    }

    /// Whether something is asked for.
    #[must_use]
    pub fn truth(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| boolean(text) == Ok(true))
    }

    /// A number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u32> {
        self.text(name)?.parse().ok()
    }
}

/// Where a problem with an annotation is.
#[must_use]
pub fn field(name: &str) -> String {
    format!("annotation {PREFIX}{name}")
}

/// A value in an Event: quoted, and cut where it would drown the sentence.
#[must_use]
pub fn quoted(text: &str) -> String {
    crate::desired::annotations::quoted(text)
}

/// Whether an annotation keeps somebody out.
#[must_use]
pub fn is_guard(row: &Row) -> bool {
    row.form == Form::Sources || matches!(row.effect, Effect::Closed { .. } | Effect::Snippet)
}

fn unknown(annotations: &Annotations<'_>, name: &str) -> Problem {
    let near = nearest_of(name, names());
    let allowed = match near {
        Some(near) => format!("did you mean {PREFIX}{near}?"),
        None => "those that docs/nginx.md lists".to_owned(),
    };
    let found = "a name that ingress-nginx does not have".to_owned();
    let is_guard = near.and_then(lookup).is_some_and(is_guard)
        || GUARDS.iter().any(|word| name.contains(word));
    let problem = annotations.error(Code::UnknownAnnotation, field(name), found, &allowed);
    if is_guard { problem } else { served(problem) }
}

/// The same of what is served all the same.
fn served(problem: Problem) -> Problem {
    Problem { severity: Severity::Warning, meanwhile: WITHOUT.to_owned(), ..problem }
}

/// What is to be said of what a load balancer cannot do.
fn refused(ours: &Lookup<'_, '_, '_>, row: &Row, text: &str) -> Option<Problem> {
    let problem = |found: String, instead: &str| {
        ours.ingress.error(Code::Unsupported, field(row.name), found, instead)
    };
    match row.effect {
        Effect::Translated { .. } | Effect::Harmless { .. } => None,
        Effect::Without { instead } => Some(served(problem(quoted(text), instead))),
        Effect::Closed { instead, unless } => {
            (!stands(ours, unless)).then(|| problem(quoted(text), instead))
        }
        Effect::Snippet => Some(match snippet::guard(text) {
            Some(word) => problem(
                format!("a snippet with {}", quoted(&word)),
                "annotations that say the same; it may keep somebody out",
            ),
            None => served(problem("a snippet".to_owned(), "annotations that say the same")),
        }),
    }
}

/// Whether what takes the place of a guard is there.
fn stands(ours: &Lookup<'_, '_, '_>, unless: Unless) -> bool {
    match unless {
        Unless::Never => false,
        Unless::Login => authentication::asks(ours),
        Unless::ClientCertificates => ours.text(&MUTUAL_AUTHENTICATION).is_some(),
        Unless::WebAcl => {
            let acls = [ours.text(&WAFV2_ACL_ARN), ours.text(&WAFV2_ACL_NAME)];
            acls.iter().flatten().any(|text| !text.is_empty() && text != "none")
        }
    }
}
