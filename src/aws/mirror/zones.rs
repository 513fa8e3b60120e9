//! Hosted zones and what they hold: as a whole, or by name where that is less.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Mirror;
use crate::aws::part::{Part, Reading, Route53Part, Route53Reading};
use crate::aws::{Cloud, CloudError};
use crate::clock::Clock;
use crate::model::id::AwsId;
use crate::model::inventory::{ZoneInventory, ZoneScope};
use crate::model::record::HostedZones;

/// How much time lies between two looks at a whole zone for each call that one takes: so it takes
/// at most half a call a second, of the five that Route 53 takes from an account (AWS quota).
const PACE: Duration = Duration::from_secs(2);

impl<C: Cloud, T: Clock> Mirror<C, T> {
    /// The account's hosted zones, read no longer ago than `age_max` where AWS can be read.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn zones(&self, age_max: Duration) -> Result<Arc<HostedZones>, CloudError> {
        self.view(|reader| reader.zones(age_max)).await
    }

    /// Which of these names of a hosted zone have no record, looked for no longer ago than
    /// `age_max` where AWS can be read.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn nameless(
        &self,
        zone: &AwsId,
        names: &BTreeSet<String>,
        age_max: Duration,
    ) -> Result<BTreeSet<String>, CloudError> {
        self.view(|reader| reader.nameless(zone, names, age_max)).await
    }

    /// What stands of a hosted zone, and the load balancers that its names may lead to, the latter
    /// read no longer ago than `age_max` where AWS can be read. Where the zone is large and was not
    /// read as a whole, and `scope` holds few names of it, only those are read.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn zone(
        &self,
        zone: &AwsId,
        scope: Option<&ZoneScope>,
        age_max: Duration,
    ) -> Result<ZoneInventory, CloudError> {
        self.view(|reader| reader.zone(zone, scope, age_max)).await
    }

    /// Whether all of Route 53's servers answer by a batch of changes. It is asked each time.
    ///
    /// # Errors
    /// What AWS answered.
    pub async fn is_in_sync(&self, change: &AwsId) -> Result<bool, CloudError> {
        let part = Part::Route53(Route53Part::Change(change.clone()));
        let _permit = self.shared.permit(part.about().lane).await;
        let reading = self.shared.cloud.read(&part).await?;
        Ok(matches!(reading, Reading::Route53(Route53Reading::Change(_, true))))
    }

    /// Whether a zone is large and was not read as a whole, so that it matters which names of it
    /// are looked at.
    #[must_use]
    pub fn is_by_name(&self, zone: &AwsId) -> bool {
        let belief = &self.shared.lock().belief;
        belief.route53.is_large(zone) && !belief.holds(&whole(zone))
    }

    /// Whether a zone is being read as a whole.
    #[must_use]
    pub fn is_reading(&self, zone: &AwsId) -> bool {
        self.shared.lock().under_way(&whole(zone)).is_some()
    }

    /// Wants a zone to be read as a whole that was read by name, without anybody's waiting for it.
    /// Says whether nobody did before.
    #[must_use]
    pub fn want_whole(&self, zone: &AwsId) -> bool {
        self.is_by_name(zone) && self.shared.lock().belief.route53.wait_for(zone)
    }

    /// Asks for a fresh look at names of a zone: at no more than them where the zone is large.
    pub fn refresh_names(&self, zone: &AwsId, names: &BTreeSet<String>, at_most_every: Duration) {
        let now = self.shared.clock.moment();
        let mut state = self.shared.lock();
        let route53 = &state.belief.route53;
        if !route53.is_large(zone) || names.len() > route53.pages(zone) / 2 {
            state.want(&whole(zone), now, at_most_every);
            return;
        }
        let holds_whole = state.belief.holds(&whole(zone));
        let looks = &state.belief.looks;
        let of_whole = looks.get(&whole(zone)).filter(|_| holds_whole).map(|look| look.at);
        let is_old = |name: &&String| {
            let part = Part::Route53(Route53Part::Named(zone.clone(), (*name).clone()));
            let last = looks.get(&part).map(|look| look.at).max(of_whole);
            last.is_some_and(|last| now.since(last) >= at_most_every)
        };
        let old: Vec<String> = names.iter().filter(is_old).cloned().collect();
        old.iter().for_each(|name| state.belief.route53.outdate(zone, name));
    }

    /// Asks for a fresh look at a zone as a whole, and before that at some names of it: a large one
    /// is looked at as seldom as its size asks for, and nobody waits for that.
    pub fn refresh_zone(&self, zone: &AwsId, names: &BTreeSet<String>, at_most_every: Duration) {
        self.refresh_names(zone, names, at_most_every);
        let now = self.shared.clock.moment();
        let mut state = self.shared.lock();
        let pages = u32::try_from(state.belief.route53.pages(zone)).unwrap_or(u32::MAX);
        let at_most_every = at_most_every.max(PACE.saturating_mul(pages));
        if state.belief.holds(&whole(zone)) {
            state.want(&whole(zone), now, at_most_every);
        } else if state.belief.route53.is_large(zone) {
            state.belief.route53.wait_for(zone);
        }
    }
}

fn whole(zone: &AwsId) -> Part {
    Part::Route53(Route53Part::Records(zone.clone()))
}
