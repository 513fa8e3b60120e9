//! The configuration by which the API server asks the injector, and what it trusts there.

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, WebhookClientConfig,
};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;

use crate::injector::{Bundle, Hook, Registry};

/// A MutatingWebhookConfiguration with one webhook, which is the injector.
#[derive(Clone)]
pub struct WebhookConfiguration {
    api: Api<MutatingWebhookConfiguration>,
    name: String,
}

impl WebhookConfiguration {
    /// The one of this name.
    #[must_use]
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { api: Api::all(client), name: name.into() }
    }
}

impl Registry for WebhookConfiguration {
    async fn look(&self) -> Result<Hook, String> {
        let name = &self.name;
        let found = self.api.get(name).await.map_err(|error| match error {
            kube::Error::Api(status) if status.code == 404 => {
                format!("no MutatingWebhookConfiguration {name}; deploy/injector.yaml has one")
            }
            other => format!("MutatingWebhookConfiguration {name}: {other}"),
        })?;
        let version = found.metadata.resource_version.unwrap_or_default();
        let hook = found.webhooks.into_iter().flatten().next();
        let hook =
            hook.ok_or_else(|| format!("MutatingWebhookConfiguration {name} has no webhook"))?;
        let host = host(&hook.client_config).ok_or_else(|| {
            format!("MutatingWebhookConfiguration {name}: clientConfig names no host")
        })?;
        let bundle = hook.client_config.ca_bundle.map(|ByteString(pem)| Bundle::of(&pem));
        Ok(Hook { name: hook.name, host, bundle: bundle.unwrap_or_default(), version })
    }

    async fn trust(&self, hook: &Hook) -> Result<(), String> {
        let bundle = ByteString(hook.bundle.pem().into_bytes());
        let patch = json!({
            "metadata": {"resourceVersion": hook.version},
            "webhooks": [{"name": hook.name, "clientConfig": {"caBundle": bundle}}],
        });
        // Webhooks are merged by their names.
        let patched =
            self.api.patch(&self.name, &PatchParams::default(), &Patch::Strategic(patch)).await;
        patched.map(drop).map_err(|error| format!("MutatingWebhookConfiguration: {error}"))
    }
}

/// The host by which an API server comes: the Service's, as Kubernetes has it, or that of a URL.
fn host(config: &WebhookClientConfig) -> Option<String> {
    if let Some(service) = &config.service {
        return Some(format!("{}.{}.svc", service.name, service.namespace));
    }
    let url: axum::http::Uri = config.url.as_deref()?.parse().ok()?;
    Some(url.host()?.trim_matches(['[', ']']).to_owned())
}
