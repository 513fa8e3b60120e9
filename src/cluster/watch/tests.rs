use std::sync::RwLock;

use k8s_openapi::Metadata as _;
use kube::core::Status;
use serde_json::json;

use super::*;
use crate::cluster::error::ClusterError;
use crate::model::snapshot::Objects;

/// A namespace, which is kept as its labels.
fn namespace(name: &str, team: &str) -> Namespace {
    let value = json!({"metadata": {"name": name, "labels": {"team": team}}});
    serde_json::from_value(value).expect("it is a namespace")
}

/// A watch of namespaces, and what it hears.
struct Watch {
    hearer: Hearer<Namespace, RwLock<Objects>>,
}

impl Watch {
    fn new() -> Self {
        let (intake, sight) = (Arc::default(), Sight::new());
        Self { hearer: Hearer { intake, sight, missing: BTreeSet::new() } }
    }

    fn hear(&mut self, notices: impl IntoIterator<Item = Notice<Namespace>>) -> Vec<String> {
        for notice in notices {
            self.hearer.hear(notice);
        }
        self.hearer.intake.with_objects(|objects| {
            let all = objects.namespaces.iter();
            all.map(|(name, labels)| format!("{name}={}", labels["team"])).collect()
        })
    }
}

fn put(name: &str, team: &str) -> Notice<Namespace> {
    Notice::Put(namespace(name, team))
}

#[test]
fn what_vanished_unwatched_goes_when_the_list_is_complete() {
    let mut watch = Watch::new();
    watch.hear(["a", "b", "c"].map(|name| put(name, "x")));
    let during = watch.hear([Notice::Begin, put("a", "x"), put("b", "y")]);
    assert_eq!(during, ["a=x", "b=y", "c=x"]);
    assert_eq!(watch.hear([Notice::Complete]), ["a=x", "b=y"]);
}

#[test]
fn a_list_that_breaks_off_takes_nothing_away() {
    let mut watch = Watch::new();
    watch.hear(["a", "b"].map(|name| put(name, "x")));
    watch.hear([Notice::Begin, put("a", "x")]);
    let after = watch.hear([Notice::Begin, put("b", "x"), Notice::Complete]);
    assert_eq!(after, ["b=x"]);
}

#[test]
fn what_is_there_and_cannot_be_read_stays_as_it_was_known() {
    let mut watch = Watch::new();
    watch.hear([put("a", "x")]);
    let unreadable = || Notice::Misfit(namespace("a", "?").metadata().clone());
    assert_eq!(watch.hear([unreadable()]), ["a=x"]);
    assert_eq!(watch.hear([Notice::Begin, unreadable(), Notice::Complete]), ["a=x"]);
    let gone = Notice::Gone(namespace("a", "?").metadata().clone());
    assert_eq!(watch.hear([gone]), Vec::<String>::new());
}

#[test]
fn a_missing_crd_is_said_in_one_line_that_helps() {
    let line = unknown::<TargetGroupBinding>();
    let expected = "the API server does not know TargetGroupBinding (elbv2.k8s.aws/v1beta1): apply deploy/crds";
    assert_eq!(line.as_deref(), Some(expected));
    assert_eq!(unknown::<Pod>(), None);
    assert_eq!(absence::<TargetGroupBinding>(), None);
    let line = absence::<TenantPolicy>();
    assert!(line.is_some_and(|line| line.contains("TenantPolicy (alb.ingress.k8s.aws/v1)")));
    assert_eq!(unknown::<TenantPolicy>(), None);
}

#[test]
fn any_other_failure_is_one_line_of_the_api_servers_own() {
    let message = "pods is forbidden:\n  User \"albedo\" cannot list";
    let status = Status::failure(message, "Forbidden").with_code(403);
    let error = ClusterError::new("watch of Pod", &kube::Error::Api(status.boxed()));
    let expected = "watch of Pod: Forbidden: pods is forbidden: User \"albedo\" cannot list";
    assert_eq!(error.to_string(), expected);
}
