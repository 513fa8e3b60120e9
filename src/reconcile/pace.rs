//! Imports and requests that come too fast: who uses them is told, and what served before serves
//! on.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::Visit;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::model::action::{AcmAction, Action, AwsAction};
use crate::model::id::{CertificateKey, ObjectKey};
use crate::model::inventory::CertificateInventory;
use crate::model::outcome::Outcome;
use crate::model::pace::{Imports, Limited, Requests, Urgency};
use crate::model::plan::{Plan, Step};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::request::RequestKey;
use crate::model::snapshot::Snapshot;
use crate::model::source::Source;
use crate::model::stack::CertificateStack;
use crate::plan;

/// How long before its end a certificate in use is about to expire: when ACM renews its own, and
/// most issuers' clients theirs of 90 days.
const EXPIRING: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// An import that has to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// For how long.
    pub(super) pause: Duration,
    limited: Limited,
}

impl Held {
    /// What is to be said to who uses a Secret.
    pub(super) fn problem(self, user: &Source, secret: &ObjectKey) -> Problem {
        let (found, allowed) = match self.limited {
            Limited::Own => (
                format!("Secret {secret}, which changes too often"),
                "one import each ten minutes, beyond the first two",
            ),
            Limited::Namespace => (
                format!("Secret {secret}, and many imports of its namespace before"),
                "four imports a day in a namespace, beyond the first hundred",
            ),
            Limited::Cluster => (
                format!("Secret {secret}, and many imports before"),
                "as many imports as leave a fifth of what ACM takes in a year for certificates \
                 that expire",
            ),
        };
        Problem {
            code: Code::ImportHeld,
            severity: Severity::Warning,
            object: ObjectRef::of(user),
            field: "spec.tls".to_owned(),
            found,
            allowed: allowed.to_owned(),
            meanwhile: "what was imported before goes on serving, and it is imported later"
                .to_owned(),
        }
    }

    /// What a request waits for: what there was, and what is allowed.
    pub(super) fn of_request(self, key: &RequestKey) -> (String, &'static str) {
        match self.limited {
            Limited::Own => (
                format!("a certificate for {key}, which was asked for less than an hour ago"),
                "one request each hour for the same names",
            ),
            Limited::Namespace => (
                format!("a certificate for {key}, and many requests of its namespace before"),
                "four requests a day in a namespace, beyond the first hundred",
            ),
            Limited::Cluster => (
                format!("a certificate for {key}, and many requests before"),
                "as many requests as leave a fifth of what ACM takes in a year",
            ),
        }
    }
}

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    /// Plans the certificate of a Secret. An import that would come too fast is left out, and held.
    pub(super) fn paced(
        &self,
        secret: &ObjectKey,
        stack: &mut CertificateStack,
        inventory: &CertificateInventory,
    ) -> (Plan, Option<Held>) {
        let planned = plan::certificate::plan(stack, inventory);
        if !planned.steps.iter().any(imports) {
            return (planned, None);
        }
        let clock = &self.reconciler.clock;
        let soon = clock.now() + EXPIRING;
        let standing = plan::certificate::current(stack, inventory);
        let urgency = match standing.filter(|live| live.facts.not_after <= soon) {
            Some(_) => Urgency::Expiring,
            None => Urgency::Any,
        };
        let may = self.imports().may(secret, urgency, clock.moment());
        match may {
            Ok(()) => (planned, None),
            Err((pause, limited)) => {
                // What stands is kept, whatever the Secret holds by now, and nothing goes.
                stack.certificate = None;
                (Plan { steps: Vec::new(), ..planned }, Some(Held { pause, limited }))
            }
        }
    }

    /// Takes note of the imports that ACM has taken.
    pub(super) fn count_imports(&self, secret: &ObjectKey, plan: &Plan, outcomes: &[Outcome]) {
        let now = self.reconciler.clock.moment();
        for (step, outcome) in plan.steps.iter().zip(outcomes) {
            if imports(step) && matches!(outcome, Outcome::Done(_)) {
                self.imports().made(secret, now);
            }
        }
    }

    /// How long names have to stay the same until ACM is asked for them: not at all where nobody
    /// shares them.
    pub(super) fn settling(&self, snapshot: &Snapshot, key: &Arc<RequestKey>) -> Duration {
        if !snapshot.objects.packed.values().any(|packed| packed.contains(key)) {
            return Duration::ZERO;
        }
        self.requests().settling(key, self.reconciler.clock.moment())
    }

    /// Leaves out of a plan what ACM may not be asked for yet for the sake of a namespace.
    pub(super) fn paced_request(
        &self,
        key: &RequestKey,
        namespace: Option<&str>,
        plan: Plan,
    ) -> (Plan, Option<Held>) {
        if !plan.steps.iter().any(asks) {
            return (plan, None);
        }
        let now = self.reconciler.clock.moment();
        match self.requests().may(key, namespace.unwrap_or_default(), now) {
            Ok(()) => (plan, None),
            Err((pause, limited)) => {
                // Whoever asks plans nothing else.
                (Plan { steps: Vec::new(), ..plan }, Some(Held { pause, limited }))
            }
        }
    }

    /// Takes note of what ACM was asked for, for the sake of a namespace.
    pub(super) fn count_request(
        &self,
        key: &RequestKey,
        namespace: Option<&str>,
        (plan, outcomes): (&Plan, &[Outcome]),
    ) {
        let mut made = plan
            .steps
            .iter()
            .zip(outcomes)
            .filter(|(step, outcome)| asks(step) && matches!(outcome, Outcome::Done(_)));
        if made.next().is_some() {
            let now = self.reconciler.clock.moment();
            self.requests().made(key, namespace.unwrap_or_default(), now);
        }
    }

    /// Takes note of what was imported and asked for before this process began, or while another
    /// one led, as far as it stands.
    pub(super) fn recall(&self, made: &BTreeMap<CertificateKey, Option<Timestamp>>) {
        let (now, moment) = (self.reconciler.clock.now(), self.reconciler.clock.moment());
        let (mut imports, mut requests) = (Vec::new(), Vec::new());
        {
            let world = self.world().lock();
            for (key, at) in made {
                let Some(at) = at else { continue };
                let ago = now.duration_since(*at).try_into().unwrap_or_default();
                match key {
                    CertificateKey::Secret(secret) => imports.push((secret.clone(), ago)),
                    CertificateKey::Request(_) => {
                        let asker = world.index.wanting(key).next();
                        let namespace = asker.map(|asker| asker.namespace().into());
                        requests.push((namespace.unwrap_or_default(), ago));
                    }
                }
            }
        }
        self.imports().recall(imports, moment);
        self.requests().recall(requests, moment);
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.reconciler.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn imports(&self) -> MutexGuard<'_, Imports> {
        self.reconciler.imports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a step asks ACM for a certificate.
pub(super) fn asks(step: &Step) -> bool {
    let Action::Aws(AwsAction::Acm(action)) = &step.action else { return false };
    matches!(action, AcmAction::RequestCertificate { .. })
}

/// Whether a step imports a certificate.
fn imports(step: &Step) -> bool {
    match &step.action {
        Action::Aws(AwsAction::Acm(action)) => matches!(
            action,
            AcmAction::ImportCertificate { .. } | AcmAction::ReimportCertificate { .. }
        ),
        Action::Aws(_) | Action::Kube(_) => false,
    }
}
