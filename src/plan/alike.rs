//! What stands of a listener and does what is wished for, however it is put.

use crate::model::id::Id;
use crate::model::inventory::{LiveListener, LiveRule};
use crate::model::listener::{Listener, MutualAuthentication};
use crate::model::rule::Rule;
use crate::model::stack::WishedListener;

/// What a listener should be where one stands already, or none.
#[must_use]
pub fn beside(wished: &WishedListener, live: Option<&LiveListener>) -> Listener {
    let kept = live.and_then(|live| kept_default(wished, &live.live.spec));
    let kept = kept.or(wished.listener.default_certificate.as_ref()).cloned();
    let mut listener = Listener { default_certificate: kept, ..wished.listener.clone() };
    let standing = live.and_then(|live| live.live.spec.mutual_authentication.as_ref());
    let is_on = standing.is_some_and(|standing| *standing != MutualAuthentication::Off);
    if wished.resets_mutual_authentication && is_on {
        listener.mutual_authentication = Some(MutualAuthentication::Off);
    }
    listener
}

/// The default certificate to have in the place of one that stands: it is that of whose it is,
/// whoever comes before that member in the group's order since.
fn kept_default<'a>(wished: &'a WishedListener, live: &Listener) -> Option<&'a Id> {
    let standing = live.default_certificate.as_ref()?;
    let firsts = wished.certificates.iter().filter_map(|brought| {
        let first = brought.iter().find(|id| id.given().is_some())?;
        Some((first, brought))
    });
    let is_first = firsts.clone().find(|(first, _)| *first == standing);
    let is_among = || firsts.clone().find(|(_, brought)| brought.contains(standing));
    is_first.or_else(is_among).map(|(first, _)| first)
}

/// A rule as AWS takes it: in pieces, unless it stands as one all the same.
#[must_use]
pub fn pieces(rule: Rule, standing: &[LiveRule]) -> Vec<Rule> {
    if rule.fits() || standing.iter().any(|live| rule.is_satisfied_by(&live.rule)) {
        return vec![rule];
    }
    rule.split().unwrap_or_else(|| vec![rule])
}

/// Whether rules do what a wish says, as one or in pieces.
#[must_use]
pub fn does(standing: &[LiveRule], wish: &Rule) -> bool {
    let pieces = pieces(wish.clone(), standing);
    pieces.iter().all(|rule| standing.iter().any(|live| rule.is_satisfied_by(&live.rule)))
}
