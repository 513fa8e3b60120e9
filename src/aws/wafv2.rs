//! The edge towards AWS WAF.

use aws_sdk_wafv2::types::Scope;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::answer::Answer;
use super::call::Call;
use super::error::CloudError;
use super::part::{Wafv2Part, Wafv2Reading};
use super::sdk::{Sdk, refused};
use crate::model::action::Wafv2Action;
use crate::model::id::{AwsId, Id};
use crate::model::protection::LiveWebAcl;

/// The most web ACLs on one page (AWS).
const PAGE_SIZE: i32 = 100;

/// Looks at a part.
pub(super) async fn read(sdk: &Sdk, part: &Wafv2Part) -> Result<Wafv2Reading, CloudError> {
    Ok(match part {
        Wafv2Part::WebAcls => Wafv2Reading::WebAcls(list(sdk).boxed().await?),
        Wafv2Part::WebAclOf(id) => Wafv2Reading::WebAclOf(id.clone(), of(sdk, id).boxed().await?),
    })
}

/// The web ACLs that load balancers of the region may have.
async fn list(sdk: &Sdk) -> Result<Vec<LiveWebAcl>, CloudError> {
    let found = sdk
        .pages("wafv2.ListWebACLs", |token| async move {
            let page = sdk.wafv2.list_web_acls().scope(Scope::Regional).limit(PAGE_SIZE);
            page.set_next_marker(token).send().await.map(|answer| {
                // A marker may come with the last page too, and lead to an empty one.
                let is_last = answer.web_acls().is_empty();
                (answer.web_acls, answer.next_marker.filter(|_| !is_last))
            })
        })
        .await?;
    let found = found
        .into_iter()
        .filter_map(|raw| Some(LiveWebAcl { id: AwsId::new(raw.arn?), name: raw.name? }));
    Ok(found.collect())
}

/// The web ACL of a load balancer.
async fn of(sdk: &Sdk, load_balancer: &AwsId) -> Result<Option<AwsId>, CloudError> {
    let operation = "wafv2.GetWebACLForResource";
    sdk.turns.wait(operation).await;
    let request = sdk.wafv2.get_web_acl_for_resource().resource_arn(load_balancer.as_str());
    let answer = request.send().await.map_err(refused(operation))?;
    Ok(answer.web_acl().map(|found| AwsId::new(found.arn())))
}

/// The one call that an action is.
pub(super) fn perform<'a>(
    call: &'a Call<'_>,
    action: &'a Wafv2Action,
) -> BoxFuture<'a, Result<Answer, CloudError>> {
    match action {
        Wafv2Action::AssociateWebAcl { load_balancer, web_acl } => {
            associate(call, load_balancer, web_acl).boxed()
        }
        Wafv2Action::DisassociateWebAcl { load_balancer } => {
            disassociate(call, load_balancer).boxed()
        }
    }
}

async fn associate(
    call: &Call<'_>,
    load_balancer: &Id,
    web_acl: &AwsId,
) -> Result<Answer, CloudError> {
    let request = call.sdk.wafv2.associate_web_acl().web_acl_arn(web_acl.as_str());
    let request = request.resource_arn(call.given(load_balancer)?.as_str());
    request.send().await.map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

async fn disassociate(call: &Call<'_>, load_balancer: &AwsId) -> Result<Answer, CloudError> {
    let request = call.sdk.wafv2.disassociate_web_acl().resource_arn(load_balancer.as_str());
    request.send().await.map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}
