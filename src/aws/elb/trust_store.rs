//! Trust stores: whose certificates of clients are accepted.

use std::collections::BTreeMap;

use super::PAGE_SIZE;
use crate::aws::error::CloudError;
use crate::aws::sdk::Sdk;
use crate::model::id::AwsId;

/// The trust stores of the region, by name.
pub(in crate::aws) async fn list(sdk: &Sdk) -> Result<BTreeMap<String, AwsId>, CloudError> {
    let found = sdk
        .pages("elbv2.DescribeTrustStores", |token| async move {
            let page = sdk.elb.describe_trust_stores().page_size(PAGE_SIZE).set_marker(token);
            page.send().await.map(|answer| (answer.trust_stores, answer.next_marker))
        })
        .await?;
    let named = found
        .iter()
        .filter_map(|one| Some((one.name()?.to_owned(), AwsId::new(one.trust_store_arn()?))));
    Ok(named.collect())
}
