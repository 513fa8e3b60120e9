//! `deploy/rbac.yaml` and `deploy/upgrade.yaml` allow the requests that the program makes, and no
//! more: all that it can ask of an API server is asked of one that answers anything and takes
//! notes.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use albedo::clock::SystemClock;
use albedo::cluster::{
    ApiServer, Cluster as _, Election, Intake, Sight, Sought, name_keepers, neighbour, watch_all,
    watch_secrets,
};
use albedo::model::action::KubeAction;
use albedo::model::gate::{GateCondition, GateNews, GateState};
use albedo::model::group::Group;
use albedo::model::id::ObjectKey;
use albedo::model::index::Seen;
use albedo::model::ingress_group::GroupStatus;
use albedo::model::problem::{ObjectRef, Severity};
use albedo::model::report::{Event, StatusEntry};
use albedo::model::seen::BindingStatus;
use albedo::model::settings::Scope;
use albedo::model::snapshot::Objects;
use albedo::model::source::Source;
use http_body_util::BodyExt as _;
use hyper::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use serde::Deserialize as _;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::support::actions;

/// The namespaces: the program's own, where it remembers, and one of Ingresses.
const HOME: &str = "kube-system";
const MEMORY: &str = "albedo-system";
const DEMO: &str = "demo";
/// How long whatever goes on for ever goes on.
const WHILE: Duration = Duration::from_secs(3);

/// A request, as Roles speak of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    verb: &'static str,
    group: String,
    /// With the subresource, as in `ingresses/status`.
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
}

impl Call {
    fn of(request: &Request<Body>) -> Self {
        let parts: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
        let (group, rest) = match parts[..] {
            ["api", _, ref rest @ ..] => ("", rest),
            ["apis", group, _, ref rest @ ..] => (group, rest),
            _ => panic!("{parts:?}"),
        };
        let (namespace, rest) = match *rest {
            ["namespaces", namespace, _, ..] => (Some(namespace.to_owned()), &rest[2..]),
            _ => (None, rest),
        };
        let (resource, name) = match *rest {
            [resource, name, sub] => (format!("{resource}/{sub}"), Some(name)),
            [resource, name] => (resource.to_owned(), Some(name)),
            [resource] => (resource.to_owned(), None),
            _ => panic!("{rest:?}"),
        };
        let watches = request.uri().query().unwrap_or_default().contains("watch=true");
        let verb = match (request.method(), name) {
            (&Method::GET, None) if watches => "watch",
            (&Method::GET, None) => "list",
            (&Method::GET, Some(_)) => "get",
            (&Method::POST, None) => "create",
            (&Method::PUT, Some(_)) => "update",
            (&Method::PATCH, Some(_)) => "patch",
            (&Method::DELETE, Some(_)) => "delete",
            other => panic!("{other:?}"),
        };
        let name = name.map(str::to_owned);
        Self { verb, group: group.to_owned(), resource, namespace, name }
    }
}

/// What was asked so far.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<BTreeSet<Call>>>);

impl Notes {
    fn client(&self) -> Client {
        let notes = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let notes = notes.clone();
            async move {
                let call = Call::of(&request);
                // Nothing is there before it was made.
                let is_first = notes.0.lock().unwrap().insert(call.clone());
                if is_first && call.resource == "ingressgroups/status" {
                    return Ok(refusal(StatusCode::NOT_FOUND));
                }
                let body = request.into_body().collect().await.unwrap().to_bytes();
                Ok::<_, Infallible>(answer(&call, &body))
            }
        });
        Client::new(service, "default")
    }
}

/// Something that fits: what a namespace was left by an older version, an Ingress and a binding
/// that stand, and no Lease yet.
fn answer(call: &Call, body: &[u8]) -> Response<Body> {
    let name = call.name.as_deref().unwrap_or("one");
    let namespace = call.namespace.as_deref().unwrap_or_default();
    let metadata = json!({
        "name": name, "namespace": namespace, "resourceVersion": "1", "uid": "0a",
        "finalizers": ["elbv2.k8s.aws/resources"],
    });
    let standing = match call.resource.as_str() {
        "targetgroupbindings" | "targetgroupbindings/status" => json!({
            "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
            "metadata": metadata,
            "spec": {
                "targetGroupARN": "arn", "targetType": "ip",
                "serviceRef": {"name": "web", "port": 80},
            },
        }),
        "secrets" => json!({"metadata": metadata, "type": "Opaque", "data": {}}),
        "configmaps" => json!({"metadata": metadata, "data": {}}),
        _ => json!({"metadata": metadata, "spec": {}}),
    };
    let found = match (call.verb, call.resource.as_str()) {
        ("watch", _) => return Response::new(Body::empty()),
        ("list", "configmaps") if namespace == HOME => {
            json!({"kind": "List", "metadata": {"resourceVersion": "1"}, "items": [standing]})
        }
        ("list", _) => json!({"kind": "List", "metadata": {"resourceVersion": "1"}, "items": []}),
        ("get", "leases") => return refusal(StatusCode::NOT_FOUND),
        ("create", "targetgroupbindings") => return refusal(StatusCode::CONFLICT),
        ("create" | "update", _) => serde_json::from_slice(body).unwrap(),
        ("delete", _) => json!({"kind": "Status", "metadata": {}, "status": "Success"}),
        _ => standing,
    };
    let mut found = found;
    if found["metadata"]["resourceVersion"].is_null() {
        found["metadata"]["resourceVersion"] = "1".into();
    }
    Response::new(Body::from(found.to_string().into_bytes()))
}

fn refusal(code: StatusCode) -> Response<Body> {
    let reason = if code == StatusCode::CONFLICT { "AlreadyExists" } else { "NotFound" };
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "no", "reason": reason, "code": code.as_u16(),
    });
    let mut answer = Response::new(Body::from(status.to_string().into_bytes()));
    *answer.status_mut() = code;
    answer
}

/// A world that nobody reads.
#[derive(Default)]
struct Nowhere(RwLock<Objects>);

impl Intake for Nowhere {
    fn take(&self, seen: Seen) {
        self.0.write().unwrap().take(seen);
    }

    fn with_objects<R>(&self, look: impl FnOnce(&Objects) -> R) -> R {
        look(&self.0.read().unwrap())
    }
}

/// Everything that can be written.
fn every_action() -> Vec<KubeAction> {
    let name = ObjectKey::new(DEMO, "tgb");
    let targets = Some(["10.0.0.1:80".into()].into());
    let shared =
        [targets, None].map(|targets| KubeAction::NoteTargets { name: name.clone(), targets });
    actions::every_action(DEMO).into_iter().chain(shared).collect()
}

/// Asks for all that can be asked for.
async fn ask(client: Client) {
    let server = ApiServer::new(client.clone(), "test", MEMORY).kept_before_in(HOME);
    for action in every_action() {
        // Not all of it fits what stands; each has been asked for.
        let _ = server.perform(&action).await;
    }
    server.begin().await.unwrap();
    server.recall().await.unwrap();
    server.move_in().await.unwrap();
    server.mark().await.unwrap();
    server.clone().for_scope(Scope::Own).recall().await.unwrap();
    let web = Source::ingress(ObjectKey::new(DEMO, "web"));
    let entry = StatusEntry { hostname: "a.example.com".into(), ports: vec![80] };
    server.status(&web, &[entry]).await.unwrap();
    let news = GateNews {
        pod: ObjectKey::new(DEMO, "web-0"),
        uid: "0a".into(),
        binding: "tgb".into(),
        condition: GateCondition { state: GateState::Open, reason: "".into(), message: "".into() },
        before: None,
    };
    server.gate(&news).await.unwrap();
    let shown = BindingStatus { observed_generation: Some(1), ..BindingStatus::default() };
    server.binding_status(&ObjectKey::new(DEMO, "tgb"), &shown).await.unwrap();
    let edge = Group::explicit("edge").unwrap();
    server.shown_groups("keeper").await.unwrap();
    server.show_group(&edge, &GroupStatus::default(), "keeper").await.unwrap();
    server.hide_group(&edge).await.unwrap();
    let event = Event {
        object: ObjectRef::of(&web),
        uid: "0a".into(),
        severity: Severity::Note,
        reason: "Test".into(),
        message: "test".into(),
    };
    server.event(&event).await.unwrap();
    for sought in [
        Sought::Ingresses(DEMO.into()),
        Sought::Slices(ObjectKey::new(DEMO, "web")),
        Sought::Pods(DEMO.into()),
    ] {
        server.names(&sought).await.unwrap();
    }
    server.noted(&ObjectKey::new(DEMO, "tgb")).await.unwrap();
    neighbour(&client, "aws-load-balancer-controller-leader", None).await;
    name_keepers(&client).await.unwrap();
}

/// Watches, and runs for the Lease, by its two names.
async fn go_on(client: Client) {
    let clock = SystemClock::new();
    let nowhere = Arc::new(Nowhere::default());
    let everything = watch_all(client.clone(), None, Arc::clone(&nowhere), clock, Sight::new());
    let (_wanting, wanted) = watch::channel([ObjectKey::new(DEMO, "tls")].into());
    let secrets = watch_secrets(client.clone(), wanted, nowhere, clock);
    let stands = watch::channel(true).1;
    let run = |name| {
        let lease = ObjectKey::new(HOME, name);
        let election = Election {
            client: client.clone(),
            lease,
            identity: "test".to_owned(),
            clock,
            holder: watch::Sender::default(),
        };
        election.run(watch::Sender::new(None), stands.clone(), std::future::pending())
    };
    let both = async {
        tokio::join!(
            run("aws-load-balancer-controller-leader"),
            run("albedo-leader"),
            everything,
            secrets
        )
    };
    let _for_ever = tokio::time::timeout(WHILE, both).await;
}

/// What one Role allows of one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    role: String,
    /// Of a Role; a ClusterRole is for all of them.
    namespace: Option<String>,
    verb: String,
    group: String,
    resource: String,
    /// The only object, if it is about one.
    name: Option<String>,
}

impl Right {
    fn allows(&self, call: &Call) -> bool {
        self.verb == call.verb
            && self.group == call.group
            && self.resource == call.resource
            && (self.namespace.is_none() || self.namespace == call.namespace)
            && (self.name.is_none() || self.name == call.name)
    }
}

fn documents(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(format!("{}/deploy/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    documents.map(|document| Value::deserialize(document).unwrap()).collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn rights() -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for file in ["rbac.yaml", "upgrade.yaml"] {
        for role in documents(file) {
            let namespace = role["metadata"]["namespace"].as_str().map(str::to_owned);
            for rule in role["rules"].as_array().into_iter().flatten() {
                let names = texts(&rule["resourceNames"]).into_iter().map(Some);
                let names: Vec<Option<String>> = names.collect();
                let names = if names.is_empty() { vec![None] } else { names };
                for (group, resource) in texts(&rule["apiGroups"]).iter().flat_map(|group| {
                    texts(&rule["resources"]).into_iter().map(move |r| (group, r))
                }) {
                    for verb in texts(&rule["verbs"]) {
                        rights.extend(names.iter().map(|name| Right {
                            role: role["metadata"]["name"].as_str().unwrap().to_owned(),
                            namespace: namespace.clone(),
                            verb: verb.clone(),
                            group: group.clone(),
                            resource: resource.clone(),
                            name: name.clone(),
                        }));
                    }
                }
            }
        }
    }
    rights
}

#[tokio::test]
async fn the_roles_allow_what_the_program_asks_for_and_no_more() {
    let notes = Notes::default();
    tokio::join!(ask(notes.client()), go_on(notes.client()));
    let (calls, rights) = (notes.0.lock().unwrap().clone(), rights());
    let denied: Vec<&Call> =
        calls.iter().filter(|call| !rights.iter().any(|right| right.allows(call))).collect();
    assert!(denied.is_empty(), "nothing allows {denied:#?}");
    let idle: Vec<&Right> =
        rights.iter().filter(|right| !calls.iter().any(|call| right.allows(call))).collect();
    assert!(idle.is_empty(), "nothing asks for {idle:#?}");
}

#[test]
fn the_roles_are_the_service_accounts() {
    let account = json!([{"kind": "ServiceAccount", "name": "albedo", "namespace": HOME}]);
    for file in ["rbac.yaml", "upgrade.yaml"] {
        let documents = documents(file);
        let of = |kinds: [&str; 2], name: &dyn Fn(&Value) -> String| {
            let of_kind =
                documents.iter().filter(|it| kinds.contains(&it["kind"].as_str().unwrap()));
            let each = of_kind.map(|it| (name(it), it["metadata"]["namespace"].clone()));
            each.map(|(name, namespace)| (name, namespace.to_string())).collect::<BTreeMap<_, _>>()
        };
        let mut roles = of(["Role", "ClusterRole"], &|it| it["metadata"]["name"].to_string());
        let bound =
            of(["RoleBinding", "ClusterRoleBinding"], &|it| it["roleRef"]["name"].to_string());
        // Who has TLS Secrets, or shares target groups with other clusters, binds these, in their
        // namespace.
        roles.remove("\"albedo-secrets\"");
        roles.remove("\"albedo-shared-targets\"");
        assert_eq!(roles, bound, "{file}");
        let bindings = documents.iter().filter(|it| !it["roleRef"].is_null());
        assert!(bindings.map(|it| &it["subjects"]).all(|subjects| *subjects == account), "{file}");
    }
}
