//! What a change to the rules of a standing listener costs: LBC's pairing and numbering.

use std::collections::BTreeMap;

use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::id::AwsId;
use albedo::model::rule::Rule;

use super::support::canon;
use super::support::site::Site;

/// An Ingress whose rules are these exact paths.
fn ingress(paths: &[&str]) -> String {
    let rules: Vec<String> = paths.iter().map(|path| format!("any Exact {path} s:80")).collect();
    format!("service shop/s: {{ports: [80]}}\ningress shop/web: {{rules: {rules:?}}}")
}

fn path(rule: &Rule) -> String {
    rule.paths().unwrap().join("|")
}

/// A call about rules in short, with rules called by the path they had before.
fn short(action: &AwsAction, paths: &BTreeMap<AwsId, String>) -> String {
    match action {
        AwsAction::Elb(ElbAction::CreateRule { priority, spec, .. }) => {
            format!("create {} at {priority}", path(spec))
        }
        AwsAction::Elb(ElbAction::ModifyRule { id, spec }) => {
            format!("make {} of {}", path(spec), paths[id])
        }
        AwsAction::Elb(ElbAction::DeleteRule { id }) => format!("delete {}", paths[id]),
        AwsAction::Elb(ElbAction::SetRulePriorities { priorities }) => {
            let moves =
                priorities.iter().map(|(id, priority)| format!(" {}={priority}", paths[id]));
            format!("move{}", moves.collect::<String>())
        }
        AwsAction::Elb(ElbAction::AddTags { id, tags }) => {
            format!("tag {} {:?}", paths[id], tags.values().next().unwrap())
        }
        other => format!("{other:?}"),
    }
}

fn check(before: &[&str], after: &[&str], expected: &[&str]) {
    super::support::world::wait(async {
        let site = Site::new(&ingress(before));
        let controller = site.settle().await;
        let state = site.aws.everything();
        let paths = state.rules.iter().map(|(id, rule)| (id.clone(), path(&rule.rule))).collect();
        site.aws.forget_calls();
        controller.cluster.add(&ingress(after));
        controller.settle().await;
        let calls: Vec<String> =
            site.aws.performed().iter().map(|action| short(action, &paths)).collect();
        assert_eq!(calls, expected, "{before:?} to {after:?}");
        let expected: Vec<String> = after
            .iter()
            .zip(1..)
            .map(|(path, priority)| format!("80:{priority} {path} -> shop/web-s:80"))
            .collect();
        assert_eq!(canon::rules(&site.aws.everything()), expected);
    });
}

#[test]
fn what_is_the_same_costs_nothing() {
    check(&["/a", "/b"], &["/a", "/b"], &[]);
    // Nor do equal rules trade places.
    check(&["/a", "/a", "/b"], &["/a", "/a", "/b"], &[]);
}

#[test]
fn one_more_at_the_end_or_one_path_changed_is_one_call() {
    check(&["/a"], &["/a", "/b"], &["create /b at 2"]);
    check(&["/a", "/b", "/c"], &["/a", "/x", "/c"], &["make /x of /b"]);
    check(&["/a", "/b"], &["/a"], &["delete /b"]);
}

#[test]
fn one_in_front_moves_the_others_and_then_their_tags() {
    check(
        &["/a", "/b"],
        &["/x", "/a", "/b"],
        &["move /a=2 /b=3", "create /x at 1", "tag /a \"80:2\"", "tag /b \"80:3\""],
    );
    check(&["/a", "/b"], &["/b", "/a"], &["move /b=1 /a=2", "tag /b \"80:1\"", "tag /a \"80:2\""]);
}

#[test]
fn rules_about_to_go_are_moved_out_of_the_way_the_last_one_last() {
    check(
        &["/a", "/b", "/c"],
        &["/a", "/c"],
        &["move /b=50000 /c=2", "delete /b", "tag /c \"80:2\""],
    );
    check(
        &["/a", "/b", "/c", "/d"],
        &["/d"],
        &[
            "move /c=50000 /b=49999 /a=49998 /d=1",
            "delete /c",
            "delete /b",
            "delete /a",
            "tag /d \"80:1\"",
        ],
    );
}

#[test]
fn a_rule_that_moves_and_one_that_changes_do_both() {
    check(
        &["/a", "/b", "/c"],
        &["/c", "/x", "/y"],
        &["move /a=50000 /c=1", "create /y at 3", "make /x of /b", "delete /a", "tag /c \"80:1\""],
    );
}

#[test]
fn where_aws_has_no_room_one_rule_goes_for_one_that_comes() {
    let paths: Vec<String> = (0..102).map(|number| format!("/{number:03}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    super::support::world::wait(async {
        // 100 is AWS's quota, and the fake keeps it.
        let site = Site::new(&ingress(&paths[..100]));
        let controller = site.settle().await;
        site.aws.forget_calls();
        controller.cluster.add(&ingress(&paths[2..]));
        controller.settle().await;
        let operations: Vec<&str> =
            site.aws.performed().iter().map(|action| action.operation().1).collect();
        let (traffic, tags) = operations.split_at(5);
        assert_eq!(
            traffic,
            ["SetRulePriorities", "DeleteRule", "CreateRule", "DeleteRule", "CreateRule"]
        );
        assert!(tags.len() == 98 && tags.iter().all(|tag| *tag == "AddTags"));
        assert_eq!(site.aws.everything().rules.len(), 100);
    });
}
