//! Rules.

use aws_sdk_elasticloadbalancingv2::types::{Rule as Raw, RulePriorityPair};

use super::{PAGE_SIZE, rule_action, rule_condition, rule_transform, tag};
use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::{AwsId, Id};
use crate::model::inventory::LiveRule;
use crate::model::marks::Tags;
use crate::model::rule::Rule;

/// The rules of a listener but the default one, by priority.
pub(in crate::aws) async fn list(sdk: &Sdk, listener: &AwsId) -> Result<Vec<LiveRule>, CloudError> {
    let found = sdk
        .pages("elbv2.DescribeRules", |token| async move {
            let page = sdk
                .elb
                .describe_rules()
                .listener_arn(listener.as_str())
                .page_size(PAGE_SIZE)
                .set_marker(token);
            page.send().await.map(|answer| (answer.rules, answer.next_marker))
        })
        .await?;
    Ok(by_priority(&found))
}

pub(in crate::aws) async fn create(
    call: &Call<'_>,
    listener: &Id,
    priority: u32,
    spec: &Rule,
    tags: &Tags,
) -> Result<Answer, CloudError> {
    let transforms = rule_transform::raw(call, &spec.transforms)?;
    let transforms = (!transforms.is_empty()).then_some(transforms);
    let answer = call
        .sdk
        .elb
        .create_rule()
        .listener_arn(call.given(listener)?.as_str())
        .priority(number(priority))
        .set_conditions(Some(rule_condition::raw(call, &spec.conditions)?))
        .set_actions(Some(rule_action::raw(call, &spec.actions)?))
        .set_transforms(transforms)
        .set_tags(tag::raw(tags))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    stand(call, answer.rules())
}

pub(in crate::aws) async fn modify(
    call: &Call<'_>,
    id: &AwsId,
    spec: &Rule,
) -> Result<Answer, CloudError> {
    let transforms = rule_transform::raw(call, &spec.transforms)?;
    let transforms = (!transforms.is_empty()).then_some(transforms);
    let answer = call
        .sdk
        .elb
        .modify_rule()
        .rule_arn(id.as_str())
        .set_conditions(Some(rule_condition::raw(call, &spec.conditions)?))
        .set_actions(Some(rule_action::raw(call, &spec.actions)?))
        // Without this, transforms that nobody wishes for any more would stay.
        .set_reset_transforms(transforms.is_none().then_some(true))
        .set_transforms(transforms)
        .send()
        .await
        .map_err(refused(&call.operation))?;
    stand(call, answer.rules())
}

pub(in crate::aws) async fn set_priorities(
    call: &Call<'_>,
    priorities: &[(AwsId, u32)],
) -> Result<Answer, CloudError> {
    let pairs = priorities.iter().map(|(rule, priority)| {
        RulePriorityPair::builder().rule_arn(rule.as_str()).priority(number(*priority)).build()
    });
    let answer = call
        .sdk
        .elb
        .set_rule_priorities()
        .set_rule_priorities(Some(pairs.collect()))
        .send()
        .await
        .map_err(refused(&call.operation))?;
    stand(call, answer.rules())
}

pub(in crate::aws) async fn delete(call: &Call<'_>, id: &AwsId) -> Result<Answer, CloudError> {
    call.sdk
        .elb
        .delete_rule()
        .rule_arn(id.as_str())
        .send()
        .await
        .map_err(refused(&call.operation))?;
    Ok(Answer::Done)
}

/// A number as the API takes it; one that does not fit is out of AWS's bounds anyhow.
fn number(priority: u32) -> i32 {
    i32::try_from(priority).unwrap_or(i32::MAX)
}

fn stand(call: &Call<'_>, rules: &[Raw]) -> Result<Answer, CloudError> {
    let rules = by_priority(rules);
    if rules.is_empty() {
        return Err(CloudError::incomplete(&call.operation, "the rule"));
    }
    Ok(Answer::Rules(rules))
}

fn by_priority(raw: &[Raw]) -> Vec<LiveRule> {
    let mut rules: Vec<LiveRule> = raw.iter().filter_map(read).collect();
    rules.sort_by_key(|rule| rule.priority);
    rules
}

/// A rule from AWS's shape; `None` for the default rule, whose priority is no number.
fn read(raw: &Raw) -> Option<LiveRule> {
    Some(LiveRule {
        id: AwsId::new(raw.rule_arn()?),
        priority: raw.priority()?.parse().ok()?,
        rule: Rule {
            conditions: rule_condition::read(raw.conditions()),
            actions: rule_action::read(raw.actions()),
            transforms: rule_transform::read(raw.transforms()),
        },
        tags: Tags::new(),
    })
}
