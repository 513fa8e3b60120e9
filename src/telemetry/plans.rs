//! Plans in the log: each is said once, and again when it says something else.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::outcome::Outcome;
use crate::model::plan::Plan;
use crate::model::subject::Subject;
use crate::plan::show;

/// What was logged last about each subject that has something left to do or to know.
#[derive(Debug, Default)]
pub struct PlanLog {
    /// The fingerprint of the text: all that is needed to tell whether another one is news.
    said: Mutex<BTreeMap<Subject, u64>>,
}

impl PlanLog {
    /// Logs a plan that says something new: steps, refusals or notes. One that says nothing ends
    /// what was said before.
    pub fn planned(&self, subject: &Subject, plan: &Plan) {
        let mut said = self.lock();
        if plan.is_empty() && plan.refusals.is_empty() && plan.notes.is_empty() {
            said.remove(subject);
            return;
        }
        let text = show::log_text(subject, plan);
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let fingerprint = hasher.finish();
        if said.insert(subject.clone(), fingerprint) != Some(fingerprint) {
            drop(said);
            tracing::info!(%subject, steps = plan.steps.len(), plan = text.trim_end(), "planned");
        }
    }

    /// Takes note of what came of a plan: one that was carried out is news when it comes again.
    pub fn applied(&self, subject: &Subject, outcomes: &[Outcome]) {
        let is_done = |outcome: &Outcome| matches!(outcome, Outcome::Done(_));
        if !outcomes.is_empty() && outcomes.iter().all(is_done) {
            self.lock().remove(subject);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Subject, u64>> {
        // The map is whole between any two statements, so a panic elsewhere has not broken it.
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
