//! Every flag once, with LBC's and external-dns's names and defaults, and what the flags mean.

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::aws::Limits;
use crate::model::id::AwsId;
use crate::model::load_balancer::Scheme;
use crate::model::marks::{TRACKING_TAGS, Tags};
use crate::model::settings::{
    ANNOTATION_PREFIXES, BackendSecurityGroup, DnsPolicy, DnsScope, DnsSettings, Podless,
    ProtectionSettings, Removals, Settings,
};
use crate::model::snapshot::Extent;
use crate::model::subject::Place;
use crate::model::target_group::TargetType;
use crate::telemetry::LogFormat;

mod error;

pub use error::FlagError;

/// Keeps AWS in line with Kubernetes Ingresses: ALBs, listeners, rules, target groups, security
/// groups, certificates, names.
///
/// AWS is found through the SDK's own chain (environment, profile, web identity) and
/// AWS_ENDPOINT_URL; the cluster through KUBECONFIG, or from within it.
#[derive(Debug, Parser)]
#[command(name = "albedo", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What a person can ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows what would change in AWS, and changes nothing.
    ///
    /// Exit code 0: nothing would change. 2: something would, or an object has a problem. 1: it
    /// could not be told.
    Plan(PlanFlags),
    /// Runs the controller: keeps AWS in line until it is stopped.
    Run(RunFlags),
}

/// How a command prints what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Aligned text, for people.
    Text,
    /// One JSON document, for programs.
    Json,
}

/// Flags of `albedo plan`.
#[derive(Debug, Args)]
pub struct PlanFlags {
    /// Manifests to plan for instead of the cluster, as files; "-" is standard input.
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    pub files: Vec<String>,
    /// The namespace that the controller remembers things in. Default: the pod's own, or
    /// kube-system.
    #[arg(long, value_name = "NAMESPACE")]
    pub leader_election_namespace: Option<String>,
    /// How to print the plan.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// What is built, and where.
    #[command(flatten)]
    pub build: BuildFlags,
}

/// Flags of `albedo run`.
#[derive(Debug, Args)]
pub struct RunFlags {
    /// What is built, and where.
    #[command(flatten)]
    pub build: BuildFlags,
    /// Whether only the process that holds the Lease writes.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub enable_leader_election: bool,
    /// The name of the Lease. The default is LBC's own, so that the two never write at once.
    #[arg(long, default_value = "aws-load-balancer-controller-leader", value_name = "NAME")]
    pub leader_election_id: String,
    /// The namespace of the Lease. Default: the pod's own, or kube-system outside a cluster.
    #[arg(long, value_name = "NAMESPACE")]
    pub leader_election_namespace: Option<String>,
    /// Where /healthz and /readyz are served.
    #[arg(long, default_value = ":61779", value_name = "ADDRESS",
        value_parser = crate::serve::address)]
    pub health_probe_bind_addr: std::net::SocketAddr,
    /// Where /metrics is served.
    #[arg(long, default_value = ":8080", value_name = "ADDRESS",
        value_parser = crate::serve::address)]
    pub metrics_bind_addr: std::net::SocketAddr,
    /// How many Ingress groups are worked on at once.
    #[arg(long, default_value_t = 3, value_name = "COUNT",
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub ingress_max_concurrent_reconciles: u16,
    /// How many TargetGroupBindings are worked on at once.
    #[arg(long, default_value_t = 3, value_name = "COUNT",
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub targetgroupbinding_max_concurrent_reconciles: u16,
    /// Hours after which everything is read from AWS again.
    #[arg(long, default_value = "10h", value_name = "DURATION", value_parser = duration)]
    pub sync_period: std::time::Duration,
    /// How often AWS is called: by service and operation, calls a second and calls at once. Naming
    /// a service replaces all of its defaults, which are LBC's.
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "SERVICE:REGEX=RATE:BURST,..."
    )]
    pub aws_api_throttle: Limits,
    /// How much is logged.
    #[arg(long, default_value = "info",
        value_parser = PossibleValuesParser::new(["error", "warn", "info", "debug", "trace"]))]
    pub log_level: String,
    /// How the log looks. Default: text on a terminal, a JSON object a line elsewhere.
    #[arg(long, value_enum)]
    pub log_format: Option<LogFormat>,
}

/// LBC's flags for what this version does not do: accepted, so that its manifests start, and noted
/// in the log.
pub const IGNORED: &[&str] = &[
    "allowed-certificate-authority-arns",
    "aws-api-endpoints",
    "aws-max-retries",
    "aws-vpc-cache-ttl",
    "aws-vpc-tag-key",
    "aws-vpc-tags",
    "default-load-balancer-class",
    "default-pca-arn",
    "disable-ingress-class-annotation",
    "disable-ingress-group-name-annotation",
    "enable-endpoint-slices",
    "enable-manage-backend-security-group-rules",
    "enable-pod-readiness-gate-inject",
    "feature-gates",
    "kube-ca-pem-filepath",
    "kubeconfig",
    "lb-stabilization-monitor-interval",
    "load-balancer-class",
    "max-targets-per-target-group",
    "required-secrets-label",
    "service-max-concurrent-reconciles",
    "targetgroupbinding-max-exponential-backoff-delay",
    "targetgroupbinding-requeue-duration",
    "tolerate-non-existent-backend-action",
    "webhook-bind-port",
    "webhook-cert-dir",
    "webhook-cert-file",
    "webhook-key-file",
];

impl Cli {
    /// Reads a command line. LBC's flags that do nothing here are taken out, and named beside it.
    ///
    /// # Errors
    /// What is wrong with it, or the help that it asks for.
    pub fn parse_with_ignored(
        args: impl IntoIterator<Item = std::ffi::OsString>,
    ) -> Result<(Self, Vec<String>), clap::Error> {
        let mut command = <Self as clap::CommandFactory>::command();
        for flag in IGNORED {
            let arg = clap::Arg::new(*flag).long(*flag).hide(true).num_args(0..=1);
            let arg = arg.action(clap::ArgAction::Append);
            command = command.mut_subcommand("run", |run| run.arg(arg));
        }
        let matches = command.try_get_matches_from(args)?;
        let run = matches.subcommand_matches("run");
        let is_given = |flag: &str| {
            run.is_some_and(|run| {
                run.value_source(flag) == Some(clap::parser::ValueSource::CommandLine)
            })
        };
        let ignored = IGNORED.iter().filter(|flag| is_given(flag));
        let ignored = ignored.map(|flag| (*flag).to_owned()).collect();
        let cli = <Self as clap::FromArgMatches>::from_arg_matches(&matches)?;
        Ok((cli, ignored))
    }
}

/// A duration as Go writes it, such as `10h` or `1h30m`.
fn duration(text: &str) -> Result<std::time::Duration, String> {
    let allowed = || format!("{text:?} is no duration such as 10h, 30m or 90s");
    let span: jiff::SignedDuration = text.parse().map_err(|_| allowed())?;
    let duration = std::time::Duration::try_from(span).map_err(|_| allowed())?;
    if duration.is_zero() { Err(allowed()) } else { Ok(duration) }
}

/// How long what has been replaced is kept: a record of a load balancer lives 60 s, and resolvers
/// are not on time.
const GRACE: std::time::Duration = std::time::Duration::from_secs(90);
/// The same where another controller leads names elsewhere: external-dns looks once a minute, and
/// may be busy or limited by Route 53.
const GRACE_ELSEWHERE: std::time::Duration = std::time::Duration::from_secs(5 * 60);

/// Flags that decide what is built; the same for every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is built, and where (LBC's flags)")]
#[expect(clippy::struct_excessive_bools, reason = "these are the switches of a command line")]
pub struct BuildFlags {
    /// The cluster's name; it goes into names and tags of everything in AWS.
    #[arg(long, env = "CLUSTER_NAME", value_name = "NAME")]
    pub cluster_name: Option<String>,
    /// Look at one namespace only. What lies in others is left alone: their names, their rules on
    /// nodes and pods, their certificates and their part in shared groups.
    #[arg(long, value_name = "NAMESPACE")]
    pub watch_namespace: Option<String>,
    /// Take what --watch-namespace shows for all there is: no other namespace has anything under
    /// this cluster name and --txt-owner-id.
    #[arg(long, requires = "watch_namespace")]
    pub watch_namespace_is_all: bool,
    /// The AWS region. Default: the SDK's own chain (AWS_REGION, profile).
    #[arg(long, value_name = "REGION")]
    pub aws_region: Option<String>,
    /// The VPC. Default: the region's only VPC, or else its default one.
    #[arg(long, value_name = "VPC")]
    pub aws_vpc_id: Option<String>,
    /// The value of the annotation kubernetes.io/ingress.class that is answered.
    #[arg(long, default_value = "alb", value_name = "CLASS")]
    pub ingress_class: String,
    /// The scheme of load balancers where nobody names one.
    #[arg(long, default_value = "internal",
        value_parser = PossibleValuesParser::new(["internal", "internet-facing"]))]
    pub default_load_balancer_scheme: String,
    /// What targets are where nobody says. This version builds ip.
    #[arg(long, default_value = "instance",
        value_parser = PossibleValuesParser::new(["instance", "ip"]))]
    pub default_target_type: String,
    /// The TLS policy of HTTPS listeners where nobody names one.
    #[arg(long, default_value = "ELBSecurityPolicy-2016-08", value_name = "POLICY")]
    pub default_ssl_policy: String,
    /// Tags of everything that is made.
    #[arg(long, value_name = "KEY=VALUE,...", value_delimiter = ',', value_parser = pair)]
    pub default_tags: Vec<(String, String)>,
    /// Keys of tags that somebody else keeps: never added, never removed.
    #[arg(long, value_name = "KEY,...", value_delimiter = ',')]
    pub external_managed_tags: Vec<String>,
    /// Whether load balancers share a backend security group that pods let in.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub enable_backend_security_group: bool,
    /// The backend security group to use instead of a managed one.
    #[arg(long, value_name = "SG")]
    pub backend_security_group: Option<String>,
    /// Whether pods' security groups are opened on all ports instead of those in use.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub disable_restricted_sg_rules: bool,
    /// Whether a backend that does not exist answers 503 instead of making its Ingress bad.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub tolerate_non_existent_backend_service: bool,
    /// Register endpoints whose addresses no pod of their namespace has, too, such as those of
    /// slices that people write by hand. Whoever may write EndpointSlices then leads load balancers
    /// to any address that AWS takes.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub targets_without_pods: bool,
    /// Import the TLS Secrets of Ingresses of every class, not only of those under
    /// alb.ingress.k8s.aws.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub tls_secrets: bool,
    /// Tags that mark, besides the cluster's, the security group of a pod's network interface.
    #[arg(long, value_name = "KEY=VALUE,...", value_delimiter = ',', value_parser = pair)]
    pub service_target_eni_security_group_tags: Vec<(String, String)>,
    /// Whether somebody who asks for a web ACL of AWS WAF Classic, which is at its end, hears of
    /// WAFv2; load balancers keep those that they have.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub enable_waf: bool,
    /// Whether load balancers are given the web ACLs of WAFv2 that Ingresses ask for.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub enable_wafv2: bool,
    /// Whether Shield Advanced protects load balancers as Ingresses ask.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL")]
    pub enable_shield: bool,
    /// How long a load balancer or target group that has been replaced is kept, and an Ingress in
    /// the group that it has left for another, for requests under way and for resolvers that
    /// remember the address (a record of a load balancer lives 60 s). Default: 90s, and 5m where
    /// another controller keeps the names, such as external-dns, which looks once a minute.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub replacement_grace: Option<std::time::Duration>,
    /// Let go what is held because its owners are out of sight: many rules, targets or records
    /// whose Ingresses and pods the cluster's lists do not have, and all of it that a cluster
    /// finds which nothing of ours has ever been in. Events and the log say what is held, and with
    /// which annotation of an IngressClass it goes alone.
    #[arg(long)]
    pub accept_removals: bool,
    /// The names that lead to load balancers.
    #[command(flatten)]
    pub dns: DnsFlags,
}

/// Flags that decide which names lead to load balancers.
#[derive(Debug, Args)]
#[command(
    next_help_heading = "Names in Route 53 (external-dns's flags, but for --dns and --take-names-from)"
)]
pub struct DnsFlags {
    /// Whether hosts become Route 53 records: of Ingresses of every class, or of none. Default:
    /// only of classes under alb.ingress.k8s.aws.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
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
        default_missing_value = "true", value_name = "BOOL")]
    pub aws_evaluate_target_health: bool,
}

impl DnsFlags {
    fn settings(&self, cluster: &str) -> Result<DnsSettings, FlagError> {
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

/// A pair `key=value`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("expected key=value".to_owned()),
    }
}

impl BuildFlags {
    /// The flags as meant, in a region, a VPC and a cluster that are known by now.
    ///
    /// # Errors
    /// The flag that cannot be meant, and what to do about it.
    pub fn settings(
        &self,
        cluster: String,
        region: String,
        vpc: AwsId,
    ) -> Result<Settings, FlagError> {
        // Named one by one, so that a flag which nobody reads does not compile.
        let Self {
            cluster_name: _,
            watch_namespace,
            watch_namespace_is_all,
            aws_region: _,
            aws_vpc_id: _,
            ingress_class,
            default_load_balancer_scheme,
            default_target_type,
            default_ssl_policy,
            default_tags,
            external_managed_tags,
            enable_backend_security_group,
            backend_security_group,
            disable_restricted_sg_rules,
            tolerate_non_existent_backend_service,
            targets_without_pods,
            tls_secrets,
            service_target_eni_security_group_tags,
            enable_waf,
            enable_wafv2,
            enable_shield,
            dns,
            replacement_grace,
            accept_removals,
        } = self;
        let default_tags: Tags = default_tags.iter().cloned().collect();
        check_tags(&default_tags, external_managed_tags)?;
        let backend = match (enable_backend_security_group, backend_security_group) {
            (false, _) => BackendSecurityGroup::Off,
            (true, None) => BackendSecurityGroup::Managed,
            (true, Some(id)) if id.starts_with("sg-") => {
                BackendSecurityGroup::Given(AwsId::new(id))
            }
            (true, Some(other)) => return Err(FlagError::NoSecurityGroup(other.clone())),
        };
        let dns = dns.settings(&cluster)?;
        let watched = watch_namespace.as_deref().filter(|_| !watch_namespace_is_all);
        Ok(Settings {
            cluster,
            extent: Extent::of_namespace(watched),
            place: Place { role: None, region },
            vpc,
            ingress_class: ingress_class.clone(),
            default_scheme: match default_load_balancer_scheme.as_str() {
                "internet-facing" => Scheme::InternetFacing,
                _ => Scheme::Internal,
            },
            default_target_type: match default_target_type.as_str() {
                "ip" => TargetType::Ip,
                _ => TargetType::Instance,
            },
            default_ssl_policy: default_ssl_policy.clone(),
            default_tags,
            external_managed_tags: external_managed_tags.clone(),
            backend,
            restricted_rules: !disable_restricted_sg_rules,
            podless: if *targets_without_pods { Podless::Registered } else { Podless::LeftOut },
            tolerate_missing_service: *tolerate_non_existent_backend_service,
            tls_secrets: *tls_secrets,
            protection: ProtectionSettings {
                waf_classic: *enable_waf,
                wafv2: *enable_wafv2,
                shield: *enable_shield,
            },
            dns,
            endpoint_group_tags: service_target_eni_security_group_tags.iter().cloned().collect(),
            removals: if *accept_removals { Removals::Accepted } else { Removals::Held },
            replacement_grace: replacement_grace.unwrap_or(GRACE),
            replacement_grace_elsewhere: replacement_grace.unwrap_or(GRACE_ELSEWHERE),
        })
    }
}

fn check_tags(default_tags: &Tags, external_managed_tags: &[String]) -> Result<(), FlagError> {
    let of_default = default_tags.keys().map(|key| ("default-tags", key.as_str()));
    let of_external = external_managed_tags.iter().map(|key| ("external-managed-tags", &**key));
    for (flag, key) in of_default.chain(of_external) {
        if TRACKING_TAGS.contains(&key) {
            return Err(FlagError::TrackingTag { flag, key: key.to_owned() });
        }
    }
    match default_tags.keys().find(|key| external_managed_tags.iter().any(|other| *key == other)) {
        Some(key) => Err(FlagError::ManagedTwice(key.to_string())),
        None => Ok(()),
    }
}
