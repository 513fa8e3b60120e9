//! Events: what a person sees under `kubectl describe`.

use k8s_openapi::api::core::v1::{Event as CoreEvent, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::PostParams;
use kube::{Api, Client};

use super::super::error::ClusterError;
use super::{WRITER, answer};
use crate::clock;
use crate::model::line::one_line;
use crate::model::problem::{Kind, Severity};
use crate::model::report::Event;
use crate::report::reasons;

/// The namespace of Events about cluster-wide objects (the API server allows no other).
const CLUSTER_WIDE_NAMESPACE: &str = "default";
/// How many bytes of a message an Event holds (`events.k8s.io`).
const MESSAGE_LENGTH_MAX: usize = 1024;

/// Sends an Event. It is one of `core/v1`: of the two APIs the one whose times and source every
/// tool shows.
pub(super) async fn send(
    client: &Client,
    identity: &str,
    event: &Event,
) -> Result<(), ClusterError> {
    let operation = format!("Event {} about {}", event.reason, event.object);
    let core = compose(identity, event);
    let namespace = core.metadata.namespace.as_deref().unwrap_or(CLUSTER_WIDE_NAMESPACE);
    let api = Api::<CoreEvent>::namespaced(client.clone(), namespace);
    let params = PostParams { field_manager: Some(WRITER.to_owned()), ..PostParams::default() };
    answer(&operation, api.create(&params, &core)).await.map(drop)
}

/// The Event as the API server takes it.
fn compose(identity: &str, event: &Event) -> CoreEvent {
    let key = &event.object.key;
    let namespace = Some(key.namespace.to_string()).filter(|namespace| !namespace.is_empty());
    let (api_version, kind) = served(event.object.kind);
    let now = Time(clock::now());
    CoreEvent {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}.", key.name)),
            namespace: Some(namespace.clone().unwrap_or_else(|| CLUSTER_WIDE_NAMESPACE.to_owned())),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some(api_version.to_owned()),
            kind: Some(kind.to_owned()),
            name: Some(key.name.to_string()),
            namespace,
            uid: Some(event.uid.clone()),
            ..ObjectReference::default()
        },
        type_: Some(event_type(event.severity).to_owned()),
        reason: Some(event.reason.clone()),
        message: Some(message(event)),
        source: Some(EventSource { component: Some(WRITER.to_owned()), host: None }),
        reporting_component: Some(WRITER.to_owned()),
        reporting_instance: Some(identity.to_owned()),
        count: Some(1),
        first_timestamp: Some(now.clone()),
        last_timestamp: Some(now),
        ..CoreEvent::default()
    }
}

/// The API version and the name of a kind.
fn served(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Ingress => ("networking.k8s.io/v1", "Ingress"),
        Kind::IngressClass => ("networking.k8s.io/v1", "IngressClass"),
        Kind::IngressClassParams => ("elbv2.k8s.aws/v1beta1", "IngressClassParams"),
        Kind::Service => ("v1", "Service"),
        Kind::TargetGroupBinding => ("elbv2.k8s.aws/v1beta1", "TargetGroupBinding"),
    }
}

/// The type of an Event; Kubernetes knows these two.
fn event_type(severity: Severity) -> &'static str {
    match severity {
        Severity::Error | Severity::Warning => "Warning",
        Severity::Note => "Normal",
    }
}

/// The message of an Event: one line, as much of it as there is room for, and where its reason is
/// explained. What is said again is the same text again, so that whoever counts Events of one text
/// counts these.
fn message(event: &Event) -> String {
    let place = reasons::place(&event.reason).map(|place| format!(" ({place})"));
    let place = place.unwrap_or_default();
    let line = one_line(&event.message);
    let room = MESSAGE_LENGTH_MAX.saturating_sub(place.len());
    format!("{}{place}", &line[..line.floor_char_boundary(room)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ObjectKey;
    use crate::model::problem::ObjectRef;
    use crate::model::source::Source;

    #[test]
    fn a_message_is_one_line_that_an_event_has_room_for() {
        let event = Event {
            object: ObjectRef::of(&Source::ingress(ObjectKey::new("shop", "a"))),
            uid: "1".to_owned(),
            severity: Severity::Error,
            reason: "Said".to_owned(),
            message: format!("first\nsecond \u{1b}[2J{}", "ä".repeat(1000)),
        };
        let message = compose("me", &event).message.unwrap_or_default();
        assert!(message.starts_with("first\\nsecond \\u{1b}[2Jää"), "{message}");
        assert!(message.len() <= MESSAGE_LENGTH_MAX && message.ends_with('ä'));
    }

    #[test]
    fn a_message_ends_with_where_its_reason_is_explained_however_long_it_is() {
        let event = |length: usize| Event {
            object: ObjectRef::of(&Source::ingress(ObjectKey::new("shop", "a"))),
            uid: "1".to_owned(),
            severity: Severity::Error,
            reason: "Conflict".to_owned(),
            message: "ä".repeat(length),
        };
        let place = " (A109, docs/errors.md#a109-conflict)";
        assert_eq!(message(&event(2)), format!("ää{place}"));
        let long = message(&event(1000));
        assert!(long.len() <= MESSAGE_LENGTH_MAX && long.ends_with(place), "{long}");
        assert!(long.len() + "ä".len() > MESSAGE_LENGTH_MAX, "no room is wasted: {}", long.len());
    }
}
