//! Steps in AWS WAF.

use serde_json::{Value, json};

use crate::model::action::Wafv2Action;

/// What a step is about.
pub(super) fn what(action: &Wafv2Action) -> String {
    match action {
        Wafv2Action::AssociateWebAcl { load_balancer, web_acl } => {
            format!("web ACL of {load_balancer}: {web_acl}")
        }
        Wafv2Action::DisassociateWebAcl { load_balancer } => {
            format!("web ACL of {load_balancer}")
        }
    }
}

/// The parameters of its call.
pub(super) fn parameters(action: &Wafv2Action) -> Value {
    match action {
        Wafv2Action::AssociateWebAcl { load_balancer, web_acl } => {
            json!({"ResourceArn": load_balancer.to_string(), "WebACLArn": web_acl})
        }
        Wafv2Action::DisassociateWebAcl { load_balancer } => json!({"ResourceArn": load_balancer}),
    }
}
