//! What AWS allows the account.

use super::PAGE_SIZE;
use crate::aws::error::CloudError;
use crate::aws::sdk::Sdk;
use crate::model::account_limits::AccountLimits;

/// The quotas of load balancing; a number that is none is left out.
pub(in crate::aws) async fn list(sdk: &Sdk) -> Result<AccountLimits, CloudError> {
    let found = sdk
        .pages("elbv2.DescribeAccountLimits", |token| async move {
            let page = sdk.elb.describe_account_limits().page_size(PAGE_SIZE).set_marker(token);
            page.send().await.map(|answer| (answer.limits, answer.next_marker))
        })
        .await?;
    let read = found.iter().filter_map(|one| Some((one.name()?.into(), one.max()?.parse().ok()?)));
    Ok(AccountLimits(read.collect()))
}
