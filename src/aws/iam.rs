//! The edge towards IAM: what a role may do. Only a person's `albedo doctor` asks, by rights of its
//! own; no controller does.
//!
//! One call is used of a service with more than a hundred and seventy, whose SDK would take longer
//! to build than most others here. So it is worded here, in IAM's query protocol; the SDK's runtime
//! signs it, sends it, and tries again.

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_sdk_ec2::config::interceptors::InterceptorContext;
use aws_sdk_ec2::config::retry::{ClassifyRetry, RetryAction, RetryConfig};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};
use form_urlencoded::Serializer;

use super::endpoints::Site;
use super::error::{CloudError, Kind};
use super::sdk::{UnreachableAtOnce, causes, refused};

/// What simulates.
const SIMULATE: &str = "SimulatePrincipalPolicy";
/// How errors name it.
const OPERATION: &str = "iam.SimulatePrincipalPolicy";
/// How errors name the call that says who asks.
const WHO: &str = "sts.GetCallerIdentity";
/// The version of IAM's query protocol.
const VERSION: &str = "2010-05-08";
/// What IAM says of what its policies allow.
const ALLOWED: &str = "allowed";
/// How many answers a page may have (AWS).
const PAGE_SIZE: &str = "1000";

/// What somebody may do is asked for: each action by itself, on one thing.
#[derive(Clone, Debug)]
pub struct Simulation<'a> {
    /// The ARN of a role or a user.
    pub principal: &'a str,
    /// The actions, in IAM's words.
    pub actions: &'a [&'static str],
    /// The ARN of what they are on.
    pub resource: &'a str,
    /// What conditions may ask for: keys and values.
    pub circumstances: &'a [(&'static str, Vec<String>)],
}

/// What IAM says of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The action.
    pub action: String,
    /// Whether it is allowed.
    pub allowed: bool,
    /// The keys that policies ask for and nobody gave.
    pub missing: Vec<String>,
}

/// The ARN of whoever asks, as STS has it.
///
/// # Errors
/// That AWS did not say.
pub async fn who(site: &Site) -> Result<String, CloudError> {
    let mut builder = aws_sdk_sts::config::Builder::from(&site.config);
    if let Some(url) = site.endpoint("STS") {
        builder = builder.endpoint_url(url);
    }
    let client =
        aws_sdk_sts::Client::from_conf(builder.retry_classifier(UnreachableAtOnce).build());
    let answer = client.get_caller_identity().send().await.map_err(refused(WHO))?;
    let arn = answer.arn().map(str::to_owned);
    arn.ok_or_else(|| CloudError::incomplete(WHO, "an ARN"))
}

/// What IAM says of actions.
///
/// # Errors
/// That it did not answer.
pub async fn simulate(site: &Site, asked: &Simulation<'_>) -> Result<Vec<Decision>, CloudError> {
    let (url, region) = endpoint(site, asked.principal)?;
    let operation = operation(site, &url, region);
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let answer = operation.invoke(body(asked, marker.as_deref())).await.map_err(of_sdk)?;
        let (decisions, next) = read(&answer);
        found.extend(decisions);
        if next.is_none() || next == marker {
            break;
        }
        marker = next;
    }
    let is_whole = asked
        .actions
        .iter()
        .all(|action| found.iter().any(|decision| decision.action.eq_ignore_ascii_case(action)));
    if is_whole { Ok(found) } else { Err(CloudError::incomplete(OPERATION, "each action")) }
}

/// Where IAM answers, and the region that it is signed for: there is one for each partition ("IAM
/// endpoints and quotas", AWS General Reference).
fn endpoint(site: &Site, principal: &str) -> Result<(String, &'static str), CloudError> {
    let (url, region) = match principal.split(':').nth(1) {
        Some("aws") => ("https://iam.amazonaws.com", "us-east-1"),
        Some("aws-cn") => ("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        Some("aws-us-gov") => ("https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        _ => {
            let message = format!("where IAM answers for {principal} is not known here");
            return Err(CloudError { kind: Kind::Refused, ..of(String::new(), message, None) });
        }
    };
    let given = site.endpoint("IAM").or(site.config.endpoint_url());
    Ok((given.unwrap_or(url).to_owned(), region))
}

/// The request as IAM's query protocol has it.
fn body(asked: &Simulation<'_>, marker: Option<&str>) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("Action", SIMULATE).append_pair("Version", VERSION);
    form.append_pair("PolicySourceArn", asked.principal);
    form.append_pair("MaxItems", PAGE_SIZE);
    for (place, action) in asked.actions.iter().enumerate() {
        form.append_pair(&format!("ActionNames.member.{}", place + 1), action);
    }
    form.append_pair("ResourceArns.member.1", asked.resource);
    for (place, (key, values)) in asked.circumstances.iter().enumerate() {
        let entry = format!("ContextEntries.member.{}", place + 1);
        let kind = match values.as_slice() {
            [one] if one == "true" => "boolean",
            [_] => "string",
            _ => "stringList",
        };
        form.append_pair(&format!("{entry}.ContextKeyName"), key);
        form.append_pair(&format!("{entry}.ContextKeyType"), kind);
        for (place, value) in values.iter().enumerate() {
            form.append_pair(&format!("{entry}.ContextKeyValues.member.{}", place + 1), value);
        }
    }
    if let Some(marker) = marker {
        form.append_pair("Marker", marker);
    }
    form.finish()
}

/// The call, signed and as patient as the others.
fn operation(
    site: &Site,
    url: &str,
    region: &'static str,
) -> Operation<String, String, CloudError> {
    let config = &site.config;
    let mut layer = Layer::new("iam");
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    layer.store_put(ApiMetadata::new("iam", env!("CARGO_PKG_VERSION")));
    layer.store_put(SigV4OperationSigningConfig {
        region: Some(SigningRegion::from(Region::from_static(region))),
        region_set: None,
        name: Some(SigningName::from_static("iam")),
        signing_options: SigningOptions::default(),
    });
    let mut components = RuntimeComponentsBuilder::new("iam")
        .with_auth_scheme(SigV4AuthScheme::new())
        .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
            SCHEME_ID,
        ])))
        .with_identity_cache(config.identity_cache())
        .with_interceptor(UserAgentInterceptor::new());
    if let Some(provider) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, provider);
    }
    components.set_sleep_impl(config.sleep_impl());
    components.set_time_source(config.time_source());
    let plugin =
        StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components);
    let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let timeouts = config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
    Operation::builder()
        .service_name("IAM")
        .operation_name(SIMULATE)
        .endpoint_url(url)
        .standard_retry(&retries)
        .retry_classifier(Busy)
        .timeout_config(timeouts)
        .runtime_plugin(plugin)
        .serializer(|body: String| {
            let mut request = HttpRequest::new(SdkBody::from(body));
            request.set_method("POST")?;
            request.set_uri("/")?;
            let headers = request.headers_mut();
            headers.insert("content-type", "application/x-www-form-urlencoded");
            Ok(request)
        })
        .deserializer(|answer: &HttpResponse| {
            let bytes = answer.body().bytes().unwrap_or_default();
            let text = String::from_utf8_lossy(bytes).into_owned();
            let status = answer.status();
            if status.is_success() {
                return Ok(text);
            }
            let said = |name| first(&text, name).unwrap_or_default();
            let message = match said("Message") {
                empty if empty.is_empty() => format!("HTTP status {}", status.as_u16()),
                message => message,
            };
            Err(OrchestratorError::operation(of(said("Code"), message, Some(status.as_u16()))))
        })
        .build()
}

fn of(code: String, message: String, status: Option<u16>) -> CloudError {
    CloudError { kind: Kind::of(&code, status), operation: OPERATION.to_owned(), code, message }
}

fn of_sdk(error: SdkError<CloudError, HttpResponse>) -> CloudError {
    match error {
        SdkError::ServiceError(error) => error.into_err(),
        other => of(String::new(), format!("no answer: {}", causes(&other)), None),
    }
}

/// Tries again what IAM is too busy for.
#[derive(Debug)]
struct Busy;

impl ClassifyRetry for Busy {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let error = error.and_then(OrchestratorError::as_operation_error);
        match error.and_then(|error| error.downcast_ref::<CloudError>()).map(|error| error.kind) {
            Some(Kind::Throttled) => RetryAction::throttling_error(),
            Some(Kind::Transient) => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "busy"
    }
}

/// What IAM decided, and what the next page is asked for by.
fn read(xml: &str) -> (Vec<Decision>, Option<String>) {
    let (mut found, mut marker) = (Vec::<Decision>::new(), None);
    walk(xml, |path, text| {
        let ends = |names: &[&str]| path.ends_with(names);
        match (text, found.last_mut()) {
            (None, _) if ends(&["EvaluationResults", "member"]) => found.push(Decision::default()),
            (Some(text), _) if ends(&["SimulatePrincipalPolicyResult", "Marker"]) => {
                marker = Some(text.to_owned());
            }
            (Some(text), Some(decision)) => {
                if ends(&["EvaluationResults", "member", "EvalActionName"]) {
                    text.clone_into(&mut decision.action);
                } else if ends(&["EvaluationResults", "member", "EvalDecision"]) {
                    decision.allowed = text == ALLOWED;
                } else if ends(&["MissingContextValues", "member"]) {
                    decision.missing.push(text.to_owned());
                }
            }
            _ => {}
        }
    });
    (found, marker)
}

/// The first text of an element of this name.
fn first(xml: &str, name: &str) -> Option<String> {
    let mut found = None;
    walk(xml, |path, text| {
        if let (None, Some(text), Some(last)) = (&found, text, path.last())
            && *last == name
        {
            found = Some(text.to_owned());
        }
    });
    found
}

/// Visits every element where it begins, with the names of all it lies in, and every text. IAM
/// escapes nothing of what is read here: names, ARNs and keys.
fn walk<'a>(xml: &'a str, mut visit: impl FnMut(&[&'a str], Option<&str>)) {
    let mut path: Vec<&str> = Vec::new();
    for part in xml.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap_or((part, ""));
        if tag.starts_with(['?', '!']) {
            continue;
        }
        if tag.starts_with('/') {
            path.pop();
            continue;
        }
        path.push(tag.split([' ', '/', '\n']).next().unwrap_or_default());
        visit(&path, None);
        if tag.ends_with('/') {
            path.pop();
        } else if !text.trim().is_empty() {
            visit(&path, Some(text.trim()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As IAM's API reference shows it, with a resource's own missing keys.
    const ANSWER: &str = r#"<?xml version="1.0"?>
<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <SimulatePrincipalPolicyResult><IsTruncated>true</IsTruncated><Marker>more</Marker>
    <EvaluationResults>
      <member><MatchedStatements><member><SourcePolicyId>p</SourcePolicyId></member>
        </MatchedStatements><MissingContextValues/><EvalResourceName>*</EvalResourceName>
        <EvalDecision>allowed</EvalDecision><EvalActionName>ec2:DescribeVpcs</EvalActionName>
      </member>
      <member><EvalActionName>ec2:CreateTags</EvalActionName>
        <EvalDecision>implicitDeny</EvalDecision><MissingContextValues><member>aws:SourceIp</member>
        </MissingContextValues><ResourceSpecificResults><member>
          <EvalResourceDecision>implicitDeny</EvalResourceDecision>
          <MissingContextValues><member>aws:SourceVpc</member></MissingContextValues></member>
        </ResourceSpecificResults></member>
    </EvaluationResults></SimulatePrincipalPolicyResult>
</SimulatePrincipalPolicyResponse>"#;

    #[test]
    fn decisions_are_read_with_what_they_rest_on() {
        let (found, marker) = read(ANSWER);
        let decision = |action: &str, allowed, missing: &[&str]| Decision {
            action: action.to_owned(),
            allowed,
            missing: missing.iter().map(|key| (*key).to_owned()).collect(),
        };
        let expected = [
            decision("ec2:DescribeVpcs", true, &[]),
            decision("ec2:CreateTags", false, &["aws:SourceIp", "aws:SourceVpc"]),
        ];
        assert_eq!((found.as_slice(), marker.as_deref()), (&expected[..], Some("more")));
    }

    #[test]
    fn a_refusal_has_a_code_and_a_message() {
        let text = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                    <Message>no</Message></Error></ErrorResponse>";
        assert_eq!(first(text, "Code").as_deref(), Some("AccessDenied"));
        assert_eq!(first(text, "Message").as_deref(), Some("no"));
    }
}
