//! TargetGroupBindings, made and filled in as on a real API server.

use std::collections::BTreeMap;
use std::sync::Arc;

use albedo::cluster::{ClusterError, Kind};
use albedo::model::binding::{Binding, Completion, Opening};
use albedo::model::id::ObjectKey;
use albedo::model::seen::{
    BindingStatus, IpBlock, Networking, NetworkingPeer, NetworkingPort, NetworkingRule,
    SecurityGroupRef, SeenBinding, ServiceRef, TargetGroupBindingSpec,
};
use jiff::Timestamp;

use super::{FakeCluster, refusal};

impl FakeCluster {
    pub(super) fn bind(&self, binding: &Binding) -> Result<(), ClusterError> {
        let name = binding.name.clone().unwrap();
        let key = ObjectKey::new(binding.namespace.clone(), name);
        let wished = SeenBinding {
            uid: format!("uid-{}", key.name).into(),
            // When is not what anybody compares two lives by.
            created: Timestamp::default(),
            generation: None,
            labels: binding.labels.clone(),
            finalizers: Vec::new(),
            leaving: false,
            spec: spec(binding),
            status: BindingStatus::default(),
        };
        match self.binding(&key) {
            Err(_) => self.put_binding(&key, wished),
            Ok(standing) if standing.leaving => {
                return Err(refusal(Kind::Conflict, format!("{key} is being deleted")));
            }
            Ok(standing) if standing.spec != wished.spec => {
                return Err(refusal(Kind::Conflict, format!("{key} is there and differs")));
            }
            Ok(_) => {}
        }
        Ok(())
    }

    pub(super) fn show(&self, key: &ObjectKey, status: &BindingStatus) {
        if let Ok(standing) = self.binding(key) {
            self.put_binding(key, SeenBinding { status: status.clone(), ..standing });
            self.log().shown += 1;
        }
    }
}

/// `spec` as the API server would hold it; it takes no binding without its ids.
pub(super) fn spec(binding: &Binding) -> TargetGroupBindingSpec {
    let rule = |opening: &Opening| NetworkingRule {
        from: vec![NetworkingPeer {
            ip_block: opening.cidr.clone().map(|cidr| IpBlock { cidr }),
            security_group: opening
                .group
                .as_ref()
                .map(|id| SecurityGroupRef { group_id: id.given().unwrap().as_str().into() }),
        }],
        ports: vec![NetworkingPort {
            protocol: Some(opening.protocol.clone()),
            port: opening.port.clone(),
        }],
    };
    let ingress: Vec<NetworkingRule> = binding.openings.iter().map(rule).collect();
    TargetGroupBindingSpec {
        target_group_arn: Some(binding.target_group.given().unwrap().clone()),
        target_group_name: None,
        multi_cluster_target_group: binding.multi_cluster.then_some(true),
        target_type: Some(binding.target_type.as_str().into()),
        target_group_protocol: binding.protocol.clone(),
        service_ref: ServiceRef { name: binding.service.clone(), port: binding.port.clone() },
        networking: (!ingress.is_empty()).then(|| Arc::new(Networking { ingress })),
        node_selector: binding.nodes.clone(),
        ip_address_type: Some(if binding.ipv6 { "ipv6" } else { "ipv4" }.into()),
        vpc_id: binding.vpc.clone(),
        iam_role_arn_to_assume: None,
        assume_role_external_id: None,
        rest: BTreeMap::new(),
    }
}

/// What somebody left out is filled in.
pub(super) fn complete(spec: &mut TargetGroupBindingSpec, completion: &Completion) {
    let Completion { replaced: _, target_group, target_type, ipv6, vpc, protocol } = completion;
    let family = |is_ipv6: bool| if is_ipv6 { "ipv6" } else { "ipv4" };
    spec.target_group_arn = target_group.clone().or(spec.target_group_arn.take());
    spec.target_type = spec.target_type.take().or(target_type.clone());
    spec.ip_address_type = spec.ip_address_type.take().or(ipv6.map(family).map(Into::into));
    spec.vpc_id = spec.vpc_id.take().or(vpc.clone());
    spec.target_group_protocol = spec.target_group_protocol.take().or(protocol.clone());
}
