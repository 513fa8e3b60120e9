//! Web ACLs of load balancers.

use crate::aws::belief::{Belief, Stamp};
use crate::aws::part::{Part, Wafv2Part};
use crate::model::action::Wafv2Action;
use crate::model::id::{AwsId, Id};
use crate::model::known::Known;

/// Believes that a write was done.
pub(super) fn apply(belief: &mut Belief, action: &Wafv2Action, at: Stamp) {
    let (load_balancer, found) = match action {
        Wafv2Action::AssociateWebAcl { load_balancer, web_acl } => {
            (load_balancer.given(), Known::Is(web_acl.clone(), at.date))
        }
        Wafv2Action::DisassociateWebAcl { load_balancer } => {
            (Some(load_balancer), Known::Absent(at.date))
        }
    };
    if let Some(known) = load_balancer.and_then(|id| belief.wafv2.web_acls.get_mut(id)) {
        *known = found;
    }
}

/// The parts that a write changes.
pub(super) fn touched(action: &Wafv2Action) -> Vec<Part> {
    let of = |id: &AwsId| Part::Wafv2(Wafv2Part::WebAclOf(id.clone()));
    match action {
        Wafv2Action::AssociateWebAcl { load_balancer: Id::Is(id), .. }
        | Wafv2Action::DisassociateWebAcl { load_balancer: id } => vec![of(id)],
        Wafv2Action::AssociateWebAcl { load_balancer: Id::Of(_), .. } => Vec::new(),
    }
}
