//! Hosted zones and what they hold.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Reader, entry};
use crate::aws::ReadLoadBalancer;
use crate::aws::belief::ByName;
use crate::aws::part::{ElbPart, Part, Route53Part};
use crate::aws::shelf::Shelf;
use crate::model::id::AwsId;
use crate::model::inventory::{Address, Records, ZoneInventory, ZoneScope, ZoneSight, of_name};
use crate::model::known::Known;
use crate::model::marks::TAG_CLUSTER;
use crate::model::record::HostedZones;

impl Reader<'_> {
    /// The account's hosted zones, read no longer ago than that.
    pub(in crate::aws) fn zones(&mut self, age_max: Duration) -> Arc<HostedZones> {
        self.need_since(Part::Route53(Route53Part::Zones), age_max);
        self.belief.route53.zones.value().cloned().unwrap_or_default()
    }

    /// Which of these names of a hosted zone have no record, looked for no longer ago than that.
    pub(in crate::aws) fn nameless(
        &mut self,
        zone: &AwsId,
        names: &BTreeSet<String>,
        age_max: Duration,
    ) -> BTreeSet<String> {
        let whole = Part::Route53(Route53Part::Records(zone.clone()));
        let is_by_name = self.belief.route53.is_large(zone) && !self.belief.holds(&whole);
        if !is_by_name {
            self.need(whole.clone());
        }
        let read = self.belief.looks.get(&whole).copied().unwrap_or_default();
        if is_by_name || self.now.since(read.at) > age_max {
            for name in names {
                self.need_since(named(zone, name), age_max);
            }
        }
        let by_name = || self.belief.route53.by_name(zone).map(|known| Arc::clone(&known.records));
        let records = entry(&self.belief.route53.records, zone).value().cloned().or_else(by_name);
        let Some(records) = records else { return BTreeSet::new() };
        let is_missing = |name: &&String| of_name(&records, name).next().is_none();
        names.iter().filter(is_missing).cloned().collect()
    }

    /// What stands of a hosted zone, and the load balancers that its names may lead to, the latter
    /// read no longer ago than that. Few names of a large zone that was not read as a whole are
    /// looked at by themselves.
    pub(in crate::aws) fn zone(
        &mut self,
        zone: &AwsId,
        scope: Option<&ZoneScope>,
        age_max: Duration,
    ) -> ZoneInventory {
        let (records, sight) = match scope.filter(|scope| self.is_less(zone, scope)) {
            Some(scope) => self.names(zone, scope),
            None => (self.whole(zone), ZoneSight::Whole),
        };
        for name in self.belief.route53.outdated(zone) {
            let part = named(zone, name);
            if !self.lenient.contains(&part) {
                self.old.insert(part);
            }
        }
        self.need_since(Part::Elb(ElbPart::LoadBalancers), age_max);
        if !self.missing.is_empty() || !self.old.is_empty() {
            return ZoneInventory::default();
        }
        let found = self.belief.elb.load_balancers.value().into_iter().flat_map(Shelf::iter);
        let address = |found: &ReadLoadBalancer| {
            let tags = self.belief.tags.get(&found.live.id);
            Address {
                dns_name: AwsId::new(found.dns_name.to_lowercase()),
                hosted_zone: found.hosted_zone.clone(),
                state: found.state,
                has_ipv6: found.live.spec.ip_address_type.has_ipv6(),
                cluster: tags.and_then(|tags| tags.get(TAG_CLUSTER).cloned()),
            }
        };
        let load_balancers = found.map(|(id, found)| (id.clone(), address(found))).collect();
        let elsewhere = self.belief.elb.elsewhere.clone();
        let vanished = BTreeSet::new();
        ZoneInventory { records, sight, load_balancers, elsewhere, vanished }
    }

    /// Whether it takes less to look at names by themselves than at the whole zone, also where that
    /// is read later.
    fn is_less(&self, zone: &AwsId, scope: &ZoneScope) -> bool {
        let route53 = &self.belief.route53;
        let whole = Part::Route53(Route53Part::Records(zone.clone()));
        route53.is_large(zone)
            && !self.belief.holds(&whole)
            && scope.looks() <= route53.pages(zone) / 2
    }

    /// The whole zone. A newer look at a large one takes longer than anybody waits.
    fn whole(&mut self, zone: &AwsId) -> Known<Arc<Records>> {
        let (belief, part) = (self.belief, Part::Route53(Route53Part::Records(zone.clone())));
        let doubtful: BTreeSet<Part> =
            belief.route53.doubtful(zone).map(|name| named(zone, name)).collect();
        let look = belief.looks.get(&part).copied().unwrap_or_default();
        if doubtful.len() > belief.route53.pages(zone) {
            self.missing.insert(part);
        } else if belief.holds(&part) && !look.is_doubted && belief.route53.is_large(zone) {
            self.ahead.extend(look.is_outdated.then_some(part));
            self.missing.extend(doubtful);
        } else {
            self.need(part);
        }
        entry(&belief.route53.records, zone)
    }

    /// Some names of a zone, and what says whose their records are.
    fn names(&mut self, zone: &AwsId, scope: &ZoneScope) -> (Known<Arc<Records>>, ZoneSight) {
        let belief = self.belief;
        if belief.route53.awaits(zone) {
            self.ahead.insert(Part::Route53(Route53Part::Records(zone.clone())));
        }
        // That a zone is gone shows in the list of them.
        self.need(Part::Route53(Route53Part::Zones));
        let known = belief.route53.by_name(zone);
        let mut shown = BTreeSet::new();
        for (name, beside) in &scope.names {
            let part = named(zone, name);
            let is_read = belief.holds(&part);
            self.need(part);
            let is = |what: fn(&ByName, &str) -> bool| known.is_some_and(|known| what(known, name));
            let is_open = is_read && is(ByName::stands) && !is(ByName::has_made);
            let texts = if is_open { &beside.texts } else { &beside.always };
            let parts = texts.iter().map(|text| named(zone, text));
            let parts: Vec<Part> = parts.filter(|_| is_read).collect();
            if is_read && parts.iter().all(|part| belief.holds(part)) {
                shown.insert(name.clone());
            }
            parts.into_iter().for_each(|part| self.need(part));
        }
        let records = match (known, &belief.route53.zones) {
            (Some(known), _) => Known::Is(Arc::clone(&known.records), known.at),
            (None, Known::Is(_, at)) => Known::Is(Arc::default(), *at),
            (None, Known::Absent(_) | Known::Unread) => Known::Unread,
        };
        (records, ZoneSight::Names(shown))
    }
}

fn named(zone: &AwsId, name: &str) -> Part {
    Part::Route53(Route53Part::Named(zone.clone(), name.to_owned()))
}
