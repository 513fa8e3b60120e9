//! From a backend of an Ingress to its target group and the binding that fills it.

use std::sync::Arc;

use serde::Serialize;
use smol_str::SmolStr;

use crate::model::backend::BackendKey;
use crate::model::binding::{Binding, Opening, PortRef};
use crate::model::id::{Handle, Id, ObjectKey, Slot, TargetGroupKey};
use crate::model::listener::Protocol;
use crate::model::load_balancer::Attributes;
use crate::model::marks::Tags;
use crate::model::names::{self, TargetGroupNameParts};
use crate::model::part::WishedTargetGroup;
use crate::model::problem::{Code, Kind};
use crate::model::seen::{ServiceBackendPort, ServicePort};
use crate::model::selector::Selector;
use crate::model::source::Source;
use crate::model::target_group::{
    HTTP1, HealthCheck, HealthCheckWish, TRAFFIC_PORT, TargetGroup, TargetType,
};

use super::annotations::table::{
    BACKEND_PROTOCOL, BACKEND_PROTOCOL_VERSION, MULTI_CLUSTER, TARGET_CONTROL_PORT,
    TARGET_GROUP_ATTRIBUTES, TARGET_NODE_LABELS, TARGET_TYPE,
};
use super::annotations::{Annotations, Lookup};
use super::health_check::{Checked, Rest};
use super::origin::{Backend, Purpose, Sharing};
use super::{health_check, tags};

/// The port of a backend as written: its name if it has one.
#[must_use]
pub fn port_ref(port: &ServiceBackendPort) -> Option<PortRef> {
    let name = port.name.clone().filter(|name| !name.is_empty());
    name.map(|name| PortRef::Name(name.into())).or_else(|| port.number.map(PortRef::Number))
}

/// The key of a backend's target group where it is its own: one for each Ingress, Service and port
/// as written.
#[must_use]
pub fn key(backend: &Backend<'_>) -> TargetGroupKey {
    let Backend { ingress_key, service_key, port, .. } = *backend;
    let owner = Source::ingress(ingress_key.clone());
    let backend = BackendKey::new(owner, service_key.name.clone(), port.clone());
    TargetGroupKey { backend: Arc::new(backend), slot: Slot::default() }
}

/// What members have to want alike of a Service's port to have one target group for it. What is the
/// Service's alone is the same for all.
#[derive(Serialize)]
struct Configuration<'a> {
    target_type: TargetType,
    protocol: Protocol,
    version: &'a str,
    control_port: Option<u16>,
    health_check: &'a HealthCheckWish,
    is_check_derived: bool,
    attributes: &'a Attributes,
    tags: Tags,
    multi_cluster: bool,
    nodes: Option<&'a Selector>,
}

/// The key of a backend's target group, which others may share.
fn key_of(backend: &Backend<'_>, configuration: &Configuration<'_>) -> TargetGroupKey {
    let Backend { ingress_key, service_key, port, sharing, .. } = *backend;
    let written = serde_json::to_string(configuration);
    let (Sharing::Shared, Ok(written)) = (sharing, written) else { return key(backend) };
    let owner = Source::ingress(ingress_key.clone());
    let service = service_key.name.clone();
    let configuration = names::configuration(&written);
    let backend = BackendKey::shared(owner, service, port.clone(), &configuration);
    TargetGroupKey { backend: Arc::new(backend), slot: Slot::default() }
}

/// The target group of a backend, with its key. Where problems are added to `annotations`, it is
/// not to be used.
pub fn build(
    backend: &Backend<'_>,
    annotations: &mut Annotations<'_>,
) -> Option<(TargetGroupKey, WishedTargetGroup)> {
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
) -> Option<(TargetGroupKey, WishedTargetGroup)> {
    if backend.purpose == Purpose::Challenge {
        let key = key(backend);
        let answering = answering(backend, &key, service_port, lookup);
        return Some((key, answering));
    }
    let target_type = target_type(backend, lookup)?;
    let target_port = target_port(backend, (target_type, service_port), lookup)?;
    let protocol = lookup.find(&BACKEND_PROTOCOL).unwrap_or(Protocol::Http);
    let version = lookup.find(&BACKEND_PROTOCOL_VERSION).unwrap_or(HTTP1);
    let kind = (target_type, protocol, version);
    let Checked { check, said, rest } = health_check::build(backend, kind, service_port, lookup);
    let attributes = lookup.find(&TARGET_GROUP_ATTRIBUTES).unwrap_or_default();
    let attributes: Attributes = attributes.into_iter().collect();
    let control_port = control_port(backend, target_type, lookup);
    let wished = tags::wished(backend.settings, lookup);
    let nodes = nodes(target_type, lookup);
    let multi_cluster = is_shared(lookup);
    let of_flag = &backend.settings.default_tags;
    let own_tags = wished.iter().filter(|(key, value)| of_flag.get(*key) != Some(*value));
    let key = key_of(
        backend,
        &Configuration {
            target_type,
            protocol,
            version,
            control_port,
            health_check: &said,
            is_check_derived: rest != Rest::Usual,
            attributes: &attributes,
            tags: own_tags.map(|(key, value)| (key.clone(), value.clone())).collect(),
            multi_cluster,
            nodes: nodes.as_deref(),
        },
    );
    let ports = (&target_port, control_port);
    let target_group = target_group(backend, &key, (kind, ports), check, &wished);
    let binding = binding(backend, &key, &target_group, target_port);
    let binding = Binding { multi_cluster, nodes, ..binding };
    let said_of_check = (rest == Rest::Unknown).then(|| Box::new(said));
    Some((key, WishedTargetGroup { target_group, attributes, binding, said_of_check }))
}

fn target_group(
    backend: &Backend<'_>,
    key: &TargetGroupKey,
    (kind, (target_port, control_port)): ((TargetType, Protocol, &str), (&PortRef, Option<u16>)),
    health_check: HealthCheck,
    wished: &Tags,
) -> TargetGroup {
    // A named port stands for different numbers on different pods; LBC writes 1 and registers each
    // with its own.
    let port = match target_port {
        PortRef::Number(number) => u16::try_from(*number).unwrap_or(1),
        PortRef::Name(_) => 1,
    };
    let (target_type, protocol, version) = kind;
    let resource = key.backend.spelled();
    let tracking = backend.group.tags(&backend.settings.cluster, resource);
    TargetGroup {
        name: name(backend, key, (port, control_port), kind).map(Into::into),
        target_type,
        protocol,
        protocol_version: version.into(),
        control_port,
        port,
        ipv6: backend.service.ipv6,
        vpc: backend.settings.vpc.clone(),
        health_check,
        tags: tags::with_tracking(backend.settings, wished, tracking),
    }
}

/// The target group of what answers a challenge. An authority asks once, and soon: targets are
/// looked at as often as AWS does, whatever is not broken will do, and nothing is drained.
fn answering(
    backend: &Backend<'_>,
    key: &TargetGroupKey,
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
    let wished = tags::wished(backend.settings, lookup);
    let target_group = target_group(backend, key, (kind, ports), health_check, &wished);
    let [name, value] = ["deregistration_delay.timeout_seconds", "0"].map(SmolStr::new_static);
    let binding = binding(backend, key, &target_group, target_port);
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

/// The name, where the Service's UID is known (a manifest has none). What members share is named
/// after no Ingress.
fn name(
    backend: &Backend<'_>,
    key: &TargetGroupKey,
    (port, control_port): (u16, Option<u16>),
    (target_type, protocol, version): (TargetType, Protocol, &str),
) -> Option<String> {
    let service_uid = backend.service.uid.as_ref()?.to_string();
    let resource = key.backend.spelled();
    let nobody = ObjectKey::new(backend.ingress_key.namespace.clone(), resource.clone());
    let is_shared = BackendKey::is_shared(resource);
    Some(names::target_group(&TargetGroupNameParts {
        cluster: &backend.settings.cluster,
        group: &backend.group.to_string(),
        ingress: if is_shared { &nobody } else { backend.ingress_key },
        service: backend.service_key,
        service_uid: &service_uid,
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
fn binding(
    backend: &Backend<'_>,
    key: &TargetGroupKey,
    target_group: &TargetGroup,
    target_port: PortRef,
) -> Binding {
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
        target_group: Id::Of(Handle::TargetGroup(backend.group.clone(), key.clone())),
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
