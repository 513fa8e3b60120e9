//! The conditions, actions and transforms of rules and listeners, in ELB's own words.

use serde_json::{Map, Value, json};

use super::set;
use crate::model::rule::{
    Claim, Cognito, Condition, Jwt, Oidc, Redirect, Rewrite, Rule, RuleAction, Session, Transform,
};

pub(super) fn conditions(rule: &Rule) -> Value {
    let each = rule.conditions.iter().map(|condition| {
        let mut call = config(condition);
        call.insert("Field".to_owned(), json!(condition.field()));
        Value::Object(call)
    });
    Value::Array(each.collect())
}

fn config(condition: &Condition) -> Map<String, Value> {
    let (field, config) = match condition {
        Condition::Host(values) => ("HostHeaderConfig", json!({"Values": values})),
        Condition::HostRegex(values) => ("HostHeaderConfig", json!({"RegexValues": values})),
        Condition::Path(values) => ("PathPatternConfig", json!({"Values": values})),
        Condition::PathRegex(values) => ("PathPatternConfig", json!({"RegexValues": values})),
        Condition::Header { name, values } => {
            ("HttpHeaderConfig", json!({"HttpHeaderName": name, "Values": values}))
        }
        Condition::HeaderRegex { name, regexes } => {
            ("HttpHeaderConfig", json!({"HttpHeaderName": name, "RegexValues": regexes}))
        }
        Condition::Method(values) => ("HttpRequestMethodConfig", json!({"Values": values})),
        Condition::Query(values) => {
            let values = values.iter().map(|pair| {
                set([
                    ("Key", pair.key.as_ref().map(|key| json!(key))),
                    ("Value", Some(json!(pair.value))),
                ])
            });
            ("QueryStringConfig", json!({"Values": values.collect::<Vec<_>>()}))
        }
        Condition::SourceIp(values) => ("SourceIpConfig", json!({"Values": values})),
        Condition::Foreign(_) => return Map::new(),
    };
    Map::from_iter([(field.to_owned(), config)])
}

/// None where the rule has none: the call then says that there are to be none.
pub(super) fn transforms(rule: &Rule) -> Option<Value> {
    let each = rule.transforms.iter().map(|transform| match transform {
        Transform::Host(rewrites) => {
            let config = rewrites_config(rewrites);
            json!({"Type": "host-header-rewrite", "HostHeaderRewriteConfig": config})
        }
        Transform::Url(rewrites) => {
            json!({"Type": "url-rewrite", "UrlRewriteConfig": rewrites_config(rewrites)})
        }
        Transform::Foreign(text) => json!({"Type": text}),
    });
    (!rule.transforms.is_empty()).then(|| Value::Array(each.collect()))
}

fn rewrites_config(rewrites: &[Rewrite]) -> Value {
    let each = rewrites.iter().map(|one| json!({"Regex": one.regex, "Replace": one.replace}));
    json!({"Rewrites": each.collect::<Vec<_>>()})
}

pub(super) fn actions(actions: &[RuleAction]) -> Value {
    let each = actions.iter().zip(1..).map(|(action, order)| {
        let mut call = one_action(action);
        call.insert("Order".to_owned(), json!(order));
        Value::Object(call)
    });
    Value::Array(each.collect())
}

fn one_action(action: &RuleAction) -> Map<String, Value> {
    let (kind, field, config) = match action {
        RuleAction::Forward { groups, stickiness } => {
            let groups = groups.iter().map(|weighted| {
                let arn = weighted.group.to_string();
                set([
                    ("TargetGroupArn", Some(json!(arn))),
                    ("Weight", weighted.weight.map(|w| json!(w))),
                ])
            });
            let stickiness = stickiness.as_ref().map(|stickiness| {
                set([
                    ("Enabled", stickiness.enabled.map(|enabled| json!(enabled))),
                    ("DurationSeconds", stickiness.duration_seconds.map(|s| json!(s))),
                ])
            });
            let config = set([
                ("TargetGroups", Some(Value::Array(groups.collect()))),
                ("TargetGroupStickinessConfig", stickiness),
            ]);
            ("forward", "ForwardConfig", config)
        }
        RuleAction::Redirect(redirect) => ("redirect", "RedirectConfig", redirect_config(redirect)),
        RuleAction::FixedResponse { status_code, content_type, body } => {
            let config = set([
                ("StatusCode", Some(json!(status_code))),
                ("ContentType", content_type.as_ref().map(|text| json!(text))),
                ("MessageBody", body.as_ref().map(|text| json!(text))),
            ]);
            ("fixed-response", "FixedResponseConfig", config)
        }
        RuleAction::AuthenticateCognito(cognito) => {
            ("authenticate-cognito", "AuthenticateCognitoConfig", cognito_config(cognito))
        }
        RuleAction::AuthenticateOidc(oidc) => {
            ("authenticate-oidc", "AuthenticateOidcConfig", oidc_config(oidc))
        }
        RuleAction::ValidateJwt(jwt) => ("jwt-validation", "JwtValidationConfig", jwt_config(jwt)),
        RuleAction::Foreign(text) => (text.as_str(), "Foreign", Value::Null),
    };
    Map::from_iter([("Type".to_owned(), json!(kind)), (field.to_owned(), config)])
}

fn redirect_config(redirect: &Redirect) -> Value {
    let text = |part: &Option<String>| part.as_ref().map(|text| json!(text));
    set([
        ("Host", text(&redirect.host)),
        ("Path", text(&redirect.path)),
        ("Port", text(&redirect.port)),
        ("Protocol", text(&redirect.protocol)),
        ("Query", text(&redirect.query)),
        ("StatusCode", Some(json!(redirect.status_code))),
    ])
}

fn cognito_config(cognito: &Cognito) -> Value {
    with_session(
        &cognito.session,
        [
            ("UserPoolArn", json!(cognito.user_pool)),
            ("UserPoolClientId", json!(cognito.client)),
            ("UserPoolDomain", json!(cognito.domain)),
        ],
    )
}

fn oidc_config(oidc: &Oidc) -> Value {
    let secret = match &oidc.client_secret {
        Some(bytes) => ("ClientSecret", json!(bytes.to_string())),
        None => ("UseExistingClientSecret", json!(true)),
    };
    with_session(
        &oidc.session,
        [
            ("Issuer", json!(oidc.issuer)),
            ("AuthorizationEndpoint", json!(oidc.authorization_endpoint)),
            ("TokenEndpoint", json!(oidc.token_endpoint)),
            ("UserInfoEndpoint", json!(oidc.user_info_endpoint)),
            ("ClientId", json!(oidc.client)),
            secret,
        ],
    )
}

fn with_session<const N: usize>(session: &Session, fields: [(&str, Value); N]) -> Value {
    let params = &session.extra_params;
    let params = (!params.is_empty()).then(|| ("AuthenticationRequestExtraParams", json!(params)));
    let all = [
        ("OnUnauthenticatedRequest", json!(session.on_unauthenticated)),
        ("Scope", json!(session.scope)),
        ("SessionCookieName", json!(session.cookie)),
        ("SessionTimeout", json!(session.timeout_seconds)),
    ];
    let all = all.into_iter().chain(fields).chain(params);
    Value::Object(all.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn jwt_config(jwt: &Jwt) -> Value {
    let claim =
        |claim: &Claim| json!({"Format": claim.format, "Name": claim.name, "Values": claim.values});
    let claims: Vec<Value> = jwt.claims.iter().map(claim).collect();
    set([
        ("JwksEndpoint", Some(json!(jwt.jwks_endpoint))),
        ("Issuer", Some(json!(jwt.issuer))),
        ("AdditionalClaims", (!claims.is_empty()).then_some(Value::Array(claims))),
    ])
}
