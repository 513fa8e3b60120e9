//! A target group: where a rule's requests go, and how the targets' health is checked.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id::AwsId;
use super::listener::Protocol;
use super::marks::Tags;

/// What the targets of a group are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetType {
    /// Addresses: those of pods.
    Ip,
    /// Instances: nodes, at the Service's node port.
    Instance,
    /// An application load balancer, behind a network load balancer. No binding has it.
    Alb,
}

impl TargetType {
    /// As AWS spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Instance => "instance",
            Self::Alb => "alb",
        }
    }
}

/// HTTP/1.1, as AWS spells it.
pub const HTTP1: &str = "HTTP1";
/// HTTP/2.
pub const HTTP2: &str = "HTTP2";
/// gRPC, which goes over HTTP/2.
pub const GRPC: &str = "GRPC";

/// AWS's word for "the port that the target gets its requests on".
pub const TRAFFIC_PORT: &str = "traffic-port";

/// How the load balancer checks whether a target is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// A port number, or `traffic-port`: the port that the target gets its requests on.
    pub port: SmolStr,
    /// What the check speaks.
    pub protocol: Protocol,
    /// The path it asks for.
    pub path: SmolStr,
    /// The status codes that mean "well": `200`, `200,202` or `200-299`; those of gRPC for gRPC.
    pub success_codes: SmolStr,
    /// Seconds from one check to the next (AWS: 5 to 300).
    pub interval_seconds: i32,
    /// Seconds until a check counts as failed (AWS: 2 to 120).
    pub timeout_seconds: i32,
    /// Good checks in a row that make a target healthy (AWS: 2 to 10).
    pub healthy_threshold: i32,
    /// Failed checks in a row that make a target unhealthy (AWS: 2 to 10).
    pub unhealthy_threshold: i32,
}

impl HealthCheck {
    /// What LBC has checked of targets that speak this where nobody says anything.
    #[must_use]
    pub fn usual(protocol: Protocol, version: &str) -> Self {
        let (path, success_codes) =
            if version == GRPC { ("/AWS.ALB/healthcheck", "12") } else { ("/", "200") };
        Self {
            port: SmolStr::new_static(TRAFFIC_PORT),
            protocol,
            path: SmolStr::new_static(path),
            success_codes: SmolStr::new_static(success_codes),
            interval_seconds: 15,
            timeout_seconds: 5,
            healthy_threshold: 2,
            unhealthy_threshold: 2,
        }
    }
}

/// What somebody says of a health check; what nobody mentions is unset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthCheckWish {
    /// The port, or [`TRAFFIC_PORT`].
    pub port: Option<SmolStr>,
    /// What the check speaks.
    pub protocol: Option<Protocol>,
    /// The path it asks for.
    pub path: Option<SmolStr>,
    /// The status codes that mean "well".
    pub success_codes: Option<SmolStr>,
    /// Seconds from one check to the next.
    pub interval_seconds: Option<i32>,
    /// Seconds until a check counts as failed.
    pub timeout_seconds: Option<i32>,
    /// Good checks in a row that make a target healthy.
    pub healthy_threshold: Option<i32>,
    /// Failed checks in a row that make a target unhealthy.
    pub unhealthy_threshold: Option<i32>,
}

impl HealthCheckWish {
    /// The health check, with what another one has of what is unset.
    #[must_use]
    pub fn over(&self, other: &HealthCheck) -> HealthCheck {
        let text = |said: &Option<SmolStr>, other: &SmolStr| said.as_ref().unwrap_or(other).clone();
        HealthCheck {
            port: text(&self.port, &other.port),
            protocol: self.protocol.unwrap_or(other.protocol),
            path: text(&self.path, &other.path),
            success_codes: text(&self.success_codes, &other.success_codes),
            interval_seconds: self.interval_seconds.unwrap_or(other.interval_seconds),
            timeout_seconds: self.timeout_seconds.unwrap_or(other.timeout_seconds),
            healthy_threshold: self.healthy_threshold.unwrap_or(other.healthy_threshold),
            unhealthy_threshold: self.unhealthy_threshold.unwrap_or(other.unhealthy_threshold),
        }
    }

    /// The same, in which what is unset gives way where both together would be none: AWS wants a
    /// check to have failed before the next one begins.
    #[must_use]
    pub fn within(&self, other: &HealthCheck) -> HealthCheck {
        let mut check = self.over(other);
        if self.timeout_seconds.is_none() {
            check.timeout_seconds = check.timeout_seconds.min(check.interval_seconds - 1);
        } else if self.interval_seconds.is_none() {
            check.interval_seconds = check.interval_seconds.max(check.timeout_seconds + 1);
        }
        check
    }

    /// The health check, with what LBC does where nobody says anything (its code; its page says 3
    /// for both thresholds).
    #[must_use]
    pub fn complete(&self) -> HealthCheck {
        self.over(&HealthCheck::usual(Protocol::Http, HTTP1))
    }
}

/// A target group, wished for or standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Its name; counts only when it is made. `None` where it cannot be known yet (it hashes a
    /// UID).
    pub name: Option<SmolStr>,
    /// What its targets are; cannot be changed in place.
    pub target_type: TargetType,
    /// What the targets speak; cannot be changed in place.
    pub protocol: Protocol,
    /// In which version: [`HTTP1`], [`HTTP2`] or [`GRPC`]; cannot be changed in place.
    pub protocol_version: SmolStr,
    /// The port on which a target's agent tells the load balancer what it can take (AWS's target
    /// optimizer); cannot be changed in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_port: Option<u16>,
    /// The port for targets that are registered without one; counts only when it is made.
    pub port: u16,
    /// Whether the targets' addresses are IPv6; counts only when it is made.
    pub ipv6: bool,
    /// The VPC.
    pub vpc: AwsId,
    /// How the targets' health is checked.
    pub health_check: HealthCheck,
    /// Its tags, tracking tags included.
    pub tags: Tags,
}

impl TargetGroup {
    /// The settings that AWS cannot change in place and in which a standing target group falls
    /// short.
    #[must_use]
    pub fn fixed_differences(&self, live: &Self) -> Vec<&'static str> {
        let mut fields = Vec::new();
        if self.target_type != live.target_type {
            fields.push("target type");
        }
        if self.protocol != live.protocol {
            fields.push("protocol");
        }
        if self.protocol_version != live.protocol_version {
            fields.push("protocol version");
        }
        if self.control_port != live.control_port {
            fields.push("target control port");
        }
        fields
    }
}

/// What of a target group never changes, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traits {
    /// What its targets are, as AWS spells it: also what no binding can have, such as `lambda`.
    pub target_type: SmolStr,
    /// What it speaks.
    pub protocol: SmolStr,
    /// Whether the targets' addresses are IPv6.
    pub ipv6: bool,
    /// The VPC; empty where it has none.
    pub vpc: SmolStr,
}
