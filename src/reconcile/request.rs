//! The story of a visit to a certificate that ACM is asked for.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use super::{Visit, gravest};
use crate::aws::{Cloud, CloudError, Reach};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired;
use crate::model::id::{CertificateKey, Handle};
use crate::model::inventory::RequestInventory;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::request::{LiveRequest, RequestKey, RequestState, Validation};
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::stack::{RequestStack, Use};
use crate::plan;
use crate::report::Rest;

/// How soon ACM is asked again what proves the names: it tells some seconds after the request.
const PROOF_PAUSE: Duration = Duration::from_secs(5);
/// How often ACM is asked whether it has issued a certificate; it takes minutes once the names are
/// proved.
const ISSUE_PAUSE: Duration = Duration::from_secs(60);
/// How soon it is looked again for a hosted zone that may prove a name, as often as for new zones.
const ZONE_PAUSE: Duration = Duration::from_secs(180);
/// What becomes of those who use a certificate that is not there.
const MEANWHILE: &str = "HTTPS begins once it is issued; HTTP, and what served before, goes on";

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    pub(super) async fn request(&self, key: &Arc<RequestKey>) -> Result<Rest, CloudError> {
        let (snapshot, _) = self.snapshot(Reach::Nothing).await?;
        let stack = desired::request::build(&snapshot, key);
        let cluster = &self.settings().cluster;
        let inventory = self.mirror().request(cluster, key, PROOF_PAUSE).await?;
        let plan = plan::request::plan(&stack, &inventory);
        let breaches = plan::check::request(&plan, &stack);
        let outcomes = self.apply_judged(&plan, &breaches).await;
        let found = self.mirror().request(cluster, key, PROOF_PAUSE).await?;
        let current = plan::request::current(&found);
        let issued = current.filter(|live| live.is_issued()).map(|live| live.id.clone());
        let certificate = CertificateKey::Request(Arc::clone(key));
        {
            let mut world = self.world().lock();
            world.facts.learn(Handle::Certificate(certificate.clone()), issued);
            let asker = world.index.wanting(&certificate).next().cloned();
            world.facts.proves(key, asker.map(|asker| (asker, proofs(current))));
            world.wait(self.subject, plan.waits_for_release());
        }
        self.tell_of_request(&snapshot.objects, &certificate, |user| {
            let refused = outcomes.iter().filter_map(|outcome| match outcome {
                Outcome::Failed(Trouble::Refused, text) => Some(refusal(user, key, text)),
                Outcome::Failed(..) | Outcome::Done(_) | Outcome::Held => None,
            });
            let unread = snapshot.zones_refused && stack.unproved.is_none();
            let unread = unread.then(|| unread_zones(user, key));
            refused.chain(unread.or_else(|| progress(user, &stack, &found))).collect()
        });
        Ok(gravest([self.rest(&plan, &outcomes), again(&stack, &found)]))
    }

    /// Tells those who use a certificate how far it is.
    fn tell_of_request(
        &self,
        objects: &Objects,
        key: &CertificateKey,
        problems: impl Fn(&Source) -> Vec<Problem>,
    ) {
        let events = {
            let mut world = self.world().lock();
            let problems: Vec<Problem> = world.index.listening(key).flat_map(problems).collect();
            let state = world.certificates.entry(key.clone()).or_default();
            let events = state.told.problems(objects, &problems);
            if problems.is_empty() {
                world.certificates.remove(key);
            }
            events
        };
        self.tell(events);
    }
}

/// What proves the names of a certificate to ACM, now and whenever it renews it.
fn proofs(current: Option<&LiveRequest>) -> BTreeSet<Validation> {
    current.map(|live| live.facts.validations.clone()).unwrap_or_default()
}

/// When to look again.
fn again(stack: &RequestStack, found: &RequestInventory) -> Rest {
    if stack.use_of_it != Use::Used {
        return Rest::Done;
    }
    match plan::request::current(found).map(|live| &live.facts) {
        Some(facts) if facts.state == RequestState::Pending => {
            Rest::Later(if facts.await_decision() { ISSUE_PAUSE } else { PROOF_PAUSE })
        }
        Some(_) => Rest::Done,
        None if stack.unproved.is_none() => Rest::Later(PROOF_PAUSE),
        // A zone may come, and the time to ask again does.
        None => Rest::Later(ZONE_PAUSE),
    }
}

/// Nobody can tell whether the names of a certificate can be proved.
fn unread_zones(user: &Source, key: &RequestKey) -> Problem {
    let found = format!("a certificate for {key}, and no right to look for hosted zones");
    let allowed = "the right route53:ListHostedZones, or a certificate by its ARN";
    said(user, (Code::NoHostedZone, Severity::Warning), found, allowed)
}

/// What there is to say of a certificate that listeners cannot have yet.
fn progress(user: &Source, stack: &RequestStack, found: &RequestInventory) -> Option<Problem> {
    let key = &stack.request.key;
    let current = plan::request::current(found);
    if current.is_some_and(LiveRequest::is_issued) {
        return None;
    }
    let unproved = stack.unproved.as_ref().filter(|names| !names.is_empty());
    if let Some(names) = unproved {
        let names: Vec<&str> = names.iter().map(SmolStr::as_str).collect();
        let found = format!("{}, which no public hosted zone here holds", names.join(", "));
        let allowed = "names that a public hosted zone of this account holds, which proves them, \
                       or a certificate by its ARN";
        return Some(said(user, (Code::NoHostedZone, Severity::Warning), found, allowed));
    }
    if current.is_some() {
        let found = format!("a certificate for {key}, which ACM has not issued yet");
        let allowed = "to wait: its records in Route 53 prove the names, which takes minutes";
        return Some(said(user, (Code::NoCertificate, Severity::Note), found, allowed));
    }
    let RequestState::Ended { why } = &plan::request::failed(found)?.facts.state else {
        return None;
    };
    let found = format!("a certificate for {key}, which ACM did not issue: {why}");
    let allowed = "what the reason asks for, such as a CAA record that lets amazon.com issue, or \
                   the records that prove the names; it is asked for again an hour after the last \
                   time";
    Some(said(user, (Code::NoCertificate, Severity::Warning), found, allowed))
}

fn refusal(user: &Source, key: &RequestKey, text: &str) -> Problem {
    let found = format!("a certificate for {key}, which ACM refuses to be asked for: {text}");
    said(user, (Code::NoCertificate, Severity::Warning), found, "what ACM says; it is tried again")
}

fn said(
    user: &Source,
    (code, severity): (Code, Severity),
    found: String,
    allowed: &str,
) -> Problem {
    Problem {
        code,
        severity,
        object: ObjectRef::of(user),
        field: "hosts".to_owned(),
        found,
        allowed: allowed.to_owned(),
        meanwhile: MEANWHILE.to_owned(),
    }
}
