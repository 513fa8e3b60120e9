//! Bindings and requests for certificates under policies.

use std::collections::BTreeSet;

use albedo::model::id::AwsId;
use albedo::model::marks::Tags;
use albedo::model::target_group::TargetType;

use super::super::bindings::made_elsewhere;
use super::super::support::site::Site;
use super::super::support::world::{key, wait};
use super::{policy, told};

const SHOP: &str = "
namespace shop: {labels: {team: shop}}
namespace other: {labels: {team: other}}
service shop/s: {ports: [80:8080]}
endpoints shop/s: {at: [172.31.0.1]}
service other/s: {ports: [80:8080]}
endpoints other/s: {at: [172.31.0.2]}
";

fn binding(name: &str, arn: &AwsId, from: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap();
    format!(
        "
apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata:
  {{namespace: {namespace}, name: {name}, uid: uid-{name}}}
spec:
  targetGroupARN: '{arn}'
  targetType: ip
  serviceRef: {{name: s, port: 80}}
  networking: {{ingress: [{{from: [{{ipBlock: {{cidr: {from}}}}}], ports: [{{protocol: TCP}}]}}]}}
"
    )
}

fn registered(site: &Site, arn: &AwsId) -> BTreeSet<String> {
    let state = site.aws.everything();
    let targets = state.target_groups[arn].targets.keys();
    targets.map(|target| target.id.to_string()).collect()
}

#[test]
fn a_binding_names_what_a_policy_lists_and_one_that_may_not_stands_in_nobodys_way() {
    wait(async {
        let site = Site::new(SHOP);
        let arn = made_elsewhere(&site, ("tf", TargetType::Ip), Tags::new());
        site.cluster.add(&policy("p", "shop", "targetGroups: []"));
        // The older one is refused, and so the younger one has it.
        site.cluster.apply(&binding("shop/a", &arn, "10.0.0.0/8"));
        let controller = site.settle().await;
        assert_eq!(registered(&site, &arn), BTreeSet::new());
        controller.pass(1).await;
        controller.cluster.apply(&binding("other/b", &arn, "10.0.0.0/8"));
        controller.settle().await;
        assert_eq!(registered(&site, &arn), ["172.31.0.2".to_owned()].into());
        let texts = told(&site, "shop/a");
        let [only] = &texts[..] else { panic!("{texts:?}") };
        assert!(only.contains("nothing (TenantPolicy p)"), "{only}");
        assert!(only.contains("nothing is registered or deregistered"), "{only}");
        assert!(only.contains(arn.as_str()) && !only.contains("other/"), "{only}");
        assert_eq!(told(&site, "other/b"), Vec::<String>::new());
        // With the right to it, the older one has it.
        controller.cluster.add(&policy("p", "shop", &format!("targetGroups: ['{arn}']")));
        controller.settle().await;
        assert_eq!(registered(&site, &arn), ["172.31.0.1".to_owned()].into());
    });
}

#[test]
fn a_binding_lets_in_whom_a_policy_lists() {
    wait(async {
        let site = Site::new(SHOP);
        let arn = made_elsewhere(&site, ("tf", TargetType::Ip), Tags::new());
        site.cluster.add(&policy("p", "shop", "inboundSources: [10.0.0.0/8]"));
        site.cluster.apply(&binding("shop/a", &arn, "0.0.0.0/0"));
        let controller = site.settle().await;
        assert_eq!(registered(&site, &arn), BTreeSet::new());
        assert!(told(&site, "shop/a")[0].contains("spec.networking: \"0.0.0.0/0\""));
        controller.cluster.apply(&binding("shop/a", &arn, "10.2.0.0/16"));
        controller.settle().await;
        assert_eq!(registered(&site, &arn), ["172.31.0.1".to_owned()].into());
    });
}

#[test]
fn what_was_registered_stays_when_the_right_to_it_goes() {
    wait(async {
        let site = Site::new(SHOP);
        let arn = made_elsewhere(&site, ("tf", TargetType::Ip), Tags::new());
        site.cluster.apply(&binding("shop/a", &arn, "10.0.0.0/8"));
        let controller = site.settle().await;
        let before = registered(&site, &arn);
        assert_eq!(before.len(), 1);
        controller.cluster.add(&policy("p", "shop", "targetGroups: []"));
        controller.settle().await;
        assert_eq!(registered(&site, &arn), before);
        assert!(told(&site, "shop/a")[0].contains("TenantPolicy p"));
        controller.cluster.remove_policy("p");
        controller.cluster.delete_binding(&key("shop/a"));
        controller.settle().await;
        assert_eq!(registered(&site, &arn), BTreeSet::new());
    });
}

#[test]
fn nobody_has_acm_asked_for_hosts_that_a_policy_does_not_allow() {
    wait(async {
        let site = Site::new(SHOP);
        site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
        site.cluster.add("class own: {controller: alb.ingress.k8s.aws/albedo}");
        site.cluster.add(&policy("p", "shop", "hostSuffixes: [a.example.com]"));
        site.cluster.add(
            "ingress shop/web: {class: own, create-acm-cert: 'true', \
             rules: [b.example.com Prefix / s:80]}",
        );
        let controller = site.settle().await;
        let state = site.aws.everything();
        assert!(state.load_balancers.is_empty() && state.requested.is_empty());
        assert!(state.zones[&AwsId::new("ZPUB")].records.is_empty());
        controller.cluster.add(&policy("p", "shop", "hostSuffixes: [b.example.com]"));
        controller.settle().await;
        let state = site.aws.everything();
        assert!(!state.load_balancers.is_empty() && !state.requested.is_empty());
    });
}
