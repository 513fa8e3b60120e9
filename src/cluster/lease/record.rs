//! What is written into a Lease, and when: client-go's rules. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

use super::DURATION_SECONDS;

/// The duration of a Lease that was given back (client-go).
const RELEASED_SECONDS: i32 = 1;

/// What a process writes to take or to renew a Lease that has stood as it is for `idle`; `None`
/// while the Lease is somebody else's.
pub(super) fn next(
    standing: Option<&LeaseSpec>,
    identity: &str,
    now: Timestamp,
    idle: Duration,
) -> Option<LeaseSpec> {
    let now = Some(MicroTime(now));
    let taken = LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: Some(DURATION_SECONDS),
        acquire_time: now.clone(),
        renew_time: now,
        lease_transitions: Some(0),
        ..LeaseSpec::default()
    };
    let Some(standing) = standing else { return Some(taken) };
    let holder = standing.holder_identity.as_deref().unwrap_or_default();
    let transitions = standing.lease_transitions.unwrap_or(0);
    if holder == identity {
        Some(LeaseSpec {
            acquire_time: standing.acquire_time.clone(),
            lease_transitions: Some(transitions),
            ..taken
        })
    } else if holder.is_empty() || idle > duration(standing) {
        Some(LeaseSpec { lease_transitions: Some(transitions.saturating_add(1)), ..taken })
    } else {
        None
    }
}

/// What the holder writes to give a Lease back; `None` where it is not the holder.
pub(super) fn released(standing: &LeaseSpec, identity: &str, now: Timestamp) -> Option<LeaseSpec> {
    let is_ours = standing.holder_identity.as_deref() == Some(identity);
    is_ours.then(|| LeaseSpec {
        holder_identity: Some(String::new()),
        lease_duration_seconds: Some(RELEASED_SECONDS),
        acquire_time: Some(MicroTime(now)),
        renew_time: Some(MicroTime(now)),
        lease_transitions: standing.lease_transitions,
        ..LeaseSpec::default()
    })
}

/// How long a Lease lasts without being renewed.
fn duration(lease: &LeaseSpec) -> Duration {
    let seconds = lease.lease_duration_seconds.unwrap_or(DURATION_SECONDS);
    Duration::from_secs(u64::from(seconds.unsigned_abs()))
}

#[cfg(test)]
mod tests;
