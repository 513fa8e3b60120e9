//! What one subject tells another: a value in the next snapshot, never a call.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::group::Group;
use super::id::{AwsId, Handle, Id, ObjectKey};

/// What subjects have made known: the identifiers of things that others refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    made: BTreeMap<Handle, AwsId>,
    /// The certificates that the listeners of each group use; a group that is not here has not been
    /// looked at.
    listening: BTreeMap<Group, BTreeSet<AwsId>>,
    /// The names that should lead to the load balancer of each group; a group that is not here has
    /// not been looked at.
    names: BTreeMap<Group, Names>,
    /// The Ingresses that were seen and are in no group any more: nothing of theirs is wished for.
    left: BTreeSet<ObjectKey>,
    /// The load balancers that our records of each hosted zone lead to, by their DNS names; a zone
    /// that is `None` has not been looked at. `None` while nobody knows which zones there are.
    leading: Option<BTreeMap<AwsId, Option<BTreeSet<AwsId>>>>,
}

/// The names that should lead to a group's load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The load balancer.
    pub load_balancer: Id,
    /// The names, each with who asks for it.
    pub wished: BTreeMap<String, NameWish>,
    /// The Ingresses whose names are all in `wished`: what else is theirs may be withdrawn.
    pub known: BTreeSet<ObjectKey>,
}

/// Who asks for a name, and how it should lead there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameWish {
    /// The first Ingress of the group that asks.
    pub ingress: ObjectKey,
    /// Whether Route 53 leaves the load balancer out while it has no healthy target.
    pub evaluate_target_health: bool,
}

impl Facts {
    /// Makes an identifier known. Says whether that was news.
    pub fn learn(&mut self, handle: Handle, id: AwsId) -> bool {
        let is_news = self.made.get(&handle) != Some(&id);
        self.made.insert(handle, id);
        is_news
    }

    /// Forgets a thing that is gone. Says whether that was news.
    pub fn forget(&mut self, handle: &Handle) -> bool {
        self.made.remove(handle).is_some()
    }

    /// The identifier of a thing, or its handle where nobody has made it known.
    #[must_use]
    pub fn resolve(&self, handle: Handle) -> Id {
        match self.made.get(&handle) {
            Some(id) => Id::Is(id.clone()),
            None => Id::Of(handle),
        }
    }

    /// Makes known which certificates a group's listeners use. Says whether that was news.
    pub fn listens(&mut self, group: &Group, certificates: BTreeSet<AwsId>) -> bool {
        let is_news = self.listening.get(group) != Some(&certificates);
        self.listening.insert(group.clone(), certificates);
        is_news
    }

    /// The certificates that listeners use, if every one of these groups has been looked at.
    #[must_use]
    pub fn listening(&self, groups: &BTreeSet<Group>) -> Option<BTreeSet<AwsId>> {
        groups
            .iter()
            .all(|group| self.listening.contains_key(group))
            .then(|| self.listening.values().flatten().cloned().collect())
    }

    /// Makes known which names should lead to a group's load balancer. Says whose names are news:
    /// those that were or are wished for.
    pub fn names_of(&mut self, group: &Group, names: Names) -> BTreeSet<String> {
        let old = self.names.insert(group.clone(), names);
        let new = self.names.get(group);
        if old.as_ref() == new {
            return BTreeSet::new();
        }
        let either = old.iter().chain(new).flat_map(|names| names.wished.keys());
        either.cloned().collect()
    }

    /// The names that groups wish for, of every group that has been looked at.
    pub fn names(&self) -> impl Iterator<Item = (&Group, &Names)> {
        self.names.iter()
    }

    /// The Ingresses that were seen and are in no group any more.
    pub fn left(&self) -> impl Iterator<Item = &ObjectKey> {
        self.left.iter()
    }

    /// Whether the names of every one of these groups are known.
    #[must_use]
    pub fn knows_names(&self, groups: &BTreeSet<Group>) -> bool {
        groups.iter().all(|group| self.names.contains_key(group))
    }

    /// Makes known which hosted zones there are.
    pub fn zones(&mut self, zones: impl IntoIterator<Item = AwsId>) {
        let mut old = self.leading.take().unwrap_or_default();
        let entry = |zone: AwsId| {
            let known = old.remove(&zone).flatten();
            (zone, known)
        };
        self.leading = Some(zones.into_iter().map(entry).collect());
    }

    /// The hosted zones that nobody has looked at.
    #[must_use]
    pub fn unseen_zones(&self) -> BTreeSet<AwsId> {
        let all = self.leading.iter().flatten();
        all.filter(|(_, targets)| targets.is_none()).map(|(zone, _)| zone.clone()).collect()
    }

    /// Makes known which load balancers our records of a zone lead to. Says whether that was news.
    pub fn leads(&mut self, zone: &AwsId, targets: BTreeSet<AwsId>) -> bool {
        let Some(known) = self.leading.as_mut().and_then(|all| all.get_mut(zone)) else {
            return false;
        };
        let targets = Some(targets);
        let is_news = *known != targets;
        *known = targets;
        is_news
    }

    /// The load balancers that our records lead to, by their DNS names, if every zone has been
    /// looked at.
    #[must_use]
    pub fn leading(&self) -> Option<BTreeSet<AwsId>> {
        let zones = self.leading.as_ref()?.values();
        let all: Option<Vec<&BTreeSet<AwsId>>> = zones.map(Option::as_ref).collect();
        Some(all?.into_iter().flatten().cloned().collect())
    }

    /// Forgets what groups used and wished for that are gone.
    pub fn keep_groups(&mut self, groups: &BTreeSet<Group>) {
        self.listening.retain(|group, _| groups.contains(group));
        let gone = self.names.iter().filter(|(group, _)| !groups.contains(group));
        self.left.extend(gone.flat_map(|(_, names)| names.known.iter().cloned()));
        self.names.retain(|group, _| groups.contains(group));
    }
}
