//! Which visits wait, and in which lane.

use std::time::Duration;

use albedo::model::outcome::Trouble;
use albedo::model::subject::{Place, Subject};
use albedo::queue::{Lane, Queue};
use albedo::report::Rest;
use futures::FutureExt as _;

use super::support::world::{group, key};

fn place() -> Place {
    Place { role: None, region: "us-east-1".to_owned() }
}

fn balancer(name: &str) -> Subject {
    Subject::Balancer(place(), group(name))
}

fn targets(name: &str) -> Subject {
    Subject::Targets(place(), key(name))
}

const ALL: [Lane; 3] = [Lane::Targets, Lane::User, Lane::Background];

/// The next visit, if one is due.
fn next(queue: &Queue, lanes: &[Lane]) -> Option<Subject> {
    queue.next(lanes).now_or_never()
}

#[test]
fn visits_come_in_their_order_the_faster_lane_first() {
    let queue = Queue::default();
    queue.push(balancer("a"), Lane::Background);
    queue.push(balancer("b"), Lane::User);
    queue.push(balancer("c"), Lane::User);
    queue.push(targets("x/t"), Lane::Targets);
    let order: Vec<Subject> = std::iter::from_fn(|| next(&queue, &ALL)).collect();
    assert_eq!(order, [targets("x/t"), balancer("b"), balancer("c"), balancer("a")]);
}

#[test]
fn a_worker_takes_from_its_own_lanes_only() {
    let queue = Queue::default();
    queue.push(balancer("a"), Lane::User);
    assert_eq!(next(&queue, &[Lane::Targets]), None);
    assert_eq!(next(&queue, &[Lane::User, Lane::Background]), Some(balancer("a")));
}

#[test]
fn what_waits_already_waits_once_and_in_the_faster_lane() {
    let queue = Queue::default();
    queue.push(balancer("a"), Lane::Background);
    queue.push(balancer("b"), Lane::User);
    queue.push(balancer("a"), Lane::User);
    queue.push(balancer("a"), Lane::Background);
    assert_eq!((queue.len(Lane::User), queue.len(Lane::Background)), (2, 0));
    assert_eq!(next(&queue, &ALL), Some(balancer("b")));
    assert_eq!(next(&queue, &ALL), Some(balancer("a")));
    assert_eq!(next(&queue, &ALL), None);
}

#[test]
fn one_worker_a_subject_and_again_when_it_was_asked_for_meanwhile() {
    let queue = Queue::default();
    queue.push(balancer("a"), Lane::User);
    assert_eq!(next(&queue, &ALL), Some(balancer("a")));
    queue.push(balancer("a"), Lane::Background);
    queue.push(balancer("a"), Lane::User);
    assert_eq!(next(&queue, &ALL), None);
    assert!(!queue.is_idle());
    queue.done(&balancer("a"), Rest::Done);
    assert_eq!((queue.len(Lane::User), queue.len(Lane::Background)), (1, 0));
    assert_eq!(next(&queue, &ALL), Some(balancer("a")));
    queue.done(&balancer("a"), Rest::Done);
    assert!(queue.is_idle());
}

#[tokio::test]
async fn a_troubled_one_waits_unless_somebody_asks_for_it() {
    let queue = Queue::default();
    queue.push(balancer("a"), Lane::User);
    assert_eq!(next(&queue, &ALL), Some(balancer("a")));
    queue.done(&balancer("a"), Rest::Again(Trouble::Transient));
    assert_eq!(next(&queue, &ALL), None);
    queue.push(balancer("a"), Lane::User);
    assert_eq!(next(&queue, &ALL), Some(balancer("a")));
}

#[tokio::test]
async fn a_worker_that_waits_hears_of_news() {
    let queue = Queue::default();
    let waiting = queue.next(&ALL);
    let push = async {
        queue.push_after(balancer("a"), Lane::User, Duration::ZERO);
    };
    let (subject, ()) = futures::join!(waiting, push);
    assert_eq!(subject, balancer("a"));
}

#[test]
fn what_is_cleared_waits_no_longer() {
    let queue = Queue::default();
    queue.push(balancer("a"), Lane::User);
    queue.push(balancer("b"), Lane::User);
    assert_eq!(next(&queue, &ALL), Some(balancer("a")));
    queue.push(balancer("a"), Lane::User);
    queue.clear();
    assert_eq!(next(&queue, &ALL), None);
    queue.done(&balancer("a"), Rest::Done);
    assert!(queue.is_idle());
}
