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
