//! From a backend of an Ingress to its target group and the binding that fills it.

use std::sync::Arc;

use k8s_openapi::api::networking::v1::ServiceBackendPort;
use smol_str::SmolStr;

use crate::model::backend::BackendKey;
use crate::model::binding::{Binding, Opening, PortRef};
use crate::model::id::{Handle, Id, Slot, TargetGroupKey};
use crate::model::listener::Protocol;
use crate::model::names::{self, TargetGroupNameParts};
use crate::model::part::WishedTargetGroup;
use crate::model::problem::{Code, Kind};
use crate::model::seen::ServicePort;
use crate::model::selector::Selector;
use crate::model::source::Source;
use crate::model::target_group::{HTTP1, HealthCheck, TRAFFIC_PORT, TargetGroup, TargetType};

use super::annotations::table::{
    BACKEND_PROTOCOL, BACKEND_PROTOCOL_VERSION, MULTI_CLUSTER, TARGET_CONTROL_PORT,
    TARGET_GROUP_ATTRIBUTES, TARGET_NODE_LABELS, TARGET_TYPE,
};
use super::annotations::{Annotations, Lookup};
use super::origin::{Backend, Purpose};
use super::{health_check, tags};

/// The port of a backend as written: its name if it has one.
#[must_use]
pub fn port_ref(port: &ServiceBackendPort) -> Option<PortRef> {
    let name = port.name.clone().filter(|name| !name.is_empty());
    name.map(PortRef::Name).or_else(|| port.number.map(PortRef::Number))
}

/// The key of a backend's target group: one for each Ingress, Service and port as written.
#[must_use]
pub fn key(backend: &Backend<'_>) -> TargetGroupKey {
    let Backend { ingress_key, service_key, port, .. } = *backend;
    let owner = Source::ingress(ingress_key.clone());
    let backend = BackendKey::new(owner, service_key.name.clone(), port.clone());
    TargetGroupKey { backend: Arc::new(backend), slot: Slot::default() }
}

/// The target group of a backend. Where problems are added to `annotations`, it is not to be used.
pub fn build(
    backend: &Backend<'_>,
    annotations: &mut Annotations<'_>,
) -> Option<WishedTargetGroup> {
    let Some(service_port) = backend.service.port(backend.port) else {
        annotations.problems.push(no_such_port(backend, annotations));
        return None;
    };
    let service_annotations = backend.service.annotations.as_deref();
    let mut of_service = Annotations::new(Kind::Service, backend.service_key, service_annotations);
    of_service.check_names();
    let mut lookup =
        Lookup { class: backend.params, service: Some(&mut of_service), ingress: annotations };
    let built = describe(backend, service_port, &mut lookup);
    let mut problems = std::mem::take(&mut of_service.problems);
    annotations.problems.append(&mut problems);
    built
}

fn no_such_port(
    backend: &Backend<'_>,
    annotations: &Annotations<'_>,
) -> crate::model::problem::Problem {
    let ports: Vec<String> = backend
        .service
        .ports
        .iter()
        .map(|port| match &port.name {
            Some(name) => format!("{} ({name})", port.port),
            None => port.port.to_string(),
        })
        .collect();
    annotations.error(
        Code::InvalidBackend,
        format!("backend {}", backend.service_key),
        format!("port {}, which the Service lacks", backend.port),
        &format!("a port of the Service: {}", ports.join(", ")),
    )
}

fn describe(
    backend: &Backend<'_>,
    service_port: &ServicePort,
    lookup: &mut Lookup<'_, '_, '_>,
) -> Option<WishedTargetGroup> {
    if backend.purpose == Purpose::Challenge {
        return Some(answering(backend, service_port, lookup));
    }
    let target_type = target_type(backend, lookup)?;
    let target_port = target_port(backend, (target_type, service_port), lookup)?;
    let protocol = lookup.find(&BACKEND_PROTOCOL).unwrap_or(Protocol::Http);
    let version = lookup.find(&BACKEND_PROTOCOL_VERSION).unwrap_or(HTTP1);
    let kind = (target_type, protocol, version);
    let (health_check, said_of_check) = health_check::build(backend, kind, service_port, lookup);
    let attributes = lookup.find(&TARGET_GROUP_ATTRIBUTES).unwrap_or_default();
    let attributes = attributes.into_iter().collect();
    let control_port = control_port(backend, target_type, lookup);
    let ports = (&target_port, control_port);
    let target_group = target_group(backend, (kind, ports), health_check, lookup);
    let nodes = nodes(target_type, lookup);
    let multi_cluster = is_shared(lookup);
    let binding = Binding { multi_cluster, nodes, ..binding(backend, &target_group, target_port) };
    Some(WishedTargetGroup { target_group, attributes, binding, said_of_check })
}

fn target_group(
    backend: &Backend<'_>,
    (kind, (target_port, control_port)): ((TargetType, Protocol, &str), (&PortRef, Option<u16>)),
    health_check: HealthCheck,
    lookup: &mut Lookup<'_, '_, '_>,
) -> TargetGroup {
    // A named port stands for different numbers on different pods; LBC writes 1 and registers each
    // with its own.
    let port = match target_port {
        PortRef::Number(number) => u16::try_from(*number).unwrap_or(1),
        PortRef::Name(_) => 1,
    };
    let (target_type, protocol, version) = kind;
    let wished = tags::wished(backend.settings, lookup);
    let group = backend.group.to_string();
    let tracking = backend.group.tags(&backend.settings.cluster, key(backend).backend.spelled());
    TargetGroup {
        name: name(backend, &group, (port, control_port), kind).map(Into::into),
        target_type,
        protocol,
        protocol_version: version.into(),
        control_port,
        port,
        ipv6: backend.service.ipv6,
        vpc: backend.settings.vpc.clone(),
        health_check,
        tags: tags::with_tracking(backend.settings, &wished, tracking),
    }
}

/// The target group of what answers a challenge. An authority asks once, and soon: targets are
/// looked at as often as AWS does, whatever is not broken will do, and nothing is drained.
fn answering(
    backend: &Backend<'_>,
    service_port: &ServicePort,
    lookup: &mut Lookup<'_, '_, '_>,
) -> WishedTargetGroup {
    let health_check = HealthCheck {
        port: TRAFFIC_PORT.into(),
        protocol: Protocol::Http,
        path: "/".into(),
        success_codes: "200-499".into(),
        interval_seconds: 5,
        timeout_seconds: 2,
        healthy_threshold: 2,
        unhealthy_threshold: 2,
    };
    let target_port = service_port.target.clone();
    let kind = (TargetType::Ip, Protocol::Http, HTTP1);
    let ports = (&target_port, None);
    let target_group = target_group(backend, (kind, ports), health_check, lookup);
    let [name, value] = ["deregistration_delay.timeout_seconds", "0"].map(SmolStr::new_static);
    let binding = binding(backend, &target_group, target_port);
    WishedTargetGroup {
        target_group,
        attributes: std::iter::once((name, value)).collect(),
        binding,
        said_of_check: None,
    }
}

/// Whether other clusters register targets, too: the Ingress or the Service says so (LBC).
fn is_shared(lookup: &mut Lookup<'_, '_, '_>) -> bool {
    let says = lookup.ingress.read(&MULTI_CLUSTER).unwrap_or_default();
    let service = lookup.service.as_deref_mut();
    says || service.is_some_and(|of| of.read(&MULTI_CLUSTER).unwrap_or_default())
}

/// What targets are; nothing where nobody can tell.
fn target_type(backend: &Backend<'_>, lookup: &mut Lookup<'_, '_, '_>) -> Option<TargetType> {
    match lookup.text(&TARGET_TYPE) {
        Some(_) => lookup.find(&TARGET_TYPE),
        None => Some(backend.settings.default_target_type),
    }
}

/// The port that targets get their requests on: what pods listen on, or what nodes do for them.
/// Nothing where nodes listen on none, which is said of the Ingress: it may have meant pods.
fn target_port(
    backend: &Backend<'_>,
    (target_type, port): (TargetType, &ServicePort),
    lookup: &mut Lookup<'_, '_, '_>,
) -> Option<PortRef> {
    if target_type == TargetType::Ip {
        return Some(port.target.clone());
    }
    let node_port = port.node_port.map(|port| PortRef::Number(port.into()));
    if node_port.is_none() {
        let says =
            if lookup.text(&TARGET_TYPE).is_some() { "" } else { " also where nobody says," };
        let problem = lookup.ingress.error(
            Code::InvalidBackend,
            format!("backend {}", backend.service_key),
            format!("port {}, which has no nodePort", backend.port),
            &format!(
                "a Service of type NodePort or LoadBalancer, where targets are nodes ({} instance,\
                 {says} which is so here); or {} ip, for targets that are pods",
                TARGET_TYPE.key(),
                TARGET_TYPE.key()
            ),
        );
        lookup.ingress.problems.push(problem);
    }
    node_port
}

/// The port of targets' agents, where somebody names one for the backend.
fn control_port(
    backend: &Backend<'_>,
    target_type: TargetType,
    lookup: &mut Lookup<'_, '_, '_>,
) -> Option<u16> {
    let name = format!("{}.{}", backend.service_key.name, backend.port);
    let port = lookup.find_one(&TARGET_CONTROL_PORT, &name)?;
    if target_type == TargetType::Instance {
        let allowed = format!("only {} ip: AWS has none for instances", TARGET_TYPE.key());
        lookup.ingress.wrong_of(&TARGET_CONTROL_PORT, &name, &port.to_string(), &allowed);
        return None;
    }
    Some(port)
}

/// The name, where the Service's UID is known (a manifest has none).
fn name(
    backend: &Backend<'_>,
    group: &str,
    (port, control_port): (u16, Option<u16>),
    (target_type, protocol, version): (TargetType, Protocol, &str),
) -> Option<String> {
    let service_uid = backend.service.uid.as_deref()?;
    Some(names::target_group(&TargetGroupNameParts {
        cluster: &backend.settings.cluster,
        group,
        ingress: backend.ingress_key,
        service: backend.service_key,
        service_uid,
        service_port: &backend.port.to_string(),
        port,
        target_type: target_type.as_str(),
        protocol: protocol.as_str(),
        protocol_version: version,
        control_port,
    }))
}

/// The nodes that are registered, where targets are nodes and somebody chooses among them.
fn nodes(target_type: TargetType, lookup: &mut Lookup<'_, '_, '_>) -> Option<Box<Selector>> {
    if target_type == TargetType::Ip {
        return None;
    }
    let labels = lookup.find(&TARGET_NODE_LABELS).filter(|labels| !labels.is_empty())?;
    let match_labels = labels.into_iter().map(|(key, value)| (key.into(), value.into()));
    Some(Box::new(Selector { match_labels: match_labels.collect(), ..Selector::default() }))
}

/// The binding; who is let in is filled in when the group's security groups are known.
fn binding(backend: &Backend<'_>, target_group: &TargetGroup, target_port: PortRef) -> Binding {
    let opening = |port: Option<PortRef>| Opening {
        group: Some(Id::Of(Handle::BackendSecurityGroup)),
        cidr: None,
        protocol: "TCP".into(),
        port,
    };
    let health_port = target_group.health_check.port.parse::<i32>().ok().map(PortRef::Number);
    let control_port = target_group.control_port.map(|port| PortRef::Number(port.into()));
    let openings = if backend.settings.restricted_rules {
        let ports = std::iter::once(target_port).chain(health_port).chain(control_port);
        ports.map(|port| opening(Some(port))).collect()
    } else {
        vec![opening(None)]
    };
    Binding {
        name: target_group.name.clone(),
        namespace: backend.service_key.namespace.clone(),
        labels: backend.group.labels(),
        target_group: Id::Of(Handle::TargetGroup(backend.group.clone(), key(backend))),
        target_type: target_group.target_type,
        protocol: Some(target_group.protocol.as_str().into()),
        service: backend.service_key.name.clone(),
        port: backend.port.clone(),
        openings,
        ipv6: target_group.ipv6,
        vpc: Some(target_group.vpc.as_str().into()),
        multi_cluster: false,
        nodes: None,
    }
}
