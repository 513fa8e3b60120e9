//! An EndpointSlice, as far as targets depend on it.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::id::ObjectKey;

/// A port of a slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlicePort {
    /// The Service port's name; empty where it has none.
    pub name: SmolStr,
    /// The port number that the pods listen on.
    pub port: u16,
}

/// One endpoint of a slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its first address.
    pub address: SmolStr,
    /// The condition `ready`; unset counts as ready.
    pub ready: bool,
    /// The condition `terminating`.
    pub terminating: bool,
    /// The pod that is said to be behind it.
    pub pod: Option<ObjectKey>,
}

/// A part of a Service's endpoints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EndpointSlice {
    /// The Service, from the label `kubernetes.io/service-name`.
    pub service: ObjectKey,
    /// Whether its addresses are IPv6.
    pub ipv6: bool,
    /// Its ports.
    pub ports: Vec<SlicePort>,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
    /// How late its content was written, among all slices: the API server's version of it, which in
    /// practice only grows. Nothing but an order to look in hangs on it, so it is no part of what a
    /// slice is.
    #[serde(default)]
    pub recency: u64,
}

impl PartialEq for EndpointSlice {
    fn eq(&self, other: &Self) -> bool {
        let Self { service, ipv6, ports, endpoints, recency: _ } = self;
        *service == other.service
            && *ipv6 == other.ipv6
            && *ports == other.ports
            && *endpoints == other.endpoints
    }
}

impl Eq for EndpointSlice {}
