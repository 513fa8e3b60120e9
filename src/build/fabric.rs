//! The shared network of a VPC: the backend security group, and the rules that let it reach nodes
//! and pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::networking::v1::Ingress;

use crate::model::binding::{Binding, Opening, PortRef};
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::marks;
use crate::model::names;
use crate::model::problem::Kind;
use crate::model::security::{IngressRule, SecurityGroup, Source};
use crate::model::settings::BackendSecurityGroup;
use crate::model::snapshot::{Extent, Snapshot};
use crate::model::stack::FabricStack;

use super::annotations::Annotations;
use super::groups::{current, groups_touching, holds, members};
use super::{member, targets};

/// Builds the fabric. `planned` are bindings that balancers want and that do not exist yet.
#[must_use]
pub fn build(snapshot: &Snapshot, planned: &[Binding]) -> FabricStack {
    let seen = snapshot.objects.bindings.iter().filter(|(_, binding)| !binding.leaving);
    let mut bindings: Vec<Binding> = seen.map(|(key, binding)| binding.as_binding(key)).collect();
    let stands = |wish: &&Binding| {
        !bindings.iter().any(|binding| {
            binding.namespace == wish.namespace && binding.target_group == wish.target_group
        })
    };
    let new: Vec<Binding> = planned.iter().filter(stands).cloned().collect();
    bindings.extend(new);
    let mut wished: BTreeMap<AwsId, BTreeSet<IngressRule>> = BTreeMap::new();
    let mut is_complete = snapshot.extent == Extent::Cluster;
    for binding in bindings.iter().filter(|binding| !binding.openings.is_empty()) {
        match endpoint_groups(snapshot, binding) {
            Some(groups) => {
                let ports = PodPorts { snapshot, binding };
                let rules: BTreeSet<IngressRule> =
                    binding.openings.iter().flat_map(|opening| ports.rules(opening)).collect();
                for group in groups {
                    wished.entry(group).or_default().extend(rules.clone());
                }
            }
            None => is_complete = false,
        }
    }
    if snapshot.settings.restricted_rules {
        wished = wished.into_iter().map(|(group, rules)| (group, aggregated(&rules))).collect();
    }
    FabricStack { backend: backend(snapshot), endpoint_rules: wished, is_complete }
}

/// The backend security group, as long as any Ingress of ours may need it.
fn backend(snapshot: &Snapshot) -> Option<SecurityGroup> {
    let settings = &snapshot.settings;
    if settings.backend != BackendSecurityGroup::Managed || !is_needed(snapshot) {
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

/// The finalizer of a Service whose load balancer LBC keeps; that one may carry the group too.
const FINALIZER_SERVICE: &str = "service.k8s.aws/resources";

/// Whether an Ingress of ours is there that does not bring its own security groups, or one that
/// leaves and whose load balancer may still carry ours; or a Service of LBC's. A bad one for which
/// nothing was ever made brings nothing about.
fn is_needed(snapshot: &Snapshot) -> bool {
    let (settings, objects) = (&snapshot.settings, &snapshot.objects);
    let by_service = objects.services.values().any(|service| {
        service.metadata.finalizers.iter().flatten().any(|held| held == FINALIZER_SERVICE)
    });
    let is_claimed = |(key, ingress): (&ObjectKey, &Arc<Ingress>)| {
        let groups = groups_touching(settings, objects, key, ingress);
        groups.iter().any(|group| holds(ingress, &marks::finalizer(group)))
    };
    let asks = |(key, ingress): (&ObjectKey, &Arc<Ingress>)| {
        let values = ingress.metadata.annotations.as_ref();
        let annotations = Annotations::new(Kind::Ingress, key, values);
        let brings_own = annotations.list("security-groups").is_some_and(|list| !list.is_empty());
        let is_leaving = ingress.metadata.deletion_timestamp.is_some();
        let group = current(settings, objects, key, ingress);
        group.filter(|_| !is_leaving && !brings_own).is_some_and(|group| {
            let members = members(snapshot, &group);
            let mut found = members.active.iter().filter(|member| member.key == key);
            found.any(|member| member::build(snapshot, &group, member).0.is_some())
        })
    };
    by_service || objects.ingresses.iter().any(is_claimed) || objects.ingresses.iter().any(asks)
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
            group.tags.contains_key(&cluster_tag)
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
            (Some(group), _) => Source::Group(group.clone()),
            (None, Some(cidr)) if cidr.contains(':') => Source::Cidr6(cidr.clone()),
            (None, Some(cidr)) => Source::Cidr(cidr.clone()),
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
        let Source::Group(group) = &rule.source else {
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
        source: Source::Group(group.clone()),
    });
    others.into_iter().chain(merged).collect()
}
