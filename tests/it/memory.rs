//! What is remembered: it can be read again, by whichever version, and what cannot be written or
//! read holds up nothing but itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use albedo::cluster::Recalled;
use albedo::cluster::memory;
use albedo::model::action::KubeAction;
use albedo::model::binding::PortRef;
use albedo::model::id::{AwsId, Handle, Id};
use albedo::model::memory::{Entry, Memory, Remembered};
use albedo::model::names;
use albedo::model::part::Part;
use albedo::model::rule::RuleAction;
use albedo::model::settings::Scope;
use albedo::model::source::Source;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{World, group, key, member, wait};

type Data = BTreeMap<String, String>;

/// A file of `fixtures/memory`: the data of a ConfigMap as a version wrote it, whose number the
/// name begins with.
fn stored(name: &str) -> Data {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/fixtures/memory/");
    serde_json::from_str(&fs::read_to_string(format!("{folder}{name}.json")).unwrap()).unwrap()
}

fn map(name: &str, data: Data) -> ConfigMap {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    ConfigMap { metadata, data: Some(data), ..ConfigMap::default() }
}

fn read(data: Data) -> Recalled {
    memory::read([map("one", data)], Scope::All)
}

/// The target groups' keys of a part, wherever they stand.
fn owners(part: &Part) -> BTreeSet<(Source, String, PortRef)> {
    let of_rules = part.rules.iter().flat_map(|rule| &rule.actions);
    let actions = of_rules.chain(part.default_actions.iter().flatten());
    let ids = actions.flat_map(RuleAction::target_groups).map(|weighted| &weighted.group);
    let of_bindings = part.target_groups.values().map(|wished| &wished.binding.target_group);
    let keys = ids.chain(of_bindings).map(|id| match id {
        Id::Of(Handle::TargetGroup(_, key)) => key,
        other => panic!("{other}"),
    });
    let all = keys.chain(part.target_groups.keys()).map(|key| {
        let backend = &key.backend;
        (backend.owner().clone(), backend.service().to_owned(), backend.port().clone())
    });
    all.collect()
}

#[test]
fn a_part_that_is_read_again_knows_whose_its_target_groups_are() {
    // `shop/a` with `b-c` is spelled as `shop/a-b` with `c` is.
    let world = "
class alb: {}
service shop/b-c: {ports: [80]}
service shop/c: {ports: ['http=80:8080']}
ingress shop/a: {group.name: edge, rules: [a.example.com Exact / b-c:80]}
ingress shop/a-b: {group.name: edge,
  rules: [b.example.com Exact / c:80, b.example.com Exact /x c:http]}
";
    let built = World::new(world).build("edge");
    let (number, named) = (PortRef::Number(80), PortRef::Name("http".to_owned()));
    for (name, backends) in
        [("shop/a", vec![("b-c", &number)]), ("shop/a-b", vec![("c", &number), ("c", &named)])]
    {
        let part = built.good[&member(name)].as_ref();
        let text = serde_json::to_string(part).unwrap();
        let read: Part = serde_json::from_str(&text).unwrap();
        assert_eq!(read, *part);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let backends = backends
            .into_iter()
            .map(|(service, port)| (member(name), service.to_owned(), port.clone()));
        assert_eq!(owners(&read), backends.collect());
    }
}

#[test]
fn what_every_version_wrote_is_read_in_full() {
    let files = ["1-first", "1-imported-certificates", "1-names", "2", "2-let-go"];
    for file in files {
        let data = stored(file);
        let recalled = read(data.clone());
        assert_eq!(recalled.unreadable, Vec::<String>::new(), "{file}");
        let Remembered { memory, is_undivided, .. } = &recalled.groups[&group("edge")];
        assert_eq!(*is_undivided, file.starts_with('1'), "{file}");
        let part = &memory.held[&member("shop/web-b")];
        let expected =
            (member("shop/web-b"), "cart-c".to_owned(), PortRef::Name("http".to_owned()));
        assert_eq!(owners(part), [expected].into(), "{file}");
        // All that is in the file is in what was read, but for what later versions write otherwise.
        let written = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let mut before = written(&data["memory"]);
        let after = written(&serde_json::to_string(memory).unwrap());
        if file == "1-first" {
            let listen = &mut before["held"][0][1]["listens"][1][1];
            listen["certificates"][0] = serde_json::json!({"Is": listen["certificates"][0]});
        }
        if !after["held"][0][1]["names"].is_object() {
            before["held"][0][1]["names"] = serde_json::Value::Null;
        }
        assert_eq!(before, after, "{file}");
    }
}

#[test]
fn a_file_is_written_as_the_last_one_that_is_kept() {
    // Whoever changes the form adds a file, and sees to it that those before are still read.
    let data = stored("2-let-go");
    let Remembered { memory, .. } = &read(data.clone()).groups[&group("edge")];
    assert_eq!(memory::write(&group("edge"), memory), Ok(data));
}

#[test]
fn what_is_not_known_here_is_skipped() {
    let mut data = stored("2");
    let memory = data["memory"].replace("\"order\":7", "\"order\":7,\"later\":{\"more\":true}");
    assert_ne!(memory, data["memory"]);
    data.insert("memory".to_owned(), memory);
    assert_eq!(read(data), read(stored("2")));
}

#[test]
fn one_part_that_cannot_be_read_leaves_the_others() {
    let mut data = stored("1-names");
    let pair = r#"[{"kind":"Later","namespace":"shop","name":"x"},{}],"#;
    let memory = data["memory"].replacen("[[", &format!("[{pair}["), 1);
    data.insert("memory".to_owned(), memory);
    let recalled = read(data);
    assert_eq!(recalled.unreadable.len(), 1, "{:?}", recalled.unreadable);
    assert_eq!(recalled.groups, read(stored("1-names")).groups);
}

#[test]
fn what_a_newer_version_wrote_is_named_and_left_alone() {
    for version in ["3", "99", "later"] {
        let mut data = stored("2");
        data.insert("version".to_owned(), version.to_owned());
        let recalled = read(data);
        assert_eq!(recalled.groups, BTreeMap::new());
        assert_eq!(recalled.newer, ["one".to_owned()].into());
        assert_eq!(recalled.unreadable.len(), 1);
    }
}

#[test]
fn an_older_version_that_wrote_last_is_believed() {
    let mut stale = stored("2");
    stale.insert("memory".to_owned(), stale["memory"].replace("\"order\":7", "\"order\":8"));
    let recalled = memory::read([map("whole", stored("1-names")), map("part", stale)], Scope::All);
    let Remembered { memory, is_undivided, .. } = &recalled.groups[&group("edge")];
    assert!(*is_undivided);
    assert_eq!(memory.held[&member("shop/web-b")].order, 7);
}

#[test]
fn what_is_too_large_is_not_written() {
    let id = |number: usize| AwsId::new(format!("arn-{number:060}"));
    let memory = |count| Memory { leftovers: (0..count).map(id).collect(), ..Memory::default() };
    let data = memory::write(&group("edge"), &memory(10_000)).unwrap();
    assert!(data.values().map(String::len).sum::<usize>() < 1024 * 1024);
    assert!(memory::write(&group("edge"), &memory(20_000)).is_err());
}

const GOOD: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {group.name: edge, group.order: 1, rules: [any Exact /a s:80]}
ingress shop/b: {group.name: edge, group.order: 2, rules: [any Exact /b s:80]}
";
const B_BAD: &str = "
ingress shop/b: {group.name: edge, group.order: 2, listen-ports: nonsense, rules: []}
";

/// The entries that the cluster was asked to remember, and to forget.
fn entries(site: &Site) -> Vec<(Entry, bool)> {
    let performed = site.cluster.performed().into_iter();
    let entries = performed.filter_map(|action| match action {
        KubeAction::Remember { entry, memory, .. } => Some((entry, !memory.is_empty())),
        _ => None,
    });
    entries.collect()
}

#[test]
fn a_part_that_is_too_large_to_be_remembered_holds_nobody_up() {
    wait(async {
        let site = Site::new(GOOD);
        let controller = site.settle().await;
        let tags = format!("tags: 'a={}'", "x".repeat(memory::SIZE_MAX));
        controller.cluster.add(&format!(
            "ingress shop/b: {{group.name: edge, group.order: 2, {tags}, rules: [any Exact /b s:80]}}"
        ));
        controller.settle().await;
        let before = canon::rules(&site.aws.everything());
        controller.cluster.add(B_BAD);
        controller.settle_for(60).await;
        assert_eq!(entries(&site), []);
        site.cluster.delete(&key("shop/a"));
        // It is tried again for ever.
        controller.settle_for(3600).await;
        assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/a")));
        // It is remembered nowhere, and yet not lost while this process lives.
        let after = canon::rules(&site.aws.everything());
        assert_eq!((before.len(), after), (2, vec!["80:1 /b -> shop/b-s:80".to_owned()]));
        let told = site.cluster.events();
        let told: Vec<_> =
            told.iter().filter(|event| event.reason == "FailedDeployModel").collect();
        assert!(told.iter().all(|event| event.object.key == key("shop/b")), "{told:?}");
        assert_eq!(told.len(), 1);
    });
}

#[test]
fn what_an_older_version_remembers_in_one_piece_is_divided() {
    wait(async {
        let site = Site::new(GOOD);
        let controller = site.settle().await;
        controller.cluster.add(B_BAD);
        controller.settle().await;
        drop(controller);
        let held = Entry::Held(member("shop/b"));
        assert_eq!(entries(&site), [(held.clone(), true)]);
        let edge = group("edge");
        let (whole, part) = (names::memory(&edge, &Entry::Leftovers), names::memory(&edge, &held));
        let before = site.cluster.maps.lock().unwrap().clone();
        assert_eq!(before.keys().collect::<Vec<_>>(), [&part, names::mark(Scope::All)]);
        let mut data = before[&part].clone();
        data.remove("version");
        *site.cluster.maps.lock().unwrap() = BTreeMap::from([(whole, data)]);
        let rules = canon::rules(&site.aws.everything());
        site.cluster.forget_calls();
        site.settle().await;
        // It goes last.
        assert_eq!(entries(&site), [(held, true), (Entry::Leftovers, false)]);
        assert_eq!(*site.cluster.maps.lock().unwrap(), before);
        assert_eq!(canon::rules(&site.aws.everything()), rules);
        site.cluster.forget_calls();
        site.settle().await;
        assert_eq!(entries(&site), []);
    });
}
