//! A trial beside another controller: `--scope=own` touches nothing of what the other one has, and
//! each of them survives the other's end.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::life::gone;
use crate::support::objects::{IP, ingress, own_class};
use crate::support::stage::{Stage, until};
use crate::support::state::State;

const OWN: &str = "--scope=own";
/// The cluster in whose name a trial makes what it makes.
const OWN_CLUSTER: &str = "demo.own";
/// What the rules say that it makes for nodes.
const OWN_RULES: &str = "elbv2.k8s.aws/targetGroupBinding=albedo";
/// What the security group of the nodes is called.
const NODES: &str = "nodes";

/// What stood before and does not stand any more as it did. Nodes may let in more.
fn changed(before: &State, after: &State) -> Vec<Value> {
    let kinds = before.value.as_object().expect("a state has kinds").keys();
    let each = kinds.flat_map(|kind| {
        let after = after.all(kind);
        before.all(kind).into_iter().filter(move |thing| !after.iter().any(|is| keeps(is, thing)))
    });
    each.collect()
}

/// Whether a thing is what it was; a security group of nodes, whether it lets in what it did.
fn keeps(is: &Value, was: &Value) -> bool {
    if is["GroupName"] != NODES {
        return is == was;
    }
    was["GroupId"] == is["GroupId"] && let_in(was).is_subset(&let_in(is))
}

/// Whom a security group lets in, and to which ports.
fn let_in(group: &Value) -> BTreeSet<String> {
    let rules = group["IpPermissions"].as_array().into_iter().flatten();
    let each = rules.flat_map(|rule| {
        let peers = rule["UserIdGroupPairs"].as_array().into_iter().flatten();
        peers.map(move |peer| format!("{} {} {peer}", rule["FromPort"], rule["ToPort"]))
    });
    each.collect()
}

/// What nodes let in.
fn nodes_let_in(state: &State) -> BTreeSet<String> {
    let groups = state.all("security groups").into_iter();
    groups.filter(|group| group["GroupName"] == NODES).flat_map(|group| let_in(&group)).collect()
}

#[tokio::test]
async fn a_trial_changes_nothing_of_the_other_controller_s_and_each_survives_the_other() {
    let theirs = Stage::new("beside").await;
    let mut ours = theirs.elsewhere("trial").await;
    ours.class.clone_from(&ours.namespace);
    ours.apply(&[own_class(&ours.class)]).await;
    theirs.serve(&["web"]).await;
    ours.serve(&["unused", "web"]).await;
    // The ports that nodes let in are the same: each has rules of its own for them.
    let web = |stage: &Stage| ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")]);
    let mut other = theirs.run(&[]);
    theirs.apply(&[web(&theirs)]).await;
    theirs.rest().await;
    let alone = State::standing(&theirs.account).await;

    let mut trial = ours.run(&[OWN]);
    ours.apply(&[web(&ours)]).await;
    ours.rest_with(&[OWN]).await;
    theirs.rest().await;
    let both = State::standing(&theirs.account).await;
    assert_eq!(changed(&alone, &both), Vec::<Value>::new());
    assert_eq!(both.count("load balancers"), 2);

    ours.delete("Ingress", "web").await;
    until("the Ingress is gone", async || ours.get("Ingress", "web").await.is_none().then_some(()))
        .await;
    assert!(trial.terminate().success());
    theirs.rest().await;
    assert_eq!(State::standing(&theirs.account).await.value, alone.value, "the trial has ended");

    let _trial = ours.run(&[OWN]);
    ours.apply(&[web(&ours)]).await;
    ours.rest_with(&[OWN]).await;
    let both = State::standing(&theirs.account).await;
    theirs.delete("Ingress", "web").await;
    gone(&theirs, "web").await;
    assert!(other.terminate().success());
    ours.rest_with(&[OWN]).await;
    let left = State::standing(&theirs.account).await;
    assert_eq!(changed(&left, &both), Vec::<Value>::new(), "nothing new has come");
    assert_eq!(left.count("load balancers"), 1);
    let mut lost = changed(&both, &left);
    lost.retain(|thing| thing["GroupName"] != NODES && thing.to_string().contains(OWN_CLUSTER));
    assert_eq!(lost, Vec::<Value>::new(), "what the trial has stays");
    let mut rules = nodes_let_in(&both);
    rules.retain(|rule| rule.contains(OWN_RULES));
    assert_eq!((nodes_let_in(&left), rules.is_empty()), (rules, false));
}
