//! What the belief tells of certificates that were imported.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::{Reader, map};
use crate::aws::part::{AcmPart, Part};
use crate::aws::shelf::Mark;
use crate::model::certificate::{CertificateFacts, LiveCertificate};
use crate::model::id::{AwsId, CertificateKey, ObjectKey};
use crate::model::inventory::CertificateInventory;

impl Reader<'_> {
    /// The certificates of the cluster that are for the same. Those that are listed as what is
    /// wished for are believed to be it; all else is asked for one by one.
    pub(in crate::aws) fn certificate(
        &mut self,
        cluster: &str,
        key: &CertificateKey,
        wish: Option<&CertificateFacts>,
    ) -> CertificateInventory {
        self.need(Part::Acm(AcmPart::Certificates));
        let belief = self.belief;
        let certificates = map(&belief.acm.certificates, |stand| {
            let ours = belief.tags.find(&Mark::certificate(cluster, key));
            let ours = ours.filter(|(id, _)| stand.contains(*id));
            let live = ours.filter_map(|(id, tags)| {
                let listed = belief.acm.listed.get(id);
                let wished = wish.filter(|wish| listed.is_some_and(|listed| listed.is_of(wish)));
                let facts = match wished {
                    Some(wish) => wish.clone(),
                    None => {
                        self.need(Part::Acm(AcmPart::Certificate(id.clone())));
                        belief.acm.certificate_facts.get(id)?.value()?.clone()
                    }
                };
                let imported = belief.acm.imported.get(id).cloned();
                Some(LiveCertificate { id: id.clone(), facts, imported, tags: tags.clone() })
            });
            live.collect()
        });
        CertificateInventory { certificates }
    }

    /// The ARNs of the certificates that a TLS Secret was imported as.
    pub(in crate::aws) fn imports(&mut self, cluster: &str, key: &CertificateKey) -> Vec<AwsId> {
        self.need(Part::Acm(AcmPart::Certificates));
        let Some(stand) = self.belief.acm.certificates.value() else { return Vec::new() };
        let ours = self.belief.tags.find(&Mark::certificate(cluster, key));
        ours.map(|(id, _)| id).filter(|id| stand.contains(*id)).cloned().collect()
    }

    /// The certificates of the cluster that stand, and when each was imported last.
    pub(in crate::aws) fn certificates(
        &mut self,
        cluster: &str,
    ) -> BTreeMap<CertificateKey, Option<Timestamp>> {
        self.need(Part::Acm(AcmPart::Certificates));
        let acm = &self.belief.acm;
        let Some(stand) = acm.certificates.value() else { return BTreeMap::new() };
        let standing = self.belief.tags.secrets(cluster).filter(|(_, id)| stand.contains(*id));
        let each = standing.filter_map(|(secret, id)| {
            Some((secret_of(secret)?, acm.imported_at.get(id).copied()))
        });
        each.collect()
    }

    /// Those of them, at most so many, that are believed to be what a list tells of them, which was
    /// read that long ago.
    pub(in crate::aws) fn only_listed(
        &self,
        cluster: &str,
        most: usize,
        age: Duration,
    ) -> Vec<(CertificateKey, AwsId)> {
        let listed = &self.belief.acm.listed;
        let look = self.belief.looks.get(&Part::Acm(AcmPart::Certificates));
        if look.is_none_or(|look| self.now.since(look.at) < age) {
            return Vec::new();
        }
        let standing = self.belief.tags.secrets(cluster);
        let unseen = standing.filter(|(_, id)| listed.contains_key(*id));
        unseen.filter_map(|(key, id)| Some((secret_of(key)?, id.clone()))).take(most).collect()
    }

    /// What makes a certificate this one.
    pub(in crate::aws) fn described(&mut self, id: &AwsId) {
        self.need(Part::Acm(AcmPart::Certificate(id.clone())));
    }

    /// The imported certificates that carry a tag with this key.
    pub(in crate::aws) fn tagged_certificates(&mut self, tag: &str) -> BTreeSet<AwsId> {
        self.need(Part::Acm(AcmPart::Certificates));
        let belief = self.belief;
        let bears = |id: &&AwsId| belief.tags.get(id).is_some_and(|tags| tags.contains_key(tag));
        let stand = belief.acm.certificates.value().into_iter().flatten();
        stand.filter(bears).cloned().collect()
    }
}

/// The TLS Secret that a tag names.
fn secret_of(tag: &str) -> Option<CertificateKey> {
    let (namespace, name) = tag.split_once('/')?;
    Some(CertificateKey::Secret(ObjectKey::new(namespace, name)))
}
