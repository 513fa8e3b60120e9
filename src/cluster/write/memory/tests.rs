use std::collections::BTreeMap;
use std::convert::Infallible;

use hyper::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use serde_json::Value;

use super::*;
use crate::cluster::error::Kind;
use crate::model::id::AwsId;

/// The namespaces: where it is remembered, and where versions before did.
const HOME: &str = "albedo-system";
const BEFORE: &str = "kube-system";

/// Keeps ConfigMaps, each by its namespace and name; whether the namespace before may be listed.
#[derive(Clone)]
struct Shelf {
    maps: Arc<Mutex<BTreeMap<(String, String), Value>>>,
    may_list: bool,
}

impl Shelf {
    fn new(maps: &[(&str, &str, Value)]) -> Self {
        let kind = |name: &str| if name.contains("mark") { LABEL_MARK } else { LABEL_BALANCER };
        let each = maps.iter().map(|(namespace, name, data)| {
            let key = ((*namespace).to_owned(), (*name).to_owned());
            (key, manifest(name, kind(name), data))
        });
        Self { maps: Arc::new(Mutex::new(each.collect())), may_list: true }
    }

    fn store<'a>(&self, newer: &'a Newer) -> Store<'a> {
        let shelf = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let shelf = shelf.clone();
            async move { Ok::<_, Infallible>(shelf.answer(request).await) }
        });
        let client = Client::new(service, "default");
        let maps = |namespace| Api::namespaced(client.clone(), namespace);
        Store { api: maps(HOME), before: Some(maps(BEFORE)), scope: Scope::All, newer }
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = body.collect_bytes().await.expect("it has one");
        let parts: Vec<&str> = head.uri.path().trim_start_matches('/').split('/').collect();
        let (namespace, name) = (parts[3].to_owned(), parts.get(5).map(|name| (*name).to_owned()));
        let mut maps = self.maps.lock().expect("nobody panicked");
        let found = match (head.method, name) {
            (Method::GET, None) if namespace == BEFORE && !self.may_list => {
                return status(StatusCode::FORBIDDEN);
            }
            (Method::GET, None) => {
                let of_it = maps.iter().filter(|((of, _), _)| *of == namespace);
                let has_label = |map: &&Value| map["metadata"]["labels"].get(LABEL).is_some();
                let items: Vec<&Value> = of_it.map(|(_, map)| map).filter(has_label).collect();
                Some(json!({"kind": "List", "metadata": {}, "items": items}))
            }
            (Method::GET, Some(name)) => maps.get(&(namespace, name)).cloned(),
            (Method::DELETE, Some(name)) => maps.remove(&(namespace, name)),
            (Method::POST, None) if maps.contains_key(&(namespace.clone(), named(&body))) => {
                return status(StatusCode::CONFLICT);
            }
            (Method::POST | Method::PATCH, name) => {
                let map: Value = serde_json::from_slice(&body).expect("it is JSON");
                let name = name.unwrap_or_else(|| named(&body));
                maps.insert((namespace, name), map.clone());
                Some(map)
            }
            other => panic!("{other:?}"),
        };
        match found {
            Some(found) => Response::new(Body::from(found.to_string().into_bytes())),
            None => status(StatusCode::NOT_FOUND),
        }
    }

    /// The names in a namespace.
    fn names(&self, namespace: &str) -> Vec<String> {
        let maps = self.maps.lock().expect("nobody panicked");
        let of_it = maps.keys().filter(|(of, _)| of == namespace);
        of_it.map(|(_, name)| name.clone()).collect()
    }
}

/// The name in a manifest.
fn named(body: &[u8]) -> String {
    let map: ConfigMap = serde_json::from_slice(body).expect("it is one");
    map.name_any()
}

fn status(code: StatusCode) -> Response<Body> {
    let reason = code.canonical_reason().unwrap_or_default().replace(' ', "");
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "no", "reason": reason, "code": code.as_u16(),
    });
    let mut answer = Response::new(Body::from(status.to_string().into_bytes()));
    *answer.status_mut() = code;
    answer
}

fn edge() -> (Group, Memory) {
    let leftovers = [AwsId::new("sg-1")].into();
    (Group::Explicit("edge".into()), Memory { leftovers, ..Memory::default() })
}

/// What an older version left: a memory, its mark, and that a start was let begin.
fn left() -> Shelf {
    let (group, memory) = edge();
    let data = json!(memory::write(&group, &memory).expect("it fits"));
    Shelf::new(&[
        (BEFORE, &names::memory(&group, &Entry::Leftovers), data),
        (BEFORE, "albedo-memory-mark", Value::Null),
        (BEFORE, "albedo-started", json!({"cluster": "demo"})),
    ])
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_not_written_over() {
    let newer = Newer::default();
    let shelf = Shelf::new(&[]);
    let store = shelf.store(&newer);
    let (group, memory) = edge();
    newer.are([names::memory(&group, &Entry::Leftovers)].into());
    for memory in [&Memory::default(), &memory] {
        let error = store.remember(&group, (&Entry::Leftovers, memory)).await;
        assert_eq!(error.expect_err("it is refused").kind, Kind::Refused);
    }
    newer.are(BTreeSet::new());
    store.remember(&group, (&Entry::Leftovers, &memory)).await.expect("nobody newer wrote it");
    assert_eq!(shelf.names(HOME), [names::memory(&group, &Entry::Leftovers)]);
}

#[tokio::test]
async fn what_an_older_version_left_is_known_and_moved_once() {
    let (shelf, newer) = (left(), Newer::default());
    let store = shelf.store(&newer);
    let recalled = store.recall().await.expect("it may be read");
    assert!(recalled.is_elsewhere && recalled.is_marked && recalled.has_begun);
    let (group, memory) = edge();
    assert_eq!(recalled.groups[&group].memory, memory);
    store.move_in().await.expect("it may be moved");
    assert_eq!(shelf.names(BEFORE), [""; 0]);
    let moved = store.recall().await.expect("it may be read");
    assert_eq!(moved, Recalled { is_elsewhere: false, ..recalled });
    store.move_in().await.expect("there is nothing to move");
    assert_eq!(store.recall().await.expect("it may be read"), moved);
}

#[tokio::test]
async fn whoever_may_not_move_it_does_not_begin_without_it() {
    let (shelf, newer) = (Shelf { may_list: false, ..left() }, Newer::default());
    let error = shelf.store(&newer).recall().await.expect_err("nobody knows what is there");
    assert!(error.to_string().contains("deploy/upgrade.yaml"), "{error}");
}

#[tokio::test]
async fn a_fresh_cluster_has_nothing_to_move() {
    let (shelf, newer) = (Shelf { may_list: false, ..Shelf::new(&[]) }, Newer::default());
    assert_eq!(shelf.store(&newer).recall().await, Ok(Recalled::default()));
}

#[tokio::test]
async fn a_start_that_was_let_begin_is_not_yet_a_cluster_that_was_looked_after() {
    let (shelf, newer) = (Shelf::new(&[]), Newer::default());
    let store = shelf.store(&newer);
    store.begin().await.expect("it may be written");
    let begun = Recalled { has_begun: true, ..Recalled::default() };
    assert_eq!(store.recall().await, Ok(begun.clone()));
    store.mark().await.expect("it may be written");
    let marked = Recalled { is_marked: true, ..begun };
    assert_eq!(store.recall().await, Ok(marked.clone()));
    // What stands beside LBC has a mark of its own.
    let beside = Store { scope: Scope::Own, before: None, ..shelf.store(&newer) };
    assert_eq!(beside.recall().await, Ok(Recalled::default()));
    beside.mark().await.expect("it may be written");
    assert_eq!(store.recall().await, Ok(marked));
    assert_eq!(shelf.names(HOME), ["albedo-memory-mark", "albedo-memory-mark-own"]);
}

#[tokio::test]
async fn a_start_that_only_began_is_moved_as_one() {
    let (shelf, newer) = (Shelf::new(&[(BEFORE, "albedo-started", json!({}))]), Newer::default());
    let store = shelf.store(&newer);
    store.move_in().await.expect("it may be moved");
    let recalled = store.recall().await.expect("it may be read");
    assert!(recalled.has_begun && !recalled.is_marked && !recalled.is_elsewhere, "{recalled:?}");
}

#[tokio::test]
async fn what_stands_beside_lbc_is_found_by_its_own_mark() {
    let (group, memory) = edge();
    let data = json!(memory::write(&group, &memory).expect("it fits"));
    let mark = json!(memory::mark(Mark::LookedAfter));
    let shelf = Shelf::new(&[
        (BEFORE, &names::memory(&group, &Entry::Leftovers), data),
        (BEFORE, names::mark(Scope::Own), mark),
    ]);
    let newer = Newer::default();
    let store = Store { scope: Scope::Own, ..shelf.store(&newer) };
    let recalled = store.recall().await.expect("it may be read");
    assert!(recalled.is_marked && recalled.groups.contains_key(&group), "{recalled:?}");
    assert_eq!(shelf.store(&newer).recall().await, Ok(Recalled::default()), "it is another's");
}
