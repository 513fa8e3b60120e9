//! What AWS does by itself, in its own time: load balancers come up, targets get well and drain.

use std::collections::BTreeSet;
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::model::id::AwsId;
use albedo::model::load_balancer::LoadBalancerState;
use albedo::model::target::TargetState;

use super::stage::Stage;
use crate::support::clock::VirtualClock;
use crate::support::fake::{Fake, State};

/// How often something may happen.
const PACE: Duration = Duration::from_millis(700);

/// Runs for ever.
pub async fn run(aws: Fake, stage: Stage, clock: VirtualClock) {
    loop {
        clock.sleep(PACE).await;
        if !is_settled(&aws) {
            aws.change(|state| move_on(state, &stage));
        }
    }
}

/// Whether nothing happens by itself any more.
pub fn is_settled(aws: &Fake) -> bool {
    aws.change(|state| {
        let state = &*state;
        let is_up = |state: LoadBalancerState| state != LoadBalancerState::Provisioning;
        let used = state.used();
        state.load_balancers.values().all(|found| is_up(found.state))
            && state.target_groups.iter().all(|(id, group)| {
                group.targets.values().all(|state| match state {
                    TargetState::Initial => !used.contains(id),
                    TargetState::Draining => false,
                    _ => true,
                })
            })
    })
}

fn move_on(state: &mut State, stage: &Stage) {
    let used: BTreeSet<AwsId> = state.used().into_iter().cloned().collect();
    for found in state.load_balancers.values_mut() {
        if found.state == LoadBalancerState::Provisioning && stage.with_dice(|d| d.falls(60)) {
            found.state = LoadBalancerState::Active;
        }
    }
    for (id, group) in &mut state.target_groups {
        let is_used = used.contains(id);
        for target in group.targets.values_mut() {
            if *target == TargetState::Initial && is_used && stage.with_dice(|d| d.falls(150)) {
                *target = TargetState::Healthy;
            }
        }
        group.targets.retain(|_, target| {
            *target != TargetState::Draining || (is_used && !stage.with_dice(|d| d.falls(150)))
        });
    }
}
