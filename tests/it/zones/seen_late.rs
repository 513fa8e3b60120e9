//! Another cluster of the same owner id goes on while nobody looks: what it has made since is not
//! known, and neither is a record that it has led there.

use std::time::Duration;

use albedo::model::id::AwsId;
use albedo::model::marks::TAG_CLUSTER;
use albedo::model::record::{Record, RecordType};

use super::life::site;
use super::{alias, txt};
use crate::support::fake::Fake;
use crate::support::site::{Controller, Site};
use crate::support::world::wait;

const APPS: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.1.10]}
ingress shop/a: {group.name: edge, rules: [a.example.com Prefix / s:80]}
";
/// The name that the other cluster has, and that somebody here asks for.
const SHARED: &str = "shared.example.com";
const ASKS: &str = "ingress shop/b: {group.name: edge, rules: [shared.example.com Prefix / s:80]}";

fn id(name: &str) -> AwsId {
    let start = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app";
    AwsId::new(format!("{start}/{name}/0123456789abcdef"))
}

/// The other cluster makes a load balancer, and leads its name there.
fn leads_to(site: &Site, name: &str) -> AwsId {
    let target = format!("{name}-1234567890.us-east-1.elb.amazonaws.com");
    site.aws.change(|state| {
        let mut made = state.load_balancers.values().next().unwrap().clone();
        name.clone_into(&mut made.spec.name);
        made.spec.tags = [(TAG_CLUSTER, "next")].into();
        state.load_balancers.insert(id(name), made);
        let records = &mut state.zones.get_mut(&AwsId::new("ZPUB")).unwrap().records;
        let text = txt("a-shared.example.com", "default", "out/web");
        for record in [alias(SHARED, RecordType::A, &target), text] {
            records.insert(record.key.clone(), record);
        }
    });
    AwsId::new(target)
}

/// Somebody asks for the name; says where it leads then.
async fn asked(site: &Site, controller: &Controller<Fake>) -> Option<AwsId> {
    controller.cluster.add(ASKS);
    controller.settle().await;
    let told = site.cluster.events();
    let told = told.iter().filter(|event| event.reason == "ForeignRecord");
    assert!(told.into_iter().any(|event| event.message.contains("\"next\"")), "whose it is");
    leading(site)
}

/// Where the shared name leads.
fn leading(site: &Site) -> Option<AwsId> {
    site.aws.change(|state| {
        let mut records = state.zones[&AwsId::new("ZPUB")].records.values();
        let found = records.find(|record| record.key.name == SHARED);
        found.and_then(Record::alias_target).cloned()
    })
}

#[test]
fn a_record_that_leads_to_what_was_made_since_is_not_taken() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        let target = leads_to(&site, "k8s-out-web-1");
        assert_eq!(asked(&site, &controller).await, Some(target));
    });
}

#[test]
fn a_name_that_another_cluster_has_made_its_own_since_is_not_written_over() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        controller.cluster.add(ASKS);
        controller.settle().await;
        let ours = leading(&site);
        let target = leads_to(&site, "k8s-out-web-1");
        assert_ne!(ours, Some(target.clone()));
        // It would be led to another load balancer of ours now.
        controller.cluster.add(&ASKS.replace("edge", "apart"));
        controller.settle().await;
        assert_eq!(leading(&site), Some(target));
    });
}

#[test]
fn a_record_that_was_led_elsewhere_since_is_not_taken() {
    wait(async {
        let site = site(APPS);
        drop(site.settle().await);
        leads_to(&site, "k8s-out-web-1");
        let controller = site.settle().await;
        let target = leads_to(&site, "k8s-out-web-2");
        site.aws.change(|state| state.load_balancers.remove(&id("k8s-out-web-1")));
        // Somebody needs to know which load balancers there are, and the zone is not looked at.
        controller.runtime.mirror().refresh_shared(Duration::ZERO);
        assert_eq!(asked(&site, &controller).await, Some(target));
    });
}

/// Nobody can say whose it is: unknown is not ours.
#[test]
fn a_record_whose_load_balancer_nobody_can_look_for_is_not_taken() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        let target = leads_to(&site, "k8s-out-web-1");
        site.aws.outage(&["elbv2.DescribeLoadBalancers"]);
        controller.cluster.add(ASKS);
        controller.settle_for(60).await;
        assert_eq!(leading(&site), Some(target.clone()));
        site.aws.outage(&[]);
        assert_eq!(asked(&site, &controller).await, Some(target));
    });
}

/// One that is gone is looked for in vain, and the name is given to whoever asks for it.
#[test]
fn a_record_whose_load_balancer_is_gone_waits_for_somebody_to_be_able_to_say_so() {
    wait(async {
        let site = site(APPS);
        let controller = site.settle().await;
        let target = leads_to(&site, "k8s-out-web-1");
        site.aws.change(|state| state.load_balancers.remove(&id("k8s-out-web-1")));
        site.aws.outage(&["elbv2.DescribeLoadBalancers"]);
        controller.cluster.add(ASKS);
        controller.settle_for(60).await;
        assert_eq!(leading(&site), Some(target.clone()));
        site.aws.outage(&[]);
        controller.settle().await;
        assert_ne!(leading(&site), Some(target));
    });
}
