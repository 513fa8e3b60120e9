//! What is asked of the mirror about what protects load balancers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Mirror;
use crate::aws::{Cloud, CloudError};
use crate::clock::Clock;
use crate::model::id::AwsId;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::protection::{ShieldInventory, WafInventory};

impl<C: Cloud, T: Clock> Mirror<C, T> {
    /// How far AWS has come with these load balancers, and their DNS names; those are left out that
    /// are gone. While one is being set up, that is looked at as often as `pause`.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn states(
        &self,
        load_balancers: &BTreeSet<AwsId>,
        pause: Duration,
    ) -> Result<BTreeMap<AwsId, (AwsId, LoadBalancerState)>, CloudError> {
        self.view(|reader| reader.states(load_balancers, pause)).await
    }

    /// The web ACLs of these load balancers, and those of the region where one of them is asked for
    /// by its name.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn web_acls(
        &self,
        load_balancers: &BTreeSet<AwsId>,
        name: Option<&str>,
    ) -> Result<WafInventory, CloudError> {
        self.view(|reader| reader.web_acls(load_balancers, name)).await
    }

    /// The Shield protections of these load balancers, and whether there can be any.
    ///
    /// # Errors
    /// What AWS answered to a read.
    pub async fn shield(
        &self,
        load_balancers: &BTreeSet<AwsId>,
    ) -> Result<ShieldInventory, CloudError> {
        self.view(|reader| reader.shield(load_balancers)).await
    }
}
