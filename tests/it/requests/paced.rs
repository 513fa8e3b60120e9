//! How often ACM and Route 53 are asked, and what becomes of those who wait.

use std::fmt::Write as _;

use albedo::model::id::AwsId;
use albedo::model::settings::DnsScope;

use super::{ASKING, listening, proofs, requests, site};
use crate::support::fake::Issuing;
use crate::support::world::{key, settings, wait};

#[test]
fn a_proof_that_somebody_takes_away_is_back_with_the_next_look_while_acm_waits() {
    wait(async {
        let site = site(settings(), ASKING);
        site.aws.change(|state| state.issuing = Issuing::Later);
        let controller = site.start();
        controller.settle_for(120).await;
        let all = proofs(&site.aws.everything());
        assert_eq!(all.len(), 2);
        site.aws.change(|state| {
            let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
            zone.records.remove(&all[0].key);
        });
        site.aws.forget_calls();
        controller.settle_for(90).await;
        assert_eq!(proofs(&site.aws.everything()), all);
        // Each name is looked at alone, once a minute.
        assert!(site.aws.calls()["route53.ListResourceRecordSets"] <= 4);
        site.aws.change(|state| {
            state.issuing = Issuing::AtOnce;
            state.prove();
        });
        controller.settle().await;
        assert!(listening(&site.aws.everything()).contains(&(443, 1)));
        assert_eq!((requests(&site), site.refused()), (0, 0));
    });
}

#[test]
fn the_same_names_are_asked_for_once_an_hour_and_whoever_waits_is_told() {
    wait(async {
        let site = site(settings(), ASKING);
        let controller = site.settle().await;
        controller.cluster.delete(&key("shop/web"));
        controller.settle().await;
        assert!(site.aws.everything().requested.is_empty());
        controller.cluster.add(ASKING);
        controller.settle_for(600).await;
        assert_eq!((requests(&site), listening(&site.aws.everything())), (1, [(80, 0)].into()));
        let events = site.cluster.events();
        let told = events.iter().filter(|one| one.message.contains("less than an hour ago"));
        assert_eq!(told.count(), 1, "{events:?}");
        controller.settle().await;
        assert_eq!(requests(&site), 2);
        assert!(listening(&site.aws.everything()).contains(&(443, 1)));
    });
}

#[test]
fn a_renewal_that_acm_cannot_do_is_told_to_those_who_use_the_certificate() {
    wait(async {
        let site = site(settings(), ASKING);
        let controller = site.settle().await;
        site.aws.change(|state| {
            for one in state.requested.values_mut() {
                one.facts.renewal = Some("PENDING_VALIDATION: CAA_ERROR".to_owned());
            }
        });
        controller.pass(13 * 60 * 60).await;
        controller.look_again();
        // It is looked at each hour for as long as that is so.
        controller.settle_for(600).await;
        let events = site.cluster.events();
        let mut told = events.iter().filter(|one| one.reason == "CertificateEnds");
        assert!(told.any(|one| one.message.contains("CAA_ERROR")), "{events:?}");
        assert!(listening(&site.aws.everything()).contains(&(443, 1)));
    });
}

#[test]
fn three_hundred_hosts_are_asked_for_once_each_proved_together_and_looked_at_together() {
    wait(async {
        let mut settings = settings();
        settings.dns.scope = DnsScope::Off;
        let mut sketch = "class own: {controller: alb.ingress.k8s.aws/albedo}\n".to_owned();
        for team in ["a", "b", "c"] {
            writeln!(sketch, "service {team}/web: {{ports: ['80:8080']}}").unwrap();
            for number in 0..100 {
                writeln!(
                    sketch,
                    "ingress {team}/w{number}: {{class: own, group.name: {team}{}, \
                     create-acm-cert: 'true', \
                     rules: [h{number}.{team}.example.com Prefix / web:80]}}",
                    number / 20
                )
                .unwrap();
            }
        }
        let site = site(settings, &sketch);
        site.aws.change(|state| state.issuing = Issuing::Later);
        let controller = site.start();
        controller.settle_for(60).await;
        assert_eq!(requests(&site), 300);
        assert_eq!(proofs(&site.aws.everything()).len(), 300);
        let batches = site.aws.calls()["route53.ChangeResourceRecordSets"];
        assert!(batches <= 3, "{batches}");
        // Ten minutes: a list or two a minute, whoever waits, and one look a second at most at
        // whether what proves the names still stands.
        site.aws.forget_calls();
        controller.settle_for(600).await;
        let calls = site.aws.calls();
        let count = |operation: &str| calls.get(operation).copied().unwrap_or_default();
        assert!((5..=22).contains(&count("acm.ListCertificates")), "{calls:?}");
        assert_eq!((count("acm.DescribeCertificate"), requests(&site)), (0, 0));
        assert!(count("route53.ListResourceRecordSets") <= 700, "{calls:?}");
    });
}
