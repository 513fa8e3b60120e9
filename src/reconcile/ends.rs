//! The part of a census that looks for certificates that end before long, whoever made them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Visit;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::fact::Topic;
use crate::model::problem::Problem;
use crate::model::source::Source;
use crate::report::Rest;
use crate::world::member;

/// How old what is known of ends may be, which are days away when somebody is told of them.
const AGE_MAX: Duration = Duration::from_secs(60 * 60);
/// How often it is looked whether somebody has to be told.
const PAUSE: Duration = Duration::from_secs(180);

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Tells of certificates on listeners that end before long, and has those of Secrets visited
    /// whose time has come or is over. Where ACM may not be listed, only of what is imported here.
    pub(super) async fn look_for_ends(&self) -> Rest {
        if self.world().lock().ends.concern_anybody() {
            match self.mirror().listed(AGE_MAX).await {
                Ok(found) => self.world().lock().ends.listed(found.ends()),
                Err(error) => tracing::debug!(%error, "certificates cannot be listed"),
            }
        }
        let now = self.reconciler.clock.now();
        let (events, next) = {
            let mut world = self.world().lock();
            let problems: Vec<Problem> = world.ending(now).into_iter().collect();
            let world = &mut *world;
            let before = world.ends.told.said().filter_map(|(object, _)| member(object));
            let concerned: BTreeSet<Source> =
                before.chain(problems.iter().filter_map(|one| member(&one.object))).collect();
            world.shows_anew(&concerned);
            let events = world.ends.told.problems(&world.objects, &problems);
            let (due, next) = world.ends.due(now);
            for key in due {
                world.facts.touch(Topic::Stray(key));
            }
            (events, next)
        };
        self.tell(events);
        let until = next.and_then(|next| Duration::try_from(next.duration_since(now)).ok());
        Rest::Later(until.map_or(PAUSE, |until| until.min(PAUSE)))
    }
}
