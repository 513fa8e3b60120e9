use super::*;

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("shop", name)
}

fn slice(service: &str) -> Arc<EndpointSlice> {
    let service = service.into();
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
    let name = |service: &str| Some(service.into());
    assert_eq!(take("s", Some(slice("a"))), (Some([None, name("a")]), vec!["a".to_owned()]));
    assert_eq!(take("s", Some(slice("a"))), (None, vec!["a".to_owned()]));
    assert_eq!(take("s", Some(slice("b"))), (Some([name("a"), name("b")]), vec!["b".to_owned()]));
    assert_eq!(take("t", None), (None, vec!["b".to_owned()]));
    assert_eq!(take("s", None), (Some([name("b"), None]), vec![]));
    assert_eq!(objects.slice_services, BTreeMap::new());
}
