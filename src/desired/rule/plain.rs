//! Rules that ask who clients are, on listeners that speak HTTP: AWS asks over HTTPS only.

use std::borrow::Cow;

use crate::model::listener::Protocol;
use crate::model::part::{OnHttp, Part};
use crate::model::rule::{Redirect, Rule, RuleAction};

/// What actions come to on a listener that speaks HTTP.
#[must_use]
pub fn actions(part: &Part, actions: &[RuleAction]) -> Vec<RuleAction> {
    if !actions.iter().any(RuleAction::authenticates) {
        return actions.to_vec();
    }
    match part.on_http {
        OnHttp::Open => actions.iter().filter(|action| !action.authenticates()).cloned().collect(),
        OnHttp::Closed => vec![elsewhere(part)],
    }
}

/// The same of a rule.
#[must_use]
pub fn rule<'r>(part: &Part, rule: &'r Rule) -> Cow<'r, Rule> {
    if !rule.actions.iter().any(RuleAction::authenticates) {
        return Cow::Borrowed(rule);
    }
    Cow::Owned(Rule { actions: actions(part, &rule.actions), ..rule.clone() })
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
        Some((port, _)) => RuleAction::Redirect(Redirect {
            port: Some(port.to_string()),
            protocol: Some(Protocol::Https.as_str().to_owned()),
            status_code: "HTTP_301".to_owned(),
            ..Redirect::default()
        }),
        None => RuleAction::FixedResponse {
            status_code: "403".to_owned(),
            content_type: Some("text/plain".to_owned()),
            body: None,
        },
    }
}
