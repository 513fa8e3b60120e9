use kube::core::Status;

use super::*;

/// A list that fails with this answer.
fn failed(code: u16, reason: &str, message: &str) -> watcher::Error {
    let status = Status::failure(message, reason).with_code(code);
    watcher::Error::InitialListFailed(kube::Error::Api(status.boxed()))
}

#[test]
fn a_missing_crd_is_said_in_one_line_that_helps() {
    let error = failed(404, "NotFound", "the server could not find the requested resource");
    assert_eq!(
        describe::<TargetGroupBinding>(&error),
        "the API server does not know TargetGroupBinding (elbv2.k8s.aws/v1beta1): apply deploy/crds"
    );
}

#[test]
fn any_other_failure_is_one_line_of_the_api_servers_own() {
    let error = failed(403, "Forbidden", "pods is forbidden:\n  User \"albedo\" cannot list");
    assert_eq!(
        describe::<Pod>(&error),
        "watch of Pod: Forbidden: pods is forbidden: User \"albedo\" cannot list"
    );
}

#[test]
fn pauses_double_up_to_a_limit_and_start_anew() {
    let mut trouble = Trouble::default();
    let mut pause = || {
        trouble.is_news("down");
        trouble.pause().as_millis()
    };
    let pauses: Vec<u128> = (0..8).map(|_| pause()).collect();
    assert_eq!(pauses, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
    assert!(trouble.is_over());
    assert!(!trouble.is_over());
    assert!(trouble.is_news("down"));
    assert_eq!(trouble.pause(), PAUSE_MIN);
}

#[test]
fn the_same_failure_is_news_once() {
    let mut trouble = Trouble::default();
    let news = ["a", "a", "b", "b", "a"].map(|message| trouble.is_news(message));
    assert_eq!(news, [true, false, true, false, true]);
}
