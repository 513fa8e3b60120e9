//! Where names lead, as hosted zones tell it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Counted, FactStore, Revision, Topic, Zone, count};
use crate::model::group::Group;
use crate::model::id::AwsId;
use crate::model::inventory::Address;
use crate::model::source::Source;

/// Where records of a hosted zone lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leading {
    /// The load balancers that our records lead to, by their DNS names.
    pub ours: BTreeSet<AwsId>,
    /// Those of them that are the cluster's.
    pub own: BTreeSet<AwsId>,
    /// Those that records for Ingresses lead to which have another owner, who keeps them.
    pub others: BTreeSet<AwsId>,
    /// Those that our records lead to which are for Ingresses of other controllers by now.
    pub left: BTreeSet<AwsId>,
    /// Those whose names we lead to no load balancer of the cluster that stands, or cannot withdraw
    /// for now: nothing but their own release waits for them to go.
    pub elsewhere: BTreeSet<Source>,
}

/// Where records of all hosted zones lead, each with in how many of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Led {
    pub(super) ours: Arc<Counted>,
    pub(super) others: Arc<Counted>,
    pub(super) left: Arc<Counted>,
    pub(super) elsewhere: Arc<Counted<Source>>,
}

impl Led {
    /// Counts what records of a zone lead to in place of what they led to before.
    pub(super) fn count(&mut self, old: &Leading, new: &Leading) {
        count(&mut self.ours, &old.ours, &new.ours);
        count(&mut self.others, &old.others, &new.others);
        count(&mut self.left, &old.left, &new.left);
        count(&mut self.elsewhere, &old.elsewhere, &new.elsewhere);
    }
}

impl FactStore {
    /// Whether a name leads to a load balancer, by its DNS name, or is about to.
    #[must_use]
    pub fn is_led_to(&self, name: &AwsId) -> bool {
        self.led.ours.contains_key(name)
    }

    /// The cluster's load balancers, by their DNS names, that our records of a zone led to when
    /// somebody looked last, and that are not among these any more.
    #[must_use]
    pub fn vanished(&self, zone: &AwsId, standing: &BTreeMap<AwsId, Address>) -> BTreeSet<AwsId> {
        let known = self.zones.as_ref().and_then(|all| all.get(zone));
        let led = known.and_then(|zone| zone.leading.as_ref()).map(|leading| &leading.own);
        let stand: BTreeSet<&AwsId> = standing.values().map(|found| &found.dns_name).collect();
        led.into_iter().flatten().filter(|name| !stand.contains(name)).cloned().collect()
    }

    /// The hosted zones that there are, as far as that is known.
    pub fn known_zones(&self) -> impl Iterator<Item = &AwsId> {
        self.zones.iter().flat_map(BTreeMap::keys)
    }

    /// Makes known which load balancers records of a zone lead to.
    pub fn leads(&mut self, zone: &AwsId, targets: &Leading) {
        let Some(known) = self.zones.as_mut().and_then(|all| all.get_mut(zone)) else { return };
        let is_first = known.leading.is_none();
        let was_refused = std::mem::take(&mut known.is_refused);
        let old = known.leading.replace(targets.clone()).unwrap_or_default();
        if is_first || old != *targets {
            self.led.count(&old, targets);
            self.touch(Topic::Leading);
        }
        if was_refused {
            self.touch(Topic::Zones);
        }
    }

    /// Makes known where some records of a zone lead, or are about to. Where all that they lead to
    /// is not known, it is not known after this either.
    pub fn also_leads(&mut self, zone: &AwsId, targets: &Leading) {
        let known = self.zones.as_ref().and_then(|all| all.get(zone));
        if let Some(known) = known.and_then(|known| known.leading.as_ref()) {
            let Leading { ours, own, others, left, .. } = known;
            let (ours, own) = (ours | &targets.ours, own | &targets.own);
            let (others, left) = (others | &targets.others, left | &targets.left);
            let elsewhere = targets.elsewhere.clone();
            self.leads(zone, &Leading { ours, own, others, left, elsewhere });
        }
    }

    /// Makes known for which load balancers of a group, by their DNS names, names of ours that are
    /// for Ingresses of other controllers have to go: nobody has led them elsewhere for long.
    pub fn renounces(&mut self, group: &Group, names: BTreeSet<AwsId>) {
        let known = self.renounced.get(group);
        if known.map_or(names.is_empty(), |known| *known == names) {
            return;
        }
        let zones = self.zones.iter().flatten();
        let leads =
            |zone: &Zone| zone.leading.as_ref().is_some_and(|of| !of.left.is_disjoint(&names));
        let zones = zones.filter(|(_, zone)| leads(zone)).map(|(id, _)| id.clone());
        let zones: Vec<AwsId> = zones.collect();
        zones.into_iter().for_each(|zone| self.touch(Topic::Zone(zone)));
        if names.is_empty() {
            self.renounced.remove(group);
        } else {
            self.renounced.insert(group.clone(), names);
        }
    }

    /// The hosted zones of which nobody has told yet where their records lead.
    #[must_use]
    pub fn untold_zones(&self) -> Vec<AwsId> {
        let zones = self.zones.iter().flatten();
        let untold = zones.filter(|(_, zone)| zone.leading.is_none() && !zone.is_refused);
        untold.map(|(id, _)| id.clone()).collect()
    }

    /// Takes note that nobody may look at a zone: who has no host in it does not wait for it.
    pub fn refuses(&mut self, zone: &AwsId) {
        let Some(known) = self.zones.as_mut().and_then(|all| all.get_mut(zone)) else { return };
        if !std::mem::replace(&mut known.is_refused, true) {
            self.touch(Topic::Leading);
            self.touch(Topic::Zones);
        }
    }

    /// Takes note that a zone holds no name any more that nobody asked for at a revision.
    pub fn cleared(&mut self, zone: &AwsId, revision: Revision) {
        let Some(zones) = self.zones.as_mut() else { return };
        if let Some(known) = zones.get_mut(zone) {
            known.cleared = known.cleared.max(revision);
        }
        let readable = zones.values().filter(|zone| !zone.is_refused);
        if let Some(oldest) = readable.map(|zone| zone.cleared).min() {
            self.left.retain(|_, since| *since > oldest);
        }
    }

    pub(super) fn everywhere(&self) -> Option<Arc<Counted>> {
        let mut zones = self.zones.as_ref()?.values();
        let is_told = |zone: &Zone| zone.leading.is_some() || zone.is_refused;
        zones.all(is_told).then(|| Arc::clone(&self.led.ours))
    }

    /// The zones that nobody may look at and of which nothing is known.
    pub(super) fn refused(&self) -> BTreeSet<AwsId> {
        let zones = self.zones.iter().flatten();
        let dark = zones.filter(|(_, zone)| zone.is_refused && zone.leading.is_none());
        dark.map(|(id, _)| id.clone()).collect()
    }
}
