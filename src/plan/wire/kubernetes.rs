//! Steps in the cluster.

use serde_json::{Value, json};

use crate::model::action::KubeAction;
use crate::model::memory::Entry;

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
        KubeAction::Rebind { name, .. }
        | KubeAction::CompleteBinding { name, .. }
        | KubeAction::Unbind { name } => {
            format!("TargetGroupBinding {name}")
        }
        KubeAction::Remember { entry: Entry::Held(member), .. } => {
            format!("memory of {} {member}", member.kind)
        }
        KubeAction::Remember { entry: Entry::Leftovers, memory, .. } => {
            format!("memory of {} leftovers", memory.leftovers.len())
        }
        KubeAction::Remember { entry: Entry::ClientSecrets, memory, .. } => {
            format!("memory of {} clients' secrets", memory.client_secrets.len())
        }
        KubeAction::Remember { entry: Entry::Standing, memory, .. } => {
            format!("memory of which of {} members came first", memory.standing.len())
        }
        KubeAction::Remember { entry: Entry::Given, memory, .. } => {
            format!("memory of {} attributes", memory.given.len())
        }
        KubeAction::NoteTargets { name, .. } => {
            format!("note of what is registered from here for TargetGroupBinding {name}")
        }
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
        KubeAction::Remember { group, entry: Entry::Held(member), memory } => json!({
            "group": group.to_string(),
            "member": member.to_string(),
            "is_held": !memory.held.is_empty(),
            "is_let_go": !memory.let_go.is_empty(),
        }),
        KubeAction::Remember { group, entry: Entry::Leftovers, memory } => {
            json!({"group": group.to_string(), "leftovers": memory.leftovers})
        }
        KubeAction::Remember { group, entry: Entry::ClientSecrets, memory } => {
            let clients: Vec<&String> = memory.client_secrets.keys().collect();
            json!({"group": group.to_string(), "clients": clients})
        }
        KubeAction::Remember { group, entry: Entry::Standing, memory } => {
            let standing: Vec<String> = memory.standing.iter().map(ToString::to_string).collect();
            json!({"group": group.to_string(), "standing": standing})
        }
        KubeAction::Remember { group, entry: Entry::Given, memory } => {
            json!({"group": group.to_string(), "attributes": memory.given})
        }
        KubeAction::NoteTargets { name, targets } => {
            json!({"name": name.to_string(), "targets": targets})
        }
        KubeAction::CompleteBinding { name, completion } => {
            json!({"name": name.to_string(), "completion": completion})
        }
        KubeAction::Unbind { name }
        | KubeAction::ClaimBinding { name }
        | KubeAction::ReleaseBinding { name } => json!({"name": name.to_string()}),
    }
}
