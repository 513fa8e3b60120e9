//! The rules of each listener in their order, with whose they are, and which of them LBC leaves
//! out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::listener::Protocol;
use crate::model::part::Part;
use crate::model::rule::{Precedence, Rule};
use crate::model::stack::Numbering;

use super::rule::{optimizer, plain};
use super::shared::Shared;

/// A rule that a member asks for on one listener.
#[derive(Clone, Debug)]
pub struct Placed<'p> {
    /// Whose it is: the place of its member in the group.
    pub member: usize,
    /// What the member brings.
    pub part: &'p Part,
    /// Its place among the rules of its member.
    pub number: usize,
    /// What it comes to on this listener.
    pub rule: Cow<'p, Rule>,
    /// Whether it is made.
    pub fate: Fate,
}

/// Whether a rule is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is.
    Stands,
    /// It would send clients back to where they are.
    LeadsBack,
    /// The rule at this place of the listener sends all who could come elsewhere.
    SentElsewhere(usize),
}

/// Which priorities the rules of a port have: LBC's, unless all whose rules these are ask for
/// another order.
#[must_use]
pub fn numbering(placed: &[Placed<'_>]) -> Numbering {
    let asks = |placed: &Placed<'_>| placed.part.precedence == Precedence::Kubernetes;
    if !placed.is_empty() && placed.iter().all(asks) { Numbering::Sparse } else { Numbering::Dense }
}

/// The rules of each port. One that sends everybody to HTTPS has none. Where members that follow
/// each other ask for the narrowest first, theirs stand so together.
#[must_use]
pub fn by_port<'p>(shared: &Shared, parts: &'p [Arc<Part>]) -> BTreeMap<u16, Vec<Placed<'p>>> {
    let redirects = shared.load_balancer.ssl_redirect.is_some();
    let each = shared.ports.iter().map(|(port, wish)| {
        let protocol = wish.listener.protocol;
        let has_rules = !redirects || protocol == Protocol::Https;
        let parts = parts.iter().map(AsRef::as_ref).enumerate();
        let listening = parts.filter(|(_, part)| has_rules && part.listens.contains_key(port));
        let asked = listening.flat_map(|(member, part): (usize, &Part)| {
            part.rules.iter().enumerate().map(move |(number, rule)| (member, part, number, rule))
        });
        let mut asked: Vec<_> = asked.collect();
        let of = |(_, part, _, _): &(usize, &Part, usize, &Rule)| part.precedence;
        for run in asked.chunk_by_mut(|one, next| of(one) == of(next)) {
            if run.first().is_some_and(|first| of(first) == Precedence::Kubernetes) {
                run.sort_by_cached_key(|(_, _, _, rule)| rule.openness());
            }
        }
        let mut placed: Vec<Placed<'p>> = Vec::new();
        for (member, part, number, rule) in asked {
            let rule = match protocol {
                Protocol::Http => plain::rule(part, rule),
                Protocol::Https | Protocol::Tcp => Cow::Borrowed(rule),
            };
            let shadows = |before: &Placed<'_>| {
                before.fate == Fate::Stands && optimizer::shadows(&before.rule, &rule)
            };
            let fate = if optimizer::loops(&rule, *port, protocol) {
                Fate::LeadsBack
            } else {
                placed.iter().position(shadows).map_or(Fate::Stands, Fate::SentElsewhere)
            };
            placed.push(Placed { member, part, number, rule, fate });
        }
        (*port, placed)
    });
    each.collect()
}
