//! Security groups.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{IpPermission, ResourceType, SecurityGroup as Raw, TagSpecification};

use super::{PAGE_SIZE, in_vpc, ingress_rule, raw_tags, read_tags};
use crate::aws::ReadSecurityGroup;
use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::{AwsId, Id};
use crate::model::known::Live;
use crate::model::marks::Tags;
use crate::model::security::{IngressRule, SecurityGroup};

/// The VPC's security groups.
pub(in crate::aws) async fn list(sdk: &Sdk) -> Result<Vec<ReadSecurityGroup>, CloudError> {
    let found = sdk
        .pages("ec2.DescribeSecurityGroups", |token| async move {
            let page = sdk
                .ec2
                .describe_security_groups()
                .filters(in_vpc(sdk))
                .max_results(PAGE_SIZE)
                .set_next_token(token);
            page.send().await.map(|answer| (answer.security_groups, answer.next_token))
        })
        .await?;
    Ok(found.iter().filter_map(|raw| read(sdk.rule_description, raw)).collect())
}

pub(in crate::aws) async fn create(
    call: &Call<'_>,
    spec: &SecurityGroup,
) -> Result<Answer, CloudError> {
    let tags = (!spec.tags.is_empty()).then(|| {
        TagSpecification::builder()
            .resource_type(ResourceType::SecurityGroup)
            .set_tags(Some(raw_tags(&spec.tags)))
            .build()
    });
    let answer = call
        .sdk
        .ec2
        .create_security_group()
        .group_name(&spec.name)
        .description(&spec.description)
        .vpc_id(spec.vpc.as_str())
        .set_tag_specifications(tags.map(|tags| vec![tags]))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    let made = answer.group_id().map(AwsId::new);
    made.map(Answer::SecurityGroup)
        .ok_or_else(|| CloudError::incomplete(&call.operation, "the security group's id"))
}

pub(in crate::aws) async fn delete(call: &Call<'_>, id: &AwsId) -> Result<Answer, CloudError> {
    call.sdk
        .ec2
        .delete_security_group()
        .group_id(id.as_str())
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn authorize(
    call: &Call<'_>,
    group: &Id,
    rules: &BTreeSet<IngressRule>,
    description: &str,
) -> Result<Answer, CloudError> {
    call.sdk
        .ec2
        .authorize_security_group_ingress()
        .group_id(call.given(group)?.as_str())
        .set_ip_permissions(Some(permissions(call, rules, description)?))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn revoke(
    call: &Call<'_>,
    group: &Id,
    rules: &BTreeSet<IngressRule>,
    description: &str,
) -> Result<Answer, CloudError> {
    call.sdk
        .ec2
        .revoke_security_group_ingress()
        .group_id(call.given(group)?.as_str())
        .set_ip_permissions(Some(permissions(call, rules, description)?))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn tag(
    call: &Call<'_>,
    id: &AwsId,
    tags: &Tags,
) -> Result<Answer, CloudError> {
    call.sdk
        .ec2
        .create_tags()
        .resources(id.as_str())
        .set_tags(Some(raw_tags(tags)))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn untag(
    call: &Call<'_>,
    id: &AwsId,
    tags: &Tags,
) -> Result<Answer, CloudError> {
    call.sdk
        .ec2
        .delete_tags()
        .resources(id.as_str())
        .set_tags(Some(raw_tags(tags)))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

fn permissions(
    call: &Call<'_>,
    rules: &BTreeSet<IngressRule>,
    description: &str,
) -> Result<Vec<IpPermission>, CloudError> {
    rules.iter().map(|rule| ingress_rule::raw(call, rule, description)).collect()
}

fn read(description: &str, raw: &Raw) -> Option<ReadSecurityGroup> {
    let described: Vec<(IngressRule, String)> =
        raw.ip_permissions().iter().flat_map(ingress_rule::read).collect();
    let shared = described
        .iter()
        .filter(|(_, of_rule)| of_rule == description)
        .map(|(rule, _)| rule.clone())
        .collect();
    Some(ReadSecurityGroup {
        live: Live {
            id: AwsId::new(raw.group_id()?),
            spec: SecurityGroup {
                name: raw.group_name().unwrap_or_default().to_owned(),
                description: raw.description().unwrap_or_default().to_owned(),
                vpc: AwsId::new(raw.vpc_id()?),
                ingress: described.into_iter().map(|(rule, _)| rule).collect(),
                tags: read_tags(raw.tags()),
            },
        },
        shared,
    })
}
