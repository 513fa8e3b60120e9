//! The identifiers that an action names.

use super::{Action, AwsAction, KubeAction};
use crate::model::id::{Handle, Id};
use crate::model::record::RecordValue;

impl Action {
    /// Calls `visit` with every identifier of this action that may not have been given yet.
    pub fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::Aws(action) => action.visit_ids(visit),
            Self::Kube(KubeAction::Bind { binding } | KubeAction::Rebind { binding, .. }) => {
                binding.visit_ids(visit);
            }
            Self::Kube(_) => {}
        }
    }

    /// The things that have to be made before this can be done.
    #[must_use]
    pub fn needs(&self) -> Vec<Handle> {
        let mut handles = Vec::new();
        self.clone().visit_ids(&mut |id| match id {
            Id::Of(handle) => handles.push(handle.clone()),
            Id::Is(_) => {}
        });
        handles
    }
}

impl AwsAction {
    fn visit_ids(&mut self, visit: &mut dyn FnMut(&mut Id)) {
        match self {
            Self::AuthorizeIngress { group, rules, .. }
            | Self::RevokeIngress { group, rules, .. } => {
                visit(group);
                let resolved = std::mem::take(rules).into_iter().map(|mut rule| {
                    rule.visit_ids(visit);
                    rule
                });
                *rules = resolved.collect();
            }
            Self::CreateLoadBalancer { spec, .. } => {
                spec.security_groups.iter_mut().for_each(visit);
            }
            Self::ModifyLoadBalancerAttributes { load_balancer: id, .. }
            | Self::ModifyTargetGroupAttributes { target_group: id, .. }
            | Self::RegisterTargets { target_group: id, .. } => visit(id),
            Self::SetSecurityGroups { security_groups, .. } => {
                security_groups.iter_mut().for_each(visit);
            }
            Self::AddListenerCertificate { listener, certificate } => {
                visit(listener);
                visit(certificate);
            }
            Self::CreateListener { load_balancer, spec, .. } => {
                visit(load_balancer);
                spec.default_certificate.iter_mut().for_each(&mut *visit);
                spec.default_actions.iter_mut().for_each(|action| action.visit_ids(visit));
            }
            Self::ModifyListener { spec, .. } => {
                spec.default_certificate.iter_mut().for_each(&mut *visit);
                spec.default_actions.iter_mut().for_each(|action| action.visit_ids(visit));
            }
            Self::CreateRule { listener, spec, .. } => {
                visit(listener);
                spec.actions.iter_mut().for_each(|action| action.visit_ids(visit));
            }
            Self::ModifyRule { spec, .. } => {
                spec.actions.iter_mut().for_each(|action| action.visit_ids(visit));
            }
            Self::ChangeRecords { changes, .. } => {
                for change in changes {
                    if let RecordValue::Alias { target, .. } = &mut change.record.value {
                        visit(target);
                    }
                }
            }
            Self::CreateSecurityGroup { .. }
            | Self::DeleteSecurityGroup { .. }
            | Self::TagSecurityGroup { .. }
            | Self::UntagSecurityGroup { .. }
            | Self::SetSubnets { .. }
            | Self::SetIpAddressType { .. }
            | Self::DeleteLoadBalancer { .. }
            | Self::DeleteListener { .. }
            | Self::RemoveListenerCertificate { .. }
            | Self::SetRulePriorities { .. }
            | Self::DeleteRule { .. }
            | Self::CreateTargetGroup { .. }
            | Self::ModifyTargetGroup { .. }
            | Self::DeleteTargetGroup { .. }
            | Self::DeregisterTargets { .. }
            | Self::ImportCertificate { .. }
            | Self::ReimportCertificate { .. }
            | Self::DeleteCertificate { .. }
            | Self::AddTags { .. }
            | Self::RemoveTags { .. } => {}
        }
    }
}
