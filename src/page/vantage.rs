//! From where everything is seen: the world and what is believed of AWS, brought together for
//! whoever looks.

use std::collections::BTreeSet;
use std::sync::Arc;

use smol_str::SmolStr;
use tokio::sync::watch;

use crate::aws::{Cloud, Mirror};
use crate::clock::Clock;
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::settings::Settings;
use crate::report::topology::{
    Asked, Believed, Complaints, GroupView, Hosts, Remainders, Standing, Standpoint, Surroundings,
};
use crate::world::SharedWorld;

/// From where everything is seen.
#[derive(Debug)]
pub struct Vantage<C, T> {
    /// How the process was started.
    pub settings: Arc<Settings>,
    /// What is known of the cluster, and what visits leave.
    pub world: SharedWorld,
    /// What is believed of AWS.
    pub mirror: Mirror<C, T>,
    /// Tells the time.
    pub clock: T,
    /// Who holds the Lease, as it spells itself.
    pub leader: watch::Receiver<Option<String>>,
    /// The namespace that this process runs in.
    pub namespace: String,
    /// The port that the pages are served on.
    pub port: u16,
}

impl<C: Cloud, T: Clock> Vantage<C, T> {
    /// Who tells it, and when.
    pub(super) fn standpoint(&self) -> Standpoint {
        Standpoint {
            cluster: self.settings.cluster.clone(),
            region: self.settings.place.region.clone(),
            now: self.clock.now(),
            leads: self.world.lock().leads(),
            leader: self.leader.borrow().clone(),
        }
    }

    /// All hosts that are asked for.
    pub(super) fn hosts(&self, asked: Asked) -> Hosts {
        let scene = self.world.lock().scene();
        let standpoint = self.standpoint();
        let cluster = &self.settings.cluster;
        let mut standing = Standing::default();
        // What a replica believed when it led is nobody's belief any more.
        if standpoint.leads {
            standing.targets = self.mirror.believed_targets(cluster);
            let q = asked.q.to_lowercase();
            if !q.is_empty() {
                let is_meant = |_: &str, name: &str| name.to_lowercase().contains(&q);
                standing.named =
                    self.mirror.believed_names(cluster, is_meant).into_keys().collect();
            }
        }
        let leads = standpoint.leads;
        let names = |groups: &BTreeSet<SmolStr>| {
            let is_shown = |group: &str, _: &str| leads && groups.contains(group);
            self.mirror.believed_names(cluster, is_shown)
        };
        Hosts::of(standpoint, asked, &scene, &standing, names)
    }

    /// All problems that are asked for.
    pub(super) fn problems(&self, asked: Asked) -> Complaints {
        let scene = self.world.lock().scene();
        Complaints::of(self.standpoint(), asked, &scene.complaints)
    }

    /// All that is left undone and asked for.
    pub(super) fn plans(&self, asked: Asked) -> Remainders {
        let scene = self.world.lock().scene();
        Remainders::of(self.standpoint(), asked, &scene.remainders)
    }

    /// A group; nothing where there is none of this name.
    pub(super) fn group(&self, group: &Group, host: Option<String>) -> Option<GroupView> {
        let around = self.world.lock().surroundings_of(group)?;
        let standpoint = self.standpoint();
        let believed =
            if standpoint.leads { self.believed(group, &around) } else { Believed::default() };
        Some(GroupView::of(standpoint, (group, host), &around, &believed))
    }

    fn believed(&self, group: &Group, around: &Surroundings) -> Believed {
        let found = self.mirror.believed_group(&self.settings.cluster, group);
        let hosts: BTreeSet<String> = around.hosts();
        let zones = around.zones.iter().flat_map(|zones| zones.values());
        let zones = zones.filter(|zone| hosts.iter().any(|host| zone.holds(host)));
        let zones: Vec<&AwsId> = zones.map(|zone| &zone.id).collect();
        Believed {
            records: self.mirror.believed_records(zones),
            inventory: found.inventory,
            targets: found.targets,
        }
    }
}
