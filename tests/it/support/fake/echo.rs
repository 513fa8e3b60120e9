//! How AWS tells actions: with its defaults filled in.

use albedo::model::rule::{GroupStickiness, Redirect, RuleAction, Weighted};

/// Actions as AWS tells them.
pub(super) fn actions(actions: &[RuleAction]) -> Vec<RuleAction> {
    actions.iter().map(action).collect()
}

fn action(action: &RuleAction) -> RuleAction {
    match action {
        RuleAction::Forward { groups, stickiness } => {
            let weighted = |group: &Weighted| Weighted {
                group: group.group.clone(),
                weight: Some(group.weight.unwrap_or(1)),
            };
            let none = GroupStickiness { enabled: Some(false), duration_seconds: None };
            RuleAction::Forward {
                groups: groups.iter().map(weighted).collect(),
                stickiness: Some(stickiness.clone().unwrap_or(none)),
            }
        }
        RuleAction::Redirect(redirect) => {
            let or = |text: &Option<String>, default: &str| {
                Some(text.clone().unwrap_or_else(|| default.to_owned()))
            };
            RuleAction::Redirect(Box::new(Redirect {
                host: or(&redirect.host, "#{host}"),
                path: or(&redirect.path, "/#{path}"),
                port: or(&redirect.port, "#{port}"),
                protocol: or(&redirect.protocol, "#{protocol}"),
                query: or(&redirect.query, "#{query}"),
                status_code: redirect.status_code.clone(),
            }))
        }
        RuleAction::AuthenticateOidc(oidc) => {
            let mut oidc = oidc.clone();
            oidc.client_secret = None;
            RuleAction::AuthenticateOidc(oidc)
        }
        RuleAction::FixedResponse { .. }
        | RuleAction::AuthenticateCognito(_)
        | RuleAction::ValidateJwt(_)
        | RuleAction::Foreign(_) => action.clone(),
    }
}
