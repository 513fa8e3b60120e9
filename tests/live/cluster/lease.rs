//! Leading: one of several, by a Lease that LBC understands.

use std::time::Duration;

use albedo::cluster::elect;
use albedo::model::id::ObjectKey;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::{oneshot, watch};

use super::{during, soon};
use crate::support::control_plane::ControlPlane;

/// A process in the election: what it believes, and how to end it.
struct Voter {
    leading: watch::Receiver<bool>,
    stop: oneshot::Sender<()>,
}

/// Puts a process up for election.
fn voter(client: &Client, lease: &ObjectKey, identity: &str) -> (Voter, impl Future<Output = ()>) {
    let (stop, stopped) = oneshot::channel();
    let sender = watch::Sender::new(false);
    let leading = sender.subscribe();
    let stopped = async {
        let _ = stopped.await;
    };
    let election = elect(client.clone(), lease.clone(), identity.to_owned(), sender, stopped);
    (Voter { leading, stop }, election)
}

impl Voter {
    async fn leads(&mut self, leads: bool) {
        let changed = self.leading.wait_for(|leading| *leading == leads);
        drop(soon("the leader changes", changed).await.expect("the process runs"));
    }
}

async fn spec(api: &Api<Lease>) -> LeaseSpec {
    api.get("leader").await.expect("it is there").spec.expect("it has a spec")
}

#[tokio::test]
async fn a_lease_given_back_is_taken_at_once() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let lease = ObjectKey::new(plane.namespace(&client, "lease").await, "leader");
    let api = Api::<Lease>::namespaced(client.clone(), &lease.namespace);
    let (mut one, election_of_one) = voter(&client, &lease, "one");
    let (mut two, election_of_two) = voter(&client, &lease, "two");
    let body = async {
        one.leads(true).await;
        let held = spec(&api).await;
        assert_eq!(held.holder_identity.as_deref(), Some("one"));
        assert_eq!((held.lease_duration_seconds, held.lease_transitions), (Some(15), Some(0)));
        // The second starts to run for it only now, and sees it renewed at least once.
        let waiting = async {
            while spec(&api).await.renew_time == held.renew_time {
                albedo::clock::sleep(Duration::from_millis(100)).await;
            }
            assert!(!*two.leading.borrow(), "two lead at once");
            one.stop.send(()).expect("it runs");
            one.leading.wait_for(|leading| !leading).await.map(drop).expect("it ends by itself");
            // Sooner than the Lease would have run out.
            let taken = tokio::time::timeout(Duration::from_secs(10), two.leads(true)).await;
            taken.expect("it was given back");
        };
        during(election_of_two, waiting).await;
        let held = spec(&api).await;
        assert_eq!(held.holder_identity.as_deref(), Some("two"));
        assert_eq!(held.lease_transitions, Some(1));
    };
    tokio::join!(election_of_one, body);
}

#[tokio::test]
async fn a_lease_that_another_took_is_lost_at_once_and_run_for_again() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let lease = ObjectKey::new(plane.namespace(&client, "lease").await, "leader");
    let api = Api::<Lease>::namespaced(client.clone(), &lease.namespace);
    let (mut one, election) = voter(&client, &lease, "one");
    let body = async {
        one.leads(true).await;
        // A Lease of three seconds, by somebody who never renews it.
        let taken = json!({"spec": {"holderIdentity": "another", "leaseDurationSeconds": 3}});
        api.patch("leader", &PatchParams::default(), &Patch::Merge(&taken)).await.expect("it can");
        one.leads(false).await;
        assert_eq!(spec(&api).await.holder_identity.as_deref(), Some("another"));
        one.leads(true).await;
        assert_eq!(spec(&api).await.lease_transitions, Some(1));
    };
    during(election, body).await;
}
