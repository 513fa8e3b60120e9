//! Who may bind a target group, and what becomes of those who may not.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::model::action::{AwsAction, ElbAction, KubeAction};
use albedo::model::backend::BackendKey;
use albedo::model::binding::PortRef;
use albedo::model::group::Group;
use albedo::model::id::{AwsId, Handle, Slot, TargetGroupKey};
use albedo::model::listener::Protocol;
use albedo::model::marks::{TAG_ALLOWED_NAMESPACES, TAG_CLUSTER, Tags};
use albedo::model::report::Event;
use albedo::model::target_group::{HealthCheck, TargetGroup, TargetType};

use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{key, member, tags, wait};

/// A shop, and somebody else in the same cluster.
const SHOP: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/web: {group.name: edge, rules: [any Prefix / s:80]}
service evil/s: {ports: [80:8080]}
endpoints evil/s: {at: [172.31.0.66]}
";

fn binding(name: &str, arn: &AwsId, more: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap();
    format!(
        "
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {{namespace: {namespace}, name: {name}, uid: uid-{name}{more}}}
spec: {{targetGroupARN: '{arn}', targetType: ip, serviceRef: {{name: s, port: 80}}}}
"
    )
}

/// The only target group of an Ingress.
fn made(site: &Site) -> AwsId {
    let state = site.aws.everything();
    let [arn] = state.target_groups.keys().collect::<Vec<_>>()[..] else { panic!("one") };
    arn.clone()
}

/// A target group of pods that somebody made with other tools.
fn terraformed(site: &Site, name: &str, tags: Tags) -> AwsId {
    made_elsewhere(site, (name, TargetType::Ip), tags)
}

/// A target group that somebody made with other tools.
pub fn made_elsewhere(site: &Site, (name, target_type): (&str, TargetType), tags: Tags) -> AwsId {
    let spec = TargetGroup {
        name: Some(name.into()),
        target_type,
        protocol: Protocol::Http,
        protocol_version: "HTTP1".into(),
        control_port: None,
        port: 80,
        ipv6: false,
        vpc: AwsId::new("vpc-fake"),
        health_check: HealthCheck {
            port: "traffic-port".into(),
            protocol: Protocol::Http,
            path: "/".into(),
            success_codes: "200".into(),
            interval_seconds: 15,
            timeout_seconds: 5,
            healthy_threshold: 2,
            unhealthy_threshold: 2,
        },
        tags,
    };
    let backend = BackendKey::new(member("other/tool"), name, PortRef::Number(80));
    let of = TargetGroupKey { backend: Arc::new(backend), slot: Slot::default() };
    let handle = Handle::TargetGroup(Group::Explicit("other".into()), of);
    let create = AwsAction::Elb(ElbAction::CreateTargetGroup { handle, spec });
    site.aws.meddle(&create).unwrap();
    let state = site.aws.everything();
    let named =
        state.target_groups.iter().find(|(_, found)| found.spec.name.as_deref() == Some(name));
    named.unwrap().0.clone()
}

/// What is registered and does not drain.
fn registered(site: &Site, arn: &AwsId) -> BTreeSet<String> {
    let state = site.aws.everything();
    let targets = state.target_groups[arn].targets.iter();
    let standing =
        targets.filter(|(_, state)| **state != albedo::model::target::TargetState::Draining);
    standing.map(|(target, _)| target.id.to_string()).collect()
}

fn addresses(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|address| (*address).to_owned()).collect()
}

/// What was said to a binding.
fn told(site: &Site, name: &str) -> Vec<Event> {
    let events = site.cluster.events().into_iter();
    events.filter(|event| event.object.key == key(name)).collect()
}

async fn settle(controller: &Controller<Fake>) {
    // Tags that people may change are looked at again for ever.
    controller.settle_for(20).await;
}

fn refused(site: &Site, name: &str) {
    let events = told(site, name);
    assert!(events.iter().any(|event| event.reason == "ForeignTargetGroup"), "{events:#?}");
    for event in events {
        let others = if event.object.key.namespace == "shop" { "evil" } else { "shop" };
        assert!(!event.message.contains(others) && !event.message.contains("arn:"), "{event:?}");
    }
}

#[test]
fn nobody_takes_the_target_group_of_an_ingress() {
    wait(async {
        let site = Site::new(SHOP);
        let controller = site.settle().await;
        let arn = made(&site);
        assert_eq!(registered(&site, &arn), addresses(&["172.31.0.1"]));
        site.aws.forget_calls();
        site.cluster.apply(&binding("evil/a-thief", &arn, ""));
        let labels = ", labels: {ingress.k8s.aws/stack: edge}";
        site.cluster.apply(&binding("evil/b-thief", &arn, labels));
        site.cluster.apply(&binding("shop/by-hand", &arn, ""));
        settle(&controller).await;
        assert_eq!(site.aws.performed(), []);
        refused(&site, "evil/a-thief");
        refused(&site, "evil/b-thief");
        refused(&site, "shop/by-hand");
        // The shop's own goes on.
        site.cluster.add("endpoints shop/s: {at: [172.31.0.2]}");
        settle(&controller).await;
        assert_eq!(registered(&site, &arn), addresses(&["172.31.0.2"]));
        // Nobody who may not have it takes anything along when he goes.
        for thief in ["evil/a-thief", "evil/b-thief", "shop/by-hand"] {
            site.cluster.delete_binding(&key(thief));
        }
        settle(&controller).await;
        assert_eq!(registered(&site, &arn), addresses(&["172.31.0.2"]));
        assert_eq!(site.cluster.objects.read().unwrap().bindings.len(), 1);
    });
}

#[test]
fn what_a_thief_has_is_taken_back_at_the_start() {
    wait(async {
        let site = Site::new(SHOP);
        site.settle().await.stop().await;
        let arn = made(&site);
        // An older version let it happen: his pods are registered, and he holds the finalizer.
        let held = [
            "",
            "finalizers: [elbv2.k8s.aws/resources]",
            "labels: {ingress.k8s.aws/stack: edge}",
            "creationTimestamp: '1970-01-01T00:00:00Z'",
        ]
        .join(", ");
        site.cluster.apply(&binding("evil/a-thief", &arn, &held));
        site.aws.change(|state| {
            let group = state.target_groups.get_mut(&arn).unwrap();
            let (mut target, state) = group.targets.pop_first().unwrap();
            target.id = "172.31.0.66".into();
            group.targets.insert(target, state);
        });
        let controller = site.start();
        settle(&controller).await;
        assert_eq!(registered(&site, &arn), addresses(&["172.31.0.1"]));
        let unbound = |action: &KubeAction| matches!(action, KubeAction::Unbind { .. });
        assert!(!site.cluster.performed().iter().any(unbound), "nobody's binding goes");
    });
}

#[test]
fn a_label_alone_makes_no_binding_the_groups() {
    wait(async {
        let site = Site::new(SHOP);
        let controller = site.settle().await;
        let terraform = terraformed(&site, "tf", Tags::new());
        let labels = ", labels: {ingress.k8s.aws/stack: edge}";
        site.cluster.apply(&binding("evil/tf", &terraform, labels));
        controller.settle().await;
        let bindings = || site.cluster.objects.read().unwrap().bindings.len();
        assert_eq!(bindings(), 2, "what names a target group that stands is not the group's");
        assert_eq!(registered(&site, &terraform), addresses(&["172.31.0.66"]));
        // What the group's own hand has left over goes.
        let gone = AwsId::new(terraform.as_str().replace("tf", "gone"));
        site.cluster.apply(&binding("shop/left", &gone, labels));
        controller.settle().await;
        assert_eq!(bindings(), 2);
    });
}

#[test]
fn a_target_group_that_somebody_made_has_one_binder_and_then_the_next() {
    wait(async {
        let site = Site::new(SHOP);
        let arn = terraformed(&site, "tf", Tags::new());
        let since = |day: u8| format!(", creationTimestamp: '2026-01-0{day}T00:00:00Z'");
        let controller = site.start();
        site.cluster.see(&seen("shop/old", &arn, &since(1)));
        site.cluster.see(&seen("evil/new", &arn, &since(2)));
        controller.settle().await;
        assert_eq!(registered(&site, &arn), addresses(&["172.31.0.1"]));
        refused(&site, "evil/new");
        site.aws.forget_calls();
        site.cluster.delete_binding(&key("shop/old"));
        controller.settle().await;
        assert_eq!(registered(&site, &arn), addresses(&["172.31.0.66"]));
        // One takes the place of the other, as pods of one binder do.
        let performed = site.aws.performed();
        let places = ["RegisterTargets", "DeregisterTargets"].map(|wanted| {
            performed.iter().position(|action| action.operation().1 == wanted).unwrap()
        });
        assert!(places[0] < places[1], "{performed:#?}");
        let objects = site.cluster.objects.read().unwrap();
        assert!(!objects.bindings.contains_key(&key("shop/old")));
    });
}

/// A binding with a date of its own.
fn seen(name: &str, arn: &AwsId, more: &str) -> albedo::model::index::Seen {
    let manifest: serde_json::Value = serde_yaml_ng::from_str(&binding(name, arn, more)).unwrap();
    albedo::cluster::decode(manifest).unwrap().seen().unwrap()
}

#[test]
fn tags_of_a_target_group_say_who_may_bind_it() {
    wait(async {
        for (marks, may) in [
            (vec![], true),
            (vec![(TAG_CLUSTER, "demo")], true),
            (vec![(TAG_CLUSTER, "other")], false),
            (vec![(TAG_CLUSTER, "other"), (TAG_ALLOWED_NAMESPACES, "team, shop")], true),
            (vec![(TAG_CLUSTER, "other"), (TAG_ALLOWED_NAMESPACES, "team")], false),
            (vec![(TAG_ALLOWED_NAMESPACES, "shop")], true),
            (vec![(TAG_ALLOWED_NAMESPACES, "team,shopping")], false),
            (vec![(TAG_ALLOWED_NAMESPACES, "")], false),
        ] {
            let site = Site::new(SHOP);
            let controller = site.settle().await;
            let arn = terraformed(&site, "tf", tags(&marks));
            site.cluster.apply(&binding("shop/tf", &arn, ""));
            settle(&controller).await;
            let expected = addresses(if may { &["172.31.0.1"] } else { &[] });
            assert_eq!(registered(&site, &arn), expected, "{marks:?}");
            if !may {
                refused(&site, "shop/tf");
                // Its owner thinks better of it.
                site.aws.change(|state| {
                    let group = state.target_groups.get_mut(&arn).unwrap();
                    group.spec.tags = tags(&[]);
                });
                controller.settle().await;
                assert_eq!(registered(&site, &arn), addresses(&["172.31.0.1"]), "{marks:?}");
            }
        }
    });
}

#[test]
fn who_may_read_no_tags_binds_nothing() {
    wait(async {
        let site = Site::new(SHOP);
        let controller = site.settle().await;
        let arn = terraformed(&site, "tf", Tags::new());
        site.aws.forbid(&["elbv2.DescribeTags"]);
        site.cluster.apply(&binding("shop/tf", &arn, ""));
        settle(&controller).await;
        assert_eq!(registered(&site, &arn), addresses(&[]));
        refused(&site, "shop/tf");
        site.aws.forbid(&[]);
        controller.settle().await;
        assert_eq!(registered(&site, &arn), addresses(&["172.31.0.1"]));
    });
}

#[test]
fn a_binding_of_an_ingress_that_somebody_deletes_takes_no_targets_along() {
    wait(async {
        let site = Site::new(SHOP);
        let controller = site.settle().await;
        let arn = made(&site);
        let own = site.cluster.objects.read().unwrap().bindings.keys().next().unwrap().clone();
        site.aws.forget_calls();
        site.cluster.delete_binding(&own);
        settle(&controller).await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!(registered(&site, &arn), addresses(&["172.31.0.1"]));
        let objects = site.cluster.objects.read().unwrap();
        assert!(objects.bindings.values().all(|binding| !binding.leaving), "another one is made");
        assert_eq!(objects.bindings.len(), 1);
    });
}
