//! LBC's feature gates: what each of them switches here.

use std::collections::BTreeMap;

use super::spelling::boolean;
use crate::model::settings::FeatureGates;

/// What one of LBC's feature gates does here.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// Its name.
    pub name: &'static str,
    /// Whether it is on where nobody says (LBC).
    pub default: bool,
    /// What the other value does here.
    pub otherwise: Otherwise,
}

/// What the value of a gate does that is not LBC's default.
#[derive(Clone, Copy, Debug)]
pub enum Otherwise {
    /// What it says.
    Built(fn(&mut FeatureGates)),
    /// Nothing, and why.
    Nothing(&'static str),
    /// It stops the start: why it cannot be done.
    Stops(&'static str),
}

const SERVICES: &str = "Services of type LoadBalancer are not served here";
const GATEWAYS: &str = "Gateways are not served here";

use Otherwise::{Built, Nothing, Stops};

const fn on(name: &'static str, otherwise: Otherwise) -> Gate {
    Gate { name, default: true, otherwise }
}

const fn off(name: &'static str, otherwise: Otherwise) -> Gate {
    Gate { name, default: false, otherwise }
}

/// Every feature gate of LBC 3.5.
pub const GATES: &[Gate] = &[
    off("ALBSingleSubnet", Built(|gates| gates.alb_single_subnet = true)),
    on("ALBGatewayAPI", Nothing(GATEWAYS)),
    off("ALBTargetControlAgent", Stops("agents for target control are not put into pods here")),
    off("EnableCertificateManagement", Built(|gates| gates.certificate_management = true)),
    off("EnableDefaultTagsLowPriority", Built(|gates| gates.default_tags_low_priority = true)),
    on("EnableIPTargetType", Stops("pods are the targets that are built here")),
    off("EnableRGTAPI", Nothing("another way to read the same tags")),
    on("EnableServiceController", Nothing(SERVICES)),
    off("EnableTCPUDPListener", Stops(SERVICES)),
    on("EndpointsFailOpen", Built(|gates| gates.endpoints_fail_open = false)),
    off("EnhancedDefaultBehavior", Built(|gates| gates.enhanced_default_behavior = true)),
    on("GatewayListenerSet", Nothing(GATEWAYS)),
    off("GlobalAcceleratorController", Stops("global accelerators are not served here")),
    off("IngressPlanAnnotation", Stops("plans are shown by albedo plan, not by annotations")),
    on("LBCapacityReservation", Built(|gates| gates.capacity_reservation = false)),
    on("ListenerRulesTagging", Stops("listeners and rules are known again by their tags")),
    on("NLBGatewayAPI", Nothing(GATEWAYS)),
    on("NLBHealthCheckAdvancedConfig", Nothing(SERVICES)),
    on("NLBSecurityGroup", Nothing(SERVICES)),
    off("ServiceTypeLoadBalancerOnly", Nothing(SERVICES)),
    on(
        "SubnetDiscoveryByReachability",
        Built(|gates| gates.subnet_discovery_by_reachability = false),
    ),
    on("SubnetsClusterTagCheck", Built(|gates| gates.subnets_cluster_tag_check = false)),
    on("WeightedTargetGroups", Stops("forward actions carry weights here")),
];

/// The gates of one use of the flag, each with its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switched(BTreeMap<&'static str, bool>);

/// Reads `Gate=true,Gate=false,...`.
pub(super) fn switched(text: &str) -> Result<Switched, String> {
    let mut found = BTreeMap::new();
    for one in text.split(',').filter(|one| !one.is_empty()) {
        let (name, value) = one.split_once('=').ok_or("expected GATE=true or GATE=false")?;
        let name = name.trim();
        let gate = GATES.iter().find(|gate| gate.name == name);
        let gate = gate.ok_or_else(|| format!("{name} is no feature gate of LBC"))?;
        let value = boolean(value.trim()).map_err(|allowed| format!("{name}: {allowed}"))?;
        if let (true, Stops(why)) = (value != gate.default, gate.otherwise) {
            return Err(format!("{name}={value} asks for what this version does not do: {why}"));
        }
        found.insert(gate.name, value);
    }
    Ok(Switched(found))
}

/// The gates as meant; of several uses of the flag, the last that names one counts.
pub(super) fn meant(uses: &[Switched]) -> FeatureGates {
    let mut gates = FeatureGates::default();
    let values: BTreeMap<&str, bool> = uses.iter().flat_map(|one| one.0.clone()).collect();
    for gate in GATES {
        let is_switched = values.get(gate.name).is_some_and(|value| *value != gate.default);
        if let (true, Built(switch)) = (is_switched, gate.otherwise) {
            switch(&mut gates);
        }
    }
    gates
}
