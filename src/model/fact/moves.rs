//! Members on their way from one group to another. The old group keeps a member until the new one
//! serves it, and its names lead there.

use std::collections::{BTreeMap, BTreeSet};

use super::{Arrival, FactStore, Facts, Revision, Topic};
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::source::Source;

impl Facts {
    /// How far a member is that goes to a group; `None` while that one does not serve it.
    #[must_use]
    pub fn arrival(&self, member: &Source, group: &Group) -> Option<&Arrival> {
        self.arrivals.get(member).filter(|arrival| arrival.group == *group)
    }
}

impl FactStore {
    /// Makes known which of the members that come from other groups a group serves. Whoever is
    /// served once remains so, for as long as it is on its way: its names do not go to and fro.
    pub fn arrives(&mut self, group: &Group, arrived: &BTreeSet<Source>) {
        let is_over = |member: &Source, to: &Group| to == group && !arrived.contains(member);
        self.arrived.retain(|member, (to, _)| !is_over(member, to));
        let new = arrived
            .iter()
            .filter(|member| self.arrived.get(*member).is_none_or(|(to, _)| to != group));
        for member in new.cloned().collect::<Vec<_>>() {
            self.touch(Topic::Arrived(member.clone()));
            self.arrived.insert(member, (group.clone(), self.revision));
            // Every zone has to say that it holds no name that leads elsewhere.
            self.touch(Topic::AllNames);
        }
    }

    /// Makes known that the names of a zone have followed who went to another group, as that was
    /// known at a revision; but for these members.
    pub fn follows(&mut self, zone: &AwsId, at: Revision, behind: BTreeSet<Source>) {
        let before = self.followed();
        if let Some(known) = self.zones.as_mut().and_then(|all| all.get_mut(zone)) {
            known.followed = (at, behind);
        }
        self.touch_followed(&before);
    }

    /// Tells those whose names lead where they should, and did not before.
    pub(super) fn touch_followed(&mut self, before: &BTreeSet<Source>) {
        for member in self.followed() {
            if !before.contains(&member) {
                self.touch(Topic::Followed(member));
            }
        }
    }

    fn followed(&self) -> BTreeSet<Source> {
        let all = self.arrived.iter();
        all.filter(|(member, (_, at))| self.is_followed(member, *at))
            .map(|(member, _)| member.clone())
            .collect()
    }

    fn is_followed(&self, member: &Source, arrived: Revision) -> bool {
        self.zones.as_ref().is_some_and(|zones| {
            zones.values().all(|zone| {
                let (at, behind) = &zone.followed;
                *at >= arrived && !behind.contains(member)
            })
        })
    }

    pub(super) fn arrivals_of<'m>(
        &self,
        members: impl IntoIterator<Item = &'m Source>,
    ) -> BTreeMap<Source, Arrival> {
        let found = members.into_iter().filter_map(|member| {
            let (group, at) = self.arrived.get(member)?;
            let is_followed = self.is_followed(member, *at);
            Some((member.clone(), Arrival { group: group.clone(), is_followed }))
        });
        found.collect()
    }
}
