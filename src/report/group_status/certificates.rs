//! Whether a group has the certificates that its listeners need.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{GroupLook, Said, Share, is_read, listed, told};
use crate::model::id::{AwsId, Id};
use crate::model::ingress_group::Truth;
use crate::model::inventory::BalancerInventory;
use crate::model::problem::Code;
use crate::report::topology::Complaint;

/// What is told of a certificate that is missing.
const MISSING: [Code; 3] = [Code::NoCertificate, Code::InvalidSecret, Code::ImportHeld];

pub(super) fn said(
    look: &GroupLook,
    inventory: &BalancerInventory,
    now: Timestamp,
) -> (Said, Share) {
    let listeners = inventory.load_balancers.iter().flat_map(|live| live.listeners.iter());
    let used: BTreeSet<&AwsId> = listeners
        .flat_map(|one| one.live.spec.default_certificate.iter().chain(&one.live.spec.certificates))
        .filter_map(Id::given)
        .collect();
    let ended = used.iter().filter(|id| look.ends.get(**id).is_some_and(|end| *end <= now));
    let ended: Vec<String> = ended.map(ToString::to_string).collect();
    let of = |id: Option<Option<AwsId>>| {
        let all = look.certificates.iter().filter(move |one| one.id == id);
        all.map(|one| one.of.clone()).collect::<Vec<_>>()
    };
    let (missing, unread) = (of(Some(None)), of(None));
    let told_missing: Vec<&Complaint> = complaints(look, &MISSING).collect();
    // Who names none that there is misses one, whatever it is called.
    let absent = missing.len() + unread.len() + usize::from(is_unnamed(look, &missing));
    let share = Share(used.len() - ended.len(), used.len() + absent);
    (judge(look, (&used, ended), (missing, unread), &told_missing, inventory), share)
}

/// Whether somebody misses a certificate that nobody is about to make.
fn is_unnamed(look: &GroupLook, missing: &[String]) -> bool {
    missing.is_empty() && complaints(look, &[Code::NoCertificate]).next().is_some()
}

fn judge(
    look: &GroupLook,
    (used, mut ended): (&BTreeSet<&AwsId>, Vec<String>),
    (mut missing, unread): (Vec<String>, Vec<String>),
    told_missing: &[&Complaint],
    inventory: &BalancerInventory,
) -> Said {
    if let Some(first) = told_missing.first() {
        return Said::new(Truth::False, first.said.reason.clone(), told(first));
    }
    if !ended.is_empty() {
        let message = format!("{} has ended; clients refuse it", listed(&mut ended, ", "));
        return Said::new(Truth::False, "Ended", message);
    }
    if !missing.is_empty() {
        let message = format!(
            "none has been issued or imported yet for {}; HTTPS of these hosts waits for it",
            listed(&mut missing, ", ")
        );
        return Said::new(Truth::False, "NotIssued", message);
    }
    if !unread.is_empty() || !is_read(inventory) {
        return Said::early("certificates");
    }
    let mut soon: Vec<String> = complaints(look, &[Code::CertificateEnds]).map(told).collect();
    if !soon.is_empty() {
        return Said::new(Truth::True, "EndsSoon", listed(&mut soon, "; "));
    }
    match used.len() {
        0 => Said::new(Truth::True, "NoneAsked", "no listener needs a certificate"),
        1 => Said::new(Truth::True, "Attached", "the certificate is on its listeners"),
        count => {
            let message = format!("{count} certificates are on its listeners");
            Said::new(Truth::True, "Attached", message)
        }
    }
}

fn complaints<'l>(look: &'l GroupLook, codes: &[Code]) -> impl Iterator<Item = &'l Complaint> {
    let reasons: Vec<String> = codes.iter().map(ToString::to_string).collect();
    look.complaints.iter().filter(move |one| reasons.contains(&one.said.reason))
}
