//! A port in front that leads to another port behind than before.

use albedo::model::action::{AwsAction, ElbAction};

use super::super::support::world::wait;
use super::{NLB, app, ports, settled};

/// What an action is to a port that moves.
fn step(action: &AwsAction) -> Option<&'static str> {
    let AwsAction::Elb(action) = action else { return None };
    match action {
        ElbAction::CreateListener { .. } => Some("listens"),
        ElbAction::RegisterLoadBalancer { .. } => Some("registered"),
        ElbAction::DeregisterTargets { .. } => Some("taken out"),
        ElbAction::ModifyListener { .. } => Some("led there"),
        ElbAction::DeleteTargetGroup { .. } => Some("target group gone"),
        ElbAction::DeleteListener { .. } => Some("port gone"),
        _ => None,
    }
}

#[test]
fn a_port_in_front_has_a_target_all_along_while_the_one_behind_moves() {
    wait(async {
        let leading_to = |port: u16| {
            let listens = format!("{NLB}, listen-ports: '[{{\"HTTP\": {port}}}]'");
            app(&format!("{listens}, frontend-nlb-listener-port-mapping: '80={port}'"))
        };
        let (site, controller) =
            settled(&format!("{NLB}, listen-ports: '[{{\"HTTP\": 80}}]'")).await;
        for (before, after) in [(80, 8080), (8080, 81)] {
            assert_eq!(ports(&site.aws.everything()), [format!("80 -> {before}")]);
            site.aws.forget_calls();
            controller.cluster.add(&leading_to(after));
            controller.settle().await;
            assert_eq!(ports(&site.aws.everything()), [format!("80 -> {after}")]);
            // The new target is there before anybody is led to it, and the old one goes with its
            // target group.
            let order: Vec<&str> = site.aws.performed().iter().filter_map(step).collect();
            let expected = ["listens", "registered", "led there", "target group gone", "port gone"];
            assert_eq!(order, expected);
            assert_eq!(site.refused(), 0, "{:?}", site.aws.calls());
        }
        // Another process has nothing to do.
        site.aws.forget_calls();
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
    });
}
