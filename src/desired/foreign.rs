//! The Ingresses that are left alone, and why: what their class is, and what it would have to be.

use crate::model::id::ObjectKey;
use crate::model::seen::{Ingress, IngressClass};
use crate::model::settings::{Scope, Settings};
use crate::model::snapshot::Objects;

use super::classes::{
    ANNOTATION_CLASS, CONTROLLER_DOMAIN, CONTROLLER_LBC, Claim, claim, class_of, is_our_controller,
    is_own_class,
};

/// The Ingresses that are left alone, each with the reason.
#[must_use]
pub fn left_alone<'a>(settings: &Settings, objects: &'a Objects) -> Vec<(&'a ObjectKey, String)> {
    let each = objects.ingresses.iter();
    let foreign = each.filter_map(|(key, ingress)| match claim(settings, objects, key, ingress) {
        Claim::Foreign => Some((key, reason(settings, objects, ingress))),
        Claim::Unknown(problem) => Some((key, problem.to_string())),
        Claim::Ours(_) | Claim::Invalid(_) | Claim::Unselected(_) => None,
    });
    foreign.collect()
}

/// Why an Ingress is somebody else's.
#[must_use]
pub fn reason(settings: &Settings, objects: &Objects, ingress: &Ingress) -> String {
    let annotation = ingress.metadata.annotations.as_ref();
    if let Some(value) = annotation.and_then(|all| all.get(ANNOTATION_CLASS)) {
        return match settings.scope {
            Scope::All => format!(
                "{ANNOTATION_CLASS} is {value:?}, and --ingress-class answers {:?}",
                settings.ingress_class
            ),
            Scope::Own => format!(
                "{ANNOTATION_CLASS} is {value:?}, and with --scope=own only IngressClasses under \
                 {CONTROLLER_DOMAIN} are answered"
            ),
        };
    }
    let names = ingress.spec.as_ref().is_some_and(|spec| spec.ingress_class_name.is_some());
    let ours = ours(settings, objects);
    match class_of(objects, ingress) {
        None => format!(
            "it names no class, and no IngressClass is the default one; spec.ingressClassName names \
             one: {ours}"
        ),
        Some(class) => format!("{}: {ours}", of_class(settings, class, names)),
    }
}

/// The classes that are answered, by name.
fn ours(settings: &Settings, objects: &Objects) -> String {
    let is_ours = |class: &IngressClass| {
        let controller = class.spec.as_ref().and_then(|spec| spec.controller.as_deref());
        is_own_class(class)
            || settings.scope == Scope::All && controller.is_some_and(is_our_controller)
    };
    let named = objects.classes.iter().filter(|(_, class)| is_ours(class));
    let named: Vec<&str> = named.map(|(name, _)| name.as_str()).collect();
    if named.is_empty() { "there is none yet".to_owned() } else { named.join(", ") }
}

fn of_class(settings: &Settings, class: &IngressClass, names: bool) -> String {
    let name = class.metadata.name.as_deref().unwrap_or_default();
    let its = if names {
        format!("its IngressClass {name}")
    } else {
        format!("it names no class, and the default one, {name},")
    };
    let controller = class.spec.as_ref().and_then(|spec| spec.controller.as_deref());
    let answered = match settings.scope {
        Scope::All => format!("{CONTROLLER_LBC} and those under {CONTROLLER_DOMAIN}"),
        Scope::Own => format!("with --scope=own those under {CONTROLLER_DOMAIN}"),
    };
    match controller {
        Some(controller) => {
            format!("{its} is of the controller {controller}; answered are {answered}")
        }
        None => format!("{its} names no controller; answered are {answered}"),
    }
}
