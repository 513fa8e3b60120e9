//! The API server: whether it answers, what it serves, what it lets us do, and who else is there.

use jiff::SignedDuration;

use super::network::{cluster, settings};
use super::{Check, doubt, fault, some};
use crate::model::evidence::{ClusterEvidence, Evidence, Need};
use crate::model::settings::Scope;

/// The first version that serves EndpointSlices as they are read here (Kubernetes: 1.21).
const VERSION_MIN: (u32, u32) = (1, 21);
/// How far clocks may be apart before a Lease is taken for one that has run out: its duration.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(15);

/// What mends a right that is missing.
const ROLES: &str = "apply deploy/rbac.yaml, or install the chart, which holds the same roles";

pub(super) const CHECKS: &[Check] = &[
    fault(
        "ClusterUnreachable",
        |evidence| evidence.cluster.as_ref().err().cloned(),
        "set KUBECONFIG to a file that names the cluster, and see that kubectl get --raw /version \
         answers",
    ),
    fault(
        "OldKubernetes",
        |evidence| {
            let (major, minor) = cluster(evidence)?.version;
            ((major, minor) < VERSION_MIN).then(|| format!("the API server is {major}.{minor}"))
        },
        "EndpointSlices of discovery.k8s.io/v1 come with Kubernetes 1.21: upgrade the cluster",
    ),
    fault(
        "NoTargetGroupBindings",
        |evidence| unserved(evidence, "TargetGroupBinding"),
        "kubectl apply -f deploy/crds; LBC's own definitions do as well",
    ),
    fault(
        "NoIngressClassParams",
        |evidence| unserved(evidence, "IngressClassParams"),
        "kubectl apply -f deploy/crds; LBC's own definitions do as well",
    ),
    fault("MayNotWatch", |evidence| denied(evidence, Need::Watch), ROLES),
    fault("MayNotClaimIngresses", |evidence| denied(evidence, Need::Ingresses), ROLES),
    fault("MayNotBind", |evidence| denied(evidence, Need::Bindings), ROLES),
    doubt("MayNotOpenGates", |evidence| denied(evidence, Need::Gates), ROLES),
    doubt("MayNotTell", |evidence| denied(evidence, Need::Events), ROLES),
    fault("MayNotLead", |evidence| denied(evidence, Need::Lease), ROLES),
    fault("MayNotRemember", |evidence| denied(evidence, Need::Memory), ROLES),
    fault(
        "ClockBesideCluster",
        |evidence| {
            let renewed = cluster(evidence)?.renewed?;
            let ahead = renewed.duration_since(evidence.now);
            (ahead > SKEW_MAX).then(|| {
                format!(
                    "a Lease was renewed {} s after now, as this machine has it",
                    ahead.as_secs()
                )
            })
        },
        "set this machine's clock, or that of the nodes: who leads is told by time",
    ),
    doubt(
        "NotListed",
        |evidence| {
            let seen = cluster(evidence)?;
            let is_told = !seen.denied.is_empty()
                || ["TargetGroupBinding", "IngressClassParams"]
                    .iter()
                    .any(|kind| !seen.custom.contains(*kind));
            some(&seen.unlisted)
                .filter(|_| !is_told)
                .map(|kinds| format!("the API server has not listed {kinds} in time"))
        },
        "see how long kubectl get takes, and what of the API server is slow",
    ),
    doubt(
        "LbcRunning",
        |evidence| {
            let neighbour = &beside(evidence)?.neighbour;
            let stands = !neighbour.deployments.is_empty();
            stands.then(|| neighbour.stands()).flatten()
        },
        "albedo adopt says how to take its work over; --scope=own serves classes of its own beside it",
    ),
    fault(
        "DeadWebhooks",
        |evidence| {
            let neighbour = &beside(evidence)?.neighbour;
            let are_dead = neighbour.deployments.is_empty();
            some(&neighbour.webhooks).filter(|_| are_dead).map(|names| {
                format!("webhook configurations of LBC stand and its Deployment does not: {names}")
            })
        },
        "delete them with kubectl delete validatingwebhookconfiguration and \
         mutatingwebhookconfiguration: they refuse Ingresses and TargetGroupBindings that nobody \
         looks at",
    ),
    fault(
        "LeaseHeld",
        |evidence| {
            let neighbour = &beside(evidence)?.neighbour;
            let is_alone = neighbour.deployments.is_empty() && neighbour.webhooks.is_empty();
            some(&neighbour.leases)
                .filter(|_| is_alone)
                .map(|leases| format!("{leases} is held, and by no process of this program"))
        },
        "find the process that the Lease names, and stop it; nothing is written while it renews it",
    ),
    doubt(
        "NobodyLeads",
        |evidence| {
            let seen = cluster(evidence)?;
            if seen.neighbour.stands().is_some() {
                return None;
            }
            let Some(lease) = &seen.lease else {
                return Some("there is no Lease: no controller has ever led here".to_owned());
            };
            let is_over = lease.until.is_none_or(|until| until < evidence.now);
            (lease.holder.is_empty() || is_over)
                .then(|| format!("Lease {} is held by nobody", lease.key))
        },
        "start a controller with albedo run, or see in its pods' log why it does not lead",
    ),
    fault(
        "BindingsElsewhere",
        |evidence| {
            // A VPC that does not exist is a fault of its own.
            evidence.aws.surroundings.as_ref()?;
            let vpcs = &cluster(evidence)?.neighbour.vpcs;
            let ours = &settings(evidence)?.vpc;
            let (other, count) = vpcs.iter().max_by_key(|(_, count)| **count)?;
            let all: usize = vpcs.values().sum();
            let is_most = other != ours && count * 2 > all;
            is_most.then(|| format!("{count} of {all} TargetGroupBindings name {other}"))
        },
        "--aws-vpc-id names another VPC than the one that load balancers were made in",
    ),
    fault(
        "MemoryUnreadable",
        |evidence| some(&cluster(evidence)?.unreadable),
        "give --memory-namespace as the controller has it, and let albedo's Role read ConfigMaps \
         there",
    ),
    doubt(
        "MemoryNewer",
        |evidence| {
            some(&cluster(evidence)?.newer).map(|names| format!("a newer version wrote {names}"))
        },
        "run that version again: this one leaves alone what it cannot read",
    ),
];

/// A cluster in which LBC's classes are answered too.
fn beside(evidence: &Evidence) -> Option<&ClusterEvidence> {
    cluster(evidence).filter(|_| settings(evidence).is_none_or(|one| one.scope == Scope::All))
}

fn unserved(evidence: &Evidence, kind: &str) -> Option<String> {
    let is_served = cluster(evidence)?.custom.contains(kind);
    (!is_served).then(|| format!("the API server does not serve {kind} of elbv2.k8s.aws/v1beta1"))
}

fn denied(evidence: &Evidence, need: Need) -> Option<String> {
    let denied = cluster(evidence)?.denied.iter().filter(|right| right.need == need);
    some(denied.map(|right| {
        let group = if right.group.is_empty() { "core" } else { right.group };
        format!("{} {} ({group})", right.verb, right.resource)
    }))
    .map(|rights| format!("whoever asks may not {rights}"))
}
