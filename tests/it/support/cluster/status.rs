//! The status of an Ingress, as the API server keeps it.

use albedo::model::report::StatusEntry;
use k8s_openapi::api::networking::v1::{
    IngressLoadBalancerIngress, IngressLoadBalancerStatus, IngressPortStatus, IngressStatus,
};

pub(super) fn of(entries: &[StatusEntry]) -> IngressStatus {
    let port = |port: &u16| IngressPortStatus {
        port: i32::from(*port),
        protocol: String::new(),
        ..IngressPortStatus::default()
    };
    let entry = |entry: &StatusEntry| IngressLoadBalancerIngress {
        hostname: Some(entry.hostname.clone()),
        ports: Some(entry.ports.iter().map(port).collect()),
        ..IngressLoadBalancerIngress::default()
    };
    let ingress = Some(entries.iter().map(entry).collect());
    IngressStatus { load_balancer: Some(IngressLoadBalancerStatus { ingress }) }
}
