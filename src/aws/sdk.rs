//! AWS itself: the clients, how patient they are, and what their errors mean.

use std::error::Error;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::interceptors::{BeforeTransmitInterceptorContextRef, InterceptorContext};
use aws_sdk_ec2::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents, SharedCredentialsProvider};
use aws_sdk_ec2::error::{BoxError, ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use futures::FutureExt as _;

use super::endpoints::Site;
use super::error::{CloudError, Kind};
use super::limits::{Limits, Turns};
use super::tally::Tally;
use crate::clock::SystemClock;
use crate::model::id::AwsId;
use crate::model::name_filter::NameFilter;
use crate::model::role::Role;

/// How often one call is tried while AWS says "not now" where nobody says (the default of LBC's
/// `--aws-max-retries`), if there is time for it.
const ATTEMPTS_MAX: u32 = 10;
/// How long a connection may take to come about; within a region it takes milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How many connections to one endpoint are kept that nobody uses, for as long as the SDK keeps
/// them (90 s): in a start there are some dozens at once, each of which holds tens of kilobytes.
const IDLE_MAX: usize = 8;
/// How long one try of a call may take: twice what AWS's slowest answers here take, creations and
/// pages of a thousand network interfaces.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request that reads may take, all tries of it together: two whole ones, or five that
/// AWS throttles at once.
pub const READ_MAX: Duration = Duration::from_secs(20);
/// How long a write may take, all tries of it together: what lies between giving a Lease up and its
/// end (15 s less 10), so that a write begun in a tenure is over before anybody else can lead. What
/// came of one that is given up is looked up, which is better than to send it once more.
pub const WRITE_MAX: Duration = Duration::from_secs(5);

/// AWS, through its SDK.
#[derive(Clone, Debug)]
pub struct Sdk {
    pub(super) elb: aws_sdk_elasticloadbalancingv2::Client,
    pub(super) ec2: aws_sdk_ec2::Client,
    pub(super) acm: aws_sdk_acm::Client,
    pub(super) route53: aws_sdk_route53::Client,
    pub(super) wafv2: aws_sdk_wafv2::Client,
    pub(super) shield: aws_sdk_shield::Client,
    pub(super) tagging: aws_sdk_resourcegroupstagging::Client,
    pub(super) vpc: AwsId,
    /// The description of the rules that are kept on node and pod security groups.
    pub(super) rule_description: &'static str,
    pub(super) turns: Turns,
    /// Which hosted zones there are, as far as anybody here knows.
    pub(super) zones: NameFilter,
    /// Where AWS is, and who counts what it says, for whoever calls by another role.
    site: Site,
    tally: Tally,
}

/// Finds out how to reach AWS: region and endpoint from where they are given, the rest from the
/// SDK's own chain (environment, profile, web identity, container, instance).
///
/// Instance metadata is asked only for what nothing before it in the chain has: it is never touched
/// when the region and credentials are configured.
pub async fn configure(region: Option<&str>, endpoint: Option<&str>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(connections())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(READ_MAX)
                .build(),
        );
    if let Some(region) = region {
        loader = loader.region(Region::new(region.to_owned()));
    }
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// The connections to AWS, shared by all services: as the SDK makes them, by way of a proxy where
/// the environment names one, but that few are kept that nobody uses.
fn connections() -> SharedHttpClient {
    let pooled = Builder::new().pool_max_idle_per_host(IDLE_MAX);
    pooled.build_with_connector_fn(|settings, components| {
        let tls = Provider::Rustls(CryptoMode::AwsLc);
        let mut connector = ConnectorBuilder::default().tls_provider(tls);
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
}

/// What sessions are called by which Route 53 is called, in the other account's CloudTrail.
const SESSION_OF_NAMES: &str = "albedo";

/// The same way to AWS by the rights of a role. A session of it begins with the first call, and the
/// next one when that is about to end.
fn assuming(site: &Site, role: &Role, session: &str) -> Option<SdkConfig> {
    let mut asking = site.config.to_builder();
    if let Some(url) = site.endpoint("STS") {
        asking = asking.endpoint_url(url);
    }
    let mut provider = AssumeRoleProvider::builder(&role.arn).session_name(session);
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    // With a configuration at hand, there is nothing to wait for.
    let provider = provider.configure(&asking.build()).build().now_or_never()?;
    let provider = SharedCredentialsProvider::new(provider);
    Some(site.config.to_builder().credentials_provider(provider).build())
}

/// How EC2 is spoken to, also while the VPC is looked for.
pub(super) fn ec2_config(site: &Site) -> aws_sdk_ec2::config::Builder {
    let mut builder = aws_sdk_ec2::config::Builder::from(&site.config);
    if let Some(url) = site.endpoint("EC2") {
        builder = builder.endpoint_url(url);
    }
    builder.retry_classifier(UnreachableAtOnce)
}

/// The client of a service: as patient as the others, counted, and in turn.
macro_rules! client {
    ($service:ident, $id:literal, $site:expr, $tally:expr, $turns:expr) => {
        client!($service, $id, $site, $tally, $turns, &$site.config)
    };
    ($service:ident, $id:literal, $site:expr, $tally:expr, $turns:expr, $config:expr) => {{
        let mut builder = $service::config::Builder::from($config);
        if let Some(url) = $site.endpoint($id) {
            builder = builder.endpoint_url(url);
        }
        let builder = builder.retry_classifier(UnreachableAtOnce);
        let builder = builder.interceptor($tally.clone()).interceptor($turns.clone());
        $service::Client::from_conf(builder.build())
    }};
}

impl Sdk {
    /// Speaks to AWS about one VPC, as fast as it can.
    #[must_use]
    pub fn new(config: &SdkConfig, vpc: AwsId) -> Self {
        let tally = Tally::default();
        let turns = Turns::new(&Limits::none(), &SystemClock::new(), &tally);
        Self::paced(&Site::from(config), vpc, turns, &tally)
    }

    /// Speaks to AWS about one VPC, no faster than it may, and counts what it says.
    #[must_use]
    pub fn paced(site: &Site, vpc: AwsId, turns: Turns, tally: &Tally) -> Self {
        let of_names = site.names.as_ref();
        let of_names = of_names.and_then(|role| assuming(site, role, SESSION_OF_NAMES));
        Self {
            elb: client!(
                aws_sdk_elasticloadbalancingv2,
                "Elastic Load Balancing v2",
                site,
                tally,
                turns
            ),
            ec2: client!(aws_sdk_ec2, "EC2", site, tally, turns),
            acm: client!(aws_sdk_acm, "ACM", site, tally, turns),
            route53: client!(
                aws_sdk_route53,
                "Route 53",
                site,
                tally,
                turns,
                of_names.as_ref().unwrap_or(&site.config)
            ),
            wafv2: client!(aws_sdk_wafv2, "WAFV2", site, tally, turns),
            shield: client!(aws_sdk_shield, "Shield", site, tally, turns),
            tagging: client!(
                aws_sdk_resourcegroupstagging,
                "Resource Groups Tagging API",
                site,
                tally,
                turns
            ),
            vpc,
            rule_description: site.scope.rule_description(),
            turns,
            zones: NameFilter::default(),
            site: site.clone(),
            tally: tally.clone(),
        }
    }

    /// The same, for which there are only the hosted zones with certain tags.
    #[must_use]
    pub fn with_zones(self, filter: NameFilter) -> Self {
        Self { zones: filter, ..self }
    }

    /// The same by the rights of a role. A session of it begins with the first call, and the next
    /// one when that is about to end.
    pub(super) fn by_role(&self, role: &Role, session: &str) -> Option<Self> {
        let mut site = self.site.clone();
        site.config = assuming(&site, role, session)?;
        Some(Self::paced(&site, self.vpc.clone(), self.turns.clone(), &self.tally))
    }

    /// All that an answer of several pages holds. `page` asks for the one after a token; each is a
    /// call of its own.
    pub(super) async fn pages<I, E, F>(
        &self,
        operation: &str,
        page: impl Fn(Option<String>) -> F,
    ) -> Result<Vec<I>, CloudError>
    where
        F: Future<Output = Result<(Option<Vec<I>>, Option<String>), SdkError<E>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            self.turns.wait(operation).await;
            let (items, next) = page(token.clone()).await.map_err(refused(operation))?;
            found.extend(items.into_iter().flatten());
            let next = next.filter(|next| !next.is_empty());
            if next.is_none() {
                return Ok(found);
            }
            if next == token {
                return Err(CloudError::incomplete(operation, "an end to its pages"));
            }
            token = next;
        }
    }
}

/// Does not let the SDK try again what never got through: nobody listens, or not in time.
///
/// The SDK would wait out all of its attempts, a minute or more, before it says that an endpoint
/// cannot be reached. The queue tries again by itself, and a person who mistyped an address learns
/// it at once. A connection that breaks while an answer is awaited is another thing: that is tried
/// again.
#[derive(Debug)]
pub(super) struct UnreachableAtOnce;

impl ClassifyRetry for UnreachableAtOnce {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error))
                if error
                    .as_connector_error()
                    .is_some_and(|error| error.is_io() || error.is_timeout()) =>
            {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "unreachable at once"
    }
}

/// What AWS is asked once more takes a turn as well: it has waited for that by the SDK's back-off,
/// and whoever comes later has to wait longer.
impl Intercept for Turns {
    fn name(&self) -> &'static str {
        "turns"
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempt = config.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
        if let (2.., Some(metadata)) = (attempt, config.load::<Metadata>()) {
            self.take_at_once(metadata.service(), metadata.name());
        }
        Ok(())
    }
}

/// What the SDK's error means.
pub(super) fn refused<E>(operation: &str) -> impl Fn(SdkError<E>) -> CloudError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    move |error| {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().unwrap_or_default();
        let message = match (error.message(), status) {
            (Some(message), _) => message.to_owned(),
            // Whoever answers so is not AWS, but something on the way.
            (None, Some(status)) => format!("HTTP status {status}: {}", causes(&error)),
            (None, None) => format!("no answer: {}", causes(&error)),
        };
        CloudError {
            kind: Kind::of(code, status),
            operation: operation.to_owned(),
            code: code.to_owned(),
            message,
        }
    }
}

/// What the SDK's layers say of an error that they only pass on.
const LAYERS: [&str; 6] = [
    "client error (Connect)",
    "dispatch failure",
    "io error",
    "response error",
    "service error",
    "unhandled error",
];

/// The causes of an error in one line, each said once.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !LAYERS.contains(&text.as_str()) && !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    if said.is_empty() { error.to_string() } else { said.join(": ") }
}
