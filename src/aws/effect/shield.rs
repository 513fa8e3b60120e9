//! Shield protections of load balancers.

use crate::aws::answer::Answer;
use crate::aws::belief::{Belief, Stamp};
use crate::aws::part::{Part, ShieldPart};
use crate::model::action::ShieldAction;
use crate::model::id::{AwsId, Id};
use crate::model::known::Known;
use crate::model::protection::{SHIELD_NAME, ShieldProtection};

/// Believes that a write was done and answered so.
pub(super) fn apply(belief: &mut Belief, action: &ShieldAction, answer: &Answer, at: Stamp) {
    let (load_balancer, found) = match (action, answer) {
        (ShieldAction::CreateProtection { load_balancer }, Answer::ShieldProtection(id)) => {
            let made = ShieldProtection { id: id.clone(), name: SHIELD_NAME.to_owned() };
            (load_balancer.given(), Known::Is(made, at.date))
        }
        (ShieldAction::CreateProtection { .. }, _) => {
            return touched(action).iter().for_each(|part| belief.forget(part));
        }
        (ShieldAction::DeleteProtection { load_balancer, .. }, _) => {
            (Some(load_balancer), Known::Absent(at.date))
        }
    };
    if let Some(known) = load_balancer.and_then(|id| belief.shield.protections.get_mut(id)) {
        *known = found;
    }
}

/// The parts that a write changes.
pub(super) fn touched(action: &ShieldAction) -> Vec<Part> {
    let of = |id: &AwsId| Part::Shield(ShieldPart::ProtectionOf(id.clone()));
    match action {
        ShieldAction::CreateProtection { load_balancer: Id::Is(id) }
        | ShieldAction::DeleteProtection { load_balancer: id, .. } => vec![of(id)],
        ShieldAction::CreateProtection { load_balancer: Id::Of(_) } => Vec::new(),
    }
}
