//! Requests to AWS are counted by what became of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::aws::{Attempt, CallObserver, Limits, Sdk, Site, Tally, Turns};
use albedo::model::id::AwsId;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::Credentials;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use futures::FutureExt as _;
use tokio::net::TcpListener;

use super::contract::suite::{Looks as _, Stopped};

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl CallObserver for Seen {
    fn attempted(&self, attempt: &Attempt<'_>) {
        let Attempt { service, operation, number, status, code } = attempt;
        let status = status.map_or("none".to_owned(), |status| status.to_string());
        let line = format!("{service} {operation} {number}: {status} {code:?}");
        self.0.lock().unwrap().push(line);
    }

    fn waited(&self, service: &str, operation: &str, _pause: Duration) {
        self.0.lock().unwrap().push(format!("{service} {operation} waits"));
    }
}

async fn config(endpoint: &str) -> SdkConfig {
    let retry = RetryConfig::standard().with_max_attempts(3);
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("id", "key", None, None, "test"))
        .retry_config(retry.with_initial_backoff(Duration::from_millis(1)))
        .load()
        .await
}

/// AWS, called no faster than that.
fn sdk(config: &SdkConfig, limits: &Limits, tally: &Tally) -> Sdk {
    let turns = Turns::new(limits, &Stopped, tally);
    Sdk::paced(&Site::from(config), AwsId::new("vpc-1"), turns, tally)
}

/// What is seen while load balancers are listed from where these answers come, one after the other.
async fn seen(answers: &'static [(u16, &'static str)]) -> Vec<String> {
    seen_within(&Limits::none(), answers, |_| {}).await
}

/// The same within limits, by a clock that stands still; and what is done after that.
async fn seen_within(
    limits: &Limits,
    answers: &'static [(u16, &'static str)],
    then: impl FnOnce(&Sdk),
) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let next = Arc::new(AtomicUsize::new(0));
    let answer = move || {
        let (status, body) = answers[next.fetch_add(1, Ordering::Relaxed)];
        async move { (StatusCode::from_u16(status).unwrap(), body) }
    };
    let seen = Arc::new(Seen::default());
    let tally = Tally::new(Arc::<Seen>::clone(&seen));
    let sdk = sdk(&config(&endpoint).await, limits, &tally);
    let calling = async {
        // What comes of it is not looked at.
        let _ = sdk.load_balancers().await;
        then(&sdk);
    };
    let serving = axum::serve(listener, Router::new().fallback(any(answer)));
    tokio::select! {
        ended = serving.into_future() => panic!("{ended:?}"),
        () = calling => {}
    }
    seen.0.lock().unwrap().clone()
}

const EMPTY: &str = "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult><LoadBalancers/>\
    </DescribeLoadBalancersResult></DescribeLoadBalancersResponse>";
const THROTTLED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>\
    <Message>Rate exceeded</Message></Error></ErrorResponse>";
const DENIED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
    <Message>no</Message></Error></ErrorResponse>";

#[tokio::test]
async fn each_attempt_is_counted_by_its_code() {
    let what = "Elastic Load Balancing v2 DescribeLoadBalancers";
    assert_eq!(
        seen(&[(400, THROTTLED), (400, THROTTLED), (200, EMPTY)]).await,
        [
            format!("{what} 1: 400 \"Throttling\""),
            format!("{what} 2: 400 \"Throttling\""),
            format!("{what} 3: 200 \"\""),
        ]
    );
    assert_eq!(seen(&[(403, DENIED)]).await, [format!("{what} 1: 403 \"AccessDenied\"")]);
    let gateway = seen(&[(502, "<html>Bad Gateway"); 3]).await;
    assert_eq!(gateway.last(), Some(&format!("{what} 3: 502 \"Unknown\"")));
}

#[tokio::test]
async fn what_is_asked_once_more_takes_a_turn_too() {
    let what = "Elastic Load Balancing v2 DescribeLoadBalancers";
    let limits = "Elastic Load Balancing v2:^Describe.*=1:2".parse().unwrap();
    let again = |sdk: &Sdk| assert!(sdk.load_balancers().now_or_never().is_none());
    assert_eq!(
        seen_within(&limits, &[(400, THROTTLED), (200, EMPTY)], again).await,
        [
            format!("{what} 1: 400 \"Throttling\""),
            format!("{what} 2: 200 \"\""),
            format!("{what} waits"),
        ]
    );
}

#[tokio::test]
async fn no_answer_is_counted_too() {
    let seen = Arc::new(Seen::default());
    let tally = Tally::new(Arc::<Seen>::clone(&seen));
    // Nobody listens there: the listener is gone again.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = config(&format!("http://{address}")).await;
    let sdk = sdk(&config, &Limits::none(), &tally);
    assert!(sdk.load_balancers().await.is_err());
    let what = "Elastic Load Balancing v2 DescribeLoadBalancers 1: none \"NoAnswer\"";
    assert_eq!(*seen.0.lock().unwrap(), [what]);
}
