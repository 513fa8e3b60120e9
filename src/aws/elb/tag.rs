//! Tags of load balancers, listeners, rules and target groups.

use aws_sdk_elasticloadbalancingv2::types::{Tag, TagDescription};
use futures::{StreamExt, TryStreamExt, stream};

use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::{CloudError, Kind};
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::AwsId;
use crate::model::marks::{Tags, spelled};

/// How many things one `DescribeTags` may ask for (AWS).
const IDS_MAX: usize = 20;
/// How many calls are under way at once: quick enough for thousands of tags, and far below AWS's
/// bucket of 40 reads.
const CALLS_AT_ONCE: usize = 4;

/// The tags of things; what AWS no longer knows is left out.
pub(in crate::aws) async fn list(
    sdk: &Sdk,
    ids: &[AwsId],
) -> Result<Vec<(AwsId, Tags)>, CloudError> {
    let calls: Vec<_> = ids.chunks(IDS_MAX).map(|chunk| of_chunk(sdk, chunk)).collect();
    let chunks: Vec<Vec<_>> = stream::iter(calls).buffered(CALLS_AT_ONCE).try_collect().await?;
    Ok(chunks.into_iter().flatten().collect())
}

/// The tags of one thing.
pub(in crate::aws) async fn of_one(sdk: &Sdk, id: &AwsId) -> Result<Tags, CloudError> {
    let found = describe(sdk, std::slice::from_ref(id)).await?;
    Ok(found.iter().find_map(read).map(|(_, tags)| tags).unwrap_or_default())
}

/// The tags of as many things as one call takes.
///
/// AWS refuses the whole call if it does not know one of them, so that one is looked for by
/// halving.
async fn of_chunk(sdk: &Sdk, ids: &[AwsId]) -> Result<Vec<(AwsId, Tags)>, CloudError> {
    let mut found = Vec::with_capacity(ids.len());
    let mut rest = vec![ids];
    while let Some(ids) = rest.pop() {
        match describe(sdk, ids).await {
            Ok(some) => found.extend(some.iter().filter_map(read)),
            Err(error) if error.kind == Kind::NotFound => {
                if ids.len() > 1 {
                    let (left, right) = ids.split_at(ids.len() / 2);
                    rest.extend([right, left]);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn describe(sdk: &Sdk, ids: &[AwsId]) -> Result<Vec<TagDescription>, CloudError> {
    const OPERATION: &str = "elbv2.DescribeTags";
    sdk.turns.wait(OPERATION).await;
    let answer = sdk
        .elb
        .describe_tags()
        .set_resource_arns(Some(ids.iter().map(AwsId::to_string).collect()))
        .send()
        .await
        .map_err(refused(OPERATION))?;
    Ok(answer.tag_descriptions.unwrap_or_default())
}

pub(in crate::aws) async fn add(
    call: &Call<'_>,
    id: &AwsId,
    tags: &Tags,
) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .add_tags()
        .resource_arns(id.as_str())
        .set_tags(raw(tags))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

pub(in crate::aws) async fn remove(
    call: &Call<'_>,
    id: &AwsId,
    keys: &[String],
) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .remove_tags()
        .resource_arns(id.as_str())
        .set_tag_keys(Some(keys.to_vec()))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

/// Tags as AWS takes them; `None` where there are none, for AWS refuses an empty list.
pub(super) fn raw(tags: &Tags) -> Option<Vec<Tag>> {
    let one = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let raw: Vec<Tag> = tags.iter().map(|(key, value)| one(key, value)).collect();
    (!raw.is_empty()).then_some(raw)
}

fn read(raw: &TagDescription) -> Option<(AwsId, Tags)> {
    let tags = raw.tags().iter();
    let tags = tags.filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default())));
    Some((AwsId::new(raw.resource_arn()?), spelled(tags)))
}
