//! What AWS does by itself, in its own time: load balancers come up, targets get well and drain.

use std::collections::BTreeSet;
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::model::flat::FlatMap;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::load_balancer::LoadBalancerState;
use albedo::model::snapshot::Objects;
use albedo::model::target::{Target, TargetState};
use albedo::model::target_group::TargetType;

use super::stage::Stage;
use crate::support::clock::VirtualClock;
use crate::support::fake::State;
use crate::support::site::Site;

/// How often something may happen.
const PACE: Duration = Duration::from_millis(700);

/// Runs for ever.
pub async fn run(site: Site, stage: Stage, clock: VirtualClock) {
    loop {
        clock.sleep(PACE).await;
        if !is_settled(&site) {
            let backed = backed(&site.cluster.objects.read().unwrap());
            site.aws.change(|state| move_on(state, &backed, &stage));
        }
    }
}

/// The node ports behind which there is somebody to answer.
fn backed(objects: &Objects) -> BTreeSet<u16> {
    let has_pods = |service: &ObjectKey| {
        let slices = objects.slices.get(service).into_iter().flat_map(FlatMap::values);
        let mut endpoints = slices.flat_map(|slice| &slice.endpoints);
        endpoints.any(|one| one.ready && !one.terminating && one.pod.is_some())
    };
    let alive = objects.services.iter().filter(|(key, _)| has_pods(key));
    alive.flat_map(|(_, service)| &service.ports).filter_map(|port| port.node_port).collect()
}

/// How a node's checks fare at last, at a port.
fn outlook(backed: &BTreeSet<u16>, target: &Target) -> TargetState {
    if backed.contains(&target.port) { TargetState::Healthy } else { TargetState::Unhealthy }
}

/// Whether nothing happens by itself any more.
pub fn is_settled(site: &Site) -> bool {
    let backed = backed(&site.cluster.objects.read().unwrap());
    site.aws.change(|state| {
        let state = &*state;
        let is_up = |state: LoadBalancerState| state != LoadBalancerState::Provisioning;
        let used = state.used();
        state.load_balancers.values().all(|found| is_up(found.state))
            && state.target_groups.iter().all(|(id, group)| {
                let is_of_nodes = group.spec.target_type == TargetType::Instance;
                group.targets.iter().all(|(target, state)| match state {
                    TargetState::Initial => !used.contains(id),
                    TargetState::Draining => false,
                    TargetState::Healthy | TargetState::Unhealthy if is_of_nodes => {
                        *state == outlook(&backed, target)
                    }
                    _ => true,
                })
            })
    })
}

fn move_on(state: &mut State, backed: &BTreeSet<u16>, stage: &Stage) {
    let used: BTreeSet<AwsId> = state.used().into_iter().cloned().collect();
    for found in state.load_balancers.values_mut() {
        if found.state == LoadBalancerState::Provisioning && stage.with_dice(|d| d.falls(60)) {
            found.state = LoadBalancerState::Active;
        }
    }
    for (id, group) in &mut state.target_groups {
        let is_used = used.contains(id);
        let is_of_nodes = group.spec.target_type == TargetType::Instance;
        for (target, state) in &mut group.targets {
            let outlook = if is_of_nodes { outlook(backed, target) } else { TargetState::Healthy };
            let is_checked = match state {
                TargetState::Initial => is_used,
                TargetState::Healthy | TargetState::Unhealthy => is_of_nodes,
                TargetState::Unused | TargetState::Draining | TargetState::Unavailable => false,
            };
            if is_checked && *state != outlook && stage.with_dice(|d| d.falls(150)) {
                *state = outlook;
            }
        }
        group.targets.retain(|_, target| {
            *target != TargetState::Draining || (is_used && !stage.with_dice(|d| d.falls(150)))
        });
    }
}
