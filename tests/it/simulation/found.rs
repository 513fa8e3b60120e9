//! What seeds have found, as small as it gets.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::controller::SharedWorld;
use albedo::model::id::AwsId;
use albedo::model::subject::Subject;

use crate::support::world::{group, key, settings};

/// Two workers: one visits a group, the other finds out meanwhile what names lead to.
#[test]
fn who_begins_to_wait_while_that_is_let_go_is_told() {
    let place = settings().place;
    for subject in [
        Subject::Balancer(place.clone(), group("edge")),
        Subject::Certificate(place.clone(), key("shop/tls")),
    ] {
        let world = SharedWorld::new(Arc::new(settings()));
        let mut world = world.lock();
        world.has_read(&subject);
        // The other worker.
        world.facts.zones([AwsId::new("ZPUB")]);
        world.facts.leads(&AwsId::new("ZPUB"), &BTreeSet::new());
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
