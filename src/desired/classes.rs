//! Which Ingresses are ours, and what the administrator of their class decided.

use smol_str::SmolStr;

use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::marks::OWN_ANNOTATION_PREFIX;
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};
use crate::model::seen::{ClassParams, Ingress, IngressClass};
use crate::model::settings::{Scope, Settings};
use crate::model::snapshot::Objects;

use super::annotations::table::{
    ACCEPT_REMOVALS, APPROVE_REMOVALS, Annotation, DNS, HEALTHCHECK_FROM_PROBE, NGINX, PLAN_ONLY,
    PRECEDENCE, REQUEST_CERTIFICATES, SHARED_TARGET_GROUPS, TLS_SECRETS, ZONES_OUT,
};
use super::annotations::{Annotations, MEANWHILE};
use super::origin::Sharing;

/// LBC's controller name, answered so that its classes can be taken over as they are.
pub const CONTROLLER_LBC: &str = "ingress.k8s.aws/alb";
/// The domain of our own controller names; any path may follow it.
pub const CONTROLLER_DOMAIN: &str = "alb.ingress.k8s.aws";

/// The annotation that names a class where `spec.ingressClassName` does not.
pub const ANNOTATION_CLASS: &str = "kubernetes.io/ingress.class";
const ANNOTATION_DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";
const PARAMS_GROUP: &str = "elbv2.k8s.aws";
const PARAMS_KIND: &str = "IngressClassParams";

/// Whether an Ingress is ours.
#[derive(Debug)]
pub enum Claim<'a> {
    /// It is somebody else's.
    Foreign,
    /// It is ours, with its class's parameters if it has any.
    Ours(Option<&'a ClassParams>),
    /// Nobody can tell: it names a class that does not exist, or none where there are several.
    Unknown(Problem),
    /// It is ours, and its class cannot be used.
    Invalid(Problem),
    /// It is ours, and its class is not for its namespace.
    Unselected(Problem),
}

/// Whether a controller name of an IngressClass is one that we answer to.
#[must_use]
pub fn is_our_controller(controller: &str) -> bool {
    let domain = controller.split_once('/').map_or(controller, |(domain, _)| domain);
    controller == CONTROLLER_LBC || domain == CONTROLLER_DOMAIN
}

/// Decides whose an Ingress is.
#[must_use]
pub fn claim<'a>(
    settings: &Settings,
    objects: &'a Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> Claim<'a> {
    let annotation =
        ingress.metadata.annotations.as_ref().and_then(|values| values.get(ANNOTATION_CLASS));
    let answers_all = settings.scope == Scope::All;
    if let Some(value) = annotation {
        return if answers_all && answers(&settings.ingress_class, value) {
            Claim::Ours(None)
        } else {
            Claim::Foreign
        };
    }
    let named = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_ref());
    let found = match named {
        Some(name) => class_named(objects, key, name).map(Some),
        None => default_class(objects, key),
    };
    match found {
        Err(problem) => Claim::Unknown(problem),
        Ok(None) if answers_all && settings.ingress_class.is_empty() => Claim::Ours(None),
        Ok(None) => Claim::Foreign,
        Ok(Some(class)) if !answers_all && !is_own_class(class) => Claim::Foreign,
        Ok(Some(class)) => of_class(objects, key, class),
    }
}

/// Whether nobody can tell what certificates an Ingress wants that are ours: its class is missing,
/// cannot be used, or is no longer for its namespace. They may have been made before it held any
/// finalizer. One that is deleted may stay until somebody else serves its hosts.
#[must_use]
pub fn is_doubtful(
    settings: &Settings,
    objects: &Objects,
    key: &ObjectKey,
    ingress: &Ingress,
) -> bool {
    let is_leaving = ingress.metadata.deletion_timestamp.is_some();
    let mut finalizers = ingress.metadata.finalizers.iter();
    match claim(settings, objects, key, ingress) {
        Claim::Ours(_) if is_leaving => {
            finalizers.any(|held| Group::is_finalizer(settings.scope, held))
        }
        Claim::Invalid(_) | Claim::Unselected(_) | Claim::Unknown(_) => !is_leaving,
        Claim::Ours(_) | Claim::Foreign => false,
    }
}

/// The class of an Ingress, as far as that is an object: the one it names, or the default one.
#[must_use]
pub fn class_of<'a>(objects: &'a Objects, ingress: &Ingress) -> Option<&'a IngressClass> {
    let annotations = ingress.metadata.annotations.as_ref();
    if annotations.is_some_and(|all| all.contains_key(ANNOTATION_CLASS)) {
        return None;
    }
    let named = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_ref());
    match named {
        Some(name) => objects.classes.get(name.as_str()).map(AsRef::as_ref),
        None => match defaults(objects).as_slice() {
            [class] => Some(*class),
            _ => None,
        },
    }
}

/// Whether an Ingress names no class, and there is none that it has for that.
#[must_use]
pub fn names_none(objects: &Objects, ingress: &Ingress) -> bool {
    let annotations = ingress.metadata.annotations.as_ref();
    let spec = ingress.spec.as_ref();
    annotations.is_none_or(|all| !all.contains_key(ANNOTATION_CLASS))
        && spec.is_none_or(|spec| spec.ingress_class_name.is_none())
        && defaults(objects).len() != 1
}

/// Whether Ingresses of a class have what LBC does not have: as the class's annotation says, else
/// if a flag says so of all, or if the class is one of our own.
#[must_use]
pub fn has(class: Option<&IngressClass>, annotation: &Annotation<bool>, all_have: bool) -> bool {
    let decided = class.and_then(|class| annotations_of(class).read(annotation));
    decided.unwrap_or_else(|| all_have || class.is_some_and(is_own_class))
}

/// The same of a class that may be missing, or whose annotation may be wrong: what it may say.
#[must_use]
pub fn may_have(
    class: Option<&IngressClass>,
    annotation: &Annotation<bool>,
    all_have: bool,
) -> bool {
    let is_unsaid = class.is_none_or(|class| {
        let mut annotations = annotations_of(class);
        annotations.text(annotation).is_some() && annotations.read(annotation).is_none()
    });
    is_unsaid || has(class, annotation, all_have)
}

/// Whether an Ingress shares target groups with others that want the same of a Service: only
/// classes of our own let it, since LBC has one for each.
#[must_use]
pub(super) fn sharing(objects: &Objects, ingress: &Ingress) -> Sharing {
    let class = class_of(objects, ingress).filter(|class| is_own_class(class));
    let asked = class.and_then(|class| annotations_of(class).read(&SHARED_TARGET_GROUPS));
    if asked == Some(true) { Sharing::Shared } else { Sharing::Own }
}

/// What is to be said where a class of LBC's asks for that.
pub(super) fn unshared(objects: &Objects, key: &ObjectKey, ingress: &Ingress) -> Option<Problem> {
    let class = class_of(objects, ingress).filter(|class| !is_own_class(class))?;
    let asked = annotations_of(class).read(&SHARED_TARGET_GROUPS).filter(|asked| *asked);
    asked.map(|asked| Problem {
        code: Code::InvalidClass,
        severity: Severity::Warning,
        object: ObjectRef { kind: Kind::Ingress, key: key.clone() },
        field: format!(
            "{} of IngressClass {}",
            SHARED_TARGET_GROUPS.field(),
            class.metadata.name.as_deref().unwrap_or_default()
        ),
        found: asked.to_string(),
        allowed: format!("it on classes under {CONTROLLER_DOMAIN} alone: LBC shares none"),
        meanwhile: "each Ingress has target groups of its own".to_owned(),
    })
}

/// Whether nothing is written of what an Ingress asks for. A value that cannot be read holds it as
/// well.
#[must_use]
pub fn is_only_planned(objects: &Objects, ingress: &Ingress) -> bool {
    let holds = |text: &str| (PLAN_ONLY.parser)(text) != Ok(false);
    let own = ingress.metadata.annotations.as_ref();
    let own = own.and_then(|all| all.get(PLAN_ONLY.key().as_str())).is_some_and(|text| holds(text));
    let of_class = || {
        let class = class_of(objects, ingress)?;
        annotations_of(class).text(&PLAN_ONLY).map(holds)
    };
    own || of_class() == Some(true)
}

pub(super) fn annotations_of(class: &IngressClass) -> Annotations<'_> {
    let key = ObjectKey::new("", class.metadata.name.as_deref().unwrap_or_default());
    Annotations::new(Kind::IngressClass, &key, class.metadata.annotations.as_ref())
}

/// What is wrong with the annotations of ours that a class carries.
fn wrong_annotation(class: &IngressClass) -> Option<Problem> {
    let mut keys = class.metadata.annotations.iter().flatten().map(|(key, _)| key);
    if !keys.any(|key| key.starts_with(OWN_ANNOTATION_PREFIX)) {
        return None;
    }
    let mut annotations = annotations_of(class);
    annotations.read(&TLS_SECRETS);
    annotations.read(&DNS);
    annotations.read(&REQUEST_CERTIFICATES);
    annotations.read(&ACCEPT_REMOVALS);
    annotations.read(&APPROVE_REMOVALS);
    annotations.read(&PRECEDENCE);
    annotations.read(&ZONES_OUT);
    annotations.read(&HEALTHCHECK_FROM_PROBE);
    annotations.read(&NGINX);
    annotations.read(&SHARED_TARGET_GROUPS);
    annotations.read(&PLAN_ONLY);
    annotations.check_class_names();
    annotations.problems.into_iter().next()
}

/// Whether a class is one of our own.
#[must_use]
pub fn is_own_class(class: &IngressClass) -> bool {
    let controller = class.spec.as_ref().and_then(|spec| spec.controller.as_deref());
    controller.is_some_and(|name| name.split('/').next() == Some(CONTROLLER_DOMAIN))
}

/// Whether a class is that of Ingresses which name none.
#[must_use]
pub fn is_default(class: &IngressClass) -> bool {
    let annotations = class.metadata.annotations.as_ref();
    let value = annotations.and_then(|all| all.get(ANNOTATION_DEFAULT_CLASS));
    value.map(SmolStr::as_str) == Some("true")
}

fn defaults(objects: &Objects) -> Vec<&IngressClass> {
    objects.classes.values().map(AsRef::as_ref).filter(|class| is_default(class)).collect()
}

fn answers(flag: &str, value: &str) -> bool {
    if flag.is_empty() { value.is_empty() || value == "alb" } else { flag == value }
}

fn class_named<'a>(
    objects: &'a Objects,
    key: &ObjectKey,
    name: &str,
) -> Result<&'a IngressClass, Problem> {
    objects.classes.get(name).map(AsRef::as_ref).ok_or_else(|| {
        let known: Vec<&str> = objects.classes.keys().map(String::as_str).collect();
        invalid(
            key,
            "spec.ingressClassName",
            format!("\"{name}\", which does not exist"),
            match known.as_slice() {
                [] => "an IngressClass that exists; there is none".to_owned(),
                known => format!("an IngressClass that exists: {}", known.join(", ")),
            },
        )
    })
}

fn default_class<'a>(
    objects: &'a Objects,
    key: &ObjectKey,
) -> Result<Option<&'a IngressClass>, Problem> {
    match defaults(objects).as_slice() {
        [] => Ok(None),
        [class] => Ok(Some(class)),
        several => {
            let names: Vec<&str> =
                several.iter().filter_map(|class| class.metadata.name.as_deref()).collect();
            Err(invalid(
                key,
                "spec.ingressClassName",
                format!("nothing, and several default classes: {}", names.join(", ")),
                "a class by name, or one default IngressClass in the cluster".to_owned(),
            ))
        }
    }
}

/// The parameters of a class, with their name, where there are such.
#[must_use]
pub fn params_of<'a>(
    objects: &'a Objects,
    class: &'a IngressClass,
) -> Option<(&'a str, &'a ClassParams)> {
    let named = class.spec.as_ref()?.parameters.as_ref()?;
    let is_lbcs = named.api_group.as_deref() == Some(PARAMS_GROUP) && named.kind == PARAMS_KIND;
    let params = objects.params.get(&named.name).filter(|_| is_lbcs)?;
    Some((&named.name, params))
}

/// Whether parameters of classes select a namespace.
#[must_use]
pub fn selects(objects: &Objects, params: &ClassParams, namespace: &str) -> bool {
    let Some(selector) = &params.spec.namespace_selector else { return true };
    let labels = objects.namespaces.get(namespace);
    selector.takes(|key| labels.and_then(|labels| labels.get(key)).map(String::as_str))
}

fn of_class<'a>(objects: &'a Objects, key: &ObjectKey, class: &IngressClass) -> Claim<'a> {
    let Some(spec) = &class.spec else { return Claim::Foreign };
    if !spec.controller.as_deref().is_some_and(is_our_controller) {
        return Claim::Foreign;
    }
    let class_name = class.metadata.name.as_deref().unwrap_or_default();
    if let Some(Problem { field, found, allowed, .. }) = wrong_annotation(class) {
        let field = format!("{field} of IngressClass {class_name}");
        return Claim::Invalid(invalid(key, &field, found, allowed));
    }
    let Some(parameters) = &spec.parameters else { return Claim::Ours(None) };
    let field = format!("spec.parameters of IngressClass {class_name}");
    if parameters.api_group.as_deref() != Some(PARAMS_GROUP) || parameters.kind != PARAMS_KIND {
        let found = format!(
            "{} of group \"{}\"",
            parameters.kind,
            parameters.api_group.as_deref().unwrap_or_default()
        );
        let allowed = format!("{PARAMS_KIND} of group \"{PARAMS_GROUP}\"");
        return Claim::Invalid(invalid(key, &field, found, allowed));
    }
    let Some(params) = objects.params.get(&parameters.name) else {
        let found = format!("{PARAMS_KIND} \"{}\", which do not exist", parameters.name);
        let allowed = format!("{PARAMS_KIND} that exist");
        return Claim::Invalid(invalid(key, &field, found, allowed));
    };
    if !selects(objects, params, &key.namespace) {
        return Claim::Unselected(invalid(
            key,
            "metadata.namespace",
            format!("\"{}\", whose labels the class does not select", key.namespace),
            format!("what namespaceSelector of {PARAMS_KIND} {} selects", parameters.name),
        ));
    }
    Claim::Ours(Some(params))
}

fn invalid(key: &ObjectKey, field: &str, found: String, allowed: String) -> Problem {
    Problem {
        code: Code::InvalidClass,
        severity: Severity::Error,
        object: ObjectRef { kind: Kind::Ingress, key: key.clone() },
        field: field.to_owned(),
        found,
        allowed,
        meanwhile: MEANWHILE.to_owned(),
    }
}
