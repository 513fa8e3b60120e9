//! A load balancer is replaced beside somebody of whom nothing is known.

use albedo::model::target::TargetState;

use super::{edge, schemes};
use crate::support::canon;
use crate::support::site::Site;
use crate::support::world::{key, wait};

/// In the middle of the replacement the controller ends, and starts again with one member of which
/// nothing is known any more.
async fn beside_somebody_unknown(names: &[&str], unknown: &str) -> Site {
    let site = Site::new(&edge(names, ""));
    let controller = site.settle().await;
    site.aws.take_time();
    site.aws.finish_provisioning();
    site.aws.set_health(TargetState::Healthy);
    controller.cluster.add(&edge(names, "scheme: internet-facing, "));
    controller.settle_for(30).await;
    drop(controller);
    site.aws.finish_provisioning();
    site.cluster.add(&edge(&[unknown], "listen-ports: nonsense, "));
    site
}

/// Whether who is unknown has a part in it nobody can tell: it stays, and so does what it leads to,
/// but for what was made for who leaves.
#[test]
fn the_old_load_balancer_keeps_what_it_leads_to_beside_somebody_unknown() {
    wait(async {
        let site = beside_somebody_unknown(&["a", "b", "c"], "c").await;
        site.aws.set_health(TargetState::Healthy);
        let controller = site.start();
        controller.settle().await;
        let standing = || {
            let state = site.aws.everything();
            (state.load_balancers.len(), state.target_groups.len(), canon::rules(&state))
        };
        let [a, b, c] =
            ["80:1 /a -> shop/a-s:80", "80:2 /b -> shop/b-s:80", "80:3 /c -> shop/c-s:80"];
        assert_eq!(standing(), (2, 6, [a, a, b, b, c, c].map(str::to_owned).into()));
        let failed = site.cluster.events().into_iter().find(|it| it.reason == "FailedDeployModel");
        assert_eq!(failed, None);
        controller.cluster.delete(&key("shop/b"));
        controller.settle().await;
        assert!(!site.cluster.objects.read().unwrap().ingresses.contains_key(&key("shop/b")));
        let c_moved_up = "80:2 /c -> shop/c-s:80";
        assert_eq!(standing(), (2, 4, [a, a, c_moved_up, c].map(str::to_owned).into()));
        controller.cluster.delete(&key("shop/c"));
        site.aws.be_quick();
        controller.settle().await;
        assert_eq!(standing(), (1, 1, vec![a.to_owned()]));
    });
}

/// Nobody says when targets get well, so it is asked for, also where nothing goes then.
#[test]
fn a_load_balancer_is_pointed_to_once_it_serves_also_beside_somebody_unknown() {
    wait(async {
        let site = beside_somebody_unknown(&["a", "b"], "b").await;
        let controller = site.start();
        controller.settle_for(30).await;
        let shown = || schemes(&site).0.into_iter().collect::<Vec<_>>();
        assert_eq!(shown(), ["internal"]);
        site.aws.set_health(TargetState::Healthy);
        controller.settle_for(60).await;
        // Who is unknown goes on showing what it showed.
        assert_eq!(shown(), ["internal", "internet-facing"]);
    });
}
