//! Looking for external-dns in the cluster: once, at the start.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Container;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt as _};

use super::error::ClusterError;
use crate::model::id::ObjectKey;
use crate::model::name_keeper::NameKeeper;

/// How external-dns's chart and its plain manifests label its Deployment.
const LABELS: [&str; 2] = ["app.kubernetes.io/name=external-dns", "app=external-dns"];
/// What its image and its container are called.
const NAME: &str = "external-dns";

/// The Deployments of external-dns that run and keep names in Route 53.
///
/// # Errors
/// Why nobody can tell.
pub async fn name_keepers(client: &Client) -> Result<Vec<(ObjectKey, NameKeeper)>, ClusterError> {
    let all: Api<Deployment> = Api::all(client.clone());
    let mut found: Vec<(ObjectKey, NameKeeper)> = Vec::new();
    for label in LABELS {
        let list = all.list(&ListParams::default().labels(label)).await;
        let list = list.map_err(|error| ClusterError::new("Deployments", &error))?;
        for deployment in list.items {
            let key =
                ObjectKey::new(deployment.namespace().unwrap_or_default(), deployment.name_any());
            let is_known = found.iter().any(|(known, _)| *known == key);
            if let (false, Some(keeper)) = (is_known, keeper(&deployment)) {
                found.push((key, keeper));
            }
        }
    }
    Ok(found)
}

/// What a Deployment runs that keeps names.
fn keeper(deployment: &Deployment) -> Option<NameKeeper> {
    let spec = deployment.spec.as_ref().filter(|spec| spec.replicas != Some(0))?;
    let mut containers = spec.template.spec.iter().flat_map(|spec| &spec.containers);
    let is_its = |container: &&Container| {
        let image = container.image.as_deref().unwrap_or_default();
        container.name == NAME || image.contains(NAME)
    };
    let Container { command, args, env, .. } = containers.find(is_its)?;
    let arguments = command.iter().chain(args).flatten().map(String::as_str);
    let environment = env.iter().flatten();
    let environment =
        environment.filter_map(|one| Some((one.name.as_str(), one.value.as_deref()?)));
    NameKeeper::new(arguments, environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_nothing_keeps_no_names() {
        let deployment = |replicas: u32, image: &str| -> Deployment {
            serde_json::from_value(serde_json::json!({
                "spec": {
                    "replicas": replicas,
                    "selector": {},
                    "template": {"spec": {"containers": [
                        {"name": "proxy", "image": "envoy:1"},
                        {"name": "main", "image": image, "args": ["--source=ingress"]},
                    ]}},
                },
            }))
            .expect("it is one")
        };
        let image = "registry.k8s.io/external-dns/external-dns:v0.22.0";
        let found = keeper(&deployment(1, image)).expect("it keeps names");
        assert!(found.sources.contains("ingress"));
        assert_eq!(keeper(&deployment(0, image)), None);
        assert_eq!(keeper(&deployment(1, "nginx:1")), None);
    }
}
