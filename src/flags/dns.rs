//! Flags that decide which names lead to load balancers: external-dns's, where it has them.

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::FlagError;
use super::spelling::boolean;
use crate::model::settings::{ANNOTATION_PREFIXES, DnsPolicy, DnsScope, DnsSettings};

/// Flags that decide which names lead to load balancers.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Names in Route 53 (external-dns's flags, but for --dns and --take-names-from)"
)]
pub struct DnsFlags {
    /// Whether hosts become Route 53 records: of Ingresses of every class, or of none. Default:
    /// only of classes under alb.ingress.k8s.aws.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL",
        value_parser = boolean)]
    pub dns: Option<bool>,
    /// Whose the records are; another controller with the same id takes them for its own. Default:
    /// the cluster's name, and of external-dns's "default" what leads to load balancers of this
    /// cluster.
    #[arg(long, value_name = "ID", value_parser = owner)]
    pub txt_owner_id: Option<String>,
    /// Take names over that lead to load balancers of this cluster once an Ingress asks for them
    /// here; where it lies in another VPC or region, the owner id of its records. May be repeated.
    #[arg(long, value_name = "CLUSTER")]
    pub take_names_from: Vec<String>,
    /// Keep names in these domains only; one that begins with a dot does not mean the domain
    /// itself. May be repeated.
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    pub domain_filter: Vec<String>,
    /// Use only the hosted zones whose ids end with this. May be repeated.
    #[arg(long, value_name = "ID")]
    pub zone_id_filter: Vec<String>,
    /// What may happen to records: anything, no removals, or creations only.
    #[arg(long, default_value = "sync",
        value_parser = PossibleValuesParser::new(["sync", "upsert-only", "create-only"]))]
    pub policy: String,
    /// What annotations about names begin with. Default: external-dns.kubernetes.io/ and, as before
    /// external-dns 0.22, external-dns.alpha.kubernetes.io/. What one of them says that is not read
    /// holds the names of its Ingress still.
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    pub annotation_prefix: Option<String>,
    /// Whether Route 53 leaves out load balancers without healthy targets where nobody says.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub aws_evaluate_target_health: bool,
}

impl DnsFlags {
    pub(super) fn settings(&self, cluster: &str) -> Result<DnsSettings, FlagError> {
        let Self {
            dns,
            txt_owner_id,
            take_names_from,
            domain_filter,
            zone_id_filter,
            policy,
            annotation_prefix,
            aws_evaluate_target_health,
        } = self;
        let scope = match dns {
            None => DnsScope::OwnClasses,
            Some(true) => DnsScope::All,
            Some(false) => DnsScope::Off,
        };
        if txt_owner_id.is_none() && scope != DnsScope::Off && owner(cluster).is_err() {
            return Err(FlagError::NoOwner(cluster.to_owned()));
        }
        Ok(DnsSettings {
            scope,
            owner: txt_owner_id.clone().unwrap_or_else(|| cluster.to_owned()),
            keeps_default: txt_owner_id.is_none(),
            taken_from: take_names_from.clone(),
            domains: domain_filter.clone(),
            zone_ids: zone_id_filter.clone(),
            policy: match policy.as_str() {
                "upsert-only" => DnsPolicy::UpsertOnly,
                "create-only" => DnsPolicy::CreateOnly,
                _ => DnsPolicy::Sync,
            },
            annotation_prefixes: match annotation_prefix {
                Some(only) => vec![only.clone()],
                None => ANNOTATION_PREFIXES.map(str::to_owned).to_vec(),
            },
            evaluate_target_health: *aws_evaluate_target_health,
        })
    }
}

/// An owner's id: what has a meaning in the TXT record would be read back as something else.
fn owner(text: &str) -> Result<String, String> {
    let is_meant = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | '"' | '=' | '\\');
    if text.is_empty() || !text.chars().all(is_meant) {
        return Err("expected one or more visible ASCII characters but , = \" and \\".to_owned());
    }
    Ok(text.to_owned())
}

/// A domain in the one spelling that is used: lower case, without the last dot.
fn domain(text: &str) -> Result<String, String> {
    let domain = text.trim().strip_suffix('.').unwrap_or(text.trim()).to_lowercase();
    let labels = domain.strip_prefix('.').unwrap_or(&domain);
    if labels.is_empty() || labels.split('.').any(str::is_empty) {
        return Err("expected a domain such as example.com or .example.com".to_owned());
    }
    Ok(domain)
}

/// The start of annotations, up to their names.
fn prefix(text: &str) -> Result<String, String> {
    match text.strip_suffix('/') {
        Some(domain) if !domain.is_empty() => Ok(text.to_owned()),
        Some(_) | None => Err("expected a domain followed by a slash".to_owned()),
    }
}
