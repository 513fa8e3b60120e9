use serde_json::json;

use super::*;
use crate::cluster::wire::Namespace;

/// A namespace with one label.
fn namespace(name: &str, team: &str) -> Namespace {
    let value =
        json!({"metadata": {"name": name, "resourceVersion": "1", "labels": {"team": team}}});
    serde_json::from_value(value).expect("it is a namespace")
}

/// What an event changes: name, label before, label after.
fn observe(
    ledger: &mut Ledger<Namespace>,
    event: Event<Namespace>,
) -> Vec<(String, String, String)> {
    let team = |side: Option<Arc<BTreeMap<String, String>>>| {
        side.map_or_else(|| "-".to_owned(), |labels| labels["team"].clone())
    };
    let turns = ledger.observe(event).into_iter();
    turns.map(|turn| (turn.key, team(turn.old), team(turn.new))).collect()
}

/// One such change.
fn change(name: &str, old: &str, new: &str) -> (String, String, String) {
    (name.to_owned(), old.to_owned(), new.to_owned())
}

#[test]
fn an_object_that_is_as_it_was_is_no_change() {
    let mut ledger = Ledger::new();
    let mut apply = |team| observe(&mut ledger, Event::Apply(namespace("a", team)));
    assert_eq!(apply("x"), [change("a", "-", "x")]);
    assert_eq!(apply("x"), []);
    assert_eq!(apply("y"), [change("a", "x", "y")]);
}

#[test]
fn what_vanished_unwatched_is_told_when_the_list_is_complete() {
    let mut ledger = Ledger::new();
    for name in ["a", "b", "c"] {
        observe(&mut ledger, Event::Apply(namespace(name, "x")));
    }
    assert_eq!(observe(&mut ledger, Event::Init), []);
    assert_eq!(observe(&mut ledger, Event::InitApply(namespace("a", "x"))), []);
    assert_eq!(
        observe(&mut ledger, Event::InitApply(namespace("b", "y"))),
        [change("b", "x", "y")]
    );
    assert_eq!(observe(&mut ledger, Event::InitDone), [change("c", "x", "-")]);
}

#[test]
fn a_list_that_breaks_off_takes_nothing_away() {
    let mut ledger = Ledger::new();
    for name in ["a", "b"] {
        observe(&mut ledger, Event::Apply(namespace(name, "x")));
    }
    observe(&mut ledger, Event::Init);
    observe(&mut ledger, Event::InitApply(namespace("a", "x")));
    observe(&mut ledger, Event::Init);
    observe(&mut ledger, Event::InitApply(namespace("b", "x")));
    assert_eq!(observe(&mut ledger, Event::InitDone), [change("a", "x", "-")]);
}

#[test]
fn an_object_that_leaves_is_told_once() {
    let mut ledger = Ledger::new();
    observe(&mut ledger, Event::Apply(namespace("a", "x")));
    assert_eq!(observe(&mut ledger, Event::Delete(namespace("a", "x"))), [change("a", "x", "-")]);
    assert_eq!(observe(&mut ledger, Event::Delete(namespace("a", "x"))), []);
}
