//! The groups of which something may be new to whoever looks at their IngressGroups.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::problem::{Kind, ObjectRef};
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::subject::Subject;

use super::World;

/// The groups of which something may be new to whoever looks at their IngressGroups.
#[derive(Debug, Default)]
pub struct Unshown {
    due: BTreeSet<Group>,
    /// Those that are looked at again once a hosted zone was visited: until then what was shown of
    /// them before is better than what is known.
    deferred: BTreeSet<Group>,
    news: Arc<Notify>,
}

impl Unshown {
    /// Takes note of groups of which something may be new.
    pub fn mark(&mut self, groups: impl IntoIterator<Item = Group>) {
        for group in groups {
            self.deferred.remove(&group);
            self.due.insert(group);
        }
        if !self.due.is_empty() {
            self.news.notify_one();
        }
    }

    /// Takes note of a group of which too little is known yet.
    pub fn defer(&mut self, group: Group) {
        self.deferred.insert(group);
    }

    /// Takes all that are due.
    pub fn take(&mut self) -> BTreeSet<Group> {
        std::mem::take(&mut self.due)
    }

    /// Says that a group may be due.
    #[must_use]
    pub fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.news)
    }

    fn mark_deferred(&mut self) {
        let deferred = std::mem::take(&mut self.deferred);
        self.mark(deferred);
    }

    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.due.clear();
        self.deferred.clear();
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len() + self.deferred.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl World {
    /// Takes note of a visit: whom it concerns may be shown otherwise from now on. What a visit to
    /// a zone changed, it tells itself: the zone may be everybody's.
    pub fn visited(&mut self, subject: &Subject) {
        let groups: Vec<Group> = match subject {
            Subject::Balancer(_, group) | Subject::Protection(_, group) => vec![group.clone()],
            Subject::Targets(_, binding) => {
                of_binding(&self.objects, binding).into_iter().collect()
            }
            Subject::Certificate(_, key) => {
                let users = self.index.wanting(key);
                users.flat_map(|user| self.index.groups_of(user)).cloned().collect()
            }
            Subject::Zone(..) => {
                self.unshown.mark_deferred();
                return;
            }
            Subject::Fabric(_) | Subject::Census(_) => return,
        };
        self.unshown.mark(groups);
    }

    /// Takes note that members, or what concerns them, may be shown otherwise.
    pub fn shows_anew<'s>(&mut self, members: impl IntoIterator<Item = &'s Source>) {
        let groups = members.into_iter().flat_map(|member| self.index.groups_of(member));
        let groups: BTreeSet<Group> = groups.cloned().collect();
        self.unshown.mark(groups);
    }
}

/// The member that an object is, if it is one.
#[must_use]
pub fn member(object: &ObjectRef) -> Option<Source> {
    match object.kind {
        Kind::Ingress => Some(Source::ingress(object.key.clone())),
        Kind::IngressClass
        | Kind::IngressClassParams
        | Kind::Service
        | Kind::TargetGroupBinding => None,
    }
}

/// The group that a binding was made for.
pub(super) fn of_binding(objects: &Objects, binding: &ObjectKey) -> Option<Group> {
    Group::of_labels(&objects.bindings.get(binding)?.labels)
}
