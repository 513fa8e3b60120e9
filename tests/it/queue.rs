//! Which visits wait, in which lane, and for how long.

use std::sync::Arc;
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::controller::{Lanes, Queue};
use albedo::model::outcome::Trouble;
use albedo::model::subject::{Lane, Place, Subject};
use albedo::report::Rest;
use futures::FutureExt as _;

use super::support::clock::{VirtualClock, wait};
use super::support::world::{group, key};

fn place() -> Arc<Place> {
    Place { role: None, region: "us-east-1".to_owned() }.into()
}

fn balancer(name: &str) -> Subject {
    Subject::Balancer(place(), group(name))
}

fn targets(name: &str) -> Subject {
    Subject::Targets(place(), key(name))
}

const ALL: Lanes = &Lane::ALL;
const OTHERS: Lanes = &[Lane::User, Lane::Background];

fn queue() -> Queue<VirtualClock> {
    Queue::new(VirtualClock::new())
}

/// The next visit, if one is due.
fn next(queue: &Queue<VirtualClock>, lanes: Lanes) -> Option<Subject> {
    queue.next(lanes).now_or_never().map(|(subject, _)| subject)
}

#[test]
fn visits_come_in_their_order_the_faster_lane_first() {
    let queue = queue();
    queue.push(balancer("a"), Lane::Background);
    queue.push(balancer("b"), Lane::User);
    queue.push(balancer("c"), Lane::User);
    queue.push(targets("x/t"), Lane::Targets);
    let order: Vec<Subject> = std::iter::from_fn(|| next(&queue, ALL)).collect();
    assert_eq!(order, [targets("x/t"), balancer("b"), balancer("c"), balancer("a")]);
}

#[test]
fn a_worker_takes_from_its_own_lanes_only() {
    let queue = queue();
    queue.push(balancer("a"), Lane::User);
    assert_eq!(next(&queue, &[Lane::Targets]), None);
    assert_eq!(next(&queue, OTHERS), Some(balancer("a")));
}

#[test]
fn a_new_endpoint_does_not_wait_behind_those_of_a_start_up() {
    let queue = queue();
    for number in 0..1000 {
        queue.push(targets(&format!("x/{number}")), Lane::Background);
    }
    queue.push(targets("x/500"), Lane::Targets);
    assert_eq!(next(&queue, &[Lane::Targets]), Some(targets("x/500")));
    assert_eq!(next(&queue, &[Lane::Targets]), None);
}

#[test]
fn what_waits_already_waits_once_and_in_the_faster_lane() {
    let queue = queue();
    queue.push(balancer("a"), Lane::Background);
    queue.push(balancer("b"), Lane::User);
    queue.push(balancer("a"), Lane::User);
    queue.push(balancer("a"), Lane::Background);
    let count = |lane| queue.waiting(lane).0;
    assert_eq!((count(Lane::User), count(Lane::Background)), (2, 0));
    assert_eq!(next(&queue, ALL), Some(balancer("b")));
    assert_eq!(next(&queue, ALL), Some(balancer("a")));
    assert_eq!(next(&queue, ALL), None);
}

#[test]
fn one_worker_a_subject_and_again_when_it_was_asked_for_meanwhile() {
    let queue = queue();
    queue.push(balancer("a"), Lane::User);
    assert_eq!(next(&queue, ALL), Some(balancer("a")));
    queue.push(balancer("a"), Lane::Background);
    queue.push(balancer("a"), Lane::User);
    assert_eq!(next(&queue, ALL), None);
    assert!(!queue.is_idle());
    queue.done(&balancer("a"), Rest::Done);
    assert_eq!((queue.waiting(Lane::User).0, queue.waiting(Lane::Background).0), (1, 0));
    assert_eq!(next(&queue, ALL), Some(balancer("a")));
    queue.done(&balancer("a"), Rest::Done);
    assert!(queue.is_idle() && queue.is_empty());
}

/// Takes a visit and leaves its subject in trouble.
fn fail(queue: &Queue<VirtualClock>, lanes: Lanes) {
    let (subject, _) = queue.next(lanes).now_or_never().unwrap();
    queue.done(&subject, Rest::Again(Trouble::Transient));
}

#[test]
fn a_troubled_one_waits_unless_somebody_asks_for_it() {
    let queue = queue();
    queue.push(balancer("a"), Lane::User);
    fail(&queue, ALL);
    assert_eq!(next(&queue, ALL), None);
    queue.push(balancer("a"), Lane::User);
    assert_eq!(next(&queue, ALL), Some(balancer("a")));
}

#[test]
fn a_subject_has_one_deadline_however_often_it_was_asked_for() {
    wait(async {
        let clock = VirtualClock::new();
        let queue = Queue::new(clock);
        for _ in 0..80 {
            queue.push(balancer("a"), Lane::User);
            fail(&queue, ALL);
        }
        assert_eq!(queue.deadlines().len(), 1);
        // Five minutes bring one visit, and not one for each time that it was asked for.
        let mut visits = 0;
        while clock.moment() < albedo::model::moment::Moment::after_start(Duration::from_secs(330))
        {
            clock.sleep(Duration::from_secs(1)).await;
            while let Some(subject) = next(&queue, ALL) {
                visits += 1;
                queue.done(&subject, Rest::Again(Trouble::Refused));
            }
        }
        assert_eq!(visits, 1);
    });
}

#[test]
fn a_retry_keeps_its_lane_and_pauses_grow() {
    wait(async {
        let clock = VirtualClock::new();
        let queue = Queue::new(clock);
        queue.push(targets("x/t"), Lane::Background);
        fail(&queue, OTHERS);
        let mut came = Vec::new();
        for _ in 0..4 {
            let (subject, lane) = queue.next(ALL).await;
            assert_eq!(lane, Lane::Background);
            came.push(clock.moment().since(albedo::model::moment::Moment::default()).as_millis());
            queue.done(&subject, Rest::Again(Trouble::Throttled));
        }
        assert_eq!(came, [500, 1250, 2375, 4062]);
    });
}

#[test]
fn who_waits_for_the_oldest_can_be_told() {
    wait(async {
        let clock = VirtualClock::new();
        let queue = Queue::new(clock);
        queue.push(balancer("a"), Lane::User);
        clock.sleep(Duration::from_secs(3)).await;
        queue.push(balancer("b"), Lane::User);
        assert_eq!(queue.waiting(Lane::User), (2, Duration::from_secs(3)));
        assert_eq!(queue.waiting(Lane::Targets), (0, Duration::ZERO));
    });
}

#[test]
fn a_worker_that_waits_hears_of_news() {
    wait(async {
        let queue = queue();
        let waiting = queue.next(ALL);
        let push = async { queue.push(balancer("a"), Lane::User) };
        let ((subject, _), ()) = futures::join!(waiting, push);
        assert_eq!(subject, balancer("a"));
    });
}

#[test]
fn what_is_cleared_waits_no_longer() {
    let queue = queue();
    queue.push(balancer("a"), Lane::User);
    queue.push(balancer("b"), Lane::User);
    assert_eq!(next(&queue, ALL), Some(balancer("a")));
    queue.push(balancer("a"), Lane::User);
    queue.clear();
    assert_eq!(next(&queue, ALL), None);
    queue.done(&balancer("a"), Rest::Done);
    assert!(queue.is_idle());
}
