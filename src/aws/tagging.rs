//! The edge towards AWS's tagging API, which tells the tags of many things with one call. It learns
//! of a tag some time after it was given.

use aws_sdk_resourcegroupstagging::types::TagFilter;

use super::error::CloudError;
use super::sdk::Sdk;
use crate::model::id::AwsId;
use crate::model::marks::{Tags, spelled};

/// The most things on one page (AWS).
const PAGE_SIZE: i32 = 100;
/// What AWS calls certificates here.
const CERTIFICATE: &str = "acm:certificate";

/// The tags of all certificates of the region that carry a tag with this key.
pub(super) async fn certificates(sdk: &Sdk, key: &str) -> Result<Vec<(AwsId, Tags)>, CloudError> {
    let filter = &TagFilter::builder().key(key).build();
    let found = sdk
        .pages("tagging.GetResources", |token| async move {
            let page = sdk
                .tagging
                .get_resources()
                .resource_type_filters(CERTIFICATE)
                .tag_filters(filter.clone())
                .resources_per_page(PAGE_SIZE)
                .set_pagination_token(token);
            page.send()
                .await
                .map(|answer| (answer.resource_tag_mapping_list, answer.pagination_token))
        })
        .await?;
    let each = found.iter().filter_map(|raw| {
        let pairs = raw.tags().iter().map(|tag| (tag.key(), tag.value()));
        Some((AwsId::new(raw.resource_arn()?), spelled(pairs)))
    });
    Ok(each.collect())
}
