//! What of a group's rules serves nobody, told to those whose rules these are. Nothing is built
//! otherwise for it.
//!
//! Who reads it learns of other namespaces no more than that they have rules in the group.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::listener::Protocol;
use crate::model::part::Part;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::rule::{Rule, RulesByHost};
use crate::model::stack::Front;

use super::annotations::table::{GROUP_ORDER, LISTEN_PORTS, SSL_REDIRECT};
use super::placed::{Fate, Placed};
use super::shared::Shared;

mod redirect;

/// How many rules are named; of more, how many there are.
const NAMED_MAX: usize = 3;

/// Finds out what of a group's rules serves nobody.
#[derive(Clone, Copy, Debug)]
pub struct Lint<'a> {
    /// What members share.
    pub shared: &'a Shared,
    /// The rules of each port.
    pub placed: &'a BTreeMap<u16, Vec<Placed<'a>>>,
    /// What is made of them.
    pub front: &'a Front,
}

/// The rules of a member that no request comes to, each with whom a rule is that takes them before.
type Taken<'a> = BTreeMap<usize, &'a Part>;

impl<'a> Lint<'a> {
    /// All that is to be told: each member hears of each kind once.
    #[must_use]
    pub fn problems(&self, parts: &[Arc<Part>]) -> Vec<Problem> {
        let mut taken = self.taken();
        let mut problems = redirect::endless(self);
        for (member, part) in parts.iter().enumerate() {
            problems.extend(self.on_no_listener(part));
            problems.extend(taken.remove(&member).map(|rules| never_met(part, &rules)));
        }
        problems
    }

    /// The rules that no request comes to on any listener, by member.
    fn taken(&self) -> BTreeMap<usize, Taken<'a>> {
        let mut met: BTreeSet<(usize, usize)> = BTreeSet::new();
        let mut taken: BTreeMap<usize, Taken<'a>> = BTreeMap::new();
        for rules in self.placed.values() {
            let by_host: RulesByHost<'_> = rules.iter().map(|placed| &*placed.rule).collect();
            for (place, placed) in rules.iter().enumerate() {
                let before = match placed.fate {
                    // Nobody would be served by it: that is another matter.
                    Fate::LeadsBack => continue,
                    Fate::SentElsewhere(place) => rules.get(place),
                    Fate::Stands => {
                        let near = by_host.near(&placed.rule).map(|(place, _)| place);
                        let before = near.take_while(|near| *near < place);
                        before.filter_map(|place| rules.get(place)).find(|before| {
                            before.fate == Fate::Stands && before.rule.contains(&placed.rule)
                        })
                    }
                };
                if let Some(before) = before {
                    taken.entry(placed.member).or_default().insert(placed.number, before.part);
                } else {
                    met.insert((placed.member, placed.number));
                }
            }
        }
        for (member, rules) in &mut taken {
            rules.retain(|number, _| !met.contains(&(*member, *number)));
        }
        taken.retain(|_, rules| !rules.is_empty());
        taken
    }

    /// Says to whom listens for HTTP alone, where that sends everybody to HTTPS, that its rules are
    /// nowhere.
    fn on_no_listener(&self, part: &Part) -> Option<Problem> {
        let to = self.shared.load_balancer.ssl_redirect?;
        let is_http = |port: &u16| {
            self.shared.ports.get(port).is_some_and(|p| p.listener.protocol == Protocol::Http)
        };
        let is_nowhere = !part.rules.is_empty() && part.listens.keys().all(is_http);
        is_nowhere.then(|| Problem {
            code: Code::UnreachableRule,
            severity: Severity::Warning,
            object: ObjectRef::of(&part.source),
            field: LISTEN_PORTS.field(),
            found: format!(
                "HTTP alone, in a group whose {} sends all of HTTP to port {to}",
                SSL_REDIRECT.name
            ),
            allowed: format!("HTTPS on port {to} as well"),
            meanwhile: "its rules are on no listener".to_owned(),
        })
    }
}

/// Says whose rules are never met, and why.
fn never_met(part: &Part, taken: &Taken<'_>) -> Problem {
    let other = taken.values().find(|before| before.source != part.source);
    let (by, severity, allowed) = match other {
        None => {
            let allowed = "rules for other requests, or the narrower ones first".to_owned();
            ("this Ingress".to_owned(), Severity::Note, allowed)
        }
        Some(other) => {
            let is_near = other.source.namespace() == part.source.namespace();
            let object = is_near.then(|| ObjectRef::of(&other.source).to_string());
            let by = object.unwrap_or_else(|| "another namespace in the group".to_owned());
            let allowed = format!("rules for other requests, or a lower {}", GROUP_ORDER.name);
            (by, Severity::Warning, allowed)
        }
    };
    Problem {
        code: Code::UnreachableRule,
        severity,
        object: ObjectRef::of(&part.source),
        field: "spec.rules".to_owned(),
        found: format!("{}, whose requests rules of {by} take before", named(part, taken)),
        allowed,
        meanwhile: "no request comes to them".to_owned(),
    }
}

/// Rules by what they ask for; those of a host together where none of it is met.
fn named(part: &Part, taken: &Taken<'_>) -> String {
    let mut texts: Vec<String> = Vec::new();
    let rules = || part.rules.iter().enumerate();
    for (_, rule) in rules().filter(|(number, _)| taken.contains_key(number)) {
        let mut of_hosts = rules().filter(|(_, other)| other.hosts() == rule.hosts());
        let text = match rule.hosts() {
            Some(hosts) if of_hosts.all(|(number, _)| taken.contains_key(&number)) => {
                format!("all rules for {}", hosts.join("|"))
            }
            Some(_) | None => asked_by(rule),
        };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    let count = texts.len();
    texts.truncate(NAMED_MAX);
    if count > NAMED_MAX {
        texts.push(format!("{} more", count - NAMED_MAX));
    }
    texts.join(", ")
}

/// What a rule asks of requests.
fn asked_by(rule: &Rule) -> String {
    let conditions: Vec<String> = rule.conditions.iter().map(ToString::to_string).collect();
    conditions.join(" ")
}
