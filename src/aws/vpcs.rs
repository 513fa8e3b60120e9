//! Which VPC is meant where nobody says.

use aws_config::SdkConfig;

use super::error::CloudError;
use super::sdk::{ec2_config, refused};
use crate::model::id::AwsId;

/// The region's only VPC, or else its default one.
///
/// # Errors
/// AWS's refusal, or which VPCs there are to choose from.
pub async fn only_vpc(config: &SdkConfig) -> Result<AwsId, CloudError> {
    let client = aws_sdk_ec2::Client::from_conf(ec2_config(config).build());
    let mut pages = client.describe_vpcs().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(vpc) = pages.next().await {
        let vpc = vpc.map_err(refused("ec2.DescribeVpcs"))?;
        found.extend(vpc.vpc_id().map(|id| (AwsId::new(id), vpc.is_default() == Some(true))));
    }
    let default = found.iter().find(|(_, is_default)| *is_default);
    match (found.as_slice(), default) {
        ([(only, _)], _) | (_, Some((only, _))) => Ok(only.clone()),
        (several, None) => {
            let ids: Vec<&str> = several.iter().map(|(id, _)| id.as_str()).collect();
            let message =
                format!("none of {} VPCs is the default one: {}", ids.len(), ids.join(", "));
            Err(CloudError::ours("ec2.DescribeVpcs", "AlbedoNoVpc", message))
        }
    }
}
