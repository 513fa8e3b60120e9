//! What an Ingress, and its group, want of what protects the load balancer.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::id::{Handle, Id, Slot};
use crate::model::inventory::BalancerInventory;
use crate::model::part::Part;
use crate::model::problem::{Code, Problem, Severity};
use crate::model::protection::{Asked, Protection, ProtectionStack, ProtectionWish};
use crate::model::settings::Settings;
use crate::model::snapshot::Extent;
use crate::model::stack::BalancerStack;

use super::annotations::Lookup;
use super::annotations::table::{
    Annotation, SHIELD, WAF_CLASSIC, WAFV2_ACL_ARN, WAFV2_ACL_NAME, WEB_ACL_CLASSIC,
};

/// What is done where somebody asks for a web ACL by what is none, on a class of LBC's.
const UNGUARDED: &str =
    "all else is built; the Ingress shows no host name, and no name leads there";

/// Reads what an Ingress and its class want. What a flag turns off is not looked at.
pub fn wish(settings: &Settings, lookup: &mut Lookup<'_, '_, '_>) -> ProtectionWish {
    let on = settings.protection;
    if on.waf_classic {
        // The older name counts where the newer one is silent (LBC).
        let name = lookup.ingress.text(&WAF_CLASSIC).map_or(&WEB_ACL_CLASSIC, |_| &WAF_CLASSIC);
        check_classic(name, lookup);
    }
    ProtectionWish {
        web_acl_arn: lookup.find(&WAFV2_ACL_ARN).flatten().filter(|_| on.wafv2),
        web_acl_name: lookup.find(&WAFV2_ACL_NAME).flatten().filter(|_| on.wafv2),
        shield: lookup.find(&SHIELD).filter(|_| on.shield),
    }
}

/// On a class of LBC's, who asks by annotation for a web ACL by what is no ARN gets all else, as
/// with LBC, which shows nothing of it then. Says whether somebody does.
pub fn forgive(lookup: &mut Lookup<'_, '_, '_>) -> bool {
    let field = lookup.place(&WAFV2_ACL_ARN);
    let is_it =
        |problem: &&mut Problem| problem.field == field && problem.code == Code::InvalidAnnotation;
    let Some(problem) = lookup.ingress.problems.iter_mut().find(is_it) else { return false };
    problem.code = Code::Unprotected;
    problem.severity = Severity::Warning;
    UNGUARDED.clone_into(&mut problem.meanwhile);
    true
}

/// A web ACL of AWS WAF Classic is not given any more, and none is taken away.
fn check_classic(annotation: &Annotation<String>, lookup: &mut Lookup<'_, '_, '_>) {
    let found = lookup.ingress.text(annotation).filter(|id| !["", "none"].contains(id));
    if let Some(id) = found {
        let mut problem = lookup.ingress.error(
            Code::Unsupported,
            annotation.field(),
            format!("\"{id}\", a web ACL of AWS WAF Classic, which is at its end"),
            "a web ACL of WAFv2, by wafv2-acl-arn or wafv2-acl-name",
        );
        problem.severity = Severity::Warning;
        "the web ACL that the load balancer has stays".clone_into(&mut problem.meanwhile);
        lookup.ingress.problems.push(problem);
    }
}

/// What the members of a group want together, and who of them asks for it first.
#[must_use]
pub fn asked(wish: &ProtectionWish, parts: &[Arc<Part>]) -> Protection {
    let by = |asks: &dyn Fn(&ProtectionWish) -> bool| {
        let part = parts.iter().find(|part| asks(&part.load_balancer.protection));
        // Nobody asks for what the class of the group decides, if all have come by another one.
        part.or(parts.first()).map(|part| part.source.clone())
    };
    let web_acl = wish.web_acl().and_then(|web_acl| {
        let by = by(&|own| own.web_acl() == Some(web_acl))?;
        Some(Asked { what: web_acl.clone(), by })
    });
    let shield =
        wish.shield.and_then(|what| Some(Asked { what, by: by(&|own| own.shield.is_some())? }));
    Protection { web_acl, shield }
}

/// What should protect the load balancers of a group: those that stand, else the one that is to be
/// made.
#[must_use]
pub fn stack(
    extent: &Extent,
    stack: &BalancerStack,
    inventory: &BalancerInventory,
) -> Option<ProtectionStack> {
    let protection = &stack.front.as_ref()?.protection;
    if *protection == Protection::default() {
        return None;
    }
    let standing = inventory.load_balancers.iter().map(|live| Id::Is(live.live.id.clone()));
    let mut load_balancers: BTreeSet<Id> = standing.collect();
    if load_balancers.is_empty() {
        load_balancers.insert(Id::Of(Handle::LoadBalancer(stack.group.clone(), Slot(0))));
    }
    let is_complete = extent.shows_all_of(&stack.group) && stack.explains_all();
    Some(ProtectionStack { load_balancers, protection: protection.clone(), is_complete })
}
