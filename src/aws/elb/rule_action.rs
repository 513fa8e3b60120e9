//! What happens to a request, in AWS's shape.

use aws_sdk_elasticloadbalancingv2::types::builders::ActionBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    Action as Raw, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig,
    RedirectActionConfig, TargetGroupStickinessConfig, TargetGroupTuple,
};

use super::rule_authentication as authentication;
use crate::aws::call::Call;
use crate::aws::error::{CODE_FOREIGN, CloudError};
use crate::model::id::{AwsId, Id};
use crate::model::rule::{GroupStickiness, Redirect, RuleAction, Weighted};

/// Actions as AWS takes them, numbered from 1 in their order.
pub(super) fn raw(call: &Call<'_>, actions: &[RuleAction]) -> Result<Vec<Raw>, CloudError> {
    let numbered = (1..).zip(actions);
    numbered.map(|(order, action)| Ok(raw_one(call, action)?.order(order).build())).collect()
}

fn raw_one(call: &Call<'_>, action: &RuleAction) -> Result<ActionBuilder, CloudError> {
    Ok(match action {
        RuleAction::Forward { groups, stickiness } => Raw::builder()
            .r#type(ActionTypeEnum::Forward)
            .forward_config(raw_forward(call, groups, stickiness.as_ref())?),
        RuleAction::Redirect(redirect) => {
            Raw::builder().r#type(ActionTypeEnum::Redirect).redirect_config(raw_redirect(redirect))
        }
        RuleAction::FixedResponse { status_code, content_type, body } => {
            Raw::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(
                FixedResponseActionConfig::builder()
                    .status_code(status_code)
                    .set_content_type(content_type.clone())
                    .set_message_body(body.clone())
                    .build(),
            )
        }
        RuleAction::AuthenticateCognito(cognito) => authentication::raw_cognito(cognito),
        RuleAction::AuthenticateOidc(oidc) => authentication::raw_oidc(call, oidc)?,
        RuleAction::ValidateJwt(jwt) => authentication::raw_jwt(jwt),
        RuleAction::Foreign(text) => {
            let message = format!("the action '{text}' can be read but not asked for");
            return Err(CloudError::ours(&call.operation, CODE_FOREIGN, message));
        }
    })
}

fn raw_forward(
    call: &Call<'_>,
    groups: &[Weighted],
    stickiness: Option<&GroupStickiness>,
) -> Result<ForwardActionConfig, CloudError> {
    let tuples = groups.iter().map(|weighted| {
        Ok(TargetGroupTuple::builder()
            .target_group_arn(call.given(&weighted.group)?.as_str())
            .set_weight(weighted.weight)
            .build())
    });
    let stickiness = stickiness.map(|stickiness| {
        TargetGroupStickinessConfig::builder()
            .set_enabled(stickiness.enabled)
            .set_duration_seconds(stickiness.duration_seconds)
            .build()
    });
    Ok(ForwardActionConfig::builder()
        .set_target_groups(Some(tuples.collect::<Result<_, CloudError>>()?))
        .set_target_group_stickiness_config(stickiness)
        .build())
}

fn raw_redirect(redirect: &Redirect) -> RedirectActionConfig {
    RedirectActionConfig::builder()
        .set_host(redirect.host.clone())
        .set_path(redirect.path.clone())
        .set_port(redirect.port.clone())
        .set_protocol(redirect.protocol.clone())
        .set_query(redirect.query.clone())
        .status_code(redirect.status_code.as_str().into())
        .build()
}

/// Actions as AWS tells them, in their order.
pub(super) fn read(raw: &[Raw]) -> Vec<RuleAction> {
    let mut ordered: Vec<&Raw> = raw.iter().collect();
    ordered.sort_by_key(|action| action.order());
    ordered.into_iter().map(read_one).collect()
}

fn read_one(raw: &Raw) -> RuleAction {
    match raw.r#type() {
        Some(ActionTypeEnum::Forward) => read_forward(raw),
        Some(ActionTypeEnum::Redirect) => read_redirect(raw.redirect_config()),
        Some(ActionTypeEnum::FixedResponse) => read_fixed_response(raw.fixed_response_config()),
        Some(ActionTypeEnum::AuthenticateOidc) => raw
            .authenticate_oidc_config()
            .map_or_else(|| foreign("authenticate-oidc"), authentication::read_oidc),
        Some(ActionTypeEnum::AuthenticateCognito) => raw
            .authenticate_cognito_config()
            .map_or_else(|| foreign("authenticate-cognito"), authentication::read_cognito),
        Some(ActionTypeEnum::JwtValidation) => raw
            .jwt_validation_config()
            .map_or_else(|| foreign("jwt-validation"), authentication::read_jwt),
        other => foreign(other.map_or("an action", ActionTypeEnum::as_str)),
    }
}

fn foreign(kind: &str) -> RuleAction {
    RuleAction::Foreign(kind.to_owned())
}

fn read_forward(raw: &Raw) -> RuleAction {
    // For a single target group AWS tells its ARN twice; older rules have it only beside the
    // config.
    let config = raw.forward_config();
    let mut groups: Vec<Weighted> = config
        .map(ForwardActionConfig::target_groups)
        .unwrap_or_default()
        .iter()
        .filter_map(|tuple| {
            let group = Id::Is(AwsId::new(tuple.target_group_arn()?));
            Some(Weighted { group, weight: tuple.weight() })
        })
        .collect();
    if groups.is_empty() {
        let group = raw.target_group_arn().map(|arn| Id::Is(AwsId::new(arn)));
        groups.extend(group.map(|group| Weighted { group, weight: None }));
    }
    // What is kept for long has no room to spare: a list grows to four at once.
    groups.shrink_to_fit();
    let stickiness =
        config.and_then(|config| config.target_group_stickiness_config()).map(|stickiness| {
            GroupStickiness {
                enabled: stickiness.enabled(),
                duration_seconds: stickiness.duration_seconds(),
            }
        });
    RuleAction::Forward { groups, stickiness }
}

fn read_redirect(raw: Option<&RedirectActionConfig>) -> RuleAction {
    let Some(raw) = raw else { return foreign("redirect") };
    RuleAction::Redirect(Box::new(Redirect {
        host: raw.host.clone(),
        path: raw.path.clone(),
        port: raw.port.clone(),
        protocol: raw.protocol.clone(),
        query: raw.query.clone(),
        status_code: raw.status_code().map(|code| code.as_str().to_owned()).unwrap_or_default(),
    }))
}

fn read_fixed_response(raw: Option<&FixedResponseActionConfig>) -> RuleAction {
    let Some(raw) = raw else { return foreign("fixed-response") };
    RuleAction::FixedResponse {
        status_code: raw.status_code().map(str::to_owned).unwrap_or_default(),
        content_type: raw.content_type.clone(),
        body: raw.message_body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_elasticloadbalancingv2::types::AuthenticateOidcActionConfig;

    use super::*;

    #[test]
    fn a_single_target_group_is_read_from_the_config_or_from_beside_it() {
        let tuple = TargetGroupTuple::builder().target_group_arn("tg").weight(1).build();
        let config = ForwardActionConfig::builder().target_groups(tuple).build();
        let forward = || Raw::builder().r#type(ActionTypeEnum::Forward).target_group_arn("tg");
        let raw = [forward().forward_config(config).build(), forward().build()];
        let expected = [Some(1), None].map(|weight| {
            let group = Id::Is(AwsId::new("tg"));
            RuleAction::Forward { groups: vec![Weighted { group, weight }], stickiness: None }
        });
        assert_eq!(read(&raw), expected);
    }

    #[test]
    fn actions_are_read_in_their_order() {
        let fixed = |order, code| {
            let config = FixedResponseActionConfig::builder().status_code(code).build();
            let raw = Raw::builder().r#type(ActionTypeEnum::FixedResponse);
            raw.fixed_response_config(config).order(order).build()
        };
        let codes: Vec<String> = read(&[fixed(2, "b"), fixed(1, "a")])
            .into_iter()
            .map(|action| match action {
                RuleAction::FixedResponse { status_code, .. } => status_code,
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(codes, ["a", "b"]);
    }

    #[test]
    fn a_client_s_secret_is_not_read() {
        let config = AuthenticateOidcActionConfig::builder()
            .issuer("https://idp.example.com")
            .client_id("client")
            .client_secret("hush")
            .build();
        let raw = Raw::builder()
            .r#type(ActionTypeEnum::AuthenticateOidc)
            .authenticate_oidc_config(config)
            .build();
        let read = format!("{:?}", read(&[raw]));
        assert!(read.contains("https://idp.example.com") && !read.contains("hush"), "{read}");
    }
}
