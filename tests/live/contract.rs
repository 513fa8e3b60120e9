//! LocalStack keeps the contract that the fake keeps.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use albedo::aws::Sdk;
use albedo::model::id::AwsId;
use albedo::model::record::HostedZone;
use aws_config::SdkConfig;
use aws_sdk_acm::primitives::Blob;
use aws_sdk_wafv2::types::{AllowAction, DefaultAction, Scope, VisibilityConfig};
use suite::{Looks as _, Site};

use super::support::localstack;

#[macro_use]
#[path = "../it/contract/suite/mod.rs"]
pub mod suite;

/// A certificate for `contract.example.com`, good for a hundred years, that nobody trusts.
pub const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBzzCCAXagAwIBAgIURHxUdzw3rvU650imuQeo8cwFuVQwCgYIKoZIzj0EAwIw
HzEdMBsGA1UEAwwUY29udHJhY3QuZXhhbXBsZS5jb20wIBcNMjYxMTIxMDMzMDIw
WhgPMjEyNjEwMjgwMzMwMjBaMB8xHTAbBgNVBAMMFGNvbnRyYWN0LmV4YW1wbGUu
Y29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENwgyZv3jS/37WFbfCFYFzoKB
xssF5bciK+e+7mxDeIeEo+1GtfKuknj9XtYWQcZvoPZZ6FAK8D0YAXpYIQXapqOB
jTCBijAdBgNVHQ4EFgQUx1idbO3JSuNyQj0Gifgy6RHFWoowHwYDVR0jBBgwFoAU
x1idbO3JSuNyQj0Gifgy6RHFWoowDwYDVR0TAQH/BAUwAwEB/zA3BgNVHREEMDAu
ghRjb250cmFjdC5leGFtcGxlLmNvbYIWKi5jb250cmFjdC5leGFtcGxlLmNvbTAK
BggqhkjOPQQDAgNHADBEAiB/Mf7Hsj8G/V4FQAxV8nEPQLH8LOPdZlzpMKGUqNbb
TAIgLMpXUykCdKsF78eCT5ejbfHXav1n0zEF0AjyV4P6ftQ=
-----END CERTIFICATE-----
";
/// Its key, which therefore is no secret.
pub const PRIVATE_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjaeYR70L9VDTCk4l
nBifeq/uMNE0gNpmEfqT6oxoeSmhRANCAAQ3CDJm/eNL/ftYVt8IVgXOgoHGywXl
tyIr577ubEN4h4Sj7Ua18q6SeP1e1hZBxm+g9lnoUArwPRgBelghBdqm
-----END PRIVATE KEY-----
";

async fn site() -> Site<Sdk> {
    let config = localstack::account().config().await;
    let vpc = localstack::only_vpc(&config).await;
    let cloud = Sdk::new(&config, vpc);
    let vpc = cloud.vpc().await.unwrap();
    let certificates = [import(&config).await, import(&config).await];
    let zone = zone(&config).await;
    let web_acls = [web_acl(&config, "one").await, web_acl(&config, "two").await];
    aws_sdk_shield::Client::new(&config).create_subscription().send().await.unwrap();
    Site { cloud, vpc, certificates, zone, web_acls, activate: |_| {} }
}

async fn zone(config: &SdkConfig) -> HostedZone {
    let name = "contract.example.com";
    let answer = aws_sdk_route53::Client::new(config)
        .create_hosted_zone()
        .name(name)
        .caller_reference("contract")
        .send()
        .await;
    let answer = answer.unwrap();
    let id = answer.hosted_zone().unwrap().id().trim_start_matches("/hostedzone/");
    HostedZone { id: AwsId::new(id), name: name.to_owned(), is_private: false }
}

async fn web_acl(config: &SdkConfig, name: &str) -> AwsId {
    let metrics = VisibilityConfig::builder()
        .sampled_requests_enabled(false)
        .cloud_watch_metrics_enabled(false)
        .metric_name(name)
        .build();
    let allow = DefaultAction::builder().allow(AllowAction::builder().build()).build();
    let answer = aws_sdk_wafv2::Client::new(config)
        .create_web_acl()
        .name(name)
        .scope(Scope::Regional)
        .default_action(allow)
        .visibility_config(metrics.unwrap())
        .send()
        .await;
    AwsId::new(answer.unwrap().summary().unwrap().arn().unwrap())
}

async fn import(config: &SdkConfig) -> AwsId {
    let answer = aws_sdk_acm::Client::new(config)
        .import_certificate()
        .certificate(Blob::new(CERTIFICATE))
        .private_key(Blob::new(PRIVATE_KEY))
        .send()
        .await;
    AwsId::new(answer.unwrap().certificate_arn().unwrap())
}

contract_tests!(site);
