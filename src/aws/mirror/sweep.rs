//! All that stands in a cluster's name, whoever wishes for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::Mirror;
use crate::aws::error::CloudError;
use crate::aws::sdk::Sdk;
use crate::aws::view::BalancerScope;
use crate::aws::{Cloud, acm, elb};
use crate::clock::Clock;
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey};
use crate::model::record::HostedZone;
use crate::model::sweep::Standing;

impl<C: Cloud, T: Clock> Mirror<C, T> {
    /// Whether anything stands in the cluster's name: load balancers with what hangs on them, or
    /// rules of nodes.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn holds_anything(&self, cluster: &str) -> Result<bool, CloudError> {
        self.view(|reader| reader.holds_anything(cluster)).await
    }

    /// All that stands in a cluster's name: what carries its tags, and the records of these zones.
    /// Of zones and certificates no look is older than `age_max` where AWS can be read.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn standing(
        &self,
        cluster: &str,
        zones: impl IntoIterator<Item = HostedZone>,
        age_max: Duration,
    ) -> Result<Standing, CloudError> {
        let mut standing = Standing::default();
        let scope = BalancerScope { load_balancer_attributes: true, ..BalancerScope::default() };
        for stack in self.stacks(cluster).await?.into_keys() {
            let group = Group::spelled(&stack);
            let inventory = self.balancer(cluster, &group, &scope).await?;
            standing.groups.insert(group, inventory);
        }
        standing.fabric = self.fabric(cluster, &BTreeSet::new()).await?;
        for key in self.certificates(cluster).await?.into_keys() {
            let inventory = self.certificate(cluster, &key, None).await?;
            if let CertificateKey::Secret(secret) = key {
                standing.imports.insert(secret, inventory);
            }
        }
        for key in self.requests(cluster).await?.into_keys() {
            if let CertificateKey::Request(request) = &key {
                let inventory = self.request(cluster, request, age_max).await?;
                standing.requests.insert(key, inventory);
            }
        }
        for zone in zones {
            let inventory = self.zone(&zone.id, None, age_max).await?;
            standing.zones.insert(zone.id.clone(), (zone, inventory));
        }
        Ok(standing)
    }
}

impl<T: Clock> Mirror<Sdk, T> {
    /// Since when load balancers and certificates of the region stand; of nothing else AWS tells.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn ages(&self) -> Result<BTreeMap<AwsId, Timestamp>, CloudError> {
        let sdk = &self.shared.cloud;
        let load_balancers = elb::load_balancer::ages(sdk).await?;
        let certificates = acm::certificate::ages(sdk).await?;
        Ok(load_balancers.into_iter().chain(certificates).collect())
    }
}
