//! Bindings of target groups that nobody finds, or may not look at.

use std::collections::BTreeSet;

use super::super::support::fake::OTHER_ACCOUNT;
use super::super::support::site::Site;
use super::super::support::world::wait;
use super::{
    EXTERNAL_ID, ROLE, bind, bind_anew, both, mine, registered, seen, stands, stands_elsewhere,
    told,
};

/// The finalizer of bindings.
const FINALIZER: &str = "elbv2.k8s.aws/resources";

fn is_there(site: &Site) -> bool {
    site.cluster.objects.read().unwrap().bindings.contains_key(&mine())
}

#[test]
fn whose_target_group_nobody_finds_is_claimed_at_once_and_let_go_when_it_leaves() {
    let place = "arn:aws:elasticloadbalancing:us-east-1";
    let theirs = format!("targetGroupARN: '{place}:{OTHER_ACCOUNT}:targetgroup/x/1'");
    let gone = format!("targetGroupARN: '{place}:1:targetgroup/gone/1'");
    let named = "targetGroupName: nowhere".to_owned();
    for spec in [named, format!("{theirs}, targetType: instance"), theirs, gone] {
        wait(async {
            let (site, controller, _) = stands("by-hand").await;
            bind(&site, &spec);
            controller.settle_for(20).await;
            assert_eq!(seen(&site).finalizers, [FINALIZER], "{spec}");
            // A new process has nothing to write.
            site.cluster.forget_calls();
            let again = site.start();
            again.settle_for(20).await;
            assert_eq!(site.cluster.performed(), [], "{spec}");
            site.cluster.delete_binding(&mine());
            again.settle_for(60).await;
            assert!(!is_there(&site), "{spec}");
        });
    }
}

#[test]
fn by_a_role_that_lets_nobody_in_nothing_is_claimed_and_nobody_let_in() {
    wait(async {
        let (site, controller, id) = stands_elsewhere().await;
        let rules = |site: &Site| {
            let state = site.aws.everything();
            let all = state.security_groups.values().map(|group| group.rules.len());
            all.sum::<usize>()
        };
        let before = rules(&site);
        let role = format!("iamRoleArnToAssume: '{ROLE}', assumeRoleExternalId: {EXTERNAL_ID}");
        let peer = "from: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 80, protocol: TCP}]";
        bind(
            &site,
            &format!("targetGroupARN: '{id}', {role}, networking: {{ingress: [{{{peer}}}]}}"),
        );
        controller.settle_for(60).await;
        assert_eq!(told(&site, "NoTargetGroup").len(), 1, "{:?}", site.cluster.events());
        // Whoever deletes it does not wait for that role.
        assert!(seen(&site).finalizers.is_empty());
        assert_eq!(rules(&site), before);
        site.aws.trust(ROLE, EXTERNAL_ID);
        controller.settle_for(600).await;
        assert_eq!(registered(&site, &id), both());
        assert_eq!(rules(&site), before + 1);
    });
}

#[test]
fn what_was_claimed_before_it_was_found_is_looked_at_once_it_is() {
    wait(async {
        let (site, controller, id) = stands("by-hand").await;
        let group = site.aws.change(|state| state.target_groups.remove(&id).unwrap());
        bind_anew(
            &site,
            ", generation: 1",
            &format!("targetGroupARN: '{id}', targetType: instance"),
        );
        controller.settle_for(20).await;
        assert_eq!(seen(&site).finalizers, [FINALIZER]);
        site.aws.change(|state| state.target_groups.insert(id.clone(), group));
        controller.settle_for(120).await;
        let said = told(&site, "InvalidBinding");
        assert!(matches!(&said[..], [one] if one.contains("spec.targetType")), "{said:?}");
        assert_eq!(registered(&site, &id), BTreeSet::new());
    });
}
