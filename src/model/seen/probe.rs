//! What the kubelet asks containers before their pod is ready, as far as a load balancer could ask
//! the same.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::listener::Protocol;

/// A container of a pod in which some container is asked whether it is ready.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Container {
    /// The ports that it lists, each with its name, which is empty where it has none.
    pub ports: Box<[(SmolStr, u16)]>,
    /// What it is asked.
    pub probe: Option<Probe>,
}

/// What a container is asked (`readinessProbe`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Probe {
    /// A request over HTTP that a load balancer can send as well.
    Http(HttpProbe),
    /// A request over HTTP with headers of its own, or to another host.
    Peculiar,
    /// A command.
    Exec,
    /// A connection.
    TcpSocket,
    /// A call of gRPC's own service for it.
    Grpc,
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http(_) => "httpGet",
            Self::Peculiar => "httpGet with a host or headers of its own",
            Self::Exec => "exec",
            Self::TcpSocket => "tcpSocket",
            Self::Grpc => "grpc",
        })
    }
}

/// A request over HTTP, and what becomes of its answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HttpProbe {
    /// HTTP or HTTPS.
    pub scheme: Protocol,
    /// The port; `None` where it is called by a name that the container does not list.
    pub port: Option<u16>,
    /// The path, with a slash in front.
    pub path: SmolStr,
    /// Seconds from one request to the next.
    pub period_seconds: i32,
    /// Seconds until a request counts as failed.
    pub timeout_seconds: i32,
    /// Good answers in a row that make the container ready.
    pub success_threshold: i32,
    /// Failed ones in a row that make it unready.
    pub failure_threshold: i32,
}
