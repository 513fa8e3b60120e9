//! Much that happens at once, on an AWS with its token buckets. `make bench` has more of it.

use std::time::Duration;

use super::support::paced::Buckets;
use super::support::rush;
use super::support::world::wait;

#[test]
fn three_hundred_services_are_a_call_each_and_two_seconds() {
    let took = wait(rush::endpoints(300, Buckets::Off));
    assert_eq!((took.calls, took.throttled), (300, 0), "{took:?}");
    assert!(took.last <= Duration::from_secs(2), "{took:?}");
}

#[test]
fn what_has_to_wait_for_awss_buckets_wastes_no_tenth_of_them() {
    let took = wait(rush::endpoints(100, Buckets::Aws));
    assert_eq!((took.calls, took.throttled), (100, 0), "{took:?}");
    // Four calls a second, twenty of them at once.
    assert!(took.last <= Duration::from_secs(100 / 4) * 11 / 10, "{took:?}");
    assert!(took.last >= Duration::from_secs((100 - 20) / 4), "there are no more tokens: {took:?}");
}

#[test]
fn an_endpoint_that_changes_amid_a_start_does_not_wait_for_it() {
    let took = wait(rush::start(150));
    assert!(took.iter().all(|took| *took <= Duration::from_secs(1)), "{took:?}");
}
