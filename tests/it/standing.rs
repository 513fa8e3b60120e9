//! What a group shares belongs to the member that has been in for longest.

use albedo::model::id::ObjectKey;
use albedo::model::problem::Severity;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, CERTIFICATE_2, group, key, member, wait};

const SERVICES: &str = "
service pay/s: {ports: [80]}
service evil/s: {ports: [80]}
";

/// The member that stands.
fn pay(more: &str) -> String {
    format!(
        "ingress pay/b: {{group.name: edge, creationTimestamp: '2026-01-02T00:00:00Z', {more}, \
         rules: [pay.example.com Prefix / s:80]}}"
    )
}

/// Who comes later and sorts first, made on this day of the month.
fn evil(day: u8, more: &str) -> String {
    format!(
        "ingress evil/a: {{group.name: edge, group.order: '-10', {more}, \
         creationTimestamp: '2026-01-0{day}T00:00:00Z', rules: [evil.example.com Prefix / s:80]}}"
    )
}

/// Whom errors were told to, and as what, since this was asked last.
pub fn guilty(site: &Site) -> Vec<(ObjectKey, String)> {
    let events = site.cluster.events().into_iter();
    let errors = events.filter(|event| event.severity == Severity::Error);
    let found = errors.map(|event| (event.object.key, event.reason)).collect();
    site.cluster.forget_calls();
    found
}

fn conflict() -> Vec<(ObjectKey, String)> {
    vec![(key("evil/a"), "Conflict".to_owned())]
}

#[test]
fn who_comes_later_and_sorts_first_changes_nothing_and_is_told() {
    wait(async {
        let https = |policy: &str| format!("certificate-arn: {CERTIFICATE}, ssl-policy: {policy}");
        for (standing, coming) in [
            ("inbound-cidrs: 10.0.0.0/8".to_owned(), "inbound-cidrs: 0.0.0.0/0".to_owned()),
            ("scheme: internal".to_owned(), "scheme: internet-facing".to_owned()),
            ("ip-address-type: ipv4".to_owned(), "ip-address-type: dualstack".to_owned()),
            ("tags: team=pay".to_owned(), "tags: team=evil".to_owned()),
            (
                "load-balancer-attributes: idle_timeout.timeout_seconds=30".to_owned(),
                "load-balancer-attributes: idle_timeout.timeout_seconds=90".to_owned(),
            ),
            (https("ELBSecurityPolicy-2016-08"), https("ELBSecurityPolicy-TLS13-1-2-2021-06")),
        ] {
            let site = Site::new(SERVICES);
            site.cluster.add(&pay(&standing));
            let controller = site.settle().await;
            let before = canon::aws(&site.aws.everything());
            controller.cluster.add(&evil(3, &coming));
            controller.settle().await;
            assert_eq!(canon::aws(&site.aws.everything()), before, "{coming}");
            assert_eq!(guilty(&site), conflict(), "{coming}");
            drop(controller);
            let controller = site.settle().await;
            assert_eq!(canon::aws(&site.aws.everything()), before, "{coming}");
            assert_eq!(guilty(&site), conflict(), "{coming}");
            assert!(site.cluster.memories().is_empty(), "it can be told by looking");
            // Who stands goes on.
            let more =
                pay(&standing).replace("rules: [", "rules: [new.example.com Prefix / s:80, ");
            controller.cluster.add(&more);
            controller.settle().await;
            assert_eq!(canon::rules(&site.aws.everything()).len(), 2, "{coming}");
        }
    });
}

#[test]
fn an_old_ingress_that_comes_late_is_a_newcomer_also_to_another_process() {
    wait(async {
        let site = Site::new(SERVICES);
        site.cluster.add(&pay("inbound-cidrs: 10.0.0.0/8"));
        let quiet = evil(1, "tags: a=b");
        let controller = site.settle().await;
        controller.cluster.add(&quiet);
        controller.settle().await;
        assert_eq!(guilty(&site), []);
        let standing = vec![member("pay/b"), member("evil/a")];
        assert_eq!(site.cluster.memories()[&group("edge")].standing, standing);
        drop(controller);
        // It turns against the other one while nobody looks.
        site.cluster.add(&evil(1, "tags: a=b, inbound-cidrs: 0.0.0.0/0"));
        let before = canon::aws(&site.aws.everything());
        let controller = site.settle().await;
        assert_eq!(canon::aws(&site.aws.everything()), before);
        assert_eq!(guilty(&site), conflict());
        controller.cluster.delete(&key("evil/a"));
        controller.settle().await;
        assert!(site.cluster.memories().is_empty());
    });
}

#[test]
fn nobody_is_let_in_before_it_is_written_down_who_was_there_first() {
    wait(async {
        use albedo::model::action::KubeAction;
        let site = Site::new(SERVICES);
        site.cluster.add(&pay("scheme: internal"));
        let controller = site.settle().await;
        site.cluster.forget_calls();
        controller.cluster.add(&evil(1, "tags: a=b"));
        controller.settle().await;
        let performed = site.cluster.performed();
        let at = |is: fn(&KubeAction) -> bool| performed.iter().position(is).unwrap();
        let remembered = at(|action| matches!(action, KubeAction::Remember { .. }));
        let claimed = at(|action| matches!(action, KubeAction::Claim { .. }));
        assert!(remembered < claimed, "{performed:#?}");
    });
}

#[test]
fn a_finalizer_that_somebody_writes_makes_nobody_an_old_member() {
    wait(async {
        let site = Site::new(SERVICES);
        site.cluster.add(&pay("inbound-cidrs: 10.0.0.0/8"));
        // It has had a load balancer of its own, and so an address.
        let own = evil(1, "tags: a=b").replace("group.name: edge, ", "");
        site.cluster.add(&own);
        let controller = site.settle().await;
        let forged = "inbound-cidrs: 0.0.0.0/0, finalizers: [group.ingress.k8s.aws/edge]";
        let everybody = |site: &Site| {
            let groups = site.aws.everything().security_groups;
            let opened = groups.values().flat_map(|found| found.rules.keys().cloned());
            opened.filter(|rule| rule.to_string().contains("0.0.0.0/0")).count()
        };
        let open = everybody(&site);
        controller.cluster.add(&evil(1, forged));
        controller.settle_for(300).await;
        assert!(everybody(&site) <= open);
        drop(controller);
        site.start().settle_for(300).await;
        assert!(everybody(&site) <= open);
    });
}

#[test]
fn the_default_certificate_stays_that_of_who_had_it_first() {
    wait(async {
        let site = Site::new(SERVICES);
        site.cluster.add(&pay(&format!("certificate-arn: {CERTIFICATE}")));
        let controller = site.settle().await;
        let defaults = || {
            let listeners = site.aws.everything().listeners;
            let found = listeners.values().map(|found| &found.spec);
            let found = found.map(|spec| {
                (spec.default_certificate.as_ref().unwrap().to_string(), spec.certificates.len())
            });
            found.collect::<Vec<_>>()
        };
        controller.cluster.add(&evil(3, &format!("certificate-arn: {CERTIFICATE_2}")));
        controller.settle().await;
        assert_eq!(defaults(), [(CERTIFICATE.to_owned(), 2)]);
        drop(controller);
        let controller = site.settle().await;
        assert_eq!(defaults(), [(CERTIFICATE.to_owned(), 2)]);
        // Whose it is may have another one.
        let both = format!("certificate-arn: '{CERTIFICATE_2},{CERTIFICATE}'");
        controller.cluster.add(&pay(&both));
        controller.settle().await;
        assert_eq!(defaults(), [(CERTIFICATE_2.to_owned(), 2)]);
    });
}
