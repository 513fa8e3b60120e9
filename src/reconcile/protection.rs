//! The story of a visit to what protects a group's load balancers. It is a story of its own so that
//! nothing else ever waits for AWS WAF or AWS Shield: they are slow, and take few calls.

use std::time::Duration;

use super::{MISSING_PAUSE, STALE, Visit, again, gravest};
use crate::aws::{Cloud, CloudError, Kind, Mirror, Part, Reach, ShieldPart, Wafv2Part};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::desired;
use crate::model::group::Group;
use crate::model::inventory::{BalancerInventory, ProtectionInventory};
use crate::model::outcome::{Outcome, Trouble};
use crate::model::plan::WaitKey;
use crate::model::problem::Problem;
use crate::model::protection::ProtectionStack;
use crate::model::stack::BalancerStack;
use crate::plan;
use crate::report::Rest;

/// How often a load balancer that is being set up is looked at while its protection waits for it;
/// AWS takes two or three minutes.
const ACTIVE_PAUSE: Duration = Duration::from_secs(2);

impl<C: Cloud, K: Cluster, T: Clock> Visit<'_, C, K, T> {
    pub(super) async fn protection(&self, group: &Group) -> Result<Rest, CloudError> {
        let (snapshot, _) = self.snapshot(Reach::Nothing).await?;
        let (mut rests, mut problems) = (Vec::new(), Vec::new());
        if let Some(stack) = snapshot.facts.protection() {
            let (inventory, errors) = read_protection(self.mirror(), stack).await?;
            for error in &errors {
                tracing::warn!(subject = %self.subject, %error, "protection cannot be read");
                rests.push(again(error));
                if error.kind == Kind::Refused {
                    problems.extend(refused(stack, &error.operation, &error.to_string()));
                }
            }
            let plan = plan::protection::plan(stack, &inventory);
            let outcomes = self.apply(&plan).await;
            rests.push(self.rest(&plan, &outcomes));
            if plan.steps.iter().any(|step| matches!(step.gate, Some(WaitKey::Active(_)))) {
                rests.push(Rest::Later(ACTIVE_PAUSE));
            }
            if !plan.refusals.is_empty() {
                self.mirror().refresh(&Part::Wafv2(Wafv2Part::WebAcls), MISSING_PAUSE);
                self.mirror().refresh(&Part::Shield(ShieldPart::Subscription), MISSING_PAUSE);
                rests.push(STALE);
            }
            for (step, outcome) in plan.steps.iter().zip(&outcomes) {
                if let Outcome::Failed(Trouble::Refused | Trouble::Stale, text) = outcome {
                    let (service, _) = step.action.operation();
                    problems.extend(refused(stack, service, text));
                }
            }
            problems.extend(plan.refusals);
        }
        let events = {
            let mut world = self.world().lock();
            let told = world.protections.entry(group.clone()).or_default();
            let events = told.problems(&snapshot.objects, &problems);
            if problems.is_empty() {
                world.protections.remove(group);
            }
            events
        };
        self.tell(events);
        Ok(gravest(rests))
    }

    /// Makes known what should protect a group's load balancers.
    pub(super) fn tell_protection(
        &self,
        group: &Group,
        stack: &BalancerStack,
        inventory: &BalancerInventory,
    ) {
        let stack = desired::protection::stack(&self.settings().extent, stack, inventory);
        self.world().lock().facts.protects(group, stack);
    }
}

/// Reads what protects load balancers. A service that cannot be read holds up only what is asked of
/// it: its error is told beside what the other one has.
///
/// # Errors
/// What AWS answered to the read of the load balancers.
pub async fn read_protection<C: Cloud, T: Clock>(
    mirror: &Mirror<C, T>,
    stack: &ProtectionStack,
) -> Result<(ProtectionInventory, Vec<CloudError>), CloudError> {
    let standing = stack.standing();
    let mut errors = Vec::new();
    let mut inventory = ProtectionInventory {
        states: mirror.states(&standing, ACTIVE_PAUSE / 2).await?,
        ..ProtectionInventory::default()
    };
    if stack.protection.web_acl.is_some() {
        match mirror.web_acls(&standing, stack.web_acl_name()).await {
            Ok(found) => inventory.waf = found,
            Err(error) => errors.push(error),
        }
    }
    if stack.protection.shield.is_some() {
        match mirror.shield(&standing).await {
            Ok(found) => inventory.shield = found,
            Err(error) => errors.push(error),
        }
    }
    Ok((inventory, errors))
}

/// What a service of AWS refuses, by the name of an operation of it, told to who asks for it.
fn refused(stack: &ProtectionStack, operation: &str, text: &str) -> Option<Problem> {
    let service = operation.split('.').next().unwrap_or_default();
    let found = format!("what AWS refuses: {text}");
    let allowed = "what AWS says".to_owned();
    Some(plan::protection::unprotected(stack.asker(service)?, found, allowed))
}
