//! Rollouts: whether pods go on answering for as long as load balancers send them requests.

use std::time::Duration;

use crate::model::id::ObjectKey;
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::seen::Termination;
use crate::model::snapshot::Snapshot;
use crate::model::target_group::TargetType;

use super::binder;
use super::targets::Endpoints;

/// For how long load balancers go on sending new requests to a target that has been deregistered,
/// about: nothing in AWS says when that is over (measured by many, also in LBC's issue 1719).
const PROPAGATION: Duration = Duration::from_secs(10);
/// How long AWS waits for requests under way to a target that has been deregistered, where nobody
/// says (AWS).
pub const DELAY_DEFAULT: Duration = Duration::from_secs(300);

/// How those pods of a binding end that stop answering before load balancers have heard that they
/// should send them nothing; the first one to.
#[must_use]
pub fn hasty(snapshot: &Snapshot, key: &ObjectKey) -> Option<Termination> {
    let seen = snapshot.objects.bindings.get(key).filter(|seen| !seen.leaving)?;
    let binding = seen.as_binding(key);
    if binding.target_type != TargetType::Ip || !binder::is_served(snapshot, key) {
        return None;
    }
    let endpoints = Endpoints::of(&snapshot.objects, &binding).each();
    let pods = endpoints.filter_map(|(endpoint, _)| {
        let pod = snapshot.objects.pods.get(endpoint.pod.as_ref()?);
        pod.filter(|pod| !pod.leaving)
    });
    let answers = |how: &Termination| Some(u64::from(how.pre_stop?.min(how.grace)));
    let timed = pods.filter_map(|pod| Some((answers(&pod.termination)?, pod.termination)));
    let (answers, first) = timed.min_by_key(|(answers, _)| *answers)?;
    (answers < PROPAGATION.as_secs()).then_some(first)
}

/// What is to be said of such pods. `delay` is how long AWS waits for requests under way.
#[must_use]
pub fn problem(key: &ObjectKey, how: Termination, delay: Duration) -> Problem {
    let Termination { grace, pre_stop } = how;
    let (propagation, delay) = (PROPAGATION.as_secs(), delay.as_secs());
    Problem {
        code: Code::HastyPods,
        severity: Severity::Note,
        object: ObjectRef { kind: Kind::TargetGroupBinding, key: key.clone() },
        field: "pods that end".to_owned(),
        found: format!(
            "a preStop of {} s and a terminationGracePeriodSeconds of {grace}, while new requests \
             come for about {propagation} s after a target is deregistered, and up to {delay} s \
             are left to those under way",
            pre_stop.unwrap_or_default()
        ),
        allowed: format!(
            "a preStop that sleeps for {propagation} s or more, a grace period that is longer, and \
             a deregistration_delay.timeout_seconds that fits into it"
        ),
        meanwhile: "requests are lost when pods end".to_owned(),
    }
}
