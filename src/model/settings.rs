//! The flags as meant: what every room may know of how this process was started.

use super::id::AwsId;
use super::load_balancer::Scheme;
use super::marks::Tags;
use super::subject::Place;
use super::target_group::TargetType;

/// Settings that decide what is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The cluster's name; goes into names and tags.
    pub cluster: String,
    /// Where load balancers are made.
    pub place: Place,
    /// The VPC they are made in.
    pub vpc: AwsId,
    /// The value of `kubernetes.io/ingress.class` that is answered; empty for LBC's wider rule.
    pub ingress_class: String,
    /// The scheme of a load balancer where nobody names one.
    pub default_scheme: Scheme,
    /// What targets are where nobody says.
    pub default_target_type: TargetType,
    /// The TLS policy where nobody names one.
    pub default_ssl_policy: String,
    /// Tags of everything that is made.
    pub default_tags: Tags,
    /// Keys of tags that somebody else keeps.
    pub external_managed_tags: Vec<String>,
    /// The backend security group: made and kept, somebody's, or none.
    pub backend: BackendSecurityGroup,
    /// Whether backend rules name the ports they open; otherwise they open all.
    pub restricted_rules: bool,
    /// Whether a missing Service answers 503 instead of making its Ingress bad.
    pub tolerate_missing_service: bool,
    /// Whether TLS Secrets of every class are imported; those of our own classes always are.
    pub tls_secrets: bool,
    /// Tags that mark, besides the cluster's, the security group of a pod's interface.
    pub endpoint_group_tags: Tags,
}

/// Where the security group comes from that load balancers carry towards the pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackendSecurityGroup {
    /// Made by us, one a cluster.
    Managed,
    /// Somebody's: used, never changed.
    Given(AwsId),
    /// There is none: pods let the frontend security group in.
    Off,
}
