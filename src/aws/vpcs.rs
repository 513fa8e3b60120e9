//! Which VPC is meant where nobody names it.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use aws_config::imds;
use aws_sdk_ec2::types::Filter;

use super::endpoints::{INSTANCE_METADATA, Site};
use super::error::CloudError;
use super::sdk::{ec2_config, refused};
use crate::model::id::AwsId;

/// How long an instance's metadata may take to be reached; it is on the instance's own host.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);
/// How often instance metadata is asked; a pod's first packets may be lost.
const METADATA_ATTEMPTS: u32 = 2;

/// The VPCs of the region that have all of these tags.
///
/// # Errors
/// AWS's refusal.
pub async fn vpcs(site: &Site, tags: &[(String, String)]) -> Result<Vec<AwsId>, CloudError> {
    let filters = tags.iter().map(|(key, value)| {
        Filter::builder().name(format!("tag:{key}")).values(value.as_str()).build()
    });
    let request = ec2(site).describe_vpcs().set_filters(Some(filters.collect()));
    let mut pages = request.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(vpc) = pages.next().await {
        let vpc = vpc.map_err(refused("ec2.DescribeVpcs"))?;
        found.extend(vpc.vpc_id().map(AwsId::new));
    }
    Ok(found)
}

/// The VPC of the instance that this runs on, as its metadata has it.
///
/// # Errors
/// Why there is no answer.
pub async fn instance_vpc(site: &Site) -> Result<AwsId, Box<dyn Error + Send + Sync>> {
    let client = imds::Client::builder()
        .connect_timeout(METADATA_TIMEOUT)
        .read_timeout(METADATA_TIMEOUT)
        .max_attempts(METADATA_ATTEMPTS);
    let client = match site.endpoint(INSTANCE_METADATA) {
        Some(url) => client.endpoint(url)?,
        None => client,
    };
    let client = client.build();
    let mac = client.get("/latest/meta-data/mac").await?;
    let path = format!("/latest/meta-data/network/interfaces/macs/{}/vpc-id", mac.as_ref().trim());
    Ok(AwsId::new(client.get(path).await?.as_ref().trim()))
}

/// The VPCs of instances, each once.
///
/// # Errors
/// AWS's refusal, also of an instance that does not exist.
pub async fn vpcs_of(site: &Site, instances: Vec<String>) -> Result<BTreeSet<AwsId>, CloudError> {
    let request = ec2(site).describe_instances().set_instance_ids(Some(instances));
    let found = request.send().await.map_err(refused("ec2.DescribeInstances"))?;
    let instances =
        found.reservations().iter().flat_map(aws_sdk_ec2::types::Reservation::instances);
    Ok(instances.filter_map(|instance| instance.vpc_id().map(AwsId::new)).collect())
}

fn ec2(site: &Site) -> aws_sdk_ec2::Client {
    aws_sdk_ec2::Client::from_conf(ec2_config(site).build())
}
