//! What the belief tells a visit, or which parts have to be read first. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::belief::{Belief, Part};
use super::{ReadLoadBalancer, ReadSecurityGroup};
use crate::model::certificate::LiveCertificate;
use crate::model::group::Group;
use crate::model::id::{AwsId, Id, ObjectKey};
use crate::model::inventory::{
    Address, BalancerInventory, CertificateInventory, FabricInventory, LiveLoadBalancer,
    LiveTargetGroup, TargetsInventory, ZoneInventory,
};
use crate::model::known::{Known, Live};
use crate::model::marks::{
    TAG_CLUSTER, TAG_RESOURCE, TAG_SECRET, TAG_STACK, Tags, backend_tags, certificate_tags,
};
use crate::model::record::HostedZones;
use crate::model::security::{IngressRule, Source};
use crate::model::surroundings::{NamedGroup, Surroundings};
use crate::model::target_group::TargetGroup;

/// Start of the tag that says which cluster a node's or pod's security group belongs to.
const TAG_NODE_CLUSTER_PREFIX: &str = "kubernetes.io/cluster/";
/// The values of that tag (LBC looks for these two).
const NODE_CLUSTER_VALUES: [&str; 2] = ["owned", "shared"];

/// What a visit to a balancer has to know beyond what is always known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalancerScope {
    /// Whether the attributes of its load balancers are wanted.
    pub load_balancer_attributes: bool,
    /// The target groups whose attributes are wanted, by their tag `ingress.k8s.aws/resource`.
    pub target_group_attributes: BTreeSet<String>,
}

/// What is known, or the parts to be read first.
pub(super) type View<T> = Result<T, Vec<Part>>;

impl Belief {
    /// What stands in the VPC, if no part of that is older than a moment.
    pub(super) fn surroundings(&mut self, since: Timestamp) -> View<Arc<Surroundings>> {
        let stale = [
            (Part::Vpc, read_at(&self.vpc)),
            (Part::Interfaces, read_at(&self.interfaces)),
            (Part::SecurityGroups, read_at(&self.security_groups)),
        ];
        let stale = stale.into_iter().filter(|(_, at)| at.is_none_or(|at| at < since));
        let stale: Vec<Part> = stale.map(|(part, _)| part).collect();
        let (Known::Is(vpc, at), Known::Is(interfaces, _), Known::Is(groups, _)) =
            (&self.vpc, &self.interfaces, &self.security_groups)
        else {
            return Err(stale);
        };
        if !stale.is_empty() {
            return Err(stale);
        }
        let made = self.surroundings.get_or_insert_with(|| {
            let groups = groups
                .iter()
                .map(|(id, group)| (id.clone(), NamedGroup { tags: group.live.spec.tags.clone() }));
            Arc::new(Surroundings {
                vpc: vpc.id.to_string(),
                cidrs: vpc.cidrs.clone(),
                subnets: vpc.subnets.clone(),
                security_groups: groups.collect(),
                interfaces: interfaces.clone(),
                read_at: Some(*at),
            })
        });
        Ok(Arc::clone(made))
    }

    /// What stands of an Ingress group.
    pub(super) fn balancer(
        &self,
        cluster: &str,
        group: &Group,
        scope: &BalancerScope,
    ) -> View<BalancerInventory> {
        let mut missing = Vec::new();
        let is_ours = |tags: &Tags| is_of_group(tags, cluster, group);
        let security_groups =
            look((&self.security_groups, Part::SecurityGroups), &mut missing, |groups, _| {
                let groups = groups.values().map(|group| &group.live);
                groups.filter(|live| is_ours(&live.spec.tags)).cloned().collect()
            });
        let load_balancers =
            look((&self.load_balancers, Part::LoadBalancers), &mut missing, |found, missing| {
                let tagged = found.values().map(|found| (found, self.tags.get(&found.live.id)));
                tagged
                    .filter_map(|(found, tags)| Some((found, tags.filter(|tags| is_ours(tags))?)))
                    .map(|(found, tags)| self.load_balancer(found, tags, scope, missing))
                    .collect()
            });
        let target_groups =
            look((&self.target_groups, Part::TargetGroups), &mut missing, |found, missing| {
                let tagged = found.values().map(|found| (found, self.tags.get(&found.id)));
                tagged
                    .filter_map(|(found, tags)| Some((found, tags.filter(|tags| is_ours(tags))?)))
                    .map(|(found, tags)| self.target_group(found, tags, scope, missing))
                    .collect()
            });
        if missing.is_empty() {
            Ok(BalancerInventory {
                load_balancers,
                security_groups,
                target_groups,
                ..BalancerInventory::default()
            })
        } else {
            Err(missing)
        }
    }

    fn load_balancer(
        &self,
        found: &ReadLoadBalancer,
        tags: &Tags,
        scope: &BalancerScope,
        missing: &mut Vec<Part>,
    ) -> LiveLoadBalancer {
        let id = &found.live.id;
        let listeners = entry(&self.listeners, id);
        if !listeners.is_read() {
            missing.push(Part::Listeners(id.clone()));
        }
        let attributes = entry(&self.load_balancer_attributes, id);
        if scope.load_balancer_attributes && !attributes.is_read() {
            missing.push(Part::LoadBalancerAttributes(id.clone()));
        }
        let mut live = found.live.clone();
        live.spec.tags.clone_from(tags);
        LiveLoadBalancer {
            live,
            dns_name: found.dns_name.clone(),
            state: found.state,
            attributes,
            listeners,
        }
    }

    fn target_group(
        &self,
        found: &Live<TargetGroup>,
        tags: &Tags,
        scope: &BalancerScope,
        missing: &mut Vec<Part>,
    ) -> LiveTargetGroup {
        let attributes = entry(&self.target_group_attributes, &found.id);
        let resource = tags.get(TAG_RESOURCE);
        let wanted = resource.is_some_and(|tag| scope.target_group_attributes.contains(tag));
        if wanted && !attributes.is_read() {
            missing.push(Part::TargetGroupAttributes(found.id.clone()));
        }
        let mut live = found.clone();
        live.spec.tags.clone_from(tags);
        LiveTargetGroup { live, attributes }
    }

    /// What stands of the VPC's shared network, as far as it is the cluster's.
    ///
    /// Of the rules that carry the description of our rules, those are the cluster's that are on a
    /// security group tagged for it or named in `endpoints`, or that let in a security group of the
    /// cluster. A rule that lets in the security group of another cluster never is.
    pub(super) fn fabric(
        &self,
        cluster: &str,
        endpoints: &BTreeSet<AwsId>,
    ) -> View<FabricInventory> {
        let Known::Is(groups, at) = &self.security_groups else {
            return Err(vec![Part::SecurityGroups]);
        };
        let marks = backend_tags(cluster);
        let is_backend =
            |tags: &Tags| marks.iter().all(|(key, value)| tags.get(key) == Some(value));
        let backend = groups.values().map(|group| &group.live);
        let backend = backend.into_iter().find(|live| is_backend(&live.spec.tags));
        let rules = groups.iter().filter_map(|(id, group)| {
            let is_ours = endpoints.contains(id) || is_node_group(&group.live.spec.tags, cluster);
            let rules = group.shared.iter().filter(|rule| match owner(groups, rule) {
                Some(owner) => owner == cluster,
                None => is_ours,
            });
            let rules: BTreeSet<IngressRule> = rules.cloned().collect();
            (is_ours || !rules.is_empty()).then(|| (id.clone(), rules))
        });
        // Where there is no such group, nobody has to know who carries it.
        let load_balancers = match (backend, self.load_balancers.value()) {
            (Some(_), None) if !self.load_balancers.is_read() => {
                return Err(vec![Part::LoadBalancers]);
            }
            (_, found) => found.into_iter().flat_map(BTreeMap::values),
        };
        let mut carried =
            load_balancers.flat_map(|found| &found.live.spec.security_groups).filter_map(Id::given);
        Ok(FabricInventory {
            is_carried: backend.is_some_and(|live| carried.any(|id| *id == live.id)),
            endpoint_rules: Known::Is(rules.collect(), *at),
            backend: backend.map_or(Known::Absent(*at), |live| Known::Is(live.clone(), *at)),
        })
    }

    /// The parts that hang on a group's load balancers and target groups.
    pub(super) fn parts_of_group(&self, cluster: &str, group: &Group) -> Vec<Part> {
        let ours = self.tags.iter().filter(|(_, tags)| is_of_group(tags, cluster, group));
        ours.flat_map(|(id, _)| {
            [
                Part::Listeners(id.clone()),
                Part::LoadBalancerAttributes(id.clone()),
                Part::TargetGroupAttributes(id.clone()),
            ]
        })
        .collect()
    }

    /// The certificates that a TLS Secret of the cluster was imported as.
    pub(super) fn certificate(
        &self,
        cluster: &str,
        secret: &ObjectKey,
    ) -> View<CertificateInventory> {
        let Known::Is(ids, at) = &self.certificates else { return Err(vec![Part::Certificates]) };
        let marks = certificate_tags(cluster, secret);
        let is_ours = |tags: &Tags| marks.iter().all(|(key, value)| tags.get(key) == Some(value));
        let mut missing = Vec::new();
        let mut certificates = Vec::new();
        for id in ids {
            let Some(tags) = self.tags.get(id).filter(|tags| is_ours(tags)) else { continue };
            match self.certificate_facts.get(id).and_then(Known::value) {
                Some(facts) => certificates.push(LiveCertificate {
                    id: id.clone(),
                    facts: facts.clone(),
                    imported: self.imported.get(id).cloned(),
                    tags: tags.clone(),
                }),
                None => missing.push(Part::Certificate(id.clone())),
            }
        }
        if missing.is_empty() {
            Ok(CertificateInventory { certificates: Known::Is(certificates, *at) })
        } else {
            Err(missing)
        }
    }

    /// The TLS Secrets of the cluster of which a certificate stands.
    pub(super) fn imported_secrets(&self, cluster: &str) -> View<BTreeSet<ObjectKey>> {
        let Known::Is(ids, _) = &self.certificates else { return Err(vec![Part::Certificates]) };
        let of_cluster = ids.iter().filter_map(|id| {
            let tags = self.tags.get(id)?;
            (tags.get(TAG_CLUSTER)? == cluster).then_some(tags.get(TAG_SECRET)?)
        });
        let keys = of_cluster.filter_map(|secret| secret.split_once('/'));
        Ok(keys.map(|(namespace, name)| ObjectKey::new(namespace, name)).collect())
    }

    /// The account's hosted zones, if they were not read before a moment.
    pub(super) fn zones(&self, since: Timestamp) -> View<Arc<HostedZones>> {
        match &self.zones {
            Known::Is(zones, at) if *at >= since => Ok(Arc::clone(zones)),
            Known::Is(..) | Known::Absent(_) | Known::Unread => Err(vec![Part::Zones]),
        }
    }

    /// What stands of a hosted zone, and the load balancers that its names may lead to; those are
    /// read anew if they were read before a moment.
    pub(super) fn zone(
        &self,
        cluster: &str,
        zone: &AwsId,
        since: Timestamp,
    ) -> View<ZoneInventory> {
        let records = self.records.get(zone).cloned().unwrap_or_default();
        let missing = [
            (Part::Records(zone.clone()), records.is_read()),
            (Part::LoadBalancers, read_at(&self.load_balancers).is_some_and(|at| at >= since)),
        ];
        let missing: Vec<Part> =
            missing.into_iter().filter(|(_, is_known)| !is_known).map(|(part, _)| part).collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        let found = self.load_balancers.value().into_iter().flatten();
        let address = |found: &ReadLoadBalancer| {
            let tags = self.tags.get(&found.live.id);
            Address {
                dns_name: AwsId::new(found.dns_name.to_lowercase()),
                hosted_zone: found.hosted_zone.clone(),
                state: found.state,
                has_ipv6: found.live.spec.ip_address_type.has_ipv6(),
                is_ours: tags
                    .is_some_and(|tags| tags.get(TAG_CLUSTER).is_some_and(|tag| tag == cluster)),
            }
        };
        let load_balancers = found.map(|(id, found)| (id.clone(), address(found))).collect();
        Ok(ZoneInventory { records, load_balancers })
    }

    /// What is registered in a target group.
    pub(super) fn targets(&self, target_group: &AwsId) -> View<TargetsInventory> {
        let targets = entry(&self.targets, target_group);
        if targets.is_read() {
            Ok(TargetsInventory { targets })
        } else {
            Err(vec![Part::Targets(target_group.clone())])
        }
    }
}

/// The cluster whose security group a rule lets in, where a tag tells.
fn owner<'a>(
    groups: &'a BTreeMap<AwsId, ReadSecurityGroup>,
    rule: &IngressRule,
) -> Option<&'a String> {
    match &rule.source {
        Source::Group(Id::Is(id)) => groups.get(id)?.live.spec.tags.get(TAG_CLUSTER),
        Source::Group(Id::Of(_)) | Source::Cidr(_) | Source::Cidr6(_) | Source::PrefixList(_) => {
            None
        }
    }
}

fn is_node_group(tags: &Tags, cluster: &str) -> bool {
    tags.get(&format!("{TAG_NODE_CLUSTER_PREFIX}{cluster}"))
        .is_some_and(|value| NODE_CLUSTER_VALUES.contains(&value.as_str()))
}

fn is_of_group(tags: &Tags, cluster: &str, group: &Group) -> bool {
    tags.get(TAG_CLUSTER).is_some_and(|tag| tag == cluster)
        && tags.get(TAG_STACK).is_some_and(|tag| *tag == group.to_string())
}

fn entry<T: Clone>(map: &BTreeMap<AwsId, Known<T>>, id: &AwsId) -> Known<T> {
    map.get(id).cloned().unwrap_or_default()
}

fn read_at<T>(known: &Known<T>) -> Option<Timestamp> {
    match known {
        Known::Unread => None,
        Known::Absent(at) | Known::Is(_, at) => Some(*at),
    }
}

/// Makes something of a part, or notes that the part has to be read first.
fn look<T, U>(
    (known, part): (&Known<T>, Part),
    missing: &mut Vec<Part>,
    make: impl FnOnce(&T, &mut Vec<Part>) -> U,
) -> Known<U> {
    match known {
        Known::Unread => {
            missing.push(part);
            Known::Unread
        }
        Known::Absent(at) => Known::Absent(*at),
        Known::Is(value, at) => Known::Is(make(value, missing), *at),
    }
}
