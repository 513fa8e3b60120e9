//! One Ingress alone: what it contributes to its group, or what is wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::networking::v1::{HTTPIngressPath, IngressBackend};
use serde_json::Value;

use crate::model::binding::PortRef;
use crate::model::flat::FlatMap;
use crate::model::group::Group;
use crate::model::id::{Handle, Id, ObjectKey, TargetGroupKey};
use crate::model::part::Part;
use crate::model::problem::{Code, Kind, Problem, Severity};
use crate::model::rule::{Rule, RuleAction, Weighted};
use crate::model::snapshot::Snapshot;
use crate::model::stack::WishedTargetGroup;

use super::annotations::table::INBOUND_CIDRS;
use super::annotations::{Annotations, Lookup};
use super::groups::Member;
use super::target_group::Backend;
use super::{listener, load_balancer, names, rule, target_group, tls};

/// Builds what one member contributes. Without a part, the problems say why.
#[must_use]
pub fn build(
    snapshot: &Snapshot,
    group: &Group,
    member: &Member<'_>,
) -> (Option<Part>, Vec<Problem>) {
    let values = member.ingress.metadata.annotations.as_ref();
    let mut annotations = Annotations::new(Kind::Ingress, member.key, values);
    annotations.problems.clone_from(&member.problems);
    annotations.check_names();
    check_params(member, &mut annotations);
    let settings = &snapshot.settings;
    let entries = tls::entries(settings, &snapshot.objects, member.key, member.ingress);
    let source = member.source();
    let (secrets, mut found) = tls::certificates(snapshot, &source, &entries);
    annotations.problems.append(&mut found);
    let secrets = (!entries.is_empty()).then_some(secrets.as_slice());
    let mut lookup = Lookup { class: member.params, service: None, ingress: &mut annotations };
    let mut part = Part {
        source: source.clone(),
        order: member.order,
        load_balancer: load_balancer::wish(settings, &snapshot.surroundings, &mut lookup),
        listens: listener::listens(secrets, &mut lookup),
        inbound_cidrs: lookup.find(&INBOUND_CIDRS).filter(|cidrs| !cidrs.is_empty()),
        rules: Vec::new(),
        default_actions: None,
        names: names::wished(snapshot, &source, member.ingress, &mut annotations.problems),
        target_groups: FlatMap::new(),
    };
    if secrets.is_some_and(|ids| !tls::any_stands(snapshot, &source, ids)) {
        part.load_balancer.ssl_redirect = None;
    }
    let mut backends = Backends { snapshot, group, member, built: BTreeMap::new() };
    part.rules = rules(&mut backends, &mut annotations);
    let spec = member.ingress.spec.as_ref();
    if let Some(backend) = spec.and_then(|spec| spec.default_backend.as_ref()) {
        part.default_actions = backends.action(backend, "spec.defaultBackend", &mut annotations);
    }
    part.target_groups = backends.built.into_iter().collect();
    let problems = annotations.problems;
    let is_bad = problems.iter().any(|problem| problem.severity == Severity::Error);
    (if is_bad { None } else { Some(part) }, problems)
}

/// Fields of the class's parameters that this version does not build make its Ingresses bad, unless
/// they ask for nothing: Go clients write fields that nobody has set.
fn check_params(member: &Member<'_>, annotations: &mut Annotations<'_>) {
    let rest = member.params.map(|params| &params.spec.rest).into_iter().flatten();
    for (field, value) in rest.filter(|(_, value)| !is_nothing(value)) {
        let problem = annotations.error(
            Code::Unsupported,
            format!("spec.{field} of the class's parameters"),
            value.to_string(),
            "nothing: this version does not build the field",
        );
        annotations.problems.push(problem);
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn rules(backends: &mut Backends<'_>, annotations: &mut Annotations<'_>) -> Vec<Rule> {
    let spec = backends.member.ingress.spec.as_ref();
    let of_spec = spec.and_then(|spec| spec.rules.as_deref()).unwrap_or_default();
    let mut rules = Vec::new();
    for (i, of_host) in of_spec.iter().enumerate() {
        let host = of_host.host.as_deref().filter(|host| !host.is_empty());
        if let Some(Err(allowed)) = host.map(rule::check_host) {
            let found = format!("\"{}\"", host.unwrap_or_default());
            wrong_rule(annotations, format!("spec.rules[{i}].host"), found, &allowed);
            continue;
        }
        for (j, path) in rule::in_order(of_host) {
            let field = format!("spec.rules[{i}].http.paths[{j}]");
            rules.extend(one_rule(backends, annotations, host, path, &field));
        }
    }
    rules
}

fn one_rule(
    backends: &mut Backends<'_>,
    annotations: &mut Annotations<'_>,
    host: Option<&str>,
    path: &HTTPIngressPath,
    field: &str,
) -> Option<Rule> {
    let paths = match rule::path_values(path) {
        Ok(paths) => paths,
        Err(allowed) => {
            let text = path.path.as_deref().unwrap_or_default();
            let found = format!("\"{text}\" of type {}", path.path_type);
            wrong_rule(annotations, format!("{field}.path"), found, &allowed);
            return None;
        }
    };
    let actions = backends.action(&path.backend, &format!("{field}.backend"), annotations)?;
    let transforms = Vec::new();
    Some(Rule { conditions: rule::conditions(host, paths), actions, transforms })
}

fn wrong_rule(annotations: &mut Annotations<'_>, field: String, found: String, allowed: &str) {
    let problem = annotations.error(Code::InvalidRule, field, found, allowed);
    annotations.problems.push(problem);
}

/// The target groups of one Ingress, each built once.
struct Backends<'a> {
    snapshot: &'a Snapshot,
    group: &'a Group,
    member: &'a Member<'a>,
    built: BTreeMap<TargetGroupKey, Arc<WishedTargetGroup>>,
}

/// The port name by which a backend says that an annotation holds its action (LBC).
const USE_ANNOTATION: &str = "use-annotation";

impl Backends<'_> {
    /// What happens to the requests of a backend.
    fn action(
        &mut self,
        backend: &IngressBackend,
        field: &str,
        annotations: &mut Annotations<'_>,
    ) -> Option<Vec<RuleAction>> {
        let service = backend.service.as_ref();
        let port = service.and_then(|service| target_group::port_ref(service.port.as_ref()?));
        let (Some(service), Some(port)) = (service, port) else {
            let found = "no Service with a port".to_owned();
            wrong_rule(annotations, field.to_owned(), found, "service.name and service.port");
            return None;
        };
        if port == PortRef::Name(USE_ANNOTATION.to_owned()) {
            let problem = annotations.error(
                Code::Unsupported,
                field.to_owned(),
                format!("port {USE_ANNOTATION} of {}", service.name),
                "a Service's port: this version builds no actions by annotation",
            );
            annotations.problems.push(problem);
            return None;
        }
        let key = ObjectKey::new(self.member.key.namespace.clone(), &service.name);
        self.forward(&key, &port, field, annotations)
    }

    fn forward(
        &mut self,
        service_key: &ObjectKey,
        port: &PortRef,
        field: &str,
        annotations: &mut Annotations<'_>,
    ) -> Option<Vec<RuleAction>> {
        let Some(service) = self.snapshot.objects.services.get(service_key) else {
            return self.missing(service_key, field, annotations);
        };
        let backend = Backend {
            settings: &self.snapshot.settings,
            group: self.group,
            ingress_key: self.member.key,
            ingress: self.member.ingress,
            params: self.member.params,
            service_key,
            service,
            port,
        };
        let key = target_group::key(&backend);
        if !self.built.contains_key(&key) {
            let built = target_group::build(&backend, annotations)?;
            self.built.insert(key.clone(), Arc::new(built));
        }
        let group = Id::Of(Handle::TargetGroup(self.group.clone(), key));
        let groups = vec![Weighted { group, weight: None }];
        Some(vec![RuleAction::Forward { groups, stickiness: None }])
    }

    /// A Service that does not exist: a fixed answer, and a note on the Ingress; or an error, by
    /// flag.
    fn missing(
        &self,
        service_key: &ObjectKey,
        field: &str,
        annotations: &mut Annotations<'_>,
    ) -> Option<Vec<RuleAction>> {
        let mut problem = annotations.error(
            Code::InvalidBackend,
            field.to_owned(),
            format!("Service {service_key}, which does not exist"),
            "a Service of the Ingress's namespace",
        );
        if !self.snapshot.settings.tolerate_missing_service {
            annotations.problems.push(problem);
            return None;
        }
        problem.severity = Severity::Note;
        "its requests are answered with 503".clone_into(&mut problem.meanwhile);
        annotations.problems.push(problem);
        Some(vec![rule::missing_service()])
    }
}
