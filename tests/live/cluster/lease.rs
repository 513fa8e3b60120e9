//! Leading: one of several, by a Lease that LBC understands.

use std::sync::LazyLock;
use std::time::Duration;

use albedo::clock::{Clock, SystemClock};
use albedo::cluster::Election;
use albedo::model::id::ObjectKey;
use albedo::model::tenure::{Epoch, Tenure};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::{oneshot, watch};

use super::replica::{Switch, first};
use super::{during, soon};
use crate::support::control_plane::ControlPlane;

/// A process in the election: what it believes, and how to end it.
struct Voter {
    tenure: watch::Receiver<Option<Tenure>>,
    stands: watch::Sender<bool>,
    clock: SystemClock,
    stop: oneshot::Sender<()>,
    /// Who holds the Lease, as far as it knows.
    known: watch::Receiver<Option<String>>,
}

/// One clock for all of them, so that their moments can be compared.
fn clock() -> SystemClock {
    static CLOCK: LazyLock<SystemClock> = LazyLock::new(SystemClock::new);
    *CLOCK
}

/// Puts a process up for election.
fn voter(
    client: &Client,
    lease: &ObjectKey,
    identity: &str,
) -> (Voter, LocalBoxFuture<'static, ()>) {
    let (stop, stopped) = oneshot::channel();
    let sender = watch::Sender::new(None);
    let (stands, standing) = watch::channel(true);
    let (tenure, clock) = (sender.subscribe(), clock());
    let stopped = async {
        let _ = stopped.await;
    };
    let (client, lease, identity) = (client.clone(), lease.clone(), identity.to_owned());
    let holder = watch::Sender::default();
    let (known, election) =
        (holder.subscribe(), Election { client, lease, identity, clock, holder });
    let election = election.run(sender, standing, stopped);
    (Voter { tenure, stands, clock, stop, known }, election.boxed_local())
}

impl Voter {
    /// The tenure it has, which has not run out.
    fn current(&self) -> Tenure {
        let tenure = self.tenure.borrow().expect("it leads");
        assert!(tenure.is_current(tenure.epoch, self.clock.moment()), "{tenure:?}");
        tenure
    }

    async fn leads(&mut self, leads: bool) {
        let changed = self.tenure.wait_for(|tenure| tenure.is_some() == leads);
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
            assert!(two.tenure.borrow().is_none(), "two lead at once");
            assert_eq!(two.known.borrow().as_deref(), Some("one"));
            one.stop.send(()).expect("it runs");
            one.tenure.wait_for(Option::is_none).await.map(drop).expect("it ends by itself");
            // Sooner than the Lease would have run out.
            let taken = tokio::time::timeout(Duration::from_secs(10), two.leads(true)).await;
            taken.expect("it was given back");
            assert_eq!(two.known.borrow().as_deref(), Some("two"));
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
        let first = one.current();
        assert_eq!(first.epoch, Epoch(1));
        // A Lease of three seconds, by somebody who never renews it.
        let taken = json!({"spec": {"holderIdentity": "another", "leaseDurationSeconds": 3}});
        api.patch("leader", &PatchParams::default(), &Patch::Merge(&taken)).await.expect("it can");
        one.leads(false).await;
        assert_eq!(spec(&api).await.holder_identity.as_deref(), Some("another"));
        one.leads(true).await;
        assert_eq!(spec(&api).await.lease_transitions, Some(1));
        assert_eq!(one.current().epoch, Epoch(2));
        assert!(one.current().since > first.since);
    };
    during(election, body).await;
}

#[tokio::test]
async fn a_renewal_puts_off_the_end_of_a_tenure() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let lease = ObjectKey::new(plane.namespace(&client, "lease").await, "leader");
    let (mut one, election) = voter(&client, &lease, "one");
    let body = async {
        one.leads(true).await;
        let first = one.current();
        let left = first.until.since(one.clock.moment());
        assert!(left <= Duration::from_secs(10) && left > Duration::from_secs(5), "{left:?}");
        soon("it is renewed", one.tenure.changed()).await.expect("the process runs");
        let renewed = one.current();
        assert_eq!((renewed.epoch, renewed.since), (first.epoch, first.since));
        assert!(renewed.until >= first.until.plus(Duration::from_secs(2)));
    };
    during(election, body).await;
}

#[tokio::test]
async fn who_does_not_stand_does_not_lead_and_gives_back_what_it_has() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let lease = ObjectKey::new(plane.namespace(&client, "lease").await, "leader");
    let api = Api::<Lease>::namespaced(client.clone(), &lease.namespace);
    let (mut one, election) = voter(&client, &lease, "one");
    one.stands.send_replace(false);
    let body = async {
        albedo::clock::sleep(Duration::from_secs(1)).await;
        assert!(api.get_opt("leader").await.expect("it can be asked").is_none(), "it ran");
        one.stands.send_replace(true);
        one.leads(true).await;
        one.stands.send_replace(false);
        one.leads(false).await;
        let free = async {
            while spec(&api).await.holder_identity.as_deref() != Some("") {
                albedo::clock::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), free).await.expect("it was given back");
        one.stands.send_replace(true);
        one.leads(true).await;
        assert_eq!(one.current().epoch, Epoch(2));
    };
    during(election, body).await;
}

#[tokio::test]
async fn who_is_cut_off_leads_no_longer_before_anybody_else_does() {
    let plane = ControlPlane::shared().await;
    let client = plane.client().await;
    let lease = ObjectKey::new(plane.namespace(&client, "lease").await, "leader");
    let switch = Switch::to(first(plane)).await;
    let by_way = plane.client_by_way_of(switch.address()).await;
    let (mut one, election_of_one) = voter(&by_way, &lease, "one");
    let (mut two, election_of_two) = voter(&client, &lease, "two");
    let body = async {
        one.leads(true).await;
        let waiting = async {
            albedo::clock::sleep(Duration::from_secs(3)).await;
            // Requests go nowhere, and nobody says so.
            switch.go_dumb();
            switch.lead_nowhere();
            let last = one.current();
            one.leads(false).await;
            assert!(clock().moment() <= last.until.plus(Duration::from_secs(3)), "it went on");
            two.leads(true).await;
            assert!(two.current().since > last.until, "two led at once");
        };
        during(election_of_two, waiting).await;
    };
    during(switch.serve(), during(election_of_one, body)).await;
}
