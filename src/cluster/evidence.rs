//! A look at how the cluster is set up, apart from the objects that load balancers are made of.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client, ResourceExt as _};

use super::error::ClusterError;
use crate::model::evidence::{ExternalDns, LeaseSeen, Need, Right, Where};
use crate::model::id::ObjectKey;

/// The version of the custom resources.
const CUSTOM: &str = "elbv2.k8s.aws/v1beta1";
/// Where nodes renew a Lease each, every ten seconds (Kubernetes).
const NODE_LEASES: &str = "kube-node-lease";
/// What external-dns's image is called.
const EXTERNAL_DNS: &str = "external-dns";
/// What LBC's image is called.
const LBC: &str = "aws-load-balancer-controller";

const fn right(
    need: Need,
    group: &'static str,
    resource: &'static str,
    verb: &'static str,
    place: Where,
) -> Right {
    Right { need, group, resource, verb, place }
}

/// The rights that a controller cannot do without: those of `deploy/rbac.yaml`.
const RIGHTS: &[Right] = &[
    right(Need::Watch, "", "services", "watch", Where::Everywhere),
    right(Need::Watch, "", "pods", "watch", Where::Everywhere),
    right(Need::Watch, "", "nodes", "watch", Where::Everywhere),
    right(Need::Watch, "", "namespaces", "watch", Where::Everywhere),
    right(Need::Watch, "discovery.k8s.io", "endpointslices", "watch", Where::Everywhere),
    right(Need::Watch, "networking.k8s.io", "ingresses", "watch", Where::Everywhere),
    right(Need::Watch, "networking.k8s.io", "ingressclasses", "watch", Where::Everywhere),
    right(Need::Watch, "elbv2.k8s.aws", "ingressclassparams", "watch", Where::Everywhere),
    right(Need::Watch, "elbv2.k8s.aws", "targetgroupbindings", "watch", Where::Everywhere),
    right(Need::Ingresses, "networking.k8s.io", "ingresses", "patch", Where::Everywhere),
    right(Need::Ingresses, "networking.k8s.io", "ingresses/status", "patch", Where::Everywhere),
    right(Need::Bindings, "elbv2.k8s.aws", "targetgroupbindings", "create", Where::Everywhere),
    right(Need::Bindings, "elbv2.k8s.aws", "targetgroupbindings", "patch", Where::Everywhere),
    right(Need::Bindings, "elbv2.k8s.aws", "targetgroupbindings", "delete", Where::Everywhere),
    right(Need::Gates, "", "pods/status", "patch", Where::Everywhere),
    right(Need::Events, "", "events", "create", Where::Everywhere),
    right(Need::Lease, "coordination.k8s.io", "leases", "create", Where::Home),
    right(Need::Memory, "", "configmaps", "list", Where::Memory),
    right(Need::Memory, "", "configmaps", "create", Where::Memory),
    right(Need::Memory, "", "configmaps", "patch", Where::Memory),
];

/// The namespaces that a controller has a part in.
#[derive(Clone, Copy, Debug)]
pub struct Places<'a> {
    /// That of the Lease.
    pub home: &'a str,
    /// That of what is remembered.
    pub memory: &'a str,
    /// The only one that is looked at, where there is one.
    pub watched: Option<&'a str>,
}

/// The API server's version: major and minor.
///
/// # Errors
/// Why it does not answer.
pub async fn version(client: &Client) -> Result<(u32, u32), ClusterError> {
    let found = client.apiserver_version().await;
    let found = found.map_err(|error| ClusterError::new("the version", &error))?;
    // Some providers write a plus behind it.
    let number = |text: &str| text.trim_end_matches(|c: char| !c.is_ascii_digit()).parse();
    Ok((number(&found.major).unwrap_or(1), number(&found.minor).unwrap_or(u32::MAX)))
}

/// The custom resources that are served in the version that is needed, by kind.
///
/// # Errors
/// Why the API server does not tell; that it serves none is no error.
pub async fn custom(client: &Client) -> Result<BTreeSet<String>, ClusterError> {
    match client.list_api_group_resources(CUSTOM).await {
        Ok(found) => Ok(found.resources.into_iter().map(|resource| resource.kind).collect()),
        Err(error) => {
            let error = ClusterError::new("custom resources", &error);
            if error.kind == super::Kind::NotFound { Ok(BTreeSet::new()) } else { Err(error) }
        }
    }
}

/// The rights that whoever asks does not have.
///
/// # Errors
/// Why the API server does not tell.
pub async fn denied(client: &Client, places: Places<'_>) -> Result<BTreeSet<Right>, ClusterError> {
    let reviews: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let mut denied = BTreeSet::new();
    for right in RIGHTS {
        let (resource, subresource) = match right.resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
            None => (right.resource, None),
        };
        let is_of_cluster = ["nodes", "namespaces", "ingressclasses", "ingressclassparams"];
        let namespace = match right.place {
            Where::Everywhere => places.watched.filter(|_| !is_of_cluster.contains(&resource)),
            Where::Home => Some(places.home),
            Where::Memory => Some(places.memory),
        };
        let asked = ResourceAttributes {
            group: Some(right.group.to_owned()),
            resource: Some(resource.to_owned()),
            subresource,
            verb: Some(right.verb.to_owned()),
            namespace: namespace.map(str::to_owned),
            ..ResourceAttributes::default()
        };
        let spec = SelfSubjectAccessReviewSpec {
            resource_attributes: Some(asked),
            ..SelfSubjectAccessReviewSpec::default()
        };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let answer = reviews.create(&PostParams::default(), &review).await;
        let answer = answer.map_err(|error| ClusterError::new("what is allowed", &error))?;
        if !answer.status.is_some_and(|status| status.allowed) {
            denied.insert(*right);
        }
    }
    Ok(denied)
}

/// The Lease of this key, where there is one.
///
/// # Errors
/// Why it cannot be read.
pub async fn lease(client: &Client, key: &ObjectKey) -> Result<Option<LeaseSeen>, ClusterError> {
    let api: Api<Lease> = Api::namespaced(client.clone(), &key.namespace);
    let found = api.get_opt(&key.name).await;
    let found = found.map_err(|error| ClusterError::new("the Lease", &error))?;
    Ok(found.map(|lease| {
        let spec = lease.spec.unwrap_or_default();
        let lasts = SignedDuration::from_secs(spec.lease_duration_seconds.unwrap_or(0).into());
        LeaseSeen {
            key: key.clone(),
            holder: spec.holder_identity.unwrap_or_default(),
            until: spec.renew_time.map(|time| time.0 + lasts),
        }
    }))
}

/// When a node renewed its Lease last; `None` where none can be seen.
pub async fn renewed(client: &Client) -> Option<Timestamp> {
    let api: Api<Lease> = Api::namespaced(client.clone(), NODE_LEASES);
    let all = api.list(&ListParams::default()).await.ok()?;
    all.items.into_iter().filter_map(|lease| Some(lease.spec?.renew_time?.0)).max()
}

/// A controller that another program is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// Its Deployment.
    pub key: ObjectKey,
    /// The arguments of its container.
    pub arguments: Vec<String>,
    /// How many pods it asks for.
    pub replicas: i32,
}

/// The Deployments of LBC and of external-dns, by their images.
///
/// # Errors
/// Why Deployments cannot be listed.
pub async fn foreign(client: &Client) -> Result<(Vec<Foreign>, Vec<Foreign>), ClusterError> {
    let api: Api<Deployment> = Api::all(client.clone());
    let all = api.list(&ListParams::default()).await;
    let all = all.map_err(|error| ClusterError::new("Deployments", &error))?;
    let of = |image: &str| all.items.iter().filter_map(|one| read(one, image)).collect::<Vec<_>>();
    Ok((of(LBC), of(EXTERNAL_DNS)))
}

fn read(deployment: &Deployment, image: &str) -> Option<Foreign> {
    let spec = deployment.spec.as_ref()?;
    let containers = &spec.template.spec.as_ref()?.containers;
    let is_meant = |text: &str| text.rsplit('/').next().is_some_and(|name| name.starts_with(image));
    let container = containers
        .iter()
        .find(|one| one.image.as_deref().is_some_and(is_meant) || one.name == image)?;
    let command = container.command.iter().flatten().skip(1);
    let arguments = command.chain(container.args.iter().flatten());
    Some(Foreign {
        key: ObjectKey::new(deployment.namespace().unwrap_or_default(), deployment.name_any()),
        arguments: arguments.cloned().collect(),
        replicas: spec.replicas.unwrap_or(1),
    })
}

impl From<Foreign> for ExternalDns {
    fn from(found: Foreign) -> Self {
        Self { key: found.key, arguments: found.arguments, replicas: found.replicas }
    }
}
