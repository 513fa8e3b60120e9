//! The flags as meant: what every room may know of how this process was started.

use std::sync::Arc;
use std::time::Duration;

use super::extent::Extent;
use super::id::AwsId;
use super::load_balancer::Scheme;
use super::marks::Tags;
use super::name_filter::NameFilter;
use super::ownership::{Ownership, TxtCipher, TxtNames};
use super::record::{BatchLimits, RecordKey};
use super::subject::Place;
use super::target_group::TargetType;
use super::template::Template;

pub use super::scope::Scope;

/// Settings that decide what is built.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are switches of a command line")]
pub struct Settings {
    /// Whose classes are answered.
    pub scope: Scope,
    /// The name that goes into names and tags of what is made: the cluster's own, but for what is
    /// made beside LBC.
    pub cluster: String,
    /// The cluster's own name, by which others tag what is the cluster's.
    pub cluster_named: String,
    /// How much of the cluster is looked at.
    pub extent: Extent,
    /// Where load balancers are made.
    pub place: Arc<Place>,
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
    /// Whether the backend security group comes beside security groups that members name, where
    /// nobody says.
    pub manages_backend_rules: bool,
    /// Whether new use of annotations is refused that classes and their parameters decide.
    pub refuses: Refusals,
    /// Whether backend rules name the ports they open; otherwise they open all.
    pub restricted_rules: bool,
    /// What becomes of endpoints whose addresses no pod of their namespace has.
    pub podless: Podless,
    /// Whether a missing Service answers 503 instead of making its Ingress bad.
    pub tolerate_missing_service: bool,
    /// Whether an action that no annotation holds answers 503 instead of making its Ingress bad.
    pub tolerate_missing_action: bool,
    /// The authorities of AWS Private CA whose certificates are found by host; where none is named,
    /// any certificate is.
    pub certificate_authorities: Vec<AwsId>,
    /// The authority of AWS Private CA that issues what ACM is asked for where nobody names one.
    pub default_certificate_authority: Option<AwsId>,
    /// Whether TLS Secrets of every class are imported; those of our own classes always are.
    pub tls_secrets: bool,
    /// Which protections of load balancers are kept.
    pub protection: ProtectionSettings,
    /// The names that lead to load balancers.
    pub dns: DnsSettings,
    /// Tags that mark, besides the cluster's, the security group of a pod's interface.
    pub endpoint_group_tags: Tags,
    /// What LBC's feature gates switch.
    pub gates: FeatureGates,
    /// The most targets that are registered in a target group, where there is such a bound.
    pub max_targets: Option<usize>,
    /// How long what has been replaced stays, for requests and names that still lead to it.
    pub replacement_grace: Duration,
    /// The same where somebody else leads names elsewhere.
    pub replacement_grace_elsewhere: Duration,
    /// What becomes of what nobody wants and whose owners are out of sight.
    pub removals: Removals,
}

/// What becomes of much that nobody wants any more and whose owners nobody has seen leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removals {
    /// It stays until the API server says that they are gone.
    Braked,
    /// It goes.
    Accepted,
}

/// Annotations whose new use is refused, so that classes and their parameters decide instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// `kubernetes.io/ingress.class`, where it asks for us.
    pub class: bool,
    /// `alb.ingress.kubernetes.io/group.name`.
    pub group_name: bool,
}

/// What LBC's feature gates switch, as far as it is built. The default is LBC's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are switches")]
pub struct FeatureGates {
    /// Whether Ingresses of LBC's classes may have ACM asked for certificates.
    pub certificate_management: bool,
    /// Whether tags that people ask for go over those of the flag.
    pub default_tags_low_priority: bool,
    /// Whether endpoints on nodes of which nobody hears any more are better than none.
    pub endpoints_fail_open: bool,
    /// Whether subnets that are tagged for other clusters only are left to those.
    pub subnets_cluster_tag_check: bool,
    /// Whether a load balancer may have a single subnet, as accounts can have it from AWS.
    pub alb_single_subnet: bool,
    /// Whether clients are asked for no certificate any more where nobody says that they are.
    pub enhanced_default_behavior: bool,
    /// Whether capacity is reserved where somebody asks for it.
    pub capacity_reservation: bool,
    /// Whether subnets are found by their routes where none is tagged.
    pub subnet_discovery_by_reachability: bool,
}

impl Default for FeatureGates {
    fn default() -> Self {
        Self {
            certificate_management: false,
            default_tags_low_priority: false,
            endpoints_fail_open: true,
            subnets_cluster_tag_check: true,
            alb_single_subnet: false,
            enhanced_default_behavior: false,
            capacity_reservation: true,
            subnet_discovery_by_reachability: true,
        }
    }
}

/// Which protections of load balancers are kept. What is asked for of the others is not looked at
/// (LBC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtectionSettings {
    /// Web ACLs of AWS WAF Classic: who asks for one hears of WAFv2.
    pub waf_classic: bool,
    /// Web ACLs of WAFv2.
    pub wafv2: bool,
    /// Shield Advanced.
    pub shield: bool,
}

/// What annotations about names begin with: as of external-dns 0.22, and before.
pub const ANNOTATION_PREFIXES: [&str; 2] =
    ["external-dns.kubernetes.io/", "external-dns.alpha.kubernetes.io/"];

/// Settings of the names that lead to load balancers, with external-dns's meaning where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsSettings {
    /// The Ingresses whose hosts become names.
    pub scope: DnsScope,
    /// Whose the records are.
    pub owner: String,
    /// Whether records of external-dns's default owner are ours besides, where they lead to load
    /// balancers of this cluster.
    pub keeps_default: bool,
    /// The clusters, by their names or by the owner ids of their records, whose names change hands
    /// once somebody asks for them here.
    pub taken_from: Vec<String>,
    /// Which names are kept, in which zones, and whose.
    pub filter: Box<NameFilter>,
    /// What makes names of Ingresses.
    pub template: Option<Template>,
    /// Of which Ingresses it does.
    pub template_use: TemplateUse,
    /// Where names lead, whatever their Ingresses say.
    pub forced_targets: Vec<String>,
    /// The owner before, whose names change hands once somebody asks for them here.
    pub owner_before: Option<String>,
    /// What may happen to records.
    pub policy: DnsPolicy,
    /// What annotations about names begin with. The first one that has an annotation counts.
    pub annotation_prefixes: Vec<String>,
    /// Whether Route 53 leaves a load balancer without healthy targets out where nobody says.
    pub evaluate_target_health: bool,
    /// What the TXT records are named that say whose the records are.
    pub txt_names: TxtNames,
    /// By which key their values are read, and written; without one they are plain text.
    pub txt_cipher: Option<TxtCipher>,
    /// For how long an answer may be kept where nobody says, in seconds; external-dns's default
    /// where there is none.
    pub ttl: Option<i64>,
    /// What becomes of names of load balancers, and of targets that are names.
    pub alias_use: AliasUse,
    /// What one batch of changes holds at most.
    pub batch: BatchLimits,
}

impl DnsSettings {
    /// Reads the value of a TXT record, whether it is plain text or not. None where it says nothing
    /// of the kind.
    #[must_use]
    pub fn ownership(&self, value: &str) -> Option<Ownership> {
        let text = self.txt_cipher.as_ref().and_then(|cipher| cipher.read(value));
        Ownership::parse(text.as_deref().unwrap_or(value))
    }

    /// The value, in its quotes, of the TXT record of a zone that says whose a record is.
    #[must_use]
    pub fn txt_value(&self, ownership: &Ownership, zone: &AwsId, key: &RecordKey) -> String {
        let set_identifier = key.set_identifier.as_deref().unwrap_or_default();
        self.written(ownership, &[zone.as_str(), &key.name, set_identifier])
    }

    /// How many characters long such a value is; its quotes do not count.
    #[must_use]
    pub fn txt_length(&self, ownership: &Ownership) -> usize {
        self.written(ownership, &[]).trim_matches('"').len()
    }

    fn written(&self, ownership: &Ownership, place: &[&str]) -> String {
        let text = ownership.to_string();
        let Some(cipher) = self.txt_cipher.as_ref().filter(|cipher| cipher.is_used) else {
            return text;
        };
        // What says nothing makes nobody an owner, so that a plan with it is not carried out.
        let value = cipher.write(text.trim_matches('"'), place).unwrap_or_default();
        format!("\"{value}\"")
    }

    /// Whether the value of a TXT record says this and nothing else, written as it would be now.
    #[must_use]
    pub fn says(&self, value: &str, ownership: &Ownership) -> bool {
        let text = ownership.to_string();
        match self.txt_cipher.as_ref().filter(|cipher| cipher.is_used) {
            Some(cipher) => cipher.read(value).as_deref() == Some(text.trim_matches('"')),
            None => value == text,
        }
    }
}

/// The Ingresses of which a template makes names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TemplateUse {
    /// Those that have no names otherwise.
    #[default]
    WhereNone,
    /// All.
    Always,
}

/// When a record is an alias rather than a CNAME record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AliasUse {
    /// Where the target is something of AWS's that an alias can lead to.
    #[default]
    Possible,
    /// Where an annotation says so (external-dns's `--aws-prefer-cname`).
    Asked,
    /// Wherever it leads (external-dns's `--prefer-alias`).
    Always,
}

/// The Ingresses whose hosts become names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsScope {
    /// Those of our own classes.
    OwnClasses,
    /// All of ours.
    All,
    /// None.
    Off,
}

/// What may happen to records (external-dns's `--policy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsPolicy {
    /// They are made, changed and removed.
    Sync,
    /// They are made and changed.
    UpsertOnly,
    /// They are made.
    CreateOnly,
}

/// What becomes of endpoints whose addresses no pod of their namespace has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Podless {
    /// They are no targets: anybody can write a slice.
    LeftOut,
    /// They are targets all the same.
    Registered,
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
