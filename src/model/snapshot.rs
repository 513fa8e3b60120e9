//! What is known at one moment: everything that a wish is built from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use smol_str::SmolStr;

use super::account_limits::AccountLimits;
use super::fact::Facts;
use super::flat::FlatMap;
use super::group::Group;
use super::id::{AwsId, ObjectKey};
use super::marks::Tags;
use super::memory::Memory;
use super::pack::pack;
use super::record::HostedZones;
use super::request::RequestKey;
use super::seen::{
    ClassParams, EndpointSlice, Ingress, IngressClass, Metadata, Node, Pod, SeenBinding,
    SeenSecret, Service, TenantPolicy,
};
use super::settings::Settings;
use super::source::{Source, SourceKind};
use super::surroundings::{Issued, Surroundings};

pub use super::extent::Extent;

/// The objects of the cluster, or those of them that a visit needs.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// Ingresses.
    pub ingresses: BTreeMap<ObjectKey, Arc<Ingress>>,
    /// IngressClasses.
    pub classes: BTreeMap<String, Arc<IngressClass>>,
    /// IngressClassParams.
    pub params: BTreeMap<String, Arc<ClassParams>>,
    /// TenantPolicies.
    pub policies: BTreeMap<String, Arc<TenantPolicy>>,
    /// Services.
    pub services: BTreeMap<ObjectKey, Arc<Service>>,
    /// EndpointSlices, by their Service and then by name.
    pub slices: BTreeMap<ObjectKey, FlatMap<SmolStr, Arc<EndpointSlice>>>,
    /// The Service that each slice lies with, so that one can be found by its own name.
    pub slice_services: BTreeMap<ObjectKey, ObjectKey>,
    /// Pods.
    pub pods: BTreeMap<ObjectKey, Arc<Pod>>,
    /// Nodes.
    pub nodes: BTreeMap<String, Arc<Node>>,
    /// The labels of namespaces.
    pub namespaces: BTreeMap<String, Arc<BTreeMap<String, String>>>,
    /// TargetGroupBindings.
    pub bindings: BTreeMap<ObjectKey, Arc<SeenBinding>>,
    /// The Secrets that Ingresses name, as far as somebody has looked.
    pub secrets: BTreeMap<ObjectKey, Arc<SeenSecret>>,
    /// What Ingresses have ACM asked for instead of what they ask for by themselves: that is packed
    /// with what others of their groups ask for.
    pub packed: BTreeMap<ObjectKey, BTreeSet<Arc<RequestKey>>>,
}

impl Objects {
    /// Takes no more room than the objects need, once all of them are known.
    pub fn pack(&mut self) {
        pack(&mut self.ingresses);
        pack(&mut self.services);
        pack(&mut self.slices);
        pack(&mut self.slice_services);
        pack(&mut self.pods);
        pack(&mut self.bindings);
    }

    /// What Kubernetes keeps about an object that may be a member.
    #[must_use]
    pub fn metadata(&self, source: &Source) -> Option<&Metadata> {
        match source.kind {
            SourceKind::Ingress => self.ingresses.get(&source.key).map(|found| &found.metadata),
        }
    }
}

/// What is known at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The moment.
    pub now: Timestamp,
    /// How much of the cluster this shows.
    pub extent: Extent,
    /// How the process was started.
    pub settings: Arc<Settings>,
    /// The cluster's objects.
    pub objects: Objects,
    /// What AWS holds that is not ours.
    pub surroundings: Arc<Surroundings>,
    /// The tags of the target groups that bindings name, as far as these stand; `None` where nobody
    /// may read them.
    pub bound: BTreeMap<AwsId, Option<Tags>>,
    /// The certificates that may be found by host; `None` where nobody looks for one, or ACM could
    /// not be read.
    pub issued: Option<Issued>,
    /// The trust stores by name; `None` where nobody names one, or they could not be read.
    pub trust_stores: Option<Arc<BTreeMap<String, AwsId>>>,
    /// What AWS allows the account, as far as somebody had to know.
    pub account_limits: Arc<AccountLimits>,
    /// The target groups that actions call by their names, as far as they stand.
    pub target_groups_named: BTreeMap<String, AwsId>,
    /// The account's hosted zones; `None` where names are nobody's business here, or nobody could
    /// look yet.
    pub zones: Option<Arc<HostedZones>>,
    /// Whether this process may not look at hosted zones.
    pub zones_refused: bool,
    /// Whether somebody may want a certificate though nobody in sight asks for it: what stands of a
    /// member that has turned bad, or whoever shares names once it is known which can be proved.
    pub may_be_wanted: bool,
    /// What other subjects have made known.
    pub facts: Facts,
    /// What is remembered of the subject.
    pub memory: Memory,
    /// The members of the group that another one has served for long enough: they may leave.
    pub let_go: BTreeSet<Source>,
    /// The members of the group that are deleted while somebody else is about to serve their hosts,
    /// each with who that is and in which group.
    pub successors: BTreeMap<Source, BTreeMap<Source, Group>>,
    /// The members of the group that others wait for in this way.
    pub expected: BTreeSet<Source>,
    /// Whose names had not come to the group yet when they were told last.
    pub unarrived: BTreeSet<Source>,
    /// The members that are looked at as if their changes were made, of which only the plan is
    /// asked for.
    pub freed: BTreeSet<Source>,
}

impl Snapshot {
    /// What objects and the VPC tell, and nothing of what else has to be read or remembered.
    #[must_use]
    pub fn of(
        now: Timestamp,
        settings: Arc<Settings>,
        objects: Objects,
        surroundings: Arc<Surroundings>,
    ) -> Self {
        Self {
            now,
            extent: settings.extent.clone(),
            settings,
            objects,
            surroundings,
            bound: BTreeMap::new(),
            issued: None,
            trust_stores: None,
            account_limits: Arc::default(),
            target_groups_named: BTreeMap::new(),
            zones: None,
            zones_refused: false,
            may_be_wanted: false,
            facts: Facts::default(),
            memory: Memory::default(),
            let_go: BTreeSet::new(),
            successors: BTreeMap::new(),
            expected: BTreeSet::new(),
            unarrived: BTreeSet::new(),
            freed: BTreeSet::new(),
        }
    }
}
