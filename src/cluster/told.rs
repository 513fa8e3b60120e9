//! What people were told of an object last: its Events, as the API server has kept them.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use kube::api::ListParams;
use kube::{Api, Client};
use serde::Serialize;

use super::error::ClusterError;
use super::write::WRITER;
use crate::model::problem::ObjectRef;

/// How many Events of one object are read: the API server keeps them for an hour.
const READ_MAX: u32 = 500;

/// A Warning of this program's about an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ToldEvent {
    /// When it was told last.
    pub at: Option<Timestamp>,
    /// Its reason, which `docs/errors.md` explains.
    pub reason: String,
    /// Its message.
    pub message: String,
}

/// The Warnings about an object, the latest first, each text once.
///
/// # Errors
/// Why nobody can tell.
pub async fn told_of(client: &Client, object: &ObjectRef) -> Result<Vec<ToldEvent>, ClusterError> {
    let api = Api::<Event>::namespaced(client.clone(), &object.key.namespace);
    let fields = format!(
        "involvedObject.kind={:?},involvedObject.name={},type=Warning",
        object.kind, object.key.name
    );
    let list = api.list(&ListParams::default().fields(&fields).limit(READ_MAX)).await;
    let list = list.map_err(|error| ClusterError::new("Events", &error))?;
    let ours = list.items.into_iter().filter(|event| {
        let source = event.source.as_ref().and_then(|source| source.component.as_deref());
        source == Some(WRITER)
    });
    let mut told: Vec<ToldEvent> = ours.map(read).collect();
    told.sort_by(|one, other| other.cmp(one));
    let mut seen = std::collections::BTreeSet::new();
    told.retain(|event| seen.insert((event.reason.clone(), event.message.clone())));
    Ok(told)
}

fn read(event: Event) -> ToldEvent {
    let at = event.last_timestamp.or(event.first_timestamp).map(|time| time.0);
    ToldEvent {
        at,
        reason: event.reason.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    }
}
