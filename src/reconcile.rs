//! The story of a visit: gather, build, look, plan, apply, report. The same for every subject.

use std::collections::BTreeSet;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::Either;

use crate::apply::{Permit, SIGN_PAUSE, Site, apply, may_take, of_aws};
use crate::aws::{BalancerScope, Cloud, CloudError, Ec2Part, Mirror, Part, Reach};
use crate::clock::Clock;
use crate::cluster::{Cluster, EventRecorder};
use crate::model::fact::Revision;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::pace::{Imports, Requests};
use crate::model::plan::{Plan, Step};
use crate::model::problem::{Code, Problem};
use crate::model::report::Event;
use crate::model::role::session;
use crate::model::settings::Settings;
use crate::model::snapshot::Snapshot;
use crate::model::stack::{BalancerStack, Front};
use crate::model::subject::{Lane, Subject};
use crate::plan::check::Breach;
use crate::report::{Pending, Rest};
use crate::telemetry::PlanLog;
use crate::world::SharedWorld;

mod balancer;
mod brakes;
mod census;
mod certificate;
mod completion;
mod discovery;
mod ends;
mod fabric;
mod gates;
mod limits;
mod orphans;
mod pace;
mod plan_only;
mod protection;
mod refused;
mod request;
mod rollout;
mod targets;
mod waits;
mod zone;

use brakes::BRAKED_PAUSE;
pub use discovery::{read_account_limits, read_issued, read_led_to, read_named, read_trust_stores};
pub use plan_only::side;
pub use protection::read_protection;
pub use targets::read_bound;
pub use waits::{read_group, read_strays, read_targets};

/// How old what we know of the VPC may be. Nothing in it changes by itself; what a person changes
/// there is looked for at once when something is missing.
const SURROUNDINGS_AGE_MAX: Duration = Duration::from_secs(60 * 60);
/// How often the VPC is looked at because something that somebody names is missing in it: often
/// enough for a person who has just made it, and once for all who miss something.
const MISSING_PAUSE: Duration = Duration::from_secs(30);

/// How long a zone or a group is left alone that has found out that the other one is about to lead
/// a name to a load balancer, or to take that away.
const NAMES_PAUSE: Duration = Duration::from_millis(100);

/// What visits are made with.
#[derive(Debug)]
pub struct Reconciler<C, K, T> {
    /// How the process was started.
    pub settings: Arc<Settings>,
    /// What we believe AWS holds.
    pub mirror: Mirror<C, T>,
    /// The cluster, to write to.
    pub cluster: K,
    /// What is known, and what visits leave for later ones.
    pub world: SharedWorld,
    /// Tells the time.
    pub clock: T,
    /// Takes Events, which are sent outside visits.
    pub events: EventRecorder,
    /// Says what is planned and what came of it.
    pub log: PlanLog,
    /// How often certificates were imported.
    pub imports: Mutex<Imports>,
    /// How often ACM was asked for certificates.
    pub requests: Mutex<Requests>,
}

impl<C: Cloud, K: Cluster, T: Clock> Reconciler<C, K, T> {
    /// What AWS holds of a subject: of a binding's targets, by the role that the binding names.
    fn mirror_of(&self, subject: &Subject) -> Mirror<C, T> {
        let Subject::Targets(_, binding) = subject else { return self.mirror.clone() };
        let role = self.world.lock().objects.bindings.get(binding).and_then(|seen| seen.role());
        let session = session(&self.settings.cluster);
        let by_role = role.and_then(|role| self.mirror.by_role(&role, &session));
        by_role.unwrap_or_else(|| self.mirror.clone())
    }

    /// Visits a subject: brings AWS closer to what is wished for, and says so. Answers with how the
    /// subject is left.
    pub async fn visit(&self, subject: &Subject, lane: Lane, permit: &Permit<T>) -> Rest {
        let visit = Visit { reconciler: self, subject, permit, mirror: self.mirror_of(subject) };
        self.world.lock().braked.remove(subject);
        let visited = match subject {
            Subject::Fabric(_) => visit.fabric().await,
            Subject::Balancer(_, group) => visit.balancer(group).await,
            Subject::Targets(_, binding) => visit.targets(binding, lane).await,
            Subject::Certificate(_, key) => visit.certificate(key).await,
            Subject::Protection(_, group) => visit.protection(group).await,
            Subject::Zone(_, zone) => visit.zone(zone).await,
            Subject::Census(_) => visit.census().await,
        };
        let error = visited.as_ref().err().map(ToString::to_string);
        self.world.lock().pending.read(subject, error.as_deref(), self.clock.now());
        let rest = visited.unwrap_or_else(|error| {
            tracing::warn!(%subject, %error, "AWS could not be read");
            Rest::Again(of_aws(error.kind))
        });
        let is_braked = self.world.lock().braked.contains(subject);
        let rest = if is_braked { gravest([rest, Rest::Later(BRAKED_PAUSE)]) } else { rest };
        let mut world = self.world.lock();
        if rest == Rest::Done {
            world.rested(subject);
        }
        world.visited(subject);
        rest
    }
}

/// One visit.
struct Visit<'a, C, K, T> {
    reconciler: &'a Reconciler<C, K, T>,
    subject: &'a Subject,
    permit: &'a Permit<T>,
    /// What is written to: where a binding names a role, what AWS holds by the rights of that.
    mirror: Mirror<C, T>,
}

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    fn settings(&self) -> &Settings {
        &self.reconciler.settings
    }

    fn mirror(&self) -> &Mirror<C, T> {
        &self.reconciler.mirror
    }

    fn world(&self) -> &SharedWorld {
        &self.reconciler.world
    }

    /// What the subject's wish is built from, as it is now, and which changes that includes.
    async fn snapshot(&self, reach: Reach) -> Result<(Snapshot, Revision), CloudError> {
        let surroundings = self.mirror().surroundings(reach, SURROUNDINGS_AGE_MAX).await?;
        let now = self.reconciler.clock.now();
        Ok(self.world().lock().snapshot(self.subject, now, surroundings))
    }

    /// Applies a plan.
    fn apply(&self, plan: &Plan) -> impl Future<Output = Vec<Outcome>> + Send {
        self.apply_judged(plan, &[])
    }

    /// Applies a plan that was judged: one that may take away what is still needed is refused as a
    /// whole. Whoever is concerned hears of it as of a call that AWS refuses.
    ///
    /// Not an async function, so that what waits for a call is the story and nothing in between.
    fn apply_judged(
        &self,
        plan: &Plan,
        breaches: &[Breach],
    ) -> impl Future<Output = Vec<Outcome>> + Send {
        let Reconciler { cluster, log, .. } = self.reconciler;
        log.planned(self.subject, plan);
        if !breaches.is_empty() {
            let outcomes = self.refuse(plan, breaches);
            self.leave(plan, &outcomes);
            return Either::Left(ready(outcomes));
        }
        let site = Site { mirror: &self.mirror, cluster, permit: self.permit };
        Either::Right(apply(plan, site).inspect(|outcomes| {
            log.applied(self.subject, outcomes);
            self.leave(plan, outcomes);
        }))
    }

    /// Takes note of what is left of a plan, for whoever looks.
    fn leave(&self, plan: &Plan, outcomes: &[Outcome]) {
        let left = Pending::of(plan, outcomes, self.reconciler.clock.now());
        self.world().lock().pending.left(self.subject, left);
    }

    /// What becomes of the steps of a plan that is refused.
    fn refuse(&self, plan: &Plan, breaches: &[Breach]) -> Vec<Outcome> {
        for Breach { step, why } in breaches {
            tracing::error!(subject = %self.subject, step = step.0, why, "the plan is refused");
        }
        let outcome = |step: &Step| match breaches.iter().find(|breach| breach.step == step.id) {
            Some(breach) => Outcome::Failed(Trouble::Refused, breach.why.clone()),
            None => Outcome::Held,
        };
        plan.steps.iter().map(outcome).collect()
    }

    /// How the subject is left after a plan: what was too early is tried again.
    fn rest(&self, plan: &Plan, outcomes: &[Outcome]) -> Rest {
        let is_early = plan.steps.iter().zip(outcomes).any(|(step, outcome)| {
            let is_held = step.gate.is_none() && *outcome == Outcome::Held;
            is_held && self.permit.may_write() && !may_take(step, self.permit)
        });
        match crate::report::rest(outcomes) {
            Rest::Done if is_early => Rest::Later(SIGN_PAUSE),
            rest => rest,
        }
    }

    fn tell(&self, events: Vec<Event>) {
        self.reconciler.events.record(self.reconciler.clock.moment(), events);
    }

    /// Whether somebody needs something that was not there when we last looked: then a fresh look.
    fn misses_something(&self, problems: &[Problem], plan: &Plan) -> bool {
        let all = problems.iter().chain(&plan.refusals);
        let missing: BTreeSet<Code> = all.map(|problem| problem.code).collect();
        let is_missing =
            missing.contains(&Code::NoSubnets) || missing.contains(&Code::NoSecurityGroup);
        if is_missing {
            self.mirror().refresh(&Part::Ec2(Ec2Part::Vpc), MISSING_PAUSE);
            self.mirror().refresh(&Part::Ec2(Ec2Part::SecurityGroups), MISSING_PAUSE);
        }
        // These are looked up by whoever visits.
        let sought = [Code::NoCertificate, Code::NoTrustStore, Code::NoTargetGroup];
        is_missing || sought.iter().any(|code| missing.contains(code))
    }
}

/// The gravest of how several parts of a visit leave its subject.
fn gravest(rests: impl IntoIterator<Item = Rest>) -> Rest {
    let rank = |rest: &Rest| match rest {
        Rest::Done => (0, Duration::ZERO, None),
        Rest::Later(pause) => (1, Duration::MAX.saturating_sub(*pause), None),
        Rest::Again(trouble) => (2, Duration::ZERO, Some(*trouble)),
    };
    rests.into_iter().max_by_key(rank).unwrap_or(Rest::Done)
}

/// Which attributes have to be read for a wish: those of things whose attributes somebody names, or
/// has named.
#[must_use]
pub fn scope(stack: &BalancerStack) -> BalancerScope {
    let given = &stack.memory.given;
    let named = stack.target_groups.iter().filter(|(_, wished)| !wished.attributes.is_empty());
    let named = named.map(|(key, _)| key.backend.spelled());
    let fronts = stack.front.iter();
    let listeners = fronts.clone().flat_map(|front| &front.listeners);
    let listeners = listeners.filter(|(_, wished)| !wished.attributes.values.is_empty());
    let of_load_balancer = |front: &Front| !front.attributes.values.is_empty();
    BalancerScope {
        load_balancer_attributes: !given.load_balancer.is_empty()
            || fronts.clone().any(of_load_balancer),
        frontend_nlb_attributes: !given.frontend_nlb.is_empty()
            || fronts
                .clone()
                .filter_map(|front| front.nlb.as_ref())
                .any(|nlb| !nlb.attributes.values.is_empty()),
        capacity: fronts.clone().any(|front| front.capacity.is_some()),
        listener_attributes: listeners
            .map(|(port, _)| *port)
            .chain(given.listeners.keys().copied())
            .collect(),
        target_group_attributes: named.chain(given.target_groups.keys()).cloned().collect(),
    }
}

/// What AWS's error means for when a subject is visited again.
fn again(error: &CloudError) -> Rest {
    Rest::Again(of_aws(error.kind))
}

/// Trouble that a fresh look may end.
const STALE: Rest = Rest::Again(Trouble::Stale);
