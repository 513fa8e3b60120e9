//! Looking for AWS Load Balancer Controller in the cluster: once, at the start.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::core::GroupVersionKind;
use kube::{Api, Client, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{ClusterError, Kind};
use crate::model::id::{AwsId, ObjectKey};
use crate::model::marks::{LABEL_STACK, LABEL_STACK_NAMESPACE};
use crate::model::neighbour::{Duty, Neighbour};

/// How LBC's chart and its plain manifests label its Deployment.
const DEPLOYMENT_LABEL: &str = "app.kubernetes.io/name=aws-load-balancer-controller";
/// What the names of LBC's webhooks end with.
const WEBHOOK_DOMAINS: [&str; 2] = [".elbv2.k8s.aws", ".aga.k8s.aws"];
/// The container that LBC puts into pods for target control.
const TARGET_CONTROL: &str = "alb-target-control-agent";
const FINALIZER_SERVICE: &str = "service.k8s.aws/resources";
const FINALIZERS_GATEWAY: [&str; 2] = ["gateway.k8s.aws/alb", "gateway.k8s.aws/nlb"];
const FINALIZER_ACCELERATOR: &str = "aga.k8s.aws/resources";
/// How many objects come at once.
const PAGE: u32 = 500;

/// What of LBC is found in the cluster; `lease` is the name of its Lease. `namespace` is the only
/// one whose objects are looked at, where there is one.
pub async fn neighbour(client: &Client, lease: &str, namespace: Option<&str>) -> Neighbour {
    let mut look = Look { client, namespace, found: Neighbour::default() };
    look.leases(lease).await;
    look.standing().await;
    look.bindings().await;
    look.pods().await;
    look.others().await;
    look.found
}

/// One look.
struct Look<'a> {
    client: &'a Client,
    namespace: Option<&'a str>,
    found: Neighbour,
}

impl Look<'_> {
    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        match self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        }
    }

    fn dynamic(&self, group: &str, version: &str, kind: &str) -> Api<DynamicObject> {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        match self.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind),
            None => Api::all_with(self.client.clone(), &kind),
        }
    }

    /// Shows every object of a kind; none where nobody serves the kind. What cannot be looked at is
    /// noted.
    async fn each<K>(&mut self, api: Api<K>, what: &str, mut show: impl FnMut(&mut Neighbour, K))
    where
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        self.selected(api, what, ListParams::default(), &mut show).await;
    }

    async fn selected<K>(
        &mut self,
        api: Api<K>,
        what: &str,
        params: ListParams,
        show: &mut impl FnMut(&mut Neighbour, K),
    ) where
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        let mut params = params.limit(PAGE);
        loop {
            let page = match api.list(&params).await {
                Ok(page) => page,
                Err(error) => {
                    let error = ClusterError::new(what, &error);
                    if error.kind != Kind::NotFound {
                        self.found.unseen.push(error.to_string());
                    }
                    return;
                }
            };
            for object in page.items {
                show(&mut self.found, object);
            }
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => params = params.continue_token(&token),
                None => return,
            }
        }
    }

    /// The Leases of a name that LBC holds.
    async fn leases(&mut self, name: &str) {
        let api: Api<Lease> = Api::all(self.client.clone());
        let params = ListParams::default().fields(&format!("metadata.name={name}"));
        let now = crate::clock::now();
        let mut show = |found: &mut Neighbour, lease: Lease| {
            if lease.spec.as_ref().is_some_and(|spec| is_held(spec, now)) {
                found.leases.insert(key(&lease));
            }
        };
        self.selected(api, "Leases", params, &mut show).await;
    }

    /// Its Deployment and its webhook configurations.
    async fn standing(&mut self) {
        let client = self.client.clone();
        let params = ListParams::default().labels(DEPLOYMENT_LABEL);
        let mut show = |found: &mut Neighbour, deployment: Deployment| {
            found.deployments.insert(key(&deployment));
        };
        self.selected(Api::all(client.clone()), "Deployments", params, &mut show).await;
        let what = "webhook configurations";
        let is_lbcs = |name: &str| WEBHOOK_DOMAINS.iter().any(|domain| name.ends_with(domain));
        let all: Api<MutatingWebhookConfiguration> = Api::all(client.clone());
        self.each(all, what, |found, object| {
            let mut names = object.webhooks.iter().flatten().map(|webhook| &webhook.name);
            if names.any(|name| is_lbcs(name)) {
                found.webhooks.insert(object.name_any());
            }
        })
        .await;
        let all: Api<ValidatingWebhookConfiguration> = Api::all(client);
        self.each(all, what, |found, object| {
            let mut names = object.webhooks.iter().flatten().map(|webhook| &webhook.name);
            if names.any(|name| is_lbcs(name)) {
                found.webhooks.insert(object.name_any());
            }
        })
        .await;
    }

    async fn bindings(&mut self) {
        let api = self.dynamic("elbv2.k8s.aws", "v1beta1", "TargetGroupBinding");
        self.each(api, "TargetGroupBindings", |found, binding| {
            let spec = &binding.data["spec"];
            for duty in of_binding(spec) {
                found.duties.entry(duty).or_default().insert(key(&binding));
            }
            let labels = binding.labels();
            let is_of_ingress = [LABEL_STACK, LABEL_STACK_NAMESPACE]
                .iter()
                .any(|label| labels.contains_key(*label));
            if let (true, Some(vpc)) = (is_of_ingress, spec["vpcID"].as_str()) {
                *found.vpcs.entry(AwsId::new(vpc)).or_default() += 1;
            }
        })
        .await;
    }

    async fn pods(&mut self) {
        let api: Api<Pod> = self.api();
        self.each(api, "Pods", |found, pod| {
            let Some(spec) = &pod.spec else { return };
            let init = spec.init_containers.iter().flatten();
            let mut containers = spec.containers.iter().chain(init);
            if containers.any(|container| container.name == TARGET_CONTROL) {
                found.duties.entry(Duty::TargetControl).or_default().insert(key(&pod));
            }
        })
        .await;
    }

    /// What it serves besides Ingresses.
    async fn others(&mut self) {
        let services: Api<Service> = self.api();
        self.each(services, "Services", |found, service| {
            if has_finalizer(&service, &[FINALIZER_SERVICE]) {
                found.duties.entry(Duty::Services).or_default().insert(key(&service));
            }
        })
        .await;
        let gateways = self.dynamic("gateway.networking.k8s.io", "v1", "Gateway");
        self.each(gateways, "Gateways", |found, gateway| {
            if has_finalizer(&gateway, &FINALIZERS_GATEWAY) {
                found.duties.entry(Duty::Gateways).or_default().insert(key(&gateway));
            }
        })
        .await;
        let accelerators = self.dynamic("aga.k8s.aws", "v1beta1", "GlobalAccelerator");
        self.each(accelerators, "GlobalAccelerators", |found, accelerator| {
            if has_finalizer(&accelerator, &[FINALIZER_ACCELERATOR]) {
                found.duties.entry(Duty::Accelerators).or_default().insert(key(&accelerator));
            }
        })
        .await;
    }
}

fn key(object: &impl kube::ResourceExt) -> ObjectKey {
    ObjectKey::new(object.namespace().unwrap_or_default(), object.name_any())
}

fn has_finalizer(object: &impl kube::ResourceExt, finalizers: &[&str]) -> bool {
    object.finalizers().iter().any(|held| finalizers.contains(&held.as_str()))
}

/// Whether LBC holds a Lease at the moment; it does not give one back, so one that has run out is
/// as good as free.
fn is_held(spec: &LeaseSpec, now: Timestamp) -> bool {
    let holder = spec.holder_identity.as_deref().unwrap_or_default();
    let lasts = SignedDuration::from_secs(spec.lease_duration_seconds.unwrap_or_default().into());
    let renewed = spec.renew_time.as_ref().map(|time| time.0);
    let is_fresh = renewed.is_some_and(|renewed| now.duration_since(renewed) < lasts);
    !holder.is_empty() && !is_ours(holder) && is_fresh
}

/// Whether a holder is a process of this program: `<host>_<process>-<nanoseconds>`, where LBC has
/// an UUID.
fn is_ours(holder: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let own = holder.rsplit_once('_').and_then(|(_, own)| own.split_once('-'));
    own.is_some_and(|(process, moment)| is_number(process) && is_number(moment))
}

/// What a binding asks for that is not done here.
fn of_binding(spec: &Value) -> BTreeSet<Duty> {
    let text = |field: &str| spec[field].as_str().unwrap_or_default();
    let speaks_quic = text("targetGroupProtocol").ends_with("QUIC");
    speaks_quic.then_some(Duty::QuicBindings).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_lease_is_held_by_lbc_for_as_long_as_it_lasts() {
        let now = crate::clock::now();
        let held = |holder: &str, age: i64| {
            let spec = LeaseSpec {
                holder_identity: Some(holder.to_owned()),
                lease_duration_seconds: Some(15),
                renew_time: Some(MicroTime(now - SignedDuration::from_secs(age))),
                ..LeaseSpec::default()
            };
            is_held(&spec, now)
        };
        let lbc = "aws-load-balancer-controller-6b7d_0f3c8f6e-6d4f-4ad1-9f5b-1c0a2f3e4d5c";
        assert!(held(lbc, 3) && !held(lbc, 30) && !held("", 3));
        assert!(!held("albedo-5d9c_1-1764165000123456789", 3), "another replica of ours");
    }

    #[test]
    fn bindings_ask_for_what_is_not_done() {
        let asked =
            |spec: Value| of_binding(&spec).into_iter().map(Duty::as_str).collect::<Vec<_>>();
        assert_eq!(asked(json!({"targetType": "ip", "targetGroupARN": "arn"})), [""; 0]);
        let named = json!({"targetGroupName": "mine", "multiClusterTargetGroup": true});
        assert_eq!(asked(named), [""; 0]);
        let abroad = json!({"targetGroupARN": "arn",
            "iamRoleArnToAssume": "arn:aws:iam::1:role/x", "targetGroupProtocol": "TCP_QUIC"});
        assert_eq!(asked(abroad), ["quic-bindings"]);
    }
}
