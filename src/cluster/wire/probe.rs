//! What pods say of how containers are asked whether they are ready.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;
use serde::de::IgnoredAny;
use smol_str::SmolStr;

use super::nullable;
use crate::model::listener::Protocol;
use crate::model::seen::{HttpProbe, Probe};

/// What Kubernetes fills in where a manifest says nothing.
const PERIOD_SECONDS: i32 = 10;
const TIMEOUT_SECONDS: i32 = 1;
const SUCCESS_THRESHOLD: i32 = 1;
const FAILURE_THRESHOLD: i32 = 3;

/// A port that a container lists.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Port {
    #[serde(deserialize_with = "nullable")]
    name: SmolStr,
    container_port: i32,
}

/// The ports that a container lists, by name and number.
pub(super) fn listed(ports: &[Port]) -> Box<[(SmolStr, u16)]> {
    let number = |port: &Port| u16::try_from(port.container_port).ok();
    ports.iter().filter_map(|port| Some((port.name.clone(), number(port)?))).collect()
}

/// What a container is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReadinessProbe {
    http_get: Option<HttpGet>,
    exec: Option<IgnoredAny>,
    grpc: Option<IgnoredAny>,
    period_seconds: Option<i32>,
    timeout_seconds: Option<i32>,
    success_threshold: Option<i32>,
    failure_threshold: Option<i32>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HttpGet {
    #[serde(default, deserialize_with = "nullable")]
    path: String,
    port: IntOrString,
    #[serde(default, deserialize_with = "nullable")]
    scheme: String,
    #[serde(default, deserialize_with = "nullable")]
    host: String,
    #[serde(default, deserialize_with = "nullable")]
    http_headers: Vec<IgnoredAny>,
}

impl ReadinessProbe {
    /// What it asks of a container that lists these ports.
    pub(super) fn read(&self, ports: &[(SmolStr, u16)]) -> Probe {
        let Some(get) = &self.http_get else {
            return match (&self.exec, &self.grpc) {
                (Some(_), _) => Probe::Exec,
                (None, Some(_)) => Probe::Grpc,
                (None, None) => Probe::TcpSocket,
            };
        };
        if !get.host.is_empty() || !get.http_headers.is_empty() {
            return Probe::Peculiar;
        }
        let port = match &get.port {
            IntOrString::Int(number) => u16::try_from(*number).ok(),
            IntOrString::String(name) => {
                let listed = ports.iter().find(|(listed, _)| listed == name);
                listed.map(|(_, number)| *number)
            }
        };
        let said = |said: Option<i32>, or| said.filter(|said| *said > 0).unwrap_or(or);
        let slash = if get.path.starts_with('/') { "" } else { "/" };
        Probe::Http(HttpProbe {
            scheme: if get.scheme == "HTTPS" { Protocol::Https } else { Protocol::Http },
            port,
            path: format!("{slash}{}", get.path).into(),
            period_seconds: said(self.period_seconds, PERIOD_SECONDS),
            timeout_seconds: said(self.timeout_seconds, TIMEOUT_SECONDS),
            success_threshold: said(self.success_threshold, SUCCESS_THRESHOLD),
            failure_threshold: said(self.failure_threshold, FAILURE_THRESHOLD),
        })
    }
}
