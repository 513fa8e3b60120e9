//! What neither Kubernetes nor AWS can tell. Losing it makes us more careful, never destructive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::AwsId;
use super::load_balancer::Attributes;
use super::pairs;
use super::part::Part;
use super::source::Source;

/// Attributes that classes of ours have had set: they go back to what AWS makes of them once nobody
/// asks for them, unless somebody else has set them otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Given {
    /// Of the load balancer.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub load_balancer: Attributes,
    /// Of the network load balancer in front of it.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub frontend_nlb: Attributes,
    /// Of listeners, by port.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub listeners: BTreeMap<u16, Attributes>,
    /// Of target groups, by what they are to the group.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub target_groups: BTreeMap<SmolStr, Attributes>,
}

impl Given {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let of_others = self.listeners.values().chain(self.target_groups.values());
        let of_balancers = self.load_balancer.len() + self.frontend_nlb.len();
        of_balancers + of_others.map(Attributes::len).sum::<usize>()
    }
}

/// What is remembered of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// The last good part of each member that has turned bad.
    #[serde(with = "pairs")]
    pub held: BTreeMap<Source, Arc<Part>>,
    /// The members that are on their way out and have waited for whatever they had to: what is left
    /// of them only has to go.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub let_go: BTreeSet<Source>,
    /// Things that nobody wants and that AWS would not let go yet. Their objects are released; they
    /// are tried again for as long as they stand.
    pub leftovers: BTreeSet<AwsId>,
    /// The fingerprints of secrets that AWS was last given and never tells, by the client that they
    /// are of; none while one is changed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub client_secrets: BTreeMap<String, Option<String>>,
    /// The members that are in, the one that has been for longest first, where that cannot be told
    /// by looking at them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<Source>,
    /// The attributes that have been set for classes of ours.
    #[serde(skip_serializing_if = "Given::is_empty")]
    pub given: Given,
}

/// What is written, and lost, by itself: one that cannot be written holds up no other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Entry {
    /// The part of one member, or that it has been let go.
    Held(Source),
    /// What is left over of the group.
    Leftovers,
    /// What AWS was last given of secrets that it never tells.
    ClientSecrets,
    /// Which members have been in for longest.
    Standing,
    /// Which attributes have been set.
    Given,
}

impl Memory {
    /// Whether there is nothing to remember.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries().next().is_none()
    }

    /// Its entries.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let leftovers = (!self.leftovers.is_empty()).then_some(Entry::Leftovers);
        let secrets = (!self.client_secrets.is_empty()).then_some(Entry::ClientSecrets);
        let standing = (!self.standing.is_empty()).then_some(Entry::Standing);
        let let_go = self.let_go.iter().filter(|member| !self.held.contains_key(*member));
        let held = self.held.keys().chain(let_go).cloned().map(Entry::Held);
        let given = (!self.given.is_empty()).then_some(Entry::Given);
        held.chain(leftovers).chain(secrets).chain(standing).chain(given)
    }

    /// One entry and nothing else.
    #[must_use]
    pub fn only(&self, entry: &Entry) -> Self {
        match entry {
            Entry::Held(member) => {
                let held = self.held.get_key_value(member);
                let held = held.map(|(member, part)| (member.clone(), Arc::clone(part)));
                let let_go = self.let_go.get(member).cloned();
                Self {
                    held: held.into_iter().collect(),
                    let_go: let_go.into_iter().collect(),
                    ..Self::default()
                }
            }
            Entry::Leftovers => Self { leftovers: self.leftovers.clone(), ..Self::default() },
            Entry::ClientSecrets => {
                Self { client_secrets: self.client_secrets.clone(), ..Self::default() }
            }
            Entry::Standing => Self { standing: self.standing.clone(), ..Self::default() },
            Entry::Given => Self { given: self.given.clone(), ..Self::default() },
        }
    }

    /// Makes an entry what it is in another memory.
    pub fn set(&mut self, entry: &Entry, other: &Self) {
        match entry {
            Entry::Held(member) => {
                match other.held.get(member) {
                    Some(part) => _ = self.held.insert(member.clone(), Arc::clone(part)),
                    None => _ = self.held.remove(member),
                }
                if other.let_go.contains(member) {
                    self.let_go.insert(member.clone());
                } else {
                    self.let_go.remove(member);
                }
            }
            Entry::Leftovers => self.leftovers.clone_from(&other.leftovers),
            Entry::ClientSecrets => self.client_secrets.clone_from(&other.client_secrets),
            Entry::Standing => self.standing.clone_from(&other.standing),
            Entry::Given => self.given.clone_from(&other.given),
        }
    }
}

/// What the cluster remembers of one group, as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// What it is.
    pub memory: Memory,
    /// The entries that may stand otherwise: what came of their last write is not known, or they
    /// have never been written by themselves.
    pub doubtful: BTreeSet<Entry>,
    /// Whether all of it stands in one piece, as an older version wrote it, in the place of what is
    /// left over.
    pub is_undivided: bool,
}

impl Remembered {
    /// What an older version wrote in one piece.
    #[must_use]
    pub fn undivided(memory: Memory) -> Self {
        let doubtful = memory.entries().chain([Entry::Leftovers]).collect();
        Self { memory, doubtful, is_undivided: true }
    }

    /// Whether there is nothing that anybody has to see to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.doubtful.is_empty()
    }

    /// Takes note that an entry was written.
    pub fn wrote(&mut self, entry: &Entry, memory: &Memory) {
        self.memory.set(entry, memory);
        self.doubtful.remove(entry);
        self.is_undivided &= *entry != Entry::Leftovers;
    }

    /// Takes note that nobody knows whether an entry was written.
    pub fn doubt(&mut self, entry: &Entry) {
        self.doubtful.insert(entry.clone());
    }
}
