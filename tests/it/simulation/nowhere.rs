//! Paths that somebody leads to a Service that does not exist: they are answered with 503, as with
//! AWS Load Balancer Controller. And paths that nobody leads anywhere.

use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::marks::{Labels, TAG_STACK};
use albedo::model::rule::RuleAction;
use albedo::model::seen::{Ingress, IngressBackend};
use albedo::model::snapshot::Objects;

use super::served;
use crate::support::fake::State;

/// Whether a path of a listener is answered so, and an Ingress asks for a Service there that is
/// missing.
pub fn is_asked_for(
    path: &str,
    state: &State,
    objects: &Objects,
    is_missing: impl Fn(&ObjectKey) -> bool,
) -> bool {
    let Some((_, path)) = path.split_once(' ') else { return false };
    let mut asking = objects.ingresses.iter().flat_map(|(key, ingress)| {
        let backends = backends(ingress, path).into_iter();
        backends.filter_map(|backend| {
            let service = backend.service.as_ref()?;
            Some(ObjectKey::new(key.namespace.clone(), service.name.as_str()))
        })
    });
    asking.any(|service| is_missing(&service)) && is_answered(state, path)
}

/// Whether nobody asks for anything at a path of a listener any more who is, or has been, of its
/// group.
pub fn is_nobodys(path: &str, state: &State, objects: &Objects) -> bool {
    let Some((listener, path)) = path.split_once(' ') else { return false };
    let listener = state.listeners.get(&AwsId::new(listener));
    let balancer = listener.and_then(|found| state.load_balancers.get(&found.load_balancer));
    let stack = balancer.and_then(|found| found.spec.tags.get(TAG_STACK));
    let Some(stack) = stack else { return false };
    let mut members = objects.ingresses.iter().filter(|(key, ingress)| {
        let metadata = &ingress.metadata;
        let named = metadata.annotations.iter().flat_map(Labels::values);
        let held = metadata.finalizers.iter();
        key.to_string() == stack.as_str()
            || named.chain(held).any(|text| text.rsplit('/').next() == Some(stack.as_str()))
    });
    members.all(|(_, ingress)| backends(ingress, path).is_empty())
}

/// What an Ingress asks for at a path.
fn backends<'i>(ingress: &'i Ingress, path: &str) -> Vec<&'i IngressBackend> {
    let Some(spec) = &ingress.spec else { return Vec::new() };
    if path == served::BY_DEFAULT {
        return spec.default_backend.as_deref().into_iter().collect();
    }
    let rules = spec.rules.iter().flatten();
    let each = rules.flat_map(|rule| {
        let host = rule.host.as_deref().unwrap_or("any");
        let paths = rule.http.iter().flat_map(|http| &http.paths);
        paths.filter(move |found| {
            let text = found.path.as_deref().unwrap_or_default();
            let values = match (found.path_type.as_str(), text) {
                ("Prefix", "/") => vec!["/*".to_owned()],
                ("Prefix", text) => vec![text.to_owned(), format!("{text}/*")],
                (_, text) => vec![text.to_owned()],
            };
            values.iter().any(|value| served::covers(&format!("{host}{value}"), path))
        })
    });
    each.map(|found| &found.backend).collect()
}

/// Whether some rule for a path, or a default action, answers with 503.
fn is_answered(state: &State, path: &str) -> bool {
    let answers = |actions: &[RuleAction]| {
        actions.iter().any(
            |action| matches!(action, RuleAction::FixedResponse { status_code, .. } if status_code == "503"),
        )
    };
    if path == served::BY_DEFAULT {
        return state.listeners.values().any(|found| answers(&found.spec.default_actions));
    }
    let mut rules = state.rules.values();
    rules.any(|found| answers(&found.rule.actions) && served::is_for(&found.rule, path))
}
