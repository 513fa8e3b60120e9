//! Which visits a change in the cluster causes, and which objects a visit needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smol_str::SmolStr;

use crate::model::binding::Binding;
use crate::model::group::Group;
use crate::model::id::{AwsId, CertificateKey, ObjectKey};
use crate::model::index::{Change, Turn};
use crate::model::request::RequestKey;
use crate::model::secret::SecretUse;
use crate::model::seen::{ClassParams, EndpointSlice, Ingress, IngressClass, SeenBinding, Service};
use crate::model::selector::Selector;
use crate::model::settings::Settings;
use crate::model::snapshot::Objects;
use crate::model::source::Source;
use crate::model::subject::Subject;
use crate::model::target_group::TargetType;

use super::annotations::table::{DNS, REQUEST_CERTIFICATES, SECURITY_GROUPS, TLS_SECRETS};
use super::classes::{Claim, claim, has, is_default, params_of};
use super::destinations;
use super::doubt;
use super::fabric::Others;
use super::groups::groups_touching;
use super::links::Links;
use super::pod_links::PodLinks;
use super::probe::Probes;
use super::rule::authentication;
use super::tls;

use caused::Visits;
use hosts::Hosts;
use requests::Requests;

pub use gather::{for_balancer, for_targets, gather};
pub use requests::packed;

mod caused;
mod gather;
mod hosts;
mod nodes;
mod pack;
mod pods;
mod probes;
mod requests;
mod solvers;
mod tenants;

/// What refers to what, kept as objects come and go.
#[derive(Debug, Default)]
pub struct Index {
    groups: Links<Source, Group>,
    services: Links<Source, ObjectKey>,
    bindings: Links<ObjectKey, ObjectKey>,
    stacks: Links<ObjectKey, Group>,
    /// From bindings to the target groups that they name.
    target_groups: Links<ObjectKey, AwsId>,
    pods: PodLinks,
    /// From pods to the bindings that their readiness gates wait for.
    gates: Links<ObjectKey, ObjectKey>,
    /// How the pods of Services are asked, of those whose health checks are derived from it.
    probes: BTreeMap<ObjectKey, Probes>,
    /// From bindings whose targets are nodes to what they choose nodes by.
    nodes: Links<ObjectKey, Selector>,
    /// The Secrets that members use, each with what for.
    secrets: Links<Source, (ObjectKey, SecretUse)>,
    /// What members have ACM asked for.
    requests: Links<Source, Arc<RequestKey>>,
    packing: Requests,
    /// What members may want whose class cannot be told.
    doubts: Links<Source, CertificateKey>,
    /// Those whose changes are planned and not made: nothing is imported or asked for for them.
    planned_only: BTreeSet<ObjectKey>,
    /// Secrets whose users have changed.
    touched: BTreeSet<ObjectKey>,
    /// From those who answer challenges to their hosts, each in its namespace.
    solvers: Links<ObjectKey, ObjectKey>,
    hosts: Hosts,
    /// The classes that Ingresses name; the empty name where they name none.
    classes: Links<ObjectKey, SmolStr>,
    /// The Services that LBC keeps load balancers for.
    service_balancers: BTreeSet<ObjectKey>,
}

impl Index {
    /// Takes note of a change that `objects` already show, and says whom to visit.
    pub fn note(
        &mut self,
        settings: &Settings,
        objects: &Objects,
        change: &Change,
    ) -> BTreeSet<Subject> {
        let mut visits = Visits { settings, subjects: BTreeSet::new() };
        match change {
            Change::Ingress(turn) => self.ingress(&mut visits, objects, turn),
            Change::Class(turn) => {
                self.of_class(&mut visits, objects, turn);
                let extras = |class: &Option<Arc<IngressClass>>| {
                    [&DNS, &TLS_SECRETS, &REQUEST_CERTIFICATES]
                        .map(|extra| has(class.as_deref(), extra, false))
                };
                if extras(&turn.old) != extras(&turn.new) {
                    // Names and certificates may be somebody's business from now on, or nobody's.
                    visits.census();
                }
            }
            Change::Params(turn) => {
                let named = objects.classes.iter().filter(|(_, class)| names(class, &turn.key));
                for (class, _) in named {
                    self.of_class_named(&mut visits, objects, class);
                }
                let sides = [&turn.old, &turn.new].into_iter().flatten();
                sides.for_each(|params| self.owned(&mut visits, params));
            }
            Change::Policy(turn) => self.policy(&mut visits, objects, turn),
            Change::Namespace(turn) => self.namespace(&mut visits, objects, &turn.key),
            Change::Service(turn) => self.service(&mut visits, objects, turn),
            Change::Slice(turn) => self.slice(&mut visits, objects, turn),
            Change::Pod(turn) => self.pod(&mut visits, objects, turn),
            Change::Node(turn) => self.node(&mut visits, objects, turn),
            Change::Binding(turn) => self.binding(&mut visits, turn),
            Change::Secret(turn) => {
                let is_used =
                    |of| self.secrets.leading_to(&(turn.key.clone(), of)).next().is_some();
                if is_used(SecretUse::Import) || !is_used(SecretUse::Login) {
                    visits.certificates([CertificateKey::Secret(turn.key.clone())]);
                }
                for member in self.users(&turn.key) {
                    visits.balancers(self.groups.of(member));
                }
            }
        }
        visits.subjects
    }

    /// Every group that a member is in, or holds the finalizer of.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.ends().map(|(group, _)| group)
    }

    /// The members of a group, those included that only hold its finalizer.
    pub fn members(&self, group: &Group) -> impl Iterator<Item = &Source> + Clone {
        self.groups.leading_to(group)
    }

    /// The Services that a member names.
    pub fn services(&self, member: &Source) -> impl Iterator<Item = &ObjectKey> {
        self.services.of(member)
    }

    /// The certificates that members' listeners may use, or may want again.
    pub fn certificates(&self) -> impl Iterator<Item = CertificateKey> {
        let requests = self.requests.ends().map(|(key, _)| CertificateKey::Request(key.clone()));
        let doubtful = self.doubts.ends().map(|(key, _)| key.clone());
        self.secrets.ends().filter_map(|(link, _)| imported(link)).chain(requests).chain(doubtful)
    }

    /// The certificates that a member's listeners may use, or may want again.
    pub fn certificates_of(&self, member: &Source) -> impl Iterator<Item = CertificateKey> {
        let requests = self.requests.of(member).cloned().map(CertificateKey::Request);
        let doubtful = self.doubts.of(member).cloned();
        self.secrets.of(member).filter_map(imported).chain(requests).chain(doubtful)
    }

    /// The members whose listeners may use a certificate, and then those that may want it again
    /// when their class can be told.
    pub fn wanting(&self, key: &CertificateKey) -> impl Iterator<Item = &Source> + Clone {
        self.listening(key).chain(self.doubts.leading_to(key))
    }

    /// The members whose listeners may use a certificate.
    pub fn listening(&self, key: &CertificateKey) -> impl Iterator<Item = &Source> + Clone {
        let (by_secret, by_names) = match key {
            CertificateKey::Secret(secret) => {
                (Some(self.secrets.leading_to(&(secret.clone(), SecretUse::Import))), None)
            }
            CertificateKey::Request(request) => (None, Some(self.requests.leading_to(request))),
        };
        by_secret.into_iter().flatten().chain(by_names.into_iter().flatten())
    }

    /// The Secrets that a member uses.
    fn secrets_of(&self, member: &Source) -> impl Iterator<Item = &ObjectKey> {
        self.secrets.of(member).map(|(secret, _)| secret)
    }

    /// The members that use a Secret, whatever for.
    pub fn users(&self, secret: &ObjectKey) -> impl Iterator<Item = &Source> + Clone {
        let links = SecretUse::ALL.map(|of| (secret.clone(), of)).into_iter();
        links.flat_map(|link| self.secrets.leading_to(&link))
    }

    /// The groups that a member is in, or holds the finalizer of.
    pub fn groups_of(&self, member: &Source) -> impl Iterator<Item = &Group> {
        self.groups.of(member)
    }

    /// Whether anybody is in a group, or holds its finalizer.
    #[must_use]
    pub fn has_group(&self, group: &Group) -> bool {
        self.groups.leading_to(group).next().is_some()
    }

    /// Whether a member uses a Secret, whatever for.
    #[must_use]
    pub fn has_secret(&self, secret: &ObjectKey) -> bool {
        self.users(secret).next().is_some()
    }

    /// The bindings that were made for a group.
    pub fn bindings(&self, group: &Group) -> impl Iterator<Item = &ObjectKey> {
        self.stacks.leading_to(group)
    }

    /// The bindings that name the same target group as this one, itself included.
    pub fn rivals(&self, binding: &ObjectKey) -> impl Iterator<Item = &ObjectKey> {
        let named = self.target_groups.of(binding);
        named.flat_map(|target_group| self.target_groups.leading_to(target_group))
    }

    fn ingress(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        turn: &Turn<ObjectKey, Ingress>,
    ) {
        let new = turn.new.as_deref();
        let source = Source::ingress(turn.key.clone());
        let services = new.map(|new| destinations::services(&turn.key, new));
        self.services.set(&source, services.unwrap_or_default());
        self.classes.set(&turn.key, new.map(class_name).into_iter().collect());
        self.note_solver(&turn.key, new);
        self.note_hosts(visits, &source, new);
        self.regroup(visits, objects, &turn.key, new);
        if let Some(old) = turn.old.as_deref() {
            self.regroup_solvers(visits, objects, &turn.key, old);
        }
        let network = |ingress: Option<&Ingress>| {
            let metadata = &ingress?.metadata;
            let annotations = metadata.annotations.as_ref();
            let annotation =
                annotations.and_then(|all| all.get(SECURITY_GROUPS.key().as_str())).cloned();
            Some((metadata.finalizers.clone(), annotation, metadata.deletion_timestamp.is_some()))
        };
        if network(turn.old.as_deref()) != network(new) {
            visits.fabric();
        }
    }

    fn regroup(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        key: &ObjectKey,
        ingress: Option<&Ingress>,
    ) {
        let groups = ingress
            .map(|ingress| groups_touching(visits.settings, objects, key, ingress))
            .unwrap_or_default();
        let source = Source::ingress(key.clone());
        let either = self.groups.set(&source, groups.into_iter().collect());
        visits.balancers(&either);
        self.name_certificates(visits, objects, key, ingress);
        self.repack(visits, objects, key, &either);
        if let Some(ingress) = ingress {
            self.regroup_solvers(visits, objects, key, ingress);
        }
    }

    /// Takes note of the Secrets that an Ingress names, itself or by Services that it leads to, of
    /// what it has ACM asked for, and of both while nobody can tell.
    fn name_certificates(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        key: &ObjectKey,
        ingress: Option<&Ingress>,
    ) {
        let (mut named, mut doubts) = (BTreeSet::new(), BTreeSet::new());
        if let Some(ingress) = ingress {
            doubts = doubt::wanted(visits.settings, objects, key, ingress);
            let entries = tls::entries(visits.settings, objects, key, ingress).into_iter();
            named.extend(entries.map(|entry| (entry.secret, SecretUse::Import)));
            let logins = logins(visits.settings, objects, key, ingress).into_iter();
            named.extend(logins.map(|secret| (secret, SecretUse::Login)));
        }
        let source = Source::ingress(key.clone());
        let asked_before = self.requests.ends().next().is_some();
        self.asks(visits, objects, key, ingress);
        if asked_before != self.requests.ends().next().is_some() {
            // Hosted zones are somebody's business from now on, or nobody's.
            visits.census();
        }
        visits.certificates(self.doubts.set(&source, doubts));
        let either = self.secrets.set(&source, named);
        self.touched.extend(either.iter().map(|(secret, _)| secret.clone()));
        visits.certificates(either.iter().filter_map(imported));
        self.note_planned_only(visits, objects, key, ingress);
    }

    /// The Secrets that somebody has begun or ceased to name since this was last asked.
    pub fn touched_secrets(&mut self) -> BTreeSet<ObjectKey> {
        std::mem::take(&mut self.touched)
    }

    fn of_class(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        turn: &Turn<String, IngressClass>,
    ) {
        self.of_class_named(visits, objects, &turn.key);
        let sides = [&turn.old, &turn.new].into_iter().flatten();
        for (_, params) in sides.filter_map(|class| params_of(objects, class)) {
            self.owned(visits, params);
        }
        // Those that name no class have the default one.
        let mut sides = [&turn.old, &turn.new].into_iter().flatten();
        if sides.any(|class| is_default(class)) {
            self.of_class_named(visits, objects, "");
        }
    }

    /// The group that parameters of classes name: who is in it by another class is concerned, too.
    fn owned(&self, visits: &mut Visits<'_>, params: &ClassParams) {
        let named = params.spec.group.as_ref();
        let group = named.and_then(|named| Group::explicit(&named.name).ok());
        visits.balancers(group.iter().filter(|group| self.members(group).next().is_some()));
    }

    fn of_class_named(&mut self, visits: &mut Visits<'_>, objects: &Objects, class: &str) {
        let named: Vec<ObjectKey> = self.classes.leading_to(&class.into()).cloned().collect();
        for key in &named {
            self.regroup(visits, objects, key, objects.ingresses.get(key).map(AsRef::as_ref));
        }
        if !named.is_empty() {
            visits.fabric();
        }
    }

    fn service(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        turn: &Turn<ObjectKey, Service>,
    ) {
        if turn.new.is_none() {
            self.probes.remove(&turn.key);
        }
        self.of_service(visits, &turn.key);
        for member in self.services.leading_to(&turn.key) {
            visits.balancers(self.groups.of(member));
        }
        let annotations = |service: &Option<Arc<Service>>| {
            service.as_ref().and_then(|service| service.annotations.clone())
        };
        if annotations(&turn.old) != annotations(&turn.new) {
            let members: Vec<Source> = self.services.leading_to(&turn.key).cloned().collect();
            for key in members.iter().map(|member| &member.key) {
                let ingress = objects.ingresses.get(key).map(AsRef::as_ref);
                self.name_certificates(visits, objects, key, ingress);
            }
        }
        let has_balancer = turn.new.as_ref().is_some_and(|service| service.has_load_balancer);
        let is_news = if has_balancer {
            self.service_balancers.insert(turn.key.clone())
        } else {
            self.service_balancers.remove(&turn.key)
        };
        if is_news {
            visits.fabric();
        }
    }

    /// Whether LBC keeps load balancers for Services.
    #[must_use]
    pub fn others(&self) -> Others {
        if self.service_balancers.is_empty() { Others::Ignore } else { Others::Need }
    }

    /// The bindings that take their targets from a Service, and what lets anybody reach those.
    fn of_service(&self, visits: &mut Visits<'_>, service: &ObjectKey) {
        let bindings = self.bindings.leading_to(service);
        visits.reached(bindings);
    }

    /// Those of them whose targets are the Service's endpoints, and not nodes.
    fn of_endpoints(&self, visits: &mut Visits<'_>, service: &ObjectKey) {
        let bindings = self.bindings.leading_to(service);
        visits.reached(bindings.filter(|key| !self.chooses_nodes(key)));
    }

    /// Whether the targets of a binding are nodes.
    fn chooses_nodes(&self, binding: &ObjectKey) -> bool {
        self.nodes.of(binding).next().is_some()
    }

    fn slice(
        &mut self,
        visits: &mut Visits<'_>,
        objects: &Objects,
        turn: &Turn<ObjectKey, EndpointSlice>,
    ) {
        for slice in [&turn.old, &turn.new].into_iter().flatten() {
            self.of_endpoints(visits, &slice.service);
        }
        self.pods.note(objects, turn);
        for slice in [&turn.old, &turn.new].into_iter().flatten() {
            self.probed(visits, objects, &slice.service);
        }
    }

    fn binding(&mut self, visits: &mut Visits<'_>, turn: &Turn<ObjectKey, SeenBinding>) {
        let new = turn.new.as_ref();
        if let (Some(old), Some(new)) = (&turn.old, new)
            && new.asks_the_same(old)
        {
            return;
        }
        let binding = new.map(|seen| seen.as_binding(&turn.key));
        let service = binding.as_ref().map(Binding::service_key);
        self.bindings.set(&turn.key, service.into_iter().collect());
        let chooses = binding.filter(|binding| binding.target_type == TargetType::Instance);
        let selector = chooses.map(|binding| *binding.nodes.unwrap_or_default());
        self.nodes.set(&turn.key, selector.into_iter().collect());
        let stack = new.and_then(|seen| Group::of_labels(&seen.labels));
        let either = self.stacks.set(&turn.key, stack.into_iter().collect());
        visits.balancers(&either);
        let arn = new.and_then(|seen| seen.spec.target_group_arn.clone());
        // One that comes may have to make room, and one that goes makes room for others.
        let either = self.target_groups.set(&turn.key, arn.into_iter().collect());
        for target_group in &either {
            visits.targets(self.target_groups.leading_to(target_group));
        }
        visits.targets([&turn.key]);
        // Whoever serves their pods inherits the gates of one that goes.
        if new.is_none_or(|seen| seen.leaving) {
            let gated: Vec<&ObjectKey> = self.gated(&turn.key).collect();
            visits.targets(gated.into_iter().flat_map(|pod| self.serving(pod)));
        }
        visits.fabric();
    }
}

/// The certificate that a Secret becomes where it is used so.
fn imported((secret, used): &(ObjectKey, SecretUse)) -> Option<CertificateKey> {
    match used {
        SecretUse::Import => Some(CertificateKey::Secret(secret.clone())),
        SecretUse::Login => None,
    }
}

/// The Secrets that clients of an Ingress of ours log in with.
#[must_use]
pub fn logins(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> BTreeSet<ObjectKey> {
    let is_leaving = ingress.metadata.deletion_timestamp.is_some();
    match claim(settings, objects, key, ingress) {
        Claim::Ours(_) if !is_leaving => authentication::secrets(objects, key, ingress),
        Claim::Ours(_)
        | Claim::Foreign
        | Claim::Unknown(_)
        | Claim::Invalid(_)
        | Claim::Unselected(_) => BTreeSet::new(),
    }
}

/// The class that an Ingress names; nothing where it names none.
fn class_name(ingress: &Ingress) -> SmolStr {
    let spec = ingress.spec.as_ref();
    spec.and_then(|spec| spec.ingress_class_name.clone()).unwrap_or_default()
}

/// Whether a class names these parameters.
fn names(class: &IngressClass, params: &str) -> bool {
    let named = class.spec.as_ref().and_then(|spec| spec.parameters.as_ref());
    named.is_some_and(|named| named.name == params)
}
