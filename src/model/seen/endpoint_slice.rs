//! An EndpointSlice, as far as targets depend on it.

use serde::{Deserialize, Serialize};

/// A port of a slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlicePort {
    /// The Service port's name; empty where it has none.
    pub name: String,
    /// The port number that the pods listen on.
    pub port: u16,
}

/// One endpoint of a slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its first address.
    pub address: String,
    /// The condition `ready`; unset counts as ready.
    pub ready: bool,
    /// The condition `terminating`.
    pub terminating: bool,
    /// The pod behind it, by name, where there is one.
    pub pod: Option<String>,
    /// The node it is on.
    pub node: Option<String>,
}

/// A part of a Service's endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSlice {
    /// The Service, from the label `kubernetes.io/service-name`.
    pub service: String,
    /// Whether its addresses are IPv6.
    pub ipv6: bool,
    /// Its ports.
    pub ports: Vec<SlicePort>,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
}
