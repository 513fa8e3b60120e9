use super::*;

const LATER: Timestamp = Timestamp::constant(1_000, 0);

/// A Lease of this holder, acquired at the beginning of time and renewed since.
fn held_by(holder: &str) -> LeaseSpec {
    LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(15),
        acquire_time: Some(MicroTime(Timestamp::UNIX_EPOCH)),
        renew_time: Some(MicroTime(Timestamp::constant(500, 0))),
        lease_transitions: Some(3),
        ..LeaseSpec::default()
    }
}

fn next_after(seconds: u64, standing: &LeaseSpec) -> Option<LeaseSpec> {
    next(Some(standing), "me", LATER, Duration::from_secs(seconds))
}

#[test]
fn a_lease_that_nobody_has_made_is_made() {
    let made = next(None, "me", LATER, Duration::ZERO).expect("it is free");
    assert_eq!(made.holder_identity.as_deref(), Some("me"));
    assert_eq!((made.lease_duration_seconds, made.lease_transitions), (Some(15), Some(0)));
}

#[test]
fn somebody_elses_lease_is_taken_once_it_has_stood_unchanged_for_its_duration() {
    assert_eq!(next_after(14, &held_by("you")), None);
    assert_eq!(next_after(15, &held_by("you")), None);
    let taken = next_after(16, &held_by("you")).expect("it has run out");
    assert_eq!(taken.acquire_time, Some(MicroTime(LATER)));
    assert_eq!(taken.lease_transitions, Some(4));
}

#[test]
fn a_lease_that_was_given_back_is_taken_at_once() {
    let free = released(&held_by("you"), "you", LATER).expect("it is theirs");
    assert_eq!((free.holder_identity.as_deref(), free.lease_duration_seconds), (Some(""), Some(1)));
    let taken = next_after(0, &free).expect("it is free");
    assert_eq!(taken.lease_transitions, Some(4));
}

#[test]
fn renewing_is_no_transition() {
    let renewed = next_after(0, &held_by("me")).expect("it is ours");
    assert_eq!(renewed.acquire_time, Some(MicroTime(Timestamp::UNIX_EPOCH)));
    assert_eq!(renewed.renew_time, Some(MicroTime(LATER)));
    assert_eq!(renewed.lease_transitions, Some(3));
}

#[test]
fn somebody_elses_lease_is_not_given_back() {
    assert_eq!(released(&held_by("you"), "me", LATER), None);
}
