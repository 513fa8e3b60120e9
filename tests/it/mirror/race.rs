//! Reads and writes at the same time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use albedo::aws::{BalancerScope, Cloud, Ec2Part, ElbPart, Kind, Mirror, Part, Reach};
use albedo::clock::Clock;
use albedo::model::inventory::BalancerInventory;
use futures::FutureExt;

use super::super::contract::suite::{CLUSTER, Seen, Stopped, compare, seen, wishes};
use super::super::support::fake::{Fake, Fault, Faulty, Held, Struck, When};
use super::{Hands, after, doubt, mirror, read_anew, story};

/// Begins to look, until the first answer is held back.
async fn begin_to_look<C: Cloud>(
    held: &Held<Fake>,
    mirror: &Mirror<C, Stopped>,
) -> tokio::task::JoinHandle<Seen> {
    held.hold_reads();
    let mirror = mirror.clone();
    #[expect(clippy::disallowed_methods, reason = "the test awaits it")]
    let looking = tokio::spawn(async move { seen(&mirror).await });
    while held.waiting() == 0 && !looking.is_finished() {
        tokio::task::yield_now().await;
    }
    looking
}

#[tokio::test]
async fn a_read_never_hides_a_write_made_since_it_began() {
    let story = story().await;
    for begun in 0..story.len() {
        for ended in (begun + 1..=story.len()).step_by(3) {
            let fake = after(&story[..begun]).await;
            let held = Held::new(fake.clone());
            let mirror = mirror(held.clone());
            let looking = begin_to_look(&held, &mirror).await;
            for action in &story[begun..ended] {
                mirror.perform(action).await.unwrap();
            }
            held.release();
            compare(looking.await.unwrap(), read_anew(&fake).await);
            compare(seen(&mirror).await, read_anew(&fake).await);
        }
    }
}

#[tokio::test]
async fn a_read_of_a_group_never_hides_a_write_made_since_it_began() {
    let story = story().await;
    let group = wishes::group();
    for begun in 0..story.len() {
        for ended in (begun + 1..=story.len()).step_by(3) {
            let fake = after(&story[..begun]).await;
            let held = Held::new(fake.clone());
            let mirror = mirror(held.clone());
            seen(&mirror).await;
            doubt(&mirror, &fake.everything(), &group);
            let looking = begin_to_look(&held, &mirror).await;
            for action in &story[begun..ended] {
                mirror.perform(action).await.unwrap();
            }
            held.release();
            // This look may have ended before the writes, where nothing hung on the group yet.
            looking.await.unwrap();
            compare(seen(&mirror).await, read_anew(&fake).await);
        }
    }
}

#[tokio::test]
async fn a_read_never_hides_a_write_whose_answer_was_lost_since_it_began() {
    let story = story().await;
    for (index, action) in story.iter().enumerate() {
        let fake = after(&story[..index]).await;
        let held = Held::new(fake.clone());
        let fault =
            Fault { struck: Struck::Writes, nth: 1, when: When::After, kind: Kind::Transient };
        let mirror = mirror(Faulty::new(held.clone(), vec![fault]));
        let looking = begin_to_look(&held, &mirror).await;
        mirror.perform(action).await.unwrap_err();
        held.release();
        // Whoever asked before the write may see what was there then; whoever asks now may not.
        let (before, after) = tokio::join!(looking, seen(&mirror));
        before.unwrap();
        compare(after, read_anew(&fake).await);
    }
}

#[tokio::test]
async fn what_was_forgotten_while_it_was_read_is_read_again() {
    let story = story().await;
    for (index, action) in story.iter().enumerate() {
        let fake = after(&story[..index]).await;
        let held = Held::new(fake.clone());
        let mirror = mirror(held.clone());
        let looking = begin_to_look(&held, &mirror).await;
        fake.meddle(action).unwrap();
        mirror.forget();
        held.release();
        compare(looking.await.unwrap(), read_anew(&fake).await);
    }
}

#[tokio::test]
async fn a_look_that_is_given_up_leaves_no_trace() {
    let fake = after(&story().await[..12]).await;
    let held = Held::new(fake.clone());
    let mirror = mirror(held.clone());
    held.hold_reads();
    assert!(seen(&mirror).now_or_never().is_none());
    held.release();
    compare(seen(&mirror).await, read_anew(&fake).await);
}

/// What one of many does at once with the others, over and over.
async fn bustle(fake: Fake, mirror: Mirror<Fake, Hands>, who: usize, is_over: Arc<AtomicBool>) {
    let (group, scope) = (wishes::group(), BalancerScope::default());
    for turn in who.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let balancer = mirror.balancer(CLUSTER, &group, &scope);
        let outcome = match turn % 7 {
            0 => balancer.await.map(drop),
            1 => mirror.fabric(CLUSTER, &BTreeSet::new()).await.map(drop),
            // Gives up what has only begun.
            2 => balancer
                .now_or_never()
                .unwrap_or_else(|| Ok(BalancerInventory::default()))
                .map(drop),
            3 => {
                mirror.refresh(&Part::Elb(ElbPart::LoadBalancers), Duration::ZERO);
                mirror.surroundings(Reach::Groups, Duration::MAX).await.map(drop)
            }
            4 => {
                mirror.forget_part(&Part::Elb(ElbPart::LoadBalancers));
                balancer.await.map(drop)
            }
            5 => {
                doubt(&mirror, &fake.everything(), &group);
                balancer.await.map(drop)
            }
            _ => {
                for part in [
                    Part::Elb(ElbPart::LoadBalancers),
                    Part::Elb(ElbPart::TargetGroups),
                    Part::Ec2(Ec2Part::SecurityGroups),
                ] {
                    mirror.forget_part(&part);
                }
                Ok(())
            }
        };
        assert_eq!(outcome.err(), None);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_look_doubt_and_give_up_at_once_neither_block_nor_mislead_each_other() {
    let story = story().await;
    for _ in 0..5 {
        let fake = after(&[]).await;
        let clock = Hands::default();
        let mirror = Mirror::new(fake.clone(), clock.clone());
        let is_over = Arc::new(AtomicBool::new(false));
        let others = (0..7).map(|who| {
            let work = bustle(fake.clone(), mirror.clone(), who, Arc::clone(&is_over));
            Hands::default().spawn(work)
        });
        let others: Vec<_> = others.collect();
        for action in &story {
            mirror.perform(action).await.unwrap();
            clock.turn(1);
            tokio::task::yield_now().await;
        }
        is_over.store(true, Ordering::Relaxed);
        // Who has seen the same in doubt again and again waits for a moment.
        while others.iter().any(|other| !other.is_finished()) {
            clock.turn(1);
            tokio::task::yield_now().await;
        }
        for other in others {
            other.await.unwrap();
        }
        compare(seen(&mirror).await, read_anew(&fake).await);
    }
}
