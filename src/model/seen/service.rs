//! A Service, as far as target groups depend on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::model::binding::PortRef;
use crate::model::marks::Labels;
use crate::model::uid::Uid;

/// A port of a Service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePort {
    /// Its name, where it has one.
    pub name: Option<SmolStr>,
    /// Its number.
    pub port: i32,
    /// The port that the pods listen on: a number, or the name of a container port.
    pub target: PortRef,
    /// The port that every node listens on for it; none where the Service's type gives it none.
    #[serde(default)]
    pub node_port: Option<u16>,
}

/// A Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The UID; `None` where a manifest has none.
    pub uid: Option<Uid>,
    /// Whether LBC keeps a load balancer for it, by its finalizers.
    pub has_load_balancer: bool,
    /// Whether it has IPv6 at all.
    pub ipv6: bool,
    /// What its annotations say of load balancers.
    pub annotations: Option<Box<Labels>>,
    /// Its ports.
    pub ports: Box<[ServicePort]>,
    /// The labels of its pods; none where somebody else says which its endpoints are.
    #[serde(default)]
    pub selector: Box<[(SmolStr, SmolStr)]>,
}

impl Service {
    /// Whether pods with these labels are its own.
    #[must_use]
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let has = |(key, value): &(SmolStr, SmolStr)| {
            labels.get(key.as_str()).is_some_and(|label| label == value.as_str())
        };
        !self.selector.is_empty() && self.selector.iter().all(has)
    }

    /// The port that somebody means by a number or a name.
    #[must_use]
    pub fn port(&self, wanted: &PortRef) -> Option<&ServicePort> {
        self.ports.iter().find(|port| match wanted {
            PortRef::Number(number) => port.port == *number,
            PortRef::Name(name) => port.name.as_ref().is_some_and(|own| own == name),
        })
    }
}
