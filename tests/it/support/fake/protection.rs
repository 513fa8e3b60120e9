//! AWS WAF and AWS Shield: what protects load balancers.

use std::collections::BTreeMap;

use albedo::aws::{Answer, ShieldPart, ShieldReading, Wafv2Part, Wafv2Reading};
use albedo::model::action::{ShieldAction, Wafv2Action};
use albedo::model::id::{AwsId, Id};
use albedo::model::load_balancer::LoadBalancerState;
use albedo::model::protection::{LiveWebAcl, SHIELD_NAME, ShieldProtection};

use super::{Refusal, State, refuse};

/// The web ACLs and the Shield protections of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    /// The region's web ACLs, each by its ARN with its name.
    pub web_acls: BTreeMap<AwsId, String>,
    /// Which load balancer has which.
    pub associations: BTreeMap<AwsId, AwsId>,
    /// Whether the account is subscribed to Shield Advanced.
    pub is_subscribed: bool,
    /// The Shield protections of load balancers.
    pub protections: BTreeMap<AwsId, ShieldProtection>,
}

fn nonexistent<T>() -> Result<T, Refusal> {
    refuse("WAFNonexistentItemException", "your resource doesn't exist")
}

impl Guards {
    /// Makes a web ACL of the region.
    pub fn add_web_acl(&mut self, name: &str) -> AwsId {
        let place = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl";
        let id = AwsId::new(format!("{place}/{name}/1"));
        self.web_acls.insert(id.clone(), name.to_owned());
        id
    }

    pub(super) fn told_of_waf(&self, part: &Wafv2Part) -> Wafv2Reading {
        match part {
            Wafv2Part::WebAcls => {
                let all = self.web_acls.iter();
                let all = all.map(|(id, name)| LiveWebAcl { id: id.clone(), name: name.clone() });
                Wafv2Reading::WebAcls(all.collect())
            }
            Wafv2Part::WebAclOf(id) => {
                Wafv2Reading::WebAclOf(id.clone(), self.associations.get(id).cloned())
            }
        }
    }

    pub(super) fn told_of_shield(&self, part: &ShieldPart) -> Result<ShieldReading, Refusal> {
        match part {
            ShieldPart::Subscription => Ok(ShieldReading::Subscription(self.is_subscribed)),
            ShieldPart::ProtectionOf(id) => match self.protections.get(id) {
                Some(found) => Ok(ShieldReading::ProtectionOf(id.clone(), found.clone())),
                None => refuse("ResourceNotFoundException", "the protection does not exist"),
            },
        }
    }
}

impl State {
    pub(super) fn change_wafv2(&mut self, action: &Wafv2Action) -> Result<Answer, Refusal> {
        match action {
            Wafv2Action::AssociateWebAcl { load_balancer: Id::Is(id), web_acl } => {
                let Some(found) = self.load_balancers.get(id) else { return nonexistent() };
                if found.state != LoadBalancerState::Active {
                    return refuse("WAFUnavailableEntityException", "retry your request");
                }
                if !self.guards.web_acls.contains_key(web_acl) {
                    return nonexistent();
                }
                self.guards.associations.insert(id.clone(), web_acl.clone());
            }
            Wafv2Action::AssociateWebAcl { load_balancer: Id::Of(_), .. } => {
                unreachable!("it is not made yet")
            }
            Wafv2Action::DisassociateWebAcl { load_balancer } => {
                if !self.load_balancers.contains_key(load_balancer) {
                    return nonexistent();
                }
                self.guards.associations.remove(load_balancer);
            }
        }
        Ok(Answer::Done)
    }

    pub(super) fn change_shield(&mut self, action: &ShieldAction) -> Result<Answer, Refusal> {
        match action {
            ShieldAction::CreateProtection { load_balancer } => {
                let Id::Is(id) = load_balancer else { unreachable!("it is not made yet") };
                if !self.guards.is_subscribed {
                    return refuse("ResourceNotFoundException", "the subscription does not exist");
                }
                if !self.load_balancers.contains_key(id) {
                    return refuse("InvalidResourceException", format!("{id} is invalid"));
                }
                if self.guards.protections.contains_key(id) {
                    return refuse("ResourceAlreadyExistsException", "it exists already");
                }
                let made = AwsId::new(format!("protection-of-{id}"));
                let name = SHIELD_NAME.to_owned();
                let protection = ShieldProtection { id: made.clone(), name };
                self.guards.protections.insert(id.clone(), protection);
                Ok(Answer::ShieldProtection(made))
            }
            ShieldAction::DeleteProtection { id, .. } => {
                let of = self.guards.protections.iter().find(|(_, found)| found.id == *id);
                let Some(of) = of.map(|(of, _)| of.clone()) else {
                    return refuse("ResourceNotFoundException", "the protection does not exist");
                };
                self.guards.protections.remove(&of);
                Ok(Answer::Done)
            }
        }
    }
}
