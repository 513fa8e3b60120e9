//! What stands, told without identifiers: two ways that led to the same are then the same text.

use std::fmt::Debug;

use albedo::model::action::{Action, AwsAction, Ec2Action, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::marks::TAG_RESOURCE;
use albedo::model::plan::Step;
use albedo::model::seen::SeenBinding;
use albedo::model::target::TargetState;
use jiff::Timestamp;

use super::cluster::FakeCluster;
use super::fake::State;

/// Identifiers and what they stand for. Those of what hangs on something else come first: they
/// contain it.
pub fn names(state: &State) -> Vec<(String, String)> {
    let mut names = Vec::new();
    let load_balancer =
        |id: &AwsId| state.load_balancers.get(id).map_or("gone", |found| &found.spec.name);
    for (id, rule) in &state.rules {
        let listener = state.listeners.get(&rule.listener);
        let at = listener.map_or("gone".to_owned(), |listener| {
            format!("{}:{}", load_balancer(&listener.load_balancer), listener.port)
        });
        names.push((id.to_string(), format!("rule {at}:{}", rule.priority)));
    }
    for (id, listener) in &state.listeners {
        let name = format!("listener {}:{}", load_balancer(&listener.load_balancer), listener.port);
        names.push((id.to_string(), name));
    }
    for (id, found) in &state.load_balancers {
        names.push((id.to_string(), format!("load balancer {}", found.spec.name)));
    }
    for (id, found) in &state.target_groups {
        let name = found.spec.name.clone().unwrap_or_default();
        names.push((id.to_string(), format!("target group {name}")));
    }
    for (id, group) in &state.security_groups {
        names.push((id.to_string(), format!("security group {}", group.spec.name)));
    }
    for (id, certificate) in &state.imported {
        names.push((id.to_string(), format!("certificate {:?}", certificate.facts.names)));
    }
    for (id, asked) in &state.requested {
        names.push((id.to_string(), format!("certificate {:?}", asked.facts.names)));
    }
    names.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
    names
}

/// A text in which identifiers are replaced by what they stand for.
pub fn renamed(names: &[(String, String)], mut text: String) -> String {
    for (id, name) in names {
        text = text.replace(id.as_str(), name);
    }
    text
}

/// Everything in AWS, a line a thing. A target that drains is on its way out by itself: how far it
/// has come says only when somebody looked. The default certificate of a listener may be among
/// those that are chosen by host as well, or not: clients get it either way.
pub fn aws(state: &State) -> Vec<String> {
    fn each<'a, T: Debug + 'a>(
        things: impl IntoIterator<Item = (&'a AwsId, &'a T)>,
    ) -> Vec<String> {
        things.into_iter().map(|(id, thing)| format!("{id}: {thing:?}")).collect()
    }
    let names = names(state);
    let mut target_groups = state.target_groups.clone();
    for group in target_groups.values_mut() {
        group.targets.retain(|_, state| *state != TargetState::Draining);
    }
    let mut listeners = state.listeners.clone();
    for listener in listeners.values_mut() {
        listener.spec.certificates.extend(listener.spec.default_certificate.clone());
    }
    let mut requested = state.requested.clone();
    // When it was asked for depends on the way.
    requested.values_mut().for_each(|one| one.facts.requested_at = Timestamp::default());
    let all = each(&state.security_groups)
        .into_iter()
        .chain(each(&state.load_balancers))
        .chain(each(&listeners))
        .chain(each(&state.rules))
        .chain(each(&target_groups))
        .chain(each(&state.imported))
        .chain(each(&requested))
        .chain(each(&state.zones));
    let mut lines: Vec<String> = all.map(|line| renamed(&names, line)).collect();
    lines.sort();
    lines
}

/// What this program keeps in the cluster: finalizers, statuses and bindings.
pub fn cluster(cluster: &FakeCluster, state: &State) -> Vec<String> {
    let names = names(state);
    let objects = cluster.objects.read().unwrap();
    let ingresses = objects.ingresses.iter().map(|(key, ingress)| {
        format!("{key}: {:?} {:?}", ingress.metadata.finalizers, ingress.status)
    });
    let bindings = objects.bindings.iter().map(|(key, seen)| {
        // When it was made depends on the way, and not on where that leads.
        let seen = SeenBinding { created: Timestamp::default(), ..SeenBinding::clone(seen) };
        format!("{key}: {seen:?}")
    });
    ingresses.chain(bindings).map(|line| renamed(&names, line)).collect()
}

/// The rules that stand, in their order: port, priority, patterns, and whose target group they
/// lead to.
pub fn rules(state: &State) -> Vec<String> {
    let resource = |name: &str| {
        let named =
            |spec: &albedo::model::target_group::TargetGroup| spec.name.as_deref() == Some(name);
        let found = state.target_groups.values().find(|found| named(&found.spec));
        found.map(|found| found.spec.tags[TAG_RESOURCE].clone()).unwrap_or_default()
    };
    let mut rules: Vec<(u16, u32, String)> = Vec::new();
    for rule in state.rules.values() {
        let text = rule.rule.to_string();
        let (patterns, action) = text.split_once(" -> ").unwrap();
        let words = action.split(' ').map(|word| {
            if word.starts_with("k8s-") { resource(word).to_string() } else { word.to_owned() }
        });
        let action = words.collect::<Vec<_>>().join(" ");
        let port = state.listeners[&rule.listener].port;
        rules.push((port, rule.priority, format!("{patterns} -> {action}")));
    }
    rules.sort();
    let line = |(port, priority, text): (u16, u32, String)| format!("{port}:{priority} {text}");
    rules.into_iter().map(line).collect()
}

/// A call with its parameters, on a line. Targets of a Kubernetes object are told by its fields.
pub fn call(action: &Action) -> String {
    let (service, operation) = action.operation();
    format!("{service}.{operation} {}", albedo::plan::wire::parameters(action))
}

/// What stands in a plan for identifiers that are not given yet, and what it stands for.
pub fn planned_names<'a>(steps: impl Iterator<Item = &'a Step>) -> Vec<(String, String)> {
    let mut names = Vec::new();
    let steps: Vec<&Step> = steps.collect();
    for step in &steps {
        let Action::Aws(action) = &step.action else { continue };
        let (handle, name) = match action {
            AwsAction::Ec2(Ec2Action::CreateSecurityGroup { handle, spec }) => {
                (handle, format!("security group {}", spec.name))
            }
            AwsAction::Elb(ElbAction::CreateLoadBalancer { handle, spec }) => {
                (handle, format!("load balancer {}", spec.name))
            }
            AwsAction::Elb(ElbAction::CreateTargetGroup { handle, spec }) => {
                (handle, format!("target group {}", spec.name.clone().unwrap_or_default()))
            }
            AwsAction::Elb(ElbAction::CreateListener { handle, load_balancer, port, .. }) => {
                let made = steps.iter().find_map(|step| match &step.action {
                    Action::Aws(AwsAction::Elb(ElbAction::CreateLoadBalancer { handle, spec }))
                        if Id::Of(handle.clone()) == *load_balancer =>
                    {
                        Some(spec.name.clone())
                    }
                    _ => None,
                });
                (handle, format!("listener {}:{port}", made.unwrap_or_default()))
            }
            _ => continue,
        };
        names.push((format!("(known after apply: {handle})"), name.clone()));
        // Inside a binding, an identifier is written as the model has it.
        let of = serde_json::to_value(Id::Of(handle.clone())).unwrap().to_string();
        names.push((of, format!("{{\"Is\":\"{name}\"}}")));
    }
    names
}
