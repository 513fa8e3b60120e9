//! What the belief tells of the account.

use std::sync::Arc;
use std::time::Duration;

use super::Reader;
use crate::aws::part::{ElbPart, Part};
use crate::model::account_limits::AccountLimits;

impl Reader<'_> {
    /// What AWS allows the account, asked no longer ago than that.
    pub(in crate::aws) fn account_limits(&mut self, age_max: Duration) -> Arc<AccountLimits> {
        self.need_since(Part::Elb(ElbPart::AccountLimits), age_max);
        self.belief.elb.account_limits.value().cloned().unwrap_or_default()
    }
}
