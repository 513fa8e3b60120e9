//! How a load balancer finds out who a client is, in AWS's shape.

use std::collections::HashMap;

use aws_sdk_elasticloadbalancingv2::types::builders::ActionBuilder;
use aws_sdk_elasticloadbalancingv2::types::{
    Action as Raw, ActionTypeEnum, AuthenticateCognitoActionConfig, AuthenticateOidcActionConfig,
    JwtValidationActionAdditionalClaim, JwtValidationActionConfig,
};

use crate::aws::call::Call;
use crate::aws::error::CloudError;
use crate::model::rule::{Claim, Cognito, Jwt, Oidc, RuleAction, Session};

pub(super) fn raw_cognito(cognito: &Cognito) -> ActionBuilder {
    let Cognito { user_pool, client, domain, session } = cognito;
    let config = AuthenticateCognitoActionConfig::builder()
        .user_pool_arn(user_pool)
        .user_pool_client_id(client)
        .user_pool_domain(domain)
        .session_cookie_name(&*session.cookie)
        .scope(&*session.scope)
        .session_timeout(session.timeout_seconds)
        .set_authentication_request_extra_params(raw_params(session))
        .on_unauthenticated_request(session.on_unauthenticated.as_str().into());
    Raw::builder()
        .r#type(ActionTypeEnum::AuthenticateCognito)
        .authenticate_cognito_config(config.build())
}

/// Who logs in, with the secret of the load balancer or with the one that stands.
pub(super) fn raw_oidc(call: &Call<'_>, oidc: &Oidc) -> Result<ActionBuilder, CloudError> {
    let secret = match &oidc.client_secret {
        None => None,
        Some(bytes) => {
            let sealed = bytes.given().ok_or_else(|| call.unresolved("the client's secret"))?;
            let text = std::str::from_utf8(sealed.open());
            Some(text.map_err(|_| CloudError::incomplete(&call.operation, "the client's secret"))?)
        }
    };
    let session = &oidc.session;
    let config = AuthenticateOidcActionConfig::builder()
        .issuer(&oidc.issuer)
        .authorization_endpoint(&oidc.authorization_endpoint)
        .token_endpoint(&oidc.token_endpoint)
        .user_info_endpoint(&oidc.user_info_endpoint)
        .client_id(&oidc.client)
        .set_use_existing_client_secret(secret.is_none().then_some(true))
        .set_client_secret(secret.map(str::to_owned))
        .session_cookie_name(&*session.cookie)
        .scope(&*session.scope)
        .session_timeout(session.timeout_seconds)
        .set_authentication_request_extra_params(raw_params(session))
        .on_unauthenticated_request(session.on_unauthenticated.as_str().into());
    let raw = Raw::builder().r#type(ActionTypeEnum::AuthenticateOidc);
    Ok(raw.authenticate_oidc_config(config.build()))
}

pub(super) fn raw_jwt(jwt: &Jwt) -> ActionBuilder {
    let claims = jwt.claims.iter().map(|claim| {
        JwtValidationActionAdditionalClaim::builder()
            .format(claim.format.as_str().into())
            .name(&claim.name)
            .set_values(Some(claim.values.clone()))
            .build()
    });
    let claims: Vec<JwtValidationActionAdditionalClaim> = claims.collect();
    let config = JwtValidationActionConfig::builder()
        .jwks_endpoint(&jwt.jwks_endpoint)
        .issuer(&jwt.issuer)
        .set_additional_claims((!claims.is_empty()).then_some(claims));
    Raw::builder().r#type(ActionTypeEnum::JwtValidation).jwt_validation_config(config.build())
}

fn raw_params(session: &Session) -> Option<HashMap<String, String>> {
    let params = &session.extra_params;
    let pairs = params.iter().map(|(key, value)| (key.clone(), value.clone()));
    (!params.is_empty()).then(|| pairs.collect())
}

pub(super) fn read_cognito(raw: &AuthenticateCognitoActionConfig) -> RuleAction {
    RuleAction::AuthenticateCognito(Box::new(Cognito {
        user_pool: raw.user_pool_arn().unwrap_or_default().to_owned(),
        client: raw.user_pool_client_id().unwrap_or_default().to_owned(),
        domain: raw.user_pool_domain().unwrap_or_default().to_owned(),
        session: Session {
            on_unauthenticated: raw
                .on_unauthenticated_request()
                .map(|what| what.as_str().into())
                .unwrap_or_default(),
            scope: raw.scope().unwrap_or_default().into(),
            cookie: raw.session_cookie_name().unwrap_or_default().into(),
            timeout_seconds: raw.session_timeout().unwrap_or_default(),
            extra_params: raw
                .authentication_request_extra_params()
                .map(|all| all.clone().into_iter().collect())
                .unwrap_or_default(),
        },
    }))
}

/// What AWS tells of it; the client's secret is not ours to know or to show.
pub(super) fn read_oidc(raw: &AuthenticateOidcActionConfig) -> RuleAction {
    RuleAction::AuthenticateOidc(Box::new(Oidc {
        issuer: raw.issuer().unwrap_or_default().to_owned(),
        authorization_endpoint: raw.authorization_endpoint().unwrap_or_default().to_owned(),
        token_endpoint: raw.token_endpoint().unwrap_or_default().to_owned(),
        user_info_endpoint: raw.user_info_endpoint().unwrap_or_default().to_owned(),
        client: raw.client_id().unwrap_or_default().to_owned(),
        client_secret: None,
        session: Session {
            on_unauthenticated: raw
                .on_unauthenticated_request()
                .map(|what| what.as_str().into())
                .unwrap_or_default(),
            scope: raw.scope().unwrap_or_default().into(),
            cookie: raw.session_cookie_name().unwrap_or_default().into(),
            timeout_seconds: raw.session_timeout().unwrap_or_default(),
            extra_params: raw
                .authentication_request_extra_params()
                .map(|all| all.clone().into_iter().collect())
                .unwrap_or_default(),
        },
    }))
}

pub(super) fn read_jwt(raw: &JwtValidationActionConfig) -> RuleAction {
    let claims = raw.additional_claims().iter().map(|claim| Claim {
        format: claim.format().map(|format| format.as_str().into()).unwrap_or_default(),
        name: claim.name().unwrap_or_default().to_owned(),
        values: claim.values().to_vec(),
    });
    RuleAction::ValidateJwt(Box::new(Jwt {
        jwks_endpoint: raw.jwks_endpoint().unwrap_or_default().to_owned(),
        issuer: raw.issuer().unwrap_or_default().to_owned(),
        claims: claims.collect(),
    }))
}
