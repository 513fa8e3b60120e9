//! The story of a census: which hosted zones there are, which certificates hosts may have, and
//! which of ours nobody uses. It is taken now and then by itself, so that nobody who does not need
//! it waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Visit, again, gravest};
use crate::aws::{Cloud, CloudError, Kind};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired;
use crate::desired::discovery::seekers;
use crate::model::fact::Topic;
use crate::model::id::{AwsId, CertificateKey};
use crate::model::subject::Subject;
use crate::report::Rest;

/// How often hosted zones are listed: whoever makes one waits minutes, as for the zone itself, and
/// Route 53 takes five requests a second from an account (AWS).
const PAUSE: Duration = Duration::from_secs(180);
/// How many certificates are looked at with a census of which only a list has told, which leaves
/// their serial numbers out: five hundred within three hours of a start.
const LOOKS_AT_ONCE: usize = 10;

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    pub(super) async fn census(&self) -> Result<Rest, CloudError> {
        self.world().lock().has_read(self.subject);
        let zones = self.look_for_zones().await;
        let issued = self.look_for_issued().await;
        let ends = self.look_for_ends().await;
        let strays = self.look_for_strays().await;
        Ok(gravest([zones, issued, ends, strays, self.look_for_orphans().await]))
    }

    /// What cannot be read holds up nothing but names.
    async fn look_for_zones(&self) -> Rest {
        let settings = self.settings();
        let is_on = {
            let objects = &self.world().lock().objects;
            desired::zone::is_on(settings, objects) || desired::request::is_on(settings, objects)
        };
        if !is_on {
            self.world().lock().zones_are(None, BTreeSet::new());
            return Rest::Done;
        }
        match self.mirror().zones(PAUSE / 2).await {
            Ok(zones) => {
                let in_use: BTreeSet<AwsId> =
                    desired::zone::in_use(&settings.dns, &zones).collect();
                self.world().lock().zones_are(Some(zones), in_use);
                Rest::Later(PAUSE)
            }
            Err(error) => {
                tracing::warn!(%error, "hosted zones cannot be read; names stay as they are meanwhile");
                if error.kind == Kind::Refused {
                    self.world().lock().zones_refused();
                }
                again(&error)
            }
        }
    }

    /// Whether a host has other certificates than before: nobody tells.
    async fn look_for_issued(&self) -> Rest {
        if seekers(&self.world().lock().objects).is_none() {
            self.world().lock().issued_are(None);
            return Rest::Later(PAUSE);
        }
        match self.mirror().issued(PAUSE / 2).await {
            Ok(found) => {
                self.world().lock().issued_are(Some(found));
                Rest::Later(PAUSE)
            }
            Err(error) => {
                tracing::warn!(%error, "certificates cannot be listed; HTTPS stays as it is");
                again(&error)
            }
        }
    }

    /// The certificates that were made in the cluster's name. Where none are made, AWS is not
    /// asked.
    async fn made_certificates(&self) -> Result<BTreeSet<CertificateKey>, CloudError> {
        let settings = self.settings();
        let (imports, asks) = {
            let mut world = self.world().lock();
            // Whoever asked may be gone, and what was asked for not yet.
            world.ends.asked |= desired::request::is_on(settings, &world.objects);
            // So may somebody who asked before this tenure.
            let may_have = desired::request::may_have_been_on(&world.objects);
            let is_unread = may_have && !world.ends.are_requests_read;
            (desired::tls::is_on(settings, &world.objects), world.ends.asked || is_unread)
        };
        let mut made = BTreeMap::new();
        if imports {
            made.extend(self.mirror().certificates(&settings.cluster).await?);
        }
        if asks {
            let requests = match self.mirror().requests(&settings.cluster).await {
                // Who may not list certificates has asked for none.
                Err(error) if error.kind == Kind::Refused && !self.world().lock().ends.asked => {
                    BTreeMap::new()
                }
                found => found?,
            };
            let mut world = self.world().lock();
            world.ends.are_requests_read = true;
            world.ends.asked |= !requests.is_empty();
            drop(world);
            made.extend(requests);
        }
        self.recall(&made);
        Ok(made.into_keys().collect())
    }

    /// Certificates that went out of use while nobody watched, and those that an end of this
    /// process left behind.
    async fn look_for_strays(&self) -> Rest {
        let settings = self.settings();
        let made = match self.made_certificates().await {
            Ok(made) => made,
            Err(error) => {
                tracing::warn!(%error, "certificates cannot be read; those that nobody uses stay");
                return again(&error);
            }
        };
        let seen = self.mirror().look_closer(&settings.cluster, LOOKS_AT_ONCE, PAUSE).await;
        let seen = seen.unwrap_or_else(|error| {
            tracing::debug!(%error, "certificates cannot be looked at");
            BTreeSet::new()
        });
        // Whoever they were made for may have been in another cluster of the same name.
        let (old, others) = self.inherited(made);
        let held = self.braked(old.clone()).owners;
        let made = others.into_iter().chain(old.into_iter().filter(|key| !held.contains(key)));
        let mut world = self.world().lock();
        for key in seen {
            // It may be something else than what the list told of it.
            if world.index.wanting(&key).next().is_some() {
                world.facts.touch(Topic::Stray(key));
            }
        }
        for key in made.filter(|key| settings.extent.shows_users_of(key)) {
            let subject = Subject::Certificate(settings.place.clone(), key.clone());
            let is_used = world.index.wanting(&key).next().is_some();
            // Those that wait already are woken when what they wait for happens.
            if !is_used && !world.is_waiting(&subject) {
                world.facts.touch(Topic::Stray(key));
            }
        }
        Rest::Done
    }
}
