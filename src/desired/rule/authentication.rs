//! How an Ingress has clients log in: `auth-*` and `jwt-validation`.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::networking::v1::Ingress;

use crate::desired::annotations::json::{self, Fields, Noted};
use crate::desired::annotations::table::{
    AUTH_IDP_COGNITO, AUTH_IDP_OIDC, AUTH_ON_UNAUTHENTICATED, AUTH_SCOPE, AUTH_SESSION_COOKIE,
    AUTH_SESSION_TIMEOUT, AUTH_TYPE, Annotation, JWT_VALIDATION,
};
use crate::desired::annotations::{Annotations, Lookup, Unreadable};
use crate::desired::backend;
use crate::desired::secret::needed;
use crate::model::id::ObjectKey;
use crate::model::problem::Code;
use crate::model::rule::{Claim, Cognito, Jwt, Oidc, RuleAction, Session};
use crate::model::secret::{CLIENT_ID, CLIENT_ID_OLDER, CLIENT_SECRET, SecretBytes, SecretRef};
use crate::model::seen::SeenSecret;
use crate::model::snapshot::Objects;

/// The longest session (AWS: a week), which is also what LBC asks for where nobody says.
const SESSION_SECONDS_MAX: i32 = 604_800;
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
    arn: String,
    client: String,
    domain: String,
    extra_params: BTreeMap<String, String>,
}

/// A provider of OpenID Connect, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    user_info_endpoint: String,
    secret: String,
    extra_params: BTreeMap<String, String>,
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

fn is_url(text: &str) -> bool {
    text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
}

/// Why there is no saying how clients log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// A problem says so.
    Wrong,
    /// Nobody has looked at the client's Secret yet.
    Unseen,
}

/// Whether clients should say who they are, whether or not it can be understood how.
#[must_use]
pub fn asks(lookup: &Lookup<'_, '_, '_>) -> bool {
    let auth_type = lookup.text(&AUTH_TYPE).map(|text| (AUTH_TYPE.parser)(&text));
    let is_off = matches!(auth_type, None | Some(Ok(AuthType::None)));
    !is_off || lookup.text(&JWT_VALIDATION).is_some()
}

/// What happens to requests before anything else does.
///
/// # Errors
/// What is asked for cannot be had.
pub fn actions(
    objects: &Objects,
    ingress: &ObjectKey,
    lookup: &mut Lookup<'_, '_, '_>,
) -> Result<Vec<RuleAction>, Undecided> {
    let before = lookup.ingress.problems.len();
    let auth_type = lookup.find(&AUTH_TYPE).unwrap_or(AuthType::None);
    // They are read though nobody logs in with them (LBC).
    let pool = noted(lookup, &AUTH_IDP_COGNITO);
    let provider = noted(lookup, &AUTH_IDP_OIDC);
    let jwt = noted(lookup, &JWT_VALIDATION);
    let mut session = Session {
        on_unauthenticated: find(lookup, &AUTH_ON_UNAUTHENTICATED, "authenticate"),
        scope: find(lookup, &AUTH_SCOPE, "openid"),
        cookie: find(lookup, &AUTH_SESSION_COOKIE, "AWSELBAuthSessionCookie"),
        timeout_seconds: lookup.find(&AUTH_SESSION_TIMEOUT).unwrap_or(SESSION_SECONDS_MAX).into(),
        extra_params: BTreeMap::new(),
    };
    let mut new = lookup.ingress.problems[before..].iter();
    if new.any(|problem| problem.severity == crate::model::problem::Severity::Error) {
        return Err(Undecided::Wrong);
    }
    let login = match auth_type {
        AuthType::None => None,
        AuthType::Cognito => {
            let pool = pool.ok_or_else(|| missing(lookup, "auth-idp-cognito"))?;
            session.extra_params = pool.extra_params.clone();
            Some(cognito(pool, session, lookup)?)
        }
        AuthType::Oidc => {
            let provider = provider.ok_or_else(|| missing(lookup, "auth-idp-oidc"))?;
            session.extra_params = provider.extra_params.clone();
            Some(oidc(objects, ingress, provider, session, lookup)?)
        }
    };
    match (login, jwt) {
        (Some(_), Some(_)) => {
            let allowed = "either auth-type or jwt-validation";
            lookup.wrong(&JWT_VALIDATION, "both auth-type and jwt-validation", allowed);
            Err(Undecided::Wrong)
        }
        (login, jwt) => {
            let jwt = jwt.map(|jwt| RuleAction::ValidateJwt(Box::new(jwt)));
            Ok(login.into_iter().chain(jwt).collect())
        }
    }
}

/// What an annotation says, with a note of what in it counts for nothing.
fn noted<T>(lookup: &mut Lookup<'_, '_, '_>, annotation: &Annotation<Noted<T>>) -> Option<T> {
    let Noted { value, ignored } = lookup.find(annotation)?;
    lookup.ingress.note_ignored(&annotation.field(), &ignored);
    Some(value)
}

fn find(
    lookup: &mut Lookup<'_, '_, '_>,
    annotation: &Annotation<String>,
    default: &'static str,
) -> smol_str::SmolStr {
    lookup.find(annotation).map_or_else(|| default.into(), Into::into)
}

fn missing(lookup: &mut Lookup<'_, '_, '_>, needed: &str) -> Undecided {
    let found = lookup.text(&AUTH_TYPE).unwrap_or_default();
    lookup.wrong(&AUTH_TYPE, &found, &format!("it beside {needed}, which is missing"));
    Undecided::Wrong
}

fn cognito(
    pool: UserPool,
    session: Session,
    lookup: &mut Lookup<'_, '_, '_>,
) -> Result<RuleAction, Undecided> {
    let UserPool { arn, client, domain, extra_params: _ } = pool;
    let is_pool =
        arn.starts_with("arn:") && arn.contains(":cognito-idp:") && arn.contains(":userpool/");
    if !is_pool || client.is_empty() || domain.is_empty() {
        let found = lookup.text(&AUTH_IDP_COGNITO).unwrap_or_default();
        let allowed = "a userPoolARN of Amazon Cognito, a userPoolClientID and a userPoolDomain";
        lookup.wrong(&AUTH_IDP_COGNITO, &found, allowed);
        return Err(Undecided::Wrong);
    }
    let cognito = Cognito { user_pool: arn, client, domain, session };
    Ok(RuleAction::AuthenticateCognito(Box::new(cognito)))
}

fn oidc(
    objects: &Objects,
    ingress: &ObjectKey,
    provider: Provider,
    session: Session,
    lookup: &mut Lookup<'_, '_, '_>,
) -> Result<RuleAction, Undecided> {
    let Provider { issuer, authorization_endpoint, token_endpoint, user_info_endpoint, .. } =
        provider;
    let urls = [&issuer, &authorization_endpoint, &token_endpoint, &user_info_endpoint];
    if provider.secret.is_empty() || !urls.into_iter().all(|url| is_url(url)) {
        let found = lookup.text(&AUTH_IDP_OIDC).unwrap_or_default();
        let allowed = "secretName, and issuer, authorizationEndpoint, tokenEndpoint and \
                       userInfoEndpoint, each beginning with https://";
        lookup.wrong(&AUTH_IDP_OIDC, &found, allowed);
        return Err(Undecided::Wrong);
    }
    let key = ObjectKey::new(ingress.namespace.clone(), provider.secret);
    let seen = objects.secrets.get(&key).ok_or(Undecided::Unseen)?;
    let (client, client_secret) = client(&key, seen).map_err(|(found, allowed)| {
        let mut problem = lookup.problem(&AUTH_IDP_OIDC, Code::InvalidSecret, "", allowed);
        problem.found = format!("Secret {key}, which {found}");
        lookup.ingress.problems.push(problem);
        Undecided::Wrong
    })?;
    Ok(RuleAction::AuthenticateOidc(Box::new(Oidc {
        issuer,
        authorization_endpoint,
        token_endpoint,
        user_info_endpoint,
        client,
        client_secret: Some(client_secret),
        session,
    })))
}

/// The client that a Secret is of, with a reference to its secret; or what is wrong with it.
fn client(
    key: &ObjectKey,
    seen: &SeenSecret,
) -> Result<(String, SecretBytes), (String, &'static str)> {
    match seen {
        SeenSecret::Missing => {
            return Err(("does not exist".to_owned(), "a Secret of the Ingress's namespace"));
        }
        SeenSecret::Unreadable(why) => {
            let found = format!("cannot be read: {why}");
            return Err((found, "one that the controller may read"));
        }
        SeenSecret::Is { .. } => {}
    }
    let allowed = "texts that are not empty in clientID and clientSecret";
    let id = seen.entry(CLIENT_ID).or_else(|| seen.entry(CLIENT_ID_OLDER));
    let id = id.and_then(|id| std::str::from_utf8(id.open()).ok()).map(str::trim_end);
    let id = id.filter(|id| !id.is_empty());
    let secret = seen.entry(CLIENT_SECRET).map(|secret| needed(CLIENT_SECRET, secret));
    let is_text = |bytes: &[u8]| !bytes.is_empty() && std::str::from_utf8(bytes).is_ok();
    let secret = secret.filter(|secret| is_text(secret.open()));
    match (id, secret) {
        (Some(id), Some(secret)) => {
            let reference = SecretRef {
                secret: key.clone(),
                entry: CLIENT_SECRET.into(),
                fingerprint: secret.fingerprint().to_owned(),
            };
            Ok((id.to_owned(), SecretBytes::Of(reference)))
        }
        (None, _) => Err(("has no clientID".to_owned(), allowed)),
        (Some(_), None) => Err(("has no clientSecret".to_owned(), allowed)),
    }
}

/// The Secrets that an Ingress, or a Service that it leads to, names for clients to log in with.
#[must_use]
pub fn secrets(objects: &Objects, key: &ObjectKey, ingress: &Ingress) -> BTreeSet<ObjectKey> {
    let of_ingress = ingress.metadata.annotations.as_ref();
    let services = backend::services(key, ingress);
    let services = services.iter().filter_map(|service| objects.services.get(service));
    let of_services = services.filter_map(|service| service.annotations.as_deref());
    let named = |service: Option<&BTreeMap<String, String>>| {
        let text = |name: &str| {
            let of_service = service.and_then(|all| all.get(name));
            of_service.or_else(|| of_ingress.and_then(|all| all.get(name)))
        };
        let auth_type = text(&AUTH_TYPE.key()).and_then(|text| (AUTH_TYPE.parser)(text).ok());
        let provider = text(&AUTH_IDP_OIDC.key()).filter(|_| auth_type == Some(AuthType::Oidc));
        let Noted { value, .. } = (AUTH_IDP_OIDC.parser)(provider?).ok()?;
        let name = Some(value.secret).filter(|name| !name.is_empty())?;
        Some(ObjectKey::new(key.namespace.clone(), name))
    };
    std::iter::once(None).chain(of_services.map(Some)).filter_map(named).collect()
}

/// The annotations of a Service, where it is the only one that requests go to.
#[must_use]
pub fn of_service<'a>(objects: &'a Objects, key: &ObjectKey) -> Option<Annotations<'a>> {
    let service = objects.services.get(key)?;
    let kind = crate::model::problem::Kind::Service;
    Some(Annotations::new(kind, key, service.annotations.as_deref()))
}
