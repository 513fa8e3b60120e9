//! Flags that decide which names lead to load balancers: external-dns's, where it has them.

use std::fmt;

use clap::Args;
use clap::builder::PossibleValuesParser;
use zeroize::Zeroizing;

use super::FlagError;
use super::dns_batch::DnsBatchFlags;
use super::dns_filter::DnsFilterFlags;
use super::spelling::{boolean, given};
use crate::desired::names::ttl;
use crate::model::ownership::{TEMPLATE, TxtCipher, TxtNames};
use crate::model::role::Role;
use crate::model::settings::{
    ANNOTATION_PREFIXES, AliasUse, DnsPolicy, DnsScope, DnsSettings, TemplateUse,
};
use crate::model::template::Template;

/// Flags that decide which names lead to load balancers.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Names in Route 53 (external-dns's flags, but for --dns and --take-names-from)"
)]
#[expect(clippy::struct_excessive_bools, reason = "these are the switches of a command line")]
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
    /// Which names are kept.
    #[command(flatten)]
    pub filter: Box<DnsFilterFlags>,
    /// How changes of names go to Route 53.
    #[command(flatten)]
    pub batch: DnsBatchFlags,
    /// Make names by this template of Go's where an Ingress has none, with commas between several,
    /// such as {{.Name}}.{{.Namespace}}.example.com, of its metadata, its class, and the hosts of
    /// its rules and TLS entries; what is not understood stops the start. May be repeated.
    #[arg(long, value_name = "TEMPLATE")]
    pub fqdn_template: Vec<String>,
    /// Make names by --fqdn-template also where an Ingress has some.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub combine_fqdn_annotation: bool,
    /// Take names over whose records have this owner once an Ingress asks for them here; others of
    /// that owner stay.
    #[arg(long, value_name = "ID", value_parser = owner)]
    pub migrate_from_txt_owner: Option<String>,
    /// Keep names also where an external-dns of this cluster has the same owner id. Without this
    /// none are kept at all where it would change or remove them.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub beside_external_dns: bool,
    /// Lead names to these addresses, or to this name, where --force-default-targets is on. May be
    /// repeated.
    #[arg(long, value_name = "TARGET")]
    pub default_targets: Vec<String>,
    /// Lead all names to --default-targets, whatever their Ingresses say.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub force_default_targets: bool,
    /// Call Route 53 by this role, which may be of the account whose zones they are: its ARN. The
    /// controller's own role has to be allowed sts:AssumeRole of it.
    #[arg(long, value_name = "ARN", value_parser = role)]
    pub aws_assume_role: Option<String>,
    /// The external id that the role asks for.
    #[arg(long, value_name = "ID")]
    pub aws_assume_role_external_id: Option<String>,
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
    /// What the names of the TXT records of owners begin with; %{record_type} in it is the type of
    /// the record that they stand beside. Who changes it owns nothing of what stands.
    #[arg(long, value_name = "PREFIX", default_value = "", conflicts_with = "txt_suffix",
        value_parser = affix)]
    pub txt_prefix: String,
    /// What the first label of the names of those TXT records ends with, likewise.
    #[arg(long, value_name = "SUFFIX", default_value = "", value_parser = affix)]
    pub txt_suffix: String,
    /// What stands in the names of those TXT records for a first label that is an asterisk.
    #[arg(long, value_name = "LABEL", value_parser = affix)]
    pub txt_wildcard_replacement: Option<String>,
    /// Encrypt what those TXT records say, by --txt-encrypt-aes-key.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub txt_encrypt_enabled: bool,
    /// The key of AES-256 by which that is done, and by which what is encrypted is read: 32 bytes,
    /// or base64 of them. Arguments can be seen by whoever sees the pod; the environment can be
    /// filled from a Secret.
    #[arg(
        long,
        value_name = "KEY",
        env = "EXTERNAL_DNS_TXT_ENCRYPT_AES_KEY",
        hide_env_values = true
    )]
    pub txt_encrypt_aes_key: Option<AesKey>,
    /// For how long, in seconds or as 5m, an answer may be kept where no annotation says; 300 s
    /// where nobody does.
    #[arg(long, value_name = "DURATION", value_parser = ttl)]
    pub min_ttl: Option<i64>,
    /// Lead names by CNAME records to AWS's own, but where the annotation alias says otherwise.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub aws_prefer_cname: bool,
    /// Lead names by aliases wherever they lead.
    #[arg(long, num_args = 0..=1, default_value_t = false, default_missing_value = "true",
        action = clap::ArgAction::Set, value_name = "BOOL", value_parser = boolean)]
    pub prefer_alias: bool,
}

/// A key that nobody sees: neither what is wrong with it nor what was given is ever shown.
#[derive(Clone)]
pub struct AesKey(Zeroizing<String>);

impl From<String> for AesKey {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesKey(..)")
    }
}

impl DnsFlags {
    /// The role that Route 53 is called by.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        let arn = given(self.aws_assume_role.as_ref())?.to_owned();
        let external_id = given(self.aws_assume_role_external_id.as_ref()).map(str::to_owned);
        Some(Role { arn, external_id })
    }

    /// What makes names of Ingresses.
    fn template(&self) -> Result<Option<Template>, FlagError> {
        let text = self.fqdn_template.join(",");
        let template = (!text.trim().is_empty()).then(|| Template::new(&text)).transpose();
        let template = template.map_err(FlagError::Template)?;
        if template.is_none() && self.filter.ignore_hostname_annotation {
            return Err(FlagError::NoTemplate);
        }
        Ok(template)
    }

    /// By which key values of TXT records are read and written.
    fn cipher(&self) -> Result<Option<TxtCipher>, FlagError> {
        let key = self.txt_encrypt_aes_key.as_ref().filter(|key| !key.0.is_empty());
        match key {
            Some(key) => {
                let cipher = TxtCipher::new(&key.0, self.txt_encrypt_enabled);
                cipher.ok_or(FlagError::NoKey).map(Some)
            }
            None if self.txt_encrypt_enabled => Err(FlagError::KeyMissing),
            None => Ok(None),
        }
    }

    pub(super) fn settings(&self, cluster: &str) -> Result<DnsSettings, FlagError> {
        let Self {
            dns,
            txt_owner_id,
            take_names_from,
            filter,
            batch,
            fqdn_template: _,
            combine_fqdn_annotation,
            migrate_from_txt_owner,
            default_targets,
            force_default_targets,
            beside_external_dns: _,
            aws_assume_role: _,
            aws_assume_role_external_id: _,
            policy,
            annotation_prefix,
            aws_evaluate_target_health,
            txt_prefix,
            txt_suffix,
            txt_wildcard_replacement,
            txt_encrypt_enabled: _,
            txt_encrypt_aes_key: _,
            min_ttl,
            aws_prefer_cname,
            prefer_alias,
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
            filter: Box::new(filter.filter()),
            template: self.template()?,
            template_use: match combine_fqdn_annotation {
                true => TemplateUse::Always,
                false => TemplateUse::WhereNone,
            },
            forced_targets: match force_default_targets {
                true => default_targets.clone(),
                false => Vec::new(),
            },
            owner_before: migrate_from_txt_owner.clone(),
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
            txt_names: TxtNames {
                prefix: txt_prefix.clone(),
                suffix: txt_suffix.clone(),
                wildcard: txt_wildcard_replacement.clone(),
            },
            txt_cipher: self.cipher()?,
            ttl: *min_ttl,
            alias_use: match (prefer_alias, aws_prefer_cname) {
                (true, _) => AliasUse::Always,
                (false, true) => AliasUse::Asked,
                (false, false) => AliasUse::Possible,
            },
            batch: batch.limits(),
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

/// A role by its ARN; an empty one is none.
fn role(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts.as_slice() {
        [""] => Ok(String::new()),
        ["arn", _, "iam", "", _, resource] if resource.starts_with("role/") => Ok(text.to_owned()),
        _ => Err("expected an ARN such as arn:aws:iam::123456789012:role/dns".to_owned()),
    }
}

/// A part of the names of TXT records, in the one spelling that is used: lower case.
fn affix(text: &str) -> Result<String, String> {
    let affix = text.to_lowercase();
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !affix.replace(TEMPLATE, "").chars().all(of_name) {
        return Err(format!("expected a part of a name, which may hold {TEMPLATE}"));
    }
    Ok(affix)
}

/// For how long an answer may be kept, in seconds.
fn ttl(text: &str) -> Result<i64, String> {
    ttl::read(text).ok_or_else(|| format!("expected {}", ttl::EXPECTED))
}

/// The start of annotations, up to their names.
fn prefix(text: &str) -> Result<String, String> {
    match text.strip_suffix('/') {
        Some(domain) if !domain.is_empty() => Ok(text.to_owned()),
        Some(_) | None => Err("expected a domain followed by a slash".to_owned()),
    }
}
