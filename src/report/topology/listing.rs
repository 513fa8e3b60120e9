//! All problems, and all that is left undone.

use std::sync::Arc;

use serde::Serialize;

use super::{Asked, Complaint, Paged, Remainder, Standpoint};
use crate::model::problem::Severity;
use crate::report::Pending;
use crate::report::reasons;

/// A problem, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComplaintView {
    /// The object.
    pub object: String,
    /// The group that it has to do with, where it is one.
    pub group: Option<String>,
    /// What it means for the object.
    pub severity: Severity,
    /// The reason.
    pub reason: String,
    /// Its number in `docs/errors.md`.
    pub number: Option<&'static str>,
    /// What is wrong, what is allowed, and what happens meanwhile.
    pub text: String,
}

impl From<&Complaint> for ComplaintView {
    fn from(complaint: &Complaint) -> Self {
        Self {
            object: complaint.object.to_string(),
            group: complaint.group.as_ref().map(ToString::to_string),
            severity: complaint.said.severity,
            number: reasons::number(&complaint.said.reason),
            reason: complaint.said.reason.clone(),
            text: complaint.said.text.clone(),
        }
    }
}

impl ComplaintView {
    /// Whether it holds a text.
    fn holds(&self, q: &str) -> bool {
        let all = [self.object.as_str(), &self.reason, &self.text, self.number.unwrap_or_default()];
        all.iter().any(|part| part.to_lowercase().contains(q))
            || self.group.as_ref().is_some_and(|group| group.contains(q))
    }
}

/// What is left undone, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemainderView {
    /// The subject.
    pub subject: String,
    /// The group that it has to do with, where it is one.
    pub group: Option<String>,
    /// What is left.
    #[serde(flatten)]
    pub left: Arc<Pending>,
}

impl From<&Remainder> for RemainderView {
    fn from(remainder: &Remainder) -> Self {
        Self {
            subject: remainder.subject.to_string(),
            group: remainder.group.as_ref().map(ToString::to_string),
            left: Arc::clone(&remainder.left),
        }
    }
}

impl RemainderView {
    fn holds(&self, q: &str) -> bool {
        let steps = self.left.steps.iter();
        self.subject.to_lowercase().contains(q)
            || self.group.as_ref().is_some_and(|group| group.contains(q))
            || steps.clone().any(|step| step.what.to_lowercase().contains(q))
            || steps.clone().any(|step| step.call.to_lowercase().contains(q))
    }
}

/// All problems that are asked for, the gravest first.
#[derive(Clone, Debug, Serialize)]
pub struct Complaints {
    /// Who tells it.
    pub standpoint: Standpoint,
    /// What was asked.
    pub asked: Asked,
    /// The problems.
    #[serde(flatten)]
    pub problems: Paged<ComplaintView>,
}

impl Complaints {
    /// Those that are asked for.
    #[must_use]
    pub fn of(standpoint: Standpoint, asked: Asked, all: &[Complaint]) -> Self {
        let q = asked.q.to_lowercase();
        let all = all.iter().map(ComplaintView::from);
        let mut found: Vec<_> = all.filter(|one| one.holds(&q)).collect();
        found.sort_by(|a, b| (a.severity, &a.object).cmp(&(b.severity, &b.object)));
        let problems = Paged::of(found, asked.page, |one| one);
        Self { standpoint, asked, problems }
    }
}

/// All that is left undone and asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Remainders {
    /// Who tells it.
    pub standpoint: Standpoint,
    /// What was asked.
    pub asked: Asked,
    /// What is left.
    #[serde(flatten)]
    pub plans: Paged<RemainderView>,
}

impl Remainders {
    /// Those that are asked for.
    #[must_use]
    pub fn of(standpoint: Standpoint, asked: Asked, all: &[Remainder]) -> Self {
        let q = asked.q.to_lowercase();
        let all = all.iter().map(RemainderView::from);
        let found: Vec<_> = all.filter(|one| one.holds(&q)).collect();
        let plans = Paged::of(found, asked.page, |one| one);
        Self { standpoint, asked, plans }
    }
}
