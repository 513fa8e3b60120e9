//! The story of a visit to a certificate that ACM is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use super::pace::asks;
use super::{Visit, gravest};
use crate::aws::{Cloud, CloudError, Reach};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired;
use crate::model::fact::Topic;
use crate::model::id::{AwsId, CertificateKey, Handle};
use crate::model::inventory::RequestInventory;
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::Plan;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::request::{LiveRequest, RequestFacts, RequestKey, RequestState, Validation};
use crate::model::snapshot::{Objects, Snapshot};
use crate::model::source::Source;
use crate::model::stack::{RequestStack, Use};
use crate::plan;
use crate::report::Rest;

/// How soon ACM is asked again what proves the names: it tells some seconds after the request.
const PROOF_PAUSE: Duration = Duration::from_secs(5);
/// How often ACM is asked whether it has issued a certificate; it takes minutes once the names are
/// proved.
const ISSUE_PAUSE: Duration = Duration::from_secs(60);
/// How often at most Route 53 is asked, while ACM waits, whether the records of one certificate
/// still stand: it takes five calls a second from an account (AWS quota), which are for more.
const PROOFS_PACE: Duration = Duration::from_secs(1);
/// How old a look at them may be when ACM is asked: of what was found with the last one, nobody
/// knows any more.
const PROOFS_AGE_MAX: Duration = Duration::from_secs(30);
/// How soon it is looked again for a hosted zone that may prove a name, as often as for new zones.
const ZONE_PAUSE: Duration = Duration::from_secs(180);
/// How often ACM is asked whether it renews a certificate after all. It tries by itself for 60
/// days.
const RENEWAL_PAUSE: Duration = Duration::from_secs(60 * 60);
/// What becomes of those who use one that is not renewed.
const RENEWED: &str = "it goes on serving until it ends; ACM tries again by itself";
/// What becomes of those who use a certificate that is not there.
const MEANWHILE: &str = "HTTPS begins once it is issued; HTTP, and what served before, goes on";

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    pub(super) async fn request(&self, key: &Arc<RequestKey>) -> Result<Rest, CloudError> {
        let (snapshot, _) = self.snapshot(Reach::Nothing).await?;
        let stack = desired::request::build(&snapshot, key);
        let cluster = &self.settings().cluster;
        let inventory = self.mirror().request(cluster, key, PROOF_PAUSE).await?;
        let certificate = CertificateKey::Request(Arc::clone(key));
        let asker = self.world().lock().index.wanting(&certificate).next().cloned();
        let namespace = asker.as_ref().map(Source::namespace);
        let mut plan = plan::request::plan(&stack, &inventory);
        let put_off = self.put_off(&snapshot, (key, &certificate), &mut plan);
        let (plan, held) = self.paced_request(key, namespace, plan);
        let breaches = plan::check::request(&plan, &stack);
        let outcomes = self.apply_judged(&plan, &breaches).await;
        self.count_request(key, namespace, (&plan, &outcomes));
        let found = self.mirror().request(cluster, key, PROOF_PAUSE).await?;
        let current = plan::request::current(&found);
        let issued = current.filter(|live| live.is_issued()).map(|live| live.id.clone());
        self.look_for_proofs(&snapshot, current).await;
        {
            let mut world = self.world().lock();
            world.facts.learn(Handle::Certificate(certificate.clone()), issued);
            world.facts.proves(key, asker.map(|asker| (asker, proofs(current))));
            world.wait(self.subject, plan.waits_for_release() || snapshot.may_be_wanted);
        }
        self.tell_of_request(&snapshot.objects, &certificate, |user| {
            let refused = outcomes.iter().filter_map(|outcome| match outcome {
                Outcome::Failed(Trouble::Refused, text) => Some(refusal(user, key, text)),
                Outcome::Failed(..) | Outcome::Done(_) | Outcome::Held => None,
            });
            let unread = snapshot.zones_refused && stack.unproved.is_none();
            let unread = unread.then(|| unread_zones(user, key));
            let late = held.map(|held| {
                let (found, allowed) = held.of_request(key);
                said(user, (Code::NoCertificate, Severity::Warning), found, allowed)
            });
            refused.chain(unread.or(late).or_else(|| progress(user, &stack, &found))).collect()
        });
        // Who is not asked for yet is not waited for either.
        let later = put_off.or(held.map(|held| Rest::Later(held.pause)));
        let next = later.unwrap_or_else(|| again(&stack, &found));
        // What failed before goes once another one stands.
        let asked = plan.steps.iter().any(asks).then_some(Rest::Later(PROOF_PAUSE));
        Ok(gravest([self.rest(&plan, &outcomes), next].into_iter().chain(asked)))
    }

    /// Leaves out of a plan what ACM is not asked for yet: what is of no use to anybody who is
    /// served, and names that may be others in a moment. Says when to look again; whoever is let in
    /// later has it asked for then.
    fn put_off(
        &self,
        snapshot: &Snapshot,
        (key, certificate): (&Arc<RequestKey>, &CertificateKey),
        plan: &mut Plan,
    ) -> Option<Rest> {
        if !plan.steps.iter().any(asks) {
            return None;
        }
        let settling = self.settling(snapshot, key);
        if settling.is_zero() && self.is_any_let_in(certificate) {
            return None;
        }
        // Whoever asks plans nothing else.
        plan.steps.clear();
        Some(if settling.is_zero() { Rest::Done } else { Rest::Later(settling) })
    }

    /// Whether anybody who asks for a certificate is served by a load balancer, as far as the
    /// visits of the groups have found out: others have no use for it.
    fn is_any_let_in(&self, key: &CertificateKey) -> bool {
        let world = self.world().lock();
        let mut served = world.index.listening(key).filter(|user| {
            let groups = world.index.groups_of(user);
            groups.filter_map(|group| world.balancers.get(group)).any(|state| state.serves(user))
        });
        served.next().is_some()
    }

    /// Looks, while ACM waits for them or finds them missing at a renewal, whether the records that
    /// prove names stand. What somebody has taken away is made again by the zone's visit that this
    /// asks for.
    async fn look_for_proofs(&self, snapshot: &Snapshot, current: Option<&LiveRequest>) {
        let waits = |facts: &RequestFacts| facts.await_decision() || facts.renewal.is_some();
        let waiting = current.filter(|live| waits(&live.facts));
        let (Some(live), Some(zones)) = (waiting, &snapshot.zones) else { return };
        let waited = snapshot.now.duration_since(live.facts.requested_at);
        // Before that, they are being made.
        if waited.unsigned_abs() < ISSUE_PAUSE {
            return;
        }
        let mut names: BTreeMap<AwsId, BTreeSet<String>> = BTreeMap::new();
        for proof in &live.facts.validations {
            let zone = desired::zone::proving(&self.settings().dns, zones, &proof.record);
            let Some(zone) = zone else { continue };
            names.entry(zone).or_default().insert(proof.record.clone());
        }
        let proving = self.world().lock().facts.proving();
        let paced = PROOFS_PACE.saturating_mul(u32::try_from(proving).unwrap_or(u32::MAX));
        for (zone, names) in names {
            match self.mirror().nameless(&zone, &names, paced.max(PROOFS_AGE_MAX)).await {
                Ok(missing) => {
                    let mut world = self.world().lock();
                    missing.into_iter().for_each(|name| world.facts.touch(Topic::Proof(name)));
                }
                Err(error) => tracing::debug!(%zone, %error, "its records cannot be looked at"),
            }
        }
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
    let current = plan::request::current(found);
    if stack.use_of_it != Use::Used || stack.is_held && current.is_none() {
        return Rest::Done;
    }
    match current.map(|live| &live.facts) {
        Some(facts) if facts.state == RequestState::Pending => {
            Rest::Later(if facts.await_decision() { ISSUE_PAUSE } else { PROOF_PAUSE })
        }
        // Who may be helped by what is missing now hears of it within the hour.
        Some(facts) if facts.renewal.is_some() => Rest::Later(RENEWAL_PAUSE),
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
    if stack.is_held && current.is_none() {
        return None;
    }
    if let Some(live) = current.filter(|live| live.is_issued()) {
        let why = live.facts.renewal.as_ref()?;
        let found = format!("a certificate for {key}, which ACM does not renew: {why}");
        let allowed = "the records that prove its names, which are made again here where they are \
                       missing, and a CAA record, if any, that lets amazon.com issue";
        let problem = said(user, (Code::CertificateEnds, Severity::Warning), found, allowed);
        return Some(Problem { meanwhile: RENEWED.to_owned(), ..problem });
    }
    let unproved = stack.unproved.as_ref().filter(|names| !names.is_empty());
    if let Some(names) = unproved {
        let names: Vec<&str> = names.iter().map(SmolStr::as_str).collect();
        let found = format!("{}, which no public hosted zone here holds", names.join(", "));
        let allowed = "names that a public hosted zone of this account holds, which proves them, \
                       or a certificate by its ARN";
        return Some(said(user, (Code::NoHostedZone, Severity::Warning), found, allowed));
    }
    if let Some(live) = current {
        let since = live.facts.requested_at;
        let found = format!("a certificate for {key}, which ACM has not issued since {since}");
        let allowed = "to wait: its records in Route 53 prove the names, which takes minutes once \
                       the public knows the zone's name servers; ACM gives up after 72 hours";
        return Some(said(user, (Code::NoCertificate, Severity::Note), found, allowed));
    }
    let RequestState::Ended { why } = &plan::request::failed(found)?.facts.state else {
        return None;
    };
    let found = format!("a certificate for {key}, which ACM did not issue: {why}");
    let allowed = format!("{}; it is asked for again an hour after the last time", mending(why));
    Some(said(user, (Code::NoCertificate, Severity::Warning), found, &allowed))
}

/// What mends that ACM does not issue a certificate, by its status and reason (ACM: FailureReason).
fn mending(why: &str) -> &'static str {
    let reasons = [
        (
            "VALIDATION_TIMED_OUT",
            "the records that prove the names, where the public sees them for 72 hours: the \
             registrar has to name the name servers of the zone that holds them",
        ),
        (
            "CAA_ERROR",
            "a CAA record that lets amazon.com issue, at the name or at the next one above it that \
             has any, or no such record at all",
        ),
        (
            "PCA_",
            "an authority of AWS Private CA that is active, and that this account may have issue",
        ),
        ("DOMAIN_NOT_ALLOWED", "a name that is on no list of unsafe ones, or AWS Support's word"),
        ("ADDITIONAL_VERIFICATION_REQUIRED", "AWS Support's word for this name"),
        ("INVALID_PUBLIC_DOMAIN", "a name below a public top-level domain"),
    ];
    let known = reasons.into_iter().find(|(reason, _)| why.contains(reason));
    known.map_or("what the reason asks for", |(_, mending)| mending)
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
