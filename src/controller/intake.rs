//! From what is seen of the cluster to visits.

use std::collections::BTreeSet;

use tokio::sync::watch;

use super::Queue;
use crate::clock::Clock;
use crate::cluster::Intake;
use crate::model::id::ObjectKey;
use crate::model::index::Seen;
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::subject::{Lane, Subject, SubjectKind};
use crate::world::SharedWorld;

/// Takes in what is seen of the cluster: puts it into the world and asks for visits. Clones are the
/// same.
#[derive(Clone, Debug)]
pub struct WorldIntake<T> {
    world: SharedWorld,
    queue: Queue<T>,
    secrets: watch::Sender<BTreeSet<ObjectKey>>,
}

impl<T: Clock> WorldIntake<T> {
    pub(super) fn new(world: SharedWorld, queue: Queue<T>) -> Self {
        Self { world, queue, secrets: watch::Sender::new(BTreeSet::new()) }
    }

    /// The Secrets that members use.
    #[must_use]
    pub fn secrets(&self) -> watch::Receiver<BTreeSet<ObjectKey>> {
        self.secrets.subscribe()
    }

    fn want(&self, secret: &ObjectKey, is_wanted: bool) {
        self.secrets.send_if_modified(|wanted| {
            if is_wanted { wanted.insert(secret.clone()) } else { wanted.remove(secret) }
        });
    }
}

impl<T: Clock> Intake for WorldIntake<T> {
    fn take(&self, seen: Seen) {
        let mut world = self.world.lock();
        let touched = touched(&world.objects, &seen);
        let mut subjects = world.take(seen);
        world.touch(touched);
        for secret in world.index.touched_secrets() {
            self.want(&secret, world.index.has_secret(&secret));
        }
        // Whoever does not lead looks at everything once it does.
        if !world.leads() {
            return;
        }
        subjects.append(&mut world.wakes());
        for subject in subjects {
            let lane = lane_of(&subject);
            self.queue.push(subject, lane);
        }
    }

    fn with_objects<R>(&self, look: impl FnOnce(&Objects) -> R) -> R {
        look(&self.world.lock().objects)
    }
}

/// The Ingress that a person has changed.
fn touched(objects: &Objects, seen: &Seen) -> Option<Source> {
    let Seen::Ingress(key, Some(new)) = seen else { return None };
    let old = objects.ingresses.get(key)?;
    let is_same = old.spec == new.spec
        && old.metadata.annotations == new.metadata.annotations
        && old.metadata.labels == new.metadata.labels;
    (!is_same).then(|| Source::ingress(key.clone()))
}

/// The lane of a visit that one in another lane causes: what a start-up finds out is no more urgent
/// than the start-up, and has a lane of its own all the same if it has one.
pub(super) fn lane_after(cause: Lane, subject: &Subject) -> Lane {
    match (cause, lane_of(subject)) {
        (Lane::Background, Lane::User | Lane::Targets) => Lane::Background,
        (_, own) => own,
    }
}

/// The lane of a visit that somebody's change asks for.
pub(super) fn lane_of(subject: &Subject) -> Lane {
    match subject.kind() {
        SubjectKind::Targets => Lane::Targets,
        SubjectKind::Protection => Lane::Protection,
        SubjectKind::Fabric
        | SubjectKind::Balancer
        | SubjectKind::Certificate
        | SubjectKind::Zone
        | SubjectKind::Census => Lane::User,
    }
}
