//! Names whose load balancer another hand has taken away: they are ours all the same.

use albedo::model::action::{AwsAction, ElbAction};

use super::life::{names, site};
use crate::support::site::Site;
use crate::support::world::{key, wait};

const APPS: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/web: {group.name: edge, rules: [web.example.com Prefix / s:80]}
";

/// Another hand takes the load balancers away.
fn lose(site: &Site) {
    let all: Vec<_> = site.aws.change(|state| state.load_balancers.keys().cloned().collect());
    for id in all {
        site.aws.meddle(&AwsAction::Elb(ElbAction::DeleteLoadBalancer { id })).unwrap();
    }
}

/// What is left of the zone, and whether anything holds `shop/web`.
fn left(site: &Site) -> (Vec<String>, bool) {
    let ingresses = site.cluster.objects.read().unwrap().ingresses.clone();
    let found = ingresses.get(&key("shop/web"));
    (names(site), found.is_some_and(|found| !found.metadata.finalizers.is_empty()))
}

#[test]
fn a_name_goes_with_its_ingress_though_its_load_balancer_has_vanished_before() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        assert_eq!(names(&site).len(), 2);
        lose(&site);
        controller.cluster.delete(&key("shop/web"));
        controller.pass(60).await;
        assert_eq!(left(&site), (Vec::new(), false));
    });
}

#[test]
fn a_name_goes_with_its_ingress_where_nobody_led_when_its_load_balancer_vanished() {
    wait(async {
        let site = site(APPS);
        drop(site.settle().await);
        lose(&site);
        site.cluster.delete(&key("shop/web"));
        site.aws.outage(&["route53."]);
        let controller = site.start();
        controller.pass(60).await;
        assert_eq!((names(&site).len(), left(&site).1), (2, true));
        site.aws.outage(&[]);
        controller.pass(60).await;
        assert_eq!(left(&site), (Vec::new(), false));
    });
}
