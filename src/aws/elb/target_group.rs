//! Target groups.

use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroup as Raw, TargetGroupAttribute, TargetGroupIpAddressTypeEnum,
};
use smol_str::SmolStr;

use super::{PAGE_SIZE, tag};
use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::{AwsId, Id};
use crate::model::known::Live;
use crate::model::listener::Protocol;
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;
use crate::model::target_group::{GRPC, HealthCheck, TargetGroup, TargetType, Traits};

/// Whose numbers the success codes of a health check are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aws) enum Codes {
    /// HTTP status codes.
    Http,
    /// gRPC status codes.
    Grpc,
}

/// The VPC's target groups.
pub(in crate::aws) async fn list(sdk: &Sdk) -> Result<Vec<Live<TargetGroup>>, CloudError> {
    let found = sdk
        .pages("elbv2.DescribeTargetGroups", |token| async move {
            let page = sdk.elb.describe_target_groups().page_size(PAGE_SIZE).set_marker(token);
            page.send().await.map(|answer| (answer.target_groups, answer.next_marker))
        })
        .await?;
    let ours = found.iter().filter(|found| found.vpc_id() == Some(sdk.vpc.as_str()));
    let ours = ours.filter_map(read).map(|mut found| {
        // One text is enough for all of them.
        found.spec.vpc = sdk.vpc.clone();
        found
    });
    Ok(ours.collect())
}

/// The target group of a name, in whichever VPC.
pub(in crate::aws) async fn named(sdk: &Sdk, name: &str) -> Result<AwsId, CloudError> {
    const OPERATION: &str = "elbv2.DescribeTargetGroups";
    sdk.turns.wait(OPERATION).await;
    let answer =
        sdk.elb.describe_target_groups().names(name).send().await.map_err(refused(OPERATION))?;
    let found = answer.target_groups().iter().find_map(|found| found.target_group_arn());
    found.map(AwsId::new).ok_or_else(|| CloudError::incomplete(OPERATION, "the target group"))
}

/// What of a target group never changes, in whichever VPC and of whichever kind.
pub(in crate::aws) async fn traits(sdk: &Sdk, id: &AwsId) -> Result<Traits, CloudError> {
    const OPERATION: &str = "elbv2.DescribeTargetGroups";
    sdk.turns.wait(OPERATION).await;
    let asked = sdk.elb.describe_target_groups().target_group_arns(id.as_str());
    let answer = asked.send().await.map_err(refused(OPERATION))?;
    let found = answer.target_groups().first();
    let found = found.ok_or_else(|| CloudError::incomplete(OPERATION, "the target group"))?;
    Ok(Traits {
        target_type: found.target_type().map(|found| found.as_str().into()).unwrap_or_default(),
        protocol: found.protocol().map(|found| found.as_str().into()).unwrap_or_default(),
        ipv6: found.ip_address_type() == Some(&TargetGroupIpAddressTypeEnum::Ipv6),
        vpc: found.vpc_id().unwrap_or_default().into(),
    })
}

/// The attributes of a target group.
pub(in crate::aws) async fn attributes(sdk: &Sdk, id: &AwsId) -> Result<Attributes, CloudError> {
    const OPERATION: &str = "elbv2.DescribeTargetGroupAttributes";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk
        .elb
        .describe_target_group_attributes()
        .target_group_arn(id.as_str())
        .send()
        .await
        .map_err(refused(OPERATION))?;
    Ok(read_attributes(answer.attributes()))
}

fn read_attributes(raw: &[TargetGroupAttribute]) -> Attributes {
    let pairs = raw.iter();
    pairs.filter_map(|pair| Some((pair.key.clone()?, pair.value.clone()?))).collect()
}

pub(in crate::aws) async fn create(
    call: &Call<'_>,
    spec: &TargetGroup,
) -> Result<Answer, CloudError> {
    let name = spec.name.as_ref().ok_or_else(|| call.unresolved("the name"))?;
    let codes = if spec.protocol_version == GRPC { Codes::Grpc } else { Codes::Http };
    // What passes on whatever comes speaks no version of anything.
    let version = Some(spec.protocol_version.as_str()).filter(|version| !version.is_empty());
    let check = &spec.health_check;
    let answer = call
        .sdk
        .elb
        .create_target_group()
        .name(name.as_str())
        .target_type(spec.target_type.as_str().into())
        .protocol(spec.protocol.as_str().into())
        .set_protocol_version(version.map(str::to_owned))
        .set_target_control_port(spec.control_port.map(i32::from))
        .port(spec.port.into())
        .vpc_id(spec.vpc.as_str())
        .set_ip_address_type(spec.ipv6.then_some(TargetGroupIpAddressTypeEnum::Ipv6))
        .health_check_enabled(true)
        .health_check_port(check.port.as_str())
        .health_check_protocol(check.protocol.as_str().into())
        .health_check_path(check.path.as_str())
        .matcher(raw_matcher(codes, &check.success_codes))
        .health_check_interval_seconds(check.interval_seconds)
        .health_check_timeout_seconds(check.timeout_seconds)
        .healthy_threshold_count(check.healthy_threshold)
        .unhealthy_threshold_count(check.unhealthy_threshold)
        .set_tags(tag::raw(&spec.tags))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    stands(call, answer.target_groups())
}

pub(in crate::aws) async fn modify(
    call: &Call<'_>,
    id: &AwsId,
    check: &HealthCheck,
    codes: Codes,
) -> Result<Answer, CloudError> {
    let answer = call
        .sdk
        .elb
        .modify_target_group()
        .target_group_arn(id.as_str())
        .health_check_enabled(true)
        .health_check_port(check.port.as_str())
        .health_check_protocol(check.protocol.as_str().into())
        .health_check_path(check.path.as_str())
        .matcher(raw_matcher(codes, &check.success_codes))
        .health_check_interval_seconds(check.interval_seconds)
        .health_check_timeout_seconds(check.timeout_seconds)
        .healthy_threshold_count(check.healthy_threshold)
        .unhealthy_threshold_count(check.unhealthy_threshold)
        .send()
        .await
        .map_err(refused(&call.operation))?;
    stands(call, answer.target_groups())
}

pub(in crate::aws) async fn modify_attributes(
    call: &Call<'_>,
    id: &Id,
    attributes: &Attributes,
) -> Result<Answer, CloudError> {
    let pairs = attributes.iter().map(|(key, value)| {
        TargetGroupAttribute::builder().key(key.as_str()).value(value.as_str()).build()
    });
    let answer = call
        .sdk
        .elb
        .modify_target_group_attributes()
        .target_group_arn(call.given(id)?.as_str())
        .set_attributes(Some(pairs.collect()))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Attributes(read_attributes(answer.attributes())))
}

pub(in crate::aws) async fn delete(call: &Call<'_>, id: &AwsId) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .delete_target_group()
        .target_group_arn(id.as_str())
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

fn stands(call: &Call<'_>, target_groups: &[Raw]) -> Result<Answer, CloudError> {
    let target_group = target_groups.iter().find_map(read);
    target_group
        .map(Answer::TargetGroup)
        .ok_or_else(|| CloudError::incomplete(&call.operation, "the target group"))
}

fn raw_matcher(codes: Codes, text: &str) -> Matcher {
    match codes {
        Codes::Http => Matcher::builder().http_code(text).build(),
        Codes::Grpc => Matcher::builder().grpc_code(text).build(),
    }
}

/// A target group from AWS's shape; `None` for a kind that the model does not have.
fn read(raw: &Raw) -> Option<Live<TargetGroup>> {
    let target_type = target_type(raw.target_type()?.as_str())?;
    let protocol = protocol(raw.protocol()?)?;
    // What leads to pods without understanding HTTP is a Service's, and none of ours.
    if (target_type == TargetType::Alb) != (protocol == Protocol::Tcp) {
        return None;
    }
    Some(Live {
        id: AwsId::new(raw.target_group_arn()?),
        spec: TargetGroup {
            name: raw.target_group_name().map(SmolStr::new),
            target_type,
            protocol,
            protocol_version: raw.protocol_version().unwrap_or_default().into(),
            control_port: raw.target_control_port().and_then(|port| port.try_into().ok()),
            port: u16::try_from(raw.port()?).ok()?,
            ipv6: raw.ip_address_type() == Some(&TargetGroupIpAddressTypeEnum::Ipv6),
            vpc: AwsId::new(raw.vpc_id()?),
            health_check: read_health_check(raw)?,
            tags: Tags::new(),
        },
    })
}

fn read_health_check(raw: &Raw) -> Option<HealthCheck> {
    let codes = raw.matcher().and_then(|matcher| matcher.http_code().or(matcher.grpc_code()));
    Some(HealthCheck {
        port: raw.health_check_port().unwrap_or_default().into(),
        protocol: protocol(raw.health_check_protocol()?)?,
        path: raw.health_check_path().unwrap_or_default().into(),
        success_codes: codes.unwrap_or_default().into(),
        interval_seconds: raw.health_check_interval_seconds().unwrap_or_default(),
        timeout_seconds: raw.health_check_timeout_seconds().unwrap_or_default(),
        healthy_threshold: raw.healthy_threshold_count().unwrap_or_default(),
        unhealthy_threshold: raw.unhealthy_threshold_count().unwrap_or_default(),
    })
}

fn target_type(text: &str) -> Option<TargetType> {
    let all = [TargetType::Ip, TargetType::Instance, TargetType::Alb];
    all.into_iter().find(|known| known.as_str() == text)
}

fn protocol(raw: &ProtocolEnum) -> Option<Protocol> {
    let all = [Protocol::Http, Protocol::Https, Protocol::Tcp];
    all.into_iter().find(|known| known.as_str() == raw.as_str())
}
