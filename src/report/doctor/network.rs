//! The VPC, its subnets, and where nodes and pods are in it.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use super::{Check, doubt, fault, some};
use crate::desired::subnets;
use crate::model::evidence::{ClusterEvidence, Evidence};
use crate::model::load_balancer::{IpAddressType, LoadBalancerKind, Scheme};
use crate::model::marks::ANNOTATION_PREFIX;
use crate::model::settings::Settings;
use crate::model::surroundings::{Subnet, Surroundings};
use crate::model::target_group::TargetType;

/// The fewest availability zones of an application load balancer (AWS).
const ZONES_MIN: usize = 2;
/// The fewest addresses that AWS wants to be free in each subnet of a load balancer.
const FREE_ADDRESSES_MIN: i32 = 8;
/// What the tag begins with that says whose a security group is.
const TAG_CLUSTER: &str = "kubernetes.io/cluster/";

pub(super) const CHECKS: &[Check] = &[
    fault(
        "NoSubnets",
        |evidence| {
            let vpc = &surroundings(evidence)?.vpc;
            vpc.subnets.is_empty().then(|| format!("{} has no subnets", vpc.id))
        },
        "see that --aws-vpc-id is the VPC of the cluster, or make subnets in two availability zones",
    ),
    fault(
        "OneZone",
        |evidence| {
            let subnets = &surroundings(evidence)?.vpc.subnets;
            let zones: BTreeSet<&str> = subnets.values().map(|one| one.zone.as_str()).collect();
            let is_too_few = !zones.is_empty() && zones.len() < ZONES_MIN;
            is_too_few.then(|| format!("all subnets are in {}", some(zones).unwrap_or_default()))
        },
        "make a subnet in a second availability zone: an application load balancer needs two",
    ),
    fault(
        "NoPublicSubnets",
        |evidence| unfit(evidence, Scheme::InternetFacing),
        "tag two public subnets of different zones with kubernetes.io/role/elb=1, or name subnets by \
         annotation or IngressClassParams",
    ),
    fault(
        "NoPrivateSubnets",
        |evidence| unfit(evidence, Scheme::Internal),
        "tag two private subnets of different zones with kubernetes.io/role/internal-elb=1, or name \
         subnets by annotation or IngressClassParams",
    ),
    doubt(
        "FullSubnets",
        |evidence| {
            let subnets = surroundings(evidence)?.vpc.subnets.iter();
            let is_full = |subnet: &Subnet| subnet.free_addresses < FREE_ADDRESSES_MIN;
            let full = subnets.filter(|(_, subnet)| is_full(subnet));
            some(full.map(|(id, subnet)| format!("{id} has {} free", subnet.free_addresses)))
        },
        "free addresses there: AWS wants eight of each subnet of a load balancer",
    ),
    fault(
        "OtherClusterName",
        |evidence| {
            let tagged = node_groups(evidence)?;
            let others: BTreeSet<String> =
                tagged.into_iter().flat_map(|(_, names)| names).collect();
            let ours = &settings(evidence)?.cluster_named;
            if others.contains(ours.as_str()) {
                return None;
            }
            some(others).map(|others| format!("security groups of nodes are tagged for {others}"))
        },
        "give --cluster-name as the tags kubernetes.io/cluster/<name> of the nodes' security groups \
         have it; nothing is opened to another cluster's nodes",
    ),
    fault(
        "NodeGroupsUntagged",
        |evidence| {
            let tagged = node_groups(evidence)?;
            if tagged.iter().any(|(_, names)| !names.is_empty()) {
                return None;
            }
            let several = tagged.into_iter().filter(|(count, _)| *count > 1).count();
            (several > 0).then(|| {
                format!(
                    "{several} network interfaces of nodes have several security groups, none \
                         of them tagged"
                )
            })
        },
        "tag the one that is to be opened with kubernetes.io/cluster/<name>=owned",
    ),
    fault(
        "NodesElsewhere",
        |evidence| {
            let here = surroundings(evidence)?;
            let nodes = listed(evidence)?.objects.nodes.values();
            let instances: Vec<_> = nodes.filter_map(|node| node.instance.as_ref()).collect();
            let is_known = |id: &&&smol_str::SmolStr| here.interfaces.groups_of(id).is_some();
            let is_any = instances.iter().any(|id| is_known(&id));
            let none = !instances.is_empty() && !is_any;
            none.then(|| {
                let nodes = some(instances).unwrap_or_default();
                format!("{nodes} have no network interface in {}", here.vpc.id)
            })
        },
        "the nodes are in another VPC; give theirs with --aws-vpc-id",
    ),
    doubt(
        "NodesWithoutInstance",
        |evidence| {
            uses(evidence, TargetType::Instance)?;
            let nodes = &listed(evidence)?.objects.nodes;
            let none = !nodes.is_empty() && nodes.values().all(|node| node.instance.is_none());
            none.then(|| format!("none of {} nodes has an instance for a provider id", nodes.len()))
        },
        "nodes that are no EC2 instances, such as Fargate's, are no targets; use target-type ip",
    ),
    doubt(
        "NodesExcluded",
        |evidence| {
            uses(evidence, TargetType::Instance)?;
            let nodes = &listed(evidence)?.objects.nodes;
            let all = !nodes.is_empty() && nodes.values().all(|node| node.excluded);
            all.then(|| format!("all {} nodes are excluded from load balancers", nodes.len()))
        },
        "take the label node.kubernetes.io/exclude-from-external-load-balancers from some of them",
    ),
    doubt(
        "NodesNotReady",
        |evidence| {
            let nodes = &listed(evidence)?.objects.nodes;
            let none = !nodes.is_empty() && nodes.values().all(|node| node.ready != "True");
            none.then(|| format!("none of {} nodes is ready", nodes.len()))
        },
        "see what kubectl describe nodes says",
    ),
    fault(
        "PodsOutsideVpc",
        |evidence| {
            uses(evidence, TargetType::Ip)?;
            let vpc = &surroundings(evidence)?.vpc;
            let pods = listed(evidence)?.objects.pods.iter();
            let addresses = pods.flat_map(|(_, pod)| pod.addresses.iter());
            some(addresses.filter(|address| vpc.is_outside(address)))
                .map(|addresses| format!("{addresses} are in no CIDR of {}", vpc.id))
        },
        "pods of an overlay network are no targets; use target-type instance, or the VPC CNI",
    ),
];

pub(super) fn settings(evidence: &Evidence) -> Option<&Settings> {
    evidence.settings.as_ref().ok()
}

pub(super) fn cluster(evidence: &Evidence) -> Option<&ClusterEvidence> {
    evidence.cluster.as_ref().ok()
}

/// The cluster, where all of its objects were listed.
pub(super) fn listed(evidence: &Evidence) -> Option<&ClusterEvidence> {
    cluster(evidence).filter(|seen| seen.unlisted.is_empty())
}

fn surroundings(evidence: &Evidence) -> Option<&Surroundings> {
    evidence.aws.surroundings.as_deref().filter(|seen| !seen.vpc.cidrs.is_empty())
}

/// The values that an annotation of Ingresses has; `None` where one lacks it, or there are none.
fn values<'a>(evidence: &'a Evidence, annotation: &str) -> Option<BTreeSet<Option<&'a str>>> {
    let name = format!("{ANNOTATION_PREFIX}{annotation}");
    let ingresses = &listed(evidence)?.objects.ingresses;
    let values = ingresses.values().map(|ingress| {
        let annotations = ingress.metadata.annotations.as_ref();
        annotations.and_then(|all| all.get(name.as_str())).map(SmolStr::as_str)
    });
    let values: BTreeSet<_> = values.collect();
    Some(if values.is_empty() { BTreeSet::from([None]) } else { values })
}

/// Whether anybody uses targets of a type.
fn uses(evidence: &Evidence, target_type: TargetType) -> Option<()> {
    let named = if target_type == TargetType::Ip { "ip" } else { "instance" };
    let is_default = settings(evidence)?.default_target_type == target_type;
    let values = values(evidence, "target-type")?;
    (values.contains(&Some(named)) || is_default && values.contains(&None)).then_some(())
}

/// Why no subnets can be chosen for load balancers of a scheme that somebody wants.
fn unfit(evidence: &Evidence, scheme: Scheme) -> Option<String> {
    let (here, settings) = (surroundings(evidence)?, settings(evidence)?);
    let zones: BTreeSet<&str> = here.vpc.subnets.values().map(|one| one.zone.as_str()).collect();
    let named = scheme.as_str();
    let schemes = values(evidence, "scheme")?;
    let is_wanted = schemes.contains(&Some(named))
        || settings.default_scheme == scheme && schemes.contains(&None);
    if !is_wanted || zones.len() < ZONES_MIN {
        return None;
    }
    let of = (LoadBalancerKind::Application, IpAddressType::Ipv4);
    let chosen = subnets::discovered(here, settings, scheme, of);
    chosen.err().map(|why| format!("{}; needed: {}", why.found, why.allowed))
}

/// Of each node's first network interface, how many security groups it has and the clusters that
/// those are tagged for.
fn node_groups(evidence: &Evidence) -> Option<Vec<(usize, BTreeSet<String>)>> {
    let here = surroundings(evidence)?;
    let nodes = listed(evidence)?.objects.nodes.values();
    let groups = nodes.filter_map(|node| here.interfaces.groups_of(node.instance.as_ref()?));
    let tagged = groups.map(|groups| {
        let known = groups.iter().filter_map(|id| here.security_groups.get(id));
        let names = known.flat_map(|group| group.tags.keys());
        let names = names.filter_map(|key| key.strip_prefix(TAG_CLUSTER)).map(str::to_owned);
        (groups.len(), names.collect())
    });
    Some(tagged.collect())
}
