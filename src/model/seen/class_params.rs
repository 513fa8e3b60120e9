//! IngressClassParams: what the administrator of a class decides. The custom resource is LBC's own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::selector::Selector;

/// A key and its value, as the custom resource writes tags and attributes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyValue {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// Which subnets a load balancer gets: by id, or by tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetSelector {
    /// These subnets.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Subnets that have, for each of these tags, one of its values.
    #[serde(default)]
    pub tags: BTreeMap<String, Vec<String>>,
}

impl SubnetSelector {
    /// Whether it asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.tags.is_empty()
    }
}

/// Attributes of a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClassListener {
    /// What it speaks.
    pub protocol: Option<String>,
    /// Its port.
    pub port: Option<i32>,
    /// The attributes.
    pub listener_attributes: Vec<KeyValue>,
}

/// Capacity that AWS keeps ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClassCapacity {
    /// How many capacity units.
    pub capacity_units: i32,
}

/// Where public addresses come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassIpam {
    /// The IPAM pool of IPv4 addresses.
    #[serde(rename = "ipv4IPAMPoolId")]
    pub ipv4_pool: Option<String>,
}

/// The name of an explicit group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupName {
    /// The name.
    pub name: String,
}

/// `spec` of IngressClassParams; what nobody knows is in `rest`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClassParamsSpec {
    /// The explicit group of every Ingress of the class.
    pub group: Option<GroupName>,
    /// The namespaces whose Ingresses may use the class.
    pub namespace_selector: Option<Selector>,
    /// The scheme.
    pub scheme: Option<String>,
    /// The kinds of addresses.
    pub ip_address_type: Option<String>,
    /// The load balancer's name.
    pub load_balancer_name: Option<String>,
    /// The certificates of HTTPS listeners.
    pub certificate_arn: Vec<String>,
    /// The TLS policy.
    pub ssl_policy: Option<String>,
    /// The port that HTTP listeners redirect to.
    pub ssl_redirect_port: Option<String>,
    /// Who may reach the listeners.
    #[serde(rename = "inboundCIDRs")]
    pub inbound_cidrs: Vec<String>,
    /// The managed prefix lists whose addresses may reach the listeners.
    #[serde(rename = "prefixListsIDs")]
    pub prefix_lists: Vec<String>,
    /// The same by their older name.
    #[serde(rename = "PrefixListsIDs")]
    pub prefix_lists_before: Vec<String>,
    /// The subnets.
    pub subnets: Option<SubnetSelector>,
    /// Tags of everything that an Ingress of the class brings about.
    pub tags: Vec<KeyValue>,
    /// What targets are.
    pub target_type: Option<String>,
    /// Attributes of the load balancer.
    pub load_balancer_attributes: Vec<KeyValue>,
    /// Attributes of listeners.
    pub listeners: Vec<ClassListener>,
    /// The capacity that AWS keeps ready for the load balancer.
    pub minimum_load_balancer_capacity: Option<ClassCapacity>,
    /// Where the load balancer's public addresses come from.
    pub ipam_configuration: Option<ClassIpam>,
    /// The WAFv2 web ACL, by its ARN.
    pub wafv2_acl_arn: Option<String>,
    /// The WAFv2 web ACL, by its name.
    pub wafv2_acl_name: Option<String>,
    /// Fields that nobody knows.
    #[serde(flatten)]
    pub rest: BTreeMap<String, serde_json::Value>,
}

/// IngressClassParams.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassParams {
    /// Its `spec`.
    pub spec: ClassParamsSpec,
}
