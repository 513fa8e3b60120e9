//! What stands in AWS of each subject, as far as this process has read it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::certificate::LiveCertificate;
use super::id::{AwsId, ObjectKey};
use super::known::{Known, Live};
use super::listener::Listener;
use super::load_balancer::{Attributes, LoadBalancer, LoadBalancerState};
use super::marks::Tags;
use super::memory::Remembered;
use super::pairs;
use super::protection::{ShieldInventory, WafInventory};
use super::record::{Record, RecordKey, RecordType};
use super::request::LiveRequest;
use super::rule::Rule;
use super::security::{IngressRule, SecurityGroup};
use super::seen::SeenBinding;
use super::target::LiveTarget;
use super::target_group::TargetGroup;

/// A rule that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRule {
    /// Its ARN.
    pub id: AwsId,
    /// Its priority (AWS: 1 to 50000).
    pub priority: u32,
    /// What it does.
    pub rule: Rule,
    /// Its tags.
    pub tags: Tags,
}

/// A listener that stands, with its rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveListener {
    /// Its port.
    pub port: u16,
    /// The listener.
    pub live: Live<Listener>,
    /// Its attributes, where somebody needs them.
    #[serde(default)]
    pub attributes: Known<Attributes>,
    /// Its rules but the default one, by priority.
    pub rules: Vec<LiveRule>,
}

impl LiveListener {
    /// Whether it leads requests to a target group.
    #[must_use]
    pub fn leads_to(&self, target_group: &AwsId) -> bool {
        let of_rules = self.rules.iter().flat_map(|rule| &rule.rule.actions);
        let mut actions = self.live.spec.default_actions.iter().chain(of_rules);
        actions.any(|action| action.leads_to(target_group))
    }
}

/// A load balancer that stands, with all that hangs on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveLoadBalancer {
    /// The load balancer.
    pub live: Live<LoadBalancer>,
    /// Its DNS name, as AWS spells it.
    pub dns_name: String,
    /// How far AWS has come with it.
    pub state: LoadBalancerState,
    /// Its attributes.
    pub attributes: Known<Attributes>,
    /// The capacity units that AWS keeps ready for it, where somebody needs to know.
    #[serde(default)]
    pub capacity: Known<u32>,
    /// Its listeners.
    pub listeners: Known<Vec<LiveListener>>,
}

/// A target group that stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveTargetGroup {
    /// The target group.
    pub live: Live<TargetGroup>,
    /// Its attributes.
    pub attributes: Known<Attributes>,
}

/// What stands of an Ingress group, in AWS and among the TargetGroupBindings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancerInventory {
    /// Its load balancers.
    pub load_balancers: Known<Vec<LiveLoadBalancer>>,
    /// The network load balancers in front of them; as well known as they are.
    #[serde(default)]
    pub frontend_nlbs: Vec<LiveLoadBalancer>,
    /// Its frontend security groups.
    pub security_groups: Known<Vec<Live<SecurityGroup>>>,
    /// Its target groups.
    pub target_groups: Known<Vec<LiveTargetGroup>>,
    /// The target groups of its network load balancers; as well known as those are.
    #[serde(default)]
    pub frontend_nlb_groups: Vec<LiveTargetGroup>,
    /// Its TargetGroupBindings.
    #[serde(with = "pairs")]
    pub bindings: BTreeMap<ObjectKey, SeenBinding>,
    /// Those of the bindings whose endpoints let in what they ask for.
    #[serde(default)]
    pub admitted: BTreeSet<ObjectKey>,
    /// What is remembered of it.
    pub remembered: Remembered,
    /// What is registered in target groups while one takes the place of another.
    #[serde(with = "pairs")]
    pub targets: BTreeMap<AwsId, Known<Vec<LiveTarget>>>,
}

/// What stands of a VPC's shared network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FabricInventory {
    /// The backend security group.
    pub backend: Known<Live<SecurityGroup>>,
    /// Whether any load balancer carries it, ours or not.
    pub is_carried: bool,
    /// The rules with our description, of the cluster's node and pod security groups.
    pub endpoint_rules: Known<BTreeMap<AwsId, BTreeSet<IngressRule>>>,
    /// What else those security groups let in: it is not ours, and counts towards AWS's quota.
    pub other_rules: BTreeMap<AwsId, BTreeSet<IngressRule>>,
}

/// What is registered in a target group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetsInventory {
    /// The targets, draining ones included. `Absent` where the target group is gone.
    pub targets: Known<Vec<LiveTarget>>,
}

/// What stands of a hosted zone, and the load balancers that its names may lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneInventory {
    /// Its records. `Absent` where the zone is gone.
    pub records: Known<Arc<Records>>,
    /// Of which names those are all that there are.
    pub sight: ZoneSight,
    /// The VPC's load balancers.
    pub load_balancers: BTreeMap<AwsId, Address>,
    /// The DNS names, in lower case, of what else stands in the region: load balancers of other
    /// VPCs and of other kinds.
    pub elsewhere: BTreeSet<AwsId>,
    /// The DNS names of the cluster's load balancers that records of ours led to when somebody
    /// looked last, and that are gone.
    pub vanished: BTreeSet<AwsId>,
}

/// Of which names of a hosted zone it is known what stands there, and whose it is. Of others
/// nothing is known: that they have no record least of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ZoneSight {
    /// Of all.
    #[default]
    Whole,
    /// Of these: the zone is large, and they are few.
    Names(BTreeSet<String>),
}

impl ZoneSight {
    /// Whether it is known what stands at a name, and whose it is.
    #[must_use]
    pub fn shows(&self, name: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Names(names) => names.contains(name),
        }
    }

    /// Whether that is known of every name.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

/// What there is to look at of some names of a hosted zone that is too large to be read as a whole
/// for their sake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZoneScope {
    /// The names.
    pub names: BTreeMap<String, NameScope>,
}

/// What there is to look at beside a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameScope {
    /// The names of the TXT records that may say whose its records are: looked at where any stands.
    pub texts: BTreeSet<String>,
    /// Those of them that are looked at also where none stands. The others are made then, which
    /// Route 53 refuses where they stand already.
    pub always: BTreeSet<String>,
}

impl ZoneScope {
    /// How many looks it takes at least, each of one call.
    #[must_use]
    pub fn looks(&self) -> usize {
        let texts = self.names.values().map(|name| name.always.len());
        self.names.len() + texts.sum::<usize>()
    }
}

/// Records by what tells them apart.
pub type Records = BTreeMap<RecordKey, Record>;

/// The records of a name, whatever else its zone holds.
pub fn of_name<'r, 'n>(
    records: &'r Records,
    name: &'n str,
) -> impl Iterator<Item = &'r Record> + use<'r, 'n> {
    let first =
        RecordKey { name: name.to_owned(), record_type: RecordType::FIRST, set_identifier: None };
    records.range(first..).map(|(_, record)| record).take_while(move |it| it.key.name == name)
}

/// Where a load balancer can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its DNS name, in lower case.
    pub dns_name: AwsId,
    /// The hosted zone that its DNS name lies in.
    pub hosted_zone: AwsId,
    /// How far AWS has come with it.
    pub state: LoadBalancerState,
    /// Whether clients may come over IPv6.
    pub has_ipv6: bool,
    /// The cluster whose it is, by its tag.
    pub cluster: Option<SmolStr>,
}

/// What stands of a TLS Secret in AWS Certificate Manager.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateInventory {
    /// The certificates with the Secret's tags: one, unless a reply was lost or a key's type has
    /// changed.
    pub certificates: Known<Vec<LiveCertificate>>,
}

/// What stands of the certificates that ACM was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestInventory {
    /// Those for the same names, whatever has become of them.
    pub certificates: Known<Vec<LiveRequest>>,
}

/// What protects the load balancers of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProtectionInventory {
    /// How far AWS has come with each that stands, and its DNS name.
    pub states: BTreeMap<AwsId, (AwsId, LoadBalancerState)>,
    /// Their web ACLs.
    pub waf: WafInventory,
    /// Their Shield protections.
    pub shield: ShieldInventory,
}
