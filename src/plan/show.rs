//! The one renderer of plans: for the log, for `albedo plan`, for Events and for snapshot tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::action::{Action, AwsAction, KubeAction, Sign};
use crate::model::line;
use crate::model::plan::{Plan, Step};
use crate::model::record::Verb;
use crate::model::subject::Subject;

use super::wire;

/// How many steps the log shows of a plan; of a larger one it shows what they come to.
const LOGGED_STEPS_MAX: usize = 50;
/// How many steps, refusals and notes a digest shows.
const DIGEST_LINES_MAX: usize = 5;
/// How wide a column is at most: what is longer stands out of it. One giant part would make every
/// line as long.
const COLUMN_WIDTH_MAX: usize = 300;
/// How many bytes the log shows of one part of a line.
const LOGGED_LENGTH_MAX: usize = 160;

/// A plan as text: a line a step, with its sign, what it is about, the call it makes, and why.
#[must_use]
pub fn text(subject: &Subject, plan: &Plan) -> String {
    let mut out = format!("{subject}\n");
    write_steps(&mut out, &plan.steps, usize::MAX);
    write_rest(&mut out, plan, &Shown { lines: usize::MAX, length: usize::MAX });
    out
}

/// A plan as the log has it: bounded, whatever its objects hold. A large one is counted by
/// operation and begun.
#[must_use]
pub fn log_text(subject: &Subject, plan: &Plan) -> String {
    let mut out = format!("{subject}\n");
    let count = plan.steps.len();
    if count <= LOGGED_STEPS_MAX {
        write_steps(&mut out, &plan.steps, LOGGED_LENGTH_MAX);
        write_rest(&mut out, plan, &Shown { lines: LOGGED_STEPS_MAX, length: LOGGED_LENGTH_MAX });
        return out;
    }
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for step in &plan.steps {
        *counts.entry(step.action.operation()).or_default() += 1;
    }
    let counts =
        counts.iter().map(|((service, operation), n)| format!("{n} {service}.{operation}"));
    // Writing to a String cannot fail.
    let _ = writeln!(out, "  {count} steps: {}", counts.collect::<Vec<_>>().join(", "));
    write_steps(&mut out, &plan.steps[..DIGEST_LINES_MAX], LOGGED_LENGTH_MAX);
    let _ = writeln!(out, "  and {} more", count - DIGEST_LINES_MAX);
    write_rest(&mut out, plan, &Shown { lines: DIGEST_LINES_MAX, length: LOGGED_LENGTH_MAX });
    out
}

/// How much is shown.
struct Shown {
    /// Of each kind of lines.
    lines: usize,
    /// Of a part of a line, in bytes.
    length: usize,
}

fn write_steps(out: &mut String, steps: &[Step], length_max: usize) {
    let cut = |cell: String| line::excerpt(&cell, length_max).into_owned();
    let rows: Vec<[String; 3]> = steps.iter().map(|step| row(step).map(cut)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths = [0, 1].map(|column| width(column).unwrap_or_default().min(COLUMN_WIDTH_MAX));
    for ([what, call, why], step) in rows.iter().zip(steps) {
        let sign = step.action.sign().as_char();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {sign} {what:0$}  {call:1$}  {why}", widths[0], widths[1]);
    }
}

fn write_rest(out: &mut String, plan: &Plan, shown: &Shown) {
    let refusals = plan.refusals.iter();
    let refusals =
        refusals.map(|problem| format!("! {}: {}: {problem}", problem.object, problem.code));
    write_lines(out, refusals, shown);
    write_lines(out, plan.notes.iter().map(|note| format!("# {note}")), shown);
}

fn write_lines(out: &mut String, lines: impl ExactSizeIterator<Item = String>, shown: &Shown) {
    let more = lines.len().saturating_sub(shown.lines);
    // A line here has several parts.
    let length_max = shown.length.saturating_mul(4);
    for text in lines.take(shown.lines) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {}", line::excerpt(&text, length_max));
    }
    if more > 0 {
        let _ = writeln!(out, "  and {more} more");
    }
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

fn keys<'a>(keys: impl Iterator<Item = &'a (impl AsRef<str> + 'a)>) -> String {
    keys.map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
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
