//! Whether a pod gets requests: the way from its Services to what load balancers know of it.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::desired::binder::{self, Refusal};
use crate::desired::{completion, targets};
use crate::model::gate::Gate;
use crate::model::id::{AwsId, ObjectKey};
use crate::model::known::Known;
use crate::model::seen::{Endpoint, Pod, SeenBinding};
use crate::model::snapshot::Snapshot;
use crate::model::target::{LiveTarget, TargetState};
use crate::model::target_group::TargetType;

use super::answer::in_words;
use super::{Asked, Explanation, Station, Verdict};

/// A pod among what the cluster and AWS show.
#[derive(Clone, Copy, Debug)]
pub struct PodAccount<'a> {
    /// The cluster.
    pub snapshot: &'a Snapshot,
    /// What is registered in the target groups that [`PodAccount::wanted`] names.
    pub targets: &'a BTreeMap<AwsId, Known<Vec<LiveTarget>>>,
}

impl<'a> PodAccount<'a> {
    /// The target groups whose targets have to be known to explain a pod.
    #[must_use]
    pub fn wanted(&self, key: &ObjectKey) -> Vec<AwsId> {
        let services = self.services(key);
        let of =
            |binding: &SeenBinding| services.contains_key(binding.spec.service_ref.name.as_str());
        let bindings = self.bindings(key).filter(|(_, binding)| of(binding));
        bindings.filter_map(|(_, binding)| completion::arn(binding)).collect()
    }

    /// Explains whether a pod gets requests. `None` where there is no such pod.
    #[must_use]
    pub fn explain(&self, key: &ObjectKey) -> Option<Explanation> {
        let pod = self.snapshot.objects.pods.get(key)?;
        let mut stations = vec![itself(pod)];
        let services = self.services(key);
        if services.is_empty() {
            let found = "no Service of its namespace has it among its endpoints";
            let mend = "compare its labels with the Service's selector: kubectl get endpointslices";
            stations.push(Station::new("service", Verdict::Bad, found).with_mend(mend));
        }
        let mut states = Vec::new();
        for (service, endpoint) in &services {
            stations.push(listed(service, endpoint));
            let bindings: Vec<_> = self
                .bindings(key)
                .filter(|(_, binding)| binding.spec.service_ref.name == *service)
                .collect();
            if bindings.is_empty() {
                let found = format!("no target group has Service {service} behind it");
                let mend =
                    "lead a rule of an Ingress to it, and look what `albedo explain ingress` says";
                stations.push(Station::new("target group", Verdict::Bad, found).with_mend(mend));
            }
            for (name, binding) in bindings {
                let (told, state) = self.target(pod, name, binding);
                stations.extend(told);
                states.push(state);
            }
        }
        let gates = pod.gates.iter().flat_map(|gates| &gates.each);
        stations.extend(gates.map(gate));
        let served = states.into_iter().min().unwrap_or(Verdict::Bad);
        Some(Explanation { asked: Asked::Pod(key.to_string()), served, stations })
    }

    /// The Services that list a pod, each with what it says of it.
    fn services(&self, key: &ObjectKey) -> BTreeMap<&'a str, &'a Endpoint> {
        let all = self.snapshot.objects.slices.iter();
        let near = all.filter(|(service, _)| service.namespace == key.namespace);
        let mut found = BTreeMap::new();
        for (service, slices) in near {
            let endpoints = slices.iter().flat_map(|(_, slice)| &slice.endpoints);
            for endpoint in endpoints.filter(|one| one.pod.as_ref() == Some(key)) {
                found.insert(service.name.as_str(), endpoint);
            }
        }
        found
    }

    fn bindings(&self, key: &ObjectKey) -> impl Iterator<Item = (&'a ObjectKey, &'a SeenBinding)> {
        let (all, namespace) = (&self.snapshot.objects.bindings, key.namespace.clone());
        let near = all.iter().filter(move |(binding, _)| binding.namespace == namespace);
        near.map(|(key, binding)| (key, &**binding))
    }

    /// What a target group knows of a pod.
    fn target(&self, pod: &Pod, key: &ObjectKey, seen: &SeenBinding) -> (Vec<Station>, Verdict) {
        let name = &key.name;
        let one = |station: Station| {
            let verdict = station.verdict;
            (vec![station], verdict)
        };
        let Some(id) = completion::arn(seen) else {
            let found = format!("binding {name} names no target group yet");
            let mend = "look what its Events say: kubectl describe targetgroupbinding";
            return one(Station::new("target group", Verdict::Bad, found).with_mend(mend));
        };
        if let Some(refusal) = binder::refusal(self.snapshot, key) {
            let found = format!("binding {name} may not have it: {}", why(refusal));
            let mend = "look what its Events say: kubectl describe targetgroupbinding";
            return one(Station::new("target group", Verdict::Bad, found).with_mend(mend));
        }
        let ids = self.ids(pod, seen.as_binding(key).target_type);
        let live = match self.targets.get(&id) {
            Some(Known::Is(live, _)) => live,
            Some(Known::Absent(_)) => {
                let found = format!("that of binding {name} is gone");
                let mend = "make it anew, or delete the binding";
                return one(Station::new("target group", Verdict::Bad, found).with_mend(mend));
            }
            Some(Known::Unread) | None => {
                let found = format!("the targets of binding {name} cannot be read");
                return one(Station::new("target group", Verdict::Unknown, found));
            }
        };
        let mine: Vec<&LiveTarget> =
            live.iter().filter(|live| ids.contains(&live.target.id)).collect();
        if mine.is_empty() {
            return one(self.unregistered(name, &ids, seen, key));
        }
        let told: Vec<Station> = mine.iter().map(|live| target(name, live)).collect();
        let is_served = mine.iter().any(|live| live.state == TargetState::Healthy);
        (told, if is_served { Verdict::Good } else { Verdict::Bad })
    }

    /// By what targets a pod is reached: its addresses, or the instance of its node.
    fn ids(&self, pod: &Pod, target_type: TargetType) -> Vec<SmolStr> {
        match target_type {
            TargetType::Ip => pod.addresses.iter().cloned().collect(),
            TargetType::Instance => {
                let node = self.snapshot.objects.nodes.get(pod.node.as_str());
                node.and_then(|node| node.instance.clone()).into_iter().collect()
            }
            TargetType::Alb => Vec::new(),
        }
    }

    /// Why a pod is no target.
    fn unregistered(
        &self,
        name: &str,
        ids: &[SmolStr],
        seen: &SeenBinding,
        key: &ObjectKey,
    ) -> Station {
        let binding = seen.as_binding(key);
        let wanted = targets::of_binding(self.snapshot, &binding).targets;
        let is_wanted = wanted.iter().any(|target| ids.contains(&target.id));
        let found = format!("it is not registered for binding {name}");
        let mend = match binding.target_type {
            _ if is_wanted => "wait: it is about to be; else look what the controller's log says",
            TargetType::Ip => "wait until it is ready, or look at its readinessProbe",
            TargetType::Alb => "no pod can be: its target is a load balancer",
            TargetType::Instance => {
                "its node is not suitable: see its labels, taints and readiness"
            }
        };
        Station::new("target", Verdict::Bad, found).with_mend(mend)
    }
}

fn itself(pod: &Pod) -> Station {
    let station = |verdict, found: String| Station::new("pod", verdict, found);
    let describe = "look what happens to it: kubectl describe pod";
    if pod.addresses.is_empty() {
        return station(Verdict::Bad, "it has no address yet".to_owned()).with_mend(describe);
    }
    let addresses: Vec<&str> = pod.addresses.iter().map(SmolStr::as_str).collect();
    let found = format!("{} on node {}", addresses.join(", "), pod.node);
    if pod.leaving {
        station(Verdict::Bad, format!("{found}, being deleted"))
            .with_mend("nothing: it finishes the requests that it has")
    } else if pod.containers_ready {
        station(Verdict::Good, format!("{found}, its containers are ready"))
    } else {
        station(Verdict::Bad, format!("{found}, its containers are not ready")).with_mend(describe)
    }
}

fn listed(service: &str, endpoint: &Endpoint) -> Station {
    let station = |verdict, what: &str| {
        Station::new("service", verdict, format!("{service} has it among its endpoints, {what}"))
    };
    if endpoint.terminating {
        station(Verdict::Note, "as one that ends")
    } else if endpoint.ready {
        station(Verdict::Good, "ready")
    } else {
        station(Verdict::Note, "not ready").with_mend("look at its readinessProbe and its gates")
    }
}

fn target(binding: &str, live: &LiveTarget) -> Station {
    let (state, mend) = in_words(live);
    let why = live.why.as_ref().map(|why| format!(": {}", why.description));
    let found = format!("{} of binding {binding} {state}{}", live.target, why.unwrap_or_default());
    match mend {
        None => Station::new("target", Verdict::Good, found),
        Some(mend) => Station::new("target", Verdict::Bad, found).with_mend(mend),
    }
}

/// Why a binding may not have the target group that it names.
fn why(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::OtherCluster => "it is tagged as another cluster's",
        Refusal::Ingress => "it was made for an Ingress",
        Refusal::Namespace => "its tag does not name the namespace",
        Refusal::Unread => "its tags cannot be read",
        Refusal::Taken => "an older binding has it",
        Refusal::Policy => "no TenantPolicy of the namespace allows it",
    }
}

fn gate(gate: &Gate) -> Station {
    if gate.is_open() {
        return Station::new(
            "gate",
            Verdict::Good,
            format!("that of binding {} is open", gate.binding),
        );
    }
    let found =
        format!("that of binding {} is closed, so the pod does not get Ready", gate.binding);
    Station::new("gate", Verdict::Note, found)
        .with_mend("it opens once a target of the pod is healthy; see those above")
}
