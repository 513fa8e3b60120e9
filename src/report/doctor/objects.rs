//! Classes, Ingresses, Secrets and Services: what people wrote.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use smol_str::SmolStr;

use super::network::{listed, settings};
use super::{Check, doubt, fault, some};
use crate::desired::backend::USE_ANNOTATION;
use crate::desired::classes::{Claim, claim, is_default, is_our_controller};
use crate::model::evidence::Evidence;
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::scope::Scope;
use crate::model::seen::{Ingress, IngressClass, SeenSecret};
use crate::model::snapshot::Objects;

/// The parameters of a class of ours.
const PARAMS: (&str, &str) = ("elbv2.k8s.aws", "IngressClassParams");
/// For how long what leaves may take: AWS lets go of a load balancer within a few minutes.
const LEAVING_MAX: SignedDuration = SignedDuration::from_mins(15);

pub(super) const CHECKS: &[Check] = &[
    fault(
        "NoClass",
        |evidence| {
            let objects = objects(evidence)?;
            let answered = &settings(evidence)?.ingress_class;
            let is_any = our_classes(objects).next().is_some();
            let named = objects.ingresses.values().filter_map(|one| annotated_class(one));
            let is_asked = named.into_iter().any(|name| name == answered);
            (!is_any && !is_asked)
                .then(|| "no IngressClass is of a controller answered here".into())
        },
        "make one with controller alb.ingress.k8s.aws/albedo, or ingress.k8s.aws/alb as LBC's",
    ),
    doubt(
        "SeveralDefaultClasses",
        |evidence| {
            let classes = objects(evidence)?.classes.iter();
            let defaults: Vec<_> = classes.filter(|(_, class)| is_default(class)).collect();
            let several = defaults.len() > 1;
            some(defaults.into_iter().map(|(name, _)| name))
                .filter(|_| several)
                .map(|names| format!("all of these are the default class: {names}"))
        },
        "leave the annotation ingressclass.kubernetes.io/is-default-class on one of them",
    ),
    fault(
        "ClassParamsMissing",
        |evidence| {
            let objects = objects(evidence)?;
            let missing = parameters(objects).filter(|(_, (group, kind), name)| {
                (*group, *kind) == PARAMS && !objects.params.contains_key(*name)
            });
            some(
                missing.map(|(class, _, name)| format!("{name}, which IngressClass {class} names")),
            )
            .map(|missing| format!("there are no IngressClassParams {missing}"))
        },
        "make them, or take spec.parameters from the class; its Ingresses get nothing meanwhile",
    ),
    fault(
        "ClassParamsOfOtherKind",
        |evidence| {
            let wrong = parameters(objects(evidence)?).filter(|(_, found, _)| *found != PARAMS);
            some(wrong.map(|(class, (group, kind), _)| {
                format!("IngressClass {class} has parameters of {kind} of \"{group}\"")
            }))
        },
        "spec.parameters of a class of ours are IngressClassParams of apiGroup elbv2.k8s.aws",
    ),
    fault(
        "ClassMissing",
        |evidence| {
            let objects = objects(evidence)?;
            let named = objects.ingresses.iter().filter_map(|(key, ingress)| {
                let class = ingress.spec.as_ref()?.ingress_class_name.as_deref()?;
                let is_missing = !objects.classes.contains_key(class);
                is_missing.then(|| format!("{key} names {class}"))
            });
            some(named).map(|named| format!("IngressClasses do not exist: {named}"))
        },
        "name one that kubectl get ingressclass lists, or make it",
    ),
    doubt(
        "NobodysIngress",
        |evidence| {
            let (objects, settings) = (objects(evidence)?, settings(evidence)?);
            let alone = objects.ingresses.iter().filter(|(key, ingress)| {
                let has_class = annotated_class(ingress).is_some()
                    || ingress.spec.as_ref().is_some_and(|spec| spec.ingress_class_name.is_some());
                let claim = claim(settings, objects, key, ingress);
                !has_class && matches!(claim, Claim::Foreign) && speaks_to_us(ingress)
            });
            some(alone.map(|(key, _)| key)).map(|alone| format!("nobody serves {alone}"))
        },
        "give them spec.ingressClassName, or make a class the default one",
    ),
    doubt(
        "NamespaceNotSelected",
        |evidence| {
            let (objects, settings) = (objects(evidence)?, settings(evidence)?);
            let out = objects.ingresses.iter().filter(|(key, ingress)| {
                matches!(claim(settings, objects, key, ingress), Claim::Unselected(_))
            });
            some(out.map(|(key, _)| key))
                .map(|out| format!("the class of these selects other namespaces: {out}"))
        },
        "label the namespace as namespaceSelector of the IngressClassParams has it, or change that",
    ),
    fault(
        "StuckDeletion",
        |evidence| {
            let now = evidence.now;
            let stuck = objects(evidence)?.ingresses.iter().filter(|(_, ingress)| {
                let since = ingress.metadata.deletion_timestamp;
                since.is_some_and(|since| now.duration_since(since) > LEAVING_MAX)
                    && holds_ours(ingress)
            });
            some(stuck.map(|(key, _)| key)).map(|stuck| {
                format!("{stuck} were deleted over 15 minutes ago and are still there")
            })
        },
        "see that a controller leads, and what its log and their Events say AWS does not let go",
    ),
    fault(
        "SecretMissing",
        |evidence| {
            let secrets = objects(evidence)?.secrets.iter();
            let missing = secrets.filter(|(_, seen)| matches!(***seen, SeenSecret::Missing));
            some(missing.map(|(key, _)| key))
                .map(|missing| format!("Ingresses name Secrets that do not exist: {missing}"))
        },
        "make them, or take them from spec.tls",
    ),
    fault(
        "SecretForbidden",
        |evidence| {
            let secrets = objects(evidence)?.secrets.iter();
            let shut = secrets.filter(|(_, seen)| matches!(***seen, SeenSecret::Unreadable(_)));
            some(shut.map(|(key, _)| key))
                .map(|shut| format!("Secrets that Ingresses name may not be read: {shut}"))
        },
        "let the controller read them: kubectl create rolebinding albedo-secrets -n NAMESPACE \
         --clusterrole=albedo-secrets --serviceaccount=kube-system:albedo",
    ),
    doubt(
        "ServiceMissing",
        |evidence| {
            let (objects, settings) = (objects(evidence)?, settings(evidence)?);
            let ours = objects.ingresses.iter().filter(|(key, ingress)| {
                matches!(claim(settings, objects, key, ingress), Claim::Ours(_))
            });
            let missing: BTreeSet<ObjectKey> = ours
                .flat_map(|(key, ingress)| services(key, ingress))
                .filter(|service| !objects.services.contains_key(service))
                .collect();
            some(missing)
                .map(|missing| format!("Ingresses name Services that do not exist: {missing}"))
        },
        "make them, or name others; requests for them are answered with 503 meanwhile",
    ),
];

fn objects(evidence: &Evidence) -> Option<&Objects> {
    listed(evidence).map(|seen| &seen.objects)
}

fn our_classes(objects: &Objects) -> impl Iterator<Item = &IngressClass> {
    let is_ours = |class: &&IngressClass| {
        let controller = class.spec.as_ref().and_then(|spec| spec.controller.as_deref());
        controller.is_some_and(is_our_controller)
    };
    objects.classes.values().map(AsRef::as_ref).filter(is_ours)
}

/// The parameters of each class of ours: its name, the group and kind, and the name of those.
fn parameters(objects: &Objects) -> impl Iterator<Item = (&str, (&str, &str), &String)> {
    our_classes(objects).filter_map(|class| {
        let parameters = class.spec.as_ref()?.parameters.as_ref()?;
        let kind = (parameters.api_group.as_deref().unwrap_or_default(), &*parameters.kind);
        Some((class.metadata.name.as_deref().unwrap_or_default(), kind, &parameters.name))
    })
}

/// The class that an Ingress names by the older annotation.
fn annotated_class(ingress: &Ingress) -> Option<&SmolStr> {
    ingress.metadata.annotations.as_ref()?.get(crate::desired::classes::ANNOTATION_CLASS)
}

fn speaks_to_us(ingress: &Ingress) -> bool {
    let annotations = ingress.metadata.annotations.iter().flatten();
    let start = crate::model::marks::ANNOTATION_PREFIX;
    annotations.into_iter().any(|(key, _)| key.starts_with(start))
}

fn holds_ours(ingress: &Ingress) -> bool {
    let mut held = ingress.metadata.finalizers.iter();
    held.any(|held| [Scope::All, Scope::Own].iter().any(|scope| Group::is_finalizer(*scope, held)))
}

fn services(key: &ObjectKey, ingress: &Ingress) -> Vec<ObjectKey> {
    let spec = ingress.spec.iter();
    let backends = spec.flat_map(|spec| {
        let rules = spec.rules.iter().flatten().flat_map(|rule| &rule.http);
        let of_rules = rules.flat_map(|http| &http.paths).map(|path| &path.backend);
        spec.default_backend.as_deref().into_iter().chain(of_rules)
    });
    // An action of an annotation stands for a Service by its port.
    let services = backends.filter_map(|backend| backend.service.as_ref()).filter(|service| {
        let port = service.port.as_ref().and_then(|port| port.name.as_deref());
        port != Some(USE_ANNOTATION)
    });
    services.map(|service| ObjectKey::new(key.namespace.clone(), service.name.clone())).collect()
}
