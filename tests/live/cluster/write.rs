//! Writing: each action does what it says, may be repeated, and spares what others keep.

use albedo::cluster::{ApiServer, Cluster, ClusterError, Kind, Recalled};
use albedo::model::action::KubeAction;
use albedo::model::binding::{Binding, Opening, PortRef};
use albedo::model::group::Group;
use albedo::model::id::{AwsId, Id, ObjectKey};
use albedo::model::memory::{Entry, Memory, Remembered};
use albedo::model::names;
use albedo::model::problem::{self, ObjectRef, Severity};
use albedo::model::report::{Event, StatusEntry};
use albedo::model::source::Source;
use albedo::model::target_group::TargetType;
use serde_json::{Value, json};

use crate::support::control_plane::ControlPlane;

const FINALIZER: &str = "ingress.k8s.aws/resources";

/// A namespace of the shared control plane, and who writes there.
struct Desk {
    plane: &'static ControlPlane,
    namespace: String,
    writer: ApiServer,
}

impl Desk {
    async fn new() -> Self {
        let plane = ControlPlane::shared().await;
        let client = plane.client().await;
        let namespace = plane.namespace(&client, "write").await;
        let writer = ApiServer::new(client, "albedo-test", &*namespace);
        Self { plane, namespace, writer }
    }

    fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::new(&self.namespace, name)
    }

    async fn perform(&self, action: KubeAction) -> Result<(), ClusterError> {
        self.writer.perform(&action).await
    }

    /// What an action that has to fail fails with.
    async fn refusal(&self, action: KubeAction) -> Kind {
        self.perform(action).await.expect_err("it fails").kind
    }

    /// Makes an Ingress that has these finalizers already.
    fn ingress(&self, name: &str, finalizers: &[&str]) {
        let manifest = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"namespace": self.namespace, "name": name, "finalizers": finalizers},
            "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
        });
        self.plane.apply(&manifest).expect("it is good");
    }

    /// An object as it stands; `None` where it is gone.
    fn object(&self, kind: &str, name: &str) -> Option<Value> {
        let found = self.plane.kubectl(&[
            "get",
            kind,
            name,
            "-n",
            &self.namespace,
            "-o",
            "json",
            "--ignore-not-found",
        ]);
        (!found.is_empty()).then(|| serde_json::from_str(&found).expect("it is JSON"))
    }

    fn claim(&self, name: &str, finalizer: &str) -> KubeAction {
        let member = Source::ingress(self.key(name));
        KubeAction::Claim { member, finalizer: finalizer.to_owned() }
    }

    fn release(&self, name: &str) -> KubeAction {
        let member = Source::ingress(self.key(name));
        KubeAction::Release { member, finalizer: FINALIZER.to_owned() }
    }

    /// A binding such as LBC makes for an Ingress by itself.
    fn binding(&self) -> Binding {
        let opening = |port| Opening {
            group: Some(Id::Is(AwsId::new("sg-0a"))),
            cidr: None,
            protocol: "TCP".into(),
            port: Some(port),
        };
        Binding {
            name: Some("k8s-write-web-0123456789".into()),
            namespace: self.namespace.as_str().into(),
            labels: [
                ("ingress.k8s.aws/stack-name", "web"),
                ("ingress.k8s.aws/stack-namespace", &*self.namespace),
            ]
            .into(),
            target_group: Id::Is(AwsId::new("arn:aws:elasticloadbalancing:…")),
            target_type: TargetType::Ip,
            protocol: Some("HTTP".into()),
            service: "web".into(),
            port: PortRef::Number(80),
            openings: vec![opening(PortRef::Name("web".into())), opening(PortRef::Number(9090))],
            ipv6: false,
            vpc: Some("vpc-0a".into()),
            multi_cluster: false,
            nodes: None,
        }
    }
}

#[tokio::test]
async fn finalizers_come_and_go_and_those_of_others_stay() {
    let desk = Desk::new().await;
    desk.ingress("web", &["example.com/other"]);
    let finalizers =
        || desk.object("ingress", "web").expect("it is there")["metadata"]["finalizers"].clone();
    for _ in 0..2 {
        desk.perform(desk.claim("web", FINALIZER)).await.expect("it can be claimed");
        assert_eq!(finalizers(), json!(["example.com/other", FINALIZER]));
    }
    for _ in 0..2 {
        desk.perform(desk.release("web")).await.expect("it can be released");
        assert_eq!(finalizers(), json!(["example.com/other"]));
    }
}

#[tokio::test]
async fn claims_at_the_same_moment_all_hold() {
    let desk = Desk::new().await;
    desk.ingress("web", &[]);
    let groups: Vec<String> = (0..4).map(|n| format!("group.ingress.k8s.aws/g{n}")).collect();
    let claims = groups.iter().map(|group| desk.perform(desk.claim("web", group)));
    for claimed in futures::future::join_all(claims).await {
        claimed.expect("races are tried afresh");
    }
    let ingress = desk.object("ingress", "web").expect("it is there");
    assert_eq!(ingress["metadata"]["finalizers"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn an_ingress_that_leaves_can_be_released_and_not_claimed() {
    let desk = Desk::new().await;
    desk.ingress("web", &[FINALIZER]);
    desk.plane.kubectl(&["delete", "ingress", "web", "-n", &desk.namespace, "--wait=false"]);
    assert_eq!(desk.refusal(desk.claim("web", "group.ingress.k8s.aws/g")).await, Kind::Conflict);
    desk.perform(desk.release("web")).await.expect("it can be released");
    assert_eq!(desk.object("ingress", "web"), None);
    desk.perform(desk.release("web")).await.expect("nothing is left to be released");
    assert_eq!(desk.refusal(desk.claim("web", FINALIZER)).await, Kind::NotFound);
}

#[tokio::test]
async fn a_binding_is_made_as_lbc_makes_it() {
    let desk = Desk::new().await;
    let binding = desk.binding();
    for _ in 0..2 {
        let bind = KubeAction::Bind { binding: binding.clone() };
        desk.perform(bind).await.expect("made, and then found to be ours");
    }
    let made = desk.object("targetgroupbinding", "k8s-write-web-0123456789").expect("it is there");
    let rule = |port: Value| {
        json!({
            "from": [{"securityGroup": {"groupID": "sg-0a"}}],
            "ports": [{"port": port, "protocol": "TCP"}],
        })
    };
    let expected = json!({
        "ipAddressType": "ipv4",
        "networking": {"ingress": [rule("web".into()), rule(9090.into())]},
        "serviceRef": {"name": "web", "port": 80},
        "targetGroupARN": "arn:aws:elasticloadbalancing:…",
        "targetGroupProtocol": "HTTP", "targetType": "ip", "vpcID": "vpc-0a",
    });
    assert_eq!(made["spec"], expected);
    assert_eq!(made["metadata"]["labels"], json!(binding.labels));
    for absent in ["annotations", "finalizers", "ownerReferences"] {
        assert_eq!(made["metadata"][absent], Value::Null, "{absent}");
    }
    let other = Binding { port: PortRef::Name("http".into()), ..binding };
    assert_eq!(desk.refusal(KubeAction::Bind { binding: other }).await, Kind::Conflict);
}

#[tokio::test]
async fn a_binding_is_brought_into_line() {
    let desk = Desk::new().await;
    let binding = desk.binding();
    let (name, key) = ("k8s-write-web-0123456789", desk.key("k8s-write-web-0123456789"));
    let rebind =
        |binding: &Binding| KubeAction::Rebind { name: key.clone(), binding: binding.clone() };
    assert_eq!(desk.refusal(rebind(&binding)).await, Kind::NotFound);
    desk.perform(KubeAction::Bind { binding: binding.clone() }).await.expect("it can be made");
    desk.plane.kubectl(&["label", "targetgroupbinding", name, "-n", &desk.namespace, "a=b"]);
    let role = r#"{"spec":{"iamRoleArnToAssume":"role"}}"#;
    let patch =
        ["patch", "targetgroupbinding", name, "-n", &desk.namespace, "--type=merge", "-p", role];
    desk.plane.kubectl(&patch);
    let wished = Binding { openings: vec![], vpc: None, ipv6: true, ..binding };
    desk.perform(rebind(&wished)).await.expect("it can be changed");
    let changed = desk.object("targetgroupbinding", name).expect("it is there");
    let expected = json!({
        "ipAddressType": "ipv6", "serviceRef": {"name": "web", "port": 80},
        "targetGroupARN": "arn:aws:elasticloadbalancing:…",
        "targetGroupProtocol": "HTTP", "targetType": "ip", "iamRoleArnToAssume": "role",
    });
    assert_eq!(changed["spec"], expected);
    assert_eq!(changed["metadata"]["labels"], json!(wished.labels));
    desk.perform(rebind(&wished)).await.expect("nothing is left to be changed");
    let again = desk.object("targetgroupbinding", name).expect("it is there");
    assert_eq!(again["metadata"]["resourceVersion"], changed["metadata"]["resourceVersion"]);
}

#[tokio::test]
async fn a_claimed_binding_stays_until_it_is_released() {
    let desk = Desk::new().await;
    let key = desk.key("k8s-write-web-0123456789");
    let kind = "targetgroupbinding";
    desk.perform(KubeAction::Bind { binding: desk.binding() }).await.expect("it can be made");
    desk.perform(KubeAction::ClaimBinding { name: key.clone() }).await.expect("it can be claimed");
    let claimed = desk.object(kind, &key.name).expect("it is there");
    assert_eq!(claimed["metadata"]["finalizers"], json!(["elbv2.k8s.aws/resources"]));
    for _ in 0..2 {
        desk.perform(KubeAction::Unbind { name: key.clone() }).await.expect("it can be deleted");
        let leaving = desk.object(kind, &key.name).expect("its finalizer holds it");
        assert!(leaving["metadata"]["deletionTimestamp"].is_string());
    }
    let bind = KubeAction::Bind { binding: desk.binding() };
    assert_eq!(desk.refusal(bind).await, Kind::Conflict);
    for _ in 0..2 {
        let release = KubeAction::ReleaseBinding { name: key.clone() };
        desk.perform(release).await.expect("it can be released");
        assert_eq!(desk.object(kind, &key.name), None);
    }
    desk.perform(KubeAction::Unbind { name: key }).await.expect("nothing is left to be deleted");
}

#[tokio::test]
async fn what_is_remembered_is_known_again_until_there_is_nothing_to_remember() {
    let desk = Desk::new().await;
    let memory = |arn| Memory { leftovers: [AwsId::new(arn)].into(), ..Memory::default() };
    let remember = |group: &Group, memory| {
        let (group, entry) = (group.clone(), Entry::Leftovers);
        KubeAction::Remember { group, entry, memory }
    };
    let shared = Group::Explicit("shared".into());
    let alone = Group::Implicit(desk.key("web"));
    for (group, arn) in [(&shared, "arn-1"), (&alone, "arn-2"), (&shared, "arn-3")] {
        desk.perform(remember(group, memory(arn))).await.expect("it can be remembered");
    }
    desk.plane.kubectl(&["create", "configmap", "foreign", "-n", &desk.namespace]);
    let remembered = |arn| Remembered { memory: memory(arn), ..Remembered::default() };
    let recalled = desk.writer.recall().await.expect("it can be read");
    let groups =
        [(shared.clone(), remembered("arn-3")), (alone.clone(), remembered("arn-2"))].into();
    assert_eq!(recalled, Recalled { groups, ..Recalled::default() });
    for _ in 0..2 {
        let forget = remember(&shared, Memory::default());
        desk.perform(forget).await.expect("it can be forgotten");
    }
    let recalled = desk.writer.recall().await.expect("it can be read");
    assert_eq!(recalled.groups.len(), 1);
    // What a newer version wrote is left alone.
    let name = names::memory(&alone, &Entry::Leftovers);
    let data = json!({"data": {"version": "99"}}).to_string();
    desk.plane.kubectl(&["patch", "configmap", &name, "-n", &desk.namespace, "-p", &data]);
    let recalled = desk.writer.recall().await.expect("it can be read");
    assert_eq!(recalled.newer, [name].into());
    for memory in [memory("arn-4"), Memory::default()] {
        assert_eq!(desk.refusal(remember(&alone, memory)).await, Kind::Refused);
    }
    assert_eq!(desk.writer.recall().await.expect("it can be read"), recalled);
}

#[tokio::test]
async fn a_status_is_what_lbc_leaves() {
    let desk = Desk::new().await;
    desk.ingress("web", &[]);
    let entries = [
        StatusEntry { hostname: "a.example.com".into(), ports: vec![80, 443] },
        StatusEntry { hostname: "b.example.com".into(), ports: vec![] },
    ];
    let key = desk.key("web");
    desk.writer.status(&Source::ingress(key.clone()), &entries).await.expect("it can be written");
    let written = desk.object("ingress", "web").expect("it is there");
    let expected = json!({"ingress": [
        {"hostname": "a.example.com", "ports": [{"port": 80, "protocol": ""}, {"port": 443, "protocol": ""}]},
        {"hostname": "b.example.com"},
    ]});
    assert_eq!(written["status"]["loadBalancer"], expected);
    desk.writer
        .status(&Source::ingress(key.clone()), &entries)
        .await
        .expect("it can be written again");
    let again = desk.object("ingress", "web").expect("it is there");
    assert_eq!(again["metadata"]["resourceVersion"], written["metadata"]["resourceVersion"]);
    desk.writer
        .status(&Source::ingress(desk.key("gone")), &entries)
        .await
        .expect("nobody is left to be told");
}

#[tokio::test]
async fn events_are_seen_where_people_look() {
    let desk = Desk::new().await;
    desk.ingress("web", &[]);
    let uid = |ingress: &Value| ingress["metadata"]["uid"].as_str().expect("a UID").to_owned();
    let event = Event {
        object: ObjectRef::of(&Source::ingress(desk.key("web"))),
        uid: uid(&desk.object("ingress", "web").expect("it is there")),
        severity: Severity::Error,
        reason: "InvalidAnnotation".into(),
        message: format!("spec.x: found ü; {}", "long ".repeat(1000)),
    };
    desk.writer.event(&event).await.expect("it can be sent");
    let told = desk.plane.kubectl(&["describe", "ingress", "web", "-n", &desk.namespace]);
    let events = told.rsplit("Events:").next().unwrap_or_default();
    for expected in ["Warning", "InvalidAnnotation", "albedo", "spec.x: found ü"] {
        assert!(events.contains(expected), "{expected}: {told}");
    }
    let class = format!("{}-class", desk.namespace);
    let event = Event {
        object: ObjectRef { kind: problem::Kind::IngressClass, key: ObjectKey::new("", &class) },
        uid: "0a".into(),
        severity: Severity::Note,
        ..event
    };
    desk.writer.event(&event).await.expect("it can be sent");
    let selector = format!("involvedObject.name={class}");
    let kind = ["get", "events", "--field-selector", &selector, "-o", "jsonpath={.items[*].type}"];
    assert_eq!(desk.plane.kubectl(&kind), "Normal");
}
