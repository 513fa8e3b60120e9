//! Rules that ask who clients are, on listeners that speak HTTP: AWS asks over HTTPS only.

use std::borrow::Cow;

use crate::model::listener::Protocol;
use crate::model::part::{OnHttp, Part};
use crate::model::rule::{Redirect, Rule, RuleAction};

use super::optimizer::redirect_of;

/// What actions come to on a listener that speaks HTTP.
#[must_use]
pub fn actions(part: &Part, actions: &[RuleAction]) -> Vec<RuleAction> {
    let authenticates = actions.iter().any(RuleAction::authenticates);
    if is_sent(part, actions) {
        return vec![elsewhere(part)];
    }
    if !authenticates {
        return actions.to_vec();
    }
    match part.on_http {
        OnHttp::Open => actions.iter().filter(|action| !action.authenticates()).cloned().collect(),
        OnHttp::Closed | OnHttp::Redirected => vec![elsewhere(part)],
    }
}

/// Whether clients are sent to HTTPS whatever there is for them: what sends them elsewhere anyhow
/// does that first (ingress-nginx).
fn is_sent(part: &Part, actions: &[RuleAction]) -> bool {
    part.on_http == OnHttp::Redirected && redirect_of(actions).is_none()
}

/// The same of a rule.
#[must_use]
pub fn rule<'r>(part: &Part, rule: &'r Rule) -> Cow<'r, Rule> {
    if !is_sent(part, &rule.actions) && !rule.actions.iter().any(RuleAction::authenticates) {
        return Cow::Borrowed(rule);
    }
    let actions = actions(part, &rule.actions);
    // Nothing is made of requests that nobody gets.
    let is_sent = redirect_of(&actions).is_some();
    let transforms = if is_sent { Vec::new() } else { rule.transforms.clone() };
    Cow::Owned(Rule { conditions: rule.conditions.clone(), actions, transforms })
}

/// Whether a member serves over HTTP what it asks clients to log in for over HTTPS.
#[must_use]
pub fn is_open(part: &Part) -> bool {
    let of_rules = part.rules.iter().flat_map(|rule| &rule.actions);
    let mut actions = of_rules.chain(part.default_actions.iter().flatten());
    part.on_http == OnHttp::Open && actions.any(RuleAction::authenticates)
}

/// Clients are sent where they can be asked, or nowhere.
fn elsewhere(part: &Part) -> RuleAction {
    let mut ports = part.listens.iter();
    match ports.find(|(_, listen)| listen.protocol == Protocol::Https) {
        Some((port, _)) => RuleAction::Redirect(Box::new(Redirect {
            port: Some(port.to_string()),
            protocol: Some(Protocol::Https.as_str().to_owned()),
            status_code: "HTTP_301".to_owned(),
            ..Redirect::default()
        })),
        None => RuleAction::FixedResponse {
            status_code: "403".to_owned(),
            content_type: Some("text/plain".to_owned()),
            body: None,
        },
    }
}
