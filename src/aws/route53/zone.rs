//! Hosted zones.

use aws_sdk_route53::types::{HostedZone as Raw, HostedZoneConfig};

use crate::aws::error::CloudError;
use crate::aws::sdk::Sdk;
use crate::model::id::AwsId;
use crate::model::record::{HostedZone, name_from_route53};

/// What Route 53 puts in front of a hosted zone's id.
const ID_PREFIX: &str = "/hostedzone/";

/// The account's hosted zones.
pub(in crate::aws) async fn list(sdk: &Sdk) -> Result<Vec<HostedZone>, CloudError> {
    let found = sdk
        .pages("route53.ListHostedZones", |token| async move {
            let page = sdk.route53.list_hosted_zones().set_marker(token);
            page.send().await.map(|answer| (Some(answer.hosted_zones), answer.next_marker))
        })
        .await?;
    Ok(found.iter().map(read).collect())
}

fn read(raw: &Raw) -> HostedZone {
    HostedZone {
        id: AwsId::new(raw.id().strip_prefix(ID_PREFIX).unwrap_or(raw.id())),
        name: name_from_route53(raw.name()),
        is_private: raw.config().is_some_and(HostedZoneConfig::private_zone),
    }
}
