//! What the belief tells of certificates that ACM was asked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::{Reader, map};
use crate::aws::part::{AcmPart, Part};
use crate::aws::shelf::Mark;
use crate::model::id::{AwsId, CertificateKey};
use crate::model::inventory::RequestInventory;
use crate::model::known::Known;
use crate::model::marks::Tags;
use crate::model::request::{LiveRequest, RequestFacts, RequestKey, RequestState};

/// How old a list may be that says of which certificates ACM has decided: it takes minutes.
const LIST_AGE_MAX: Duration = Duration::from_secs(30);
/// How old it may be what is known of a certificate that is issued: ACM begins to renew it 60 days
/// before its end.
const RENEWAL_AGE_MAX: Duration = Duration::from_secs(12 * 60 * 60);
/// The same while ACM cannot renew it.
const TROUBLE_AGE_MAX: Duration = Duration::from_secs(30 * 60);

impl<'a> Reader<'a> {
    /// What has become of the certificates that ACM was asked for with the same names; of those
    /// that are not issued yet, no longer ago than that.
    pub(in crate::aws) fn request(
        &mut self,
        cluster: &str,
        key: &RequestKey,
        age_max: Duration,
    ) -> RequestInventory {
        self.need(Part::Acm(AcmPart::Requested));
        let belief = self.belief;
        let certificates = map(&belief.acm.requested, |stand| {
            let ours = belief.tags.find(&Mark::Request(cluster.into(), key.token().into()));
            let of_lbc = belief.tags.find(&Mark::RequestOfLbc(cluster.into()));
            let found = ours.chain(of_lbc).filter(|(id, _)| stand.contains(*id));
            let live = found.filter_map(|(id, tags)| {
                let facts = self.request_facts(id, age_max)?;
                let tags = Tags::clone(tags);
                let live = LiveRequest { id: id.clone(), facts: facts.clone(), tags };
                facts.are_of(key).then_some(live)
            });
            live.collect()
        });
        RequestInventory { certificates }
    }

    fn request_facts(&mut self, id: &AwsId, age_max: Duration) -> Option<&'a RequestFacts> {
        let facts = self.belief.acm.request_facts.get(id).and_then(Known::value);
        let part = Part::Acm(AcmPart::Request(id.clone()));
        match facts {
            Some(facts) if facts.await_decision() => {
                // One look at the list is a look at all that wait.
                self.need(part);
                self.need_since(Part::Acm(AcmPart::Requested), age_max.max(LIST_AGE_MAX));
            }
            Some(facts) if facts.renewal.is_some() => {
                self.need_since(part, age_max.max(TROUBLE_AGE_MAX));
            }
            Some(facts) if facts.state != RequestState::Pending => {
                self.need_since(part, RENEWAL_AGE_MAX);
            }
            Some(_) | None => self.need_since(part, age_max),
        }
        facts
    }

    /// What ACM was asked for in the cluster's name, and when.
    pub(in crate::aws) fn requests(
        &mut self,
        cluster: &str,
    ) -> BTreeMap<CertificateKey, Option<Timestamp>> {
        self.need(Part::Acm(AcmPart::Requested));
        let belief = self.belief;
        let Some(stand) = belief.acm.requested.value() else { return BTreeMap::new() };
        let ids = belief.tags.requests(cluster).filter(|id| stand.contains(*id));
        let keys = ids.filter_map(|id| {
            let facts = self.request_facts(id, Duration::MAX)?;
            let RequestFacts { names, authority, requested_at, .. } = facts.clone();
            let key = CertificateKey::Request(Arc::new(RequestKey { names, authority }));
            Some((key, Some(requested_at)))
        });
        keys.collect()
    }
}
