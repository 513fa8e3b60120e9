use serde_json::json;

use super::*;
use crate::cluster::wire::{Namespace, TargetGroupBinding};

fn line(kind: &str, object: &Value) -> Vec<u8> {
    json!({"type": kind, "object": object}).to_string().into_bytes()
}

/// A binding without the one thing that it has to have.
fn misfit() -> Value {
    json!({"metadata": {"namespace": "shop", "name": "bad", "resourceVersion": "8"}, "spec": 1})
}

fn name(item: &Read<TargetGroupBinding>) -> (&str, bool) {
    let meta = item.as_ref().map_or_else(|misfit| &misfit.meta, Shown::meta);
    (meta.name.as_deref().expect("it has a name"), item.is_ok())
}

#[test]
fn an_object_that_cannot_be_read_spoils_no_list() {
    let good =
        json!({"metadata": {"name": "good"}, "spec": {"serviceRef": {"name": "a", "port": 1}}});
    let list = json!({
        "metadata": {"resourceVersion": "9", "continue": ""}, "items": [misfit(), good],
    });
    let page = page::<TargetGroupBinding>(&list.to_string()).expect("it is a list");
    let names: Vec<_> = page.items.iter().map(name).collect();
    assert_eq!(names, [("bad", false), ("good", true)]);
    assert_eq!((page.version.as_str(), page.next), ("9", None));
}

#[test]
fn a_list_with_a_next_part_says_how_to_ask_for_it() {
    let list = json!({"metadata": {"resourceVersion": "9", "continue": "more"}, "items": null});
    let page = page::<Namespace>(&list.to_string()).expect("it is a list");
    assert_eq!((page.items.len(), page.next.as_deref()), (0, Some("more")));
}

#[test]
fn what_is_no_list_is_an_error() {
    for text in ["", "<html>", "{}", r#"{"metadata":{},"items":[]}"#] {
        assert!(page::<Namespace>(text).is_err(), "{text}");
    }
    let nameless = r#"{"metadata":{"resourceVersion":"1"},"items":[7]}"#;
    assert!(page::<Namespace>(nameless).is_err());
}

#[test]
fn an_event_of_an_object_that_cannot_be_read_names_it() {
    let Ok(Event::Put(Err(found))) = event::<TargetGroupBinding>(&line("MODIFIED", &misfit()))
    else {
        panic!("it is a misfit")
    };
    assert_eq!(found.meta.name.as_deref(), Some("bad"));
    assert_eq!(found.meta.resource_version.as_deref(), Some("8"));
    assert!(found.message.starts_with("invalid type"), "{}", found.message);
    let gone = event::<TargetGroupBinding>(&line("DELETED", &misfit()));
    let Ok(Event::Gone(meta)) = gone else { panic!("it is gone all the same") };
    assert_eq!(meta.namespace.as_deref(), Some("shop"));
}

#[test]
fn bookmarks_and_ends_are_told_apart() {
    let mark =
        json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"resourceVersion": "5"}});
    let Ok(Event::Bookmark(version)) = event::<Namespace>(&line("BOOKMARK", &mark)) else {
        panic!("it is a bookmark")
    };
    assert_eq!(version, "5");
    let gone = json!({"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410});
    let Ok(Event::Refused(status)) = event::<Namespace>(&line("ERROR", &gone)) else {
        panic!("it is the end")
    };
    assert!(ClusterError::of_status("watch", &status).is_expired());
}

#[test]
fn garbage_is_an_error_of_one_short_line() {
    let long = "x".repeat(5 << 20);
    for garbage in ["{", "null", "7", r#"{"type":"ADDED","object":7}"#, &long] {
        let message = event::<Namespace>(garbage.as_bytes()).expect_err("it is no event");
        assert!(message.len() <= 100, "{message}");
    }
}
