//! The one renderer of plans: for the log, for `albedo plan`, for Events and for snapshot tests.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::action::{Action, AwsAction, KubeAction, Sign};
use crate::model::plan::{Plan, Step};
use crate::model::record::Verb;
use crate::model::subject::Subject;

use super::wire;

/// A plan as text: a line a step, with its sign, what it is about, the call it makes, and why.
#[must_use]
pub fn text(subject: &Subject, plan: &Plan) -> String {
    let mut out = format!("{subject}\n");
    let rows: Vec<[String; 3]> = plan.steps.iter().map(row).collect();
    let widths = [0, 1]
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    for ([what, call, why], step) in rows.iter().zip(&plan.steps) {
        let sign = step.action.sign().as_char();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {sign} {what:0$}  {call:1$}  {why}", widths[0], widths[1]);
    }
    for problem in &plan.refusals {
        let _ = writeln!(out, "  ! {}: {}: {problem}", problem.object, problem.code);
    }
    for note in &plan.notes {
        let _ = writeln!(out, "  # {note}");
    }
    out
}

fn row(step: &Step) -> [String; 3] {
    let (service, operation) = step.action.operation();
    let mut why = step.reason.to_string();
    if let Some(gate) = &step.gate {
        let _ = write!(why, " (waits for {gate})");
    }
    [what(&step.action), format!("{service}.{operation}"), why]
}

/// What a step is about, in the field's own nouns.
fn what(action: &Action) -> String {
    match action {
        Action::Aws(action) => what_aws(action),
        Action::Kube(action) => what_kube(action),
    }
}

fn what_kube(action: &KubeAction) -> String {
    match action {
        KubeAction::ClaimIngress { ingress, finalizer }
        | KubeAction::ReleaseIngress { ingress, finalizer } => {
            format!("finalizer {finalizer} of Ingress {ingress}")
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

fn what_aws(action: &AwsAction) -> String {
    match action {
        AwsAction::CreateSecurityGroup { spec, .. } => format!("security group {}", spec.name),
        AwsAction::DeleteSecurityGroup { id } => format!("security group {id}"),
        AwsAction::AuthorizeIngress { group, rules, .. }
        | AwsAction::RevokeIngress { group, rules, .. } => {
            let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
            format!("security group {group}: {}", rules.join(", "))
        }
        AwsAction::TagSecurityGroup { id, tags } | AwsAction::UntagSecurityGroup { id, tags } => {
            format!("tags {} of {id}", keys(tags.keys()))
        }
        AwsAction::CreateLoadBalancer { spec, .. } => format!("load balancer {}", spec.name),
        AwsAction::ModifyLoadBalancerAttributes { load_balancer, attributes } => {
            format!("attributes {} of {load_balancer}", keys(attributes.keys()))
        }
        AwsAction::SetSecurityGroups { load_balancer, .. } => {
            format!("security groups of {load_balancer}")
        }
        AwsAction::SetSubnets { load_balancer, .. } => format!("subnets of {load_balancer}"),
        AwsAction::SetIpAddressType { load_balancer, .. } => {
            format!("IP address type of {load_balancer}")
        }
        AwsAction::DeleteLoadBalancer { id } => format!("load balancer {id}"),
        AwsAction::CreateListener { port, spec, .. }
        | AwsAction::ModifyListener { port, spec, .. } => {
            format!("listener {port} {}", spec.protocol)
        }
        AwsAction::DeleteListener { id } => format!("listener {id}"),
        AwsAction::AddListenerCertificate { certificate, .. } => {
            format!("listener certificate {certificate}")
        }
        AwsAction::RemoveListenerCertificate { certificate, .. } => {
            format!("listener certificate {certificate}")
        }
        AwsAction::ImportCertificate { handle, spec } => {
            let names: Vec<&str> = spec.facts.names.iter().map(String::as_str).collect();
            format!("{handle} for {}", names.join(", "))
        }
        AwsAction::ReimportCertificate { id, .. } | AwsAction::DeleteCertificate { id } => {
            format!("certificate {id}")
        }
        AwsAction::CreateRule { priority, spec, .. } => format!("rule {priority}: {spec}"),
        AwsAction::ModifyRule { spec, .. } => format!("rule: {spec}"),
        AwsAction::SetRulePriorities { priorities } => match priorities.len() {
            1 => "priority of 1 rule".to_owned(),
            count => format!("priorities of {count} rules"),
        },
        AwsAction::DeleteRule { id } => format!("rule {id}"),
        AwsAction::CreateTargetGroup { handle, spec } => match &spec.name {
            Some(name) => format!("target group {name}"),
            None => handle.to_string(),
        },
        AwsAction::ModifyTargetGroup { id, .. } => format!("health check of {id}"),
        AwsAction::ModifyTargetGroupAttributes { target_group, attributes } => {
            format!("attributes {} of {target_group}", keys(attributes.keys()))
        }
        AwsAction::DeleteTargetGroup { id } => format!("target group {id}"),
        AwsAction::RegisterTargets { targets, .. }
        | AwsAction::DeregisterTargets { targets, .. } => {
            let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
            format!("targets {}", targets.join(", "))
        }
        AwsAction::ChangeRecords { zone, changes } => {
            let each = changes.iter().map(|change| {
                let sign = match change.verb {
                    Verb::Create => Sign::Add,
                    Verb::Upsert => Sign::Change,
                    Verb::Delete => Sign::Remove,
                };
                let key = &change.record.key;
                format!("{}{} {}", sign.as_char(), key.record_type, key.name)
            });
            format!("records of {}: {}", zone.name, each.collect::<Vec<_>>().join(", "))
        }
        AwsAction::AddTags { id, tags } => format!("tags {} of {id}", keys(tags.keys())),
        AwsAction::RemoveTags { id, keys: removed } => {
            format!("tags {} of {id}", keys(removed.iter()))
        }
    }
}

fn keys<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    keys.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// A plan as JSON: the calls in AWS's own words.
#[must_use]
pub fn json(subject: &Subject, plan: &Plan) -> Value {
    let steps = plan.steps.iter().map(|step| {
        let (service, operation) = step.action.operation();
        json!({
            "id": step.id,
            "sign": step.action.sign(),
            "what": what(&step.action),
            "service": service,
            "operation": operation,
            "parameters": wire::parameters(&step.action),
            "reason": step.reason.to_string(),
            "after": step.after,
            "waits_for": step.gate.as_ref().map(ToString::to_string),
        })
    });
    json!({
        "subject": subject.to_string(),
        "steps": steps.collect::<Vec<_>>(),
        "refusals": plan.refusals,
        "notes": plan.notes,
    })
}
