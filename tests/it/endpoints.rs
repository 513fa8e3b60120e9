//! What an EndpointSlice proves: nothing. Whose an address is, pods say, and what may be opened,
//! security groups.

use std::collections::BTreeSet;

use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::index::Seen;
use albedo::model::report::Event;
use albedo::model::security::SecurityGroup;
use albedo::model::settings::{Podless, Settings};
use albedo::model::surroundings::Interface;
use albedo::model::target::TargetState;

use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{NODES, key, settings, tags, wait};

/// A corporate host, which is in the same VPC and no pod.
const HOST: &str = "172.31.17.38";

const APP: &str = "
service evil/s: {ports: [80:5432]}
ingress evil/web: {rules: [any Prefix / s:80]}
";

/// Somebody writes a slice that names this address, and no pod of his has it.
const SLICE: &str = "endpoints evil/s: {ports: {'': 5432}, pods: false, at: [172.31.17.38]}";

/// The VPC, and in it a host with a security group of its own.
fn site(settings: Settings) -> (Site, AwsId) {
    let site = Site::with(settings, APP);
    let group = guarded(&site, HOST, "corp");
    (site, group)
}

/// A network interface with a security group of its own.
fn guarded(site: &Site, address: &str, name: &str) -> AwsId {
    let spec = SecurityGroup {
        name: name.to_owned(),
        description: name.to_owned(),
        vpc: AwsId::new("vpc-fake"),
        ingress: BTreeSet::new(),
        tags: tags(&[]),
    };
    site.aws.change(|state| {
        let group = state.add_security_group(spec);
        state.interfaces.push(Interface {
            id: AwsId::new(format!("eni-{name}")),
            addresses: [address.to_owned()].into(),
            prefixes: Vec::new(),
            security_groups: vec![group.clone()],
            instance: None,
        });
        group
    })
}

/// What a security group lets in.
fn let_in(site: &Site, group: &str) -> Vec<String> {
    let state = site.aws.everything();
    let rules = state.security_groups[&AwsId::new(group)].rules.keys();
    let backend = state.security_groups.keys().find(|id| id.as_str().contains("traffic"));
    let backend = backend.map_or("sg-none", AwsId::as_str);
    rules.map(|rule| rule.to_string().replace(backend, "backend")).collect()
}

/// What is registered anywhere and does not drain.
fn registered(site: &Site) -> BTreeSet<String> {
    let state = site.aws.everything();
    let targets = state.target_groups.values().flat_map(|group| group.targets.clone());
    let standing = targets.filter(|(_, state)| *state != TargetState::Draining);
    standing.map(|(target, _)| target.id.to_string()).collect()
}

fn told(site: &Site, reason: &str) -> Vec<Event> {
    site.cluster.events().into_iter().filter(|event| event.reason == reason).collect()
}

/// A binding by hand for the only target group, that lets everybody in.
fn open_to_all(site: &Site) {
    let state = site.aws.everything();
    let arn = state.target_groups.keys().next().unwrap();
    site.cluster.apply(&format!(
        "
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {{namespace: evil, name: open, uid: uid-open}}
spec:
  targetGroupARN: '{arn}-by-hand'
  targetType: ip
  serviceRef: {{name: s, port: 80}}
  networking:
    ingress: [{{from: [{{ipBlock: {{cidr: 0.0.0.0/0}}}}], ports: [{{protocol: TCP, port: 22}}]}}]
"
    ));
}

async fn settle(controller: &Controller<Fake>) {
    // Longer than a fresh look at the VPC is waited for, and shorter than the next one.
    controller.settle_for(60).await;
}

#[test]
fn an_address_that_no_pod_has_gets_no_requests_and_opens_nothing() {
    wait(async {
        let (site, corp) = site(settings());
        site.cluster.add(SLICE);
        let controller = site.settle().await;
        open_to_all(&site);
        controller.settle().await;
        assert_eq!(registered(&site), BTreeSet::new());
        assert_eq!(let_in(&site, corp.as_str()), [""; 0]);
        assert_eq!(let_in(&site, NODES), [""; 0]);
        let events = told(&site, "NoPod");
        assert!(!events.is_empty());
        for event in &events {
            assert!(event.message.contains("the Service s") && event.message.contains(HOST));
        }
        // A pod of another name, namespace or address proves nothing.
        for pod in ["evil/other", "team/pod-172.31.17.38", "evil/pod-172.31.17.38"] {
            let ip = if pod == "evil/pod-172.31.17.38" { "172.31.0.9" } else { HOST };
            site.cluster.add(&format!("pod {pod}: {{ready: true, ip: {ip}}}"));
            settle(&controller).await;
            assert_eq!(registered(&site), BTreeSet::new(), "{pod}");
        }
        assert_eq!(told(&site, "NoPod").len(), events.len(), "it is said once");
        // The pod itself does, and its own security group is the only one of its interface.
        site.cluster.add("pod evil/pod-172.31.17.38: {ready: true, ip: 172.31.17.38}");
        settle(&controller).await;
        assert_eq!(registered(&site), BTreeSet::from([HOST.to_owned()]));
        assert_eq!(
            let_in(&site, corp.as_str()),
            ["tcp 22 from 0.0.0.0/0", "tcp 5432 from backend"]
        );
        // It goes, and the slice stays.
        site.cluster.see(&Seen::Pod(ObjectKey::new("evil", "pod-172.31.17.38"), None));
        settle(&controller).await;
        assert_eq!(registered(&site), BTreeSet::new());
        assert_eq!(let_in(&site, corp.as_str()), [""; 0]);
    });
}

#[test]
fn a_pod_that_shows_its_address_late_is_no_news() {
    wait(async {
        let site = Site::new(APP);
        let controller = site.settle().await;
        site.cluster.add("endpoints evil/s: {ports: {'': 5432}, pods: false, at: [172.31.0.9]}");
        controller.settle_for(5).await;
        assert_eq!(registered(&site), BTreeSet::new());
        site.cluster.add("pod evil/pod-172.31.0.9: {ready: true}");
        controller.settle().await;
        assert_eq!(registered(&site), BTreeSet::from(["172.31.0.9".to_owned()]));
        assert_eq!(told(&site, "NoPod"), []);
    });
}

#[test]
fn who_asks_for_it_gets_targets_without_pods_and_the_clusters_groups_opened_for_them() {
    wait(async {
        let mut settings = settings();
        settings.podless = Podless::Registered;
        let (site, corp) = site(settings);
        site.cluster
            .add("endpoints evil/s: {ports: {'': 5432}, at: [172.31.17.38 bare, 172.31.0.5 bare]}");
        let controller = site.start();
        settle(&controller).await;
        let both = [HOST, "172.31.0.5"].map(str::to_owned);
        assert_eq!(registered(&site), BTreeSet::from(both));
        assert_eq!(let_in(&site, corp.as_str()), [""; 0]);
        assert_eq!(let_in(&site, NODES), ["tcp 5432 from backend"]);
        let [event] = &told(&site, "NoSecurityGroup")[..] else { panic!("one") };
        assert!(event.message.contains(HOST) && !event.message.contains("172.31.0.5"), "{event:?}");
        assert_eq!(told(&site, "NoPod"), []);
    });
}

#[test]
fn every_rule_that_was_made_is_taken_back() {
    wait(async {
        let (site, corp) = site(settings());
        site.cluster.add("endpoints evil/s: {ports: {'': 5432}, at: [172.31.17.38]}");
        let controller = site.settle().await;
        open_to_all(&site);
        controller.settle().await;
        assert_eq!(
            let_in(&site, corp.as_str()),
            ["tcp 22 from 0.0.0.0/0", "tcp 5432 from backend"]
        );
        // First the endpoint goes, so that nothing needs the security group any more.
        site.cluster.add("endpoints evil/s: {ports: {'': 5432}, at: []}");
        controller.settle().await;
        assert_eq!(let_in(&site, corp.as_str()), [""; 0]);
        site.cluster.delete_binding(&key("evil/open"));
        site.cluster.delete(&key("evil/web"));
        controller.settle().await;
        assert_eq!(let_in(&site, corp.as_str()), [""; 0]);
        assert_eq!(let_in(&site, NODES), [""; 0]);
    });
}

#[test]
fn what_stands_on_a_group_that_may_not_be_opened_stays() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/web: {rules: [any Prefix / s:80]}
",
        );
        site.settle().await.stop().await;
        assert_eq!(let_in(&site, NODES), ["tcp 8080 from backend"]);
        // Whoever was here before opened one of several groups, and its tag is gone.
        let other = guarded(&site, "172.31.99.99", "other");
        site.aws.change(|state| {
            state.interfaces[0].security_groups.push(other);
            let nodes = state.security_groups.get_mut(&AwsId::new(NODES)).unwrap();
            nodes.spec.tags = tags(&[]);
        });
        site.settle().await;
        assert_eq!(let_in(&site, NODES), ["tcp 8080 from backend"]);
        assert_eq!(told(&site, "NoSecurityGroup").len(), 1);
    });
}

#[test]
fn an_endpoint_whose_interface_nobody_knows_holds_up_nobody() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1, 192.168.7.7]}
ingress shop/web: {rules: [any Prefix / s:80]}
service team/s: {ports: [80:7777]}
endpoints team/s: {ports: {'': 7777}, at: [172.31.0.2]}
ingress team/web: {rules: [any Prefix / s:80]}
",
        );
        let controller = site.start();
        settle(&controller).await;
        assert_eq!(let_in(&site, NODES), ["tcp 7777-8080 from backend"], "for the others");
        let [event] = &told(&site, "NoInterface")[..] else { panic!("one") };
        assert_eq!(event.object.key.namespace, "shop");
        assert!(event.message.contains("192.168.7.7") && !event.message.contains("172.31.0.1"));
        site.aws.forget_calls();
        site.cluster.delete(&key("team/web"));
        settle(&controller).await;
        assert_eq!(let_in(&site, NODES), ["tcp 8080 from backend"], "and what goes is revoked");
        let looks = site.aws.calls().get("ec2.DescribeNetworkInterfaces").copied();
        assert!(looks.unwrap_or_default() <= 1, "{looks:?}");
    });
}
