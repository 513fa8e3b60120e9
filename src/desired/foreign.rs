//! The Ingresses that are left alone, and why: what their class is, and what it would have to be.

use k8s_openapi::api::networking::v1::{Ingress, IngressClass};

use crate::model::id::ObjectKey;
use crate::model::settings::{Scope, Settings};
use crate::model::snapshot::Objects;

use super::classes::{ANNOTATION_CLASS, CONTROLLER_DOMAIN, CONTROLLER_LBC, Claim, claim, class_of};

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
    let Some(class) = class_of(objects, ingress) else {
        return "it names no class, and no IngressClass is the default one; spec.ingressClassName \
                names one"
            .to_owned();
    };
    of_class(settings, class)
}

fn of_class(settings: &Settings, class: &IngressClass) -> String {
    let name = class.metadata.name.as_deref().unwrap_or_default();
    let controller = class.spec.as_ref().and_then(|spec| spec.controller.as_deref());
    let answered = match settings.scope {
        Scope::All => format!("{CONTROLLER_LBC} and those under {CONTROLLER_DOMAIN}"),
        Scope::Own => format!("with --scope=own those under {CONTROLLER_DOMAIN}"),
    };
    match controller {
        Some(controller) => format!(
            "its IngressClass {name} is of the controller {controller}; answered are {answered}"
        ),
        None => format!("its IngressClass {name} names no controller; answered are {answered}"),
    }
}
