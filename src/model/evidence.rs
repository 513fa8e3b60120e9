//! What is looked at to find out why something does not work: the flags as meant, what AWS answers,
//! and what the cluster shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::id::{AwsId, ObjectKey};
use super::neighbour::Neighbour;
use super::outcome::Trouble;
use super::record::HostedZones;
use super::settings::Settings;
use super::snapshot::Objects;
use super::surroundings::Surroundings;

/// All that is looked at.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The moment.
    pub now: Timestamp,
    /// The flags as meant, with the region and the VPC.
    pub settings: Result<Settings, Unsettled>,
    /// What AWS answers.
    pub aws: AwsEvidence,
    /// What the cluster shows; or why it cannot be asked.
    pub cluster: Result<ClusterEvidence, String>,
}

/// Why the flags cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// Nobody says what the cluster is called.
    NoClusterName,
    /// Nobody says which region.
    NoRegion,
    /// No VPC was found: why.
    NoVpc(String),
    /// A flag contradicts itself or another one: how.
    Flags(String),
    /// AWS did not answer when it was asked for the VPC; that is among what it did not answer.
    Unanswered,
}

/// The services of AWS that are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// EC2.
    Ec2,
    /// Elastic Load Balancing v2.
    Elb,
    /// ACM.
    Acm,
    /// Route 53.
    Route53,
    /// AWS WAF.
    Wafv2,
    /// AWS Shield.
    Shield,
}

impl Service {
    /// The service of an operation, as in `elbv2.CreateRule`.
    #[must_use]
    pub fn of(operation: &str) -> Option<Self> {
        Some(match operation.split('.').next()? {
            "ec2" => Self::Ec2,
            "elbv2" => Self::Elb,
            "acm" => Self::Acm,
            "route53" => Self::Route53,
            "wafv2" => Self::Wafv2,
            "shield" => Self::Shield,
            _ => return None,
        })
    }
}

/// A read that AWS did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The service and operation, as in `elbv2.DescribeRules`.
    pub operation: String,
    /// What it means.
    pub trouble: Trouble,
    /// AWS's code; empty where no answer came.
    pub code: String,
    /// AWS's message, or what went wrong on the way.
    pub message: String,
}

/// What IAM does not allow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    /// Whose work it is; `None` where only some Ingresses need it.
    pub service: Option<Service>,
    /// The action, in IAM's words.
    pub action: String,
    /// The keys of circumstances that its policies ask for and nobody here knows: with those, the
    /// answer may be another one.
    pub unknown: BTreeSet<String>,
}

/// What AWS answers; a part that it does not answer is `None`.
#[derive(Clone, Debug, Default)]
pub struct AwsEvidence {
    /// What it did not answer.
    pub unanswered: Vec<Unanswered>,
    /// The VPC with its subnets, security groups and network interfaces.
    pub surroundings: Option<Arc<Surroundings>>,
    /// The account's hosted zones, where names are kept.
    pub zones: Option<Arc<HostedZones>>,
    /// How many application load balancers the region has.
    pub load_balancers: Option<usize>,
    /// How many certificates the region has.
    pub certificates: Option<usize>,
    /// How many rules each of the cluster's security groups of nodes and pods has.
    pub rules: BTreeMap<AwsId, usize>,
    /// What IAM does not allow, as far as it may be asked.
    pub denials: BTreeSet<Denial>,
}

/// What a right is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Seeing what load balancers depend on.
    Watch,
    /// Claiming Ingresses, and showing their address.
    Ingresses,
    /// Making and removing TargetGroupBindings.
    Bindings,
    /// Opening readiness gates.
    Gates,
    /// Telling people by Events.
    Events,
    /// Holding the Lease.
    Lease,
    /// Remembering what neither AWS nor the cluster can tell.
    Memory,
}

/// Where a right is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// In every namespace, or of what lies in none.
    Everywhere,
    /// In the namespace of the Lease.
    Home,
    /// In the namespace of what is remembered.
    Memory,
}

/// A right in the cluster that a controller needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// What for.
    pub need: Need,
    /// The API group.
    pub group: &'static str,
    /// The resource, with its subresource after a slash.
    pub resource: &'static str,
    /// The verb.
    pub verb: &'static str,
    /// Where.
    pub place: Where,
}

/// A Deployment of external-dns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalDns {
    /// Its namespace and name.
    pub key: ObjectKey,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// How many pods it asks for.
    pub replicas: i32,
}

impl ExternalDns {
    /// The last value of a flag, where it is given as `--flag=value` or `--flag value`.
    #[must_use]
    pub fn flag<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.flags(name).last()
    }

    /// The values of a flag that may be given several times.
    pub fn flags<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.arguments.iter().enumerate().filter_map(move |(place, argument)| {
            let rest = argument.strip_prefix("--")?.strip_prefix(name)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value),
                None if rest.is_empty() => self.arguments.get(place + 1).map(String::as_str),
                None => None,
            }
        })
    }

    /// The owner of its records (external-dns: `default` where nobody says).
    #[must_use]
    pub fn owner(&self) -> &str {
        self.flag("txt-owner-id").unwrap_or(super::ownership::OWNER_DEFAULT)
    }

    /// Whether it looks at Ingresses.
    #[must_use]
    pub fn serves_ingresses(&self) -> bool {
        self.flags("source").any(|source| source == "ingress")
    }
}

/// The Lease by which one process writes at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseSeen {
    /// Its namespace and name.
    pub key: ObjectKey,
    /// Who holds it; empty where it was given back.
    pub holder: String,
    /// Until when that lasts unless it is renewed.
    pub until: Option<Timestamp>,
}

/// What the cluster shows.
#[derive(Clone, Debug, Default)]
pub struct ClusterEvidence {
    /// The API server's version: major and minor.
    pub version: (u32, u32),
    /// The custom resources that are served in the version that is needed, by kind.
    pub custom: BTreeSet<String>,
    /// The rights that whoever asks does not have.
    pub denied: BTreeSet<Right>,
    /// The kinds of objects that were not listed in time: of the others nothing is judged then.
    pub unlisted: Vec<String>,
    /// The objects.
    pub objects: Objects,
    /// What of AWS Load Balancer Controller is there.
    pub neighbour: Neighbour,
    /// The Deployments of external-dns.
    pub external_dns: Vec<ExternalDns>,
    /// The Lease, where there is one.
    pub lease: Option<LeaseSeen>,
    /// When any Lease was renewed last, as the cluster's own clocks have it.
    pub renewed: Option<Timestamp>,
    /// What of what is remembered cannot be read, and why.
    pub unreadable: Vec<String>,
    /// What a newer version remembered.
    pub newer: BTreeSet<String>,
}
