//! Where AWS's services answer, where somebody says so: LBC's `--aws-api-endpoints`.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;

use crate::model::role::Role;
use crate::model::settings::Scope;

/// The id of the service that tells an instance about itself.
pub(super) const INSTANCE_METADATA: &str = "ec2imds";
/// The services that are called here, as AWS's SDKs name them.
const CALLED: [&str; 10] = [
    "EC2",
    "Elastic Load Balancing v2",
    "ACM",
    "Route 53",
    "WAFV2",
    "Shield",
    "Resource Groups Tagging API",
    "STS",
    "IAM",
    INSTANCE_METADATA,
];
/// The services that LBC calls besides.
const CALLED_BY_LBC: [&str; 2] = ["WAF Regional", "Global Accelerator"];

/// Where AWS is, and how patient one is with it.
#[derive(Clone, Debug)]
pub struct Site {
    /// What all services share.
    pub config: SdkConfig,
    /// Where services answer that do not answer where that says.
    endpoints: BTreeMap<String, String>,
    /// Whose rules on node and pod security groups are ours.
    pub(super) scope: Scope,
    /// The role that Route 53 is called by, where its zones are another account's.
    pub(super) names: Option<Role>,
}

/// Why a service cannot answer somewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEndpoint {
    /// Nobody knows the service.
    #[error("{0:?} is no id of a service that is called; those are {all}", all = CALLED.join(", "))]
    Unknown(String),
    /// That is no URL.
    #[error("{0:?} is no URL; one begins with https:// or http://")]
    NoUrl(String),
}

impl From<&SdkConfig> for Site {
    fn from(config: &SdkConfig) -> Self {
        let (config, endpoints) = (config.clone(), BTreeMap::new());
        Self { config, endpoints, scope: Scope::All, names: None }
    }
}

impl Site {
    /// The same, but that some services answer elsewhere.
    ///
    /// # Errors
    /// A service that nobody knows, or what is no URL.
    pub fn with_endpoints(
        mut self,
        endpoints: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, NoEndpoint> {
        for (service, url) in endpoints {
            let known = |services: &[&str]| services.contains(&service.as_str());
            if !known(&CALLED) && !known(&CALLED_BY_LBC) {
                return Err(NoEndpoint::Unknown(service));
            }
            if !url.starts_with("https://") && !url.starts_with("http://") {
                return Err(NoEndpoint::NoUrl(url));
            }
            self.endpoints.insert(service, url);
        }
        Ok(self)
    }

    /// The same, for a process that answers these classes.
    #[must_use]
    pub fn for_scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// The same, but that a call is tried this often; 0 is as often as there is time for.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        let attempts = if attempts == 0 { u32::MAX } else { attempts };
        let retries = self.config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let retries = retries.with_max_attempts(attempts);
        self.config = self.config.into_builder().retry_config(retries).build();
        self
    }

    /// The same, but that Route 53 is called by a role, where there is one.
    #[must_use]
    pub fn with_role_for_names(self, role: Option<Role>) -> Self {
        Self { names: role, ..self }
    }

    /// Where a service answers, if somebody says.
    #[must_use]
    pub fn endpoint(&self, service: &str) -> Option<&str> {
        self.endpoints.get(service).map(String::as_str)
    }
}
