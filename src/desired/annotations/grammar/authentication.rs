//! How clients log in: `auth-*` and `jwt-validation`.

use std::collections::BTreeMap;

use super::Unreadable;
use super::json::{self, Fields, Noted};
use crate::model::rule::{Claim, Jwt};

/// The longest session (AWS: a week), which is also what LBC asks for where nobody says.
pub const SESSION_SECONDS_MAX: i32 = 604_800;
/// The most parameters that a redirect to a provider carries besides (AWS).
const EXTRA_PARAMS_MAX: usize = 10;
/// The most claims that a token may have to make besides, and the most values of one (AWS).
const CLAIMS_MAX: usize = 10;
/// Claims that the load balancer checks by itself (AWS).
const CLAIMS_RESERVED: [&str; 4] = ["exp", "iss", "nbf", "iat"];
/// How the values of a claim may be written (AWS).
const CLAIM_FORMATS: [&str; 3] = ["single-string", "string-array", "space-separated-values"];

/// Where clients log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthType {
    /// Nowhere.
    None,
    /// With Amazon Cognito.
    Cognito,
    /// With a provider of OpenID Connect.
    Oidc,
}

/// A user pool of Amazon Cognito, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPool {
    pub arn: String,
    pub(in crate::desired) client: String,
    pub(in crate::desired) domain: String,
    pub(in crate::desired) extra_params: BTreeMap<String, String>,
}

/// A provider of OpenID Connect, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub(in crate::desired) issuer: String,
    pub(in crate::desired) authorization_endpoint: String,
    pub(in crate::desired) token_endpoint: String,
    pub(in crate::desired) user_info_endpoint: String,
    pub(in crate::desired) secret: String,
    pub(in crate::desired) extra_params: BTreeMap<String, String>,
}

/// Reads where clients log in.
pub fn auth_type(text: &str) -> Result<AuthType, Unreadable> {
    match text {
        "none" => Ok(AuthType::None),
        "cognito" => Ok(AuthType::Cognito),
        "oidc" => Ok(AuthType::Oidc),
        _ => Err("none, cognito, oidc".into()),
    }
}

/// Reads what happens to who is not logged in.
pub fn on_unauthenticated(text: &str) -> Result<String, Unreadable> {
    let is_known = ["authenticate", "deny", "allow"].contains(&text);
    if is_known { Ok(text.to_owned()) } else { Err("authenticate, deny, allow".into()) }
}

/// Reads for how long a client stays logged in.
pub fn session_timeout(text: &str) -> Result<i32, Unreadable> {
    let seconds = text.parse().ok().filter(|seconds| (1..=SESSION_SECONDS_MAX).contains(seconds));
    seconds.ok_or_else(|| format!("a whole number from 1 to {SESSION_SECONDS_MAX}").into())
}

/// Reads a text that cannot be empty.
pub fn words(text: &str) -> Result<String, Unreadable> {
    if text.trim().is_empty() {
        Err("a text that is not empty".into())
    } else {
        Ok(text.to_owned())
    }
}

/// Reads a user pool of Amazon Cognito.
pub fn user_pool(text: &str) -> Result<Noted<UserPool>, Unreadable> {
    json::read(text, |place, ignored| {
        let mut fields = place.object()?;
        let pool = UserPool {
            arn: fields.text("userPoolARN", ignored)?.unwrap_or_default(),
            client: fields.text("userPoolClientID", ignored)?.unwrap_or_default(),
            domain: fields.text("userPoolDomain", ignored)?.unwrap_or_default(),
            extra_params: extra_params(&mut fields, ignored)?,
        };
        fields.finish(ignored);
        Ok(pool)
    })
}

/// Reads a provider of OpenID Connect.
pub fn provider(text: &str) -> Result<Noted<Provider>, Unreadable> {
    json::read(text, |place, ignored| {
        let mut fields = place.object()?;
        let mut text = |name: &str| fields.text(name, ignored).map(Option::unwrap_or_default);
        let (issuer, secret) = (text("issuer")?, text("secretName")?);
        let authorization_endpoint = text("authorizationEndpoint")?;
        let token_endpoint = text("tokenEndpoint")?;
        let user_info_endpoint = text("userInfoEndpoint")?;
        let extra_params = extra_params(&mut fields, ignored)?;
        fields.finish(ignored);
        Ok(Provider {
            issuer,
            authorization_endpoint,
            token_endpoint,
            user_info_endpoint,
            secret,
            extra_params,
        })
    })
}

fn extra_params(
    fields: &mut Fields<'_>,
    ignored: &mut Vec<String>,
) -> Result<BTreeMap<String, String>, Unreadable> {
    let Some(place) = fields.take("authenticationRequestExtraParams", ignored) else {
        return Ok(BTreeMap::new());
    };
    let pairs = place.texts_by_key()?;
    if pairs.len() > EXTRA_PARAMS_MAX {
        return Err(place.wrong(format!("at most {EXTRA_PARAMS_MAX} of them")));
    }
    Ok(pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

/// Reads what tokens have to say.
pub fn jwt(text: &str) -> Result<Noted<Jwt>, Unreadable> {
    json::read(text, |place, ignored| {
        let mut fields = place.object()?;
        let jwks_endpoint = fields.required("jwksEndpoint", ignored)?;
        if !is_url(&jwks_endpoint) {
            return Err(fields.place.wrong("a jwksEndpoint that begins with https://"));
        }
        let issuer = fields.required("issuer", ignored)?;
        let claims = fields.take("additionalClaims", ignored);
        let claims = claims.map(|claims| claims.list()).transpose()?.unwrap_or_default();
        if claims.len() > CLAIMS_MAX {
            return Err(fields.place.wrong(format!("at most {CLAIMS_MAX} additionalClaims")));
        }
        let claims = claims.into_iter().map(|place| claim(place.object()?, ignored)).collect();
        let claims: Result<Vec<Claim>, Unreadable> = claims;
        fields.finish(ignored);
        Ok(Jwt { jwks_endpoint, issuer, claims: claims? })
    })
}

fn claim(mut fields: Fields<'_>, ignored: &mut Vec<String>) -> Result<Claim, Unreadable> {
    let format = fields.required("format", ignored)?;
    let name = fields.required("name", ignored)?;
    let values = fields.take("values", ignored);
    let values = values.map(|values| values.texts()).transpose()?.unwrap_or_default();
    if !CLAIM_FORMATS.contains(&format.as_str()) {
        return Err(fields.place.wrong(format!("a format of {}", CLAIM_FORMATS.join(", "))));
    }
    if CLAIMS_RESERVED.contains(&name.as_str()) {
        return Err(fields
            .place
            .wrong("a name other than exp, iss, nbf and iat (AWS checks them)"));
    }
    let most = if format == "single-string" { 1 } else { CLAIMS_MAX };
    if !(1..=most).contains(&values.len()) {
        return Err(fields.place.wrong(format!("values: 1 to {most} of them")));
    }
    fields.finish(ignored);
    let values = values.into_iter().map(str::to_owned).collect();
    Ok(Claim { format: format.into(), name, values })
}

/// Whether this is an address that AWS takes of a provider.
pub fn is_url(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
}
