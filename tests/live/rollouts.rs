//! Rolling updates of Deployments under requests, on nodes that run pods. `make rollouts` has the
//! long ones.

use crate::support::cases;
use crate::support::nodes::Policy;
use crate::support::rollout::App;

/// How many requests a second; a fifth of what `make rollouts` asks, since other tests run beside.
const RATE: u32 = 100;
/// An app whose pods end as the Event HastyPods asks for, ten times faster.
const PATIENT: App = App { replicas: 20, pre_stop: Some(30), grace: 60, speed: 10, place: 0 };

#[tokio::test]
async fn pods_that_wait_before_they_end_lose_no_request() {
    let (answers, told) = cases::rolled_over("patient", PATIENT, (RATE, 1)).await;
    assert_eq!(answers.lost, [].into());
    let pods = answers.good.len();
    assert!(pods >= 2 * PATIENT.replicas as usize, "old and new ones had their share: {pods}");
    assert_eq!(told, [""; 0]);
}

#[tokio::test]
async fn pods_that_end_at_once_lose_requests_as_an_event_has_foretold() {
    // Each is asked some 20 times a second, and ends a tenth of a second before it is known.
    let hasty = App { replicas: 10, pre_stop: None, grace: 30, place: 60, ..PATIENT };
    let (answers, told) = cases::rolled_over("hasty", hasty, (2 * RATE, 1)).await;
    let [said] = &told[..] else { panic!("one Event: {told:?}") };
    for number in ["preStop of 0 s", "Seconds of 30", "about 10 s", "up to 30 s"] {
        assert!(said.contains(number), "{number}: {said}");
    }
    assert!(answers.lost() > 0, "{answers:?}");
}

#[tokio::test]
async fn throttled_calls_lose_no_request() {
    let app = App { replicas: 8, speed: 2, place: 90, ..PATIENT };
    assert_eq!(cases::throttled(app, RATE).await.lost, [].into());
}

#[tokio::test]
async fn a_node_that_is_drained_loses_no_request() {
    let app = App { replicas: 4, place: 120, ..PATIENT };
    assert_eq!(cases::drained(app, Policy::Cluster, RATE).await.lost, [].into());
    let app = App { replicas: 6, place: 140, ..PATIENT };
    assert_eq!(cases::drained(app, Policy::Local, RATE).await.lost, [].into());
}

#[tokio::test]
async fn another_version_of_http_loses_no_request() {
    let app = App { replicas: 4, place: 160, ..PATIENT };
    assert_eq!(cases::switched(app, RATE).await.lost, [].into());
}

#[tokio::test]
async fn pods_that_speak_grpc_lose_no_call() {
    let app = App { replicas: 4, place: 180, ..PATIENT };
    let answers = cases::called(app, (RATE, 1)).await;
    assert_eq!(answers.lost, [].into());
    let pods: Vec<&String> = answers.good.keys().collect();
    assert!(pods.len() >= 2 * app.replicas as usize, "old and new ones had their share: {pods:?}");
    let is_address = |pod: &&String| pod.parse::<std::net::IpAddr>().is_ok();
    assert!(pods.iter().all(is_address), "they say their addresses: {pods:?}");
}
