//! TargetGroupBindings that people write: by name, with little said, wrong, and shared.

use std::collections::BTreeSet;

use albedo::aws::Kind;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::seen::{BindingStatus, SeenBinding};
use albedo::model::target::{Target, TargetState};
use smol_str::SmolStr;

use super::support::fake::{Fake, Fault, Faulty, OTHER_ACCOUNT, Struck, When};
use super::support::site::{Controller, Site};
use super::support::world::{key, wait};

mod unfound;

/// An app of an Ingress, so that there is a target group; and another Service in a namespace of
/// people.
const APP: &str = "
service shop/s: {ports: [80:8080]}
ingress shop/web: {rules: [any Prefix / s:80]}
service team/s: {ports: ['80:8080@31007']}
endpoints team/s: {at: [172.31.0.1, 172.31.0.2]}
node n1: true
";

/// A target group of nobody's, of the Ingress's kind.
async fn stands(name: &str) -> (Site, Controller<Fake>, AwsId) {
    let site = Site::new(APP);
    let controller = site.settle().await;
    let id = AwsId::new(format!("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/{name}/1"));
    site.aws.change(|state| {
        let mut group = state.target_groups.values().next().unwrap().clone();
        group.spec.name = Some(name.into());
        group.spec.tags.clear();
        state.target_groups.insert(id.clone(), group);
    });
    (site, controller, id)
}

fn bind(site: &Site, spec: &str) {
    bind_anew(site, "", spec);
}

/// The same, where the API server says which of its specs it is.
fn bind_anew(site: &Site, generation: &str, spec: &str) {
    site.cluster.apply(&format!(
        "
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {{namespace: team, name: mine, uid: uid-mine{generation}}}
spec: {{serviceRef: {{name: s, port: 80}}, {spec}}}
"
    ));
}

fn mine() -> ObjectKey {
    key("team/mine")
}

fn seen(site: &Site) -> SeenBinding {
    site.cluster.objects.read().unwrap().bindings[&mine()].as_ref().clone()
}

fn registered(site: &Site, id: &AwsId) -> BTreeSet<String> {
    let state = site.aws.everything();
    let targets = state.target_groups[id].targets.iter();
    let standing = targets.filter(|(_, state)| **state != TargetState::Draining);
    standing.map(|(target, _)| target.to_string()).collect()
}

fn both() -> BTreeSet<String> {
    ["172.31.0.1:8080", "172.31.0.2:8080"].map(str::to_owned).into()
}

fn told(site: &Site, reason: &str) -> Vec<String> {
    let events = site.cluster.events().into_iter();
    let of_mine = events.filter(|event| event.object.key == mine() && event.reason == reason);
    of_mine.map(|event| event.message).collect()
}

#[test]
fn a_name_and_nothing_else_is_enough() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        bind(&site, "targetGroupName: by-hand");
        controller.settle_for(5).await;
        let spec = seen(&site).spec;
        assert_eq!(spec.target_group_arn.as_ref(), Some(&id));
        let filled =
            [spec.target_type, spec.ip_address_type, spec.vpc_id, spec.target_group_protocol];
        let filled = filled.map(|field| field.unwrap().to_string());
        assert_eq!(filled, ["ip", "ipv4", "vpc-fake", "HTTP"]);
        assert_eq!(registered(&site, &id), both());
    });
}

#[test]
fn the_status_says_what_is_carried_out_and_what_is_wrong_and_is_written_once() {
    wait(async {
        let (site, controller, _) = stands("by-hand").await;
        site.cluster.forget_calls();
        bind_anew(&site, ", generation: 1", "targetGroupName: another");
        controller.settle_for(120).await;
        let status = seen(&site).status;
        let ready = &status.conditions[0];
        assert_eq!((ready.kind.as_str(), ready.status.as_str()), ("Ready", "False"));
        assert_eq!(ready.reason, "NoTargetGroup");
        assert_eq!(site.cluster.shown(), 1, "{status:?}");
        bind_anew(&site, ", generation: 2", "targetGroupName: by-hand");
        controller.settle_for(120).await;
        let status = seen(&site).status;
        assert_eq!(status.observed_generation, Some(2));
        let ready = &status.conditions[0];
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("True", "Served"));
        let written = site.cluster.shown();
        site.cluster.add("endpoints team/s: {at: [172.31.0.1]}");
        controller.settle_for(120).await;
        assert_eq!(site.cluster.shown(), written, "an endpoint is no news of the binding");
    });
}

#[test]
fn where_nothing_is_wrong_the_status_shows_the_generation_alone() {
    wait(async {
        let (site, controller, _) = stands("by-hand").await;
        site.cluster.forget_calls();
        bind_anew(&site, ", generation: 7", "targetGroupName: by-hand");
        controller.settle_for(60).await;
        let expected = BindingStatus { observed_generation: Some(7), conditions: Vec::new() };
        assert_eq!((seen(&site).status, site.cluster.shown()), (expected, 1));
    });
}

#[test]
fn a_target_group_that_is_not_there_is_waited_for() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        let group = site.aws.change(|state| state.target_groups.remove(&id).unwrap());
        bind(&site, "targetGroupName: by-hand");
        controller.settle_for(20).await;
        assert_eq!(told(&site, "NoTargetGroup").len(), 1, "{:?}", site.cluster.events());
        site.aws.change(|state| state.target_groups.insert(id.clone(), group.clone()));
        controller.settle_for(60).await;
        assert_eq!(registered(&site, &id), both());
        // It goes, and one of its name comes back.
        site.aws.change(|state| state.target_groups.remove(&id));
        controller.runtime.mirror().forget();
        site.cluster.add("endpoints team/s: {at: [172.31.0.1]}");
        controller.settle_for(20).await;
        assert_eq!(told(&site, "NoTargetGroup").len(), 2);
        let next = AwsId::new("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/by-hand/2");
        site.aws.change(|state| state.target_groups.insert(next.clone(), group));
        controller.settle_for(120).await;
        let only: BTreeSet<String> = ["172.31.0.1:8080".to_owned()].into();
        assert_eq!(seen(&site).spec.target_group_arn.as_ref(), Some(&next));
        assert_eq!(registered(&site, &next), only);
    });
}

#[test]
fn what_contradicts_the_target_group_is_told_and_registers_nothing() {
    let wrong = [
        ("targetType: instance", "spec.targetType: instance"),
        ("ipAddressType: ipv6", "spec.ipAddressType: ipv6"),
        ("vpcID: vpc-0123456789abcdef0", "spec.vpcID: vpc-0123456789abcdef0"),
        ("targetGroupProtocol: TCP", "spec.targetGroupProtocol: TCP"),
        ("targetType: ip, nodeSelector: {matchLabels: {a: b}}", "spec.nodeSelector: nodes"),
    ];
    for (spec, expected) in wrong {
        wait(async {
            let (site, controller, id) = stands("by-hand").await;
            bind(&site, &format!("targetGroupARN: '{id}', {spec}"));
            controller.settle_for(60).await;
            let told = told(&site, "InvalidBinding");
            assert!(matches!(&told[..], [one] if one.starts_with(expected)), "{spec}: {told:?}");
            assert_eq!(registered(&site, &id), BTreeSet::new(), "{spec}");
            assert!(seen(&site).finalizers.is_empty(), "{spec}");
        });
    }
}

#[test]
fn a_binding_that_was_looked_after_before_is_taken_as_it_is() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        site.cluster.apply(&format!(
            "
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {{namespace: team, name: mine, uid: uid-mine, finalizers: [elbv2.k8s.aws/resources]}}
spec: {{serviceRef: {{name: s, port: 80}}, targetGroupARN: '{id}', targetType: ip}}
"
        ));
        let before = seen(&site).spec;
        controller.settle_for(5).await;
        assert_eq!(seen(&site).spec, before, "nobody fills in what LBC left out");
        assert_eq!(registered(&site, &id), both());
    });
}

fn target(id: &str) -> Target {
    Target { id: id.into(), port: 8080, availability_zone: None }
}

fn note(site: &Site) -> Option<Vec<String>> {
    let notes = site.cluster.notes.lock().unwrap();
    notes.get(&mine()).map(|noted| noted.iter().map(ToString::to_string).collect())
}

#[test]
fn what_another_cluster_registers_in_a_shared_target_group_stays() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        let theirs = "172.31.9.9";
        site.aws.change(|state| {
            let group = state.target_groups.get_mut(&id).unwrap();
            group.targets.insert(target(theirs), TargetState::Healthy);
        });
        bind(&site, &format!("targetGroupARN: '{id}', multiClusterTargetGroup: true"));
        controller.settle_for(5).await;
        let their = format!("{theirs}:8080");
        let mut all = both();
        all.insert(their.clone());
        assert_eq!(registered(&site, &id), all);
        assert_eq!(note(&site).unwrap(), ["172.31.0.1:8080", "172.31.0.2:8080"]);
        // One of ours goes and another one comes.
        site.cluster.add("endpoints team/s: {at: [172.31.0.2, 172.31.0.3]}");
        controller.settle_for(60).await;
        let next = ["172.31.0.2:8080", "172.31.0.3:8080"];
        assert_eq!(note(&site).unwrap(), next);
        let mut all: BTreeSet<String> = next.map(str::to_owned).into();
        all.insert(their.clone());
        assert_eq!(registered(&site, &id), all);
        site.cluster.delete_binding(&mine());
        controller.settle_for(60).await;
        assert_eq!(registered(&site, &id), [their].into());
        assert_eq!(note(&site), None);
        assert!(!site.cluster.objects.read().unwrap().bindings.contains_key(&mine()));
    });
}

#[test]
fn what_a_note_of_lbcs_says_is_ours_to_take_away() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        site.aws.change(|state| {
            let group = state.target_groups.get_mut(&id).unwrap();
            for id in ["172.31.9.8", "172.31.9.9"] {
                group.targets.insert(target(id), TargetState::Healthy);
            }
        });
        let noted: BTreeSet<SmolStr> = ["172.31.9.8:8080".into()].into();
        site.cluster.notes.lock().unwrap().insert(mine(), noted);
        bind(&site, &format!("targetGroupARN: '{id}', multiClusterTargetGroup: true"));
        controller.settle_for(60).await;
        let mut all = both();
        all.insert("172.31.9.9:8080".to_owned());
        assert_eq!(registered(&site, &id), all);
    });
}

#[test]
fn an_ingress_may_share_its_target_groups() {
    wait(async {
        let site = Site::new(
            "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
ingress shop/web: {multi-cluster-target-group: 'true', rules: [any Prefix / s:80]}
",
        );
        site.settle().await;
        let objects = site.cluster.objects.read().unwrap();
        let (_, binding) = objects.bindings.iter().next().unwrap();
        assert_eq!(binding.spec.multi_cluster_target_group, Some(true));
        assert_eq!(site.cluster.notes.lock().unwrap().len(), 1);
    });
}

#[test]
fn one_target_that_aws_does_not_take_holds_up_no_other() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        // No target can have such an address (AWS), and a pod of a broken network may.
        let many: Vec<String> = (1..100).map(|n| format!("172.31.1.{n}")).collect();
        let all = [&many[..], &["127.0.0.1".to_owned()]].concat();
        site.cluster.add(&format!("endpoints team/s: {{at: [{}]}}", all.join(", ")));
        bind(&site, &format!("targetGroupARN: '{id}'"));
        controller.settle_for(5).await;
        assert_eq!(registered(&site, &id).len(), many.len());
        let said = told(&site, "RefusedTargets");
        assert!(matches!(&said[..], [one] if one.contains("targets 127.0.0.1:8080")), "{said:?}");
        site.aws.forget_calls();
        controller.settle_for(600).await;
        let calls = site.aws.calls()["elbv2.RegisterTargets"];
        assert!((9..=11).contains(&calls), "asked again each minute: {calls}");
        assert_eq!(told(&site, "RefusedTargets").len(), 1);
        site.cluster.add(&format!("endpoints team/s: {{at: [{}]}}", many[1..].join(", ")));
        controller.settle_for(60).await;
        assert_eq!(registered(&site, &id).len(), many.len() - 1);
        assert!(!controller.runtime.world().lock().bindings.contains_key(&mine()));
    });
}

#[test]
fn a_refusal_that_is_about_no_target_is_told_and_tried_again() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        drop(controller);
        let fault =
            |nth| Fault { struck: Struck::Writes, nth, when: When::Before, kind: Kind::Refused };
        bind(&site, &format!("targetGroupARN: '{id}'"));
        let cloud = Faulty::new(site.aws.clone(), (1..=3).map(fault).collect());
        let controller = site.start_on(cloud);
        controller.settle_for(600).await;
        assert_eq!(registered(&site, &id), both());
        assert!(!told(&site, "RefusedTargets").is_empty());
    });
}

#[test]
fn a_target_group_that_may_not_be_looked_up_is_told_and_looked_up_again() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        site.aws.forbid(&["elbv2"]);
        bind(&site, "targetGroupName: by-hand");
        controller.settle_for(60).await;
        let said = told(&site, "NoTargetGroup");
        assert!(matches!(&said[..], [one] if one.contains("cannot be looked up")), "{said:?}");
        site.aws.forbid(&[]);
        controller.settle_for(600).await;
        assert_eq!(registered(&site, &id), both());
    });
}

/// The role of another account that lets us in, and what it wants to hear.
const ROLE: &str = "arn:aws:iam::999999999999:role/elbv2.k8s.aws/targets";
const EXTERNAL_ID: &str = "team-7";

/// A target group of another account.
async fn stands_elsewhere() -> (Site, Controller<Fake>, AwsId) {
    let (site, controller, id) = stands("by-hand").await;
    let place = "arn:aws:elasticloadbalancing:us-east-1";
    let other = AwsId::new(format!("{place}:{OTHER_ACCOUNT}:targetgroup/by-hand/1"));
    site.aws.change(|state| {
        let group = state.target_groups.remove(&id).unwrap();
        state.target_groups.insert(other.clone(), group);
    });
    (site, controller, other)
}

#[test]
fn a_target_group_of_another_account_is_looked_after_by_its_role() {
    wait(async {
        let (site, controller, id) = stands_elsewhere().await;
        site.aws.trust(ROLE, EXTERNAL_ID);
        let role = format!("iamRoleArnToAssume: '{ROLE}', assumeRoleExternalId: {EXTERNAL_ID}");
        bind(&site, &format!("targetGroupARN: '{id}', targetType: ip, {role}"));
        controller.settle_for(30).await;
        assert_eq!(registered(&site, &id), both());
        assert_eq!(site.aws.sessions(), [(ROLE.to_owned(), "AWS-LBC-demo".to_owned())]);
        site.cluster.add("endpoints team/s: {at: [172.31.0.1]}");
        controller.settle_for(30).await;
        assert_eq!(registered(&site, &id), ["172.31.0.1:8080".to_owned()].into());
        site.cluster.delete_binding(&mine());
        controller.settle_for(30).await;
        assert_eq!(registered(&site, &id), BTreeSet::new());
        assert!(!site.cluster.objects.read().unwrap().bindings.contains_key(&mine()));
    });
}

#[test]
fn a_role_that_lets_nobody_in_is_told_and_tried_again() {
    wait(async {
        let (site, controller, id) = stands_elsewhere().await;
        let role = format!("iamRoleArnToAssume: '{ROLE}', assumeRoleExternalId: {EXTERNAL_ID}");
        bind(&site, &format!("targetGroupARN: '{id}', targetType: ip, {role}"));
        controller.settle_for(60).await;
        let said = told(&site, "NoTargetGroup");
        assert_eq!(said.len(), 1, "{:?}", site.cluster.events());
        assert!(said[0].contains(ROLE), "{said:?}");
        site.aws.trust(ROLE, EXTERNAL_ID);
        controller.settle_for(600).await;
        assert_eq!(registered(&site, &id), both());
    });
}

#[test]
fn whoever_names_no_role_gets_at_no_other_account() {
    wait(async {
        let (site, controller, id) = stands_elsewhere().await;
        site.aws.trust(ROLE, EXTERNAL_ID);
        bind(&site, &format!("targetGroupARN: '{id}', targetType: ip"));
        controller.settle_for(60).await;
        assert_eq!(registered(&site, &id), BTreeSet::new());
        assert_eq!(site.aws.sessions(), []);
        let role = format!("iamRoleArnToAssume: '{ROLE}', assumeRoleExternalId: {EXTERNAL_ID}");
        bind(&site, &format!("targetGroupARN: '{id}', targetType: instance, {role}"));
        controller.settle_for(60).await;
        assert_eq!(registered(&site, &id), BTreeSet::new());
    });
}

#[test]
fn nobody_keeps_a_role_from_its_target_group_by_naming_that_before() {
    wait(async {
        let (site, controller, id) = stands_elsewhere().await;
        site.aws.trust(ROLE, EXTERNAL_ID);
        site.cluster.apply(&format!(
            "
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {{namespace: shop, name: before, uid: uid-before}}
spec: {{serviceRef: {{name: s, port: 80}}, targetGroupARN: '{id}', targetType: ip}}
"
        ));
        controller.settle_for(60).await;
        let role = format!("iamRoleArnToAssume: '{ROLE}', assumeRoleExternalId: {EXTERNAL_ID}");
        bind(&site, &format!("targetGroupARN: '{id}', targetType: ip, {role}"));
        controller.settle_for(60).await;
        assert_eq!(registered(&site, &id), both());
    });
}

#[test]
fn no_role_gets_around_the_tags_of_our_own_target_groups() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        site.aws.trust(ROLE, EXTERNAL_ID);
        site.aws.change(|state| {
            let tags = &mut state.target_groups.get_mut(&id).unwrap().spec.tags;
            tags.insert("elbv2.k8s.aws/cluster".into(), "another".into());
        });
        let role = format!("iamRoleArnToAssume: '{ROLE}', assumeRoleExternalId: {EXTERNAL_ID}");
        bind(&site, &format!("targetGroupARN: '{id}', targetType: ip, {role}"));
        controller.settle_for(60).await;
        assert_eq!(registered(&site, &id), BTreeSet::new());
        assert_eq!(told(&site, "ForeignTargetGroup").len(), 1);
        assert_eq!(site.aws.sessions(), []);
    });
}
