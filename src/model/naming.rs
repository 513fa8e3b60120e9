//! What a member says of the names that are its own: one thing for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::id::AwsId;
use super::routing::Routing;

/// What the records of a member's names should say, and how they stand beside others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Naming {
    /// Where the names lead.
    #[serde(default)]
    pub target: Target,
    /// Whether Route 53 leaves an alias out whose target has nothing healthy.
    pub evaluate_target_health: bool,
    /// For how long an answer may be kept, in seconds, if somebody says so. For aliases their
    /// targets do (AWS).
    #[serde(default)]
    pub ttl: Option<i64>,
    /// What tells the records from others of their names.
    #[serde(default)]
    pub set_identifier: Option<String>,
    /// The place of the records among others of their names.
    #[serde(default)]
    pub routing: Routing,
    /// The health check that decides whether they are given for an answer, by its id.
    #[serde(default)]
    pub health_check: Option<String>,
    /// The one hosted zone that they are kept in, where not all that fit are meant.
    #[serde(default)]
    pub zone: Option<AwsId>,
}

/// Where names lead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// To the load balancer of the member's group, by an alias.
    #[default]
    Alias,
    /// To the same by a CNAME record.
    Cname,
    /// Wherever an annotation says.
    Given(Given),
}

impl Target {
    /// Whether there is anything that names could lead to.
    #[must_use]
    pub fn leads_anywhere(&self) -> bool {
        *self != Self::Given(Given::default())
    }
}

/// Where an annotation says that names lead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Addresses.
    pub ipv4: BTreeSet<Ipv4Addr>,
    /// Addresses.
    pub ipv6: BTreeSet<Ipv6Addr>,
    /// Another name, in lower case and without the last dot.
    pub name: Option<GivenName>,
}

/// Another name that names lead to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GivenName {
    /// By a CNAME record.
    Cname(String),
    /// By an alias.
    Alias {
        /// The name.
        name: String,
        /// The hosted zone that it lies in; where nobody says, that of the record itself.
        zone: Option<AwsId>,
    },
}

impl Naming {
    /// Aliases of the load balancer that no others stand beside.
    #[must_use]
    pub fn plain(evaluate_target_health: bool) -> Self {
        Self { evaluate_target_health, ..Self::default() }
    }

    fn is_plain(&self) -> bool {
        *self == Self::plain(self.evaluate_target_health)
    }
}

/// The names of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberNames {
    /// The names.
    pub hosts: BTreeSet<String>,
    /// What it says of them.
    pub naming: Arc<Naming>,
}

impl MemberNames {
    /// Names of which this is said; of none there is nothing to say.
    #[must_use]
    pub fn of(hosts: BTreeSet<String>, naming: Naming) -> Self {
        let naming = if hosts.is_empty() { Naming::default() } else { naming };
        Self { hosts, naming: Arc::new(naming) }
    }
}

/// How names are stored: aliases of load balancers as they were before there was anything else. Who
/// knows of nothing else does not read what is meant otherwise, instead of misreading it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Plain(BTreeMap<String, bool>),
    Other { hosts: BTreeSet<String>, naming: Arc<Naming> },
}

impl Serialize for MemberNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { hosts, naming } = self.clone();
        let evaluate = naming.evaluate_target_health;
        let stored = if naming.is_plain() {
            Stored::Plain(hosts.into_iter().map(|host| (host, evaluate)).collect())
        } else {
            Stored::Other { hosts, naming }
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MemberNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Stored::deserialize(deserializer)? {
            Stored::Plain(hosts) => {
                let naming = Naming::plain(hosts.values().next().copied().unwrap_or_default());
                Self::of(hosts.into_keys().collect(), naming)
            }
            Stored::Other { hosts, naming } => Self { hosts, naming },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_as_it_was_and_plain_names_as_ever() {
        let plain = serde_json::json!({"a.example.com": false, "b.example.com": false});
        let names: MemberNames = serde_json::from_value(plain.clone()).expect("it is one");
        assert_eq!((names.hosts.len(), &*names.naming), (2, &Naming::plain(false)));
        assert_eq!(serde_json::to_value(&names).expect("it can be"), plain);
        let naming = Naming {
            set_identifier: Some("a".to_owned()),
            routing: Routing::Weighted(1),
            ..Naming::default()
        };
        let routed = MemberNames::of(names.hosts, naming.clone());
        for names in [routed, MemberNames::of(BTreeSet::new(), naming)] {
            let stored = serde_json::to_value(&names).expect("it can be");
            assert_eq!(serde_json::from_value::<MemberNames>(stored).expect("it is one"), names);
        }
        let nothing = MemberNames::of(BTreeSet::new(), Naming::plain(true));
        let stored = serde_json::to_value(&nothing).expect("it can be");
        assert_eq!(serde_json::from_value::<MemberNames>(stored).expect("it is one"), nothing);
    }
}
