//! What people call by a name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Mirror;
use crate::aws::Cloud;
use crate::aws::error::CloudError;
use crate::clock::Clock;
use crate::model::account_limits::AccountLimits;
use crate::model::id::AwsId;

impl<C: Cloud, T: Clock> Mirror<C, T> {
    /// The trust stores of the region by name, listed no longer ago than `age_max` where AWS can be
    /// read.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn trust_stores(
        &self,
        age_max: Duration,
    ) -> Result<Arc<BTreeMap<String, AwsId>>, CloudError> {
        self.view(|reader| reader.trust_stores(age_max)).await
    }

    /// What AWS allows the account, asked no longer ago than `age_max` where AWS can be read.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn account_limits(
        &self,
        age_max: Duration,
    ) -> Result<Arc<AccountLimits>, CloudError> {
        self.view(|reader| reader.account_limits(age_max)).await
    }

    /// The target group of a name, looked for no longer ago than `age_max` where AWS can be read;
    /// `None` where there is none.
    ///
    /// # Errors
    /// What AWS answered to the read.
    pub async fn target_group_named(
        &self,
        name: &str,
        age_max: Duration,
    ) -> Result<Option<AwsId>, CloudError> {
        self.view(|reader| reader.target_group_named(name, age_max)).await
    }
}
