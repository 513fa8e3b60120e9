//! Hosted zones.

use std::collections::BTreeSet;

use aws_sdk_route53::types::{HostedZone as Raw, HostedZoneConfig, Tag, TagResourceType};

use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::AwsId;
use crate::model::record::{HostedZone, name_from_route53};

/// What Route 53 puts in front of a hosted zone's id.
const ID_PREFIX: &str = "/hostedzone/";

/// The most hosted zones whose tags one call tells (Route 53).
const TAGGED_MAX: usize = 10;

/// The account's hosted zones, each with how many records it has; where tags matter, of those that
/// are used only the ones with them.
pub(in crate::aws) async fn list(sdk: &Sdk) -> Result<Vec<(HostedZone, usize)>, CloudError> {
    let found = sdk
        .pages("route53.ListHostedZones", |token| async move {
            let page = sdk.route53.list_hosted_zones().set_marker(token);
            page.send().await.map(|answer| (Some(answer.hosted_zones), answer.next_marker))
        })
        .await?;
    let mut zones: Vec<(HostedZone, usize)> = found.iter().map(read).collect();
    if !sdk.zones.zone_tags.is_empty() {
        let used = zones.iter().filter(|(zone, _)| sdk.zones.uses(zone));
        let used: Vec<&AwsId> = used.map(|(zone, _)| &zone.id).collect();
        let mut tagged = BTreeSet::new();
        for some in used.chunks(TAGGED_MAX) {
            tagged.extend(tagged_ones(sdk, some).await?);
        }
        zones.retain(|(zone, _)| tagged.contains(&zone.id));
    }
    Ok(zones)
}

/// Those of some hosted zones that have the tags which matter.
async fn tagged_ones(sdk: &Sdk, ids: &[&AwsId]) -> Result<Vec<AwsId>, CloudError> {
    const OPERATION: &str = "route53.ListTagsForResources";
    let call = sdk.route53.list_tags_for_resources().resource_type(TagResourceType::Hostedzone);
    let ids = ids.iter().map(ToString::to_string).collect();
    sdk.turns.wait(OPERATION).await;
    let answer = call.set_resource_ids(Some(ids)).send().await.map_err(refused(OPERATION))?;
    let fitting = answer.resource_tag_sets.iter().filter(|set| {
        let value = |key: &str| {
            let tag = set.tags().iter().find(|tag| tag.key() == Some(key));
            tag.map(|tag| Tag::value(tag).unwrap_or_default())
        };
        sdk.zones.lists(value)
    });
    Ok(fitting.filter_map(|set| set.resource_id()).map(AwsId::new).collect())
}

fn read(raw: &Raw) -> (HostedZone, usize) {
    let zone = HostedZone {
        id: AwsId::new(raw.id().strip_prefix(ID_PREFIX).unwrap_or(raw.id())),
        name: name_from_route53(raw.name()),
        is_private: raw.config().is_some_and(HostedZoneConfig::private_zone),
    };
    let records = raw.resource_record_set_count().unwrap_or_default();
    (zone, usize::try_from(records).unwrap_or_default())
}
