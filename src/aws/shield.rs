//! The edge towards AWS Shield, which has one endpoint for all regions of a partition; the SDK's
//! own rules find it.

use aws_sdk_shield::types::SubscriptionState;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::answer::Answer;
use super::call::Call;
use super::error::CloudError;
use super::part::{ShieldPart, ShieldReading};
use super::sdk::{Sdk, refused};
use crate::model::action::ShieldAction;
use crate::model::id::{AwsId, Id};
use crate::model::protection::{SHIELD_NAME, ShieldProtection};

/// Looks at a part.
pub(super) async fn read(sdk: &Sdk, part: &ShieldPart) -> Result<ShieldReading, CloudError> {
    Ok(match part {
        ShieldPart::Subscription => ShieldReading::Subscription(is_subscribed(sdk).boxed().await?),
        ShieldPart::ProtectionOf(id) => {
            ShieldReading::ProtectionOf(id.clone(), of(sdk, id).boxed().await?)
        }
    })
}

/// Whether the account is subscribed to Shield Advanced.
async fn is_subscribed(sdk: &Sdk) -> Result<bool, CloudError> {
    let operation = "shield.GetSubscriptionState";
    sdk.turns.wait(operation).await;
    let request = sdk.shield.get_subscription_state();
    let answer = request.send().await.map_err(refused(operation))?;
    Ok(*answer.subscription_state() == SubscriptionState::Active)
}

/// The protection of a load balancer; a refusal where it has none.
async fn of(sdk: &Sdk, load_balancer: &AwsId) -> Result<ShieldProtection, CloudError> {
    let operation = "shield.DescribeProtection";
    sdk.turns.wait(operation).await;
    let request = sdk.shield.describe_protection().resource_arn(load_balancer.as_str());
    let answer = request.send().await.map_err(refused(operation))?;
    let found = answer.protection();
    let id = found.and_then(|found| found.id()).map(AwsId::new);
    let name = found.and_then(|found| found.name()).unwrap_or_default().to_owned();
    let id = id.ok_or_else(|| CloudError::incomplete(operation, "the protection's id"))?;
    Ok(ShieldProtection { id, name })
}

/// The one call that an action is.
pub(super) fn perform<'a>(
    call: &'a Call<'_>,
    action: &'a ShieldAction,
) -> BoxFuture<'a, Result<Answer, CloudError>> {
    match action {
        ShieldAction::CreateProtection { load_balancer } => create(call, load_balancer).boxed(),
        ShieldAction::DeleteProtection { id, .. } => delete(call, id).boxed(),
    }
}

async fn create(call: &Call<'_>, load_balancer: &Id) -> Result<Answer, CloudError> {
    let request = call.sdk.shield.create_protection().name(SHIELD_NAME);
    let request = request.resource_arn(call.given(load_balancer)?.as_str());
    let answer = request.send().await.map_err(refused(&call.operation))?;
    let id = answer.protection_id().map(AwsId::new);
    let id = id.ok_or_else(|| CloudError::incomplete(&call.operation, "the protection's id"))?;
    Ok(Answer::ShieldProtection(id))
}

async fn delete(call: &Call<'_>, id: &AwsId) -> Result<Answer, CloudError> {
    let request = call.sdk.shield.delete_protection().protection_id(id.as_str());
    request.send().await.map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}
