//! What is believed after something went wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use albedo::aws::{Answer, BalancerScope, Cloud, CloudError, ElbPart, Kind, Mirror, Part, Reading};
use albedo::clock::Clock as _;
use albedo::model::action::{AwsAction, Ec2Action, ElbAction};
use albedo::model::id::Id;
use albedo::model::moment::Moment;
use albedo::model::role::Role;
use albedo::model::security::Peer;
use futures::FutureExt;
use tokio::task::yield_now;

use super::super::contract::site;
use super::super::contract::suite::{CLUSTER, Seen, compare, seen, wishes};
use super::super::support::fake::{Fake, Fault, Faulty, Held, Struck, When};
use super::{Hands, after, doubt, furnish, mirror, read_anew, story};

/// Seconds after which a read that failed once, at once, is tried again.
const PAUSE: u64 = 3;

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_looked_for() {
    let story = story().await;
    for (index, action) in story.iter().enumerate() {
        for (when, kind) in [
            (When::Before, Kind::Throttled),
            (When::Before, Kind::Transient),
            (When::After, Kind::Transient),
        ] {
            let fake = after(&story[..index]).await;
            let fault = Fault { struck: Struck::Writes, nth: 1, when, kind };
            let mirror = mirror(Faulty::new(fake.clone(), vec![fault]));
            seen(&mirror).await;
            assert_eq!(mirror.perform(action).await.unwrap_err().kind, kind);
            compare(seen(&mirror).await, read_anew(&fake).await);
        }
    }
}

#[tokio::test]
async fn a_write_whose_answer_nobody_awaits_is_looked_for() {
    let story = story().await;
    for (index, action) in story.iter().enumerate() {
        let fake = after(&story[..index]).await;
        let held = Held::new(fake.clone());
        let mirror = mirror(held.clone());
        seen(&mirror).await;
        held.hold_writes();
        assert_eq!(mirror.perform(action).now_or_never(), None);
        compare(seen(&mirror).await, read_anew(&fake).await);
    }
}

#[tokio::test]
async fn a_throttled_write_puts_nothing_in_doubt() {
    let story = story().await;
    let fake = after(&story[..1]).await;
    let fault = Fault { struck: Struck::Writes, nth: 1, when: When::Before, kind: Kind::Throttled };
    let mirror = mirror(Faulty::new(fake.clone(), vec![fault]));
    seen(&mirror).await;
    fake.forget_calls();
    mirror.perform(&story[1]).await.unwrap_err();
    seen(&mirror).await;
    assert_eq!(fake.reads(), 0);
}

#[tokio::test]
async fn a_security_group_that_ec2_does_not_know_yet_is_not_looked_for() {
    let site = site().await;
    let clock = Hands::default();
    let mirror = Mirror::new(site.cloud.clone(), clock.clone());
    seen(&mirror).await;
    let made = mirror.perform(&wishes::security_group(&site, "new")).await.unwrap().unwrap();
    // As it looks where news of it has not come yet.
    let gone = Ec2Action::DeleteSecurityGroup { id: made.clone() };
    site.cloud.meddle(&AwsAction::Ec2(gone)).unwrap();
    let authorize = AwsAction::Ec2(Ec2Action::AuthorizeIngress {
        group: Id::Is(made),
        rules: BTreeSet::from([wishes::ingress(80, Peer::Cidr("10.0.0.0/8".to_owned()))]),
        description: String::new(),
    });
    let mut looks = Vec::new();
    for seconds in [59, 2] {
        clock.turn(seconds);
        site.cloud.forget_calls();
        let error = mirror.perform(&authorize).await.unwrap_err();
        mirror.fabric(CLUSTER, &BTreeSet::new()).await.unwrap();
        looks.push((error.kind, site.cloud.calls().get("ec2.DescribeSecurityGroups").copied()));
    }
    assert_eq!(looks, [(Kind::Transient, None), (Kind::NotFound, Some(1))]);
}

#[tokio::test]
async fn a_listener_that_elb_does_not_know_yet_is_not_looked_for() {
    let site = site().await;
    let clock = Hands::default();
    let mirror = Mirror::new(site.cloud.clone(), clock.clone());
    furnish(&site, &wishes::group(), 1).await;
    let scope = BalancerScope::default();
    mirror.balancer(CLUSTER, &wishes::group(), &scope).await.unwrap();
    let stands = site.cloud.everything();
    let balancer = stands.load_balancers.keys().next().unwrap();
    let listener = wishes::listener(balancer, 8080, wishes::http_spec());
    let made = mirror.perform(&listener).await.unwrap().unwrap();
    // As it looks where news of it has not come yet.
    site.cloud.meddle(&AwsAction::Elb(ElbAction::DeleteListener { id: made.clone() })).unwrap();
    let target_group = stands.target_groups.keys().next().unwrap();
    let spec = wishes::rule_spec("new.example.com", wishes::forward(target_group));
    let rule = wishes::rule(&made, 1, spec);
    let mut looks = Vec::new();
    for seconds in [59, 2] {
        clock.turn(seconds);
        site.cloud.forget_calls();
        let error = mirror.perform(&rule).await.unwrap_err();
        mirror.balancer(CLUSTER, &wishes::group(), &scope).await.unwrap();
        looks.push((error.kind, site.cloud.calls().get("elbv2.DescribeListeners").copied()));
    }
    assert_eq!(looks, [(Kind::Transient, None), (Kind::NotFound, Some(1))]);
}

#[tokio::test]
async fn a_read_that_fails_is_an_error_and_the_next_look_reads_again() {
    let fake = after(&story().await[..12]).await;
    let looks = Faulty::new(fake.clone(), Vec::new());
    seen(&mirror(looks.clone())).await;
    for nth in 1..=looks.calls() {
        let fault = Fault { struck: Struck::Any, nth, when: When::Before, kind: Kind::Transient };
        let clock = Hands::default();
        let mirror = Mirror::new(Faulty::new(fake.clone(), vec![fault]), clock.clone());
        let scope = BalancerScope::default();
        let outcomes = [
            mirror.balancer(CLUSTER, &wishes::group(), &scope).await.err(),
            mirror.fabric(CLUSTER, &BTreeSet::new()).await.err(),
        ];
        let kinds = outcomes.iter().flatten().map(|error: &CloudError| error.kind);
        assert!(kinds.into_iter().all(|kind| kind == Kind::Transient));
        clock.turn(PAUSE);
        compare(try_seen(&mirror, &clock).await, read_anew(&fake).await);
    }
}

/// Looks once more where the fault is still to come.
async fn try_seen(mirror: &Mirror<Faulty<Fake>, Hands>, clock: &Hands) -> Seen {
    let scope = BalancerScope {
        load_balancer_attributes: true,
        frontend_nlb_attributes: false,
        capacity: true,
        listener_attributes: BTreeSet::from([80, 443]),
        target_group_attributes: BTreeSet::from(["one".into()]),
    };
    let looked = mirror.balancer(CLUSTER, &wishes::group(), &scope).await;
    for found in looked.iter().flat_map(|inventory| inventory.target_groups.iter()) {
        // The fault may be the read of these.
        let _ = mirror.targets(&found.live.id).await;
    }
    clock.turn(PAUSE);
    seen(mirror).await
}

#[tokio::test]
async fn everything_is_read_again_once_it_is_forgotten() {
    let site = site().await;
    furnish(&site, &wishes::group(), 1).await;
    let mirror = mirror(site.cloud.clone());
    let before = seen(&mirror).await;
    let found = site.cloud.everything();
    let id = found.load_balancers.keys().next().unwrap();
    site.cloud.meddle(&AwsAction::Elb(ElbAction::DeleteLoadBalancer { id: id.clone() })).unwrap();
    assert_eq!(seen(&mirror).await, before, "it is believed to stand");
    mirror.forget();
    compare(seen(&mirror).await, read_anew(&site.cloud).await);
}

#[tokio::test]
async fn what_turns_out_to_be_gone_is_no_error() {
    let site = site().await;
    furnish(&site, &wishes::group(), 1).await;
    let mirror = mirror(site.cloud.clone());
    seen(&mirror).await;
    let everything = site.cloud.everything();
    for id in everything.load_balancers.keys() {
        site.cloud
            .meddle(&AwsAction::Elb(ElbAction::DeleteLoadBalancer { id: id.clone() }))
            .unwrap();
    }
    for id in everything.target_groups.keys() {
        site.cloud
            .meddle(&AwsAction::Elb(ElbAction::DeleteTargetGroup { id: id.clone() }))
            .unwrap();
        mirror.forget_part(&Part::Elb(ElbPart::Targets(id.clone())));
        let targets = mirror.targets(id).await.unwrap().targets;
        assert!(targets.is_read() && targets.value().is_none(), "{targets:?}");
    }
    // The load balancer is believed to stand, its listeners are not there.
    doubt(&mirror, &everything, &wishes::group());
    compare(seen(&mirror).await, read_anew(&site.cloud).await);
}

/// An AWS that goes on listing load balancers for a while after they went.
#[derive(Clone)]
struct Lingering {
    inner: Fake,
    clock: Hands,
    listed: Reading,
    until: Moment,
}

#[deny(clippy::missing_trait_methods)]
impl Cloud for Lingering {
    async fn read(&self, part: &Part) -> Result<Reading, CloudError> {
        let is_list = matches!(part, Part::Elb(ElbPart::LoadBalancers));
        if is_list && self.clock.moment() < self.until {
            return Ok(self.listed.clone());
        }
        self.inner.read(part).await
    }

    async fn turn(&self, action: &AwsAction) {
        self.inner.turn(action).await;
    }

    fn assume(&self, _: &Role, _: &str) -> Option<Self> {
        None
    }

    async fn perform(&self, action: &AwsAction) -> Result<Answer, CloudError> {
        self.inner.perform(action).await
    }
}

#[tokio::test]
async fn what_aws_still_lists_and_does_not_know_is_waited_for() {
    let site = site().await;
    let (fake, group, clock) = (&site.cloud, wishes::group(), Hands::default());
    furnish(&site, &group, 1).await;
    let listed = fake.read(&Part::Elb(ElbPart::LoadBalancers)).await.unwrap();
    let until = clock.moment().plus(Duration::from_secs(7));
    let lingering = Lingering { inner: fake.clone(), clock: clock.clone(), listed, until };
    let mirror = Mirror::new(lingering, clock.clone());
    let scope = BalancerScope::default();
    mirror.balancer(CLUSTER, &group, &scope).await.unwrap();
    let everything = fake.everything();
    for id in everything.load_balancers.keys().cloned() {
        fake.meddle(&AwsAction::Elb(ElbAction::DeleteLoadBalancer { id })).unwrap();
    }
    mirror.forget_part(&Part::Elb(ElbPart::LoadBalancers));
    doubt(&mirror, &everything, &group);
    let looking = clock.spawn(async move { mirror.balancer(CLUSTER, &group, &scope).await });
    fake.forget_calls();
    for _ in 0..20 {
        for _ in 0..100 {
            yield_now().await;
        }
        clock.turn(1);
    }
    let seen = looking.await.unwrap().unwrap();
    assert_eq!(seen.load_balancers.iter().count(), 0);
    assert!(fake.reads() < 20, "{:?}", fake.calls());
}
