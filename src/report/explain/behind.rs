//! Who is behind the targets of a target group, and why one has none, by what the cluster shows.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::SmolStr;

use crate::desired::{completion, targets};
use crate::model::flat::FlatMap;
use crate::model::id::{AwsId, ObjectKey};
use crate::model::object_key::Called;
use crate::model::seen::{Endpoint, Ingress};
use crate::model::snapshot::Snapshot;
use crate::model::target_group::TargetType;

/// How many pods a sentence names.
const NAMED_MAX: usize = 3;

/// What is found, and what a person can do.
type Why = (String, String);

/// Who is behind each target: the pod at an address, the node that an instance is. An address that
/// several pods have, which is their node's, is nobody's.
#[must_use]
pub fn who_is_behind(snapshot: &Snapshot) -> BTreeMap<SmolStr, String> {
    let mut found: BTreeMap<SmolStr, String> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for (key, pod) in &snapshot.objects.pods {
        for address in pod.addresses.iter() {
            if found.insert(address.clone(), format!("pod {key}")).is_some() {
                shared.insert(address.clone());
            }
        }
    }
    found.retain(|address, _| !shared.contains(address));
    let nodes = snapshot.objects.nodes.iter();
    found.extend(
        nodes.filter_map(|(name, node)| Some((node.instance.clone()?, format!("node {name}")))),
    );
    found
}

/// The Ingresses that ask for a host, by its name or by a wildcard.
#[must_use]
pub fn asking<'a>(snapshot: &'a Snapshot, host: &str) -> Vec<&'a ObjectKey> {
    let wildcard = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    let asks = |ingress: &Ingress| {
        let rules = ingress.spec.iter().flat_map(|spec| spec.rules.iter().flatten());
        let mut hosts = rules.filter_map(|rule| rule.host.as_deref());
        hosts.any(|asked| asked.eq_ignore_ascii_case(host) || Some(asked) == wildcard.as_deref())
    };
    let all = snapshot.objects.ingresses.iter();
    all.filter(|(_, ingress)| asks(ingress)).map(|(key, _)| key).collect()
}

/// Why nothing is registered in a target group.
pub(super) fn why_empty(snapshot: &Snapshot, target_group: &AwsId) -> Why {
    let why = |found: String, mend: &str| (found, mend.to_owned());
    let objects = &snapshot.objects;
    let mut bindings = objects.bindings.iter();
    let its = bindings.find(|(_, seen)| completion::arn(seen).as_ref() == Some(target_group));
    let Some((key, seen)) = its else {
        let found = "no TargetGroupBinding says what to register".to_owned();
        return why(found, "see that a controller leads, and what it says: albedo doctor");
    };
    let binding = seen.as_binding(key);
    let service_key = binding.service_key();
    let Some(service) = objects.services.get(&service_key) else {
        let found = format!("Service {service_key} does not exist");
        return why(found, "make it, or lead the path to one that is there");
    };
    if service.port(&binding.port).is_none() {
        let ports = service.ports.iter().map(|port| match &port.name {
            Some(name) => format!("{name} ({})", port.port),
            None => port.port.to_string(),
        });
        let ports = ports.collect::<Vec<_>>().join(", ");
        let found = format!("Service {service_key} has no port {}", binding.port);
        return (found, format!("name one that it has: {ports}"));
    }
    if !targets::of_binding(snapshot, &binding).targets.is_empty() {
        let found = format!("what is behind Service {service_key} is not registered yet");
        let mend = "wait a moment; if it stays so, see that a controller leads and what AWS refuses \
                    it: albedo doctor, kubectl describe targetgroupbinding";
        return why(found, mend);
    }
    match binding.target_type {
        TargetType::Ip => without_pods(snapshot, &service_key),
        TargetType::Instance => why(
            format!("no node is suitable for Service {service_key}"),
            "see that nodes are ready, and the labels in target-node-labels: kubectl get nodes \
             --show-labels",
        ),
        TargetType::Alb => why(
            "the load balancer behind it is not registered yet".to_owned(),
            "see what the Ingress's Events say: kubectl describe ingress",
        ),
    }
}

/// Why a Service has no endpoint that could be a target.
fn without_pods(snapshot: &Snapshot, service: &ObjectKey) -> Why {
    let slices = snapshot.objects.slices.get(service);
    let endpoints = slices.into_iter().flat_map(FlatMap::values);
    let endpoints: Vec<&Endpoint> = endpoints.flat_map(|slice| &slice.endpoints).collect();
    let Called { namespace, name } = &**service;
    if endpoints.is_empty() {
        let found = format!("Service {service} has no endpoints: no pod has the labels it selects");
        let mend = format!(
            "compare them: kubectl get service -n {namespace} {name} -o wide, kubectl get pods -n \
             {namespace} --show-labels"
        );
        return (found, mend);
    }
    let unready = endpoints.iter().filter(|one| !one.ready);
    let pods: BTreeSet<&str> =
        unready.clone().filter_map(|one| Some(one.pod.as_ref()?.name.as_str())).collect();
    if unready.count() == endpoints.len() {
        let named = pods.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(" ");
        let found = format!("none of {} endpoints of Service {service} is ready", endpoints.len());
        let mend = format!("see why: kubectl describe pod -n {namespace} {named}");
        return (found, mend.trim_end().to_owned());
    }
    let found = format!("no endpoint of Service {service} can be a target");
    (found, format!("see its Events: kubectl describe targetgroupbinding -n {namespace}"))
}
