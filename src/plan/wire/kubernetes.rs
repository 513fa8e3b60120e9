//! Steps in the cluster.

use serde_json::{Value, json};

use crate::model::action::KubeAction;

/// What a step is about.
pub(super) fn what(action: &KubeAction) -> String {
    match action {
        KubeAction::Claim { member, finalizer } | KubeAction::Release { member, finalizer } => {
            format!("finalizer {finalizer} of {} {member}", member.kind)
        }
        KubeAction::Bind { binding } => match &binding.name {
            Some(name) => format!("TargetGroupBinding {}/{name}", binding.namespace),
            None => format!("TargetGroupBinding for Service {}", binding.service_key()),
        },
        KubeAction::Rebind { name, .. } | KubeAction::Unbind { name } => {
            format!("TargetGroupBinding {name}")
        }
        KubeAction::Remember { memory, .. } => format!(
            "memory of {} held parts, {} leftovers",
            memory.held.len(),
            memory.leftovers.len()
        ),
        KubeAction::ClaimBinding { name } | KubeAction::ReleaseBinding { name } => {
            format!("finalizer of TargetGroupBinding {name}")
        }
    }
}

/// What it writes.
pub(super) fn parameters(action: &KubeAction) -> Value {
    match action {
        KubeAction::Claim { member, finalizer } | KubeAction::Release { member, finalizer } => {
            let kind = member.kind.as_str().to_lowercase();
            json!({kind: member.to_string(), "finalizer": finalizer})
        }
        KubeAction::Bind { binding } => json!({"binding": binding}),
        KubeAction::Rebind { name, binding } => {
            json!({"name": name.to_string(), "binding": binding})
        }
        KubeAction::Remember { group, memory } => {
            let held: Vec<String> = memory.held.keys().map(ToString::to_string).collect();
            json!({"group": group.to_string(), "held": held, "leftovers": memory.leftovers})
        }
        KubeAction::Unbind { name }
        | KubeAction::ClaimBinding { name }
        | KubeAction::ReleaseBinding { name } => json!({"name": name.to_string()}),
    }
}
