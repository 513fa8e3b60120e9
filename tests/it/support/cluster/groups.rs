//! The IngressGroups of a cluster in memory, as an API server keeps them: by name.

use std::collections::BTreeMap;

use albedo::cluster::{ClusterError, Kind};
use albedo::model::group::Group;
use albedo::model::ingress_group::{GroupStatus, Print};
use albedo::model::names;

use super::{FakeCluster, refusal};

/// The IngressGroups that a cluster has.
#[derive(Debug, Default)]
pub struct IngressGroups {
    pub by_name: BTreeMap<String, IngressGroup>,
    /// How often somebody wrote one, or removed it.
    pub writes: usize,
    /// What becomes of every request, if not all is well.
    pub trouble: Option<Kind>,
    /// The one that nobody may write.
    pub refused_name: Option<String>,
    /// How many requests came while there was trouble.
    pub refused: usize,
}

#[derive(Clone, Debug)]
pub struct IngressGroup {
    pub group: Group,
    pub keeper: String,
    pub status: GroupStatus,
}

impl IngressGroups {
    fn asked(&mut self) -> Result<(), ClusterError> {
        let Some(kind) = self.trouble else { return Ok(()) };
        self.refused += 1;
        Err(refusal(kind, "ingressgroups".to_owned()))
    }
}

impl FakeCluster {
    pub(super) fn shown_by(&self, keeper: &str) -> Result<BTreeMap<Group, Print>, ClusterError> {
        let mut groups = self.groups.lock().unwrap();
        groups.asked()?;
        let kept = groups.by_name.values().filter(|one| one.keeper == keeper);
        Ok(kept.map(|one| (one.group.clone(), one.status.print())).collect())
    }

    pub(super) fn show_in(
        &self,
        group: &Group,
        status: &GroupStatus,
        keeper: &str,
    ) -> Result<(), ClusterError> {
        let mut groups = self.groups.lock().unwrap();
        groups.asked()?;
        if groups.refused_name == Some(names::ingress_group(group)) {
            groups.refused += 1;
            return Err(refusal(Kind::Refused, format!("IngressGroup of {group}")));
        }
        groups.writes += 1;
        let one = IngressGroup {
            group: group.clone(),
            keeper: keeper.to_owned(),
            status: status.clone(),
        };
        groups.by_name.insert(names::ingress_group(group), one);
        Ok(())
    }

    pub(super) fn hide_of(&self, group: &Group) -> Result<(), ClusterError> {
        let mut groups = self.groups.lock().unwrap();
        groups.asked()?;
        groups.writes += 1;
        groups.by_name.remove(&names::ingress_group(group));
        Ok(())
    }

    /// What the IngressGroup of a group shows; nothing where there is none.
    pub fn group_status(&self, group: &str) -> Option<GroupStatus> {
        let groups = self.groups.lock().unwrap();
        let one = groups.by_name.get(&names::ingress_group(&Group::spelled(group)));
        one.map(|one| one.status.clone())
    }

    /// How often somebody has written an IngressGroup, or removed one.
    pub fn group_writes(&self) -> usize {
        self.groups.lock().unwrap().writes
    }

    /// What becomes of every request about IngressGroups from now on.
    pub fn trouble_groups(&self, trouble: Option<Kind>) {
        self.groups.lock().unwrap().trouble = trouble;
    }
}
