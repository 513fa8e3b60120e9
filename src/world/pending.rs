//! What the last visits have left undone.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::subject::Subject;
use crate::report::Pending;

/// What the last visit to each subject has left undone; nothing of those that it brought into line.
#[derive(Debug, Default)]
pub struct PendingPlans(BTreeMap<Subject, Arc<Pending>>);

impl PendingPlans {
    /// Takes note of what a visit has left.
    pub fn left(&mut self, subject: &Subject, left: Option<Pending>) {
        let before = self.0.remove(subject);
        if let Some(mut left) = left {
            left.since = before.map_or(left.since, |before| before.since);
            self.0.insert(subject.clone(), Arc::new(left));
        }
    }

    /// Takes note that AWS could be read for a subject, or why not.
    pub fn read(&mut self, subject: &Subject, error: Option<&str>, now: Timestamp) {
        let before = self.0.get(subject).map(AsRef::as_ref);
        let after = match (before, error) {
            (before, Some(error)) => Some(Pending::unread(error, before, now)),
            (Some(before), None) if before.unread.is_some() => {
                let is_left = before.count > 0;
                is_left.then(|| Pending { unread: None, ..before.clone() })
            }
            (_, None) => return,
        };
        self.left(subject, after);
    }

    /// Forgets what was left of a subject that is gone.
    pub fn forget(&mut self, subject: &Subject) {
        self.0.remove(subject);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// What is left of a subject.
    #[must_use]
    pub fn of(&self, subject: &Subject) -> Option<&Arc<Pending>> {
        self.0.get(subject)
    }

    /// The subjects of which something is left, each with that.
    pub fn iter(&self) -> impl Iterator<Item = (&Subject, &Arc<Pending>)> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is left anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
