//! Requests to AWS are counted by what became of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use albedo::aws::{Attempt, CallObserver, Cloud as _, Limits, Sdk, Tally, Turns};
use albedo::clock::SystemClock;
use albedo::model::id::AwsId;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::Credentials;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use tokio::net::TcpListener;

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl CallObserver for Seen {
    fn attempted(&self, attempt: &Attempt<'_>) {
        let Attempt { service, operation, number, status, code } = attempt;
        let status = status.map_or("none".to_owned(), |status| status.to_string());
        let line = format!("{service} {operation} {number}: {status} {code:?}");
        self.0.lock().unwrap().push(line);
    }

    fn waited(&self, _service: &str, _operation: &str, _pause: Duration) {}
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

/// AWS, called as fast as it goes.
fn sdk(config: &SdkConfig, tally: &Tally) -> Sdk {
    let turns = Turns::new(&Limits::none(), &SystemClock::new(), tally);
    Sdk::paced(config, AwsId::new("vpc-1"), turns, tally)
}

/// What is seen while load balancers are listed from where these answers come, one after the other.
async fn seen(answers: &'static [(u16, &'static str)]) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let next = Arc::new(AtomicUsize::new(0));
    let answer = move || {
        let (status, body) = answers[next.fetch_add(1, Ordering::Relaxed)];
        async move { (StatusCode::from_u16(status).unwrap(), body) }
    };
    let seen = Arc::new(Seen::default());
    let tally = Tally::new(Arc::<Seen>::clone(&seen));
    let sdk = sdk(&config(&endpoint).await, &tally);
    let serving = axum::serve(listener, Router::new().fallback(any(answer)));
    tokio::select! {
        ended = serving.into_future() => panic!("{ended:?}"),
        // What comes of it is not looked at.
        _ = sdk.load_balancers() => {}
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
async fn no_answer_is_counted_too() {
    let seen = Arc::new(Seen::default());
    let tally = Tally::new(Arc::<Seen>::clone(&seen));
    // Nobody listens there: the listener is gone again.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = config(&format!("http://{address}")).await;
    let sdk = sdk(&config, &tally);
    assert!(sdk.load_balancers().await.is_err());
    let what = "Elastic Load Balancing v2 DescribeLoadBalancers 1: none \"NoAnswer\"";
    assert_eq!(*seen.0.lock().unwrap(), [what]);
}
