//! Every flag once, with LBC's and external-dns's names and defaults, and what the flags mean.

use std::path::Path;
use std::sync::Arc;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use smol_str::SmolStr;

use crate::model::id::AwsId;
use crate::model::load_balancer::Scheme;
use crate::model::marks::{TRACKING_TAGS, Tags};
use crate::model::settings::{
    BackendSecurityGroup, Podless, ProtectionSettings, Refusals, Removals, Scope, Settings,
};
use crate::model::snapshot::Extent;
use crate::model::subject::Place;
use crate::model::target_group::TargetType;

mod adopt;
mod completions;
mod dns;
mod dns_batch;
mod dns_filter;
mod doctor;
mod error;
mod explain;
mod external_dns;
mod gates;
mod help;
mod lbc;
mod process;
mod reach;
mod spelling;
mod sweep;

pub use adopt::{AdoptFlags, Origin};
pub use completions::CompletionsFlags;
pub use dns::{AesKey, DnsFlags};
pub use dns_filter::{DnsFilterFlags, ManagedType, TargetNet, ZoneTag};
pub use doctor::DoctorFlags;
pub use error::FlagError;
pub use explain::ExplainFlags;
pub use external_dns::FLAGS as EXTERNAL_DNS_FLAGS;
pub use gates::{GATES, Gate, Otherwise, Switched};
pub use lbc::{Effect, FLAGS as LBC_FLAGS, ForeignFlag, Value};
pub use process::{Duties, ProcessFlags};
pub use reach::ReachFlags;
pub use spelling::{Pairs, Words};
pub use sweep::SweepFlags;

use spelling::{all_pairs, all_words, boolean, duration, given, pairs, words};

/// Keeps AWS in line with Kubernetes Ingresses: ALBs, listeners, rules, target groups, security
/// groups, certificates, names.
///
/// AWS is found through the SDK's own chain (environment, profile, web identity) and
/// AWS_ENDPOINT_URL; the cluster through KUBECONFIG, or from within it.
#[derive(Debug, Parser)]
#[command(
    name = "albedo",
    version,
    max_term_width = 100,
    args_override_self = true,
    after_help = help::ALL
)]
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
    #[command(after_help = help::PLAN)]
    Plan(PlanFlags),
    /// Explains whether a request would be served, by which pod, and where it ends if not; and
    /// whether a pod gets requests.
    ///
    /// Exit code 0: it would be served. 2: it would not, and what is said tells why. 1: it could
    /// not be told.
    #[command(after_help = help::EXPLAIN)]
    Explain(ExplainFlags),
    /// Runs the controller: keeps AWS in line until it is stopped.
    #[command(after_help = help::RUN)]
    Run(RunFlags),
    /// Shows what stands in AWS in the cluster's name and nobody owns, and deletes it on demand.
    ///
    /// Exit code 0: nothing does, or all of it was deleted. 2: something does, or is left. 1: it
    /// could not be told, or nobody said that it may be deleted.
    #[command(after_help = help::SWEEP)]
    Sweep(SweepFlags),
    /// Finds out what is wrong with how everything is set up, and changes nothing.
    ///
    /// Exit code 0: no check finds anything. 2: some do.
    #[command(after_help = help::DOCTOR)]
    Doctor(DoctorFlags),
    /// Proves that taking over from AWS Load Balancer Controller and external-dns changes nothing,
    /// or lists what it would; says what is done in which order.
    ///
    /// Exit code 0: nothing would change. 2: something would. 1: it could not be told.
    #[command(after_help = help::ADOPT)]
    Adopt(AdoptFlags),
    /// Prints what a shell needs to complete the command line.
    #[command(after_help = help::COMPLETIONS)]
    Completions(CompletionsFlags),
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
    /// Manifests to plan for instead of the cluster: files, or folders with all that lies in them;
    /// "-" is standard input, as for what kubectl kustomize prints.
    #[arg(short = 'f', long = "filename", value_name = "FILE")]
    pub files: Vec<String>,
    /// How to print the plan.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// Whether a plan that would change something, or finds a problem, ends with exit code 2; false
    /// is for pipelines that stop at any code but 0, and then only 1 is one.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub detailed_exitcode: bool,
    /// What is built, and where.
    #[command(flatten)]
    pub build: BuildFlags,
    /// How the controller runs; a plan looks at where things are remembered only.
    #[command(flatten)]
    pub process: ProcessFlags,
}

/// Flags of `albedo run`.
#[derive(Debug, Args)]
pub struct RunFlags {
    /// What is built, and where.
    #[command(flatten)]
    pub build: BuildFlags,
    /// How the controller runs.
    #[command(flatten)]
    pub process: ProcessFlags,
}

/// What kubectl runs as `kubectl albedo`.
const PLUGIN: &str = "kubectl-albedo";

impl Cli {
    /// Reads a command line, and says of LBC's flags that are none of ours what they do.
    ///
    /// # Errors
    /// What is wrong with it, or the help that it asks for.
    pub fn parse_with_notes(
        args: impl IntoIterator<Item = std::ffi::OsString>,
    ) -> Result<(Self, Vec<String>), clap::Error> {
        let mut command = <Self as clap::CommandFactory>::command();
        let args: Vec<std::ffi::OsString> = args.into_iter().collect();
        let is_plugin = args.first().is_some_and(|name| Path::new(name).ends_with(PLUGIN));
        if is_plugin {
            command = command.bin_name("kubectl albedo");
        }
        for name in ["plan", "explain", "run", "sweep", "doctor"] {
            command = command.mut_subcommand(name, |command| {
                lbc::accepting(lbc::accepting(command, LBC_FLAGS), EXTERNAL_DNS_FLAGS)
            });
        }
        let matches = help::short(command.clone()).try_get_matches_from_mut(args)?;
        let notes = match matches.subcommand() {
            Some(("adopt" | "completions", _)) | None => Vec::new(),
            Some((_, given)) => {
                let mut notes = lbc::judge(&command, given, LBC_FLAGS)?;
                notes.extend(lbc::judge(&command, given, EXTERNAL_DNS_FLAGS)?);
                notes
            }
        };
        let cli = <Self as clap::FromArgMatches>::from_arg_matches(&matches)?;
        Ok((cli, notes))
    }
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
    /// Whose classes are answered: those of AWS Load Balancer Controller and our own, or only our
    /// own, beside it.
    #[arg(long, default_value = "all", value_name = "SCOPE", value_parser = scope)]
    pub scope: Scope,
    /// Where AWS and the cluster are.
    #[command(flatten)]
    pub reach: ReachFlags,
    /// The value of the annotation kubernetes.io/ingress.class that is answered.
    #[arg(long, default_value = "alb", value_name = "CLASS")]
    pub ingress_class: String,
    /// The scheme of load balancers where nobody names one.
    #[arg(long, default_value = "internal",
        value_parser = PossibleValuesParser::new(["internal", "internet-facing"]))]
    pub default_load_balancer_scheme: String,
    /// What targets are where nobody says: nodes, or pods.
    #[arg(long, default_value = "instance",
        value_parser = PossibleValuesParser::new(["instance", "ip"]))]
    pub default_target_type: String,
    /// The TLS policy of HTTPS listeners where nobody names one.
    #[arg(long, default_value = "ELBSecurityPolicy-2016-08", value_name = "POLICY")]
    pub default_ssl_policy: String,
    /// Tags of everything that is made.
    #[arg(long, value_name = "KEY=VALUE,...", value_parser = pairs)]
    pub default_tags: Vec<Pairs>,
    /// Keys of tags that somebody else keeps: never added, never removed.
    #[arg(long, value_name = "KEY,...", value_parser = words)]
    pub external_managed_tags: Vec<Words>,
    /// The authorities of AWS Private CA whose certificates are found by host. Default: those of
    /// any authority are.
    #[arg(long, value_name = "ARN,...", value_parser = words)]
    pub allowed_certificate_authority_arns: Vec<Words>,
    /// The authority of AWS Private CA that issues the certificates that ACM is asked for where an
    /// Ingress names none. Default: Amazon issues them.
    #[arg(long, value_name = "ARN")]
    pub default_pca_arn: Option<String>,
    /// Whether load balancers share a backend security group that pods let in.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub enable_backend_security_group: bool,
    /// The backend security group to use instead of a managed one.
    #[arg(long, value_name = "SG")]
    pub backend_security_group: Option<String>,
    /// Whether pods let load balancers in by the backend security group also where an Ingress names
    /// security groups and does not say.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub enable_manage_backend_security_group_rules: bool,
    /// Refuse Ingresses that ask for us by the annotation kubernetes.io/ingress.class, but those
    /// that have a load balancer already.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub disable_ingress_class_annotation: bool,
    /// Refuse Ingresses that choose a group by annotation, but those that are in it already.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub disable_ingress_group_name_annotation: bool,
    /// Whether pods' security groups are opened on all ports instead of those in use.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub disable_restricted_sg_rules: bool,
    /// Whether a backend that does not exist answers 503 instead of making its Ingress bad.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub tolerate_non_existent_backend_service: bool,
    /// Whether an action that no annotation holds answers 503 instead of making its Ingress bad.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub tolerate_non_existent_backend_action: bool,
    /// Register endpoints whose addresses no pod of their namespace has, too, such as those of
    /// slices that people write by hand. Whoever may write EndpointSlices then leads load balancers
    /// to any address that AWS takes.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub targets_without_pods: bool,
    /// Import the TLS Secrets of Ingresses of every class, not only of those under
    /// alb.ingress.k8s.aws.
    #[arg(long, default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub tls_secrets: bool,
    /// Tags that mark, besides the cluster's, the security group of a pod's network interface.
    #[arg(long, value_name = "KEY=VALUE,...", value_parser = pairs)]
    pub service_target_eni_security_group_tags: Vec<Pairs>,
    /// Whether somebody who asks for a web ACL of AWS WAF Classic, which is at its end, hears of
    /// WAFv2; load balancers keep those that they have.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub enable_waf: bool,
    /// Whether load balancers are given the web ACLs of WAFv2 that Ingresses ask for.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub enable_wafv2: bool,
    /// Whether Shield Advanced protects load balancers as Ingresses ask.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", value_name = "BOOL", value_parser = boolean)]
    pub enable_shield: bool,
    /// LBC's feature gates.
    #[arg(long, value_name = "GATE=BOOL,...", value_parser = gates::switched)]
    pub feature_gates: Vec<Switched>,
    /// The most targets that are registered in a target group; 0 is as many as there are. What is
    /// registered already stays.
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = spelling::amount)]
    pub max_targets_per_target_group: u32,
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

impl BuildFlags {
    /// The only namespace that is looked at, where there is one.
    #[must_use]
    pub fn namespace(&self) -> Option<String> {
        given(self.watch_namespace.as_ref()).map(str::to_owned)
    }

    /// The flags as meant, in a region, a VPC and a cluster that are known by now.
    ///
    /// # Errors
    /// The flag that cannot be meant, and what to do about it.
    pub fn settings(
        &self,
        cluster: &str,
        region: String,
        vpc: AwsId,
    ) -> Result<Settings, FlagError> {
        // Named one by one, so that a flag which nobody reads does not compile.
        let Self {
            cluster_name: _,
            watch_namespace,
            watch_namespace_is_all,
            scope,
            reach: _,
            ingress_class,
            default_load_balancer_scheme,
            default_target_type,
            default_ssl_policy,
            default_tags,
            external_managed_tags,
            allowed_certificate_authority_arns,
            default_pca_arn,
            enable_backend_security_group,
            backend_security_group,
            enable_manage_backend_security_group_rules,
            disable_ingress_class_annotation,
            disable_ingress_group_name_annotation,
            disable_restricted_sg_rules,
            tolerate_non_existent_backend_service,
            tolerate_non_existent_backend_action,
            targets_without_pods,
            tls_secrets,
            service_target_eni_security_group_tags,
            enable_waf,
            enable_wafv2,
            enable_shield,
            feature_gates,
            max_targets_per_target_group,
            dns,
            replacement_grace,
            accept_removals,
        } = self;
        let default_tags = tags(default_tags);
        let external_managed_tags = all_words(external_managed_tags);
        check_tags(&default_tags, &external_managed_tags)?;
        let backend = given(backend_security_group.as_ref());
        let backend = match (enable_backend_security_group, backend) {
            (_, Some(other)) if !other.starts_with("sg-") => {
                return Err(FlagError::NoSecurityGroup(other.to_owned()));
            }
            (false, _) => BackendSecurityGroup::Off,
            (true, None) => BackendSecurityGroup::Managed,
            (true, Some(id)) => BackendSecurityGroup::Given(AwsId::new(id)),
        };
        if *enable_manage_backend_security_group_rules && !enable_backend_security_group {
            return Err(FlagError::NoBackend);
        }
        let (cluster_named, cluster) = (cluster.to_owned(), scope.named(cluster));
        let dns = dns.settings(&cluster)?;
        let watched = given(watch_namespace.as_ref()).filter(|_| !watch_namespace_is_all);
        Ok(Settings {
            scope: *scope,
            cluster,
            cluster_named,
            extent: Extent::of_namespace(watched),
            place: Arc::new(Place { role: None, region }),
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
            external_managed_tags,
            certificate_authorities: ids(allowed_certificate_authority_arns),
            default_certificate_authority: given(default_pca_arn.as_ref()).map(AwsId::new),
            backend,
            manages_backend_rules: *enable_manage_backend_security_group_rules,
            refuses: Refusals {
                class: *disable_ingress_class_annotation,
                group_name: *disable_ingress_group_name_annotation,
            },
            restricted_rules: !disable_restricted_sg_rules,
            podless: if *targets_without_pods { Podless::Registered } else { Podless::LeftOut },
            tolerate_missing_service: *tolerate_non_existent_backend_service,
            tolerate_missing_action: *tolerate_non_existent_backend_action,
            tls_secrets: *tls_secrets,
            protection: ProtectionSettings {
                waf_classic: *enable_waf,
                wafv2: *enable_wafv2,
                shield: *enable_shield,
            },
            dns,
            endpoint_group_tags: tags(service_target_eni_security_group_tags),
            gates: gates::meant(feature_gates),
            max_targets: match max_targets_per_target_group {
                0 => None,
                most => usize::try_from(*most).ok(),
            },
            removals: if *accept_removals { Removals::Accepted } else { Removals::Braked },
            replacement_grace: replacement_grace.unwrap_or(GRACE),
            replacement_grace_elsewhere: replacement_grace.unwrap_or(GRACE_ELSEWHERE),
        })
    }
}

/// Whose classes are answered.
fn scope(text: &str) -> Result<Scope, String> {
    match text {
        "all" => Ok(Scope::All),
        "own" => Ok(Scope::Own),
        _ => Err("expected all or own".to_owned()),
    }
}

fn tags(uses: &[Pairs]) -> Tags {
    let each = all_pairs(uses).map(|(key, value)| (SmolStr::from(key), SmolStr::from(value)));
    each.collect()
}

fn ids(uses: &[Words]) -> Vec<AwsId> {
    all_words(uses).into_iter().map(AwsId::new).collect()
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
