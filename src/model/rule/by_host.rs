//! Rules in their order, found by the hosts that they are for: of a hundred that share a listener
//! few are for the same host, and only these can take each other's requests.

use std::collections::BTreeMap;

use smol_str::{SmolStr, StrExt as _};

use super::{Condition, Rule, pattern};

/// Rules in their order, found by the hosts that they are for.
#[derive(Debug, Default)]
pub struct RulesByHost<'a> {
    rules: Vec<&'a Rule>,
    /// The places of those that name their hosts, by each of these in lower case.
    named: BTreeMap<SmolStr, Vec<usize>>,
    /// The places of all others: theirs may be any hosts.
    others: Vec<usize>,
}

impl<'a> RulesByHost<'a> {
    /// Rules that may take requests of another one, in their order, each with its place. None of
    /// those that are left out overlaps it, contains it, or is contained by it.
    pub fn near(&self, rule: &Rule) -> impl Iterator<Item = (usize, &'a Rule)> {
        let mut places: Vec<usize> = match names(rule) {
            None => (0..self.rules.len()).collect(),
            Some(names) => {
                let named = names.iter().filter_map(|name| self.named.get(&folded(name)));
                named.flatten().chain(&self.others).copied().collect()
            }
        };
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| Some((place, *self.rules.get(place)?)))
    }
}

impl<'a> FromIterator<&'a Rule> for RulesByHost<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Rule>>(rules: I) -> Self {
        let mut found = Self::default();
        for (place, rule) in rules.into_iter().enumerate() {
            found.rules.push(rule);
            match names(rule) {
                None => found.others.push(place),
                Some(names) => {
                    for name in names {
                        found.named.entry(folded(name)).or_default().push(place);
                    }
                }
            }
        }
        found
    }
}

/// The hosts that a rule is for, where it names all of them. AWS takes one condition of hosts; of
/// several each narrows the others.
fn names(rule: &Rule) -> Option<&[SmolStr]> {
    let mut hosts = rule.conditions.iter().filter_map(|condition| match condition {
        Condition::Host(values) => Some(values.as_slice()),
        _ => None,
    });
    let only = hosts.next().filter(|_| hosts.next().is_none())?;
    let are_names = !only.is_empty() && only.iter().all(|host| pattern::is_text(host));
    are_names.then_some(only)
}

fn folded(name: &SmolStr) -> SmolStr {
    name.to_ascii_lowercase_smolstr()
}
