//! What the belief tells of what protects load balancers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Reader, entry};
use crate::aws::part::{ElbPart, Part, ShieldPart, Wafv2Part};
use crate::model::id::AwsId;
use crate::model::load_balancer::LoadBalancerState;
use crate::model::protection::{ShieldInventory, WafInventory};

/// How old what is known of the region's web ACLs may be (LBC's).
const WEB_ACLS_AGE_MAX: Duration = Duration::from_secs(60 * 60);
/// How old what is known of the account's subscription to Shield Advanced may be (LBC's).
const SUBSCRIPTION_AGE_MAX: Duration = Duration::from_secs(2 * 60 * 60);

impl Reader<'_> {
    /// How far AWS has come with these load balancers, and their DNS names.
    pub(in crate::aws) fn states(
        &mut self,
        load_balancers: &BTreeSet<AwsId>,
        pause: Duration,
    ) -> BTreeMap<AwsId, (AwsId, LoadBalancerState)> {
        let known = self.belief.elb.load_balancers.value();
        let found = load_balancers.iter().filter_map(|id| known?.get(id));
        let is_new = found.clone().any(|found| found.state == LoadBalancerState::Provisioning);
        let age_max = if is_new { pause } else { Duration::MAX };
        self.need_since(Part::Elb(ElbPart::LoadBalancers), age_max);
        let state = |found: &crate::aws::ReadLoadBalancer| {
            let name = AwsId::new(found.dns_name.to_lowercase());
            (found.live.id.clone(), (name, found.state))
        };
        found.map(state).collect()
    }

    /// The web ACLs of these load balancers, and those of the region.
    pub(in crate::aws) fn web_acls(
        &mut self,
        load_balancers: &BTreeSet<AwsId>,
        name: Option<&str>,
    ) -> WafInventory {
        if name.is_some() {
            self.need_since(Part::Wafv2(Wafv2Part::WebAcls), WEB_ACLS_AGE_MAX);
        }
        let web_acls = load_balancers.iter().map(|id| {
            self.need(Part::Wafv2(Wafv2Part::WebAclOf(id.clone())));
            (id.clone(), entry(&self.belief.wafv2.web_acls, id))
        });
        let web_acls = web_acls.collect();
        WafInventory { by_name: self.belief.wafv2.by_name.clone(), web_acls }
    }

    /// The Shield protections of these load balancers, and whether there can be any.
    pub(in crate::aws) fn shield(&mut self, load_balancers: &BTreeSet<AwsId>) -> ShieldInventory {
        self.need_since(Part::Shield(ShieldPart::Subscription), SUBSCRIPTION_AGE_MAX);
        let protections = load_balancers.iter().map(|id| {
            self.need(Part::Shield(ShieldPart::ProtectionOf(id.clone())));
            (id.clone(), entry(&self.belief.shield.protections, id))
        });
        let protections = protections.collect();
        ShieldInventory { is_subscribed: self.belief.shield.is_subscribed.clone(), protections }
    }
}
