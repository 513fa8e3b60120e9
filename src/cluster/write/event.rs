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
        message: Some(shortened(&one_line(&event.message)).to_owned()),
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

/// As much of a message as an Event holds.
fn shortened(message: &str) -> &str {
    &message[..message.floor_char_boundary(MESSAGE_LENGTH_MAX)]
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
}
