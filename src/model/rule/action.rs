//! What happens to a request that a rule takes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::authentication::{Cognito, Jwt, Oidc};
use crate::model::id::{AwsId, Id};
use crate::model::secret::SecretBytes;

/// A target group that takes a share of a rule's requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Weighted {
    /// The target group.
    pub group: Id,
    /// Its weight (AWS: 0 to 999); counts only beside others.
    pub weight: Option<i32>,
}

/// For how long a client stays with the target group that took its first request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupStickiness {
    /// Whether it stays at all.
    pub enabled: Option<bool>,
    /// For how many seconds (AWS: 1 to 604800).
    pub duration_seconds: Option<i32>,
}

/// Where a redirect leads. An unset part stays as it was in the request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    /// The host.
    pub host: Option<String>,
    /// The path, with a leading slash.
    pub path: Option<String>,
    /// The port, or `#{port}`.
    pub port: Option<String>,
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    pub protocol: Option<String>,
    /// The query, without a leading question mark.
    pub query: Option<String>,
    /// `HTTP_301` or `HTTP_302`.
    pub status_code: String,
}

/// A step of what happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleAction {
    /// It goes to a target of one of these target groups.
    Forward {
        /// The target groups.
        groups: Vec<Weighted>,
        /// Whether a client stays with one of them.
        stickiness: Option<GroupStickiness>,
    },
    /// The client is sent elsewhere. In a box: most rules lead to target groups.
    Redirect(Box<Redirect>),
    /// The load balancer answers by itself.
    FixedResponse {
        /// The status code.
        status_code: String,
        /// The content type.
        content_type: Option<String>,
        /// The body.
        body: Option<String>,
    },
    /// Something that stands in AWS and that this program does not make; the text says what.
    Foreign(String),
    /// The client logs in with Amazon Cognito first.
    AuthenticateCognito(Box<Cognito>),
    /// The client logs in with a provider of OpenID Connect first.
    AuthenticateOidc(Box<Oidc>),
    /// The request has to carry a token.
    ValidateJwt(Box<Jwt>),
}

impl RuleAction {
    /// The target groups that requests go to.
    #[must_use]
    pub fn target_groups(&self) -> &[Weighted] {
        match self {
            Self::Forward { groups, .. } => groups,
            Self::Redirect(_)
            | Self::FixedResponse { .. }
            | Self::AuthenticateCognito(_)
            | Self::AuthenticateOidc(_)
            | Self::ValidateJwt(_)
            | Self::Foreign(_) => &[],
        }
    }

    /// Whether requests go to this target group.
    #[must_use]
    pub fn leads_to(&self, target_group: &AwsId) -> bool {
        self.target_groups().iter().any(|weighted| weighted.group.given() == Some(target_group))
    }

    /// Calls `visit` with the identifier of every target group.
    pub fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::Forward { groups, .. } => {
                groups.iter_mut().for_each(|group| visit(&mut group.group));
            }
            Self::Redirect(_)
            | Self::FixedResponse { .. }
            | Self::AuthenticateCognito(_)
            | Self::AuthenticateOidc(_)
            | Self::ValidateJwt(_)
            | Self::Foreign(_) => {}
        }
    }

    /// Calls `visit` with the bytes of Secrets that this needs.
    pub fn visit_secrets(&mut self, visit: &mut dyn FnMut(&mut SecretBytes)) {
        if let Self::AuthenticateOidc(oidc) = self {
            oidc.client_secret.iter_mut().for_each(visit);
        }
    }

    /// Whether this finds out who the client is, before whatever else happens to a request.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        match self {
            Self::AuthenticateCognito(_) | Self::AuthenticateOidc(_) | Self::ValidateJwt(_) => true,
            Self::Forward { .. }
            | Self::Redirect(_)
            | Self::FixedResponse { .. }
            | Self::Foreign(_) => false,
        }
    }
}

impl fmt::Display for RuleAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward { groups, .. } => {
                let groups: Vec<String> =
                    groups.iter().map(|weighted| weighted.group.short()).collect();
                f.write_str(&groups.join(" "))
            }
            Self::Redirect(redirect) => write!(f, "redirect {}", redirect.status_code),
            Self::FixedResponse { status_code, .. } => f.write_str(status_code),
            Self::AuthenticateCognito(cognito) => write!(f, "login at {}", cognito.domain),
            Self::AuthenticateOidc(oidc) => write!(f, "login at {}", oidc.issuer),
            Self::ValidateJwt(jwt) => write!(f, "token of {}", jwt.issuer),
            Self::Foreign(text) => f.write_str(text),
        }
    }
}

/// Whether standing actions do what the wished ones say.
///
/// LBC's rules: the weight of a single target group counts for nothing, stickiness counts only
/// where it is wished for, an unset part of a redirect equals its "as it was" placeholder, and an
/// empty text equals an absent one.
#[must_use]
pub fn actions_satisfy(live: &[RuleAction], wish: &[RuleAction]) -> bool {
    live.len() == wish.len() && wish.iter().zip(live).all(|(wish, live)| satisfies(live, wish))
}

fn satisfies(live: &RuleAction, wish: &RuleAction) -> bool {
    match (wish, live) {
        (
            RuleAction::Forward { groups, stickiness },
            RuleAction::Forward { groups: live_groups, stickiness: live_stickiness },
        ) => {
            comparable(groups) == comparable(live_groups)
                && (stickiness.is_none() || stickiness == live_stickiness)
        }
        (RuleAction::Redirect(wish), RuleAction::Redirect(live)) => filled(wish) == filled(live),
        (
            RuleAction::FixedResponse { status_code, content_type, body },
            RuleAction::FixedResponse {
                status_code: live_status_code,
                content_type: live_content_type,
                body: live_body,
            },
        ) => {
            status_code == live_status_code
                && non_empty(content_type.as_ref()) == non_empty(live_content_type.as_ref())
                && non_empty(body.as_ref()) == non_empty(live_body.as_ref())
        }
        (RuleAction::AuthenticateCognito(wish), RuleAction::AuthenticateCognito(live)) => {
            wish == live
        }
        (RuleAction::AuthenticateOidc(wish), RuleAction::AuthenticateOidc(live)) => {
            wish.is_same_but_secret(live)
        }
        (RuleAction::ValidateJwt(wish), RuleAction::ValidateJwt(live)) => wish.is_same(live),
        _ => false,
    }
}

fn non_empty(text: Option<&String>) -> Option<&String> {
    text.filter(|text| !text.is_empty())
}

fn comparable(groups: &[Weighted]) -> Vec<Weighted> {
    let mut groups = groups.to_vec();
    if let [only] = groups.as_mut_slice() {
        only.weight = None;
    }
    groups.sort();
    groups
}

/// A redirect with AWS's placeholders in its unset parts.
fn filled(redirect: &Redirect) -> [&str; 6] {
    [
        redirect.host.as_deref().unwrap_or("#{host}"),
        redirect.path.as_deref().unwrap_or("/#{path}"),
        redirect.port.as_deref().unwrap_or("#{port}"),
        redirect.protocol.as_deref().unwrap_or("#{protocol}"),
        redirect.query.as_deref().unwrap_or("#{query}"),
        &redirect.status_code,
    ]
}
