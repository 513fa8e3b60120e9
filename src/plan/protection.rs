//! The plan of what protects the load balancers of a group.

use crate::model::action::{Action, AwsAction, ShieldAction, Wafv2Action};
use crate::model::id::{AwsId, Id};
use crate::model::inventory::ProtectionInventory;
use crate::model::known::Known;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::plan::{Plan, Reason, WaitKey};
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::protection::{Asked, ProtectionStack, ShieldInventory, WafInventory, WebAcl};
use crate::model::source::Source;

use super::draft::Draft;

/// What is done where a load balancer cannot be given what is asked for.
const MEANWHILE: &str = "what protects the load balancer stays as it is, and it is tried again";

/// Plans what protects load balancers. What nobody asks for, and what could not be looked at, stays
/// as it stands; and so does all that stands while it is not known what every member asks for.
/// Nothing is given to a load balancer before it takes traffic: AWS does not find it until then.
#[must_use]
pub fn plan(stack: &ProtectionStack, inventory: &ProtectionInventory) -> Plan {
    let mut draft = Draft::default();
    for id in &stack.load_balancers {
        let gate = match id.given().map(|id| inventory.states.get(id)) {
            // One that is still to be made waits for that.
            None | Some(Some((_, LoadBalancerState::Active))) => None,
            Some(Some((name, LoadBalancerState::Provisioning))) => {
                Some(WaitKey::Active(name.clone()))
            }
            // It is gone, or never takes traffic.
            Some(None | Some((_, LoadBalancerState::Failed))) => continue,
        };
        let mut steps = Vec::new();
        if let Some(asked) = &stack.protection.web_acl {
            steps.extend(web_acl(&mut draft, asked, &inventory.waf, id));
        }
        if let Some(asked) = &stack.protection.shield {
            steps.extend(shield(&mut draft, asked, &inventory.shield, id));
        }
        steps.retain(|(_, reason)| stack.is_complete || *reason == Reason::Missing);
        for (action, reason) in steps {
            draft.push_gated(Action::Aws(action), reason, &[], gate.clone());
        }
    }
    draft.finish()
}

fn web_acl(
    draft: &mut Draft,
    asked: &Asked<WebAcl>,
    inventory: &WafInventory,
    load_balancer: &Id,
) -> Option<(AwsAction, Reason)> {
    let nothing = Known::default();
    let live = load_balancer.given().map(|id| inventory.web_acls.get(id).unwrap_or(&nothing));
    if live.is_some_and(|live| !live.is_read()) {
        return None;
    }
    let live = live.and_then(Known::value);
    let web_acl = match &asked.what {
        WebAcl::Nothing => {
            let load_balancer = load_balancer.given().filter(|_| live.is_some())?.clone();
            let action = Wafv2Action::DisassociateWebAcl { load_balancer };
            return Some((AwsAction::Wafv2(action), Reason::Unwanted));
        }
        WebAcl::Arn(arn) => arn,
        WebAcl::Named(name) => named(draft, asked, name, inventory)?,
    };
    let reason = match live {
        Some(live) if live == web_acl => return None,
        Some(_) => Reason::Differs(vec!["web ACL".to_owned()]),
        None => Reason::Missing,
    };
    let (load_balancer, web_acl) = (load_balancer.clone(), web_acl.clone());
    let action = Wafv2Action::AssociateWebAcl { load_balancer, web_acl };
    Some((AwsAction::Wafv2(action), reason))
}

fn named<'a>(
    draft: &mut Draft,
    asked: &Asked<WebAcl>,
    name: &str,
    inventory: &'a WafInventory,
) -> Option<&'a AwsId> {
    let all = inventory.by_name.value()?;
    let found = all.get(name);
    if found.is_none() {
        let allowed = match all.keys().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => "a WAFv2 web ACL of the region; there is none".to_owned(),
            names => format!("a WAFv2 web ACL of the region: {}", names.join(", ")),
        };
        let found = format!("web ACL \"{name}\", which does not exist");
        draft.refuse(unprotected(&asked.by, found, allowed));
    }
    found
}

fn shield(
    draft: &mut Draft,
    asked: &Asked<bool>,
    inventory: &ShieldInventory,
    load_balancer: &Id,
) -> Option<(AwsAction, Reason)> {
    let is_subscribed = *inventory.is_subscribed.value()?;
    let nothing = Known::default();
    let live = load_balancer.given().map(|id| inventory.protections.get(id).unwrap_or(&nothing));
    if live.is_some_and(|live| !live.is_read()) {
        return None;
    }
    match (asked.what, live.and_then(Known::value)) {
        (true, Some(_)) | (false, None) => None,
        (true, None) if is_subscribed => {
            let action = ShieldAction::CreateProtection { load_balancer: load_balancer.clone() };
            Some((AwsAction::Shield(action), Reason::Missing))
        }
        (true, None) => {
            let found = "Shield Advanced, to which the account is not subscribed".to_owned();
            draft.refuse(unprotected(&asked.by, found, "it, once the account is".to_owned()));
            None
        }
        (false, Some(live)) if live.is_ours() => {
            let action = ShieldAction::DeleteProtection {
                id: live.id.clone(),
                load_balancer: load_balancer.given()?.clone(),
            };
            Some((AwsAction::Shield(action), Reason::Unwanted))
        }
        (false, Some(live)) => {
            draft.note(format!("the Shield protection \"{}\" is somebody else's", live.name));
            None
        }
    }
}

/// That a load balancer cannot be given what is asked for, told to who asks.
#[must_use]
pub fn unprotected(by: &Source, found: String, allowed: String) -> Problem {
    Problem {
        code: Code::Unprotected,
        severity: Severity::Warning,
        object: ObjectRef::of(by),
        field: "protection of the load balancer".to_owned(),
        found,
        allowed,
        meanwhile: MEANWHILE.to_owned(),
    }
}
