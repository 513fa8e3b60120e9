//! What becomes of Ingresses that were written for ingress-nginx, one by one.

use serde::Serialize;

use crate::desired::member;
use crate::desired::nginx::table::Effect;
use crate::desired::nginx::{Told, field_of, told};
use crate::desired::{groups, nginx};
use crate::model::id::ObjectKey;
use crate::model::part::{OnHttp, Part};
use crate::model::problem::{Code, Problem, Severity};
use crate::model::rule::{Rule, RuleAction};
use crate::model::snapshot::Snapshot;

/// What becomes of an Ingress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its namespace and name.
    pub ingress: String,
    /// Its rules as they would be; none where it is not served.
    pub rules: Vec<String>,
    /// What becomes of its annotations, and of what else cannot be had.
    pub lines: Vec<Line>,
}

/// What becomes of something that an Ingress asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The annotation's name without the prefix, or a path of fields.
    pub what: String,
    /// Its value.
    pub value: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// To what it is translated and where that differs, what to write instead, or why nothing has
    /// to be done.
    pub text: String,
}

/// What becomes of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The load balancer does it.
    Translated,
    /// There is nothing to do.
    Harmless,
    /// It is left out.
    Lost,
    /// The Ingress is not served because of it.
    Refused,
}

impl Outcome {
    /// The word for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Translated => "translated",
            Self::Harmless => "harmless",
            Self::Lost => "lost",
            Self::Refused => "refused",
        }
    }
}

impl Account {
    /// Whether anything is not had that the Ingress asks for.
    #[must_use]
    pub fn loses(&self) -> bool {
        self.lines.iter().any(|line| matches!(line.outcome, Outcome::Lost | Outcome::Refused))
    }
}

/// What becomes of every Ingress whose class asks for that, by their names.
#[must_use]
pub fn accounts(snapshot: &Snapshot) -> Vec<Account> {
    let mut found: Vec<(ObjectKey, Account)> = Vec::new();
    for group in groups::all(snapshot) {
        let members = groups::members(snapshot, &group);
        let asked = members.active.iter().filter(|one| nginx::is_asked(snapshot, one.ingress));
        for one in asked {
            let (part, problems) = member::build(snapshot, &group, one);
            let mut lines: Vec<Line> =
                told(one.ingress).map(|told| of_annotation(&told, &problems)).collect();
            let others = problems.iter().filter(|problem| is_of_rules(problem));
            lines.extend(others.map(of_problem));
            let rules = part.as_ref().map(rules).unwrap_or_default();
            let ingress = one.key.to_string();
            found.push((one.key.clone(), Account { ingress, rules, lines }));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found.into_iter().map(|(_, account)| account).collect()
}

/// Whether a problem is one of what an Ingress asks of requests, and no annotation's.
fn is_of_rules(problem: &Problem) -> bool {
    let is_rule = matches!(problem.code, Code::InvalidRule | Code::InvalidBackend);
    is_rule && problem.severity != Severity::Note && !problem.field.starts_with(&field_of(""))
}

fn outcome(problem: &Problem) -> Outcome {
    if problem.severity == Severity::Error { Outcome::Refused } else { Outcome::Lost }
}

fn of_problem(problem: &Problem) -> Line {
    Line {
        what: problem.field.clone(),
        value: problem.found.clone(),
        outcome: outcome(problem),
        text: format!("write {}", problem.allowed),
    }
}

fn of_annotation(told: &Told<'_>, problems: &[Problem]) -> Line {
    let line = |outcome, text: String| Line {
        what: told.name.to_owned(),
        value: told.value.trim().to_owned(),
        outcome,
        text,
    };
    let field = field_of(told.name);
    if let Some(problem) = problems.iter().find(|problem| problem.field == field) {
        return line(outcome(problem), format!("{}; write {}", problem.found, problem.allowed));
    }
    let Some(row) = told.row.filter(|row| !row.is_idle(told.value)) else {
        return line(Outcome::Harmless, "asks for nothing".to_owned());
    };
    match row.effect {
        Effect::Translated { to, differs: "" } => line(Outcome::Translated, to.to_owned()),
        Effect::Translated { to, differs } => {
            line(Outcome::Translated, format!("{to}; differs: {differs}"))
        }
        Effect::Harmless { why } => line(Outcome::Harmless, why.to_owned()),
        Effect::Closed { instead, .. } | Effect::Without { instead } => {
            line(Outcome::Translated, format!("{instead}, which is there"))
        }
        Effect::Snippet => line(Outcome::Harmless, "it has no directives".to_owned()),
    }
}

/// The rules of an Ingress, each in a line.
fn rules(part: &Part) -> Vec<String> {
    let https = part.on_http == OnHttp::Redirected;
    let first = https.then(|| "on HTTP: redirects to HTTPS".to_owned());
    let rules = part.rules.iter().map(rule);
    let default = part.default_actions.iter();
    let default = default.map(|actions| format!("all others -> {}", happens(actions)));
    first.into_iter().chain(rules).chain(default).collect()
}

fn rule(rule: &Rule) -> String {
    let conditions: Vec<String> = rule.conditions.iter().map(ToString::to_string).collect();
    let transforms: Vec<String> =
        rule.transforms.iter().map(|transform| format!("{transform} -> ")).collect();
    let (conditions, transforms) = (conditions.join(" "), transforms.concat());
    format!("{conditions} -> {transforms}{}", happens(&rule.actions))
}

fn happens(actions: &[RuleAction]) -> String {
    let each = actions.iter().map(|action| match action {
        RuleAction::Forward { groups, .. } => {
            let groups = groups.iter().map(|weighted| {
                let name = weighted.group.short();
                let name = name.trim_start_matches("target group ");
                let weight = weighted.weight.filter(|_| groups.len() > 1);
                weight.map_or_else(|| name.to_owned(), |weight| format!("{name} ({weight})"))
            });
            groups.collect::<Vec<_>>().join(", ")
        }
        RuleAction::Redirect(redirect) => {
            let part =
                |part: &Option<String>, same: &str| part.clone().unwrap_or_else(|| same.to_owned());
            let (protocol, host) =
                (part(&redirect.protocol, "#{protocol}"), part(&redirect.host, "#{host}"));
            let path = part(&redirect.path, "/#{path}");
            let code = redirect.status_code.trim_start_matches("HTTP_");
            format!("{code} {}://{host}{path}", protocol.to_ascii_lowercase())
        }
        RuleAction::FixedResponse { .. }
        | RuleAction::Foreign(_)
        | RuleAction::AuthenticateCognito(_)
        | RuleAction::AuthenticateOidc(_)
        | RuleAction::ValidateJwt(_) => action.to_string(),
    });
    each.collect::<Vec<_>>().join(", then ")
}
