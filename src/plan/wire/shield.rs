//! Steps in AWS Shield.

use serde_json::{Value, json};

use crate::model::action::ShieldAction;
use crate::model::protection::SHIELD_NAME;

/// What a step is about.
pub(super) fn what(action: &ShieldAction) -> String {
    match action {
        ShieldAction::CreateProtection { load_balancer } => {
            format!("Shield protection of {load_balancer}")
        }
        ShieldAction::DeleteProtection { load_balancer, .. } => {
            format!("Shield protection of {load_balancer}")
        }
    }
}

/// The parameters of its call.
pub(super) fn parameters(action: &ShieldAction) -> Value {
    match action {
        ShieldAction::CreateProtection { load_balancer } => {
            json!({"Name": SHIELD_NAME, "ResourceArn": load_balancer.to_string()})
        }
        ShieldAction::DeleteProtection { id, .. } => json!({"ProtectionId": id}),
    }
}
