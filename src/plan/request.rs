//! The plan of a certificate that ACM is asked for.

use jiff::SignedDuration;

use crate::model::action::{AcmAction, Action, AwsAction};
use crate::model::id::{CertificateKey, Handle};
use crate::model::inventory::RequestInventory;
use crate::model::plan::{Plan, Reason};
use crate::model::request::{LiveRequest, RequestState};
use crate::model::stack::{RequestStack, Use};

use super::certificate::{remove, retag};
use super::draft::Draft;

/// How long ACM is left alone with names that it could not issue a certificate for: an account may
/// ask for so many a year (AWS quota), and what is wrong takes a person to mend.
pub const ASKED_AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// Plans a certificate: it is asked for once, and goes when nobody uses it. One that ACM could not
/// issue stands until another one takes its place, so that people can look at it.
#[must_use]
pub fn plan(stack: &RequestStack, inventory: &RequestInventory) -> Plan {
    let mut draft = Draft::default();
    if !inventory.certificates.is_read() {
        draft.note("nothing is planned: what stands in AWS could not be read".to_owned());
        return draft.finish();
    }
    let current = current(inventory);
    if stack.use_of_it == Use::Used && current.is_none() {
        match obstacle(stack, inventory) {
            Some(obstacle) => draft.note(obstacle),
            None => ask(&mut draft, stack),
        }
    }
    if let Some(live) = current.filter(|_| stack.use_of_it == Use::Used && !stack.is_held) {
        retag(&mut draft, (&live.id, &live.tags), &stack.request.tags, &[]);
    }
    let surplus = inventory.certificates.iter().filter(|live| match stack.use_of_it {
        // A second one that ACM may yet issue is nobody's loss: LBC makes one for each Ingress.
        Use::Used => current.is_some() && has_ended(live),
        Use::Unused => true,
        Use::Unknown => false,
    });
    for live in surplus {
        remove(&mut draft, stack.listening.as_deref(), &live.id);
    }
    draft.finish()
}

/// The certificate that stands for the names: one that listeners may have, and that holds longest;
/// else one that ACM has not decided about.
#[must_use]
pub fn current(inventory: &RequestInventory) -> Option<&LiveRequest> {
    let rank = |live: &&LiveRequest| match &live.facts.state {
        RequestState::Issued { not_after } => Some(*not_after),
        RequestState::Pending | RequestState::Ended { .. } => None,
    };
    let alive = inventory.certificates.iter().filter(|live| !has_ended(live));
    alive.max_by_key(|live| (rank(live), live.facts.requested_at))
}

/// The last one that ACM could not issue, where none stands.
#[must_use]
pub fn failed(inventory: &RequestInventory) -> Option<&LiveRequest> {
    if current(inventory).is_some() {
        return None;
    }
    inventory.certificates.iter().max_by_key(|live| live.facts.requested_at)
}

fn has_ended(live: &LiveRequest) -> bool {
    matches!(live.facts.state, RequestState::Ended { .. })
}

/// Why ACM is not asked now.
fn obstacle(stack: &RequestStack, inventory: &RequestInventory) -> Option<String> {
    if stack.is_held {
        return Some("ACM is not asked: whoever wants the certificate is only planned".to_owned());
    }
    let Some(unproved) = &stack.unproved else {
        return Some("ACM is not asked: which hosted zones there are is not known".to_owned());
    };
    if !unproved.is_empty() {
        return Some("ACM is not asked: no public hosted zone holds all of the names".to_owned());
    }
    let last = failed(inventory)?;
    let is_recent = stack.now.duration_since(last.facts.requested_at) < ASKED_AGAIN_AFTER;
    is_recent.then(|| "ACM is not asked again within an hour".to_owned())
}

fn ask(draft: &mut Draft, stack: &RequestStack) {
    let key = CertificateKey::Request(stack.request.key.clone().into());
    let spec = Box::new(stack.request.clone());
    let action = AcmAction::RequestCertificate { handle: Handle::Certificate(key), spec };
    draft.push(Action::Aws(AwsAction::Acm(action)), Reason::Missing, &[]);
}
