//! The fake keeps the contract that AWS keeps.

use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::id::{AwsId, Id};
use albedo::model::load_balancer::LoadBalancerState;
use albedo::model::surroundings::{IssuedCertificate, Issuer};
use albedo::model::target::TargetState;
use jiff::Timestamp;
use suite::{Looks as _, Site, wishes};

use super::support::fake::Fake;

#[macro_use]
pub mod suite;

/// A fresh account.
pub async fn site() -> Site<Fake> {
    let cloud = Fake::new();
    let certificate =
        |name| AwsId::new(format!("arn:aws:acm:us-east-1:123456789012:certificate/{name}"));
    let certificates = [certificate("one"), certificate("two")];
    let names = ["contract.example.com", "*.contract.example.com"];
    let listed = certificates.clone().map(|id| IssuedCertificate {
        id,
        names: names.map(str::to_owned).into(),
        issuer: Issuer::Public,
        key_type: "EC_prime256v1".to_owned(),
        not_before: Some(Timestamp::MIN),
        not_after: Some(Timestamp::MAX),
        is_whole: true,
    });
    cloud.change(|state| listed.into_iter().for_each(|one| state.issue(one)));
    let vpc = cloud.vpc().await.unwrap();
    cloud.change(|state| state.add_zone("ZCONTRACT", "contract.example.com", false));
    let (zone, _) = cloud.zones().await.unwrap().remove(0);
    let web_acls = cloud.change(|state| {
        state.guards.is_subscribed = true;
        ["one", "two"].map(|name| state.guards.add_web_acl(name))
    });
    Site { cloud, vpc, certificates, zone, web_acls, activate: Fake::finish_provisioning }
}

contract_tests!(site);

#[tokio::test]
async fn the_fake_waits_for_a_word_where_aws_needs_a_moment() {
    let site = site().await;
    let (cloud, target) = (site.cloud.clone(), wishes::target(&site, 10, 8080));
    let group = wishes::target_group(wishes::target_group_spec(&site, "group"));
    let group = wishes::made(&site, group).await;
    let listener = wishes::standing_listener(&site, "user").await;
    let rule = wishes::rule_spec("a.example.com", wishes::forward(&group));
    wishes::made(&site, wishes::rule(&listener, 1, rule)).await;
    let targets = vec![target];
    let register = AwsAction::Elb(ElbAction::RegisterTargets {
        target_group: Id::Is(group.clone()),
        targets: targets.clone(),
    });
    wishes::done(&site, register).await;
    let state = async || {
        let targets = cloud.targets(&group).await.unwrap();
        targets.first().map(|live| live.state)
    };
    assert_eq!(state().await, Some(TargetState::Initial));
    cloud.set_health(TargetState::Healthy);
    assert_eq!(state().await, Some(TargetState::Healthy));
    let target_group = group.clone();
    wishes::done(&site, AwsAction::Elb(ElbAction::DeregisterTargets { target_group, targets }))
        .await;
    assert_eq!(state().await, Some(TargetState::Draining));
    cloud.finish_draining();
    assert_eq!(state().await, None);
    let state = async || cloud.load_balancers().await.unwrap().remove(0).state;
    assert_eq!(state().await, LoadBalancerState::Provisioning);
    cloud.finish_provisioning();
    assert_eq!(state().await, LoadBalancerState::Active);
}
