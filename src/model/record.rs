//! Records of Route 53, and the hosted zones that hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::id::{AwsId, Id};
use super::naming::Given;
use super::routing::Routing;
use super::source::Source;

/// A hosted zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedZone {
    /// Its id, without `/hostedzone/`.
    pub id: AwsId,
    /// The domain, in lower case and without the last dot.
    pub name: String,
    /// Whether only VPCs see it.
    pub is_private: bool,
}

/// The account's hosted zones, by id.
pub type HostedZones = BTreeMap<AwsId, HostedZone>;

impl HostedZone {
    /// Whether a host lies in this zone, or is its apex.
    #[must_use]
    pub fn holds(&self, host: &str) -> bool {
        is_within(host, &self.name)
    }
}

/// Whether a name is a domain, or lies in it.
#[must_use]
pub fn is_within(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The types of records that concern names of load balancers; others are never looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordType {
    /// An IPv4 address, or an alias for one.
    A,
    /// An IPv6 address, or an alias for one.
    Aaaa,
    /// Another name.
    Cname,
    /// Text.
    Txt,
}

impl RecordType {
    /// The one that comes before all others.
    pub const FIRST: Self = Self::A;

    /// As Route 53 spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Txt => "TXT",
        }
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What tells the records of a zone apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordKey {
    /// The name, in lower case, without the last dot and with `*` as itself.
    pub name: String,
    /// The type.
    pub record_type: RecordType,
    /// What tells records of one name and type apart that are chosen by weight, region or the like.
    pub set_identifier: Option<String>,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What tells it apart.
    pub key: RecordKey,
    /// What it says.
    pub value: RecordValue,
    /// Its place among others of its name and type.
    #[serde(default, skip_serializing_if = "Routing::is_simple")]
    pub routing: Routing,
    /// The health check that decides whether it is given for an answer, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check: Option<String>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordValue {
    /// Whatever another name says at the moment of asking.
    Alias {
        /// The other name: of a load balancer, or to be the name of one.
        target: Id,
        /// The hosted zone that the other name lies in; known once the load balancer is.
        hosted_zone: Option<AwsId>,
        /// Whether a target that is not healthy is left out of the answer.
        evaluate_target_health: bool,
    },
    /// These values.
    Values {
        /// For how long an answer may be kept, in seconds.
        ttl: i64,
        /// The values, as Route 53 spells them: those of TXT records are in quotes.
        values: Vec<String>,
    },
}

impl Record {
    /// A record that no other of its name and type stands beside.
    #[must_use]
    pub fn simple(name: &str, record_type: RecordType, value: RecordValue) -> Self {
        let key = RecordKey { name: name.to_owned(), record_type, set_identifier: None };
        Self { key, value, routing: Routing::Simple, health_check: None }
    }

    /// The name that this is an alias of, as far as it is known.
    #[must_use]
    pub fn alias_target(&self) -> Option<&AwsId> {
        match &self.value {
            RecordValue::Alias { target, .. } => target.given(),
            RecordValue::Values { .. } => None,
        }
    }
}

/// What a record that somebody wishes for should say, and so of which types it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WishedValue {
    /// Whatever the name of a load balancer says: a record for each kind of address that it has.
    /// For how long an answer may be kept is up to the load balancer's own zone (AWS).
    Alias {
        /// Whether Route 53 leaves it out while it has no healthy target.
        evaluate_target_health: bool,
    },
    /// That the name of a load balancer is meant.
    Cname,
    /// What an annotation says.
    Given {
        /// What that is.
        given: Given,
        /// Whether Route 53 leaves an alias out whose target has nothing healthy.
        evaluate_target_health: bool,
    },
}

/// What somebody wishes a name to say. Whoever supplies it, a zone takes it alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordWish {
    /// What its records should say.
    pub value: WishedValue,
    /// The load balancer by which those who ask are served, wherever the name should lead.
    pub load_balancer: Id,
    /// For how long an answer may be kept, in seconds, if somebody says so.
    pub ttl: Option<i64>,
    /// What tells them from others of the name.
    pub set_identifier: Option<String>,
    /// Their place among others of the name.
    pub routing: Routing,
    /// The health check that decides whether they are given for an answer, by its id.
    pub health_check: Option<String>,
    /// Who asks.
    pub source: Source,
    /// Others that ask for the same.
    pub others: BTreeSet<Source>,
}

impl RecordWish {
    /// The load balancer that the name should lead to, if it is one of ours.
    #[must_use]
    pub fn leads_to(&self) -> Option<&Id> {
        match self.value {
            WishedValue::Alias { .. } | WishedValue::Cname => Some(&self.load_balancer),
            WishedValue::Given { .. } => None,
        }
    }

    /// Whether somebody is among those who ask.
    #[must_use]
    pub fn is_of(&self, source: &Source) -> bool {
        self.source == *source || self.others.contains(source)
    }

    /// Its record of a type.
    #[must_use]
    pub fn record(&self, name: &str, record_type: RecordType, value: RecordValue) -> Record {
        let set_identifier = self.set_identifier.clone();
        Record {
            key: RecordKey { name: name.to_owned(), record_type, set_identifier },
            value,
            routing: self.routing.clone(),
            health_check: self.health_check.clone(),
        }
    }
}

/// What happens to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// It goes; it must stand exactly like this.
    Delete,
    /// It is made; none may stand.
    Create,
    /// It is made, or takes the place of what stands.
    Upsert,
}

impl Verb {
    /// As Route 53 spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Create => "CREATE",
            Self::Upsert => "UPSERT",
        }
    }
}

/// One change of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordChange {
    /// What happens.
    pub verb: Verb,
    /// To what.
    pub record: Record,
}

/// The most values of one batch of changes (Route 53); those that are made or replaced count
/// twice, an alias counts as one.
pub const BATCH_VALUES_MAX: usize = 1000;
/// The most characters of all values of one batch (Route 53), counted likewise.
pub const BATCH_CHARACTERS_MAX: usize = 32_000;

/// How far what was written of a name has come: Route 53's servers answer by it some time later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// All servers answer by it.
    Everywhere,
    /// Nobody is told whether they do.
    Untold,
    /// Some servers may not have it yet.
    OnItsWay,
}

/// What one batch of changes holds at most. Changes of one name go together all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// How many changes.
    pub changes: usize,
    /// How many values, as Route 53 counts them.
    pub values: usize,
    /// How many characters of them, counted likewise.
    pub characters: usize,
}

impl Default for BatchLimits {
    /// What Route 53 takes. A change has one value at least.
    fn default() -> Self {
        let (values, characters) = (BATCH_VALUES_MAX, BATCH_CHARACTERS_MAX);
        Self { changes: values, values, characters }
    }
}

impl RecordChange {
    /// How many values and characters this counts for in a batch.
    #[must_use]
    pub fn weight(&self) -> (usize, usize) {
        let (values, characters) = match &self.record.value {
            RecordValue::Alias { target, .. } => (1, target.short().len()),
            RecordValue::Values { values, .. } => {
                (values.len(), values.iter().map(String::len).sum())
            }
        };
        let factor = if self.verb == Verb::Upsert { 2 } else { 1 };
        (values * factor, characters * factor)
    }
}

/// The length of the escape of one character: a backslash and three octal digits.
const ESCAPE_LENGTH: usize = 4;

/// A name as Route 53 tells it in the one spelling that is used here: lower case, without the last
/// dot, and with characters instead of their octal escapes.
#[must_use]
pub fn name_from_route53(text: &str) -> String {
    let text = text.strip_suffix('.').unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'\\').then(|| after.get(..ESCAPE_LENGTH - 1)).flatten();
        let escaped = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escaped.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[ESCAPE_LENGTH..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    // What is no text once it is read stays as it was written.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let cases = [
            ("web.example.com.", "web.example.com"),
            ("\\052.Example.com.", "*.example.com"),
            ("a-\\052.w.example.com", "a-*.w.example.com"),
            ("m\\303\\274nchen.example.com.", "münchen.example.com"),
            ("odd\\377.example.com.", "odd\\377.example.com"),
            ("short\\05", "short\\05"),
            ("trailing\\", "trailing\\"),
        ];
        for (given, expected) in cases {
            assert_eq!(name_from_route53(given), expected);
        }
    }

    #[test]
    fn a_name_that_only_ends_alike_is_not_within() {
        assert!(is_within("a.b.example.com", "b.example.com"));
        assert!(is_within("b.example.com", "b.example.com"));
        assert!(!is_within("foob.example.com", "b.example.com"));
    }
}
