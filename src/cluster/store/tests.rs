use serde_json::json;

use super::*;
use crate::model::seen::IngressStatus;

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("shop", name)
}

fn slice(service: &str) -> Arc<EndpointSlice> {
    let service = key(service);
    Arc::new(EndpointSlice { service, ipv6: false, ports: vec![], endpoints: vec![], recency: 0 })
}

/// A namespace with one label.
fn labels(team: &str) -> Arc<BTreeMap<String, String>> {
    Arc::new([("team".to_owned(), team.to_owned())].into())
}

/// What seeing a namespace changes: label before, label after.
fn take(objects: &mut Objects, new: Option<&str>) -> Option<(String, String)> {
    let team = |side: Option<Arc<BTreeMap<String, String>>>| {
        side.map_or_else(|| "-".to_owned(), |labels| labels["team"].clone())
    };
    match objects.take(Seen::Namespace("a".to_owned(), new.map(labels)))? {
        Change::Namespace(turn) => Some((team(turn.old), team(turn.new))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_object_that_is_as_it_was_is_no_change() {
    let mut objects = Objects::default();
    let pair = |old: &str, new: &str| Some((old.to_owned(), new.to_owned()));
    assert_eq!(take(&mut objects, None), None);
    assert_eq!(take(&mut objects, Some("x")), pair("-", "x"));
    assert_eq!(take(&mut objects, Some("x")), None);
    assert_eq!(take(&mut objects, Some("y")), pair("x", "y"));
    assert_eq!(take(&mut objects, None), pair("y", "-"));
    assert_eq!(take(&mut objects, None), None);
}

#[test]
fn a_slice_whose_service_changes_moves() {
    let mut objects = Objects::default();
    let mut take = |name: &str, new: Option<Arc<EndpointSlice>>| {
        let change = objects.take(Seen::Slice(key(name), new));
        let services: Vec<String> = objects.slices.keys().map(|key| key.name.to_string()).collect();
        let sides = change.map(|change| match change {
            Change::Slice(turn) => [turn.old, turn.new].map(|side| side.map(|s| s.service.clone())),
            other => panic!("{other:?}"),
        });
        (sides, services)
    };
    let name = |service: &str| Some(key(service));
    assert_eq!(take("s", Some(slice("a"))), (Some([None, name("a")]), vec!["a".to_owned()]));
    assert_eq!(take("s", Some(slice("a"))), (None, vec!["a".to_owned()]));
    assert_eq!(take("s", Some(slice("b"))), (Some([name("a"), name("b")]), vec!["b".to_owned()]));
    assert_eq!(take("t", None), (None, vec!["b".to_owned()]));
    assert_eq!(take("s", None), (Some([name("b"), None]), vec![]));
    assert_eq!(objects.slice_services, BTreeMap::new());
}

#[test]
fn what_ingresses_beside_each_other_say_alike_is_kept_once() {
    let text = "a text that is too long to lie in what it is of";
    let mut objects = Objects::default();
    for name in ["a", "b"] {
        let mut ingress = Ingress::default();
        ingress.metadata.finalizers = vec![text.into()];
        ingress.metadata.annotations = Some([(text, text), ("name", name)].into());
        let entry = IngressStatus { hostname: Some(text.into()), ports: Box::new([80]) };
        ingress.status = Box::new([entry]);
        objects.take(Seen::Ingress(key(name), Some(Arc::new(ingress))));
    }
    let places = |name: &str| {
        let Ingress { metadata, status, .. } = objects.ingresses[&key(name)].as_ref();
        let annotations = metadata.annotations.as_ref().expect("there are some");
        assert_eq!(annotations["name"], name);
        let (annotation, value) = annotations.iter().next().expect("there is one");
        let hostname = status[0].hostname.as_ref().expect("there is one");
        [annotation, value, &metadata.finalizers[0], hostname].map(|text| text.as_ptr())
    };
    assert_eq!(places("a"), places("b"));
}

#[test]
fn whom_bindings_beside_each_other_let_in_is_kept_once() {
    let mut objects = Objects::default();
    let mut take = |name: &str, port: u16| {
        let rule =
            json!({"from": [{"securityGroup": {"groupID": "sg-1"}}], "ports": [{"port": port}]});
        let binding = json!({
            "uid": "u", "labels": {}, "finalizers": [], "leaving": false,
            "spec": {
                "serviceRef": {"name": name, "port": 80},
                "networking": {"ingress": [rule]},
            },
        });
        let binding: SeenBinding = serde_json::from_value(binding).expect("it is one");
        objects.take(Seen::Binding(key(name), Some(Arc::new(binding))));
    };
    for (name, port) in [("a", 8080), ("b", 8080), ("c", 9090)] {
        take(name, port);
    }
    let networking = |name: &str| objects.bindings[&key(name)].spec.networking.as_ref();
    let [a, b, c] = ["a", "b", "c"].map(|name| networking(name).expect("it lets somebody in"));
    assert!(Arc::ptr_eq(a, b) && !Arc::ptr_eq(b, c));
}
