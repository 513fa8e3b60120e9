//! How many functions of ours stand between a visit and the call to AWS that it makes.

use std::backtrace::Backtrace;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use albedo::aws::{Answer, Cloud, CloudError, Part, Reading, Sdk};
use albedo::model::action::AwsAction;
use albedo::model::id::AwsId;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::runtime::{Builder, Runtime};

use super::support::fake::Fake;
use super::support::site::Site;
use super::support::world::wait;

/// What a person can hold in mind at once.
const FRAMES_MAX: usize = 6;
/// Where a visit begins.
const VISIT: &str = "::visit";

/// Takes note of what calls it, and answers nothing. Clones are the same.
#[derive(Clone, Debug, Default)]
struct Witness(Arc<Mutex<Vec<String>>>);

impl HttpConnector for Witness {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        self.0.lock().unwrap().push(Backtrace::force_capture().to_string());
        HttpConnectorFuture::ready(Err(ConnectorError::io("nobody listens".into())))
    }
}

impl HttpClient for Witness {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// An AWS in memory whose writes are sent by the SDK as well, to the witness.
struct Witnessed {
    inner: Fake,
    sdk: Sdk,
    timers: Runtime,
}

impl Cloud for Witnessed {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        self.inner.read(part).await
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        let mut sending = pin!(self.sdk.perform(action));
        // The SDK wants timers, which virtual time has none of.
        let sent = poll_fn(|context| {
            let _timers = self.timers.enter();
            sending.as_mut().poll(context)
        });
        sent.await.unwrap_err();
        self.inner.perform(action).await
    }
}

fn sdk(witness: &Witness) -> Sdk {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "id", "key", None, None, "test",
        )))
        .retry_config(RetryConfig::disabled())
        .http_client(witness.clone())
        .build();
    Sdk::new(&config, AwsId::new("vpc-1"))
}

/// Our own functions in a stack, from the call to the beginning of the visit.
fn ours(stack: &str) -> Vec<String> {
    let source = format!("{}/src/", env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<String> = Vec::new();
    let mut lines = stack.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        // `12: function`, and where its source is known, `at file:line:column` on the next line.
        let Some((_, function)) = line.split_once(": ") else { continue };
        let place = lines.peek().and_then(|next| next.strip_prefix("at ")).unwrap_or_default();
        if !place.starts_with("./src/") && !place.starts_with(&source) {
            continue;
        }
        // What an async function awaits it calls from a closure; that is one function to a reader.
        let function = function.split("::{{closure}}").next().unwrap_or(function).to_owned();
        if !found.contains(&function) {
            found.push(function);
        }
        if found.last().is_some_and(|last| last.ends_with(VISIT)) {
            return found;
        }
    }
    panic!("no visit in {stack}");
}

#[test]
fn six_functions_are_enough_from_a_visit_to_the_call_that_it_makes() {
    let witness = Witness::default();
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/a: {rules: [any Exact /a s:80]}
",
        );
        site.settle().await.stop().await;
        let timers = Builder::new_current_thread().enable_time().build().unwrap();
        let (inner, sdk) = (site.aws.clone(), sdk(&witness));
        let controller = site.start_on(Witnessed { inner, sdk, timers });
        controller.settle().await;
        controller.cluster.add("ingress shop/a: {rules: [any Exact /x s:80]}");
        controller.settle().await;
    });
    let stacks = std::mem::take(&mut *witness.0.lock().unwrap());
    assert_eq!(stacks.len(), 1, "a changed path is one call");
    let found = ours(&stacks[0]);
    assert!(found.len() <= FRAMES_MAX, "{found:#?}");
    assert!(found.len() > 3, "{found:#?}");
}
