//! Wishes: what each subject should look like, without what may stay as it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::account_limits::Limit;
use super::backend::BackendKey;
use super::certificate::{Certificate, CertificateFacts};
use super::flat::FlatMap;
use super::group::Group;
use super::id::{AwsId, CertificateKey, Id, TargetGroupKey};
use super::listener::Listener;
use super::load_balancer::{Attributes, LoadBalancer};
use super::marks::Tags;
use super::memory::{Given, Memory};
use super::part::{Part, WishedTargetGroup};
use super::problem::Problem;
use super::protection::Protection;
use super::record::{HostedZone, RecordWish};
use super::request::{CertificateRequest, Validation};
use super::rule::Rule;
use super::security::{IngressRule, Peer, SecurityGroup};
use super::source::Source;
use super::target::Target;
use super::target_group::TargetGroup;

/// A setting that somebody named, or that may stay as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish<T> {
    /// This and nothing else.
    Exactly(T),
    /// What stands is fine; this where nothing stands.
    KeepElse(T),
    /// What stands in each of some places is fine, and is all there should be of that place; where
    /// nothing of it stands, what of this lies there.
    InEach {
        /// What lies in each place.
        places: Vec<T>,
        /// What is taken where nothing stands.
        found: T,
    },
}

impl<T> Wish<T> {
    /// What is taken where nothing stands.
    #[must_use]
    pub fn found(&self) -> &T {
        match self {
            Self::Exactly(found) | Self::KeepElse(found) | Self::InEach { found, .. } => found,
        }
    }
}

/// What a group should look like in AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancerStack {
    /// The group.
    pub group: Group,
    /// The finalizer that its members carry.
    pub finalizer: String,
    /// Its load balancer, or `None` once no member is left.
    pub front: Option<Front>,
    /// Its target groups.
    pub target_groups: BTreeMap<TargetGroupKey, WishedTargetGroup>,
    /// The members that carry on, in their order.
    pub active: Vec<Source>,
    /// Those of them that lack the group's finalizer.
    pub unclaimed: Vec<Source>,
    /// Those of them that carry it.
    pub claimed: BTreeSet<Source>,
    /// The members that leave and still carry the group's finalizer.
    pub leaving: Vec<Source>,
    /// Those of the members that carry on which went to another group, and stay for as long as that
    /// one does not serve them.
    pub staying: BTreeSet<Source>,
    /// Those of the members that carry on whose changes are planned and not made.
    pub planned_only: BTreeSet<Source>,
    /// Those that leave and of whom names may stand that lead to no load balancer: once they are
    /// released nobody could tell any more whose these were.
    pub withdrawing: BTreeSet<Source>,
    /// The members that went to another group, which serves them, and whose names lead there.
    pub followed: BTreeSet<Source>,
    /// Those of the members that stay which are deleted: until somebody else serves their hosts and
    /// their names lead there, but not for long.
    pub succeeded: BTreeSet<Source>,
    /// The members whose class does not select their namespace any more: they go after a while, if
    /// they are not leaving already.
    pub evicted: BTreeSet<Source>,
    /// The members that came from another group, which goes on serving them until this one does;
    /// each with what it contributes.
    pub arriving: BTreeMap<Source, Arc<Part>>,
    /// Those of them that this group serves already.
    pub arrived: BTreeSet<Source>,
    /// Members that are bad and of which nothing good is known: live rules that nobody explains may
    /// be theirs.
    pub unexplained: Vec<Source>,
    /// What stands of members that nobody sees, by resource tag: nothing that is surplus goes.
    pub braked: Braked<SmolStr>,
    /// What has to be remembered while this is the wish. Of attributes, what has been set so far.
    pub memory: Memory,
    /// The attributes that are set for the sake of classes of ours.
    pub given: Given,
    /// How long what has been replaced stays, for requests and names that still lead to it.
    pub grace: Duration,
    /// The load balancers that names lead to, by their DNS names, each with in how many hosted
    /// zones; `None` while not every hosted zone has been looked at.
    pub named: Option<Arc<BTreeMap<AwsId, usize>>>,
    /// The same of names that another owner keeps.
    pub named_by_others: Arc<BTreeMap<AwsId, usize>>,
    /// The same of names of ours that are for Ingresses of other controllers by now.
    pub named_for_others: Arc<BTreeMap<AwsId, usize>>,
}

/// What stays although nobody wants it: its owners are out of sight, and nobody has said that they
/// are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Braked<T> {
    /// The owners.
    pub owners: BTreeSet<T>,
    /// What a person says who wants it to go.
    pub token: String,
}

impl<T> Default for Braked<T> {
    fn default() -> Self {
        Self { owners: BTreeSet::new(), token: String::new() }
    }
}

impl BalancerStack {
    /// Whether all that stands is explained by the members that can be seen.
    #[must_use]
    pub fn explains_all(&self) -> bool {
        self.unexplained.is_empty() && self.braked.owners.is_empty()
    }

    /// Whether a standing target group, by its resource tag, can be nobody's of whom nothing is
    /// known.
    #[must_use]
    pub fn explains(&self, resource: &str) -> bool {
        let may_have = |member: &Source| BackendKey::of(member, resource).is_some();
        self.braked.owners.is_empty() && !self.unexplained.iter().any(may_have)
    }

    /// Whether of our names none leads to a load balancer, by its DNS name, but such as are for
    /// Ingresses of other controllers by now.
    #[must_use]
    pub fn is_renounced(&self, name: &AwsId) -> bool {
        let is_ours = |named: &BTreeMap<AwsId, usize>| named.contains_key(name);
        self.named_for_others.contains_key(name) && !self.named.as_deref().is_none_or(is_ours)
    }

    /// The place of a member among those that carry on.
    #[must_use]
    pub fn place_of(&self, member: &Source) -> Option<usize> {
        self.active.iter().position(|active| active == member)
    }

    /// The member that carries on and whose a standing target group is, by its resource tag. Names
    /// may hold hyphens: of several members that fit, the one with the longest name.
    #[must_use]
    pub fn owner_of(&self, resource: &str) -> Option<&Source> {
        let fitting = self.active.iter().filter(|m| BackendKey::of(m, resource).is_some());
        fitting.max_by_key(|member| member.key.namespace.len() + member.key.name.len())
    }
}

/// A group's load balancer with all that hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Front {
    /// The load balancer; its subnets are in `subnets`.
    pub load_balancer: LoadBalancer,
    /// The subnets: named, or those that stand.
    pub subnets: Wish<Vec<AwsId>>,
    /// Why none could be chosen; counts only where none stand.
    pub no_subnets: Option<Problem>,
    /// The attributes that somebody named.
    pub attributes: NamedAttributes,
    /// The capacity that AWS should keep ready, if anybody says so.
    pub capacity: Option<Capacity>,
    /// The managed frontend security group; `None` where members name their own.
    pub security_group: Option<SecurityGroup>,
    /// Over how many such groups its rules may be spread: AWS takes so many in one only.
    pub security_groups_max: usize,
    /// What should protect it.
    pub protection: Protection,
    /// Its listeners, by port.
    pub listeners: BTreeMap<u16, WishedListener>,
    /// The network load balancer in front of it, if there is one.
    pub nlb: Option<Box<FrontendNlb>>,
}

/// What the network load balancer in front of a group's load balancer should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontendNlb {
    /// The load balancer; its subnets are in `subnets`.
    pub load_balancer: LoadBalancer,
    /// The subnets: named, or those that stand.
    pub subnets: Wish<Vec<AwsId>>,
    /// Why it cannot be as it should; nothing of it is made or changed then.
    pub obstacle: Option<Problem>,
    /// The attributes that somebody named.
    pub attributes: NamedAttributes,
    /// Its ports.
    pub ports: BTreeMap<u16, NlbPort>,
}

/// A port of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NlbPort {
    /// The port of the load balancer that connections go on to.
    pub leads_to: u16,
    /// The tags of the listener.
    pub tags: Tags,
    /// The target group, whose one target is the load balancer.
    pub target_group: TargetGroup,
}

/// Capacity that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// How many capacity units; 0 for none.
    pub units: u32,
    /// The first member that asks for so many.
    pub by: Option<Source>,
}

/// Attributes that members of a group name, and who does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedAttributes {
    /// The attributes.
    pub values: Attributes,
    /// The member that names each, the first one where several do.
    pub by: FlatMap<SmolStr, Source>,
}

impl NamedAttributes {
    /// The one member that names all of these; `None` where several do.
    #[must_use]
    pub fn by_one(&self, some: &Attributes) -> Option<&Source> {
        let mut by = some.keys().map(|key| self.by.get(key));
        let first = by.next()??;
        by.all(|other| other == Some(first)).then_some(first)
    }
}

/// A listener with its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WishedListener {
    /// The listener. Its default certificate is the one to have where none stands.
    pub listener: Listener,
    /// The certificates that members bring, each member's in its order.
    pub certificates: Vec<Vec<Id>>,
    /// Whether clients show no certificates of theirs any more where nobody says that they do.
    pub resets_mutual_authentication: bool,
    /// The attributes that somebody named.
    pub attributes: NamedAttributes,
    /// Its rules, in their order, each with the tags that its member asks for (without the
    /// tracking tags).
    pub rules: Vec<(Rule, Tags)>,
    /// Which priorities these have.
    pub numbering: Numbering,
    /// How many of them, the first ones, answer challenges of ACME. The others are called as if
    /// these were not there, which come and go.
    pub answers: usize,
}

/// Which priorities the rules of a listener have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbering {
    /// One after the other from 1 on (LBC).
    #[default]
    Dense,
    /// With room between them, so that a new rule seldom moves those that stand.
    Sparse,
}

/// What a VPC's shared network should look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FabricStack {
    /// The backend security group; `None` once nobody needs it, or where it is somebody else's.
    pub backend: Option<SecurityGroup>,
    /// The rules that node and pod security groups should have from us.
    pub endpoint_rules: BTreeMap<AwsId, BTreeSet<IngressRule>>,
    /// What stays let in wherever it is, though nobody asks a security group for it.
    pub kept: BTreeSet<IngressRule>,
    /// Whether every binding is shown, so that rules that nobody asked for may be revoked.
    pub is_complete: bool,
    /// The security groups that load balancers carry until nodes and pods let in what takes their
    /// place: rules that let these in stay as long.
    pub outgoing: BTreeSet<AwsId>,
    /// The ports on which load balancers reach targets that no binding keeps, by group: whoever
    /// bound them may come back, so that what lets load balancers in there stays.
    pub unbound: BTreeMap<Group, BTreeSet<u16>>,
}

impl FabricStack {
    /// Whether a load balancer may reach targets that no binding keeps by a rule.
    #[must_use]
    pub fn reaches_unbound(&self, rule: &IngressRule) -> bool {
        self.unbound.values().flatten().any(|port| (rule.from_port..=rule.to_port).contains(port))
    }

    /// Whether a load balancer may reach its targets by a rule that nobody asks for any more.
    #[must_use]
    pub fn is_outgoing(&self, rule: &IngressRule) -> bool {
        match &rule.source {
            Peer::Group(id) => id.given().is_some_and(|id| self.outgoing.contains(id)),
            Peer::Cidr(_) | Peer::Cidr6(_) | Peer::PrefixList(_) => false,
        }
    }
}

/// What should be registered in a target group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetsStack {
    /// The target group.
    pub target_group: Id,
    /// The targets.
    pub targets: BTreeSet<Target>,
    /// Whether targets that are not wanted are ours to take away.
    pub may_deregister: bool,
    /// What is known to have been registered from here, where other clusters register targets in
    /// the same group.
    pub shared: Option<Noted>,
    /// The most targets that are registered here, where there is such a bound.
    pub at_most: Option<usize>,
    /// The most targets that AWS takes of a target group, where it has said so.
    pub quota: Option<usize>,
    /// Whether the binding is leaving: its finalizer goes once nothing is registered.
    pub leaving: bool,
    /// Whether the binding lacks our finalizer.
    pub unclaimed: bool,
    /// Of which targets that are not wanted nobody has said that they are gone.
    pub doubts: Doubts,
    /// The addresses of those of them that stay.
    pub braked: Braked<SmolStr>,
    /// The instances that stay registered although they are not wanted: none is, and those are
    /// better than none.
    pub spared: BTreeSet<SmolStr>,
}

impl TargetsStack {
    /// Whether it counts what is registered: of a binding that leaves and takes nothing along, it
    /// does not.
    #[must_use]
    pub fn counts_what_stands(&self) -> bool {
        !self.leaving || self.may_deregister
    }

    /// How many targets there is room for, as far as anybody knows.
    #[must_use]
    pub fn room(&self) -> usize {
        let taken = self.quota.unwrap_or_else(|| Limit::TargetsOfGroup.default());
        self.at_most.map_or(taken, |most| most.min(taken))
    }

    /// The most that are registered here: more are not even tried.
    #[must_use]
    pub fn bound(&self) -> Option<usize> {
        self.at_most.into_iter().chain(self.quota).min()
    }
}

/// What is known to have been registered from here in a target group that others share: whatever
/// else is registered there is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Nobody could look.
    Unread,
    /// Nothing has been noted yet.
    Nothing,
    /// These, each an address or instance with its port.
    These(BTreeSet<SmolStr>),
}

impl Noted {
    /// Whether a target is known to have been registered from here.
    #[must_use]
    pub fn has(&self, target: &Target) -> bool {
        match self {
            Self::Unread | Self::Nothing => false,
            Self::These(noted) => noted.contains(target.to_string().as_str()),
        }
    }
}

/// Of which targets nobody has said that they are gone: what is known of them may be incomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubts {
    /// Of none.
    None,
    /// Of these addresses: their pods are not known, of which the Service's slices tell.
    Of(BTreeSet<SmolStr>),
    /// Of all but these instances, whose nodes are there.
    AllBut(BTreeSet<SmolStr>),
    /// Of all: no slice of the Service is known.
    All,
}

impl Doubts {
    /// Whether an address is doubted.
    #[must_use]
    pub fn are_about(&self, address: &str) -> bool {
        match self {
            Self::None => false,
            Self::Of(addresses) => addresses.contains(address),
            Self::AllBut(seen) => !seen.contains(address),
            Self::All => true,
        }
    }
}

/// What a certificate should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateStack {
    /// What it is for.
    pub key: CertificateKey,
    /// Whether any member uses it.
    pub use_of_it: Use,
    /// What to import; `None` while the Secret is not fit to be: what stands is kept then.
    pub certificate: Option<Certificate>,
    /// Whether only members use it whose changes are planned and not made: none is made for them.
    pub is_held: bool,
    /// The certificates that listeners use, each with how many groups do; `None` while not every
    /// group has been looked at.
    pub listening: Option<Arc<BTreeMap<AwsId, usize>>>,
}

impl CertificateStack {
    /// What makes the certificate that is imported this one.
    #[must_use]
    pub fn facts(&self) -> Option<&CertificateFacts> {
        self.certificate.as_ref().map(|certificate| &certificate.facts)
    }
}

/// What a certificate that ACM is asked for should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestStack {
    /// Whether any member uses it.
    pub use_of_it: Use,
    /// The names that no public hosted zone holds, so that nothing here can prove them; `None`
    /// while nobody knows which zones there are.
    pub unproved: Option<BTreeSet<SmolStr>>,
    /// What to ask for.
    pub request: CertificateRequest,
    /// Whether only members use it whose changes are planned and not made: none is made for them.
    pub is_held: bool,
    /// The certificates that listeners use, each with how many groups do; `None` while not every
    /// group has been looked at.
    pub listening: Option<Arc<BTreeMap<AwsId, usize>>>,
    /// The moment: what ACM could not issue is asked for again some time later.
    pub now: Timestamp,
}

/// What the names of a hosted zone should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneStack {
    /// The zone.
    pub zone: HostedZone,
    /// The names that belong into this zone, each with those who ask for it: the one who asked
    /// first comes first.
    pub names: BTreeMap<String, Vec<RecordWish>>,
    /// Whether names are kept here; else records that prove names are all that is made.
    pub keeps_names: bool,
    /// The records that prove names of this zone to ACM, each with somebody who asks for a
    /// certificate.
    pub proofs: BTreeMap<Validation, Source>,
    /// Names that are wished for and do not belong into this zone any more: they stay.
    pub elsewhere: BTreeSet<String>,
    /// Those who ask for no other names than these.
    pub known: BTreeSet<Source>,
    /// The members that went to another group, which serves them: their names follow.
    pub arrived: BTreeSet<Source>,
    /// The members of which nothing is told yet: the names that they have stay as they are.
    pub arriving: BTreeSet<Source>,
    /// Those of them of whom nothing counts in the group that they are in: nobody can tell which
    /// names they ask for there.
    pub silent: BTreeSet<Source>,
    /// Those that there are and that may ask for names, ours or not.
    pub standing: BTreeSet<Source>,
    /// Those of them that are other controllers', and were not ours just before.
    pub foreign: BTreeSet<Source>,
    /// The load balancers, by their DNS names, for which records have to go that are for them.
    pub renounced: BTreeSet<AwsId>,
    /// Whether every group has been looked at, so that names that nobody asked for may go.
    pub is_complete: bool,
    /// Those who are not seen and whose names stay.
    pub braked: Braked<Source>,
    /// How many names each of these may share a batch with: Route 53 refused them together.
    pub suspects: BTreeMap<String, usize>,
    /// The names that somebody changes back again and again. While there are some, nothing is
    /// written.
    pub contested: BTreeSet<String>,
}

impl ZoneStack {
    /// Those among some who ask for a name that belongs into this zone.
    #[must_use]
    pub fn askers(&self, among: &BTreeSet<Source>) -> BTreeSet<Source> {
        let wishes = self.names.values().flatten();
        let asking = wishes.flat_map(|wish| std::iter::once(&wish.source).chain(&wish.others));
        asking.filter(|source| among.contains(*source)).cloned().collect()
    }
}

/// Whether a thing is used, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Somebody uses it.
    Used,
    /// Nobody does: it goes.
    Unused,
    /// Not everybody is known who might: it stays.
    Unknown,
}
