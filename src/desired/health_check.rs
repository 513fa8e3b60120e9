//! How targets are checked: as annotations say, else as the kubelet asks their pods where somebody
//! wants that, else as LBC has it.

use smol_str::SmolStr;

use crate::model::binding::PortRef;
use crate::model::listener::Protocol;
use crate::model::seen::ServicePort;
use crate::model::target_group::{HealthCheck, HealthCheckWish, TRAFFIC_PORT, TargetType};

use super::annotations::Lookup;
use super::annotations::table::{
    HEALTHCHECK_INTERVAL, HEALTHCHECK_PATH, HEALTHCHECK_PORT, HEALTHCHECK_PROTOCOL,
    HEALTHCHECK_TIMEOUT, HEALTHY_THRESHOLD, SUCCESS_CODES, UNHEALTHY_THRESHOLD,
};
use super::origin::Backend;
use super::probe::{self, Derived};

/// How targets are checked.
#[derive(Debug)]
pub(super) struct Checked {
    /// The health check.
    pub check: HealthCheck,
    /// What annotations say of it.
    pub said: HealthCheckWish,
    /// Where the rest is from.
    pub rest: Rest,
}

/// Where that is from of a health check which no annotation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It is LBC's.
    Usual,
    /// It is what the kubelet asks.
    Derived,
    /// It would be that, and nobody can tell.
    Unknown,
}

/// The health check of a backend's targets.
pub(super) fn build(
    backend: &Backend<'_>,
    (target_type, protocol, version): (TargetType, Protocol, &str),
    service_port: &ServicePort,
    lookup: &mut Lookup<'_, '_, '_>,
) -> Checked {
    let said = said(backend, target_type, lookup);
    let usual = HealthCheck::usual(protocol, version);
    let (check, rest) = match probe::derive(backend, (target_type, version), service_port, lookup) {
        Derived::Unasked => (said.over(&usual), Rest::Usual),
        Derived::Check(check) => (said.within(&check), Rest::Derived),
        Derived::Unknown => (said.over(&usual), Rest::Unknown),
    };
    Checked { check, said, rest }
}

/// What annotations say. The bounds of their values are AWS's.
fn said(
    backend: &Backend<'_>,
    target_type: TargetType,
    lookup: &mut Lookup<'_, '_, '_>,
) -> HealthCheckWish {
    HealthCheckWish {
        port: port(backend, target_type, lookup).map(SmolStr::from),
        protocol: lookup.find(&HEALTHCHECK_PROTOCOL),
        path: lookup.find(&HEALTHCHECK_PATH).map(SmolStr::from),
        success_codes: lookup.find(&SUCCESS_CODES).map(SmolStr::from),
        interval_seconds: lookup.find(&HEALTHCHECK_INTERVAL),
        timeout_seconds: lookup.find(&HEALTHCHECK_TIMEOUT),
        healthy_threshold: lookup.find(&HEALTHY_THRESHOLD),
        unhealthy_threshold: lookup.find(&UNHEALTHY_THRESHOLD),
    }
}

/// The port that somebody names, as AWS spells it.
fn port(
    backend: &Backend<'_>,
    target_type: TargetType,
    lookup: &mut Lookup<'_, '_, '_>,
) -> Option<String> {
    let allowed = match target_type {
        TargetType::Ip | TargetType::Alb => {
            "traffic-port, a port number, or the name of a Service port whose targetPort is a number"
        }
        TargetType::Instance => {
            "traffic-port, a port number, or the name of a Service port that has a nodePort"
        }
    };
    let text = lookup.find(&HEALTHCHECK_PORT)?;
    if text == TRAFFIC_PORT {
        return Some(text);
    }
    // AWS tells a number as it spells it, whatever zeros somebody wrote in front.
    if let Some(number) = text.parse::<u16>().ok().filter(|number| *number > 0) {
        return Some(number.to_string());
    }
    let named = backend.service.port(&PortRef::Name(text.clone()));
    let number = named.and_then(|port| match (target_type, &port.target) {
        (TargetType::Instance, _) => port.node_port.map(i32::from),
        (TargetType::Ip, PortRef::Number(number)) => Some(*number),
        (TargetType::Ip, PortRef::Name(_)) | (TargetType::Alb, _) => None,
    });
    if let Some(number) = number {
        return Some(number.to_string());
    }
    lookup.wrong(&HEALTHCHECK_PORT, &text, allowed);
    None
}
