//! The security groups of the VPC, as they are and as wishes refer to them. Pure.

use std::sync::Arc;

use super::ReadSecurityGroup;
use super::shelf::{Mark, Shelf};
use crate::model::id::AwsId;
use crate::model::security::{ALL_PROTOCOLS, IngressRule, Peer, SecurityGroup};
use crate::model::surroundings::{NamedGroup, NamedGroups};

/// Security groups by id and mark, and their names for whoever builds wishes.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    pub(super) all: Shelf<ReadSecurityGroup>,
    names: Arc<NamedGroups>,
}

impl Groups {
    /// The groups as wishes refer to them.
    pub(super) fn names(&self) -> &Arc<NamedGroups> {
        &self.names
    }

    /// The group of this id.
    pub(super) fn get(&self, id: &AwsId) -> Option<&ReadSecurityGroup> {
        self.all.get(id)
    }

    /// The groups that carry a mark.
    pub(super) fn find<'a>(
        &'a self,
        mark: &Mark,
    ) -> impl Iterator<Item = (&'a AwsId, &'a ReadSecurityGroup)> + use<'a> {
        self.all.find(mark)
    }

    /// Takes in a group, unless it is known.
    pub(super) fn add(&mut self, group: ReadSecurityGroup) {
        let id = group.live.id.clone();
        if !self.all.contains(&id) {
            let named = named(&group.live.spec);
            Arc::make_mut(&mut self.names).insert(id.clone(), named);
            self.all.insert(id, group);
        }
    }

    /// Leaves out a group.
    pub(super) fn remove(&mut self, id: &AwsId) {
        if self.all.remove(id).is_some() {
            Arc::make_mut(&mut self.names).remove(id);
        }
    }

    /// Changes a group; `None` where it is not known.
    pub(super) fn change(
        &mut self,
        id: &AwsId,
        change: impl FnOnce(&mut ReadSecurityGroup),
    ) -> Option<()> {
        self.all.change(id, change)?;
        let named = named(&self.all.get(id)?.live.spec);
        if self.names.get(id) != Some(&named) {
            Arc::make_mut(&mut self.names).insert(id.clone(), named);
        }
        Some(())
    }
}

impl FromIterator<ReadSecurityGroup> for Groups {
    fn from_iter<I: IntoIterator<Item = ReadSecurityGroup>>(found: I) -> Self {
        let mut groups = Self::default();
        found.into_iter().for_each(|group| groups.add(group));
        groups
    }
}

/// What wishes need to know of a security group.
fn named(group: &SecurityGroup) -> NamedGroup {
    let is_of_addresses = |rule: &&IngressRule| !matches!(rule.source, Peer::Group(_));
    let ports = |rule: &IngressRule| match rule.protocol.as_str() {
        "tcp" => Some((rule.from_port, rule.to_port)),
        ALL_PROTOCOLS => Some((0, u16::MAX)),
        _ => None,
    };
    let open = group.ingress.iter().filter(is_of_addresses).filter_map(ports).collect();
    NamedGroup { tags: group.tags.clone(), open }
}
