//! What a group shares belongs to the class of ours that names the group, whoever is in it by
//! another class, and for how long.

use smol_str::SmolStr;

use super::standing::guilty;
use super::support::canon;
use super::support::fake::State;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, CERTIFICATE_2, key, wait};

const SERVICES: &str = "
class edge: {controller: alb.ingress.k8s.aws/edge, params: edge}
namespace pay: {labels: {team: pay}}
namespace evil: {labels: {team: evil}}
service pay/s: {ports: [80]}
service evil/s: {ports: [80]}
";

/// The parameters of the group's class.
fn class(says: &str) -> String {
    format!("params edge: {{group: {{name: edge}}, {says}}}")
}

/// Who uses the group's class.
fn pay() -> &'static str {
    "ingress pay/b: {class: edge, creationTimestamp: '2026-01-02T00:00:00Z', \
     rules: [pay.example.com Prefix / s:80]}"
}

/// Who comes by another class, is older and sorts first.
fn evil(says: &str) -> String {
    format!(
        "ingress evil/a: {{group.name: edge, group.order: '-10', {says}, \
         creationTimestamp: '2026-01-01T00:00:00Z', rules: [evil.example.com Prefix / s:80]}}"
    )
}

fn rules(state: &State) -> usize {
    canon::rules(state).len()
}

#[test]
fn what_the_class_decides_nobody_decides_otherwise_who_came_by_another_class_before() {
    wait(async {
        let https = |policy: &str| format!("certificate-arn: {CERTIFICATE}, ssl-policy: {policy}");
        for (decided, asked) in [
            ("scheme: internal", "scheme: internet-facing".to_owned()),
            ("ipAddressType: ipv4", "ip-address-type: dualstack".to_owned()),
            ("inboundCIDRs: [10.0.0.0/8]", "inbound-cidrs: 0.0.0.0/0".to_owned()),
            ("prefixListsIDs: [pl-1]", "inbound-cidrs: 0.0.0.0/0".to_owned()),
            ("tags: [{key: team, value: pay}]", "tags: team=evil".to_owned()),
            ("sslPolicy: ELBSecurityPolicy-TLS13-1-2-2021-06", https("ELBSecurityPolicy-2016-08")),
        ] {
            let site = Site::new(SERVICES);
            site.cluster.add(&class(decided));
            // Nobody uses the class yet, and its word counts all the same.
            site.cluster.add(&evil(&asked));
            let controller = site.settle().await;
            assert_eq!(rules(&site.aws.everything()), 0, "{decided}");
            assert_eq!(guilty(&site), [(key("evil/a"), "Conflict".to_owned())], "{decided}");
            controller.cluster.add(pay());
            controller.settle().await;
            assert_eq!(rules(&site.aws.everything()), 1, "{decided}");
            assert_eq!(guilty(&site), [], "{decided}");
            let alone = Site::new(SERVICES);
            alone.cluster.add(&class(decided));
            alone.cluster.add(pay());
            alone.settle().await;
            let (here, there) = (site.aws.everything(), alone.aws.everything());
            assert_eq!(canon::aws(&here), canon::aws(&there), "{decided}");
        }
    });
}

#[test]
fn who_asks_for_nothing_has_what_the_class_decides_and_hears_when_that_changes() {
    wait(async {
        let site = Site::new(SERVICES);
        let says = |cidr: &str, timeout: u8| {
            class(&format!(
                "inboundCIDRs: [{cidr}], tags: [{{key: team, value: edge}}], \
                 loadBalancerAttributes: \
                 [{{key: idle_timeout.timeout_seconds, value: '{timeout}'}}]"
            ))
        };
        site.cluster.add(&says("10.0.0.0/8", 30));
        site.cluster.add(&evil("listen-ports: '[{\"HTTP\":8080}]'"));
        let controller = site.settle().await;
        let stands = |cidr: &str, timeout: &str| {
            let state = site.aws.everything();
            let found = state.load_balancers.values().next().unwrap();
            assert_eq!(found.spec.tags.get("team").map(SmolStr::as_str), Some("edge"));
            let standing = found.attributes.get("idle_timeout.timeout_seconds");
            assert_eq!(standing.map(SmolStr::as_str), Some(timeout));
            let opened = state.security_groups.values().flat_map(|group| group.rules.keys());
            let opened: Vec<String> = opened.map(ToString::to_string).collect();
            assert!(opened.iter().any(|rule| rule.contains(cidr)), "{opened:?}");
            assert!(!opened.iter().any(|rule| rule.contains("0.0.0.0/0")), "{opened:?}");
        };
        stands("10.0.0.0/8", "30");
        controller.cluster.add(&says("192.168.0.0/16", 40));
        controller.settle().await;
        stands("192.168.0.0/16", "40");
        assert_eq!(guilty(&site), []);
    });
}

#[test]
fn the_default_certificate_is_the_classs_whoever_brings_others() {
    wait(async {
        let site = Site::new(SERVICES);
        site.cluster.add(&class(""));
        site.cluster.add(&evil(&format!("certificate-arn: {CERTIFICATE_2}")));
        let controller = site.settle().await;
        let defaults = || {
            let listeners = site.aws.everything().listeners;
            let found = listeners.values().map(|found| &found.spec);
            let found = found.map(|spec| {
                (spec.default_certificate.as_ref().unwrap().to_string(), spec.certificates.len())
            });
            found.collect::<Vec<_>>()
        };
        assert_eq!(defaults(), [(CERTIFICATE_2.to_owned(), 1)]);
        controller.cluster.add(&class(&format!("certificateArn: ['{CERTIFICATE}']")));
        controller.cluster.add(pay());
        controller.settle().await;
        assert_eq!(defaults(), [(CERTIFICATE.to_owned(), 2)]);
        assert_eq!(guilty(&site), []);
    });
}

#[test]
fn clients_are_sent_to_https_only_where_somebody_has_it() {
    wait(async {
        let site = Site::new(SERVICES);
        site.cluster.add(&class("sslRedirectPort: '443'"));
        site.cluster.add(&evil("listen-ports: '[{\"HTTP\":80}]'"));
        site.settle().await;
        assert_eq!(rules(&site.aws.everything()), 1);
        assert_eq!(guilty(&site), []);
    });
}

#[test]
fn nobody_comes_by_another_class_whom_the_class_of_the_group_does_not_select() {
    wait(async {
        let selects = class("namespaceSelector: {matchLabels: {team: pay}}");
        let site = Site::new(SERVICES);
        site.cluster.add(&selects);
        site.cluster.add(pay());
        site.cluster.add(&evil("scheme: internal"));
        let controller = site.settle().await;
        assert_eq!(rules(&site.aws.everything()), 1);
        assert_eq!(guilty(&site), [(key("evil/a"), "NotAllowed".to_owned())]);
        // Once it is selected it comes in, and stays.
        controller.cluster.add("namespace evil: {labels: {team: pay}}");
        controller.settle().await;
        assert_eq!((rules(&site.aws.everything()), guilty(&site)), (2, Vec::new()));
        // A class of LBC's selects whom it selects, as with LBC.
        let site = Site::new(&SERVICES.replace("alb.ingress.k8s.aws/edge", "ingress.k8s.aws/alb"));
        site.cluster.add(&selects);
        site.cluster.add(pay());
        site.cluster.add(&evil("scheme: internal"));
        site.settle().await;
        assert_eq!((rules(&site.aws.everything()), guilty(&site)), (2, Vec::new()));
    });
}
