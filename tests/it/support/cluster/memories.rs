//! What the cluster remembers for the controller: written and read as on a real one.

use std::collections::{BTreeMap, BTreeSet};

use albedo::cluster::{ClusterError, Kind, Recalled, memory};
use albedo::model::group::Group;
use albedo::model::id::ObjectKey;
use albedo::model::memory::{Entry, Memory};
use albedo::model::names;
use albedo::model::settings::Scope;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use smol_str::SmolStr;

use super::{FakeCluster, refusal};

impl FakeCluster {
    pub(super) fn remember(
        &self,
        group: &Group,
        entry: &Entry,
        memory: &Memory,
    ) -> Result<(), ClusterError> {
        let name = names::memory(group, entry);
        let mut maps = self.maps.lock().unwrap();
        if memory.is_empty() {
            maps.remove(&name);
        } else {
            let data = memory::write(group, memory);
            maps.insert(name, data.map_err(|why| refusal(Kind::Refused, why))?);
        }
        Ok(())
    }

    /// What is registered from here in a target group that others share, or that nothing is.
    pub(super) fn note(&self, binding: &ObjectKey, targets: Option<&BTreeSet<SmolStr>>) {
        let mut notes = self.notes.lock().unwrap();
        match targets {
            Some(targets) => _ = notes.insert(binding.clone(), targets.clone()),
            None => _ = notes.remove(binding),
        }
    }

    /// It bears the mark of having been looked after.
    pub(super) fn leave_mark(&self) {
        self.maps.lock().unwrap().insert(names::mark(Scope::All).to_owned(), BTreeMap::new());
    }

    /// What it remembers for the controller, as the controller reads it.
    pub fn recalled(&self) -> Recalled {
        let maps = self.maps.lock().unwrap().clone();
        let maps = maps.into_iter().map(|(name, data)| ConfigMap {
            metadata: ObjectMeta { name: Some(name), ..ObjectMeta::default() },
            data: Some(data),
            ..ConfigMap::default()
        });
        memory::read(maps, Scope::All)
    }

    /// It remembers nothing any more.
    pub fn forget_memories(&self) {
        self.maps.lock().unwrap().clear();
    }

    /// What it remembers of each group.
    pub fn memories(&self) -> BTreeMap<Group, Memory> {
        let groups = self.recalled().groups.into_iter();
        groups.map(|(group, remembered)| (group, remembered.memory)).collect()
    }
}
