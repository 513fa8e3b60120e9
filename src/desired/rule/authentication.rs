//! How an Ingress has clients log in: `auth-*` and `jwt-validation`.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::annotations::authentication::{
    AuthType, Provider, SESSION_SECONDS_MAX, UserPool, is_url,
};
use crate::desired::annotations::json::Noted;
use crate::desired::annotations::table::{
    AUTH_IDP_COGNITO, AUTH_IDP_OIDC, AUTH_ON_UNAUTHENTICATED, AUTH_SCOPE, AUTH_SESSION_COOKIE,
    AUTH_SESSION_TIMEOUT, AUTH_TYPE, Annotation, JWT_VALIDATION,
};
use crate::desired::annotations::{Annotations, Lookup};
use crate::desired::destinations::services;
use crate::desired::secret::known;
use crate::model::id::ObjectKey;
use crate::model::marks::Labels;
use crate::model::problem::Code;
use crate::model::rule::{Cognito, Oidc, RuleAction, Session};
use crate::model::secret::{CLIENT_ID, CLIENT_ID_OLDER, CLIENT_SECRET, SecretBytes, SecretRef};
use crate::model::seen::{Ingress, SeenSecret};
use crate::model::snapshot::Objects;

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
    let secret = known(seen, CLIENT_SECRET).filter(|secret| secret.worth.is_ok());
    match (id, secret) {
        (Some(id), Some(secret)) => {
            let reference = SecretRef {
                secret: key.clone(),
                entry: CLIENT_SECRET.into(),
                fingerprint: secret.fingerprint.clone(),
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
    let services = services(key, ingress);
    let services = services.iter().filter_map(|service| objects.services.get(service));
    let of_services = services.filter_map(|service| service.annotations.as_deref());
    let named = |service: Option<&Labels>| {
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
