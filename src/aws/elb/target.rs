//! Targets.

use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types::{
    TargetDescription, TargetHealth, TargetHealthDescription, TargetHealthStateEnum,
};

use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::{AwsId, Id};
use crate::model::target::{LiveTarget, Target, TargetState, Why};

/// The zone of an address outside the VPC.
const ANY_ZONE: &str = "all";

/// What is registered in a target group, draining targets included.
pub(in crate::aws) async fn list(
    sdk: &Sdk,
    target_group: &AwsId,
) -> Result<Vec<LiveTarget>, CloudError> {
    const OPERATION: &str = "elbv2.DescribeTargetHealth";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk
        .elb
        .describe_target_health()
        .target_group_arn(target_group.as_str())
        .send()
        .await
        .map_err(refused(OPERATION))?;
    let mut targets: Vec<LiveTarget> =
        answer.target_health_descriptions().iter().filter_map(read).collect();
    targets.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(targets)
}

pub(in crate::aws) async fn register(
    call: &Call<'_>,
    target_group: &Id,
    targets: &[Target],
) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .register_targets()
        .target_group_arn(call.given(target_group)?.as_str())
        .set_targets(Some(raw(targets)))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn register_load_balancer(
    call: &Call<'_>,
    target_group: &Id,
    (load_balancer, port): (&Id, u16),
) -> Result<Answer, CloudError> {
    let target = Target::load_balancer(call.given(load_balancer)?, port);
    register(call, target_group, &[target]).await
}

pub(in crate::aws) async fn deregister(
    call: &Call<'_>,
    target_group: &AwsId,
    targets: &[Target],
) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .deregister_targets()
        .target_group_arn(target_group.as_str())
        .set_targets(Some(raw(targets)))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

fn raw(targets: &[Target]) -> Vec<TargetDescription> {
    let one = |target: &Target| {
        TargetDescription::builder()
            .id(target.id.as_str())
            .port(target.port.into())
            .set_availability_zone(target.availability_zone.as_ref().map(ToString::to_string))
            .build()
    };
    targets.iter().map(one).collect()
}

fn read(raw: &TargetHealthDescription) -> Option<LiveTarget> {
    let target = raw.target()?;
    Some(LiveTarget {
        target: Target {
            id: target.id()?.into(),
            port: u16::try_from(target.port()?).ok()?,
            // AWS also tells the zone of an address in the VPC, which nobody chose.
            availability_zone: target
                .availability_zone()
                .filter(|zone| *zone == ANY_ZONE)
                .map(|zone| Box::new(zone.into())),
        },
        state: state(raw.target_health().and_then(|health| health.state())),
        why: raw.target_health().and_then(why),
    })
}

/// Why it takes no requests; AWS has a code for that wherever it has a sentence.
fn why(health: &TargetHealth) -> Option<Arc<Why>> {
    let code = health.reason()?.as_str().into();
    let description = health.description().unwrap_or_default().into();
    Some(Arc::new(Why { code, description }))
}

fn state(raw: Option<&TargetHealthStateEnum>) -> TargetState {
    match raw {
        Some(TargetHealthStateEnum::Initial) => TargetState::Initial,
        Some(TargetHealthStateEnum::Healthy) => TargetState::Healthy,
        Some(TargetHealthStateEnum::Unhealthy) => TargetState::Unhealthy,
        Some(TargetHealthStateEnum::Unused) => TargetState::Unused,
        Some(TargetHealthStateEnum::Draining | TargetHealthStateEnum::UnhealthyDraining) => {
            TargetState::Draining
        }
        _ => TargetState::Unavailable,
    }
}
