//! The status of an Ingress, as the API server keeps it.

use albedo::model::report::StatusEntry;
use albedo::model::seen::IngressStatus;

pub(super) fn of(entries: &[StatusEntry]) -> Box<[IngressStatus]> {
    let entry = |entry: &StatusEntry| IngressStatus {
        hostname: Some(entry.hostname.as_str().into()),
        ports: entry.ports.iter().map(|port| i32::from(*port)).collect(),
    };
    entries.iter().map(entry).collect()
}
