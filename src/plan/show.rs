//! The one renderer of plans: for the log, for `albedo plan`, for Events and for snapshot tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::model::line;
use crate::model::plan::{Plan, Step};
use crate::model::problem::Problem;
use crate::model::settings::Settings;
use crate::model::subject::Subject;

use super::plan_only::PlannedOnly;
use super::{approval, wire};

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

/// A step in three parts: what it is about, the call it makes, and why with what it waits for.
#[must_use]
pub fn row(step: &Step) -> [String; 3] {
    let (service, operation) = step.action.operation();
    let mut why = step.reason.to_string();
    if let Some(gate) = &step.gate {
        let _ = write!(why, " (waits for {gate})");
    }
    [wire::what(&step.action), format!("{service}.{operation}"), why]
}

/// All that `albedo plan` says, as one document; `docs/plan.md` has its schema.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// Where it would be done.
    pub settings: &'a Settings,
    /// The plans.
    pub plans: &'a [(Subject, Plan)],
    /// What members would change of whom only the plan is asked for.
    pub planned_only: &'a [PlannedOnly],
    /// What is wrong with whom.
    pub problems: &'a [Problem],
    /// The manifests that Kubernetes does not take any more.
    pub removed: &'a [String],
    /// What else a person should know.
    pub notes: &'a [String],
}

impl Document<'_> {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let Self { settings, plans, planned_only, problems, removed, notes } = self;
        let each = plans.iter().map(|(subject, plan)| json(subject, plan));
        json!({
            "cluster": settings.cluster,
            "region": settings.place.region,
            "vpc": settings.vpc,
            "plans": each.collect::<Vec<_>>(),
            "plan_only": planned_only.iter().map(only).collect::<Vec<_>>(),
            "problems": problems,
            "removed": removed,
            "notes": notes,
        })
    }
}

/// What one Ingress would change of which only the plan is asked for.
fn only(planned: &PlannedOnly) -> Value {
    let mut told = json(&planned.subject, &planned.plan);
    told["ingress"] = json!(planned.member.key);
    told["hash"] = json!(planned.hash);
    told
}

/// The same as text.
#[must_use]
pub fn only_text(planned: &PlannedOnly) -> String {
    let PlannedOnly { member, hash, plan, .. } = planned;
    let mut out =
        format!("{} {member}, of which only the plan is asked for: {hash}\n", member.kind);
    write_steps(&mut out, &plan.steps, usize::MAX);
    write_rest(&mut out, plan, &Shown { lines: usize::MAX, length: usize::MAX });
    out
}

/// A plan as JSON: the calls in AWS's own words.
#[must_use]
pub fn json(subject: &Subject, plan: &Plan) -> Value {
    let steps = plan.steps.iter().map(|step| {
        let (service, operation) = step.action.operation();
        json!({
            "id": step.id,
            "sign": step.action.sign(),
            "what": wire::what(&step.action),
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
        "awaits_approval": approval::awaited(plan),
        "steps": steps.collect::<Vec<_>>(),
        "refusals": plan.refusals,
        "notes": plan.notes,
    })
}
