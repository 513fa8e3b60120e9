//! What seeds have found, as small as it gets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use albedo::model::action::{Action, AwsAction, ElbAction};
use albedo::model::fact::{Leading, Names};
use albedo::model::id::{AwsId, CertificateKey, Id};
use albedo::model::moment::Moment;
use albedo::model::plan::{Need, Plan, Reason, Wait, WaitKey};
use albedo::model::subject::Subject;
use albedo::world::{BalancerState, SharedWorld};

use crate::support::clock::now;
use crate::support::sketch;
use crate::support::world::{group, key, member, settings};

/// Two workers: one visits a group, the other finds out meanwhile what names lead to.
#[test]
fn who_begins_to_wait_while_that_is_let_go_is_told() {
    let place = settings().place;
    for subject in [
        Subject::Balancer(place.clone(), group("edge")),
        Subject::Certificate(place.clone(), CertificateKey::Secret(key("shop/tls"))),
    ] {
        let world = SharedWorld::new(Arc::new(settings()));
        let mut world = world.lock();
        world.has_read(&subject);
        // The other worker.
        world.facts.zones([AwsId::new("ZPUB")]);
        world.facts.leads(&AwsId::new("ZPUB"), &Leading::default());
        world.facts.expect(&group("edge"));
        world.facts.listens(&group("edge"), BTreeSet::new());
        assert!(!world.wakes().contains(&subject), "it does not wait yet");
        world.wait(&subject, true);
        assert!(world.wakes().contains(&subject), "{subject} waits for what has happened");
        world.has_read(&subject);
        world.wait(&subject, true);
        assert!(!world.wakes().contains(&subject), "{subject} knows");
    }
}

/// An Ingress goes over to another controller's class while its group stays: the zone is looked at
/// only after the group has let go of it.
#[test]
fn who_leaves_a_group_that_stays_asks_for_no_name_any_more() {
    let zone = Subject::Zone(settings().place, AwsId::new("ZPUB"));
    let world = SharedWorld::new(Arc::new(settings()));
    let mut world = world.lock();
    let names = |known: &[&str]| Names {
        load_balancer: Id::Is(AwsId::new("one")),
        has_ipv6: false,
        wished: BTreeMap::new(),
        known: known.iter().map(|name| member(name)).collect(),
        arriving: BTreeSet::new(),
    };
    let at = world.facts.revision();
    world.facts.names_of(&group("edge"), names(&["shop/w0", "team/w2"]), at);
    world.facts.names_of(&group("edge"), names(&["shop/w0"]), at);
    let (snapshot, _) = world.snapshot(&zone, now(), Arc::default());
    let left: Vec<_> = snapshot.facts.left().cloned().collect();
    assert_eq!(left, [member("team/w2")]);
    // Whoever is back in a group speaks for himself, even if he says nothing yet.
    for object in sketch::objects("class alb: {}\ningress team/w2: {group.name: edge}\n") {
        world.take(object.seen().unwrap());
    }
    let (snapshot, _) = world.snapshot(&zone, now(), Arc::default());
    assert_eq!(snapshot.facts.left().count(), 0);
}

/// A load balancer may go at last, and its removal is held up or refused.
#[test]
fn who_has_waited_long_enough_does_not_look_again_and_again() {
    let key = WaitKey::Drained(AwsId::new("lb"));
    let time = Duration::from_secs(5);
    let plan = |gate: Option<WaitKey>| {
        let mut plan = Plan::default();
        let action = AwsAction::Elb(ElbAction::DeleteLoadBalancer { id: AwsId::new("lb") });
        plan.push(Action::Aws(action), Reason::Unwanted, Vec::new());
        plan.steps[0].gate = gate;
        plan.waits = vec![Wait { key: key.clone(), need: Need::Elapsed(time) }];
        plan
    };
    let after = |seconds| Moment::after_start(Duration::from_secs(seconds));
    let mut state = BalancerState::default();
    assert_eq!(state.wait_for(&plan(Some(key.clone())), after(1)), Some(time));
    assert_eq!(state.wait_for(&plan(Some(key.clone())), after(4)), Some(Duration::from_secs(2)));
    // A plan that knows it to be over has nothing to wait for.
    assert_eq!(state.over(after(6)), [key.clone()].into());
    assert_eq!(state.wait_for(&plan(None), after(6)), None);
    assert!(state.over(after(7)).contains(&key), "it is not waited for anew");
}
