//! `deploy/rbac.yaml` is enough, and it is no more than that.

use std::time::Duration;

use albedo::clock::SystemClock;
use albedo::cluster::{ApiServer, Cluster, Election, Kind, Progress, Recalled, Sight, watch_all};
use albedo::model::action::KubeAction;
use albedo::model::gate::{GateCondition, GateNews, GateState};
use albedo::model::group::Group;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::ingress_group::GroupStatus;
use albedo::model::memory::{Entry, Memory};
use albedo::model::problem::{ObjectRef, Severity};
use albedo::model::report::{Event, StatusEntry};
use albedo::model::seen::BindingStatus;
use albedo::model::source::Source;
use kube::Client;
use serde_json::json;
use tokio::sync::watch;

use super::world::World;
use super::{actions, during, soon};
use crate::support::control_plane::ControlPlane;

const RBAC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/rbac.yaml");

/// What lets the program move what an older version remembered.
const UPGRADE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/upgrade.yaml");

const LEASE: &str = "aws-load-balancer-controller-leader";

/// Applies `deploy/rbac.yaml`, and waits until the API server has taken notice.
async fn install(plane: &ControlPlane) {
    plane.kubectl(&["apply", "-f", RBAC]);
    for last in
        ["create events", "update leases.coordination.k8s.io/aws-load-balancer-controller-leader"]
    {
        let noticed = async {
            while !may(plane, last) {
                albedo::clock::sleep(Duration::from_millis(50)).await;
            }
        };
        soon("the roles are in force", noticed).await;
    }
}

/// Whether the ServiceAccount may do something in `kube-system`.
fn may(plane: &ControlPlane, what: &str) -> bool {
    let account = "--as=system:serviceaccount:kube-system:albedo";
    let words: Vec<&str> = what.split(' ').collect();
    let ask = [&["auth", "can-i", "-n", "kube-system", account], &words[..]].concat();
    // kubectl ends with an error where the answer is no.
    plane.try_kubectl(&ask, None).is_ok()
}

/// Writes all that can be written about an Ingress.
async fn write(writer: &ApiServer, namespace: &str) {
    for action in actions::every_action(namespace) {
        writer.perform(&action).await.expect("the role allows it");
    }
    writer.begin().await.expect("the role allows it");
    writer.recall().await.expect("the role allows it");
    writer.mark().await.expect("the role allows it");
    let web = Source::ingress(ObjectKey::new(namespace, "web"));
    let entry = StatusEntry { hostname: "a.example.com".into(), ports: vec![80] };
    writer.status(&web, &[entry]).await.expect("the role allows it");
    let news = GateNews {
        pod: ObjectKey::new(namespace, "web-0"),
        uid: "0a".into(),
        binding: "tgb".into(),
        condition: GateCondition { state: GateState::Open, reason: "".into(), message: "".into() },
        before: None,
    };
    // No such pod is there, which the API server says to whoever may ask.
    writer.gate(&news).await.expect("the role allows it");
    let shown = BindingStatus { observed_generation: Some(1), ..BindingStatus::default() };
    let binding = ObjectKey::new(namespace, "tgb");
    writer.binding_status(&binding, &shown).await.expect("the role allows it");
    let event = Event {
        object: ObjectRef::of(&web),
        uid: "0a".into(),
        severity: Severity::Note,
        reason: "Test".into(),
        message: "test".into(),
    };
    writer.event(&event).await.expect("the role allows it");
    let group = Group::Implicit(ObjectKey::new(namespace, "web"));
    // A definition that was just made is served a moment later, and who may not ask is told so.
    let served = async {
        while writer.shown_groups("rbac").await.is_err_and(|error| error.kind == Kind::Throttled) {
            albedo::clock::sleep(Duration::from_millis(50)).await;
        }
    };
    soon("the definition is served", served).await;
    writer.shown_groups("rbac").await.expect("the role allows it");
    writer.show_group(&group, &GroupStatus::default(), "rbac").await.expect("the role allows it");
    writer.hide_group(&group).await.expect("the role allows it");
}

/// Leads, renews, and gives the Lease back.
async fn lead(client: Client) {
    let lease = ObjectKey::new("kube-system", LEASE);
    let sender = watch::Sender::new(None);
    let mut tenure = sender.subscribe();
    let stop = async move {
        let led = soon("it leads", tenure.wait_for(Option::is_some)).await;
        drop(led.expect("the election goes on"));
        // Longer than the pause between two renewals.
        albedo::clock::sleep(Duration::from_secs(3)).await;
    };
    let (identity, clock) = ("albedo-test".into(), SystemClock::new());
    let stands = watch::channel(true).1;
    let holder = watch::Sender::default();
    Election { client, lease, identity, clock, holder }.run(sender, stands, stop).await;
}

#[tokio::test]
async fn the_service_account_can_do_all_that_the_program_does() {
    let plane = ControlPlane::shared().await;
    install(plane).await;
    let client = plane.client_of("kube-system", "albedo").await;
    let namespace = plane.namespace(&plane.client().await, "rbac").await;
    let manifest = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"namespace": namespace, "name": "web"},
        "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
    });
    plane.apply(&manifest).expect("it is good");
    let (sight, (world, _changes)) = (Sight::new(), World::empty());
    let mut progress = sight.progress();
    let work = async {
        let complete = progress.wait_for(Progress::is_complete);
        drop(soon("a complete list of every kind", complete).await.expect("the watch goes on"));
        let writer = ApiServer::new(client.clone(), "albedo-test", "albedo-system");
        write(&writer.kept_before_in("kube-system"), &namespace).await;
        lead(client.clone()).await;
        let progress = progress.borrow();
        progress.failures().map(|(_, count)| count).sum::<u64>()
    };
    let watches = watch_all(client.clone(), None, world, SystemClock::new(), sight);
    assert_eq!(during(watches, work).await, 0, "a watch has failed");
    let spec = "jsonpath={.spec.holderIdentity}/{.spec.leaseDurationSeconds}";
    let spec = plane.kubectl(&["get", "lease", LEASE, "-n", "kube-system", "-o", spec]);
    assert_eq!(spec, "/1", "the Lease was not given back");
}

#[tokio::test]
async fn the_service_account_can_do_nothing_more() {
    let plane = ControlPlane::shared().await;
    install(plane).await;
    let forbidden = [
        "get secrets",
        "list secrets",
        "watch secrets",
        "create secrets",
        "patch secrets",
        "delete secrets",
        "get configmaps",
        "list configmaps",
        "patch configmaps/aws-auth",
        "delete configmaps/albedo-memory-mark",
        "patch services",
        "create pods",
        "delete pods",
        "patch nodes",
        "delete ingresses.networking.k8s.io",
        "create ingresses.networking.k8s.io",
        "patch ingressclassparams.elbv2.k8s.aws",
        "update targetgroupbindings.elbv2.k8s.aws --subresource=status",
        "delete events",
        "get leases.coordination.k8s.io/another",
        "delete leases.coordination.k8s.io/aws-load-balancer-controller-leader",
        "impersonate serviceaccounts",
    ];
    for what in forbidden {
        assert!(!may(plane, what), "it may {what}");
    }
}

#[tokio::test]
async fn what_an_older_version_remembered_is_moved_with_the_rights_for_it_and_no_others() {
    let plane = ControlPlane::start("upgrade");
    plane.prepare().await;
    let (group, leftovers) = (Group::Explicit("edge".into()), [AwsId::new("sg-1")].into());
    let memory = Memory { leftovers, ..Memory::default() };
    let action = KubeAction::Remember { group: group.clone(), entry: Entry::Leftovers, memory };
    let older = ApiServer::new(plane.client().await, "albedo-test", "kube-system");
    older.perform(&action).await.expect("an administrator may");
    older.mark().await.expect("an administrator may");
    let client = plane.client_of("kube-system", "albedo").await;
    let server =
        ApiServer::new(client, "albedo-test", "albedo-system").kept_before_in("kube-system");
    let error = server.recall().await.expect_err("it may not be listed");
    assert!(error.to_string().contains("deploy/upgrade.yaml"), "{error}");
    plane.kubectl(&["apply", "-f", UPGRADE]);
    let recalled = soon("the role is in force", async {
        loop {
            match server.recall().await {
                Ok(recalled) => break recalled,
                Err(_) => albedo::clock::sleep(Duration::from_millis(50)).await,
            }
        }
    });
    let recalled = recalled.await;
    assert!(recalled.is_elsewhere && recalled.is_marked, "{recalled:?}");
    server.move_in().await.expect("the role allows it");
    plane.kubectl(&["delete", "-f", UPGRADE]);
    let moved = server.recall().await.expect("it needs those rights no more");
    assert_eq!(moved, Recalled { is_elsewhere: false, ..recalled });
    assert!(moved.groups.contains_key(&group));
    plane.stop();
}
