//! What is believed of ACM's certificates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Mirror;
use jiff::Timestamp;

use crate::aws::part::{AcmPart, Part};
use crate::aws::{Cloud, CloudError};
use crate::clock::Clock;
use crate::model::certificate::CertificateFacts;
use crate::model::id::{AwsId, CertificateKey};
use crate::model::inventory::{CertificateInventory, RequestInventory};
use crate::model::marks::TAG_SECRET;
use crate::model::request::RequestKey;
use crate::model::surroundings::IssuedCertificates;

impl<C: Cloud, T: Clock> Mirror<C, T> {
    /// The certificates that a TLS Secret was imported as. One that ACM lists with the names, dates
    /// and kind of key of what is wished for is told to be that, until somebody has
    /// [looked closer](Self::look_closer): a list of a thousand takes one call, and of each by
    /// itself one more.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn certificate(
        &self,
        cluster: &str,
        key: &CertificateKey,
        wish: Option<&CertificateFacts>,
    ) -> Result<CertificateInventory, CloudError> {
        self.view(|reader| reader.certificate(cluster, key, wish)).await
    }

    /// The ARNs of the certificates that a TLS Secret was imported as.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn imports(
        &self,
        cluster: &str,
        key: &CertificateKey,
    ) -> Result<Vec<AwsId>, CloudError> {
        self.view(|reader| reader.imports(cluster, key)).await
    }

    /// Looks at the certificates of some TLS Secrets, at most so many, of which nothing is known
    /// but what a list told at least `age` ago. Says of which.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn look_closer(
        &self,
        cluster: &str,
        most: usize,
        age: Duration,
    ) -> Result<BTreeSet<CertificateKey>, CloudError> {
        let unseen = self.view(|reader| reader.only_listed(cluster, most, age)).await?;
        let mut keys = BTreeSet::new();
        for (key, id) in unseen {
            self.view(|reader| reader.described(&id)).await?;
            keys.insert(key);
        }
        Ok(keys)
    }

    /// Whether the tags of many certificates are told at once: a call that AWS refuses costs one
    /// for each certificate.
    ///
    /// # Errors
    /// What AWS answered to it.
    pub async fn tells_tags_at_once(&self) -> Result<(), CloudError> {
        let part = Part::Acm(AcmPart::Tagged(TAG_SECRET));
        self.shared.cloud.read(&part).await.map(|_| ())
    }

    /// The TLS Secrets of the cluster of which a certificate stands, each with when it was imported
    /// last, where ACM tells.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn certificates(
        &self,
        cluster: &str,
    ) -> Result<BTreeMap<CertificateKey, Option<Timestamp>>, CloudError> {
        self.view(|reader| reader.certificates(cluster)).await
    }

    /// What has become of the certificates that ACM was asked for with the same names; of those
    /// that are not issued yet, no longer ago than `age_max` where ACM can be read.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn request(
        &self,
        cluster: &str,
        key: &RequestKey,
        age_max: Duration,
    ) -> Result<RequestInventory, CloudError> {
        self.view(|reader| reader.request(cluster, key, age_max)).await
    }

    /// What ACM was asked for in the cluster's name, and when.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn requests(
        &self,
        cluster: &str,
    ) -> Result<BTreeMap<CertificateKey, Option<Timestamp>>, CloudError> {
        self.view(|reader| reader.requests(cluster)).await
    }

    /// The certificates that listeners may have, whoever made them, listed no longer ago than
    /// `age_max` where ACM can be read.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn issued(&self, age_max: Duration) -> Result<Arc<IssuedCertificates>, CloudError> {
        self.view(|reader| reader.issued(age_max)).await
    }

    /// The same as far as a list says it.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn listed(&self, age_max: Duration) -> Result<Arc<IssuedCertificates>, CloudError> {
        self.view(|reader| reader.listed(age_max)).await
    }

    /// The imported certificates that carry a tag with this key.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn tagged_certificates(&self, tag: &str) -> Result<BTreeSet<AwsId>, CloudError> {
        self.view(|reader| reader.tagged_certificates(tag)).await
    }
}
