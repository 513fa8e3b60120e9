//! What the mirror asks of AWS, and what it does not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use albedo::aws::{BalancerScope, Cloud, Kind, Mirror, Reach};
use albedo::clock::Clock;
use albedo::model::action::{AwsAction, Ec2Action, ElbAction};
use albedo::model::group::Group;
use albedo::model::id::Handle;
use futures::future::{join_all, try_join_all};

use super::super::contract::site;
use super::super::contract::suite::{CLUSTER, Stopped, seen, wishes};
use super::super::support::fake::{Fault, Faulty, Held, Struck, When};
use super::{Hands, after, doubt, furnish, mirror, story};

fn groups(count: usize) -> Vec<Group> {
    (0..count).map(|n| Group::Explicit(format!("group-{n}").into())).collect()
}

async fn look_at_all<C: Cloud>(mirror: &Mirror<C, Stopped>, groups: &[Group]) {
    let scope = BalancerScope::default();
    try_join_all(groups.iter().map(|group| mirror.balancer(CLUSTER, group, &scope))).await.unwrap();
    mirror.fabric(CLUSTER, &BTreeSet::new()).await.unwrap();
}

fn count(calls: &BTreeMap<String, usize>, operation: &str) -> usize {
    calls.get(&format!("elbv2.{operation}")).copied().unwrap_or_default()
}

#[tokio::test]
async fn a_user_s_change_costs_its_writes_and_no_reads() {
    let story = story().await;
    let fake = after(&[]).await;
    let mirror = mirror(fake.clone());
    seen(&mirror).await;
    fake.forget_calls();
    for action in &story {
        mirror.perform(action).await.unwrap();
        seen(&mirror).await;
    }
    assert_eq!(fake.performed().len(), story.len());
    // Whoever asks for attributes of what nobody has given any has them read, once.
    let has_attributes = |action: &&AwsAction| {
        let AwsAction::Elb(action) = action else { return false };
        matches!(
            action,
            ElbAction::CreateLoadBalancer { .. }
                | ElbAction::CreateListener { .. }
                | ElbAction::CreateTargetGroup { .. }
        )
    };
    let made = story.iter().filter(has_attributes).count();
    let calls = fake.calls();
    let of_attributes = |call: &&String| call.contains(".Describe") && call.ends_with("Attributes");
    let read: usize = calls.keys().filter(of_attributes).filter_map(|call| calls.get(call)).sum();
    assert!(fake.reads() == read && read <= made, "{calls:?}");
}

#[tokio::test]
async fn a_fresh_cluster_of_many_groups_is_read_once_for_all() {
    let fake = site().await.cloud;
    fake.forget_calls();
    let mirror = mirror(fake.clone());
    look_at_all(&mirror, &groups(30)).await;
    assert_eq!(fake.reads(), 3, "{:?}", fake.calls());
    let looks = (0..30).map(|_| mirror.surroundings(Reach::Interfaces, Duration::from_secs(60)));
    try_join_all(looks).await.unwrap();
    // The VPC takes four calls, the interfaces one; the security groups are known.
    assert_eq!(fake.reads(), 3 + 5, "{:?}", fake.calls());
}

#[tokio::test]
async fn a_restart_reads_every_group_in_two_calls_and_all_tags_in_full_ones() {
    let site = site().await;
    let groups = groups(30);
    for group in &groups {
        furnish(&site, group, 10).await;
    }
    let fake = &site.cloud;
    fake.forget_calls();
    let held = Held::new(fake.clone());
    let mirror = mirror(held.clone());
    look_at_all(&mirror, &[Group::Explicit("nobody".into())]).await;
    // AWS takes its time to answer, and meanwhile everybody asks.
    held.hold_reads();
    let looking = Stopped.spawn({
        let (mirror, groups) = (mirror.clone(), groups.clone());
        async move { look_at_all(&mirror, &groups).await }
    });
    while held.waiting() < 16 {
        tokio::task::yield_now().await;
    }
    held.release();
    looking.await.unwrap();
    let calls = fake.calls();
    assert_eq!(count(&calls, "DescribeListeners"), 30);
    assert_eq!(count(&calls, "DescribeRules"), 30);
    // One for each 20 of the 330 listeners and rules, of the 30 load balancers and of the 300
    // target groups.
    assert_eq!(count(&calls, "DescribeTags"), 17 + 2 + 15);
    assert_eq!(fake.reads(), 30 + 30 + 34 + 3, "{calls:?}");
    fake.forget_calls();
    look_at_all(&mirror, &groups).await;
    assert_eq!(fake.reads(), 0);
    doubt(&mirror, &fake.everything(), &groups[7]);
    look_at_all(&mirror, &groups).await;
    assert_eq!(fake.reads(), 3, "{:?}", fake.calls());
}

#[tokio::test]
async fn tags_are_read_in_full_calls_also_for_a_few_who_look_at_one_group_after_the_other() {
    let site = site().await;
    let groups = groups(40);
    for group in &groups {
        furnish(&site, group, 3).await;
    }
    let fake = &site.cloud;
    let mirror = mirror(fake.clone());
    look_at_all(&mirror, &[Group::Explicit("nobody".into())]).await;
    fake.forget_calls();
    let mut in_order = groups.clone();
    in_order.sort();
    for group in &in_order {
        look_at_all(&mirror, std::slice::from_ref(group)).await;
    }
    let calls = fake.calls();
    assert_eq!(count(&calls, "DescribeListeners"), 40);
    assert_eq!(count(&calls, "DescribeRules"), 40);
    // 160 listeners and rules: at best eight calls, without reading ahead one for each group.
    assert!(count(&calls, "DescribeTags") <= 14, "{calls:?}");
}

#[tokio::test]
async fn tags_outlive_a_doubt_about_their_parts() {
    let site = site().await;
    furnish(&site, &wishes::group(), 3).await;
    let fake = &site.cloud;
    let fault = Fault { struck: Struck::Writes, nth: 1, when: When::Before, kind: Kind::Transient };
    let mirror = mirror(Faulty::new(fake.clone(), vec![fault]));
    let scope = BalancerScope::default();
    mirror.balancer(CLUSTER, &wishes::group(), &scope).await.unwrap();
    fake.forget_calls();
    let doubtful = wishes::target_group(wishes::target_group_spec(&site, "doubtful"));
    mirror.perform(&doubtful).await.unwrap_err();
    mirror.balancer(CLUSTER, &wishes::group(), &scope).await.unwrap();
    assert_eq!(fake.calls(), BTreeMap::from([("elbv2.DescribeTargetGroups".to_owned(), 1)]));
}

#[tokio::test]
async fn surroundings_are_as_new_as_asked_for() {
    let fake = site().await.cloud;
    let clock = Hands::default();
    let mirror = Mirror::new(fake.clone(), clock.clone());
    let minute = Duration::from_secs(60);
    let look = || mirror.surroundings(Reach::Interfaces, minute);
    let first = look().await.unwrap();
    assert_eq!(first.vpc.subnets.len(), 6);
    clock.turn(59);
    fake.forget_calls();
    let second = look().await.unwrap();
    assert!(Arc::ptr_eq(&first.vpc, &second.vpc), "what is known is shared");
    assert_eq!(fake.reads(), 0);
    clock.turn(2);
    let looks = join_all((0..5).map(|_| look())).await;
    assert!(looks.iter().all(Result::is_ok));
    assert_eq!(fake.reads(), 6, "{:?}", fake.calls());
    let handle = Handle::BackendSecurityGroup;
    let fresh = site().await;
    let AwsAction::Ec2(Ec2Action::CreateSecurityGroup { spec, .. }) =
        wishes::security_group(&fresh, "new")
    else {
        unreachable!()
    };
    let made = mirror
        .perform(&AwsAction::Ec2(Ec2Action::CreateSecurityGroup { handle, spec }))
        .await
        .unwrap();
    let third = look().await.unwrap();
    assert!(third.security_groups.get(&made.unwrap()).is_some());
    assert!(Arc::ptr_eq(&looks[0].as_ref().unwrap().vpc, &third.vpc), "it is another part");
    assert_eq!(fake.reads(), 6);
}
