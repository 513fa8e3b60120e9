//! The shared network of a VPC: the backend security group, and the rules that let it reach nodes
//! and pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::binding::{Binding, Opening, PortRef};
use crate::model::group::Group;
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::marks;
use crate::model::names;
use crate::model::problem::Kind;
use crate::model::security::{IngressRule, Peer, SecurityGroup};
use crate::model::settings::{BackendSecurityGroup, Settings};
use crate::model::snapshot::{Extent, Objects, Snapshot};
use crate::model::stack::FabricStack;
use crate::model::target_group::TargetType;

use super::annotations::Annotations;
use super::annotations::table::SECURITY_GROUPS;
use super::groups::{self, holds, members};
use super::{binder, member, targets};

/// Rules that let load balancers in, by the security groups of nodes and pods.
pub type Openings = BTreeMap<AwsId, BTreeSet<IngressRule>>;

/// What one binding asks nodes and pods to let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing: it is gone, is leaving or opens nothing.
    Nothing,
    /// These rules.
    Rules(Openings),
    /// Nobody can tell yet: the network interface of an endpoint is not known.
    Unseen,
    /// Something that this version does not keep: its targets are instances. What LBC authorised
    /// for them stays.
    Foreign,
}

/// Who asks what of a VPC's shared network. Each asks by itself, so that one that changes costs no
/// look at the others.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// The bindings that ask for anything, with their rules where they are known.
    bindings: BTreeMap<ObjectKey, Option<Arc<Openings>>>,
    /// How many bindings ask for the same. Most of a cluster's do: pods listen on a few ports.
    asked: BTreeMap<Arc<Openings>, usize>,
    /// The bindings of which nobody can tell yet what they ask for.
    unseen: BTreeSet<ObjectKey>,
    /// The bindings that ask for what this version does not keep.
    foreign: BTreeSet<ObjectKey>,
    /// The groups that need the backend security group.
    groups: BTreeSet<Group>,
}

impl Demand {
    /// Takes what a binding asks for in place of what it asked for before.
    pub fn ask(&mut self, binding: &ObjectKey, asked: Asked) {
        self.withdraw(binding);
        let rules = match asked {
            Asked::Nothing => return,
            Asked::Unseen => {
                self.unseen.insert(binding.clone());
                None
            }
            Asked::Foreign => {
                self.foreign.insert(binding.clone());
                None
            }
            Asked::Rules(openings) => {
                let asked = Arc::new(openings);
                let known = self.asked.get_key_value(&asked).map(|(known, _)| Arc::clone(known));
                let asked = known.unwrap_or(asked);
                *self.asked.entry(Arc::clone(&asked)).or_default() += 1;
                Some(asked)
            }
        };
        self.bindings.insert(binding.clone(), rules);
    }

    fn withdraw(&mut self, binding: &ObjectKey) {
        self.unseen.remove(binding);
        self.foreign.remove(binding);
        let Some(asked) = self.bindings.remove(binding).flatten() else { return };
        if let Some(count) = self.asked.get_mut(&asked) {
            *count -= 1;
            if *count == 0 {
                self.asked.remove(&asked);
            }
        }
    }

    /// Takes note of whether a group needs the backend security group.
    pub fn need(&mut self, group: &Group, is_needed: bool) {
        if is_needed {
            self.groups.insert(group.clone());
        } else {
            self.groups.remove(group);
        }
    }

    /// Whether the network interface of an endpoint is not known: a fresh look may find it.
    #[must_use]
    pub fn has_unseen(&self) -> bool {
        !self.unseen.is_empty()
    }

    /// The bindings that ask for anything.
    pub fn bindings(&self) -> impl Iterator<Item = &ObjectKey> {
        self.bindings.keys()
    }

    /// The bindings that ask a security group for more than these rules let in.
    pub fn lacking<'a>(
        &'a self,
        group: &'a AwsId,
        standing: &'a BTreeSet<IngressRule>,
    ) -> impl Iterator<Item = &'a ObjectKey> {
        let lacks = move |asked: &Arc<Openings>| {
            let mut rules = asked.get(group).into_iter().flatten();
            rules.any(|rule| !standing.iter().any(|live| live.covers(rule)))
        };
        let asking = self.bindings.iter();
        asking.filter(move |(_, asked)| asked.as_ref().is_some_and(lacks)).map(|(key, _)| key)
    }

    /// Whether rules that stand cover all that a binding asks for, as far as it is known.
    #[must_use]
    pub fn is_met(
        &self,
        binding: &ObjectKey,
        standing: &BTreeMap<AwsId, BTreeSet<IngressRule>>,
    ) -> bool {
        let Some(Some(asked)) = self.bindings.get(binding) else { return false };
        let covers = |group: &AwsId, rule: &IngressRule| {
            let live = standing.get(group).into_iter().flatten();
            live.into_iter().any(|live| live.covers(rule))
        };
        asked.iter().all(|(group, rules)| rules.iter().all(|rule| covers(group, rule)))
    }

    /// What the shared network should look like. `others`: whether anything but a group needs
    /// the backend security group.
    #[must_use]
    pub fn stack(&self, settings: &Settings, others: Others) -> FabricStack {
        let mut rules = Openings::new();
        for (group, asked) in self.asked.keys().flat_map(|asked| asked.iter()) {
            rules.entry(group.clone()).or_default().extend(asked.iter().cloned());
        }
        if settings.restricted_rules {
            rules.values_mut().for_each(|rules| *rules = aggregated(rules));
        }
        let is_needed = !self.groups.is_empty() || others == Others::Need;
        FabricStack {
            backend: backend(settings).filter(|_| is_needed),
            endpoint_rules: rules,
            is_complete: settings.extent == Extent::Cluster
                && self.unseen.is_empty()
                && self.foreign.is_empty(),
            outgoing: BTreeSet::new(),
        }
    }
}

/// Whether load balancers that are no Ingress's need the backend security group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Some do.
    Need,
    /// None does.
    Ignore,
}

impl Others {
    /// Looks at the Services: LBC keeps load balancers for some of them.
    #[must_use]
    pub fn of(objects: &Objects) -> Self {
        if objects.services.values().any(|service| service.has_load_balancer) {
            Self::Need
        } else {
            Self::Ignore
        }
    }
}

/// Builds the fabric from scratch. `planned` are bindings that balancers want and that do not exist
/// yet.
#[must_use]
pub fn build(snapshot: &Snapshot, planned: &[Binding]) -> FabricStack {
    let mut demand = Demand::default();
    let objects = &snapshot.objects;
    for key in objects.bindings.keys() {
        demand.ask(key, asked(snapshot, key));
    }
    let seen = objects.bindings.iter().filter(|(_, binding)| !binding.leaving);
    let standing: Vec<Binding> = seen.map(|(key, binding)| binding.as_binding(key)).collect();
    for (number, wish) in planned.iter().enumerate() {
        let stands = standing.iter().any(|binding| {
            binding.namespace == wish.namespace && binding.target_group == wish.target_group
        });
        if !stands && !wish.openings.is_empty() {
            let name = format!("{} {number}", wish.service);
            let name = wish.name.clone().unwrap_or_else(|| name.into());
            let key = ObjectKey::new(wish.namespace.clone(), name);
            demand.ask(&key, of_binding(snapshot, wish));
        }
    }
    for group in groups::all(snapshot) {
        demand.need(&group, needs_backend(snapshot, &group));
    }
    let mut stack = demand.stack(&snapshot.settings, Others::of(objects));
    stack.is_complete &= snapshot.extent == Extent::Cluster;
    stack
}

/// What a binding that stands asks for.
#[must_use]
pub fn asked(snapshot: &Snapshot, key: &ObjectKey) -> Asked {
    let seen = snapshot.objects.bindings.get(key).filter(|binding| !binding.leaving);
    let binding = seen.map(|seen| seen.as_binding(key));
    match binding.filter(|binding| !binding.openings.is_empty()) {
        None => Asked::Nothing,
        Some(_) if binder::refusal(snapshot, key).is_some() => Asked::Nothing,
        Some(binding) if binding.target_type != TargetType::Ip => Asked::Foreign,
        Some(binding) => of_binding(snapshot, &binding),
    }
}

fn of_binding(snapshot: &Snapshot, binding: &Binding) -> Asked {
    let Some(groups) = endpoint_groups(snapshot, binding) else { return Asked::Unseen };
    let ports = PodPorts { snapshot, binding };
    let rules: BTreeSet<IngressRule> =
        binding.openings.iter().flat_map(|opening| ports.rules(opening)).collect();
    Asked::Rules(groups.into_iter().map(|group| (group, rules.clone())).collect())
}

/// The backend security group, where this program keeps it.
fn backend(settings: &Settings) -> Option<SecurityGroup> {
    if settings.backend != BackendSecurityGroup::Managed {
        return None;
    }
    let mut tags = settings.default_tags.clone();
    tags.extend(marks::backend_tags(&settings.cluster));
    Some(SecurityGroup {
        name: names::backend_security_group(&settings.cluster),
        description: marks::DESCRIPTION_BACKEND.to_owned(),
        vpc: settings.vpc.clone(),
        ingress: BTreeSet::new(),
        tags,
    })
}

/// Whether a group needs the backend security group: a member is there that does not bring its own
/// security groups, or one that still holds the group's finalizer and whose load balancer may still
/// carry ours. A bad member for which nothing was ever made brings nothing about.
#[must_use]
pub fn needs_backend(snapshot: &Snapshot, group: &Group) -> bool {
    let members = members(snapshot, group);
    let finalizer = group.finalizer();
    let is_claimed = !members.leaving.is_empty()
        || !members.moved.is_empty()
        || members.active.iter().any(|member| holds(member.ingress, &finalizer));
    is_claimed
        || members.active.iter().any(|member| {
            let values = member.ingress.metadata.annotations.as_ref();
            let mut annotations = Annotations::new(Kind::Ingress, member.key, values);
            let own = annotations.read(&SECURITY_GROUPS);
            let brings_own = own.is_some_and(|list| !list.is_empty());
            !brings_own && member::build(snapshot, group, member).0.is_some()
        })
}

/// The security groups that guard the endpoints of a binding: one for each network interface that
/// holds one. `None` where an endpoint's interface or its one group cannot be told.
fn endpoint_groups(snapshot: &Snapshot, binding: &Binding) -> Option<BTreeSet<AwsId>> {
    let addresses = targets::addresses(snapshot, binding);
    addresses.iter().map(|address| endpoint_group(snapshot, address)).collect()
}

fn endpoint_group(snapshot: &Snapshot, address: &str) -> Option<AwsId> {
    let surroundings = &snapshot.surroundings;
    let guards = surroundings.interfaces.groups(address)?;
    if let [only] = guards {
        return Some(only.clone());
    }
    let cluster_tag = format!("kubernetes.io/cluster/{}", snapshot.settings.cluster);
    let marked = guards.iter().filter(|id| {
        surroundings.security_groups.get(id).is_some_and(|group| {
            let extra = &snapshot.settings.endpoint_group_tags;
            group.tags.contains_key(cluster_tag.as_str())
                && extra.iter().all(|(key, value)| group.tags.get(key) == Some(value))
        })
    });
    // Several that fit are no reason to let nobody in: the lowest id is as good as any, and stays.
    marked.min().or_else(|| guards.iter().min()).cloned()
}

/// The ports of the pods behind a binding.
struct PodPorts<'a> {
    snapshot: &'a Snapshot,
    binding: &'a Binding,
}

impl PodPorts<'_> {
    /// The rules that an opening asks for.
    fn rules(&self, opening: &Opening) -> Vec<IngressRule> {
        let source = match (&opening.group, &opening.cidr) {
            (Some(group), _) => Peer::Group(group.clone()),
            (None, Some(cidr)) if cidr.contains(':') => Peer::Cidr6(cidr.to_string()),
            (None, Some(cidr)) => Peer::Cidr(cidr.to_string()),
            (None, None) => return Vec::new(),
        };
        let ranges = match &opening.port {
            None => vec![(0, u16::MAX)],
            Some(PortRef::Number(number)) => {
                u16::try_from(*number).map(|port| (port, port)).into_iter().collect()
            }
            Some(PortRef::Name(_)) => {
                let ports = targets::ports(self.snapshot, self.binding);
                ports.into_iter().map(|port| (port, port)).collect()
            }
        };
        let rule = |(from_port, to_port)| IngressRule {
            protocol: opening.protocol.to_lowercase(),
            from_port,
            to_port,
            source: source.clone(),
        };
        ranges.into_iter().map(rule).collect()
    }
}

/// LBC's aggregation: one rule for each protocol and source group, from the lowest port to the
/// highest.
fn aggregated(rules: &BTreeSet<IngressRule>) -> BTreeSet<IngressRule> {
    let mut ranges: BTreeMap<(&str, &Id), (u16, u16)> = BTreeMap::new();
    let mut others = BTreeSet::new();
    for rule in rules {
        let Peer::Group(group) = &rule.source else {
            others.insert(rule.clone());
            continue;
        };
        let range = ranges.entry((&rule.protocol, group)).or_insert((rule.from_port, rule.to_port));
        range.0 = range.0.min(rule.from_port);
        range.1 = range.1.max(rule.to_port);
    }
    let merged = ranges.into_iter().map(|((protocol, group), (from_port, to_port))| IngressRule {
        protocol: protocol.to_owned(),
        from_port,
        to_port,
        source: Peer::Group(group.clone()),
    });
    others.into_iter().chain(merged).collect()
}
