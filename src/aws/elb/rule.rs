//! Rules.

use aws_sdk_elasticloadbalancingv2::types::{
    Rule as Raw, RulePriorityPair, RuleTransform, TransformTypeEnum,
};

use super::{PAGE_SIZE, rule_action, rule_condition, tag};
use crate::aws::answer::Answer;
use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::aws::sdk::{Sdk, refused};
use crate::model::id::{AwsId, Id};
use crate::model::inventory::LiveRule;
use crate::model::marks::Tags;
use crate::model::rule::{Rule, RuleAction};

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
    let answer = call
        .sdk
        .elb
        .create_rule()
        .listener_arn(call.given(listener)?.as_str())
        .priority(number(priority))
        .set_conditions(Some(rule_condition::raw(call, &spec.conditions)?))
        .set_actions(Some(rule_action::raw(call, &spec.actions)?))
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
    let answer = call
        .sdk
        .elb
        .modify_rule()
        .rule_arn(id.as_str())
        .set_conditions(Some(rule_condition::raw(call, &spec.conditions)?))
        .set_actions(Some(rule_action::raw(call, &spec.actions)?))
        // Without this, transforms that somebody else put there would stay.
        .reset_transforms(true)
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
    let transforms = raw.transforms().iter().map(foreign_transform);
    Some(LiveRule {
        id: AwsId::new(raw.rule_arn()?),
        priority: raw.priority()?.parse().ok()?,
        rule: Rule {
            conditions: rule_condition::read(raw.conditions()),
            // A rule that rewrites requests is not the rule that somebody wished for without that.
            actions: transforms.chain(rule_action::read(raw.actions())).collect(),
        },
        tags: Tags::new(),
    })
}

fn foreign_transform(transform: &RuleTransform) -> RuleAction {
    let rewrites = match (&transform.url_rewrite_config, &transform.host_header_rewrite_config) {
        (Some(url), _) => url.rewrites(),
        (None, Some(host)) => host.rewrites(),
        (None, None) => &[],
    };
    let kind = transform.r#type().map_or("transform", TransformTypeEnum::as_str);
    let rewrites: Vec<String> = rewrites
        .iter()
        .map(|rewrite| {
            let regex = rewrite.regex().unwrap_or_default();
            format!("{regex} to {}", rewrite.replace().unwrap_or_default())
        })
        .collect();
    RuleAction::Foreign(format!("{kind} {}", rewrites.join(", ")))
}
