//! What is told while a part of AWS cannot be read, is slow, or changes without end.

use std::sync::Arc;
use std::time::Duration;

use albedo::aws::{
    BalancerScope, Ec2Part, ElbPart, Kind, Limits, Mirror, Part, Reach, Tally, Turns,
};
use albedo::clock::Clock;
use albedo::model::action::{AwsAction, ElbAction};
use albedo::model::id::Id;
use albedo::model::target::TargetState;
use futures::FutureExt;
use futures::future::join_all;
use tokio::task::yield_now;

use super::super::contract::site;
use super::super::contract::suite::{CLUSTER, Looks as _, wishes};
use super::super::support::fake::{Fake, Fault, Faulty, Held, Struck, When};
use super::{Hands, doubt, furnish};

const HOUR: Duration = Duration::from_secs(3600);

fn count(fake: &Fake, operation: &str) -> usize {
    fake.calls().get(operation).copied().unwrap_or_default()
}

/// Gives everybody a chance to go on who can.
async fn breathe() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test]
async fn who_needs_the_vpc_alone_does_not_notice_that_interfaces_and_groups_cannot_be_read() {
    let fake = site().await.cloud;
    fake.take_down("ec2.DescribeNetworkInterfaces");
    fake.take_down("ec2.DescribeSecurityGroups");
    let mirror = Mirror::new(fake.clone(), Hands::default());
    fake.forget_calls();
    let seen = mirror.surroundings(Reach::Vpc, HOUR).await.unwrap();
    assert!(!seen.vpc.cidrs.is_empty());
    assert_eq!(fake.reads(), 4, "{:?}", fake.calls());
    assert!(mirror.surroundings(Reach::Groups, HOUR).await.is_err());
    // Whatever becomes of the others, the VPC goes on being shared.
    mirror.forget_part(&Part::Ec2(Ec2Part::SecurityGroups));
    mirror.forget_part(&Part::Ec2(Ec2Part::Interfaces));
    fake.mend();
    let again = mirror.surroundings(Reach::Vpc, HOUR).await.unwrap();
    assert!(Arc::ptr_eq(&seen.vpc, &again.vpc));
    fake.forget_calls();
    mirror.surroundings(Reach::Nothing, Duration::ZERO).await.unwrap();
    assert_eq!(fake.reads(), 0);
}

#[tokio::test]
async fn what_cannot_be_read_anew_is_told_as_it_was() {
    let fake = site().await.cloud;
    let clock = Hands::default();
    let mirror = Mirror::new(fake.clone(), clock.clone());
    let before = mirror.surroundings(Reach::Interfaces, HOUR).await.unwrap();
    let zones = mirror.zones(HOUR).await.unwrap();
    fake.take_down("ec2.");
    fake.take_down("route53.");
    clock.turn(4000);
    fake.forget_calls();
    for _ in 0..50 {
        let seen = mirror.surroundings(Reach::Interfaces, HOUR).await.unwrap();
        assert!(Arc::ptr_eq(&before.vpc, &seen.vpc));
        assert!(Arc::ptr_eq(&zones, &mirror.zones(HOUR).await.unwrap()));
    }
    assert_eq!(mirror.stale_parts(), 4);
    assert_eq!(fake.reads(), 4, "each is tried once: {:?}", fake.calls());
    fake.mend();
    clock.turn(3);
    let seen = mirror.surroundings(Reach::Interfaces, HOUR).await.unwrap();
    mirror.zones(HOUR).await.unwrap();
    assert!(!Arc::ptr_eq(&before.vpc, &seen.vpc));
    assert_eq!(mirror.stale_parts(), 0);
}

#[tokio::test]
async fn what_was_never_read_is_an_error_that_costs_one_call_for_all() {
    let fake = site().await.cloud;
    let clock = Hands::default();
    let mirror = Mirror::new(fake.clone(), clock.clone());
    fake.take_down("route53.ListHostedZones");
    fake.forget_calls();
    for _ in 0..100 {
        let error = mirror.zones(HOUR).await.unwrap_err();
        assert_eq!(
            (error.kind, error.operation.as_str()),
            (Kind::Transient, "route53.ListHostedZones")
        );
    }
    assert_eq!(count(&fake, "route53.ListHostedZones"), 1);
    clock.turn(2);
    mirror.zones(HOUR).await.unwrap_err();
    clock.turn(2);
    mirror.zones(HOUR).await.unwrap_err();
    assert_eq!(count(&fake, "route53.ListHostedZones"), 2, "longer each time");
    clock.turn(2);
    fake.mend();
    mirror.zones(HOUR).await.unwrap();
    // A new tenure has no patience with what the one before it met.
    fake.take_down("route53.");
    mirror.forget();
    mirror.zones(HOUR).await.unwrap_err();
    fake.mend();
    mirror.forget();
    mirror.zones(HOUR).await.unwrap();
}

#[tokio::test]
async fn who_cannot_have_all_begins_to_read_nothing() {
    let fake = site().await.cloud;
    fake.take_down("ec2.DescribeSecurityGroups");
    let mirror = Mirror::new(fake.clone(), Hands::default());
    mirror.surroundings(Reach::Groups, HOUR).await.unwrap_err();
    mirror.forget_part(&Part::Ec2(Ec2Part::Vpc));
    fake.forget_calls();
    let error = mirror.surroundings(Reach::Groups, HOUR).await.unwrap_err();
    assert_eq!(error.operation, "ec2.DescribeSecurityGroups");
    assert_eq!(fake.reads(), 0);
}

#[tokio::test]
async fn a_slow_service_is_waited_for_once_and_not_for_long() {
    let fake = site().await.cloud;
    let held = Held::new(fake.clone());
    let clock = Hands::default();
    let mirror = Mirror::new(held.clone(), clock.clone());
    let before = mirror.surroundings(Reach::Vpc, HOUR).await.unwrap();
    clock.turn(4000);
    held.hold_reads();
    let look = || mirror.surroundings(Reach::Vpc, HOUR);
    let looking = clock.spawn({
        let mirror = mirror.clone();
        async move { mirror.surroundings(Reach::Vpc, HOUR).await }
    });
    breathe().await;
    assert!(!looking.is_finished(), "AWS may still answer in time");
    clock.turn(2);
    let seen = looking.await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&before.vpc, &seen.vpc));
    let seen = look().now_or_never().expect("others do not wait again").unwrap();
    assert!(Arc::ptr_eq(&before.vpc, &seen.vpc));
    assert_eq!(mirror.stale_parts(), 1);
    held.release();
    breathe().await;
    let seen = look().now_or_never().expect("the answer came, and nobody waited for it").unwrap();
    assert!(!Arc::ptr_eq(&before.vpc, &seen.vpc));
    assert_eq!(mirror.stale_parts(), 0);
}

#[tokio::test]
async fn a_thousand_who_ask_for_a_fresh_look_get_one() {
    let fake = site().await.cloud;
    let clock = Hands::default();
    let mirror = Mirror::new(fake.clone(), clock.clone());
    let half_a_minute = Duration::from_secs(30);
    let look = || mirror.surroundings(Reach::Vpc, HOUR);
    look().await.unwrap();
    fake.forget_calls();
    mirror.refresh(&Part::Ec2(Ec2Part::Vpc), half_a_minute);
    look().await.unwrap();
    assert_eq!(fake.reads(), 0, "it was read just now");
    clock.turn(31);
    let looks = (0..1000).map(|_| async {
        mirror.refresh(&Part::Ec2(Ec2Part::Vpc), half_a_minute);
        look().await
    });
    assert!(join_all(looks).await.iter().all(Result::is_ok));
    assert_eq!(fake.reads(), 4, "{:?}", fake.calls());
    // Who asks while an older read is under way gets one that began after he asked.
    let held = Held::new(fake.clone());
    let mirror = Mirror::new(held.clone(), clock.clone());
    held.hold_reads();
    let looking = clock.spawn({
        let mirror = mirror.clone();
        async move { mirror.surroundings(Reach::Vpc, HOUR).await }
    });
    breathe().await;
    fake.change(|state| state.vpc.cidrs.push("10.9.0.0/16".to_owned()));
    clock.turn(1);
    mirror.refresh(&Part::Ec2(Ec2Part::Vpc), Duration::from_secs(1));
    held.release();
    let (_, seen) = tokio::join!(looking, mirror.surroundings(Reach::Vpc, HOUR));
    assert!(seen.unwrap().vpc.cidrs.contains(&"10.9.0.0/16".to_owned()));
}

#[tokio::test]
async fn nobody_starves_while_others_go_on_doubting() {
    let site = site().await;
    furnish(&site, &wishes::group(), 2).await;
    let fake = &site.cloud;
    let held = Held::new(fake.clone());
    let mirror = Mirror::new(held.clone(), Hands::default());
    let (group, scope) = (wishes::group(), BalancerScope::default());
    let looking = Hands::default().spawn({
        let (mirror, group, scope) = (mirror.clone(), group.clone(), scope.clone());
        async move { mirror.balancer(CLUSTER, &group, &scope).await }
    });
    fake.forget_calls();
    // Before each answer comes, somebody puts in doubt all that is being read.
    let mut rounds = 0;
    while !looking.is_finished() {
        held.hold_reads();
        breathe().await;
        for part in [
            Part::Elb(ElbPart::LoadBalancers),
            Part::Elb(ElbPart::TargetGroups),
            Part::Ec2(Ec2Part::SecurityGroups),
        ] {
            mirror.forget_part(&part);
        }
        doubt(&mirror, &fake.everything(), &group);
        held.release();
        breathe().await;
        rounds += 1;
        assert!(rounds < 100, "it never comes to an end");
    }
    let seen = looking.await.unwrap().unwrap();
    assert_eq!(seen.load_balancers.iter().count(), 1);
    assert!(fake.reads() < 20, "{:?}", fake.calls());
    // Whoever asks now is told nothing of what was read before the doubt.
    fake.forget_calls();
    mirror.balancer(CLUSTER, &group, &scope).await.unwrap();
    assert_eq!(count(fake, "elbv2.DescribeLoadBalancers"), 1);
}

#[tokio::test]
async fn tags_in_doubt_are_read_again_whatever_was_under_way() {
    let site = site().await;
    furnish(&site, &wishes::group(), 1).await;
    let fake = &site.cloud;
    let held = Held::new(fake.clone());
    let fault = Fault { struck: Struck::Writes, nth: 1, when: When::After, kind: Kind::Transient };
    let mirror = Mirror::new(Faulty::new(held.clone(), vec![fault]), Hands::default());
    let (group, scope) = (wishes::group(), BalancerScope::default());
    let look = || mirror.balancer(CLUSTER, &group, &scope);
    let id = look().await.unwrap().load_balancers.iter().next().unwrap().live.id.clone();
    mirror.refresh(&Part::Elb(ElbPart::LoadBalancers), Duration::ZERO);
    held.hold_reads();
    let looking = Hands::default().spawn({
        let (mirror, group, scope) = (mirror.clone(), group.clone(), scope.clone());
        async move { mirror.balancer(CLUSTER, &group, &scope).await }
    });
    breathe().await;
    let tags = wishes::tags([("a", "1")]);
    mirror.perform(&AwsAction::Elb(ElbAction::AddTags { id, tags })).await.unwrap_err();
    held.release();
    looking.await.unwrap().unwrap();
    let seen = look().await.unwrap();
    let tags = &seen.load_balancers.iter().next().unwrap().live.spec.tags;
    assert_eq!(tags.get("a"), Some(&"1".into()));
}

#[tokio::test]
async fn targets_that_have_drained_are_forgotten() {
    let site = site().await;
    let clock = Hands::default();
    let mirror = Mirror::new(site.cloud.clone(), clock.clone());
    let scope = BalancerScope::default();
    mirror.balancer(CLUSTER, &wishes::group(), &scope).await.unwrap();
    let spec = wishes::target_group_spec(&site, "one");
    let id = mirror.perform(&wishes::target_group(spec)).await.unwrap().unwrap();
    let attributes = wishes::tags([("deregistration_delay.timeout_seconds", "30")]);
    let target_group = Id::Is(id.clone());
    let action =
        AwsAction::Elb(ElbAction::ModifyTargetGroupAttributes { target_group, attributes });
    mirror.perform(&action).await.unwrap();
    let targets = vec![wishes::target(&site, 10, 80), wishes::target(&site, 11, 80)];
    let target_group = Id::Is(id.clone());
    let gone = targets[..1].to_vec();
    mirror
        .perform(&AwsAction::Elb(ElbAction::RegisterTargets { target_group, targets }))
        .await
        .unwrap();
    let action =
        AwsAction::Elb(ElbAction::DeregisterTargets { target_group: id.clone(), targets: gone });
    mirror.perform(&action).await.unwrap();
    let states = async || {
        let seen = mirror.targets(&id).await.unwrap();
        seen.targets.iter().map(|live| live.state).collect::<Vec<_>>()
    };
    clock.turn(29);
    assert_eq!(states().await, [TargetState::Draining, TargetState::Initial]);
    clock.turn(1);
    assert_eq!(states().await, [TargetState::Initial]);
}

#[tokio::test]
async fn each_request_takes_its_turn_and_a_write_takes_it_beforehand() {
    let site = site().await;
    let fake = &site.cloud;
    let clock = Hands::default();
    let limits: Limits = "EC2:^Describe.*=1:2,EC2:^Create.*=1:1".parse().unwrap();
    fake.pace_by(Turns::new(&limits, &clock, &Tally::default()));
    fake.forget_calls();
    let looking = clock.spawn({
        let fake = fake.clone();
        async move { fake.vpc().await }
    });
    for expected in [2, 3, 4] {
        breathe().await;
        assert_eq!(fake.reads(), expected);
        clock.turn(1);
    }
    looking.await.unwrap().unwrap();
    let mirror = Mirror::new(fake.clone(), clock.clone());
    let action = |name: &str| wishes::security_group(&site, name);
    mirror.turn(&action("one")).await;
    assert!(mirror.turn(&action("two")).now_or_never().is_none(), "not yet");
    // Whoever has waited writes at once.
    mirror.perform(&action("one")).now_or_never().unwrap().unwrap();
    mirror.perform(&action("two")).now_or_never().unwrap().unwrap();
}
