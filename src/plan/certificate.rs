//! The plan of the certificate of a TLS Secret.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::action::{AcmAction, Action, AwsAction};
use crate::model::certificate::{Certificate, LiveCertificate};
use crate::model::id::{AwsId, Handle};
use crate::model::inventory::CertificateInventory;
use crate::model::marks::{TAG_CHAIN, TRACKING_TAGS, Tags};
use crate::model::plan::{Plan, Reason, StepId, WaitKey};
use crate::model::stack::{CertificateStack, Use};

use super::draft::Draft;

/// Plans a certificate: it is imported once, gets new content under the same ARN, and goes when
/// nobody uses it.
#[must_use]
pub fn plan(stack: &CertificateStack, inventory: &CertificateInventory) -> Plan {
    let mut draft = Draft::default();
    if !inventory.certificates.is_read() {
        draft.note("nothing is planned: what stands in AWS could not be read".to_owned());
        return draft.finish();
    }
    let current = current(stack, inventory);
    match (&stack.certificate, current) {
        (Some(_), None) if stack.is_held => {
            draft.note("nothing is imported: whoever names the Secret is only planned".to_owned());
        }
        (Some(wish), None) => {
            let handle = Handle::Certificate(stack.key.clone());
            let action = AwsAction::Acm(AcmAction::ImportCertificate {
                handle,
                spec: Box::new(wish.clone()),
            });
            draft.push(Action::Aws(action), Reason::Missing, &[]);
        }
        (Some(wish), Some(live)) => {
            let renewed = renew(&mut draft, live, wish);
            let tags = tags(live, wish, renewed);
            retag(&mut draft, (&live.id, &live.tags), &tags, renewed.as_slice());
        }
        (None, Some(_)) if stack.use_of_it == Use::Used => {
            draft
                .note("what was imported stays: the Secret cannot be imported as it is".to_owned());
        }
        (None, _) => {}
    }
    let surplus = inventory.certificates.iter().filter(|live| match stack.use_of_it {
        Use::Used if stack.is_held => false,
        Use::Used => Some(&live.id) != current.map(|current| &current.id),
        Use::Unused => true,
        Use::Unknown => false,
    });
    for live in surplus {
        remove(&mut draft, stack.listening.as_deref(), &live.id);
    }
    draft.finish()
}

/// The certificate that stands for the Secret: one that can become what is wished for in place
/// (AWS), and without a wish any, the one that holds longest first.
#[must_use]
pub fn current<'a>(
    stack: &CertificateStack,
    inventory: &'a CertificateInventory,
) -> Option<&'a LiveCertificate> {
    let wished = stack.certificate.as_ref().map(|wish| &wish.facts);
    let can_be = |live: &&LiveCertificate| wished.is_none_or(|wish| live.facts.can_become(wish));
    let fitting = inventory.certificates.iter().filter(can_be);
    fitting.max_by_key(|live| {
        let is_it = wished.is_some_and(|wish| live.facts.serial == wish.serial);
        (is_it, live.facts.not_after, Reverse(&live.id))
    })
}

fn renew(draft: &mut Draft, live: &LiveCertificate, wish: &Certificate) -> Option<StepId> {
    let fields = live.differences(wish);
    if fields.is_empty() {
        return None;
    }
    let reason = Reason::Differs(fields.into_iter().map(str::to_owned).collect());
    let spec = Box::new(wish.clone());
    let action = AwsAction::Acm(AcmAction::ReimportCertificate { id: live.id.clone(), spec });
    Some(draft.push(Action::Aws(action), reason, &[]))
}

/// The tags that a certificate should have. Of one that has no mark of its chain, and that this
/// process has not imported, nobody knows the chain: it stays without.
fn tags(live: &LiveCertificate, wish: &Certificate, renewed: Option<StepId>) -> Tags {
    let mut tags = wish.tags.clone();
    let is_known = live.tags.contains_key(TAG_CHAIN) || live.imported.is_some();
    if !is_known && renewed.is_none() {
        tags.remove(TAG_CHAIN);
    }
    tags
}

/// Gives a certificate that was made from here the tags that are asked for by now.
pub(super) fn retag(draft: &mut Draft, (id, live): (&AwsId, &Tags), wish: &Tags, after: &[StepId]) {
    let mut tracking = TRACKING_TAGS.iter().filter(|key| **key != TAG_CHAIN);
    let is_made_here = tracking.all(|key| live.get(*key) == wish.get(*key));
    let lacks = wish.iter().any(|(key, value)| live.get(key) != Some(value));
    if is_made_here && lacks {
        let action = AcmAction::TagCertificate { id: id.clone(), tags: wish.clone() };
        let reason = Reason::Differs(vec!["tags".to_owned()]);
        draft.push(Action::Aws(AwsAction::Acm(action)), reason, after);
    }
}

/// Takes a certificate away once no listener uses it.
pub(super) fn remove(draft: &mut Draft, listening: Option<&BTreeMap<AwsId, usize>>, id: &AwsId) {
    let action = AwsAction::Acm(AcmAction::DeleteCertificate { id: id.clone() });
    let is_free = listening.is_some_and(|used| !used.contains_key(id));
    let gate = if is_free { None } else { Some(WaitKey::Unused(id.clone())) };
    draft.push_gated(Action::Aws(action), Reason::Unwanted, &[], gate);
}
