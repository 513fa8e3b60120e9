//! Which Ingresses share a load balancer, and in which order.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::marks;
use crate::model::problem::{Code, Kind, Problem, Severity};
use crate::model::seen::{ClassParams, Ingress};
use crate::model::settings::Settings;
use crate::model::snapshot::{Objects, Snapshot};
use crate::model::source::Source;

use super::annotations::table::{GROUP_NAME, GROUP_ORDER};
use super::annotations::{Annotations, Lookup};
use super::challenge;
use super::classes::{self, ANNOTATION_CLASS, Claim, claim, class_of, is_own_class};
use super::group_class;

/// A member of a group that carries on.
#[derive(Debug)]
pub struct Member<'a> {
    /// Its key.
    pub key: &'a ObjectKey,
    /// The Ingress.
    pub ingress: &'a Arc<Ingress>,
    /// The parameters of its class.
    pub params: Option<&'a ClassParams>,
    /// Its place (LBC: -1000 to 1000).
    pub order: i32,
    /// What is wrong with its class, group or order already.
    pub problems: Vec<Problem>,
}

impl Member<'_> {
    /// Who it is.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::ingress(self.key.clone())
    }
}

/// The members of a group.
#[derive(Debug, Default)]
pub struct Members<'a> {
    /// Those that carry on, in their order; bad ones among them.
    pub active: Vec<Member<'a>>,
    /// Those that leave and still carry the group's finalizer.
    pub leaving: Vec<Source>,
    /// Those that went to another group and still carry the finalizer of this one; each with where
    /// it went.
    pub moved: Vec<(Source, Group)>,
    /// Those whose class does not select their namespace any more, or what stands of which their
    /// namespace may not have any more, with what they are told. They go after a while, and are
    /// among those that leave once that is over.
    pub evicted: Vec<(Source, Problem)>,
    /// Those that are no members and answer challenges for hosts of members.
    pub solvers: Vec<(&'a ObjectKey, &'a Arc<Ingress>)>,
    /// What is to be said to those of whom nobody can tell whose they are, and who speak to us.
    pub unknown: Vec<(Source, Problem)>,
}

impl Members<'_> {
    /// Those that leave because they are not selected any more, where only what is remembered says
    /// that they were.
    #[must_use]
    pub fn unselected(&self, snapshot: &Snapshot) -> BTreeSet<Source> {
        let leaving = self.evicted.iter().map(|(source, _)| source);
        let leaving = leaving.filter(|source| self.leaving.contains(source));
        let by_memory = leaving.filter(|source| {
            let ingress = snapshot.objects.ingresses.get(&source.key);
            let class = ingress.and_then(|ingress| class_of(&snapshot.objects, ingress));
            !class.is_some_and(is_own_class)
        });
        by_memory.cloned().collect()
    }
}

/// What happens to who is not selected any more, in the words of its Event: for how long it stays
/// is in `plan::arrival`.
pub const GOING: &str = "what stands of it goes in five minutes, and nothing new is made for it";
/// The same after that time.
pub const GONE: &str = "what stood of it goes";

/// What is to be said to whoever has to go, or may not come.
#[must_use]
pub fn evicted(problem: Problem, meanwhile: &str) -> Problem {
    Problem { meanwhile: meanwhile.to_owned(), ..problem }
}

/// Whether whoever is not selected any more has to go. An Ingress of a class of LBC's that nobody
/// here has seen selected stays, as with LBC.
fn may_evict(snapshot: &Snapshot, key: &ObjectKey, ingress: &Ingress) -> bool {
    let class = class_of(&snapshot.objects, ingress);
    class.is_some_and(is_own_class)
        || snapshot.memory.held.contains_key(&Source::ingress(key.clone()))
}

/// Whether an Ingress speaks to us: it has annotations that mean nothing to anybody else.
fn is_meant_for_us(ingress: &Ingress) -> bool {
    let annotations = ingress.metadata.annotations.iter().flatten();
    annotations.into_iter().any(|(key, _)| key.starts_with(marks::ANNOTATION_PREFIX))
}

fn named_group(
    key: &ObjectKey,
    ingress: &Ingress,
    params: Option<&ClassParams>,
) -> Result<Group, Problem> {
    let values = ingress.metadata.annotations.as_ref();
    let mut annotations = Annotations::new(Kind::Ingress, key, values);
    let lookup = Lookup { class: params, service: None, ingress: &mut annotations };
    let Some(name) = lookup.text(&GROUP_NAME) else { return Ok(Group::Implicit(key.clone())) };
    Group::explicit(&name)
        .map_err(|allowed| lookup.problem(&GROUP_NAME, Code::InvalidGroup, &name, allowed))
}

/// The group that an Ingress is in now, where that can be told.
#[must_use]
pub fn current(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> Option<Group> {
    match claim(settings, objects, key, ingress) {
        Claim::Ours(params) => named_group(key, ingress, params).ok(),
        Claim::Invalid(_) | Claim::Unselected(_) | Claim::Unknown(_) | Claim::Foreign => None,
    }
}

/// Every group that an Ingress is in or still holds a finalizer of. One that is ours and whose
/// group cannot be told is visited by itself, so that somebody says what is wrong with it.
#[must_use]
pub fn groups_touching(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> Vec<Group> {
    let member = Source::ingress(key.clone());
    let finalizers = ingress.metadata.finalizers.iter();
    let mut groups: Vec<Group> = finalizers
        .filter_map(|finalizer| Group::of_finalizer(settings.scope, finalizer, &member))
        .collect();
    let solved = solved(settings, objects, key, ingress);
    match claim(settings, objects, key, ingress) {
        _ if !solved.is_empty() => groups.extend(solved),
        Claim::Ours(params) => match named_group(key, ingress, params) {
            Ok(current) => groups.push(current),
            Err(_) if groups.is_empty() => groups.push(Group::Implicit(key.clone())),
            Err(_) => {}
        },
        Claim::Invalid(_) | Claim::Unselected(_) if groups.is_empty() => {
            groups.push(Group::Implicit(key.clone()));
        }
        Claim::Unknown(_) if groups.is_empty() && is_meant_for_us(ingress) => {
            groups.push(Group::Implicit(key.clone()));
        }
        Claim::Invalid(_) | Claim::Unselected(_) | Claim::Unknown(_) | Claim::Foreign => {}
    }
    groups.sort();
    groups.dedup();
    groups
}

/// Every group of the snapshot: those that Ingresses are in, and those that they still hold
/// finalizers of.
#[must_use]
pub fn all(snapshot: &Snapshot) -> BTreeSet<Group> {
    let each = snapshot.objects.ingresses.iter();
    let (settings, objects) = (&snapshot.settings, &snapshot.objects);
    each.flat_map(|(key, ingress)| groups_touching(settings, objects, key, ingress)).collect()
}

/// The members of a group, in LBC's order: by `group.order`, then by `<namespace>/<name>` as one
/// text.
#[must_use]
pub fn members<'a>(snapshot: &'a Snapshot, group: &Group) -> Members<'a> {
    let mut members = Members::default();
    let finalizer = group.finalizer(snapshot.settings.scope);
    for (key, ingress) in &snapshot.objects.ingresses {
        let claimed = holds(ingress, &finalizer)
            && (matches!(group, Group::Explicit(_)) || *group == Group::Implicit(key.clone()));
        if ingress.metadata.deletion_timestamp.is_some() {
            if claimed {
                members.leaving.push(Source::ingress(key.clone()));
            }
            continue;
        }
        let solved = solved(&snapshot.settings, &snapshot.objects, key, ingress);
        if !solved.is_empty() {
            members.leaving.extend(claimed.then(|| Source::ingress(key.clone())));
            members.solvers.extend(solved.contains(group).then_some((key, ingress)));
            continue;
        }
        let claim = claim(&snapshot.settings, &snapshot.objects, key, ingress);
        // Whoever can be told to no group is judged by itself.
        let is_alone = *group == Group::Implicit(key.clone());
        let (params, problems) = match claim {
            Claim::Foreign if claimed => {
                members.leaving.push(Source::ingress(key.clone()));
                continue;
            }
            Claim::Unknown(problem) if claimed => (None, vec![problem]),
            // Perhaps it is another controller's, which has annotations of ours besides.
            Claim::Unknown(problem) if is_alone && is_meant_for_us(ingress) => {
                let problem = Problem { severity: Severity::Note, ..problem };
                members.unknown.push((Source::ingress(key.clone()), problem));
                continue;
            }
            Claim::Unselected(problem) if claimed && may_evict(snapshot, key, ingress) => {
                let source = Source::ingress(key.clone());
                if snapshot.let_go.contains(&source) {
                    members.evicted.push((source, evicted(problem, GONE)));
                    continue;
                }
                let problem = evicted(problem, GOING);
                members.evicted.push((source, problem.clone()));
                (None, vec![problem])
            }
            Claim::Invalid(problem) | Claim::Unselected(problem) if claimed || is_alone => {
                (None, vec![problem])
            }
            Claim::Foreign | Claim::Invalid(_) | Claim::Unselected(_) | Claim::Unknown(_) => {
                continue;
            }
            Claim::Ours(params) => match named_group(key, ingress, params) {
                Ok(current) if current == *group => (params, Vec::new()),
                Err(problem) if claimed || is_alone => (params, vec![problem]),
                Ok(current) if claimed => {
                    members.moved.push((Source::ingress(key.clone()), current));
                    continue;
                }
                Ok(_) | Err(_) => continue,
            },
        };
        let mut member = ordered(Member { key, ingress, params, order: 0, problems });
        if !is_in_already(snapshot, group, &member.source()) {
            member.problems.extend(refusals(&snapshot.settings, &member));
            member.problems.extend(excluded(&snapshot.objects, group, &member));
        }
        members.active.push(member);
    }
    let gone = members.evicted.iter().filter(|(source, _)| snapshot.let_go.contains(source));
    members.leaving.extend(gone.map(|(source, _)| source.clone()));
    members.active.sort_by_cached_key(|member| (member.order, member.key.to_string()));
    members
}

/// Whether a member has its part in a group already: what it contributes is known, or it has come
/// through all of a visit. Its status is not for whoever wrote it to set.
#[must_use]
pub fn is_in_already(snapshot: &Snapshot, group: &Group, member: &Source) -> bool {
    let has_come_through = |ingress: &Arc<Ingress>| {
        holds(ingress, &group.finalizer(snapshot.settings.scope)) && !ingress.status.is_empty()
    };
    snapshot.memory.held.contains_key(member)
        || snapshot.objects.ingresses.get(&member.key).is_some_and(has_come_through)
}

/// What a newcomer may not use any more to ask for us, or for a group.
fn refusals(settings: &Settings, member: &Member<'_>) -> Vec<Problem> {
    let values = member.ingress.metadata.annotations.as_ref();
    let annotations = Annotations::new(Kind::Ingress, member.key, values);
    let refused = |field: String, found: &str, allowed: &str| {
        annotations.error(Code::NotAllowed, field, format!("\"{found}\""), allowed)
    };
    let mut problems = Vec::new();
    let class = values.and_then(|values| values.get(ANNOTATION_CLASS));
    if let Some(class) = class.filter(|_| settings.refuses.class) {
        let allowed = "spec.ingressClassName (--disable-ingress-class-annotation)";
        let field = format!("annotation {ANNOTATION_CLASS}");
        problems.push(refused(field, class, allowed));
    }
    let of_class = member.params.is_some_and(|params| params.spec.group.is_some());
    if settings.refuses.group_name && !of_class {
        let name = annotations.text(&GROUP_NAME);
        let allowed = "a group of IngressClassParams (--disable-ingress-group-name-annotation)";
        problems.extend(name.map(|name| refused(GROUP_NAME.field(), name, allowed)));
    }
    problems
}

/// What a newcomer is told by another class whom the class that the group belongs to does not
/// select.
fn excluded(objects: &Objects, group: &Group, member: &Member<'_>) -> Option<Problem> {
    let owner = group_class::owner(objects, group)?;
    if classes::selects(objects, owner.params, &member.key.namespace) {
        return None;
    }
    let values = member.ingress.metadata.annotations.as_ref();
    let annotations = Annotations::new(Kind::Ingress, member.key, values);
    let found = format!("the group of IngressClass {}", owner.class);
    let allowed = format!("what namespaceSelector of IngressClassParams {} selects", owner.named);
    Some(annotations.error(Code::NotAllowed, GROUP_NAME.field(), found, &allowed))
}

/// A member in the place that it asks for.
pub(super) fn ordered(mut member: Member<'_>) -> Member<'_> {
    let annotations = member.ingress.metadata.annotations.as_ref();
    let mut annotations = Annotations::new(Kind::Ingress, member.key, annotations);
    member.order = annotations.read(&GROUP_ORDER).unwrap_or(0);
    member.problems.append(&mut annotations.problems);
    member
}

/// Whether an object carries a finalizer.
#[must_use]
pub fn holds(ingress: &Ingress, finalizer: &str) -> bool {
    ingress.metadata.finalizers.iter().any(|held| held == finalizer)
}

/// The groups that a solver adds its rule to: those in which a member of its namespace has its
/// host. None where it is no solver, names a class that is not ours or a group of its own.
fn solved(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> BTreeSet<Group> {
    let challenge =
        challenge::challenge(ingress).filter(|_| may_join(settings, objects, key, ingress));
    let Some(challenge) = challenge else { return BTreeSet::new() };
    let first = ObjectKey::new(key.namespace.clone(), "");
    let beside = objects.ingresses.range(first..);
    let beside = beside.take_while(|(other, _)| other.namespace == key.namespace);
    let serving = beside.filter(|(_, ingress)| {
        ingress.metadata.deletion_timestamp.is_none()
            && challenge::hosts(ingress).any(|host| host == challenge.host)
            && challenge::challenge(ingress).is_none()
    });
    serving.filter_map(|(key, ingress)| current(settings, objects, key, ingress)).collect()
}

/// Whether an Ingress may be ours: it names a class of ours, or none at all.
fn may_join(settings: &Settings, objects: &Objects, key: &ObjectKey, ingress: &Ingress) -> bool {
    let annotations = ingress.metadata.annotations.as_ref();
    if annotations.is_some_and(|all| all.contains_key(GROUP_NAME.key().as_str())) {
        return false;
    }
    match claim(settings, objects, key, ingress) {
        Claim::Ours(_) => true,
        Claim::Foreign | Claim::Unknown(_) => classes::names_none(objects, ingress),
        Claim::Invalid(_) | Claim::Unselected(_) => false,
    }
}
