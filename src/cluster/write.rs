//! Writes to the API server: the actions that order something, and the status and Events that order
//! nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use smol_str::SmolStr;

use super::error::{ClusterError, Kind};
use super::lease::WRITE_MAX;
use super::memory::Recalled;
use super::secrets;
use super::wire::{Node, TargetGroupBinding};
use crate::model::action::KubeAction;
use crate::model::gate::GateNews;
use crate::model::group::Group;
use crate::model::id::ObjectKey;
use crate::model::ingress_group::{GroupStatus, Print};
use crate::model::report::{Event, StatusEntry};
use crate::model::seen::{BindingStatus, SeenSecret};
use crate::model::settings::Scope;
use crate::model::source::{Source, SourceKind};

mod binding;
mod event;
mod finalizer;
mod gate;
mod ingress_group;
mod memory;
mod names;
mod note;

use memory::Store;

/// The label by which a slice names its Service (Kubernetes).
const LABEL_SERVICE: &str = "kubernetes.io/service-name";
/// Who writes, as `managedFields` and Events name it.
pub(super) const WRITER: &str = "albedo";
/// How long one request may take that orders nothing. The API server gives up on one after 60 s,
/// and on its webhooks after at most 30; waiting longer than that only keeps a worker from its
/// other subjects.
const ANSWER_MAX: Duration = Duration::from_secs(35);
/// How often a write that lost a race is tried afresh (client-go's default).
const ATTEMPTS_MAX: usize = 5;

/// Objects that somebody asks for by name, beside the lists and watches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sought {
    /// The Ingresses of a namespace.
    Ingresses(SmolStr),
    /// The EndpointSlices of a Service.
    Slices(ObjectKey),
    /// The pods of a namespace.
    Pods(SmolStr),
    /// The nodes.
    Nodes,
}

/// The cluster, as far as this program writes to it.
pub trait Cluster: Send + Sync + 'static {
    /// Does one thing. Doing it again once it is done does no harm and succeeds.
    fn perform(&self, action: &KubeAction)
    -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Tells a member where it can be reached. One that is gone need not be told.
    fn status(
        &self,
        member: &Source,
        entries: &[StatusEntry],
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Shows in a binding how it is served. One that is gone need not be told.
    fn binding_status(
        &self,
        binding: &ObjectKey,
        status: &BindingStatus,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Tells a pod whether its target takes requests. One that is gone need not be told, nor one
    /// that has taken its name.
    fn gate(&self, news: &GateNews) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// What is noted to have been registered from here for a binding whose target group other
    /// clusters share; nothing where nobody has noted anything.
    fn noted(
        &self,
        binding: &ObjectKey,
    ) -> impl Future<Output = Result<Option<BTreeSet<SmolStr>>, ClusterError>> + Send;
    /// All that is remembered of Ingress groups, and what of it cannot be read.
    fn recall(&self) -> impl Future<Output = Result<Recalled, ClusterError>> + Send;
    /// Brings what an older version remembered to where it is remembered now.
    fn move_in(&self) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Leaves the mark that the cluster's load balancers have been looked after.
    fn mark(&self) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// The names of the objects that stand, as the API server has them at this moment.
    fn names(
        &self,
        sought: &Sought,
    ) -> impl Future<Output = Result<BTreeSet<String>, ClusterError>> + Send;
    /// A Secret as it is at this moment, with all of its bytes.
    fn secret(
        &self,
        key: &ObjectKey,
    ) -> impl Future<Output = Result<Arc<SeenSecret>, ClusterError>> + Send;
    /// What the IngressGroups that a keeper keeps show.
    fn shown_groups(
        &self,
        keeper: &str,
    ) -> impl Future<Output = Result<BTreeMap<Group, Print>, ClusterError>> + Send;
    /// Shows in the IngressGroup of a group how it is; a keeper keeps it from then on.
    fn show_group(
        &self,
        group: &Group,
        status: &GroupStatus,
        keeper: &str,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Removes the IngressGroup of a group that is gone.
    fn hide_group(&self, group: &Group) -> impl Future<Output = Result<(), ClusterError>> + Send;
    /// Leaves a message for whoever looks at an object. That it says something new is up to the
    /// caller.
    fn event(&self, event: &Event) -> impl Future<Output = Result<(), ClusterError>> + Send;
}

/// A real API server.
#[derive(Clone)]
pub struct ApiServer {
    client: Client,
    identity: String,
    /// The namespace that this program remembers in.
    home: String,
    /// Where versions before remembered, if that is another one.
    home_before: Option<String>,
    /// Whose classes are answered.
    scope: Scope,
    newer: memory::Newer,
}

impl ApiServer {
    /// Writes through this client; Events name `identity` as the process that sent them. What is
    /// remembered is kept in the namespace `home`.
    #[must_use]
    pub fn new(client: Client, identity: impl Into<String>, home: impl Into<String>) -> Self {
        Self {
            client,
            identity: identity.into(),
            home: home.into(),
            home_before: None,
            scope: Scope::All,
            newer: memory::Newer::default(),
        }
    }

    /// The same, for a process that answers these classes.
    #[must_use]
    pub fn for_scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// The same, where versions before kept what they remembered in this namespace.
    #[must_use]
    pub fn kept_before_in(self, namespace: &str) -> Self {
        let home_before = (namespace != self.home).then(|| namespace.to_owned());
        Self { home_before, ..self }
    }

    /// Remembers that a start was let begin here.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn begin(&self) -> Result<(), ClusterError> {
        self.memories().begin().await
    }

    fn memories(&self) -> Store<'_> {
        let maps = |namespace: &str| Api::namespaced(self.client.clone(), namespace);
        Store {
            api: maps(&self.home),
            before: self.home_before.as_deref().map(maps),
            scope: self.scope,
            newer: &self.newer,
        }
    }

    fn ingresses(&self, namespace: &str) -> Api<Ingress> {
        Api::namespaced(self.client.clone(), namespace)
    }

    fn bindings(&self, namespace: &str) -> Api<TargetGroupBinding> {
        Api::namespaced(self.client.clone(), namespace)
    }

    async fn work(&self, action: &KubeAction) -> Result<(), ClusterError> {
        match action {
            KubeAction::Claim { member: Source { kind: SourceKind::Ingress, key }, finalizer } => {
                finalizer::add(&self.ingresses(&key.namespace), key, finalizer).await
            }
            KubeAction::Release {
                member: Source { kind: SourceKind::Ingress, key },
                finalizer,
            } => finalizer::remove(&self.ingresses(&key.namespace), key, finalizer).await,
            KubeAction::Bind { binding } => {
                binding::bind(&self.bindings(&binding.namespace), self.scope, binding).await
            }
            KubeAction::Rebind { name, binding } => {
                binding::rebind(&self.bindings(&name.namespace), self.scope, name, binding).await
            }
            KubeAction::CompleteBinding { name, completion } => {
                binding::complete(&self.bindings(&name.namespace), name, completion).await
            }
            KubeAction::Unbind { name } => {
                binding::unbind(&self.bindings(&name.namespace), name).await
            }
            KubeAction::Remember { group, entry, memory } => {
                self.memories().remember(group, (entry, memory)).await
            }
            KubeAction::NoteTargets { name, targets } => {
                let api = Api::namespaced(self.client.clone(), &name.namespace);
                note::write(&api, name, targets.as_ref()).await
            }
            KubeAction::ClaimBinding { name } => {
                let finalizer = self.scope.binding_finalizer();
                finalizer::add(&self.bindings(&name.namespace), name, finalizer).await
            }
            KubeAction::ReleaseBinding { name } => {
                let finalizer = self.scope.binding_finalizer();
                finalizer::remove(&self.bindings(&name.namespace), name, finalizer).await
            }
        }
    }
}

impl Cluster for ApiServer {
    async fn perform(&self, action: &KubeAction) -> Result<(), ClusterError> {
        in_tenure(|| written_by(action), self.work(action)).await
    }

    async fn status(&self, member: &Source, entries: &[StatusEntry]) -> Result<(), ClusterError> {
        let Source { kind, key } = member;
        let operation = format!("status of {kind} {key}");
        let entries: Vec<_> = entries.iter().map(status_entry).collect();
        let patch = Patch::Merge(json!({"status": {"loadBalancer": {"ingress": entries}}}));
        let params = PatchParams::apply(WRITER);
        let api = match kind {
            SourceKind::Ingress => self.ingresses(&key.namespace),
        };
        let written = answer(&operation, api.patch_status(&key.name, &params, &patch));
        unless_gone(in_tenure(|| operation.clone(), written).await.map(drop))
    }

    async fn binding_status(
        &self,
        binding: &ObjectKey,
        status: &BindingStatus,
    ) -> Result<(), ClusterError> {
        let operation = format!("status of TargetGroupBinding {binding}");
        let patch = Patch::Merge(json!({"status": status}));
        let api = self.bindings(&binding.namespace);
        let params = PatchParams::apply(WRITER);
        let written = answer(&operation, api.patch_status(&binding.name, &params, &patch));
        unless_gone(in_tenure(|| operation.clone(), written).await.map(drop))
    }

    async fn gate(&self, news: &GateNews) -> Result<(), ClusterError> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &news.pod.namespace);
        in_tenure(|| gate::operation(news), gate::tell(&pods, news)).await
    }

    async fn noted(&self, binding: &ObjectKey) -> Result<Option<BTreeSet<SmolStr>>, ClusterError> {
        note::read(&Api::namespaced(self.client.clone(), &binding.namespace), binding).await
    }

    async fn recall(&self) -> Result<Recalled, ClusterError> {
        self.memories().recall().await
    }

    async fn move_in(&self) -> Result<(), ClusterError> {
        self.memories().move_in().await
    }

    async fn mark(&self) -> Result<(), ClusterError> {
        in_tenure(|| "the cluster's mark".to_owned(), self.memories().mark()).await
    }

    async fn names(&self, sought: &Sought) -> Result<BTreeSet<String>, ClusterError> {
        let client = self.client.clone();
        match sought {
            Sought::Ingresses(namespace) => names::all(self.ingresses(namespace), "").await,
            Sought::Slices(service) => {
                let of_service = format!("{LABEL_SERVICE}={}", service.name);
                let slices: Api<EndpointSlice> = Api::namespaced(client, &service.namespace);
                names::all(slices, &of_service).await
            }
            Sought::Pods(namespace) => {
                names::all(Api::<Pod>::namespaced(client, namespace), "").await
            }
            Sought::Nodes => names::all(Api::<Node>::all(client), "").await,
        }
    }

    async fn secret(&self, key: &ObjectKey) -> Result<Arc<SeenSecret>, ClusterError> {
        secrets::read(&self.client, key).await.map(|look| Arc::new(look.noun))
    }

    async fn shown_groups(&self, keeper: &str) -> Result<BTreeMap<Group, Print>, ClusterError> {
        ingress_group::all(&Api::all(self.client.clone()), keeper).await
    }

    async fn show_group(
        &self,
        group: &Group,
        status: &GroupStatus,
        keeper: &str,
    ) -> Result<(), ClusterError> {
        let api = Api::all(self.client.clone());
        let shown = ingress_group::show(&api, (group, keeper), status);
        in_tenure(|| ingress_group::operation(group), shown).await
    }

    async fn hide_group(&self, group: &Group) -> Result<(), ClusterError> {
        let api = Api::all(self.client.clone());
        in_tenure(|| ingress_group::operation(group), ingress_group::hide(&api, group)).await
    }

    async fn event(&self, event: &Event) -> Result<(), ClusterError> {
        event::send(&self.client, &self.identity, event).await
    }
}

/// An entry as LBC leaves it: with an empty protocol, which the API server would put there anyway.
fn status_entry(entry: &StatusEntry) -> serde_json::Value {
    if entry.ports.is_empty() {
        return json!({"hostname": entry.hostname});
    }
    let port = |port| json!({"port": port, "protocol": ""});
    let ports: Vec<_> = entry.ports.iter().map(port).collect();
    json!({"hostname": entry.hostname, "ports": ports})
}

/// What an action writes.
fn written_by(action: &KubeAction) -> String {
    match action {
        KubeAction::Claim { member, .. } | KubeAction::Release { member, .. } => {
            format!("finalizer of {} {member}", member.kind)
        }
        KubeAction::Bind { binding } => {
            let name = binding.name.as_deref().unwrap_or_default();
            format!("TargetGroupBinding {}/{name}", binding.namespace)
        }
        KubeAction::Rebind { name, .. }
        | KubeAction::CompleteBinding { name, .. }
        | KubeAction::Unbind { name } => {
            format!("TargetGroupBinding {name}")
        }
        KubeAction::NoteTargets { name, .. } => note::operation(name),
        KubeAction::ClaimBinding { name } | KubeAction::ReleaseBinding { name } => {
            format!("finalizer of TargetGroupBinding {name}")
        }
        KubeAction::Remember { group, .. } => format!("memory of {group}"),
    }
}

/// Does something that orders something, with all its requests, as long as nobody else can lead:
/// what is begun in a tenure and given up after this limit is over when the next one begins. The
/// API server drops a request whose client has gone.
async fn in_tenure<T>(
    operation: impl Fn() -> String,
    work: impl Future<Output = Result<T, ClusterError>>,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(WRITE_MAX, work).await {
        Ok(done) => done,
        Err(_elapsed) => Err(ClusterError::late(operation(), WRITE_MAX)),
    }
}

/// Waits for the API server's answer, for a while.
async fn answer<T>(
    operation: &str,
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, ClusterError> {
    match tokio::time::timeout(ANSWER_MAX, request).await {
        Ok(answer) => answer.map_err(|error| ClusterError::new(operation, &error)),
        Err(_elapsed) => Err(ClusterError::late(operation, ANSWER_MAX)),
    }
}

/// Takes an object that is gone for success.
fn unless_gone(result: Result<(), ClusterError>) -> Result<(), ClusterError> {
    match result {
        Err(error) if error.kind == Kind::NotFound => Ok(()),
        other => other,
    }
}

/// Tries again, from the read on, as long as somebody else gets in between.
async fn against_others<F: Future<Output = Result<(), ClusterError>>>(
    attempt: impl Fn() -> F,
) -> Result<(), ClusterError> {
    for _ in 1..ATTEMPTS_MAX {
        match attempt().await {
            Err(error) if error.is_race() => {}
            result => return result,
        }
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use futures::future::pending;
    use kube::client::Body;

    use super::*;
    use crate::model::id::ObjectKey;

    /// An API server that takes every request and answers none.
    fn silent() -> ApiServer {
        let service = tower::service_fn(|_| {
            pending::<Result<hyper::Response<Body>, std::convert::Infallible>>()
        });
        ApiServer::new(Client::new(service, "default"), "test", "kube-system")
    }

    #[tokio::test]
    async fn what_orders_something_is_given_up_before_anybody_else_can_lead() {
        let (server, name) = (silent(), ObjectKey::new("shop", "web"));
        let member = Source::ingress(name.clone());
        let action = KubeAction::ClaimBinding { name: name.clone() };
        let both = async { tokio::join!(server.perform(&action), server.status(&member, &[])) };
        let limit = WRITE_MAX + Duration::from_secs(1);
        let both = Box::pin(tokio::time::timeout(limit, both));
        let (performed, told) = both.await.expect("they end");
        let error = performed.expect_err("nobody answered");
        assert_eq!(error.kind, Kind::Transient);
        let expected =
            "finalizer of TargetGroupBinding shop/web: NoAnswer: nothing came within 5 s";
        assert_eq!(error.to_string(), expected);
        assert!(told.is_err());
    }
}
