//! Whether all of Route 53's servers answer by what is written.

use super::life::{names, site};
use super::*;
use crate::support::site::{Controller, Site};
use crate::support::world::wait;

const APP: &str = "
service shop/s: {ports: [80:8080]}
ingress shop/a: {rules: [web.example.com Prefix / s:80]}
";

fn asked(site: &Site) -> usize {
    site.aws.calls().get("route53.GetChange").copied().unwrap_or_default()
}

fn since(controller: &Controller<Fake>, host: &str) -> Option<Timestamp> {
    controller.runtime.world().lock().in_sync(&zone().id, host)
}

#[test]
fn a_name_is_live_once_route_53_says_so_which_takes_few_calls() {
    wait(async {
        let site = site(APP);
        site.aws.change(|state| state.is_out_of_sync = true);
        let controller = site.start();
        controller.settle_for(120).await;
        assert_eq!(names(&site).len(), 2);
        assert_eq!(since(&controller, HOST), None);
        assert!((2..=3).contains(&asked(&site)), "{:?}", site.aws.calls());
        controller.pass(3600).await;
        assert_eq!(since(&controller, HOST), None);
        assert!(asked(&site) <= 8, "{:?}", site.aws.calls());
        site.aws.change(|state| state.is_out_of_sync = false);
        controller.settle().await;
        let live = since(&controller, HOST);
        assert!(live.is_some());
        // Nothing has changed: nobody asks, and what stands goes on being live.
        site.aws.forget_calls();
        controller.look_again();
        controller.settle().await;
        assert_eq!((asked(&site), since(&controller, HOST)), (0, live));
        // A new process takes what stands as it is.
        let next = site.settle().await;
        assert!(since(&next, HOST).is_some());
        assert_eq!(asked(&site), 0);
    });
}

#[test]
fn who_may_not_ask_is_told_nothing_and_keeps_names_all_the_same() {
    wait(async {
        let site = site(APP);
        site.aws.forbid(&["route53.GetChange"]);
        let controller = site.settle().await;
        assert_eq!(names(&site).len(), 2);
        assert_eq!((since(&controller, HOST), asked(&site)), (None, 1));
        site.aws.forbid(&[]);
        controller.cluster.add(
            "ingress shop/a: {rules: [web.example.com Prefix / s:80,
          api.example.com Prefix / s:80]}",
        );
        controller.settle().await;
        assert_eq!(names(&site).len(), 4);
        assert!(since(&controller, "api.example.com").is_some());
        assert_eq!(since(&controller, HOST), None, "of what was written before nobody knows");
    });
}
