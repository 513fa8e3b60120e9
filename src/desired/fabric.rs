//! The shared network of a VPC: the backend security group, and the rules that let it reach nodes
//! and pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::binding::{Binding, Opening, PortRef};
use crate::model::group::Group;
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::marks::{self, Tags};
use crate::model::names;
use crate::model::problem::{Kind, Problem};
use crate::model::security::{IngressRule, Peer, SecurityGroup};
use crate::model::settings::{BackendSecurityGroup, Scope, Settings};
use crate::model::snapshot::{Extent, Objects, Snapshot};
use crate::model::stack::FabricStack;
use crate::model::target_group::TargetType;

use super::annotations::Annotations;
use super::annotations::table::{MANAGE_RULES, SECURITY_GROUPS};
use super::groups::{self, Member, holds, members};
use super::policy::{self, Verdict};
use super::targets::Holder;
use super::{binder, completion, member, nodes, plan_only, targets};

mod unreached;

/// Rules that let load balancers in, by the security groups of nodes and pods.
pub type Openings = BTreeMap<AwsId, BTreeSet<IngressRule>>;

/// What one binding asks nodes and pods to let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// What these security groups should let in.
    pub rules: Openings,
    /// What stays let in wherever it is: nobody can tell which security group it is about.
    pub kept: BTreeSet<IngressRule>,
    /// What the endpoints should let in whose network interfaces are not known: addresses, and
    /// instances.
    pub unseen: BTreeMap<SmolStr, BTreeSet<IngressRule>>,
    /// The endpoints of which no security group may be opened: none on their network interfaces is
    /// the cluster's.
    pub closed: BTreeSet<SmolStr>,
}

/// Who asks what of a VPC's shared network. Each asks by itself, so that one that changes costs no
/// look at the others.
#[derive(Clone, Debug, Default)]
pub struct Demand {
    /// The bindings that ask for anything, with their rules.
    bindings: BTreeMap<ObjectKey, Arc<Openings>>,
    /// How many bindings ask for the same. Most of a cluster's do: pods listen on a few ports.
    asked: BTreeMap<Arc<Openings>, usize>,
    /// The bindings that ask for what is not simply let in.
    others: BTreeMap<ObjectKey, Asked>,
    /// The groups that need the backend security group.
    groups: BTreeSet<Group>,
}

impl Demand {
    /// Takes what a binding asks for in place of what it asked for before; `None` where it lets
    /// nobody in.
    pub fn ask(&mut self, binding: &ObjectKey, asked: Option<Asked>) {
        self.withdraw(binding);
        let Some(mut asked) = asked else { return };
        let rules = Arc::new(std::mem::take(&mut asked.rules));
        if asked != Asked::default() {
            self.others.insert(binding.clone(), asked);
        }
        let known = self.asked.get_key_value(&rules).map(|(known, _)| Arc::clone(known));
        let rules = known.unwrap_or(rules);
        *self.asked.entry(Arc::clone(&rules)).or_default() += 1;
        self.bindings.insert(binding.clone(), rules);
    }

    fn withdraw(&mut self, binding: &ObjectKey) {
        self.others.remove(binding);
        let Some(asked) = self.bindings.remove(binding) else { return };
        if let Some(count) = self.asked.get_mut(&asked) {
            *count -= 1;
            if *count == 0 {
                self.asked.remove(&asked);
            }
        }
    }

    /// What a binding that stands asks security groups to let in; `None` where nobody knows.
    #[must_use]
    pub fn of(&self, binding: &ObjectKey) -> Option<&Openings> {
        self.bindings.get(binding).map(Arc::as_ref)
    }

    /// Takes note of whether a group needs the backend security group.
    pub fn need(&mut self, group: &Group, is_needed: bool) {
        if is_needed {
            self.groups.insert(group.clone());
        } else {
            self.groups.remove(group);
        }
    }

    /// The endpoints whose network interfaces are not known: a fresh look may find them.
    pub fn unseen(&self) -> impl Iterator<Item = &SmolStr> {
        self.others.values().flat_map(|asked| asked.unseen.keys())
    }

    /// Those of one binding.
    pub fn unseen_of(&self, binding: &ObjectKey) -> impl Iterator<Item = &SmolStr> {
        self.others.get(binding).into_iter().flat_map(|asked| asked.unseen.keys())
    }

    /// What is to be said of endpoints that no security group lets anybody reach, but for those
    /// that somebody still looks for.
    #[must_use]
    pub fn problems(&self, settings: &Settings, sought: &BTreeSet<SmolStr>) -> Vec<Problem> {
        let each = self.others.iter().flat_map(|(key, asked)| {
            let unseen = asked.unseen.keys().filter(|address| !sought.contains(*address));
            [
                unreached::without_interface(key, unseen),
                unreached::without_group(key, &settings.cluster_named, asked.closed.iter()),
            ]
        });
        each.flatten().collect()
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
        asking.filter(move |(_, asked)| lacks(asked)).map(|(key, _)| key)
    }

    /// Whether rules that stand cover all that a binding asks for, as far as it is known.
    #[must_use]
    pub fn is_met(
        &self,
        binding: &ObjectKey,
        standing: &BTreeMap<AwsId, BTreeSet<IngressRule>>,
    ) -> bool {
        let Some(asked) = self.bindings.get(binding) else { return false };
        let is_by_hand = self.others.get(binding).is_some_and(|others| !others.kept.is_empty());
        if asked.is_empty() && is_by_hand {
            return false;
        }
        let covers = |group: &AwsId, rule: &IngressRule| {
            let live = standing.get(group).into_iter().flatten();
            live.into_iter().any(|live| live.covers(rule))
        };
        asked.iter().all(|(group, rules)| rules.iter().all(|rule| covers(group, rule)))
    }

    /// What the shared network should look like. `others`: whether anything but a group needs the
    /// backend security group; `sought`: the endpoints whose network interfaces somebody still
    /// looks for, so that what stands may be theirs.
    #[must_use]
    pub fn stack(
        &self,
        settings: &Settings,
        others: Others,
        sought: &BTreeSet<SmolStr>,
    ) -> FabricStack {
        let mut rules = Openings::new();
        for (group, asked) in self.asked.keys().flat_map(|asked| asked.iter()) {
            rules.entry(group.clone()).or_default().extend(asked.iter().cloned());
        }
        if settings.restricted_rules {
            rules.values_mut().for_each(|rules| *rules = aggregated(rules));
        }
        let kept = self.others.values().flat_map(|asked| {
            let unseen = asked.unseen.iter().filter(|(address, _)| sought.contains(*address));
            asked.kept.iter().chain(unseen.flat_map(|(_, rules)| rules))
        });
        let is_needed = !self.groups.is_empty() || others == Others::Need;
        FabricStack {
            backend: backend(settings).filter(|_| is_needed),
            endpoint_rules: rules,
            kept: kept.cloned().collect(),
            is_complete: settings.extent == Extent::Cluster,
            outgoing: BTreeSet::new(),
            unbound: BTreeMap::new(),
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
    pub fn of(settings: &Settings, objects: &Objects) -> Self {
        let is_shared = settings.scope == Scope::All;
        if is_shared && objects.services.values().any(|service| service.has_load_balancer) {
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
            demand.ask(&key, Some(of_binding(snapshot, wish)));
        }
    }
    for group in groups::all(snapshot) {
        demand.need(&group, needs_backend(snapshot, &group));
    }
    // What was read for this is all that can be known.
    let sought = BTreeSet::new();
    let mut stack =
        demand.stack(&snapshot.settings, Others::of(&snapshot.settings, objects), &sought);
    stack.is_complete &= snapshot.extent == Extent::Cluster;
    stack
}

/// The target groups that bindings keep.
#[must_use]
pub fn bound(objects: &Objects) -> BTreeSet<AwsId> {
    let standing = objects.bindings.values().filter(|binding| !binding.leaving);
    standing.filter_map(|binding| completion::arn(binding)).collect()
}

/// What a binding that stands asks for; `None` where it lets nobody in, or may not.
#[must_use]
pub fn asked(snapshot: &Snapshot, key: &ObjectKey) -> Option<Asked> {
    let seen = snapshot.objects.bindings.get(key).filter(|binding| !binding.leaving)?;
    let binding = seen.as_binding(key);
    if binding.openings.is_empty()
        || completion::is_unknown(seen)
        || binder::refusal(snapshot, key).is_some()
        || !binder::is_served(snapshot, key)
    {
        return None;
    }
    Some(if nodes::flaw(snapshot, &binding).is_none() {
        of_binding(snapshot, &binding)
    } else {
        Asked { kept: rules_of(snapshot, &binding), ..Asked::default() }
    })
}

fn of_binding(snapshot: &Snapshot, binding: &Binding) -> Asked {
    let rules = rules_of(snapshot, binding);
    let mut asked = Asked::default();
    for (endpoint, guard) in guards(snapshot, binding) {
        match guard {
            Guard::Group(group) => _ = asked.rules.entry(group).or_insert_with(|| rules.clone()),
            Guard::Unseen => _ = asked.unseen.insert(endpoint, rules.clone()),
            Guard::Closed => {
                asked.closed.insert(endpoint);
                // What stands for it was opened by somebody who knew better.
                asked.kept.extend(rules.iter().cloned());
            }
        }
    }
    asked
}

/// What guards each of a binding's endpoints: pods by their addresses, or instances.
fn guards(snapshot: &Snapshot, binding: &Binding) -> Vec<(SmolStr, Guard)> {
    let interfaces = &snapshot.surroundings.interfaces;
    match binding.target_type {
        TargetType::Ip => {
            let each = targets::addresses(snapshot, binding).into_iter();
            let guarded = each.map(|(address, holder)| {
                let guard = guard(snapshot, interfaces.groups(&address), holder);
                (address, guard)
            });
            guarded.collect()
        }
        TargetType::Alb => Vec::new(),
        // Nobody but the cluster itself says which instances its nodes are.
        TargetType::Instance => {
            let each = nodes::instances(snapshot, binding).into_iter();
            let guarded = each.map(|id| {
                let guard = guard(snapshot, interfaces.groups_of(&id), Holder::Pod);
                (id, guard)
            });
            guarded.collect()
        }
    }
}

/// The rules that a binding's openings ask for, wherever.
fn rules_of(snapshot: &Snapshot, binding: &Binding) -> BTreeSet<IngressRule> {
    let ports = PodPorts { snapshot, binding };
    binding.openings.iter().flat_map(|opening| ports.rules(opening)).collect()
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
/// security groups, or one that is going and whose load balancer may still carry ours. A bad member
/// for which nothing was ever made brings nothing about.
#[must_use]
pub fn needs_backend(snapshot: &Snapshot, group: &Group) -> bool {
    let members = members(snapshot, group);
    let finalizer = group.finalizer(snapshot.settings.scope);
    // What one member says of it counts for its group.
    let said = members.active.iter().find_map(|member| annotations(member).read(&MANAGE_RULES));
    let manages_rules = said.unwrap_or(snapshot.settings.manages_backend_rules);
    !members.leaving.is_empty()
        || !members.moved.is_empty()
        || members.active.iter().any(|member| {
            let own = annotations(member).read(&SECURITY_GROUPS);
            let brings_own = own.is_some_and(|list| !list.is_empty());
            let is_planned_only = plan_only::holds(snapshot, group, member.key, member.ingress);
            if is_planned_only {
                return holds(member.ingress, &finalizer);
            }
            let may_have = || {
                holds(member.ingress, &finalizer)
                    || member::build(snapshot, group, member).0.is_some_and(|part| {
                        policy::part::judge(snapshot, group, member, &part) == Verdict::Allowed
                    })
            };
            (!brings_own || manages_rules) && may_have()
        })
}

fn annotations<'a>(member: &Member<'a>) -> Annotations<'a> {
    let values = member.ingress.metadata.annotations.as_ref();
    Annotations::new(Kind::Ingress, member.key, values)
}

/// What guards an endpoint.
enum Guard {
    /// This security group may be opened.
    Group(AwsId),
    /// No network interface that is known is its own.
    Unseen,
    /// None of its security groups may be opened.
    Closed,
}

/// A security group is opened if it is tagged for the cluster, or if it is the only one on the
/// network interface of a pod or a node: an address that somebody wrote down opens nothing else.
fn guard(snapshot: &Snapshot, guards: Option<&[AwsId]>, holder: Holder) -> Guard {
    let surroundings = &snapshot.surroundings;
    let Some(guards) = guards else { return Guard::Unseen };
    let cluster_tag = format!("kubernetes.io/cluster/{}", snapshot.settings.cluster_named);
    let tags_of = |id: &AwsId| surroundings.security_groups.get(id).map(|group| &group.tags);
    let is_of_cluster =
        |id: &AwsId| tags_of(id).is_some_and(|tags| tags.contains_key(cluster_tag.as_str()));
    if let [only] = guards {
        let may_open = holder != Holder::Nobody || is_of_cluster(only);
        return if may_open { Guard::Group(only.clone()) } else { Guard::Closed };
    }
    let extra = &snapshot.settings.endpoint_group_tags;
    let is_marked = |id: &&AwsId| {
        let has = |tags: &Tags| extra.iter().all(|(key, value)| tags.get(key) == Some(value));
        is_of_cluster(id) && tags_of(id).is_some_and(has)
    };
    // Several that fit are no reason to let nobody in: the lowest id is as good as any, and stays.
    guards.iter().filter(is_marked).min().map_or(Guard::Closed, |id| Guard::Group(id.clone()))
}

/// The ports of the pods behind a binding; nodes have none with names.
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
