//! Members that ask for a protection which they cannot be given: what stands of them without it is
//! closed, and not served on as before.
//!
//! Whoever writes that clients have to log in means it from then on. A mistake in how it is written
//! makes the member bad, and its last good part may well be from before: that one serves everybody.

use crate::desired::annotations::table::{
    Annotation, INBOUND_CIDRS, PREFIX_LISTS, WAFV2_ACL_ARN, WAFV2_ACL_NAME,
};
use crate::desired::annotations::{Annotations, Lookup};
use crate::desired::destinations::only_service;
use crate::desired::groups::Member;
use crate::desired::mutual_authentication;
use crate::model::listener::{ListenerWish, MutualAuthentication};
use crate::model::part::Part;
use crate::model::problem::Kind;
use crate::model::protection::WebAcl;
use crate::model::rule::RuleAction;
use crate::model::snapshot::Snapshot;

use super::authentication;

/// What happens as long as it stays so, in the words of its Event.
pub const MEANWHILE: &str = "rules that lack the protection it asks for answer 503, others stay";

/// What requests are answered with.
const BODY: &str = "Closed until its protection is configured";

/// The last good part of a bad member without what lacks a protection that the member asks for now;
/// nothing where that is the part as it was.
#[must_use]
pub fn closed(snapshot: &Snapshot, member: &Member<'_>, held: &Part) -> Option<Part> {
    let is_unguarded = is_unguarded(snapshot, member, held);
    let mut part = held.clone();
    let of_rules = part.rules.iter_mut().map(|rule| &mut rule.actions);
    let mut is_closed = false;
    for actions in of_rules.chain(part.default_actions.as_mut()) {
        let is_open = !actions.iter().any(RuleAction::authenticates);
        if is_unguarded || is_open && asks_to_log_in(snapshot, member, actions) {
            *actions = vec![answer()];
            is_closed = true;
        }
    }
    is_closed.then_some(part)
}

/// A part that serves nobody.
#[must_use]
pub fn entirely(held: &Part) -> Part {
    let mut part = held.clone();
    let of_rules = part.rules.iter_mut().map(|rule| &mut rule.actions);
    for actions in of_rules.chain(part.default_actions.as_mut()) {
        *actions = vec![answer()];
    }
    part
}

fn answer() -> RuleAction {
    RuleAction::FixedResponse {
        status_code: "503".to_owned(),
        content_type: Some("text/plain".to_owned()),
        body: Some(BODY.to_owned()),
    }
}

/// Whether clients should log in before something happens, by what is written now.
fn asks_to_log_in(snapshot: &Snapshot, member: &Member<'_>, actions: &[RuleAction]) -> bool {
    let objects = &snapshot.objects;
    let routing = actions.last();
    let service = routing.and_then(|routing| only_service(&member.key.namespace, routing));
    let mut service = service.and_then(|service| authentication::of_service(objects, &service));
    let mut ingress = annotations(member);
    authentication::asks(&Lookup {
        class: member.params,
        service: service.as_mut(),
        ingress: &mut ingress,
    })
}

/// Whether a member asks that only some may reach it, only through a web ACL, or only with a
/// certificate of theirs, which cannot be understood, and that nothing of the kind guards it.
fn is_unguarded(snapshot: &Snapshot, member: &Member<'_>, held: &Part) -> bool {
    let mut ingress = annotations(member);
    let lookup = Lookup { class: member.params, service: None, ingress: &mut ingress };
    let guards = |web_acl: &WebAcl| *web_acl != WebAcl::Nothing;
    let has_web_acl = held.load_balancer.protection.web_acl().is_some_and(guards);
    let is_guarded = has_web_acl || !snapshot.settings.protection.wafv2;
    let shows = |wish: &ListenerWish| {
        wish.mutual_authentication.as_ref().is_some_and(|asked| *asked != MutualAuthentication::Off)
    };
    let is_shown = held.listens.values().any(shows);
    let is_open = held.inbound_cidrs.is_none() && held.inbound_prefix_lists.is_none();
    is_open && (is_unreadable(&lookup, &INBOUND_CIDRS) || is_unreadable(&lookup, &PREFIX_LISTS))
        || !is_guarded && is_unreadable(&lookup, &WAFV2_ACL_ARN)
        || !is_guarded && is_unreadable(&lookup, &WAFV2_ACL_NAME)
        || !is_shown && !mutual_authentication::is_understood(snapshot, annotations(member))
}

fn is_unreadable<T>(lookup: &Lookup<'_, '_, '_>, annotation: &Annotation<T>) -> bool {
    lookup.text(annotation).is_some_and(|text| (annotation.parser)(&text).is_err())
}

fn annotations<'a>(member: &Member<'a>) -> Annotations<'a> {
    Annotations::new(Kind::Ingress, member.key, member.ingress.metadata.annotations.as_ref())
}
