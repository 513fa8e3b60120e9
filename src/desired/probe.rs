//! Health checks that are derived from what the kubelet asks pods before they are ready.
//!
//! Where that cannot be told, what stands of a health check stays: pods that answer what they are
//! asked go on doing so.

use std::collections::BTreeSet;
use std::sync::Arc;

use smol_str::{SmolStr, ToSmolStr as _};

use crate::model::binding::PortRef;
use crate::model::flat::FlatMap;
use crate::model::id::ObjectKey;
use crate::model::problem::{Code, Kind, Problem, Severity};
use crate::model::seen::{Container, HttpProbe, Ingress, Pod, Probe, Service, ServicePort};
use crate::model::snapshot::Objects;
use crate::model::target_group::{GRPC, HealthCheck, TRAFFIC_PORT, TargetType};

use super::annotations::table::HEALTHCHECK_FROM_PROBE;
use super::annotations::{Annotations, Lookup};
use super::classes::{annotations_of, class_of};
use super::origin::Backend;

/// The answers that count as good with the kubelet.
const SUCCESS_CODES: &str = "200-399";
/// AWS's bounds: of the seconds from one check to the next, of those until one has failed, of the
/// checks in a row that count, and of the letters of a path.
const INTERVAL_SECONDS: (i32, i32) = (5, 300);
const TIMEOUT_SECONDS: (i32, i32) = (2, 120);
const THRESHOLD: (i32, i32) = (2, 10);
const PATH_LENGTH_MAX: usize = 1024;
/// How many of the checks that differ a message names.
const NAMED_MAX: usize = 3;

/// How the pods of a Service are asked: all that differ.
pub(super) type Probes = BTreeSet<Option<Arc<Box<[Container]>>>>;

/// What a health check is derived to.
pub(super) enum Derived {
    /// Nobody wants it derived.
    Unasked,
    /// This.
    Check(HealthCheck),
    /// Nobody can tell.
    Unknown,
}

/// Whether somebody wants the health check of a Service's targets derived: its author says so, else
/// the Ingress's, else the class.
pub(super) fn is_asked(
    objects: &Objects,
    (key, ingress): (&ObjectKey, &Ingress),
    (service_key, service): (&ObjectKey, &Service),
) -> bool {
    let of_service = service.annotations.as_deref();
    let of_service = Annotations::new(Kind::Service, service_key, of_service);
    let of_ingress = ingress.metadata.annotations.as_ref();
    let of_ingress = Annotations::new(Kind::Ingress, key, of_ingress);
    let mut said = [of_service, of_ingress].into_iter().filter_map(|mut author| {
        author.text(&HEALTHCHECK_FROM_PROBE)?;
        Some(author.read(&HEALTHCHECK_FROM_PROBE) == Some(true))
    });
    said.next().unwrap_or_else(|| is_asked_by_class(objects, ingress))
}

fn is_asked_by_class(objects: &Objects, ingress: &Ingress) -> bool {
    let class = class_of(objects, ingress);
    class.is_some_and(|class| annotations_of(class).read(&HEALTHCHECK_FROM_PROBE) == Some(true))
}

/// How the pods are asked that are endpoints of a Service and do not end.
pub(super) fn probes(objects: &Objects, service: &ObjectKey) -> Probes {
    let slices = objects.slices.get(service).into_iter().flat_map(FlatMap::values);
    let endpoints = slices.flat_map(|slice| &slice.endpoints);
    let standing = endpoints.filter(|endpoint| !endpoint.terminating);
    let named = standing.filter_map(|endpoint| endpoint.pod.as_ref());
    let pods = named.filter_map(|pod| objects.pods.get(pod).map(AsRef::as_ref));
    pods.filter(|pod: &&Pod| !pod.leaving).map(|pod| pod.probes.clone()).collect()
}

/// The health check of a backend's targets, where somebody wants it derived.
pub(super) fn derive(
    backend: &Backend<'_>,
    (target_type, version): (TargetType, &str),
    port: &ServicePort,
    lookup: &mut Lookup<'_, '_, '_>,
) -> Derived {
    let said = lookup.find(&HEALTHCHECK_FROM_PROBE);
    if !said.unwrap_or_else(|| is_asked_by_class(backend.objects, backend.ingress)) {
        return Derived::Unasked;
    }
    let target = Target { service: backend.service, target_type, port };
    let probes = probes(backend.objects, backend.service_key);
    let mut found: Vec<Result<HealthCheck, String>> = Vec::new();
    for containers in &probes {
        let check = target.check(containers.as_ref().map(|all| &***all).unwrap_or_default());
        if !found.contains(&check) {
            found.push(check);
        }
    }
    let why = match &found[..] {
        // Of pods that are still to come nobody can say anything.
        [] => return Derived::Unknown,
        _ if version == GRPC => "health checks by gRPC, which no readinessProbe asks".to_owned(),
        [Ok(check)] => return Derived::Check(check.clone()),
        [Err(why)] => why.clone(),
        several => differing(several),
    };
    let problem = problem(lookup, backend.service_key, &why);
    lookup.ingress.problems.push(problem);
    Derived::Unknown
}

/// Where the requests of a Service's port go.
struct Target<'a> {
    service: &'a Service,
    target_type: TargetType,
    port: &'a ServicePort,
}

impl Target<'_> {
    /// The check that asks what the kubelet asks these containers.
    fn check(&self, containers: &[Container]) -> Result<HealthCheck, String> {
        let target = &self.port.target;
        if containers.is_empty() {
            return Err("no readinessProbe".to_owned());
        }
        let container = listening(containers, target)
            .ok_or_else(|| format!("several containers, of which none lists the port {target}"))?;
        let probe = match &container.probe {
            Some(Probe::Http(probe)) => probe,
            Some(other) => return Err(format!("a readinessProbe that is {other}")),
            None => {
                let what = "no readinessProbe of the container that listens on";
                return Err(format!("{what} {target}"));
            }
        };
        let number = probe.port.ok_or("a readinessProbe on a port that its container lacks")?;
        if probe.path.len() > PATH_LENGTH_MAX {
            return Err(format!("a readinessProbe with a path of {} letters", probe.path.len()));
        }
        let within = |value: i32, (least, most): (i32, i32)| value.clamp(least, most);
        let interval_seconds = within(probe.period_seconds, INTERVAL_SECONDS);
        let timeout_seconds = within(probe.timeout_seconds, TIMEOUT_SECONDS);
        Ok(HealthCheck {
            port: self.port(container, number)?,
            protocol: probe.scheme,
            path: probe.path.clone(),
            success_codes: SmolStr::new_static(SUCCESS_CODES),
            interval_seconds,
            // AWS wants a check to have failed before the next one begins.
            timeout_seconds: timeout_seconds.min(interval_seconds - 1),
            healthy_threshold: within(probe.success_threshold, THRESHOLD),
            unhealthy_threshold: within(probe.failure_threshold, THRESHOLD),
        })
    }

    /// The port of a check, where the kubelet asks at this one of a container.
    fn port(&self, container: &Container, number: u16) -> Result<SmolStr, String> {
        if is_at(container, &self.port.target, number) {
            return Ok(SmolStr::new_static(TRAFFIC_PORT));
        }
        if self.target_type != TargetType::Instance {
            return Ok(number.to_smolstr());
        }
        let mut ports = self.service.ports.iter();
        let leads = |port: &&ServicePort| is_at(container, &port.target, number);
        let node_port = ports.find(leads).and_then(|port| port.node_port);
        node_port.map(|port| port.to_smolstr()).ok_or_else(|| {
            format!("a readinessProbe on port {number}, to which no nodePort of the Service leads")
        })
    }
}

/// Whether a Service's target port is this one of a container.
fn is_at(container: &Container, target: &PortRef, number: u16) -> bool {
    match target {
        PortRef::Number(target) => *target == i32::from(number),
        PortRef::Name(name) => {
            container.ports.iter().any(|port| port.0 == name && port.1 == number)
        }
    }
}

/// The container that listens on a Service's target port: the one that lists it, else the one that
/// is asked there, else the only one.
fn listening<'c>(containers: &'c [Container], target: &PortRef) -> Option<&'c Container> {
    let lists = |container: &&Container| {
        container.ports.iter().any(|(name, number)| match target {
            PortRef::Number(target) => *target == i32::from(*number),
            PortRef::Name(target) => target == name,
        })
    };
    let is_asked = |container: &&Container| match (&container.probe, target) {
        (Some(Probe::Http(HttpProbe { port: Some(port), .. })), PortRef::Number(target)) => {
            i32::from(*port) == *target
        }
        _ => false,
    };
    let found = containers.iter().find(lists).or_else(|| containers.iter().find(is_asked));
    found.or(match containers {
        [only] => Some(only),
        _ => None,
    })
}

fn differing(found: &[Result<HealthCheck, String>]) -> String {
    let each = found.iter().map(|found| match found {
        Ok(check) => {
            let HealthCheck { port, protocol, path, .. } = check;
            let (every, until) = (check.interval_seconds, check.timeout_seconds);
            format!("{protocol} {port} {path} every {every} s for {until} s")
        }
        Err(why) => why.clone(),
    });
    let named: Vec<String> = each.take(NAMED_MAX).collect();
    format!("probes that differ: {}", named.join("; "))
}

fn problem(lookup: &Lookup<'_, '_, '_>, service: &ObjectKey, why: &str) -> Problem {
    let author = lookup.author(&HEALTHCHECK_FROM_PROBE);
    let found = format!("pods of {service} with {why}");
    let allowed = "pods that all have the same readinessProbe by httpGet on the container that \
                   listens; annotations of health checks go over it";
    Problem {
        severity: Severity::Warning,
        meanwhile: "what stands of the health check stays, and a new one is the usual one"
            .to_owned(),
        ..author.error(Code::UnfitProbe, HEALTHCHECK_FROM_PROBE.field(), found, allowed)
    }
}
