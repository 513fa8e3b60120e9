//! From the backends of one Ingress to what happens to their requests, and to target groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::binding::PortRef;
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, ObjectKey, TargetGroupKey};
use crate::model::marks::TAG_CLUSTER;
use crate::model::part::WishedTargetGroup;
use crate::model::problem::{Code, Problem, Severity};
use crate::model::rule::{GroupStickiness, RuleAction, Weighted};
use crate::model::seen::IngressBackend;
use crate::model::snapshot::Snapshot;

use super::annotations::action::{Asked, Destination};
use super::annotations::table::ACTIONS;
use super::annotations::{Annotations, Lookup, quoted};
use super::binder::is_in_place;
use super::classes::{self, class_of, is_own_class};
use super::destinations::only_service;
use super::groups::Member;
use super::origin::{Backend, Purpose, Sharing};
use super::rule::authentication::{self, Undecided};
use super::rule::{missing_action, missing_service};
use super::target_group;

/// What is done with a rule that AWS will hardly take.
pub const TRIED: &str = "it is tried all the same, and other rules are made without it";

/// The port name by which a backend says that an annotation holds its action (LBC).
pub const USE_ANNOTATION: &str = "use-annotation";

/// The backends of one Ingress; each target group is built once.
#[derive(Debug)]
pub struct Backends<'a> {
    /// What is known.
    pub snapshot: &'a Snapshot,
    /// The Ingress group.
    pub group: &'a Group,
    /// The Ingress.
    pub member: &'a Member<'a>,
    /// The target groups so far.
    pub built: BTreeMap<TargetGroupKey, Arc<WishedTargetGroup>>,
    /// The keys of those that others may have as well, by what they would be if nobody else did.
    pub shared: BTreeMap<TargetGroupKey, TargetGroupKey>,
    /// What backends are called by that have been asked for so far.
    pub named: BTreeSet<String>,
    /// Whether all has been looked at that backends name. What nobody has seen yet is no mistake,
    /// and nothing is built without it.
    pub is_complete: bool,
}

impl<'a> Backends<'a> {
    /// The backends of an Ingress, before any of them is asked for.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, group: &'a Group, member: &'a Member<'a>) -> Self {
        Self {
            snapshot,
            group,
            member,
            built: BTreeMap::new(),
            shared: BTreeMap::new(),
            named: BTreeSet::new(),
            is_complete: true,
        }
    }

    /// What happens to the requests of a backend: clients say who they are first, if they have to.
    pub fn actions(
        &mut self,
        backend: &IngressBackend,
        field: &str,
        annotations: &mut Annotations<'_>,
    ) -> Option<Vec<RuleAction>> {
        let routing = self.routing(backend, field, annotations)?;
        self.after_login(routing, annotations)
    }

    /// What happens to requests whatever their backend; what the load balancer does by itself, it
    /// does for everybody.
    pub fn asked(
        &mut self,
        asked: &Asked,
        field: &str,
        annotations: &mut Annotations<'_>,
    ) -> Option<Vec<RuleAction>> {
        match asked {
            Asked::Itself(action) => Some(vec![action.clone()]),
            Asked::Forward { destinations, stickiness } => {
                let stickiness = stickiness.clone();
                let routing = self.forward(destinations, stickiness, field, annotations)?;
                self.after_login(routing, annotations)
            }
        }
    }

    /// What clients have to do first, if they have to, and what happens then.
    fn after_login(
        &mut self,
        routing: RuleAction,
        annotations: &mut Annotations<'_>,
    ) -> Option<Vec<RuleAction>> {
        let objects = &self.snapshot.objects;
        let service = only_service(&self.member.key.namespace, &routing);
        let mut service = service.and_then(|service| authentication::of_service(objects, &service));
        let mut lookup =
            Lookup { class: self.member.params, service: service.as_mut(), ingress: annotations };
        match authentication::actions(objects, self.member.key, &mut lookup) {
            Ok(mut actions) => {
                actions.reserve_exact(1);
                actions.push(routing);
                Some(actions)
            }
            Err(Undecided::Wrong) => None,
            Err(Undecided::Unseen) => {
                self.is_complete = false;
                None
            }
        }
    }

    fn routing(
        &mut self,
        backend: &IngressBackend,
        field: &str,
        annotations: &mut Annotations<'_>,
    ) -> Option<RuleAction> {
        let service = backend.service.as_ref();
        let port = service.and_then(|service| target_group::port_ref(service.port.as_ref()?));
        let (Some(service), Some(port)) = (service, port) else {
            let found = "no Service with a port".to_owned();
            let allowed = "service.name and service.port";
            let problem = annotations.error(Code::InvalidRule, field.to_owned(), found, allowed);
            annotations.problems.push(problem);
            return None;
        };
        self.named.insert(service.name.to_string());
        let destination = if port == PortRef::Name(USE_ANNOTATION.to_owned()) {
            match annotations.read_of(&ACTIONS, &service.name).ok()? {
                Some(Asked::Itself(action)) => return Some(action),
                Some(Asked::Forward { destinations, stickiness }) => {
                    self.check_meant(&destinations, &service.name, annotations)?;
                    return self.forward(&destinations, stickiness, field, annotations);
                }
                None => return self.no_such_action(&service.name, field, annotations),
            }
        } else {
            Destination::Service(service.name.to_string(), port)
        };
        self.forward(&[(destination, None)], None, field, annotations)
    }

    /// Requests go to targets: of Services that do not exist only the others' share.
    fn forward(
        &mut self,
        destinations: &[(Destination, Option<i32>)],
        stickiness: Option<GroupStickiness>,
        field: &str,
        annotations: &mut Annotations<'_>,
    ) -> Option<RuleAction> {
        let mut groups: Vec<Weighted> = Vec::with_capacity(destinations.len());
        let mut missing = Vec::new();
        for (destination, weight) in destinations {
            let group = match destination {
                Destination::TargetGroup(arn) => self.others(arn, field, annotations)?,
                // AWS refuses the rule: whoever may not have that tried has been told.
                Destination::Unmeant(text) => Id::Is(AwsId::new(text.as_str())),
                Destination::Named(name) => match self.snapshot.target_groups_named.get(name) {
                    Some(id) => self.others(id, field, annotations)?,
                    None => {
                        annotations.problems.push(no_such_target_group(name, field, annotations));
                        return None;
                    }
                },
                Destination::Service(name, port) => {
                    let key = ObjectKey::new(self.member.key.namespace.clone(), name);
                    if !self.snapshot.objects.services.contains_key(&key) {
                        missing.push(key);
                        continue;
                    }
                    self.target_group(&key, port, annotations)?
                }
            };
            match groups.iter_mut().find(|other| other.group == group) {
                // AWS takes a target group once.
                Some(other) => {
                    other.weight = Some(other.weight.unwrap_or(1) + weight.unwrap_or(1));
                }
                None => groups.push(Weighted { group, weight: *weight }),
            }
        }
        for service in &missing {
            let problem = self.missing(service, field, annotations, &groups);
            let is_error = problem.severity == Severity::Error;
            annotations.problems.push(problem);
            if is_error {
                return None;
            }
        }
        if groups.is_empty() {
            return Some(missing_service());
        }
        Some(RuleAction::Forward { groups, stickiness })
    }

    /// A target group that no Service stands for. On a class of our own nobody leads requests to
    /// the targets of another namespace's Ingress.
    fn others(&self, id: &AwsId, field: &str, annotations: &mut Annotations<'_>) -> Option<Id> {
        let objects = &self.snapshot.objects;
        let is_own = class_of(objects, self.member.ingress).is_some_and(is_own_class);
        let tags = self.snapshot.bound.get(id).and_then(Option::as_ref);
        let is_another_s = tags.is_some_and(|tags| {
            let owner = tags.get(TAG_CLUSTER);
            let is_here = owner.is_some_and(|owner| *owner == self.snapshot.settings.cluster);
            Group::in_tags(tags).is_some() && !(is_here && is_in_place(tags, self.member.key))
        });
        if !is_own || !is_another_s {
            return Some(Id::Is(id.clone()));
        }
        let problem = annotations.error(
            Code::ForeignTargetGroup,
            field.to_owned(),
            "a target group that was made for an Ingress of another namespace".to_owned(),
            "a Service of this namespace, or a target group that was made for no Ingress",
        );
        annotations.problems.push(problem);
        None
    }

    /// What stands in the place of a target group's ARN and is none. On a class of LBC's AWS is
    /// asked all the same.
    fn check_meant(
        &self,
        destinations: &[(Destination, Option<i32>)],
        name: &str,
        annotations: &mut Annotations<'_>,
    ) -> Option<()> {
        let unmeant = destinations.iter().find_map(|(destination, _)| match destination {
            Destination::Unmeant(text) => Some(text),
            Destination::Service(..) | Destination::TargetGroup(_) | Destination::Named(_) => None,
        });
        let Some(text) = unmeant else { return Some(()) };
        let (code, field) = (Code::InvalidAnnotation, format!("{}{name}", ACTIONS.field()));
        let found = format!("targetGroupARN: {}", quoted(text));
        let mut problem = annotations.error(code, field, found, "the ARN of a target group");
        let is_own =
            class_of(&self.snapshot.objects, self.member.ingress).is_some_and(is_own_class);
        if !is_own {
            problem.severity = Severity::Warning;
            TRIED.clone_into(&mut problem.meanwhile);
        }
        annotations.problems.push(problem);
        (!is_own).then_some(())
    }

    /// The target group of a Service's port.
    fn target_group(
        &mut self,
        service_key: &ObjectKey,
        port: &PortRef,
        annotations: &mut Annotations<'_>,
    ) -> Option<Id> {
        self.target_group_for(Purpose::Requests, service_key, port, annotations)
    }

    fn target_group_for(
        &mut self,
        purpose: Purpose,
        service_key: &ObjectKey,
        port: &PortRef,
        annotations: &mut Annotations<'_>,
    ) -> Option<Id> {
        let service = self.snapshot.objects.services.get(service_key)?;
        let sharing = match purpose {
            Purpose::Requests => classes::sharing(&self.snapshot.objects, self.member.ingress),
            Purpose::Challenge => Sharing::Own,
        };
        let backend = Backend {
            purpose,
            sharing,
            settings: &self.snapshot.settings,
            objects: &self.snapshot.objects,
            group: self.group,
            ingress_key: self.member.key,
            ingress: self.member.ingress,
            params: self.member.params,
            service_key,
            service,
            port,
        };
        let own = target_group::key(&backend);
        let known = self.shared.get(&own).unwrap_or(&own);
        let mut key = known.clone();
        if !self.built.contains_key(&key) {
            let built = target_group::build(&backend, annotations)?;
            key = built.0;
            if key != own {
                self.shared.insert(own, key.clone());
            }
            self.built.insert(key.clone(), Arc::new(built.1));
        }
        Some(Id::Of(Handle::TargetGroup(self.group.clone(), key)))
    }

    /// The target group of a Service that answers a challenge of ACME; nothing until it is there.
    pub fn answering(
        &mut self,
        service: &ObjectKey,
        port: &PortRef,
        annotations: &mut Annotations<'_>,
    ) -> Option<Id> {
        self.target_group_for(Purpose::Challenge, service, port, annotations)
    }

    /// An action that no annotation holds: a fixed answer, and a note on the Ingress; or an error,
    /// by flag.
    fn no_such_action(
        &self,
        name: &str,
        field: &str,
        annotations: &mut Annotations<'_>,
    ) -> Option<RuleAction> {
        let mut problem = annotations.error(
            Code::InvalidBackend,
            field.to_owned(),
            format!("port {USE_ANNOTATION} of {name}, for which there is no annotation"),
            &format!("an annotation {}{name}", ACTIONS.key()),
        );
        let is_tolerated = self.snapshot.settings.tolerate_missing_action;
        if is_tolerated {
            problem.severity = Severity::Note;
            "its requests are answered with 503".clone_into(&mut problem.meanwhile);
        }
        annotations.problems.push(problem);
        is_tolerated.then(missing_action)
    }

    /// A Service that does not exist: a fixed answer where there is no other, and a note on the
    /// Ingress; or an error, by flag.
    fn missing(
        &self,
        service_key: &ObjectKey,
        field: &str,
        annotations: &Annotations<'_>,
        others: &[Weighted],
    ) -> Problem {
        let mut problem = annotations.error(
            Code::InvalidBackend,
            field.to_owned(),
            format!("Service {service_key}, which does not exist"),
            "a Service of the Ingress's namespace",
        );
        if self.snapshot.settings.tolerate_missing_service {
            let (severity, meanwhile) = if others.is_empty() {
                (Severity::Note, "its requests are answered with 503")
            } else {
                (Severity::Warning, "the others of the action have its share of requests")
            };
            problem.severity = severity;
            meanwhile.clone_into(&mut problem.meanwhile);
        }
        problem
    }
}

fn no_such_target_group(name: &str, field: &str, annotations: &Annotations<'_>) -> Problem {
    annotations.error(
        Code::NoTargetGroup,
        field.to_owned(),
        format!("the target group \"{name}\", which does not exist"),
        "the name or ARN of a target group of the region; it is looked for again",
    )
}
