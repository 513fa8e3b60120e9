//! Things by their identifiers, and by the marks that visits look for. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use smol_str::{SmolStr, ToSmolStr as _};

use super::{ReadLoadBalancer, ReadSecurityGroup};
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey, Id};
use crate::model::marks::{
    RESOURCE_BACKEND_SECURITY_GROUP, RESOURCES_REQUESTED, TAG_CLUSTER, TAG_CLUSTER_RESOURCE,
    TAG_REQUEST, TAG_RESOURCE, TAG_SECRET, Tags,
};
use crate::model::pack::pack;

/// Start of the tag that says which cluster a node's or pod's security group belongs to.
const TAG_NODE_CLUSTER_PREFIX: &str = "kubernetes.io/cluster/";
/// The values of that tag (LBC looks for these two).
const NODE_CLUSTER_VALUES: [&str; 2] = ["owned", "shared"];

/// What things are looked for by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// It belongs to an Ingress group: the cluster, and the group as its tag spells it.
    Group(SmolStr, SmolStr),
    /// It was imported from a TLS Secret: the cluster, and the Secret as its tag spells it.
    Secret(SmolStr, SmolStr),
    /// ACM was asked for it: the cluster, and the request as its tag spells it.
    Request(SmolStr, SmolStr),
    /// LBC asked ACM for it: the cluster.
    RequestOfLbc(SmolStr),
    /// It is a cluster's backend security group.
    Backend(SmolStr),
    /// It is a security group of a cluster's nodes or pods.
    Nodes(SmolStr),
    /// It is a security group with rules that carry the description of ours.
    SharedRules,
    /// It is a load balancer that carries a security group.
    Carries(AwsId),
}

impl Mark {
    /// The mark of what belongs to an Ingress group.
    pub(super) fn group(cluster: &str, group: &Group) -> Self {
        Self::Group(cluster.into(), group.to_smolstr())
    }

    /// The mark of a certificate.
    pub(super) fn certificate(cluster: &str, key: &CertificateKey) -> Self {
        match key {
            CertificateKey::Secret(secret) => Self::Secret(cluster.into(), secret.to_smolstr()),
            CertificateKey::Request(request) => {
                Self::Request(cluster.into(), request.token().into())
            }
        }
    }
}

/// What carries marks.
pub(super) trait Marked {
    /// Its marks.
    fn marks(&self) -> Vec<Mark>;
}

impl Marked for Tags {
    fn marks(&self) -> Vec<Mark> {
        let Some(cluster) = self.get(TAG_CLUSTER) else { return Vec::new() };
        let group = Group::in_tags(self).map(|stack| Mark::Group(cluster.clone(), stack.clone()));
        let secret = self.get(TAG_SECRET).map(|key| Mark::Secret(cluster.clone(), key.clone()));
        let request = self.get(TAG_REQUEST).map(|key| Mark::Request(cluster.clone(), key.clone()));
        let of_lbc = self
            .get(TAG_RESOURCE)
            .is_some_and(|role| RESOURCES_REQUESTED.iter().any(|start| role.starts_with(start)));
        let of_lbc = of_lbc.then(|| Mark::RequestOfLbc(cluster.clone()));
        let is_backend = self
            .get(TAG_CLUSTER_RESOURCE)
            .is_some_and(|role| role == RESOURCE_BACKEND_SECURITY_GROUP);
        let backend = is_backend.then(|| Mark::Backend(cluster.clone()));
        group.into_iter().chain(secret).chain(request).chain(of_lbc).chain(backend).collect()
    }
}

impl Marked for ReadSecurityGroup {
    fn marks(&self) -> Vec<Mark> {
        let tags = &self.live.spec.tags;
        let clusters = tags.iter().filter_map(|(key, value)| {
            let cluster = key.strip_prefix(TAG_NODE_CLUSTER_PREFIX)?;
            NODE_CLUSTER_VALUES.contains(&value.as_str()).then(|| Mark::Nodes(cluster.into()))
        });
        let shared = (!self.shared.is_empty()).then_some(Mark::SharedRules);
        tags.marks().into_iter().chain(clusters).chain(shared).collect()
    }
}

impl Marked for ReadLoadBalancer {
    fn marks(&self) -> Vec<Mark> {
        let carried = self.live.spec.security_groups.iter().filter_map(Id::given);
        carried.cloned().map(Mark::Carries).collect()
    }
}

/// Things by their identifiers and by their marks.
#[derive(Clone, Debug)]
pub(super) struct Shelf<T> {
    things: BTreeMap<AwsId, T>,
    marked: BTreeMap<Mark, BTreeSet<AwsId>>,
    #[cfg(test)]
    pub(super) looked: Looked,
}

/// How many things have been looked at; that is no part of what they are.
#[cfg(test)]
#[derive(Clone, Default)]
pub(super) struct Looked(std::cell::Cell<usize>);

#[cfg(test)]
impl Looked {
    fn count(&self, things: usize) {
        self.0.set(self.0.get() + things);
    }

    /// How many they were since somebody asked.
    pub(super) fn take(&self) -> usize {
        self.0.take()
    }
}

#[cfg(test)]
impl std::fmt::Debug for Looked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Looked")
    }
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            things: BTreeMap::new(),
            marked: BTreeMap::new(),
            #[cfg(test)]
            looked: Looked::default(),
        }
    }
}

impl<T> Shelf<T> {
    /// The thing of this identifier.
    pub(super) fn get(&self, id: &AwsId) -> Option<&T> {
        let found = self.things.get(id);
        #[cfg(test)]
        self.looked.count(1);
        found
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.things.len()
    }

    /// Whether there is a thing of this identifier.
    pub(super) fn contains(&self, id: &AwsId) -> bool {
        self.get(id).is_some()
    }

    /// The things that carry a mark, by their identifiers.
    pub(super) fn find<'a>(
        &'a self,
        mark: &Mark,
    ) -> impl Iterator<Item = (&'a AwsId, &'a T)> + use<'a, T> {
        let ids = self.marked.get(mark).into_iter().flatten();
        ids.filter_map(|id| Some((id, self.get(id)?)))
    }

    /// The things that carry the marks that come after one, in their order.
    pub(super) fn after(&self, mark: &Mark) -> impl Iterator<Item = &BTreeSet<AwsId>> {
        self.marked.range((Bound::Excluded(mark.clone()), Bound::Unbounded)).map(|(_, ids)| ids)
    }

    /// The TLS Secrets of a cluster that things carry the marks of, as tags spell them.
    pub(super) fn secrets(&self, cluster: &str) -> impl Iterator<Item = (&SmolStr, &AwsId)> {
        let from = Mark::Secret(cluster.into(), SmolStr::default());
        let marks = self.marked.range(from..).map_while(move |(mark, ids)| match mark {
            Mark::Secret(of, secret) if of == cluster => Some((secret, ids)),
            _ => None,
        });
        marks.flat_map(|(secret, ids)| ids.iter().map(move |id| (secret, id)))
    }

    /// The things of a cluster that we asked ACM for. What LBC asked for may be wanted by somebody
    /// who is not served here: it goes with those who are.
    pub(super) fn requests(&self, cluster: &str) -> impl Iterator<Item = &AwsId> {
        let from = Mark::Request(cluster.into(), SmolStr::default());
        let marks = self.marked.range(from..).map_while(move |(mark, ids)| match mark {
            Mark::Request(of, _) if of == cluster => Some(ids),
            _ => None,
        });
        marks.flatten()
    }

    /// Takes no more room than the things need.
    pub(super) fn pack(&mut self) {
        pack(&mut self.things);
        pack(&mut self.marked);
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&AwsId, &T)> {
        #[cfg(test)]
        self.looked.count(self.things.len());
        self.things.iter()
    }
}

impl<T: Marked> Shelf<T> {
    /// Puts a thing there, in place of what was there.
    pub(super) fn insert(&mut self, id: AwsId, thing: T) {
        self.remove(&id);
        for mark in thing.marks() {
            self.marked.entry(mark).or_default().insert(id.clone());
        }
        self.things.insert(id, thing);
    }

    /// Takes a thing away.
    pub(super) fn remove(&mut self, id: &AwsId) -> Option<T> {
        let thing = self.things.remove(id)?;
        for mark in thing.marks() {
            if let Some(ids) = self.marked.get_mut(&mark) {
                ids.remove(id);
                if ids.is_empty() {
                    self.marked.remove(&mark);
                }
            }
        }
        Some(thing)
    }

    /// Changes a thing; `None` where there is none of this identifier.
    pub(super) fn change(&mut self, id: &AwsId, change: impl FnOnce(&mut T)) -> Option<()> {
        let mut thing = self.remove(id)?;
        change(&mut thing);
        self.insert(id.clone(), thing);
        Some(())
    }

    /// Keeps some things only.
    pub(super) fn retain(&mut self, keep: impl Fn(&AwsId) -> bool) {
        let gone: Vec<AwsId> = self.things.keys().filter(|id| !keep(id)).cloned().collect();
        for id in &gone {
            self.remove(id);
        }
    }
}

impl<T: Marked> FromIterator<(AwsId, T)> for Shelf<T> {
    fn from_iter<I: IntoIterator<Item = (AwsId, T)>>(things: I) -> Self {
        let mut shelf = Self::default();
        things.into_iter().for_each(|(id, thing)| shelf.insert(id, thing));
        shelf
    }
}
